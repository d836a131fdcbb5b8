"""Records are added and read. Nothing in the product changes or deletes one."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from destinations_ui.audit.models import AuditRecord, Outcome, RecordError

pytestmark = pytest.mark.django_db


def record(**changed: Any) -> AuditRecord:
    """Add a record."""
    values: dict[str, Any] = {
        "submission": uuid.uuid4(),
        "request_id": uuid.uuid4(),
        "created_at": timezone.now(),
        "actor": "oskar",
        "actor_pk": "1",
        "action": "destination.create",
        "project": "web-shop",
        "environment": "staging",
        "kind": "kinesis",
        "name": "Web shop events",
        "on": True,
    }
    made = AuditRecord(**values | changed)
    made.save()
    return made


def test_a_record_is_not_saved_a_second_time() -> None:
    made = record()
    made.name = "Other"

    with pytest.raises(RecordError):
        made.save()
    assert AuditRecord.objects.get().name == "Web shop events"


def test_a_record_is_not_deleted() -> None:
    made = record()

    for delete in (made.delete, AuditRecord.objects.all().delete, AuditRecord.objects.filter(pk=made.pk).delete):
        with pytest.raises(RecordError):
            delete()
    assert AuditRecord.objects.count() == 1


def test_records_are_not_changed_in_bulk() -> None:
    made = record()

    with pytest.raises(RecordError):
        AuditRecord.objects.update(name="Other")
    with pytest.raises(RecordError):
        AuditRecord.objects.bulk_update([made], ["name"])
    with pytest.raises(RecordError):
        AuditRecord.objects.filter(pk=made.pk).update_or_create(defaults={"name": "Other"}, pk=made.pk)
    assert AuditRecord.objects.get().name == "Web shop events"


def test_no_record_is_written_over_by_a_new_one() -> None:
    made = record()
    same = AuditRecord(**{field.attname: getattr(made, field.attname) for field in AuditRecord._meta.concrete_fields})
    same.name = "Other"

    with pytest.raises(RecordError):
        AuditRecord.objects.bulk_create(
            [same], update_conflicts=True, update_fields=["name"], unique_fields=["submission"]
        )
    with pytest.raises(RecordError):
        AuditRecord.objects.bulk_create([same], None, False, True, ["name"], ["submission"])
    for write in (same.save, lambda: AuditRecord.objects.bulk_create([same])):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()
    assert AuditRecord.objects.get().name == "Web shop events"


def test_a_pending_record_is_settled_once() -> None:
    made = record()

    assert AuditRecord.objects.move(made.pk, since=Outcome.PENDING, outcome=Outcome.SUCCEEDED, destination_id="a")
    assert not AuditRecord.objects.move(made.pk, since=Outcome.PENDING, outcome=Outcome.REFUSED, destination_id="b")
    settled = AuditRecord.objects.get()
    assert (settled.outcome, settled.destination_id) == ("succeeded", "a")
    assert settled.settled
    assert not made.settled


def test_a_submission_is_on_record_once() -> None:
    made = record()

    with pytest.raises(IntegrityError), transaction.atomic():
        record(submission=made.submission)
    assert AuditRecord.objects.count() == 1


def test_a_record_of_a_kind_that_is_not_known_can_be_kept() -> None:
    assert record(kind="carrier-pigeon").kind == "carrier-pigeon"
    assert "Web shop events" in str(AuditRecord.objects.get())
