"""An index of the records by all that they can be found by, which the database keeps in step itself."""

from __future__ import annotations

from contextlib import nullcontext

from django.apps.registry import Apps
from django.db import migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from destinations_ui.audit import search_index


def index(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the index: on SQLite at once, on PostgreSQL while others go on reading and writing."""
    connection = schema_editor.connection
    with transaction.atomic() if connection.vendor == "sqlite" else nullcontext():
        search_index.install(connection)


def drop(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take it away."""
    search_index.remove(schema_editor.connection)


class Migration(migrations.Migration):
    """Make the index."""

    atomic = False

    dependencies = [("destinations_ui", "0004_guards")]

    operations = [migrations.RunPython(index, drop)]
