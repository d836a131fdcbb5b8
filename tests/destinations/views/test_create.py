"""Creating a destination in the browser, with and without htmx: what is shown, what is sent, and what comes back."""

from __future__ import annotations

import html
import json
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.audit.models import AuditRecord
from destinations_ui.kinds import Kind
from destinations_ui.sandbox import RateLimited, Request, SandboxServer, Status
from tests.destinations.views.creating import HTMX, check_nothing_lost, create_url, secrets_of
from tests.support.attempts import KINDS
from tests.support.database_faults import impatient, locked
from tests.support.form_data import form_data
from tests.support.html import read

DESTINATIONS = "/api/v2/destinations"
KINESIS, MPARTICLE, SEGMENT = (kinds.registry()[slug] for slug in ("kinesis", "mparticle", "segment"))

pytestmark = pytest.mark.django_db
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
each_way = pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
#: Where a database has to fail, it cannot be in the middle of a test's own transaction.
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def signed_in(client: Client, operator: User, sandbox: SandboxServer) -> None:
    """Sign the operator in."""
    client.force_login(operator)


class TestOpening:
    """The form as it is when someone comes to it."""

    @each_kind
    def test_a_kinds_page_has_its_fields_and_those_of_all_kinds(self, client: Client, kind: Kind) -> None:
        response = client.get(create_url(kind), {"project": "web-shop", "environment": "staging"})

        page = read(response)
        assert response.status_code == 200
        assert page.title == f"New {kind.label} destination · Destinations UI"
        form = page.form()
        assert (form["project"], form["environment"]) == ("web-shop", "staging")
        assert uuid.UUID(form["submission"])
        names = {element.attrs["name"] for element in page.elements if "name" in element.attrs}
        assert {"project", "environment", "name", "on", "reason", "submission"} <= names
        for field in kind.fields:
            columns = [f"-0-{column.name}" for column in field.columns] or [""]
            assert {f"config-{field.name}{column}" for column in columns} <= names
            assert field.help in page.text
        assert kind.setup in page.text
        assert kind.docs in page.links

    @each_kind
    def test_htmx_gets_the_kinds_fields_alone(self, client: Client, kind: Kind) -> None:
        response = client.get(create_url(kind), headers={"HX-Request": "true", "HX-Target": "kind-fields"})

        page = read(response)
        assert response.status_code == 200
        assert page.find("html") == page.find("form") == []
        assert page.find("fieldset", id="kind-fields")
        names = {element.attrs["name"] for element in page.elements if "name" in element.attrs}
        assert names
        assert all(name.startswith(("config-", "fact-")) or name == "redraw" for name in names)

    def test_htmx_gets_the_environments_alone_when_the_project_changes(self, client: Client) -> None:
        headers = {"HX-Request": "true", "HX-Target": "environment-field"}

        page = read(client.post(f"{create_url(KINESIS)}environments/", {"project": "mobile-app"}, headers=headers))

        assert page.find("div", id="environment-field")
        assert {element.attrs["value"] for element in page.find("option")} == {
            *("", "production", "staging", "development"),
        }
        assert page.find("input", name="project") == page.find("html") == []

    def test_going_back_in_the_browser_gets_the_whole_page(self, client: Client) -> None:
        headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}

        page = read(client.get(create_url(SEGMENT), headers=headers))

        assert page.find("html")
        assert page.find("input", name="config-write_key")

    def test_the_way_to_another_kind_carries_project_and_environment(self, client: Client) -> None:
        page = read(client.get(create_url(KINESIS), {"project": "web-shop", "environment": "test"}))

        for kind in KINDS:
            assert f"{create_url(kind)}?project=web-shop&environment=test" in page.links

    @pytest.mark.parametrize("text", ["../x", "a b", "<script>", "\0", "x" * 300])
    def test_what_cannot_be_a_key_is_not_taken_from_an_address(self, client: Client, text: str) -> None:
        for where in (create_url(KINESIS), "/destinations/new/"):
            response = client.get(where, {"project": text, "environment": text})

            assert response.status_code == 200
            assert text not in html.unescape(response.content.decode())

    def test_the_kinds_are_offered_each_with_its_form(self, client: Client) -> None:
        page = read(client.get("/destinations/new/", {"project": "web-shop", "environment": "staging"}))

        for kind in KINDS:
            assert kind.label in page.text
            assert kind.summary in page.text
            assert f"{create_url(kind)}?project=web-shop&environment=staging" in page.links

    def test_an_unknown_kind_is_not_found(self, client: Client) -> None:
        for slug in ("carrier-pigeon", "KINESIS", "kinesis%2F", "snowflake"):
            assert client.get(f"/destinations/new/{slug}/").status_code == 404
            assert client.post(f"/destinations/new/{slug}/", form_data(KINESIS)).status_code == 404

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
    def test_other_methods_are_not_allowed(self, client: Client, sandbox: SandboxServer, method: str) -> None:
        response = client.generic(method, create_url(KINESIS))

        assert response.status_code == 405
        assert sandbox.requests == []

    def test_project_and_environment_have_a_hint(self, client: Client) -> None:
        page = read(client.get(create_url(SEGMENT), {"project": "mobile-app"}))

        assert "Choose a project, or type its name or key." in page.text
        assert "An environment can have one destination, of any type." in page.text

    def test_a_critical_environment_and_a_taken_one_are_said(self, client: Client) -> None:
        page = read(client.get(create_url(SEGMENT), {"project": "mobile-app", "environment": "development"}))

        assert "Production (production) · critical" in page.text
        assert "Development already has a destination" in page.text
        assert "“Development events”, Amazon Kinesis" in page.text

    @each_kind
    @pytest.mark.parametrize("part", ["", "environments/", "redraw/"])
    def test_nothing_typed_into_the_form_is_sent_in_a_url(self, client: Client, kind: Kind, part: str) -> None:
        typed = {"project": "typed-project", "environment": "typed-environment"}

        page = read(client.post(f"{create_url(kind)}{part}", typed))

        assert {element.attrs["method"] for element in page.find("form")} == {"post"}
        # A link or a button has no typed value, unless it includes those of other elements.
        assert {element.tag for element in page.elements if "hx-get" in element.attrs} <= {"a", "button"}
        assert not [element for element in page.elements if "hx-include" in element.attrs]
        assert not [url for url in page.links if "typed" in url]
        assert page.find("div", id="environment-field")[0].attrs["data-query"] == ""

    def test_listed_keys_lead_to_the_other_kinds(self, client: Client) -> None:
        place = {"project": "web-shop", "environment": "test"}
        fragment = {"HX-Request": "true", "HX-Target": "environment-field"}

        for response in (
            client.get(create_url(KINESIS), place),
            client.post(create_url(KINESIS), place),
            client.post(f"{create_url(KINESIS)}environments/", place, headers=fragment),
        ):
            query = "?project=web-shop&environment=test"
            page = read(response)
            assert page.find("div", id="environment-field")[0].attrs["data-query"] == query

    def test_another_project_keeps_the_environment_if_it_has_it(self, client: Client) -> None:
        url = f"{create_url(KINESIS)}environments/"

        for environment, kept in (("staging", "staging"), ("test", "")):
            page = read(client.post(url, {"project": "mobile-app", "environment": environment}, headers=HTMX))
            assert page.form()["environment"] == kept

    def test_without_launchdarkly_the_form_opens_says_so_and_takes_typed_keys(
        self, client: Client, settings: Settings
    ) -> None:
        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"

        response = client.get(create_url(KINESIS))

        page = read(response)
        assert response.status_code == 200
        assert "Couldn’t load projects. You can still type the keys." in page.text
        assert "You can still type the keys" in page.text
        assert [element.attrs["type"] for element in page.find("input", name="environment")] == ["text"]

    def test_refreshing_shows_an_environment_made_a_moment_ago(self, client: Client, sandbox: SandboxServer) -> None:
        client.get(create_url(KINESIS), {"project": "web-shop"})
        sandbox.add_environment("web-shop", "brand-new", "Brand new")

        before = read(client.get(create_url(KINESIS), {"project": "web-shop"}))
        url = f"{create_url(KINESIS)}environments/?refresh=yes"
        after = read(client.post(url, {"project": "web-shop"}, headers=HTMX))

        assert "Brand new" not in before.text
        assert "Brand new" in after.text


