"""The groups: Viewers see the history, Operators also create, Administrators also manage users."""

from __future__ import annotations

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

VIEW = ["view_auditrecord"]
CREATE = ["create_destination"]
USERS = ["view_user", "add_user", "change_user", "delete_user", "view_group"]

#: Group → the codenames of its permissions.
GROUPS = {
    "Viewers": VIEW,
    "Operators": VIEW + CREATE,
    "Administrators": VIEW + CREATE + USERS,
}


def create_groups(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the groups with their permissions.

    Django creates permissions after all migrations, too late for this one, so they are created first.
    """
    for label in ("auth", "destinations_ui"):
        config = apps.get_app_config(label)
        # The configuration of a migration's state has no models module, and would be skipped.
        config.models_module = True  # type: ignore[assignment]  # only its truth is asked for
        create_contenttypes(config, verbosity=0, apps=apps)
        create_permissions(config, verbosity=0, apps=apps)
    permission = apps.get_model("auth", "Permission")
    group = apps.get_model("auth", "Group")
    for name, codenames in GROUPS.items():
        created, _ = group.objects.get_or_create(name=name)
        created.permissions.add(*permission.objects.filter(codename__in=codenames))


class Migration(migrations.Migration):
    """Add the groups. Reversed, they stay, since users may be in them."""

    dependencies = [
        ("destinations_ui", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_groups, migrations.RunPython.noop)]
