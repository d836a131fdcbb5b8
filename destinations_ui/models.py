"""The record of what was attempted, by whom, and what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Never

from django.db import models
from django.urls import reverse


class Outcome(models.TextChoices):
    """What came of an attempt. The values are a contract: exports and other tools rely on them."""

    PENDING = "pending", "Sending"
    SUCCEEDED = "succeeded", "Succeeded"
    REFUSED = "refused", "Refused"
    NOT_SENT = "not_sent", "Not sent"
    UNKNOWN = "unknown", "Unknown"
    ABSENT = "absent", "Absent"


class RecordError(TypeError):
    """Someone tried to change or delete a record."""


class AuditRecordQuerySet(models.QuerySet["AuditRecord"]):
    """Records can be read and added. The one change is :meth:`settle`."""

    def settle(self, pk: int, **result: Any) -> bool:
        """Write the result of a pending attempt; return whether it was still pending."""
        pending = self.filter(pk=pk, outcome=Outcome.PENDING)
        return super(AuditRecordQuerySet, pending).update(**result) == 1

    def update(self, **kwargs: Any) -> Never:
        """Refuse: records are not edited."""
        raise RecordError("Records are not edited.")

    def bulk_update(self, objs: Iterable[AuditRecord], *args: Any, **kwargs: Any) -> Never:
        """Refuse: records are not edited."""
        raise RecordError("Records are not edited.")

    def bulk_create(self, objs: Iterable[AuditRecord], *args: Any, **kwargs: Any) -> list[AuditRecord]:
        """Add records, and refuse to write over those that exist."""
        if args[2:] or kwargs.get("update_conflicts"):
            raise RecordError("Records are not edited.")
        return super().bulk_create(objs, *args, **kwargs)

    def delete(self) -> Never:
        """Refuse: records are not deleted."""
        raise RecordError("Records are not deleted.")

    delete.alters_data = True  # type: ignore[attr-defined]  # Django's own mark, for templates
    delete.queryset_only = True  # type: ignore[attr-defined]  # Django's own mark, for managers


class AuditRecord(models.Model):
    """One attempt to change something at LaunchDarkly, whatever came of it.

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
    config = models.JSONField(default=dict, editable=False)
    #: LaunchDarkly's name of each secret field → the fingerprint of its value.
    secrets = models.JSONField(default=dict, editable=False)
    reason = models.TextField(blank=True, editable=False)

    destination_id = models.CharField(max_length=100, blank=True, editable=False)
    status_code = models.PositiveSmallIntegerField(null=True, editable=False)
    error_code = models.CharField(max_length=100, blank=True, editable=False)
    error_message = models.TextField(blank=True, editable=False)
    error_id = models.CharField(max_length=100, blank=True, editable=False)
    #: What the person was told: our sentence, where ``error_message`` is LaunchDarkly's.
    explanation = models.TextField(blank=True, editable=False)

    objects = AuditRecordQuerySet.as_manager()

    class Meta:
        """Indexes serve the history, which goes back in time from the newest record that matches."""

        default_permissions = ("view",)
        permissions = (("create_destination", "Can create destinations"),)
        indexes = (
            models.Index(fields=["created_at"], name="record_created"),
            models.Index(fields=["outcome", "-id"], name="record_outcome"),
            models.Index(fields=["kind", "-id"], name="record_kind"),
            models.Index(fields=["actor", "-id"], name="record_actor"),
            models.Index(fields=["project", "environment", "-id"], name="record_place"),
            models.Index(fields=["environment", "-id"], name="record_environment"),
            models.Index(
                fields=["destination_id"],
                name="record_destination",
                condition=~models.Q(destination_id=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.name} by {self.actor}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the record. A record that exists is not saved again."""
        if not self._state.adding:
            raise RecordError("Records are not edited.")
        super().save(*args, **kwargs | {"force_insert": True})

    def get_absolute_url(self) -> str:
        """Return the address of the record's own page."""
        return reverse("record", args=[self.uuid])

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        """Refuse: records are not deleted."""
        raise RecordError("Records are not deleted.")

    @property
    def settled(self) -> bool:
        """Whether the attempt has come to an end."""
        return self.outcome != Outcome.PENDING
