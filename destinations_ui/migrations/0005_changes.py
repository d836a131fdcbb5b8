"""``changes`` of a record: field → [before, after], for an action on something that existed."""

from __future__ import annotations

from django.db import migrations, models

from destinations_ui.audit.schema import Script, schema_change

SEARCH = Script("0003_search_triggers")


class Migration(migrations.Migration):
    """Add the column. Records from before have no changes."""

    dependencies = [("destinations_ui", "0004_append_only")]

    operations = schema_change(
        migrations.AddField("auditrecord", "changes", models.JSONField(default=dict, editable=False)),
        before=[SEARCH, Script("0004_append_only")],
        after=[SEARCH, Script("0005_append_only")],
    )
