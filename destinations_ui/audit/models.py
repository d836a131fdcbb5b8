"""The models of the history: events, and a record of each attempt that sums its events up."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Never, Self, TypeVar

from django.db import models
from django.urls import reverse

from destinations_ui.audit import damage
from destinations_ui.audit.damage import LenientJSONField


class Outcome(models.TextChoices):
    """The outcome of an attempt. The values are a contract: exports and other tools rely on them."""

    PENDING = "pending", "Sending"
    SUCCEEDED = "succeeded", "Succeeded"
    REFUSED = "refused", "Refused"
    NOT_SENT = "not_sent", "Not sent"
    UNKNOWN = "unknown", "Unknown"
    ABSENT = "absent", "Not created"


#: Outcomes that are not final.
UNRESOLVED = (Outcome.PENDING, Outcome.UNKNOWN)


class Action(models.TextChoices):
    """What an attempt does at LaunchDarkly. A record of an action that is not listed here stays readable."""

    CREATE = "destination.create", "Create"
    UPDATE = "destination.update", "Update"
    SWITCH = "destination.switch", "Switch"
    ROTATE = "destination.rotate", "Rotate"
    DELETE = "destination.delete", "Delete"


class EventType(models.TextChoices):
    """The types of events, of attempts and of the history itself."""

    INTENT = "intent", "Recorded"
    SETTLED = "settled", "Result"
    RESOLVED = "resolved", "Resolved"
    NOTED = "noted", "Noted"
    PRUNED = "pruned", "Pruned"


class RecordError(TypeError):
    """Code tried to change or delete a row that is append-only."""


Row = TypeVar("Row", bound=models.Model)


class AppendOnlyQuerySet(models.QuerySet[Row]):
    """Rows can be read and added, not changed or deleted."""

    def update(self, **kwargs: Any) -> Never:
        """Refuse."""
        raise RecordError("Records are not edited.")

    def bulk_update(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> Never:
        """Refuse."""
        raise RecordError("Records are not edited.")

    def bulk_create(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> list[Row]:
        """Add rows; refuse to overwrite existing ones."""
        if args[2:] or kwargs.get("update_conflicts"):
            raise RecordError("Records are not edited.")
        return super().bulk_create(objs, *args, **kwargs)

    def delete(self) -> Never:
        """Refuse."""
        raise RecordError("Records are not deleted.")

    delete.alters_data = True  # type: ignore[attr-defined]  # Django's own mark, for templates
    delete.queryset_only = True  # type: ignore[attr-defined]  # Django's own mark, for managers


class AppendOnly(models.Model):
    """A row that is added once and never edited or deleted. The database refuses it, too: see ``triggers``."""

    class Meta:
        """No table of its own."""

        abstract = True

    #: The fields whose stored values are malformed. They hold placeholders: see ``damage``.
    damaged: tuple[str, ...] = ()
    placeholders: ClassVar[Mapping[str, Any]] = {}

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row; refuse to save it again."""
        if not self._state.adding:
            raise RecordError("Records are not edited.")
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        """Refuse."""
        raise RecordError("Records are not deleted.")

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        """Read a row, whatever is stored in it."""
        row = super().from_db(db, field_names, values, **options)
        row.damaged = damage.replace_malformed(row, cls.placeholders)
        return row


class AuditRecordQuerySet(AppendOnlyQuerySet["AuditRecord"]):
    """The one change to a record is its outcome: once from pending, and once from unknown."""

    def claiming(self, destination_ids: Iterable[str]) -> AuditRecordQuerySet:
        """Return the records that name one of these destinations, by LaunchDarkly's id."""
        # SQLite uses the partial index only if the query repeats its condition.
        return self.filter(~models.Q(destination_id=""), destination_id__in=list(destination_ids))

    def move(self, pk: int, *, since: Outcome, **result: Any) -> bool:
        """Write a result if the outcome is still ``since``; return whether it was."""
        unchanged = self.filter(pk=pk, outcome=since)
        return super(AppendOnlyQuerySet, unchanged).update(**result) == 1


