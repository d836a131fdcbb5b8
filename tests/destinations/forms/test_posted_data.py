"""What was posted: what does not belong there, and what is never given back."""

from __future__ import annotations

import html

import pytest

from destinations_ui.destinations.forms.posted_data import parse
from destinations_ui.kinds import Kind
from tests.support.attempts import WITH_SECRETS
from tests.support.form_data import (
    CONNECTION_STRING,
    EVENT_HUBS,
    KINESIS,
    MPARTICLE,
    PRIVATE_KEY,
    SEGMENT,
    SNOWFLAKE,
    filled,
    form_data,
    mapped,
    posted,
    rows,
    said,
    shown,
)

DISCARDED = "this looked like a secret"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


class TestForeignFields:
    """A form with fields of another kind is a mistake somewhere, and nothing of it is sent."""

    def test_other_kinds_fields_are_refused_in_words(self) -> None:
        form = filled(KINESIS, {"config-write_key": "marker-of-the-key"})

        assert not form.is_valid()
        assert "fields that Amazon Kinesis doesn’t have, so nothing was sent" in form.problems()[0].message
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

    @pytest.mark.parametrize(
        ("name", "pasted"),
        [
            *((name, CONNECTION_STRING) for name in ("name", "reason", "project", "environment")),
            *((name, PRIVATE_KEY) for name in ("name", "reason", "project", "config-namespace", "config-policy_name")),
            # The bare key, as it is shown in the portal.
            ("config-namespace", "bWFya2VyLW9mLXRoZS1rZXktMzItYnl0ZXMtbG9uZyE="),
        ],
        ids=lambda value: value[:20],
    )
    def test_what_gives_itself_away_is_discarded_and_said(self, name: str, pasted: str) -> None:
        form = filled(EVENT_HUBS, {name: pasted})

        assert not form.is_valid()
        [message] = form.errors[name]
        assert str(message).startswith(f"{form.fields[name].label}: {DISCARDED}")
        assert form[name].value() == ""
        for key in ("marker-of-the-key", "bWFya2VyLW9mLXRoZS1rZXk"):
            assert key not in shown(form).html
            assert key not in str(form.errors)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("namespace", DISCARDED),
            ("policy_name", DISCARDED),
            ("policy_key", "This is a whole connection string. Enter only the policy key."),
        ],
    )
    def test_a_whole_connection_string_is_refused(self, name: str, message: str) -> None:
        form = filled(EVENT_HUBS, {f"config-{name}": CONNECTION_STRING})

        assert not form.is_valid()
        assert list(form.errors) == [f"config-{name}"]
        assert message in said(form, f"config-{name}")
        assert "marker-of-the-key" not in shown(form).html

    @pytest.mark.parametrize("name", ["environment", "user_identity"])
    def test_a_key_and_secret_pasted_together_are_not_shown_back(self, name: str) -> None:
        pasted = "Key: marker-of-the-feed-key\nSecret: marker-of-the-feed-secret"

        form = filled(MPARTICLE, {f"config-{name}": pasted})

        assert DISCARDED in said(form, f"config-{name}")
        assert "marker-of-the-feed" not in shown(form).html

    def test_a_pasted_text_overwrites_no_other_field(self) -> None:
        stream = "arn:aws:kinesis:eu-west-1:210987654321:stream/other-stream"

        form = filled(KINESIS, {"config-role_arn": stream, "config-stream_name": "typed-stream"})

        assert said(form, "config-role_arn").startswith("This is the stream’s ARN.")
        assert form["config-stream_name"].value() == "typed-stream"
        assert form["config-region"].value() == "us-east-1"

    @pytest.mark.parametrize("kind", WITH_SECRETS, ids=lambda kind: kind.slug)
    @pytest.mark.parametrize("name", ["name", "reason"])
    def test_a_secret_typed_twice_is_discarded_where_it_does_not_belong(self, name: str, kind: Kind) -> None:
        secret = next(iter(kind.split(kind.examples()).secrets.values())).reveal()

        form = filled(kind, {name: f"The key is {secret}."})

        assert DISCARDED in said(form, name)
        assert html.escape(secret) not in shown(form).html

    def test_in_rows_too(self) -> None:
        secret = MPARTICLE.split(MPARTICLE.examples()).secrets["apiKey"].reveal()

        form = mapped(rows(("user", "customer_id"), (secret, "email")))

        assert DISCARDED in said(form, "config-user_identities")
        assert secret not in shown(form).html

    def test_a_short_secret_is_not_searched_for(self) -> None:
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
        for secret in kind.split(kind.examples()).secrets.values():
            assert secret.reveal() not in html.unescape(page.html)
        passwords = page.find("input", type="password")
        assert len(passwords) == len(kind.split(kind.examples()).secrets)
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

        kept = dict(parse(EVENT_HUBS, posted(data)).public())

        assert kept == {
            name: "" if name == "reason" else value
            for name, value in form_data(EVENT_HUBS, submission=data["submission"]).items()
            if name != "config-policy_key"
        }
