"""The form of a destination: what it tidies, what it refuses and in which words, and what it never gives back."""

from __future__ import annotations

import html
import uuid
from typing import Any

import pytest
from django.http import QueryDict
from pytest_django import Settings

from destinations_ui import kinds
from destinations_ui.form_fields import MOST_ROWS, tidy
from destinations_ui.forms import DestinationForm, HistoryFilterForm
from destinations_ui.kinds import Kind
from destinations_ui.models import Outcome
from destinations_ui.posted import showable
from destinations_ui.sandbox import SandboxServer, Status
from destinations_ui.secret import Secret
from tests.attempts import KINDS, WITH_SECRETS
from tests.filled import form_data
from tests.reading import Page

EVENT_HUBS, KINESIS, MPARTICLE, SEGMENT, SNOWFLAKE = (
    kinds.registry()[slug] for slug in ("azure-event-hubs", "kinesis", "mparticle", "segment", "snowflake-v2")
)
CONNECTION_STRING = (
    "Endpoint=sb://contoso-events.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=marker-of-the-key="
)
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nmarker-of-the-key\n-----END PRIVATE KEY-----"
DISCARDED = "This held a secret"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


def posted(data: dict[str, str]) -> QueryDict:
    """Return posted data as Django has it."""
    query = QueryDict(mutable=True)
    query.update(data)
    return query


def filled(kind: Kind, changes: dict[str, str] | None = None, **common: Any) -> DestinationForm:
    """Return the form of a kind with its examples posted, and with changes."""
    return DestinationForm(kind, posted(form_data(kind, **common) | (changes or {})))


def without(kind: Kind, *names: str) -> DestinationForm:
    """Return the filled form without some of its fields."""
    return DestinationForm(kind, posted({name: value for name, value in form_data(kind).items() if name not in names}))


def said(form: DestinationForm, name: str) -> str:
    """Return the first thing that is said at a field."""
    return str(form.errors[name][0])


def shown(form: DestinationForm) -> Page:
    """Return the form's fields as a page shows them."""
    form.prepare()
    return Page("".join(field.as_field_group() for field in form if not field.is_hidden))


def rows(*cells: tuple[str, str], start: int = 0) -> dict[str, str]:
    """Return rows of mParticle's identities as they are posted."""
    data = {}
    for number, (context_kind, identity) in enumerate(cells, start):
        data[f"config-user_identities-{number}-context_kind"] = context_kind
        data[f"config-user_identities-{number}-identity"] = identity
    return data


def mapped(changes: dict[str, str], **common: Any) -> DestinationForm:
    """Return mParticle's form with these rows and no others."""
    data = {name: value for name, value in form_data(MPARTICLE, **common).items() if "identit" not in name}
    return DestinationForm(MPARTICLE, posted(data | changes))