class TestSending:
    """A good form is sent once and leads to its record."""

    @each_kind
    def test_a_created_destination_leads_to_its_record(
        self, client: Client, sandbox: SandboxServer, kind: Kind
    ) -> None:
        response = client.post(create_url(kind), form_data(kind))

        record = AuditRecord.objects.get()
        assert response.status_code == 303
        assert response.headers["Location"] == f"/history/{record.uuid}/"
        assert record.outcome == "succeeded"
        [request] = [request for request in sandbox.requests if request.method == "POST"]
        assert request.path == f"{DESTINATIONS}/web-shop/staging"
        assert json.loads(request.body)["kind"] == kind.slug

    def test_htmx_is_led_to_the_record_too(self, client: Client) -> None:
        response = client.post(create_url(KINESIS), form_data(KINESIS), headers=HTMX)

        assert response.status_code == 200
        assert response.headers["HX-Redirect"] == AuditRecord.objects.get().get_absolute_url()
        assert response.content == b""

    def test_off_is_sent_as_off(self, client: Client, sandbox: SandboxServer) -> None:
        client.post(create_url(KINESIS), form_data(KINESIS, on="false"))

        [request] = [request for request in sandbox.requests if request.method == "POST"]
        assert json.loads(request.body)["on"] is False
        assert AuditRecord.objects.get().on is False

    def test_the_record_names_the_person_and_the_request(self, client: Client) -> None:
        response = client.post(
            create_url(KINESIS), form_data(KINESIS) | {"actor": "vera", "request_id": str(uuid.uuid4())}
        )

        record = AuditRecord.objects.get()
        assert record.actor == "oskar"
        assert str(record.request_id) == response.headers["X-Request-ID"]

    @each_way
    def test_the_same_form_again_leads_to_the_same_record(
        self, client: Client, sandbox: SandboxServer, headers: dict[str, str]
    ) -> None:
        data = form_data(MPARTICLE)
        client.post(create_url(MPARTICLE), data)

        again = client.post(create_url(MPARTICLE), data, headers=headers)

        where = again.headers["HX-Redirect" if headers else "Location"]
        assert where == AuditRecord.objects.get().get_absolute_url()
        assert sandbox.count("POST") == 1

    @each_way
    def test_the_same_form_with_other_values_comes_back_and_can_be_sent(
        self, client: Client, sandbox: SandboxServer, headers: dict[str, str]
    ) -> None:
        first = form_data(SEGMENT)
        client.post(create_url(SEGMENT), first)
        changed = first | {"name": "Other", "environment": "test"}

        response = client.post(create_url(SEGMENT), changed, headers=headers)

        page = read(response)
        assert response.status_code == 409
        assert "You already sent this form with other values" in page.text
        check_nothing_lost(page, SEGMENT, changed)
        assert AuditRecord.objects.count() == sandbox.count("POST") == 1
        fresh = page.form()["submission"]
        assert fresh != first["submission"]
        assert client.post(create_url(SEGMENT), changed | {"submission": fresh}).status_code == 303

    def test_someone_elses_one_time_number_tells_nothing_of_their_record(
        self, client: Client, sandbox: SandboxServer, administrator: User
    ) -> None:
        data = form_data(KINESIS)
        client.post(create_url(KINESIS), data)
        client.force_login(administrator)

        response = client.post(create_url(KINESIS), data)

        assert response.status_code == 409
        assert str(AuditRecord.objects.get().uuid) not in response.content.decode()
        assert sandbox.count("POST") == 1

    @pytest.mark.parametrize("environment", ["server-error", "not-json", "drops-after-write"])
    @each_way
    def test_an_unknown_outcome_leads_to_the_record_which_says_so(
        self, client: Client, environment: str, headers: dict[str, str]
    ) -> None:
        data = form_data(KINESIS, project="faults", environment=environment)

        response = client.post(create_url(KINESIS), data, headers=headers)

        record = AuditRecord.objects.get()
        assert response.headers["HX-Redirect" if headers else "Location"] == record.get_absolute_url()
        assert record.outcome == "unknown"
        assert "We don’t know yet whether it was created" in read(client.get(record.get_absolute_url())).text


