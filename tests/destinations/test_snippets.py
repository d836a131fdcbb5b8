"""What a record offers to take along does elsewhere exactly what was asked for here, and holds no secret.

The Terraform is parsed by python-hcl2, which leaves the escapes of a text as they are. They are undone here, from HCL's
specification: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#template-expressions
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import hcl2
import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.conf.secret import Secret
from destinations_ui.destinations.snippets.common import Snippet
from destinations_ui.destinations.snippets.record_snippets import snippets
from destinations_ui.kinds import Kind
from destinations_ui.kinds.spec import Value
from destinations_ui.sandbox import Request, SandboxServer, Status
from tests.kinds.test_contract import NAMES
from tests.support.attempts import KINDS, new_record, record
from tests.support.environment import MARKER_TOKEN
from tests.support.form_data import confirmed, form_data
from tests.support.html import read

TOOLS = ["terraform", "curl", "python", "json"]
#: What the provider's documentation lists as available.
#: https://github.com/launchdarkly/terraform-provider-launchdarkly/blob/main/docs/resources/destination.md
IN_TERRAFORM = {"azure-event-hubs", "google-pubsub", "kinesis", "mparticle", "segment"}
TOKEN = "api-of-whoever-runs-it"
DESTINATIONS = "/api/v2/destinations/web-shop/staging"
#: What a shell, JSON, HCL, Python and curl's own configuration each read in their own way.
AWKWARD = """ "q" 'it' \\ \\n $HOME ${x} %{y} `id` %s $(id) # é 😀 \u05e2\u05d1 """

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)


@pytest.fixture(scope="session")
def curl() -> None:
    """Need curl."""
    if shutil.which("curl") is None:
        message = "CURL WAS NOT FOUND: its snippets were not tried. Install it."
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(message)
        pytest.skip(message)


def marked(kind: Kind) -> dict[str, Value]:
    """Return a marker that is awkward to write for each secret of a kind."""
    return {field.name: Secret(f"Marker-{field.name}{AWKWARD}.") for field in kind.fields if field.secret}


def created(client: Client, operator: User, kind: Kind) -> AuditRecord:
    """Create a destination by the form, with markers for secrets; return its record."""
    client.force_login(operator)
    name = f"Events{AWKWARD}."
    response = client.post(
        f"/destinations/new/{kind.slug}/", confirmed(kind, form_data(kind, marked(kind), name=name, on="false"))
    )
    assert response.status_code == 303
    return AuditRecord.objects.get()


def on_the_page(client: Client, made: AuditRecord) -> dict[str, str]:
    """Return the snippets as they are copied from a record's page."""
    page = read(client.get(made.get_absolute_url()))
    found = {each.attrs["id"]: "".join(each.pieces) for each in page.find("pre")}
    return {slug: found[f"snippet-{slug}"] for slug in TOOLS if f"snippet-{slug}" in found}


def posts(sandbox: SandboxServer) -> list[Request]:
    """Return the creations that arrived."""
    return [request for request in sandbox.requests if request.method == "POST"]


def environment(kind: Kind) -> dict[str, str]:
    """Return the environment in which a snippet of a kind is run: nothing but what it asks for."""
    prefix = kind.slug.upper().replace("-", "_")
    secrets = {f"{prefix}_{name.upper()}": value for name, value in marked(kind).items()}
    revealed = {name: value.reveal() for name, value in secrets.items() if isinstance(value, Secret)}
    return {"PATH": os.environ["PATH"], "LAUNCHDARKLY_TOKEN": TOKEN} | revealed