class AuditRecord(AppendOnly):
    """One attempt to change something at LaunchDarkly, whatever its outcome: the sum of its events.

    Names are copied, not referenced, so that a record outlives what it names. ``kind`` and ``action`` have no choices:
    a new one needs no migration, and a record of one that was removed stays readable. ``fields`` lists the fields.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.UUIDField(unique=True, editable=False)
    request_id = models.UUIDField(editable=False)

    created_at = models.DateTimeField(editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)
    duration_ms = models.PositiveIntegerField(null=True, editable=False)

    actor = models.CharField(max_length=150, editable=False)
    #: The user's primary key, since names can be changed and reused.
    actor_pk = models.CharField(max_length=40, editable=False)
    action = models.CharField(max_length=40, editable=False)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, default=Outcome.PENDING, editable=False)

    project = models.CharField(max_length=256, editable=False)
    environment = models.CharField(max_length=256, editable=False)
    kind = models.CharField(max_length=60, editable=False)
    name = models.CharField(max_length=256, editable=False)
    on = models.BooleanField(editable=False)
    #: The fields that are not secret, under LaunchDarkly's names.
    config = LenientJSONField(default=dict, editable=False)
    #: LaunchDarkly's name of each secret field → the fingerprint of its value.
    secrets = LenientJSONField(default=dict, editable=False)
    reason = models.TextField(blank=True, editable=False)
    #: Field → [before, after], for an action on something that existed. Secrets are fingerprints, or null.
    changes = LenientJSONField(default=dict, editable=False)

    destination_id = models.CharField(max_length=100, blank=True, editable=False)
    status_code = models.PositiveSmallIntegerField(null=True, editable=False)
    error_code = models.CharField(max_length=100, blank=True, editable=False)
    error_message = models.TextField(blank=True, editable=False)
    error_id = models.CharField(max_length=100, blank=True, editable=False)
    #: The sentence that the user saw; ``error_message`` is LaunchDarkly's.
    explanation = models.TextField(blank=True, editable=False)

    objects = AuditRecordQuerySet.as_manager()
    placeholders = {"outcome": Outcome.UNKNOWN}

    class Meta:
        """The history has an index of its own: see ``search_index``."""

        default_permissions = ("view",)
        permissions = (("create_destination", "Can create destinations"),)
        indexes = (
            models.Index(fields=["outcome", "-id"], name="record_outcome"),
            models.Index(
                fields=["destination_id"],
                name="record_destination",
                condition=~models.Q(destination_id=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.name} by {self.actor}"

    def get_absolute_url(self) -> str:
        """Return the URL of the record's page."""
        return reverse("record", args=[self.uuid])

    @property
    def settled(self) -> bool:
        """Whether the attempt has ended."""
        return self.outcome != Outcome.PENDING


class Installation(AppendOnly):
    """The id of this database, sealed by the first event, so that another database's history does not pass for ours.

    The one row is written with the first event.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(editable=False)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        """Nobody sees it but ``verify_history``."""

        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)


class Event(AppendOnly):
    """Something that happened, sealed to the event before: see ``chain``."""

    #: 1, 2, 3 and so on without a gap.
    seq = models.PositiveBigIntegerField(primary_key=True, editable=False)
    #: The ``uuid`` of the record; null for an event of the history as a whole.
    record = models.UUIDField(null=True, db_index=True, editable=False)
    type = models.CharField(max_length=20, choices=EventType.choices, editable=False)
    at = models.DateTimeField(editable=False)
    #: The payload as JSON: exactly the text that was sealed.
    body = models.TextField(editable=False)
    #: Names the key of the seal.
    key_id = models.CharField(max_length=16, editable=False)
    #: The seal of the event before; empty for the first.
    previous = models.CharField(max_length=64, blank=True, editable=False)
    seal = models.CharField(max_length=64, editable=False)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        """Events have no permission of their own: a record's page shows them."""

        default_permissions = ()
        indexes = (models.Index(fields=["seq"], name="event_pruned", condition=models.Q(type="pruned")),)

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"

    @property
    def payload(self) -> dict[str, Any]:
        """The body, parsed; empty if it is damaged. ``set`` holds the record's fields that the event set."""
        try:
            payload = json.loads(self.body)
        except ValueError:
            return {}
        return payload if isinstance(payload, dict) else {}
