"""The history is found by an index of its own: those that it used before would only be written to."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Remove them."""

    dependencies = [("destinations_ui", "0005_search")]

    operations = [
        migrations.RemoveIndex("auditrecord", f"record_{name}")
        for name in ("created", "kind", "actor", "place", "environment")
    ]