def run(command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a snippet."""
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  # our own command


def snippet(made: AuditRecord, slug: str) -> Snippet:
    """Return one snippet of a record."""
    [found] = [each for each in snippets(made) if each.slug == slug]
    return found


def text_of(template: str) -> str:
    """Return the text that a quoted template of HCL stands for: escapes with a backslash, and doubled signs."""
    assert template[0] == template[-1] == '"'
    short = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
    escape = re.compile(
        r"\\(?:u(?P<four>[0-9A-F]{4})|U(?P<eight>[0-9A-F]{8})|(?P<one>.))|(?P<sign>[$%])(?P=sign)(?=\{)"
    )

    def undo(found: re.Match[str]) -> str:
        code = found["four"] or found["eight"]
        return chr(int(code, 16)) if code else found["sign"] or short[found["one"]]

    assert not re.search(r"(?<![$%])[$%]\{", template), "A template that is more than a text."
    return escape.sub(undo, template[1:-1])


def from_terraform(text: str, secrets: dict[str, str]) -> dict[str, Any]:
    """Return what a configuration asks for, in LaunchDarkly's terms, and where; ``secrets`` by the provider's names."""
    parsed = hcl2.loads(text)
    variables = {text_of(name): block for each in parsed.get("variable", []) for name, block in each.items()}
    assert all(block["type"] == "string" and block["sensitive"] is True for block in variables.values())
    [(resource_type, labelled)] = parsed["resource"][0].items()
    [(label, resource)] = labelled.items()
    assert text_of(resource_type) == "launchdarkly_destination"
    assert re.fullmatch(r"[a-z][a-z0-9_]*", text_of(label))
    names = {name: api for name, api, _ in NAMES[text_of(resource["kind"])]}

    def value(name: str, written: str) -> object:
        if found := re.fullmatch(r"\$\{var\.(\w+)\}", written):
            assert found[1] in variables
            return secrets[name]
        if found := re.fullmatch(r"\$\{jsonencode\((.*)\)\}", written, re.DOTALL):
            rows = hcl2.loads(f"rows = {found[1]}\n")["rows"]
            return [{column: text_of(text) for column, text in row.items()} for row in rows]
        return text_of(written)

    asked: dict[str, Any] = {name: text_of(resource[name]) for name in ("project_key", "env_key", "name", "kind")}
    asked |= {"on": resource["on"], "import": None}
    asked["config"] = {names[name]: value(name, written) for name, written in resource["config"].items()}
    for block in parsed.get("import", []):
        assert block["to"] == f"${{launchdarkly_destination.{text_of(label)}}}"
        asked["import"] = text_of(block["id"])
    return asked


def from_python(text: str, variables: dict[str, str]) -> dict[str, Any]:
    """Return the body that a program would send, and the place, without running it."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    [call] = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "DestinationPost"]
    source = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg}
    looked_up = re.compile(r"os\.environ\['(\w+)'\]")
    return {
        name: ast.literal_eval(looked_up.sub(lambda found: repr(variables[found[1]]), value))
        for name, value in source.items()
    }


@pytest.fixture
def asked(client: Client, operator: User, sandbox: SandboxServer, kind: Kind) -> dict[str, Any]:
    """Return the body that the product sends; the sandbox is as new afterwards."""
    created(client, operator, kind)
    [request] = posts(sandbox)
    sandbox.reset()
    body: dict[str, Any] = json.loads(request.body)
    return body


def check_created(sandbox: SandboxServer, kind: Kind, asked: dict[str, Any]) -> None:
    """Check that a tool asked for the same, and got it."""
    [request] = posts(sandbox)
    assert json.loads(request.body) == asked
    assert request.path == DESTINATIONS
    assert request.headers["authorization"] == TOKEN
    assert request.headers["ld-api-version"] == "20240415"
    assert request.headers["content-type"] == "application/json"
    held = sandbox.destinations()[-1]
    assert (held["name"], held["kind"], held["on"]) == (asked["name"], kind.slug, False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.slug in ("kinesis", "mparticle")], ids=lambda kind: kind.slug
)
def test_the_program_for_python_sends_the_same(
    client: Client, sandbox: SandboxServer, kind: Kind, asked: dict[str, Any]
) -> None:
    program = on_the_page(client, AuditRecord.objects.get())["python"]
    ended = run([sys.executable, "-c", program], environment(kind))

    assert (ended.returncode, ended.stderr) == (0, "")
    check_created(sandbox, kind, asked)
    assert ended.stdout.strip() == sandbox.destinations()[-1]["id"]


