"""Plainer labels of outcomes and events. The database does not change."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Tell Django the new labels, so that it finds no difference to the models."""

    dependencies = [("destinations_ui", "0006_accounts")]

    operations = [
        migrations.AlterField(
            "auditrecord",
            "outcome",
            models.CharField(
                max_length=20,
                choices=[
                    ("pending", "Sending"),
                    ("succeeded", "Succeeded"),
                    ("refused", "Refused"),
                    ("not_sent", "Not sent"),
                    ("unknown", "Unknown"),
                    ("absent", "Not created"),
                ],
                default="pending",
                editable=False,
            ),
        ),
        migrations.AlterField(
            "event",
            "type",
            models.CharField(
                max_length=20,
                choices=[
                    ("intent", "Recorded"),
                    ("settled", "Result"),
                    ("resolved", "Resolved"),
                    ("noted", "Noted"),
                    ("pruned", "Pruned"),
                ],
                editable=False,
            ),
        ),
    ]
