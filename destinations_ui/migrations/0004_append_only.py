"""Triggers that keep the history append-only."""

from __future__ import annotations

from django.db import migrations

from destinations_ui.audit.schema import Script, create


class Migration(migrations.Migration):
    """Create them."""

    dependencies = [("destinations_ui", "0003_search_index")]

    operations = [create(Script("0004_append_only"))]
