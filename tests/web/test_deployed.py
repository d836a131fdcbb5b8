"""The settings of a deployment over HTTPS, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.support.deployment import DEPLOYED
from tests.support.product import ROOT

SCRIPT = """
import json, django
django.setup()
from django.test import Client
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
User.objects.create_user("vera", password="correct-horse-battery")
client = Client()
plain = client.get("/login/")
health = client.get("/healthz")
page = client.get("/login/", secure=True)
form = {"username": "vera", "password": "correct-horse-battery"}
signed_in = client.post("/login/", form, secure=True, headers={"Referer": "https://testserver/login/"})
cookies = {name: dict(morsel) for name, morsel in client.cookies.items()}
print(json.dumps({
    "plain": [plain.status_code, plain.headers.get("Location")],
    "health": health.status_code,
    "hsts": page.headers.get("Strict-Transport-Security"),
    "signed_in": signed_in.status_code,
    "cookies": cookies,
}))
"""


def test_https_only_redirects_and_sets_host_cookies(tmp_path: object) -> None:
    variables = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    variables |= DEPLOYED | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/deployed.sqlite3",
        "DJANGO_SETTINGS_MODULE": "destinations_ui.settings",
    }
    done = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(done.stdout)

    assert found["plain"] == [301, "https://testserver/login/"]
    assert found["health"] == 200
    assert found["hsts"] == "max-age=31536000"
    assert found["signed_in"] == 302
    assert set(found["cookies"]) == {"__Host-sessionid", "__Host-csrftoken"}
    for cookie in found["cookies"].values():
        assert cookie["secure"] is True
        assert cookie["httponly"] is True
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert cookie["domain"] == ""
