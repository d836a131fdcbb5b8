"""The form of a destination: what it takes, what it refuses, and in which words."""

from __future__ import annotations

import html
import uuid
from typing import Any

import pytest
from pytest_django import Settings

from destinations_ui.conf.secret import Secret
from destinations_ui.destinations.forms.destination import DestinationForm, as_typed
from destinations_ui.destinations.forms.kind_fields import MOST_ROWS
from destinations_ui.kinds import Kind
from destinations_ui.sandbox import SandboxServer, Status
from tests.support.attempts import KINDS
from tests.support.form_data import (
    CONNECTION_STRING,
    KINESIS,
    filled,
    mapped,
    new_form,
    posted_form,
    rows,
    said,
    shown,
    without,
)
from tests.support.html import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


class TestCommonFields:
    """What every kind asks for."""

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
    def test_a_kinds_own_examples_are_valid(self, kind: Kind) -> None:
        form = filled(kind)

        assert form.is_valid(), form.errors
        assert form.values() == kind.examples() | {
            field.name: field.example for field in kind.fields if not field.required and not field.columns
        }

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("project", "Choose the project."),
            ("environment", "Choose the environment."),
            ("name", "Enter a name."),
            ("on", "Choose whether the destination starts on or off."),
            ("config-region", "Enter the AWS region."),
            ("config-role_arn", "Enter the role ARN."),
        ],
    )
    def test_what_is_missing_is_said_in_words(self, name: str, message: str) -> None:
        for form in (without(KINESIS, name), filled(KINESIS, {name: ""}), filled(KINESIS, {name: " \t"})):
            assert form.errors[name] == [message]

    def test_a_reason_may_be_left_out(self) -> None:
        assert without(KINESIS, "reason").is_valid()

    @pytest.mark.parametrize("text", ["maybe", "2", "truee", "null", "[object Object]", "\0"])
    def test_on_and_off_are_the_only_answers(self, text: str) -> None:
        assert filled(KINESIS, on=text).errors["on"] == ["Choose whether the destination starts on or off."]

    @pytest.mark.parametrize(
        ("text", "on"),
        [("true", True), ("on", True), ("1", True), ("YES", True), ("false", False), ("off", False), ("0", False)],
    )
    def test_on_and_off_are_understood_in_every_usual_spelling(self, text: str, on: bool) -> None:
        form = filled(KINESIS, on=text)

        assert form.is_valid()
        assert form.cleaned_data["on"] is on

    def test_nothing_is_chosen_beforehand(self) -> None:
        page = Page(new_form(KINESIS)["on"].as_widget())

        assert [element for element in page.elements if "checked" in element.attrs] == []

    def test_too_long_a_name_is_refused_and_a_long_one_taken(self) -> None:
        assert filled(KINESIS, name="n" * 256).is_valid()
        assert filled(KINESIS, name="n" * 257).errors["name"] == ["Shorten the name to 256 characters."]

    def test_too_long_a_reason_is_refused(self) -> None:
        assert filled(KINESIS, reason="r" * 2048).is_valid()
        assert filled(KINESIS, reason="r" * 2049).errors["reason"] == ["Shorten the reason to 2,048 characters."]

    def test_no_input_cuts_a_pasted_value_short(self) -> None:
        assert all("maxlength" not in element.attrs for element in shown(filled(KINESIS)).elements)

    @pytest.mark.parametrize("submission", [None, "", "abc", "\0", "123", CONNECTION_STRING], ids=repr)
    def test_a_bad_or_missing_one_time_number_is_replaced_and_said(self, submission: str | None) -> None:
        form = without(KINESIS, "submission") if submission is None else filled(KINESIS, submission=submission)

        assert not form.is_valid()
        [problem] = form.problems()
        assert "Press the button again" in problem.message
        assert uuid.UUID(str(form["submission"].value()))

    def test_every_new_form_has_a_one_time_number_of_its_own(self) -> None:
        first, second = (new_form(KINESIS)["submission"].value() for _ in range(2))

        assert uuid.UUID(str(first)) != uuid.UUID(str(second))

    def test_a_renewed_form_can_be_sent_again(self) -> None:
        form = filled(KINESIS)
        before = form["submission"].value()

        form.renew_submission()

        assert uuid.UUID(form["submission"].value()) != uuid.UUID(before)


