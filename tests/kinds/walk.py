"""Create a destination through the product's pages in a new process; print the result as JSON.

``test_registry.py`` runs it over a copy of the product: ``python walk.py <kind> <form as JSON>``.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import django
from django.core.management import call_command


def main(slug: str, values: dict[str, str]) -> dict[str, Any]:
    """Migrate, sign in, create a destination and print what was stored."""
    django.setup()
    call_command("migrate", verbosity=0)
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
        migrations_missing = False
    except SystemExit:
        migrations_missing = True

    from django.contrib.auth.models import Group, User
    from django.test import Client

    oskar = User.objects.create_user("oskar")
    oskar.groups.add(Group.objects.get(name="Operators"))
    client = Client()
    client.force_login(oskar)
    url = f"/destinations/new/{slug}/"
    form = client.get(url).content.decode()
    (submission,) = re.findall(r'name="submission" value="([^"]+)"', form)
    posted = client.post(url, values | {"submission": submission})
    record = client.get(posted.headers.get("Location", "/history/"))
    export = client.get("/history/export/?format=jsonl")
    return {
        "migrations_missing": migrations_missing,
        "picker": client.get("/destinations/new/").content.decode(),
        "form": form,
        "status": posted.status_code,
        "location": posted.headers.get("Location", ""),
        "response": posted.content.decode(),
        "record": record.content.decode(),
        "export": b"".join(export).decode(),
    }


if __name__ == "__main__":
    json.dump(main(sys.argv[1], json.loads(sys.argv[2])), sys.stdout)