@pytest.mark.django_db
@every_kind
class TestEachKind:
    """From a real creation to the same one by another tool."""

    def test_the_command_for_curl_sends_the_same(
        self, curl: None, client: Client, sandbox: SandboxServer, kind: Kind, asked: dict[str, Any]
    ) -> None:
        ended = run(["sh", "-c", on_the_page(client, AuditRecord.objects.get())["curl"]], environment(kind))

        assert (ended.returncode, ended.stderr) == (0, "")
        check_created(sandbox, kind, asked)
        assert json.loads(ended.stdout)["_id"] == sandbox.destinations()[-1]["id"]

    def test_the_program_for_python_holds_the_same(self, client: Client, kind: Kind, asked: dict[str, Any]) -> None:
        program = on_the_page(client, AuditRecord.objects.get())["python"]

        assert from_python(program, environment(kind)) == asked

    def test_the_json_is_the_body_with_null_for_each_secret(
        self, client: Client, kind: Kind, asked: dict[str, Any]
    ) -> None:
        made = AuditRecord.objects.get()

        body = json.loads(on_the_page(client, made)["json"])

        empty = {api: None for api in body["config"] if body["config"][api] is None}
        assert set(empty) == {field.api for field in kind.fields if field.secret}
        assert body == asked | {"config": asked["config"] | empty}
        assert all(api in snippet(made, "json").note for api in empty)

    def test_the_terraform_is_what_was_asked_for_or_is_said_not_to_be_there(
        self, client: Client, kind: Kind, asked: dict[str, Any]
    ) -> None:
        made = AuditRecord.objects.get()
        shown = on_the_page(client, made)

        assert ("terraform" in shown) is (kind.slug in IN_TERRAFORM)
        if kind.slug not in IN_TERRAFORM:
            note = snippet(made, "terraform").note
            assert note == (
                f"LaunchDarkly’s Terraform provider has no resource for {kind.label} destinations. Use curl or Python."
            )
            assert note in read(client.get(made.get_absolute_url())).text
            return
        secrets = {name: value.reveal() for name, value in marked(kind).items() if isinstance(value, Secret)}
        assert from_terraform(shown["terraform"], secrets) == asked | {
            "project_key": "web-shop",
            "env_key": "staging",
            "import": f"web-shop/staging/{made.destination_id}",
        }

    def test_no_snippet_holds_a_secret(self, client: Client, kind: Kind, asked: dict[str, Any]) -> None:
        made = AuditRecord.objects.get()
        page = client.get(made.get_absolute_url()).content.decode()

        for text in (page, repr(snippets(made)), *on_the_page(client, made).values()):
            assert "Marker-" not in text
            assert MARKER_TOKEN not in text
        for value in marked(kind).values():
            assert isinstance(value, Secret)
            assert value.reveal() in asked["config"].values()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text(
    "${%}\\\"'`~#<>&\n\r\t\0\x7f\u0085\u2028\u202e\u200d\u05e2😀\U000e0001a ", max_size=12
)
#: A secret has no control character: the form takes none.
secret_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40) | st.text(
    "${%}\\\"'`~#<>&@-\u2028\u200d\u05e2😀a ", min_size=1, max_size=12
)
row = st.fixed_dictionaries({"ldContextKind": texts, "mparticleUserIdentity": texts})
anything = hypothesis_settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class TestAnyText:
    """Whatever is in a text, every tool reads the same text."""

    @anything
    @given(name=texts, identity=texts, rows=st.lists(row, max_size=3), on=st.booleans())
    def test_terraform_json_and_python_read_what_was_asked_for(
        self, name: str, identity: str, rows: list[dict[str, str]], on: bool
    ) -> None:
        config: dict[str, Any] = {"environment": "production", "userIdentities": rows, "userIdentity": identity}
        made = new_record(kind="mparticle", name=name, on=on, config=config, secrets={"apiKey": "f", "secret": "e"})
        asked: dict[str, Any] = {
            "name": name,
            "kind": "mparticle",
            "on": on,
            "config": config | {"apiKey": "k", "secret": "s"},
        }

        texts = {each.slug: each.text for each in snippets(made)}

        terraform = from_terraform(texts["terraform"], {"api_key": "k", "secret": "s"})
        assert asked.items() <= terraform.items()
        assert from_python(texts["python"], {"MPARTICLE_API_KEY": "k", "MPARTICLE_SECRET": "s"}) == asked
        assert json.loads(texts["json"]) == asked | {"config": asked["config"] | {"apiKey": None, "secret": None}}
        for text in texts.values():
            assert all(character.isprintable() or character == "\n" for character in text)

    @anything
    @given(name=texts, context_kind=texts, key=secret_texts)
    def test_a_shell_and_curl_send_what_was_asked_for(
        self, curl: None, sandbox: SandboxServer, name: str, context_kind: str, key: str
    ) -> None:
        sandbox.reset()
        sandbox.script("POST", DESTINATIONS, Status(201, {}))
        made = new_record(
            kind="segment", name=name, config={"userIDContextKind": context_kind}, secrets={"writeKey": "f"}
        )
        variables = {"PATH": os.environ["PATH"], "LAUNCHDARKLY_TOKEN": TOKEN, "SEGMENT_WRITE_KEY": key}

        ended = run(["sh", "-c", snippet(made, "curl").text], variables)

        assert (ended.returncode, ended.stderr) == (0, "")
        [request] = posts(sandbox)
        assert json.loads(request.body) == {
            "name": name,
            "kind": "segment",
            "on": True,
            "config": {"writeKey": key, "userIDContextKind": context_kind},
        }