class TestWhere:
    """Projects and environments: LaunchDarkly's lists where it answers, typed keys where it does not."""

    @pytest.mark.parametrize("key", ["../x", "a/b", "a b", "-a", "ключ", "a" * 257, "a?b=c", "a%2fb", "{{ a }}"])
    @pytest.mark.parametrize("name", ["project", "environment"])
    def test_what_cannot_be_a_key_is_refused_with_an_example(self, name: str, key: str, sandbox: SandboxServer) -> None:
        form = filled(KINESIS, {name: key})

        assert "Example:" in said(form, name)
        assert said(form, name).startswith("Enter the name or key of a")
        assert all(request.path.count("/") <= 5 and ".." not in request.path for request in sandbox.requests)

    def test_an_unknown_project_is_refused_after_another_look(self, sandbox: SandboxServer) -> None:
        new_form(KINESIS)
        before = sandbox.count("GET", "/api/v2/projects")

        form = filled(KINESIS, project="nowhere")

        assert form.errors["project"] == ["No project with this name or key. Choose one from the list."]
        assert [request.query for request in sandbox.requests[before:] if request.path == "/api/v2/projects"]

    def test_an_unknown_environment_is_refused_after_another_look(self, sandbox: SandboxServer) -> None:
        path = "/api/v2/projects/web-shop/environments"
        new_form(KINESIS, project="web-shop")
        before = sandbox.count("GET", path)

        form = filled(KINESIS, environment="nowhere")

        assert "No environment with this name or key in the project" in said(form, "environment")
        assert sandbox.count("GET", path) == before + 1
        assert "nowhere (not in LaunchDarkly’s list)" in shown(form).text

    def test_an_environment_made_a_moment_ago_is_accepted(self, sandbox: SandboxServer) -> None:
        new_form(KINESIS, project="web-shop")
        sandbox.add_environment("web-shop", "brand-new", "Brand new")

        assert filled(KINESIS, environment="brand-new").is_valid()

    def test_a_project_made_a_moment_ago_is_accepted(self, sandbox: SandboxServer) -> None:
        new_form(KINESIS)
        sandbox.add_project("brand-new", "Brand new")
        sandbox.add_environment("brand-new", "production", "Production")

        assert filled(KINESIS, project="brand-new", environment="production").is_valid()

    def test_an_environment_of_another_project_is_unknown_here(self) -> None:
        form = filled(KINESIS, project="mobile-app", environment="test")

        assert "environment" in form.errors

    def test_without_launchdarkly_keys_are_typed_and_taken(self, settings: Settings) -> None:
        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"

        fresh = new_form(KINESIS)
        form = filled(KINESIS, project="typed-by-hand", environment="typed-too")

        assert "could not be reached" in fresh.options.projects.problem
        assert fresh.fields["project"].help_text == "Type the project’s key."
        assert fresh.fields["environment"].help_text == "Type the environment’s key."
        assert form.is_valid(), form.errors

    def test_when_launchdarkly_fails_an_old_list_is_offered(self, sandbox: SandboxServer) -> None:
        new_form(KINESIS, project="web-shop")
        sandbox.script("GET", "/api/v2/", Status(500), times=None)

        form = filled(KINESIS, environment="made-meanwhile")

        assert form.is_valid(), form.errors
        assert [slot.environment.key for slot in form.options.environments.items] != []

    def test_all_projects_and_environments_are_offered_however_many(self, sandbox: SandboxServer) -> None:
        for number in range(45):
            sandbox.add_project(f"project-{number}", f"Project {number}")
            sandbox.add_environment("web-shop", f"environment-{number}", f"Environment {number}")

        page = shown(new_form(KINESIS, project="web-shop"))

        offered = {element.attrs["value"] for element in page.find("option")}
        assert {f"project-{number}" for number in range(45)} <= offered
        assert {f"environment-{number}" for number in range(45)} <= offered

    def test_a_project_without_environments_can_be_typed_into(self, sandbox: SandboxServer) -> None:
        sandbox.add_project("empty", "Empty")

        page = shown(new_form(KINESIS, project="empty"))

        assert page.find("input", id="id_environment")

    def test_an_environment_says_what_it_has_and_whether_it_is_critical(self) -> None:
        page = shown(new_form(KINESIS, project="mobile-app"))

        options = {element.attrs["value"]: element.text for element in page.find("option")}
        assert options["production"] == "Production (production) · critical"
        assert options["development"] == ("Development (development) · has “Development events”, Amazon Kinesis")
        assert options["staging"] == "Staging (staging)"

    def test_a_taken_environment_is_named_with_what_it_has(self) -> None:
        form = new_form(KINESIS, project="mobile-app", environment="development")

        slot = form.taken
        assert slot is not None
        assert [destination.name for destination in slot.destinations] == ["Development events"]
        assert new_form(KINESIS, project="mobile-app", environment="test").taken is None

    def test_a_taken_environment_is_not_forbidden_for_launchdarkly_decides(self) -> None:
        assert filled(KINESIS, project="mobile-app", environment="development").is_valid()