class TestRejected:
    """A form that is not right comes back with everything in it, and says what to do."""

    @each_kind
    def test_the_summary_stands_on_top_and_leads_to_each_input(
        self, client: Client, sandbox: SandboxServer, kind: Kind
    ) -> None:
        response = client.post(create_url(kind), {"submission": str(uuid.uuid4())})

        page = read(response)
        assert response.status_code == 422
        assert page.title.startswith("Error: ")
        [summary] = page.classed("error-summary")
        assert summary.attrs["role"] == "alert"
        anchors = [link[1:] for link in page.links if link.startswith("#") and link != "#main"]
        assert len(anchors) >= 5
        assert set(anchors) <= set(page.ids)
        assert len(page.ids) == len(set(page.ids))
        for element in page.elements:
            assert set(element.attrs.get("aria-describedby", "").split()) <= set(page.ids)
        for name in ("name", "project"):
            [wrong] = page.find("input", name=name)
            assert wrong.attrs["aria-invalid"] == "true"
        assert AuditRecord.objects.count() == sandbox.count("POST") == 0

    @each_kind
    @each_way
    def test_everything_is_kept_but_secrets(self, client: Client, kind: Kind, headers: dict[str, str]) -> None:
        data = form_data(kind, name="", reason="a <b> & “c”\nsecond line", on="false")

        response = client.post(create_url(kind), data, headers=headers)

        page = read(response)
        assert response.status_code == 422
        check_nothing_lost(page, kind, data)
        assert page.form()["submission"] == data["submission"]
        assert "Enter a name." in page.text
        assert ("Secrets are never sent back" in page.text) is not bool(headers)

    def test_htmx_gets_the_pages_main_part_and_its_title(self, client: Client) -> None:
        page = read(client.post(create_url(KINESIS), {}, headers=HTMX))

        assert page.find("html") == []
        assert page.find("main", id="main")
        assert page.title == "Error: New Amazon Kinesis destination · Destinations UI"

    def test_other_kinds_fields_are_refused_in_words(self, client: Client, sandbox: SandboxServer) -> None:
        response = client.post(create_url(KINESIS), form_data(KINESIS) | {"config-write_key": "marker-of-the-key"})

        page = read(response)
        assert response.status_code == 422
        assert "fields that Amazon Kinesis doesn’t have" in page.text
        assert "marker-of-the-key" not in page.html
        assert sandbox.count("POST") == 0

    @pytest.mark.parametrize("submission", ["", "abc", "\0"], ids=repr)
    def test_a_form_without_its_one_time_number_gets_one(
        self, client: Client, sandbox: SandboxServer, submission: str
    ) -> None:
        data = form_data(KINESIS, submission=submission)

        page = read(client.post(create_url(KINESIS), data))

        assert "had no one-time ID" in page.text
        assert sandbox.count("POST") == 0
        assert client.post(create_url(KINESIS), page.form()).status_code == 303