class TestCurl:
    """The command as it runs."""

    def test_no_list_of_processes_shows_a_secret(self, curl: None, sandbox: SandboxServer, tmp_path: Path) -> None:
        # The only programs that the shell finds: each writes down how it was called, and is then itself.
        log = tmp_path / "calls"
        for program in ("curl", "sed", "tr"):
            wrapped = tmp_path / program
            call = f"""printf '%s\\n' "{program} $*" >>'{log}'; exec '{shutil.which(program)}' "$@"\n"""
            wrapped.write_text(f"#!/bin/sh\n{call}")
            wrapped.chmod(0o755)
        made = new_record(kind="segment", config={}, secrets={"writeKey": "f"})
        variables = {"PATH": str(tmp_path), "LAUNCHDARKLY_TOKEN": TOKEN, "SEGMENT_WRITE_KEY": "marker-of-the-key"}

        ended = run(["/bin/sh", "-c", snippet(made, "curl").text], variables)

        assert (ended.returncode, ended.stderr) == (0, "")
        assert json.loads(posts(sandbox)[0].body)["config"] == {"writeKey": "marker-of-the-key"}
        calls = log.read_text()
        assert {line.split()[0] for line in calls.splitlines()} == {"curl", "sed", "tr"}
        assert "marker-of-the-key" not in calls
        assert TOKEN not in calls

    @pytest.mark.parametrize("missing", ["LAUNCHDARKLY_TOKEN", "SEGMENT_WRITE_KEY"])
    def test_without_a_variable_nothing_is_sent(self, curl: None, sandbox: SandboxServer, missing: str) -> None:
        made = new_record(kind="segment", config={}, secrets={"writeKey": "f"})
        variables = {"PATH": os.environ["PATH"], "LAUNCHDARKLY_TOKEN": TOKEN, "SEGMENT_WRITE_KEY": "k"}

        ended = run(["sh", "-c", snippet(made, "curl").text], variables | {missing: ""})

        assert ended.returncode != 0
        assert missing in ended.stderr
        assert sandbox.requests == []

    def test_a_refusal_is_shown_and_is_a_failure(self, curl: None, sandbox: SandboxServer) -> None:
        sandbox.add_destination("web-shop", "staging")

        variables = {"PATH": os.environ["PATH"], "LAUNCHDARKLY_TOKEN": TOKEN}
        ended = run(["sh", "-c", snippet(new_record(), "curl").text], variables)

        assert ended.returncode != 0
        assert json.loads(ended.stdout)["code"]