class TestTidying:
    """What comes along when a value is copied does no harm."""

    @pytest.mark.parametrize(
        "typed",
        [
            "  cat-stream\t",
            "cat-stream\n",
            '"cat-stream"',
            "'cat-stream'",
            "“cat-stream”",
            "`cat-stream`",
            " \" 'cat-stream' \" ",
            "\ufeffcat-stream\u200b",
            "\u00a0cat-stream\u2003",
        ],
        ids=ascii,
    )
    def test_blanks_quotes_and_invisible_characters_around_a_value_are_left_out(self, typed: str) -> None:
        form = filled(KINESIS, {"config-stream_name": typed, "environment": typed.replace("cat-stream", "staging")})

        assert form.is_valid(), form.errors
        assert form.values()["stream_name"] == "cat-stream"
        assert form.cleaned_data["environment"] == "staging"

    @pytest.mark.parametrize("text", ["", "'", '"', "a'b", "'a", "a' 'b", "“a'"])
    def test_quotes_that_are_no_pair_around_it_are_part_of_a_value(self, text: str) -> None:
        assert tidy(text, quotes=True) == text

    def test_a_name_and_a_reason_keep_their_quotes(self) -> None:
        form = filled(KINESIS, name='"Quoted" name "here"', reason='"Why?"\n\tSo.')

        assert form.is_valid()
        assert form.cleaned_data["name"] == '"Quoted" name "here"'
        assert form.cleaned_data["reason"] == '"Why?"\n\tSo.'

    @pytest.mark.parametrize("secret", [" key ", '"key"', "key\u200b", "a" * 5000, "ключ"])
    def test_a_secret_is_never_changed(self, secret: str) -> None:
        form = filled(SEGMENT, {"config-write_key": secret})

        assert form.is_valid(), form.errors
        assert form.values()["write_key"] == Secret(secret)

    @pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x7f", "\x85", "a\nb"], ids=ascii)
    @pytest.mark.parametrize("name", ["project", "environment", "name", "config-stream_name"])
    def test_a_control_character_in_a_value_is_refused(self, name: str, character: str) -> None:
        form = filled(KINESIS, {name: f"a{character}b"})

        assert not form.is_valid()
        assert form.errors[name] == ["This holds a line break or a control character. Paste it again, or type it."]

    @pytest.mark.parametrize("secret", ["key\nrest", "\0", "key\x1b"], ids=ascii)
    def test_a_control_character_in_a_secret_is_refused(self, secret: str) -> None:
        form = filled(SEGMENT, {"config-write_key": secret})

        assert "control character" in said(form, "config-write_key")

    @pytest.mark.parametrize(("secret", "message"), [("", "Enter the write key."), ("   ", "This is only blanks.")])
    def test_a_secret_has_to_be_there(self, secret: str, message: str) -> None:
        form = filled(SEGMENT, {"config-write_key": secret})

        assert message in said(form, "config-write_key")

    def test_a_text_of_several_lines_may_have_them(self) -> None:
        key = "-----BEGIN PUBLIC KEY-----\r\n" + "MIIBIjANBgkqhkiG9w0BAQEF\r\n" * 3 + "-----END PUBLIC KEY-----"

        form = filled(SNOWFLAKE, {"config-public_key": key})

        assert form.is_valid(), form.errors
        assert form.values()["public_key"] == key


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
        page = Page(DestinationForm(KINESIS)["on"].as_widget())

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
        first, second = (DestinationForm(KINESIS)["submission"].value() for _ in range(2))

        assert uuid.UUID(str(first)) != uuid.UUID(str(second))

    def test_a_renewed_form_can_be_sent_again(self) -> None:
        form = filled(KINESIS)
        before = form["submission"].value()

        form.renew_submission()

        assert uuid.UUID(form["submission"].value()) != uuid.UUID(before)


class TestForeignFields:
    """A form with fields of another kind is a mistake somewhere, and nothing of it is sent."""

    def test_other_kinds_fields_are_refused_in_words(self) -> None:
        form = filled(KINESIS, {"config-write_key": "marker-of-the-key"})

        assert not form.is_valid()
        assert "fields that Amazon Kinesis does not have, so nothing was sent" in form.problems()[0].message
        assert "marker-of-the-key" not in shown(form).html

    @pytest.mark.parametrize(
        "name",
        [
            "config-",
            "config-nonsense",
            "config-streamName",
            "config-stream_name-0",
            "config-user_identities-0-identity",
        ],
    )
    def test_any_name_that_the_kind_does_not_have_counts(self, name: str) -> None:
        assert not filled(KINESIS, {name: ""}).is_valid()

    def test_fields_that_are_no_configuration_are_passed_over(self) -> None:
        form = filled(KINESIS, {"actor": "vera", "outcome": "succeeded", "csrfmiddlewaretoken": "x", "kind": "segment"})

        assert form.is_valid()
        assert set(form.cleaned_data) & {"actor", "outcome", "kind"} == set()