class TestRefused:
    """What LaunchDarkly says comes back on the form, which can be sent again."""

    @each_kind
    @each_way
    def test_its_words_its_code_and_its_id_are_there_to_copy(
        self, client: Client, sandbox: SandboxServer, kind: Kind, headers: dict[str, str]
    ) -> None:
        said: dict[str, object] = {"code": "invalid_request", "message": "<b>No</b> such thing", "id": "e-4711"}
        sandbox.script("POST", DESTINATIONS, Status(400, said))
        data = form_data(kind)

        response = client.post(create_url(kind), data, headers=headers)

        page = read(response)
        record = AuditRecord.objects.get()
        assert response.status_code == 422
        assert page.title.startswith("Error: ")
        assert "LaunchDarkly rejected the request. Nothing was created." in page.text
        assert record.explanation in page.text
        for words in ("code: invalid_request", "message: <b>No</b> such thing", "error ID: e-4711", "status: 400"):
            assert words in page.text
        assert record.get_absolute_url() in page.links
        check_nothing_lost(page, kind, data)
        assert page.form()["submission"] != data["submission"]

    def test_the_form_that_came_back_can_be_sent(self, client: Client, sandbox: SandboxServer) -> None:
        sandbox.script("POST", DESTINATIONS, RateLimited(5))
        page = read(client.post(create_url(KINESIS), form_data(KINESIS)))

        response = client.post(create_url(KINESIS), page.form())

        assert response.status_code == 303
        assert [record.outcome for record in AuditRecord.objects.order_by("pk")] == ["refused", "succeeded"]

    @pytest.mark.parametrize(
        ("environment", "words"),
        [
            ("unauthorized", "Ask an administrator to check LAUNCHDARKLY_TOKEN"),
            ("forbidden", "whether the environment requires an approval"),
            ("conflict", "the environment may already have a destination"),
            ("rate-limited", "seconds, then try again"),
        ],
    )
    def test_each_refusal_says_what_to_do(self, client: Client, environment: str, words: str) -> None:
        response = client.post(create_url(KINESIS), form_data(KINESIS, project="faults", environment=environment))

        assert response.status_code == 422
        assert words in read(response).text

    @each_way
    def test_what_was_not_sent_says_so(
        self, client: Client, settings: Settings, headers: dict[str, str], sandbox: SandboxServer
    ) -> None:
        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"
        data = form_data(SEGMENT)

        response = client.post(create_url(SEGMENT), data, headers=headers)

        page = read(response)
        assert response.status_code == 503
        assert "Nothing was sent" in page.text
        check_nothing_lost(page, SEGMENT, data)
        settings.LAUNCHDARKLY_URL = sandbox.url
        data["submission"] = page.form()["submission"]
        assert client.post(create_url(SEGMENT), data).status_code == 303


