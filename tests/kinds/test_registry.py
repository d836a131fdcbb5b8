"""A kind is a file: an invalid one stops the process, and a new kind needs only a new file.

Each test runs a copy of the product in new processes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from destinations_ui.sandbox import SandboxServer

ROOT = Path(__file__).resolve().parents[2]
WALK = Path(__file__).with_name("walk.py")
PARTS = ("destinations_ui", "templates", "static")

SPEC = """
from destinations_ui.kinds.spec import Field, Kind, Mark
from destinations_ui.kinds.validators import google_project_id

KIND = Kind(
    slug="{slug}",
    label="Google BigQuery",
    summary="Load events into a dataset of your Google Cloud project.",
    docs="https://launchdarkly.com/docs/integrations/data-export/bigquery",
    mark=Mark("BQ", "#0b62b8"),
    fields=(
        Field(
            name="dataset_project",
            api="{api}",
            label="Google Cloud project id",
            help="The project that has the dataset.",
            example="{example}",
            validators=(google_project_id(),),
        ),
        Field(name="access_token", api="accessToken", label="Access token", help="A token.", example="t", secret=True),
        Field(
            name="location",
            api="datasetLocation",
            label="Location",
            help="Where the dataset is.",
            example="EU",
            required=False,
            choices=(("EU", "European Union"), ("US", "United States")),
        ),
    ),
)
"""
GOOD = {"slug": "bigquery", "api": "projectId", "example": "acme-analytics"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy the product without its tests and documentation."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy2(ROOT / "manage.py", tmp_path)
    return tmp_path


def run(
    project: Path, *arguments: str, launchdarkly_url: str = "http://127.0.0.1:9"
) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy, with a new database."""
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{project / 'product.sqlite3'}",
        "DEBUG": "true",  # Works without collected static files.
        "DJANGO_SETTINGS_MODULE": "destinations_ui.settings",
        "LAUNCHDARKLY_URL": launchdarkly_url,
        "PYTHONPATH": str(project),
    }
    command = [sys.executable, *arguments]
    return subprocess.run(  # noqa: S603  # our own command
        command, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def add(project: Path, name: str, text: str) -> None:
    """Add a module to the kinds."""
    (project / "destinations_ui" / "kinds" / f"{name}.py").write_text(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            SPEC.format(**GOOD | {"api": "project_id"}),
            "Field dataset_project: the API name 'project_id' is not in camel",
        ),
        (
            SPEC.format(**GOOD | {"example": "Acme"}),
            "Field dataset_project: its own validators refuse the example: Ent",
        ),
        (SPEC.format(**GOOD | {"slug": "kinesis"}), "the kind kinesis exists already"),
        ("KIND = {'slug': 'bigquery'}", "destinations_ui.kinds.bad: KIND is not a Kind"),
    ],
    ids=["a name", "an example", "a slug twice", "no Kind"],
)
def test_an_invalid_file_stops_the_process_at_startup(project: Path, text: str, message: str) -> None:
    add(project, "bad", text)
    done = run(project, "-c", "import destinations_ui.wsgi")
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "SpecError: " in last
    assert message in last


def test_an_invalid_file_stops_every_command(project: Path) -> None:
    add(project, "bad", "def oops(:")
    done = run(project, "manage.py", "check")
    assert done.returncode != 0
    assert "bad.py" in done.stderr


def test_a_file_without_a_kind_adds_no_kind(project: Path) -> None:
    add(project, "names", "NAMES = ('a', 'b')")
    done = run(
        project, "-c", "import django; django.setup(); from destinations_ui import kinds; print(*kinds.registry())"
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 6


def test_adding_a_seventh_kind_is_adding_one_file(project: Path, sandbox: SandboxServer) -> None:
    add(project, "bigquery", SPEC.format(**GOOD))
    values = {
        "project": "web-shop",
        "environment": "staging",
        "name": "Warehouse",
        "on": "true",
        "reason": "A seventh kind",
        "config-dataset_project": "acme-analytics",
        "config-access_token": "marker-of-the-seventh",
        "config-location": "EU",
    }
    done = run(project, str(WALK), "bigquery", json.dumps(values), launchdarkly_url=sandbox.url)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)

    assert not seen["migrations_missing"]
    assert "Google BigQuery" in seen["picker"]
    assert 'href="/destinations/new/bigquery/"' in seen["picker"]
    for name in ("config-dataset_project", "config-access_token", "config-location"):
        assert f'name="{name}"' in seen["form"]
    assert seen["status"] == 303, seen["response"]

    (post,) = [request for request in sandbox.requests if request.method == "POST"]
    assert post.path == "/api/v2/destinations/web-shop/staging"
    assert json.loads(post.body) == {
        "name": "Warehouse",
        "kind": "bigquery",
        "on": True,
        "config": {"projectId": "acme-analytics", "accessToken": "marker-of-the-seventh", "datasetLocation": "EU"},
    }

    created = sandbox.destinations()[-1]
    for text in ("Google BigQuery", "projectId", "acme-analytics", "datasetLocation", "accessToken", created["id"]):
        assert text in seen["record"]
    (line,) = seen["export"].splitlines()
    exported = json.loads(line)
    assert (exported["kind"], exported["outcome"]) == ("bigquery", "succeeded")
    assert exported["config"] == {"projectId": "acme-analytics", "datasetLocation": "EU"}
    assert list(exported["secrets"]) == ["accessToken"]
    assert "marker-of-the-seventh" not in seen["record"] + seen["export"] + seen["response"] + done.stderr