class TestSecretsInPlainFields:
    """A plain field is shown back and stored, so a secret in it is discarded."""

    @pytest.mark.parametrize("pasted", [CONNECTION_STRING, PRIVATE_KEY], ids=["connection string", "private key"])
    @pytest.mark.parametrize(
        "name", ["name", "reason", "project", "environment", "config-namespace", "config-policy_name"]
    )
    def test_what_gives_itself_away_is_discarded_and_said(self, name: str, pasted: str) -> None:
        form = filled(EVENT_HUBS, {name: pasted})

        assert not form.is_valid()
        assert [str(message)[: len(DISCARDED)] for message in form.errors[name]] == [DISCARDED]
        assert form[name].value() == ""
        assert "marker-of-the-key" not in shown(form).html
        assert "marker-of-the-key" not in str(form.errors)

    @pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: kind.slug)
    @pytest.mark.parametrize("name", ["name", "reason"])
    def test_a_secret_typed_twice_is_discarded_where_it_does_not_belong(self, name: str, kind: Kind) -> None:
        secret = next(iter(kind.secrets(kind.examples()).values())).reveal()

        form = filled(kind, {name: f"The key is {secret}."})

        assert said(form, name).startswith(DISCARDED)
        assert html.escape(secret) not in shown(form).html

    def test_in_rows_too(self) -> None:
        secret = MPARTICLE.secrets(MPARTICLE.examples())["apiKey"].reveal()

        form = mapped(rows(("user", "customer_id"), (secret, "email")))

        assert said(form, "config-user_identities").startswith(DISCARDED)
        assert secret not in shown(form).html

    def test_a_short_secret_is_not_looked_for_since_it_would_be_found_by_chance(self) -> None:
        form = filled(SEGMENT, {"config-write_key": "events", "name": "Web shop events"})

        assert form.is_valid(), form.errors

    def test_an_empty_secret_is_found_nowhere(self) -> None:
        assert list(filled(SEGMENT, {"config-write_key": ""}).errors) == ["config-write_key"]

    def test_a_public_key_is_no_secret(self) -> None:
        assert filled(SNOWFLAKE).is_valid()

    @pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: kind.slug)
    def test_a_secret_is_in_no_field_of_the_form_that_comes_back(self, kind: Kind) -> None:
        form = filled(kind, name="")

        assert not form.is_valid()
        page = shown(form)
        for secret in kind.secrets(kind.examples()).values():
            assert secret.reveal() not in html.unescape(page.html)
        passwords = page.find("input", type="password")
        assert len(passwords) == len(kind.secrets(kind.examples()))
        for element in passwords:
            assert "value" not in element.attrs
            assert element.attrs["autocomplete"] == "off"
            assert "maxlength" not in element.attrs

    def test_the_browser_keeps_a_typed_secret_except_one_that_is_wrong(self) -> None:
        page = shown(filled(MPARTICLE, {"config-secret": ""}, name=""))

        kept = {
            element.attrs["name"]: "hx-preserve" in element.attrs for element in page.find("input", type="password")
        }
        assert kept == {"config-api_key": True, "config-secret": False}

    def test_what_may_be_shown_again_is_all_but_the_secrets(self) -> None:
        data = form_data(EVENT_HUBS) | {"config-write_key": "marker-of-the-key", "csrfmiddlewaretoken": "x"}
        data["reason"] = CONNECTION_STRING

        kept = dict(showable(EVENT_HUBS, posted(data)))

        assert kept == {
            name: "" if name == "reason" else value
            for name, value in form_data(EVENT_HUBS, submission=data["submission"]).items()
            if name != "config-policy_key"
        }