class TestUnrecorded:
    """When the history cannot be written, nothing is sent; when only the result cannot, the person gets the id."""

    @committed
    @each_way
    def test_without_a_record_nothing_is_sent_and_the_same_form_works_later(
        self, client: Client, sandbox: SandboxServer, headers: dict[str, str]
    ) -> None:
        data = form_data(SEGMENT)

        with locked():
            response = client.post(create_url(SEGMENT), data, headers=headers)

        page = read(response)
        assert response.status_code == 503
        assert "nothing is sent without a record" in page.text
        check_nothing_lost(page, SEGMENT, data)
        assert page.form()["submission"] == data["submission"]
        assert sandbox.count("POST") == 0
        assert client.post(create_url(SEGMENT), data).status_code == 303

    @committed
    @each_way
    def test_a_result_that_cannot_be_stored_shows_the_id(
        self, client: Client, sandbox: SandboxServer, headers: dict[str, str]
    ) -> None:
        with impatient() as blocker:

            def lock(request: Request) -> None:
                blocker.block()

            sandbox.script("POST", DESTINATIONS, lock)
            response = client.post(create_url(SEGMENT), form_data(SEGMENT), headers=headers)

        page = read(response)
        [made] = [each for each in sandbox.destinations() if each["environment"] == "staging"]
        record = AuditRecord.objects.get()
        assert response.status_code == 200
        assert "Created, but the record couldn’t be updated" in page.text
        assert made["id"] in page.text
        assert str(record.uuid) in page.text
        assert record.get_absolute_url() in page.links
        assert bool(page.find("html")) is not bool(headers)
        for secret in secrets_of(SEGMENT):
            assert secret not in page.html

    @committed
    def test_a_refusal_that_cannot_be_stored_is_told_as_well(self, client: Client, sandbox: SandboxServer) -> None:
        with impatient() as blocker:

            def lock(request: Request) -> Status:
                blocker.block()
                return Status(400, {"code": "invalid_request", "message": "No", "id": "e-4711"})

            sandbox.script("POST", DESTINATIONS, lock)
            page = read(client.post(create_url(SEGMENT), form_data(SEGMENT)))

        assert "The record couldn’t be updated" in page.text
        assert "Refused" in page.text
        assert "e-4711" in page.text