def typed_again(form: DestinationForm, command: str) -> dict[str, Any]:
    """Return what a redrawn form begins with."""
    assert form.posted is not None
    return as_typed(form.posted, command)


class TestRedrawing:
    """Without JavaScript the server changes the form, and keeps what was typed but secrets."""

    def test_a_row_is_added_and_everything_else_kept(self) -> None:
        form = mapped(rows(("user", "customer_id")), name="Kept", on="false")

        typed = typed_again(form, "add:config-user_identities")

        assert typed["config-user_identities"] == [{"context_kind": "user", "identity": "customer_id"}, {}]
        assert (typed["name"], typed["on"], typed["environment"]) == ("Kept", "false", "staging")
        assert typed["submission"] == form["submission"].value()
        assert not any(isinstance(value, Secret) for value in typed.values())
        assert not {"config-api_key", "config-secret"} & set(typed)

    @pytest.mark.parametrize(("number", "left"), [("0", ["device"]), ("1", ["user"])])
    def test_a_row_is_taken_away(self, number: str, left: list[str]) -> None:
        form = mapped(rows(("user", "customer_id"), ("device", "other")))

        typed = typed_again(form, f"remove:config-user_identities:{number}")

        assert [row["context_kind"] for row in typed["config-user_identities"]] == left

    @pytest.mark.parametrize(
        "command",
        [
            "fresh",
            "resume",
            "",
            "add:",
            "add:config-api_key",
            "add:nonsense",
            "remove:config-user_identities:",
            "remove:config-user_identities:7",
            "remove:config-user_identities:-1",
            "remove:config-user_identities:x",
            "remove:config-user_identities:" + "9" * 5000,
        ],
        ids=lambda command: command[:40],
    )
    def test_any_other_command_changes_no_row(self, command: str) -> None:
        form = mapped(rows(("user", "customer_id"), ("device", "other")))

        typed = typed_again(form, command)

        assert [row["context_kind"] for row in typed["config-user_identities"]] == ["user", "device"]

    def test_no_more_rows_than_can_be_sent_are_added(self) -> None:
        form = mapped(rows(*((f"kind-{number}", "other") for number in range(MOST_ROWS))))

        assert len(typed_again(form, "add:config-user_identities")["config-user_identities"]) == MOST_ROWS


class TestErrors:
    """A mistake is said twice, in the same words: in the summary and at the field."""

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
    def test_every_line_of_the_summary_leads_to_an_input_that_says_the_same(self, kind: Kind) -> None:
        form = posted_form(kind, {"submission": str(uuid.uuid4())})

        page = shown(form)

        assert len(form.problems()) >= 5
        for problem in form.problems():
            assert page.ids.count(problem.anchor) == 1, problem
            assert html.escape(problem.message) in page.html

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
    def test_an_input_names_its_mistake_and_its_hint(self, kind: Kind) -> None:
        page = shown(posted_form(kind, {}))

        described = [element for element in page.elements if "aria-describedby" in element.attrs]
        assert described
        for element in described:
            assert set(element.attrs["aria-describedby"].split()) <= set(page.ids)
        for element in page.find("input", type="password") + page.find("input", id="id_name"):
            assert element.attrs["aria-invalid"] == "true"
            assert any(name.endswith("_error") for name in element.attrs["aria-describedby"].split())

    def test_an_id_stands_once(self) -> None:
        for kind in KINDS:
            ids = shown(filled(kind)).ids
            assert len(ids) == len(set(ids))

    def test_what_was_typed_is_shown_as_text_and_never_as_html(self) -> None:
        typed = '"><script>alert(1)</script>{{ 7|add:7 }}'

        form = filled(KINESIS, dict.fromkeys(("project", "environment", "name", "reason", "config-region"), typed))

        page = shown(form)
        assert page.find("script") == []
        assert page.form()["name"] == typed
        assert page.form()["reason"] == typed
        assert page.form()["config-region"] == typed