class TestWhere:
    """Projects and environments: LaunchDarkly's lists where it answers, typed keys where it does not."""

    @pytest.mark.parametrize("key", ["../x", "a/b", "a b", "-a", "ключ", "a" * 257, "a?b=c", "a%2fb", "{{ a }}"])
    @pytest.mark.parametrize("name", ["project", "environment"])
    def test_what_cannot_be_a_key_is_refused_with_an_example(self, name: str, key: str, sandbox: SandboxServer) -> None:
        form = filled(KINESIS, {name: key})

        assert "Example:" in said(form, name)
        assert said(form, name).startswith(f"Enter the {name}'s key")
        assert all(request.path.count("/") <= 5 and ".." not in request.path for request in sandbox.requests)

    def test_an_unknown_project_is_refused_after_another_look(self, sandbox: SandboxServer) -> None:
        DestinationForm(KINESIS)
        before = sandbox.count("GET", "/api/v2/projects")

        form = filled(KINESIS, project="nowhere")

        assert form.errors["project"] == ["LaunchDarkly has no project with this key. Choose one from the list."]
        assert [request.query for request in sandbox.requests[before:] if request.path == "/api/v2/projects"]

    def test_an_unknown_environment_is_refused_after_another_look(self, sandbox: SandboxServer) -> None:
        path = "/api/v2/projects/web-shop/environments"
        DestinationForm(KINESIS, initial={"project": "web-shop"})
        before = sandbox.count("GET", path)

        form = filled(KINESIS, environment="nowhere")

        assert "LaunchDarkly has no environment with this key in the project" in said(form, "environment")
        assert sandbox.count("GET", path) == before + 1
        assert "nowhere (not in LaunchDarkly's list)" in shown(form).text

    def test_an_environment_made_a_moment_ago_is_accepted(self, sandbox: SandboxServer) -> None:
        DestinationForm(KINESIS, initial={"project": "web-shop"})
        sandbox.add_environment("web-shop", "brand-new", "Brand new")

        assert filled(KINESIS, environment="brand-new").is_valid()

    def test_a_project_made_a_moment_ago_is_accepted(self, sandbox: SandboxServer) -> None:
        DestinationForm(KINESIS)
        sandbox.add_project("brand-new", "Brand new")
        sandbox.add_environment("brand-new", "production", "Production")

        assert filled(KINESIS, project="brand-new", environment="production").is_valid()

    def test_an_environment_of_another_project_is_unknown_here(self) -> None:
        form = filled(KINESIS, project="mobile-app", environment="test")

        assert "environment" in form.errors

    def test_without_launchdarkly_keys_are_typed_and_taken(self, settings: Settings) -> None:
        settings.LAUNCHDARKLY_URL = "http://127.0.0.1:9"

        fresh = DestinationForm(KINESIS)
        form = filled(KINESIS, project="typed-by-hand", environment="typed-too")

        assert "could not be reached" in fresh.projects.problem
        assert fresh.fields["project"].help_text == "Type the project's key."
        assert fresh.fields["environment"].help_text == "Type the environment's key."
        assert form.is_valid(), form.errors

    def test_when_launchdarkly_fails_an_old_list_is_offered_and_does_not_forbid(self, sandbox: SandboxServer) -> None:
        DestinationForm(KINESIS, initial={"project": "web-shop"})
        sandbox.script("GET", "/api/v2/", Status(500), times=None)

        form = filled(KINESIS, environment="made-meanwhile")

        assert form.is_valid(), form.errors
        assert [place.environment.key for place in form.places.items] != []

    def test_all_projects_and_environments_are_offered_however_many(self, sandbox: SandboxServer) -> None:
        for number in range(45):
            sandbox.add_project(f"project-{number}", f"Project {number}")
            sandbox.add_environment("web-shop", f"environment-{number}", f"Environment {number}")

        page = shown(DestinationForm(KINESIS, initial={"project": "web-shop"}))

        offered = {element.attrs["value"] for element in page.find("option")}
        assert {f"project-{number}" for number in range(45)} <= offered
        assert {f"environment-{number}" for number in range(45)} <= offered

    def test_a_project_without_environments_can_be_typed_into(self, sandbox: SandboxServer) -> None:
        sandbox.add_project("empty", "Empty")

        page = shown(DestinationForm(KINESIS, initial={"project": "empty"}))

        assert page.find("input", id="id_environment")

    def test_an_environment_says_what_it_has_and_whether_it_is_critical(self) -> None:
        page = shown(DestinationForm(KINESIS, initial={"project": "mobile-app"}))

        options = {element.attrs["value"]: element.text for element in page.find("option")}
        assert options["production"] == "Production (production) · critical"
        assert options["development"] == ("Development (development) · has “Development events”, Amazon Kinesis")
        assert options["staging"] == "Staging (staging)"

    def test_a_taken_environment_is_named_with_what_it_has(self) -> None:
        form = DestinationForm(KINESIS, initial={"project": "mobile-app", "environment": "development"})

        place = form.taken_by()
        assert place is not None
        assert [destination.name for destination in place.destinations] == ["Development events"]
        assert DestinationForm(KINESIS, initial={"project": "mobile-app", "environment": "test"}).taken_by() is None

    def test_a_taken_environment_is_not_forbidden_for_launchdarkly_decides(self) -> None:
        assert filled(KINESIS, project="mobile-app", environment="development").is_valid()


