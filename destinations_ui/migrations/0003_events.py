"""Events, and the two of each record that is already there: what was asked for, and what came of it."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from destinations_ui.audit import chain
from destinations_ui.audit.models import EventType


def seal_records(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each record its events, oldest record first. They are dated now: the seal vouches from now on."""
    records = apps.get_model("destinations_ui", "AuditRecord").objects
    for record in records.order_by("pk").iterator():
        asked = chain.state(record, chain.START) | {"outcome": "pending"}
        chain.append(record.uuid, EventType.INTENT, {"set": asked, "imported": True})
        if record.outcome != "pending":
            came = chain.state(record, ["outcome", *chain.LATER])
            chain.append(record.uuid, EventType.SETTLED, {"set": came, "imported": True})


class Migration(migrations.Migration):
    """Add the table, and fill it for the records that came before it."""

    dependencies = [("destinations_ui", "0002_groups")]

    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                ("seq", models.PositiveBigIntegerField(editable=False, primary_key=True, serialize=False)),
                ("record", models.UUIDField(db_index=True, editable=False, null=True)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("intent", "Recorded"),
                            ("settled", "Settled"),
                            ("resolved", "Resolved"),
                            ("noted", "Noted"),
                            ("pruned", "Pruned"),
                        ],
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("at", models.DateTimeField(editable=False)),
                ("body", models.TextField(editable=False)),
                ("key_id", models.CharField(editable=False, max_length=16)),
                ("previous", models.CharField(blank=True, editable=False, max_length=64)),
                ("seal", models.CharField(editable=False, max_length=64)),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(condition=models.Q(("type", "pruned")), fields=["seq"], name="event_pruned")],
            },
        ),
        migrations.RunPython(seal_records, migrations.RunPython.noop),
    ]
