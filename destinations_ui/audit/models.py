"""What is kept: the events of each attempt, and the record that sums them up."""

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
    """What came of an attempt. The values are a contract: exports and other tools rely on them."""

    PENDING = "pending", "Sending"
    SUCCEEDED = "succeeded", "Succeeded"
    REFUSED = "refused", "Refused"
    NOT_SENT = "not_sent", "Not sent"
    UNKNOWN = "unknown", "Unknown"
    ABSENT = "absent", "Absent"


#: What is still to be found out.
UNRESOLVED = (Outcome.PENDING, Outcome.UNKNOWN)


class EventType(models.TextChoices):
    """What can happen to an attempt, and to the history itself."""

    INTENT = "intent", "Recorded"
    SETTLED = "settled", "Settled"
    RESOLVED = "resolved", "Resolved"
    NOTED = "noted", "Noted"
    PRUNED = "pruned", "Pruned"


class RecordError(TypeError):
    """Someone tried to change or delete what is only ever added."""


Kept = TypeVar("Kept", bound=models.Model)


class AppendOnlyQuerySet(models.QuerySet[Kept]):
    """Rows can be read and added, and nothing else."""

    def update(self, **kwargs: Any) -> Never:
        """Refuse: what is kept is not edited."""
        raise RecordError("Records are not edited.")

    def bulk_update(self, objs: Iterable[Kept], *args: Any, **kwargs: Any) -> Never:
        """Refuse: what is kept is not edited."""
        raise RecordError("Records are not edited.")

    def bulk_create(self, objs: Iterable[Kept], *args: Any, **kwargs: Any) -> list[Kept]:
        """Add rows, and refuse to write over those that exist."""
        if args[2:] or kwargs.get("update_conflicts"):
            raise RecordError("Records are not edited.")
        return super().bulk_create(objs, *args, **kwargs)

    def delete(self) -> Never:
        """Refuse: what is kept is not deleted."""
        raise RecordError("Records are not deleted.")

    delete.alters_data = True  # type: ignore[attr-defined]  # Django's own mark, for templates
    delete.queryset_only = True  # type: ignore[attr-defined]  # Django's own mark, for managers


class AppendOnly(models.Model):
    """A row that is added once and never edited or deleted. The database refuses it, too: see ``guards``."""

    class Meta:
        """No table of its own."""

        abstract = True

    #: The fields whose stored values are malformed. They hold placeholders: see ``damage``.
    damaged: tuple[str, ...] = ()
    placeholders: ClassVar[Mapping[str, Any]] = {}

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row. One that exists is not saved again."""
        if not self._state.adding:
            raise RecordError("Records are not edited.")
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        """Refuse: what is kept is not deleted."""
        raise RecordError("Records are not deleted.")

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        """Read a row, whatever is stored in it."""
        row = super().from_db(db, field_names, values, **options)
        row.damaged = damage.replace_malformed(row, cls.placeholders)
        return row


class AuditRecordQuerySet(AppendOnlyQuerySet["AuditRecord"]):
    """The one change to a record is that its outcome moves on, once from pending and once from unknown."""

    def claiming(self, destination_ids: Iterable[str]) -> AuditRecordQuerySet:
        """Return the records that are about one of these destinations, by LaunchDarkly's id."""
        # SQLite uses the index of those that have an id only where it is said that they have one, and only where
        # nothing else seems to be found sooner.
        return self.filter(~models.Q(destination_id=""), destination_id__in=list(destination_ids))

    def move(self, pk: int, *, since: Outcome, **result: Any) -> bool:
        """Write a result where the outcome is still ``since``; return whether it was."""
        still = self.filter(pk=pk, outcome=since)
        return super(AppendOnlyQuerySet, still).update(**result) == 1


class AuditRecord(AppendOnly):
    """One attempt to change something at LaunchDarkly, whatever came of it: the sum of its events.

    Names are copied, not referred to, so that a record outlives what it names. ``kind`` has no choices: a new kind
    needs no migration, and a record of a kind that was removed stays readable.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    submission = models.UUIDField(unique=True, editable=False)
    request_id = models.UUIDField(editable=False)

    created_at = models.DateTimeField(editable=False)
    settled_at = models.DateTimeField(null=True, editable=False)
    duration_ms = models.PositiveIntegerField(null=True, editable=False)

    actor = models.CharField(max_length=150, editable=False)
    #: The person's primary key, kept beside the name since names can be changed and given anew.
    actor_pk = models.CharField(max_length=40, editable=False)
    action = models.CharField(max_length=40, editable=False)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, default=Outcome.PENDING, editable=False)

    project = models.CharField(max_length=256, editable=False)
    environment = models.CharField(max_length=256, editable=False)
    kind = models.CharField(max_length=60, editable=False)
    name = models.CharField(max_length=256, editable=False)
    on = models.BooleanField(editable=False)
    #: The fields known not to be secret, under LaunchDarkly's names.
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
    #: What the person was told: our sentence, where ``error_message`` is LaunchDarkly's.
    explanation = models.TextField(blank=True, editable=False)

    objects = AuditRecordQuerySet.as_manager()
    placeholders = {"outcome": Outcome.UNKNOWN}

    class Meta:
        """Indexes serve what is looked for apart from the history, which has its own: see ``search_index``."""

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
        """Return the address of the record's own page."""
        return reverse("record", args=[self.uuid])

    @property
    def settled(self) -> bool:
        """Whether the attempt has come to an end."""
        return self.outcome != Outcome.PENDING


class Installation(AppendOnly):
    """The database itself, by an id that the first event seals: another database's history does not pass for ours.

    The row is written with the first event. There is never a second one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(editable=False)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        """Nobody needs a permission."""

        default_permissions = ()

    def __str__(self) -> str:
        return str(self.id)


class Event(AppendOnly):
    """Something that happened, in the order in which it did, sealed to what happened before: see ``events``."""

    #: 1, 2, 3 and so on without a gap.
    seq = models.PositiveBigIntegerField(primary_key=True, editable=False)
    #: The ``uuid`` of the record it belongs to; none where it concerns the history as a whole.
    record = models.UUIDField(null=True, db_index=True, editable=False)
    type = models.CharField(max_length=20, choices=EventType.choices, editable=False)
    at = models.DateTimeField(editable=False)
    #: What it says, as JSON. It is kept as the very text that was sealed.
    body = models.TextField(editable=False)
    #: Which key sealed it.
    key_id = models.CharField(max_length=16, editable=False)
    #: The seal of the event before; empty at the first one.
    previous = models.CharField(max_length=64, blank=True, editable=False)
    seal = models.CharField(max_length=64, editable=False)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        """Nobody needs a permission: events are seen on their record's page."""

        default_permissions = ()
        indexes = (models.Index(fields=["seq"], name="event_pruned", condition=models.Q(type="pruned")),)

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"

    @property
    def payload(self) -> dict[str, Any]:
        """What it says, read. ``set`` is what it changed in the record. One that was spoilt says nothing."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}