class TestRows:
    """Rows of texts: whatever their numbers, only the filled ones count, and each mistake is named."""

    @pytest.mark.parametrize(
        "data",
        [
            rows(("user", "customer_id"), ("device", "other")),
            rows(("user", "customer_id"), start=3) | rows(("device", "other"), start=17),
            rows(("", ""), ("user", "customer_id"), (" ", "\t"), ("device", "other"), ("", "")),
            rows(('"user"', " customer_id "), ("device\u200b", "“other”")),
        ],
        ids=["plain", "gaps", "empty rows", "to be tidied"],
    )
    def test_filled_rows_are_taken_in_their_order(self, data: dict[str, str]) -> None:
        form = mapped(data)

        assert form.is_valid(), form.errors
        assert form.values()["user_identities"] == [
            {"context_kind": "user", "identity": "customer_id"},
            {"context_kind": "device", "identity": "other"},
        ]

    def test_a_half_filled_row_is_said_by_its_number_and_column(self) -> None:
        form = mapped(rows(("user", "customer_id"), ("device", ""), ("", "email")))

        assert form.errors["config-user_identities"] == [
            "Row 2, mParticle identity: enter a value. Example: customer_id",
            "Row 3, LaunchDarkly context kind: enter a value. Example: user",
        ]
        invalid = [element.attrs["name"] for element in shown(form).find("input", aria_invalid="true")]
        assert {"config-user_identities-1-identity", "config-user_identities-2-context_kind"} <= set(invalid)
        assert "config-user_identities-0-identity" not in invalid

    @pytest.mark.parametrize("cell", ["has blank", "a\nb", "kind", "UPPER Case", "x" * 300, "a\0"], ids=ascii)
    def test_a_wrong_cell_is_refused(self, cell: str) -> None:
        assert "config-user_identities" in mapped(rows((cell, "customer_id"))).errors

    def test_the_summary_leads_to_the_first_wrong_cell(self) -> None:
        form = mapped(rows(("user", "customer_id"), ("device", "")))

        [problem] = form.problems()
        assert problem.anchor == "id_mparticle-user_identities-1-identity"
        assert problem.anchor in shown(form).ids

    def test_a_context_kind_is_mapped_once(self) -> None:
        form = mapped(rows(("user", "customer_id"), ("device", "other"), ("user", "email")))

        assert form.errors["config-user_identities"] == [
            "Row 3: this LaunchDarkly context kind is mapped in an earlier row."
        ]

    def test_there_is_an_end_to_rows(self) -> None:
        most = [(f"kind-{number}", "other") for number in range(MOST_ROWS)]

        assert mapped(rows(*most)).is_valid()
        assert mapped(rows(*most, ("one-more", "other"))).errors["config-user_identities"] == ["Enter at most 50 rows."]

    @pytest.mark.parametrize(
        "name",
        [
            "config-user_identities-x-identity",
            "config-user_identities-0-nonsense",
            "config-user_identities-99999-identity",
        ],
    )
    def test_a_cell_that_is_none_is_no_row(self, name: str) -> None:
        form = mapped(rows(("user", "customer_id")) | {name: "email"})

        assert form.is_valid(), form.errors
        assert form.values()["user_identities"] == [{"context_kind": "user", "identity": "customer_id"}]

    def test_one_of_the_two_ways_to_map_is_enough(self) -> None:
        assert mapped(rows(("user", "customer_id"))).is_valid()
        assert mapped({"config-user_identity": "customer_id"}).is_valid()
        assert mapped(rows(("user", "email")) | {"config-user_identity": "customer_id"}).is_valid()

    @pytest.mark.parametrize(
        "data", [{}, rows(("", "")), {"config-anonymous_user_identity": "other"}], ids=["nothing", "empty row", "anon"]
    )
    def test_none_of_the_two_is_said(self, data: dict[str, str]) -> None:
        form = mapped(data)

        [problem] = form.problems()
        assert problem.message == "Fill at least one of “Identity mapping” or “User identity (legacy)”."
        assert problem.anchor in shown(form).ids

    def test_a_wrong_row_is_not_called_missing_as_well(self) -> None:
        form = mapped(rows(("user", "")))

        assert len(form.problems()) == 1

    def test_there_is_always_a_row_to_type_into(self) -> None:
        page = shown(DestinationForm(MPARTICLE))

        assert "id_mparticle-user_identities-0-context_kind" in page.ids