class TestTerraform:
    """What depends on more than the texts."""

    @pytest.mark.parametrize("outcome", ["refused", "not_sent", "unknown", "absent", "pending"])
    def test_only_a_destination_that_is_known_is_imported(self, outcome: str) -> None:
        made = new_record(outcome=outcome)

        assert "import" not in snippet(made, "terraform").text
        assert snippet(new_record(destination_id="5eed"), "terraform").text.endswith(
            'import {\n  to = launchdarkly_destination.web_shop_events\n  id = "web-shop/staging/5eed"\n}'
        )

    @pytest.mark.parametrize(
        ("name", "label"),
        [
            ("Web shop – events (EU)", "web_shop_events_eu"),
            ("Größe", "grosse"),
            ("2026 events", "destination_2026_events"),
            ("\u05e2\u05d1\u05e8\u05d9\u05ea 😀", "kinesis"),
            ("x" * 256, "x" * 64),
            ('a"] {', "a"),
        ],
    )
    def test_the_label_is_made_of_the_name(self, name: str, label: str) -> None:
        assert f'resource "launchdarkly_destination" "{label}" {{' in snippet(new_record(name=name), "terraform").text

    def test_the_variables_of_a_very_long_name_stay_apart(self) -> None:
        made = new_record(kind="mparticle", name="x" * 256, config={}, secrets={"apiKey": "f", "secret": "e"})

        assert len(set(re.findall(r'variable "(\w+)"', snippet(made, "terraform").text))) == 2

    def test_another_instance_of_launchdarkly_is_said(self, settings: Settings) -> None:
        settings.LAUNCHDARKLY_URL = "https://app.launchdarkly.com"
        assert "api_host" not in snippet(new_record(), "terraform").note
        settings.LAUNCHDARKLY_URL = "https://app.eu.launchdarkly.com"
        assert 'api_host = "https://app.eu.launchdarkly.com"' in snippet(new_record(), "terraform").note


def test_the_kinds_that_terraform_knows_are_those_of_its_documentation() -> None:
    assert {slug for slug, kind in kinds.registry().items() if kind.terraform} == IN_TERRAFORM


@pytest.mark.django_db
def test_a_record_of_a_kind_that_was_removed_offers_all_but_terraform(
    curl: None, client: Client, viewer: User, sandbox: SandboxServer
) -> None:
    config = {"loft": "north", "grain": ["oats", {"mixed": True, "weight": 2.5}], "ringed": None}
    made = record(kind="carrier-pigeon", config=config, secrets={"ringNumber": "0123456789ab"})
    client.force_login(viewer)
    shown = on_the_page(client, made)
    sandbox.script("POST", DESTINATIONS, Status(201, {}))

    variables = {"LAUNCHDARKLY_TOKEN": TOKEN, "CARRIER_PIGEON_RING_NUMBER": "0042"}
    ended = run(["sh", "-c", shown["curl"]], {"PATH": os.environ["PATH"]} | variables)

    asked = {"name": made.name, "kind": "carrier-pigeon", "on": True, "config": config | {"ringNumber": "0042"}}
    assert ended.returncode == 0
    assert json.loads(posts(sandbox)[0].body) == from_python(shown["python"], variables) == asked
    assert json.loads(shown["json"]) == asked | {"config": config | {"ringNumber": None}}
    assert "terraform" not in shown
    assert "no longer known here" in snippet(made, "terraform").note


def test_a_field_that_was_removed_from_its_kind_is_named() -> None:
    made = new_record(config={"region": "us-east-1", "shardCount": "2"})

    assert "shardCount" in snippet(made, "terraform").note
    assert snippet(made, "terraform").text == ""
    assert json.loads(snippet(made, "json").text)["config"] == {"region": "us-east-1", "shardCount": "2"}


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", ["refused", "not_sent", "unknown", "absent", "pending", "succeeded"])
def test_every_record_offers_every_tool(client: Client, viewer: User, sandbox: SandboxServer, outcome: str) -> None:
    client.force_login(viewer)

    assert list(on_the_page(client, record(outcome=outcome))) == TOOLS
