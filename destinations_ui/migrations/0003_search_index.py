"""The search index of the history, which triggers keep in step with the records."""

from __future__ import annotations

from django.db import migrations

from destinations_ui.audit.schema import Script, create


class Migration(migrations.Migration):
    """Create it."""

    dependencies = [("destinations_ui", "0002_groups")]

    operations = [create(Script("0003_search_index"), Script("0003_search_triggers"))]