class TestRedrawing:
    """Without JavaScript the server changes the form, and keeps what was typed but secrets."""

    def test_a_row_is_added_and_everything_else_kept(self) -> None:
        form = mapped(rows(("user", "customer_id")), name="Kept", on="false")

        typed = form.typed("add:config-user_identities")

        assert typed["config-user_identities"] == [{"context_kind": "user", "identity": "customer_id"}, {}]
        assert (typed["name"], typed["on"], typed["environment"]) == ("Kept", "false", "staging")
        assert typed["submission"] == form["submission"].value()
        assert not any(isinstance(value, Secret) for value in typed.values())
        assert not {"config-api_key", "config-secret"} & set(typed)

    @pytest.mark.parametrize(("number", "left"), [("0", ["device"]), ("1", ["user"])])
    def test_a_row_is_taken_away(self, number: str, left: list[str]) -> None:
        form = mapped(rows(("user", "customer_id"), ("device", "other")))

        typed = form.typed(f"remove:config-user_identities:{number}")

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

        typed = form.typed(command)

        assert [row["context_kind"] for row in typed["config-user_identities"]] == ["user", "device"]

    def test_no_more_rows_than_can_be_sent_are_added(self) -> None:
        form = mapped(rows(*((f"kind-{number}", "other") for number in range(MOST_ROWS))))

        assert len(form.typed("add:config-user_identities")["config-user_identities"]) == MOST_ROWS


class TestErrors:
    """A mistake is said twice, in the same words: in the summary and at the field."""

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
    def test_every_line_of_the_summary_leads_to_an_input_that_says_the_same(self, kind: Kind) -> None:
        form = DestinationForm(kind, posted({"submission": str(uuid.uuid4())}))

        page = shown(form)

        assert len(form.problems()) >= 5
        for problem in form.problems():
            assert page.ids.count(problem.anchor) == 1, problem
            assert html.escape(problem.message) in page.html

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
    def test_an_input_names_its_mistake_and_its_hint(self, kind: Kind) -> None:
        page = shown(DestinationForm(kind, posted({})))

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


class TestHistoryFilters:
    """The filters of the history: each optional, a wrong one said and not applied."""

    def test_without_filters_everything_passes(self) -> None:
        assert HistoryFilterForm({}).filters() == {}
        assert HistoryFilterForm({"q": " ", "kind": "", "since": ""}).filters() == {}

    @pytest.mark.parametrize("outcome", Outcome.values)
    def test_every_outcome_can_be_asked_for(self, outcome: str) -> None:
        assert HistoryFilterForm({"outcome": outcome}).filters() == {"outcome": outcome}

    @pytest.mark.parametrize("kind", [*kinds.registry(), "carrier-pigeon"])
    def test_every_kind_can_be_asked_for_also_one_that_was_removed(self, kind: str) -> None:
        assert HistoryFilterForm({"kind": kind}).filters() == {"kind": kind}

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("since", "yesterday"),
            ("until", "2026-02-30"),
            ("since", "\0"),
            ("outcome", "lost"),
            ("kind", "\0"),
            ("kind", "<script>"),
            ("q", "x" * 201),
            ("q", "a\0b"),
            ("person", "a\x1bb"),
            ("project", "p" * 257),
        ],
        ids=repr,
    )
    def test_a_wrong_filter_is_said_and_not_applied(self, name: str, text: str) -> None:
        form = HistoryFilterForm({name: text, "environment": "staging"})

        assert form.filters() == {"environment": "staging"}
        assert list(form.errors) == [name]

    def test_a_wrong_date_is_said_with_an_example(self) -> None:
        assert HistoryFilterForm({"since": "never"}).errors["since"] == ["Enter since as a date. Example: 2026-11-23"]

    def test_a_range_that_ends_before_it_begins_is_refused(self) -> None:
        form = HistoryFilterForm({"since": "2026-11-02", "until": "2026-11-01"})

        assert form.errors["until"] == ["The last day is before the first. Enter a later one."]
        assert HistoryFilterForm({"since": "2026-11-02", "until": "2026-11-02"}).is_valid()
