"""The fields of a form: how a value is tidied, and how rows of values are taken."""

from __future__ import annotations

import pytest

from destinations_ui.conf.secret import Secret
from destinations_ui.destinations.forms.kind_fields import MOST_ROWS
from destinations_ui.destinations.forms.text import tidy
from destinations_ui.kinds import Kind
from tests.support.form_data import (
    EVENT_HUBS,
    KINESIS,
    MPARTICLE,
    SEGMENT,
    SNOWFLAKE,
    filled,
    mapped,
    new_form,
    rows,
    said,
    shown,
)

PEM = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKC\n-----END PUBLIC KEY-----"
ROLE = "arn:aws{}:iam::123456789012:role/export"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


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
    def test_surrounding_spaces_quotes_and_invisible_characters_are_removed(self, typed: str) -> None:
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

    @pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x7f", "\x85", "a\nb", "\u202e", "\u2066"], ids=ascii)
    @pytest.mark.parametrize("name", ["project", "environment", "name", "config-stream_name"])
    def test_a_control_character_in_a_value_is_refused(self, name: str, character: str) -> None:
        form = filled(KINESIS, {name: f"a{character}b"})

        assert not form.is_valid()
        assert form.errors[name] == ["This holds a line break or a control character. Paste it again, or type it."]

    @pytest.mark.parametrize("secret", ["key\nrest", "\0", "key\x1b"], ids=ascii)
    def test_a_control_character_in_a_secret_is_refused(self, secret: str) -> None:
        form = filled(SEGMENT, {"config-write_key": secret})

        assert "control character" in said(form, "config-write_key")

    @pytest.mark.parametrize(("secret", "message"), [("", "Enter the write key."), ("   ", "This has only spaces.")])
    def test_a_secret_has_to_be_there(self, secret: str, message: str) -> None:
        form = filled(SEGMENT, {"config-write_key": secret})

        assert message in said(form, "config-write_key")

    def test_a_text_of_several_lines_may_have_them(self) -> None:
        key = "-----BEGIN PUBLIC KEY-----\r\n" + "MIIBIjANBgkqhkiG9w0BAQEF\r\n" * 3 + "-----END PUBLIC KEY-----"

        form = filled(SNOWFLAKE, {"config-public_key": key})

        assert form.is_valid(), form.errors
        assert form.values()["public_key"] == key


class TestRows:
    """Rows of texts: whatever their numbers, only the filled ones count, and each mistake is named."""

    @pytest.mark.parametrize(
        "data",
        [
            rows(("user", "customer_id"), ("device", "other")),
            rows(("user", "customer_id"), start=3) | rows(("device", "other"), start=17),
            rows(("device", "other"), start=9) | rows(("user", "customer_id"), start=2),
            rows(("", ""), ("user", "customer_id"), (" ", "\t"), ("device", "other"), ("", "")),
            rows(('"user"', " customer_id "), ("device\u200b", "“other”")),
        ],
        ids=["plain", "gaps", "by their numbers", "empty rows", "to be tidied"],
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
        assert mapped(rows(("user", "email")) | {"config-user_identity": "email"}).is_valid()
        assert mapped(rows(("device", "email")) | {"config-user_identity": "customer_id"}).is_valid()

    def test_two_different_mappings_of_users_are_refused(self) -> None:
        form = mapped(rows(("device", "other"), ("user", "email")) | {"config-user_identity": "customer_id"})

        [problem] = form.problems()
        assert problem.message == "The mapping above has another value for user. Leave this field empty."
        assert problem.anchor == form["config-user_identity"].id_for_label

    def test_an_identity_type_that_mparticle_does_not_list_is_a_warning(self) -> None:
        form = mapped(rows(("user", "custmer_id")))

        assert form.is_valid()
        [warning] = form.unconfirmed()
        assert warning.message == (
            "Row 1, mParticle identity: mParticle doesn’t list this identity type. Check its spelling."
        )

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
        page = shown(new_form(MPARTICLE))

        assert "id_mparticle-user_identities-0-context_kind" in page.ids


class TestVendorRules:
    """What vendors write in another way is sent in one; what is only unusual is a warning."""

    @pytest.mark.parametrize(
        ("kind", "field", "typed", "sent"),
        [
            (
                SNOWFLAKE,
                "snowflake_host_address",
                "https://MYORG-Account123.SnowflakeComputing.com/",
                "https://myorg-account123.snowflakecomputing.com",
            ),
            (SNOWFLAKE, "public_key", PEM.replace("\n", r"\n"), PEM),
            (SNOWFLAKE, "public_key", PEM, PEM),
        ],
        ids=["host", "PEM on one line", "PEM"],
    )
    def test_another_spelling_is_normalized(self, kind: Kind, field: str, typed: str, sent: str) -> None:
        form = filled(kind, {f"config-{field}": typed})

        assert form.is_valid(), form.errors
        assert form.values()[field] == sent

    @pytest.mark.parametrize(
        ("kind", "typed", "words"),
        [
            (EVENT_HUBS, {"policy_name": "p" * 51}, ["Azure documents at most 50 characters"]),
            (EVENT_HUBS, {"policy_name": "p" * 50}, []),
            (SNOWFLAKE, {"snowflake_host_address": "https://a1.us-gov-west-1.snowflakecomputing.mil"}, ["government"]),
            (SEGMENT, {"user_id_context_kind": "", "anonymous_id_context_kind": ""}, ["Without a context kind"]),
            (SEGMENT, {"anonymous_id_context_kind": ""}, []),
            (
                KINESIS,
                {"region": "eusc-de-east-1", "role_arn": ROLE.format("-eusc")},
                ["another AWS partition", "list"],
            ),
            (KINESIS, {"region": "us-east-1", "role_arn": ROLE.format("-eusc")}, ["in different AWS partitions"]),
            (KINESIS, {"region": "us-east-1", "role_arn": ROLE.format("-iso-b")}, ["in different AWS partitions"]),
            (
                KINESIS,
                {"region": "us-iso-east-1", "role_arn": ROLE.format("-iso-b")},
                ["another AWS partition", "list", "different isolated AWS partitions"],
            ),
            (
                KINESIS,
                {"region": "us-isob-east-1", "role_arn": ROLE.format("-iso-b")},
                ["another AWS partition", "list"],
            ),
        ],
    )
    def test_what_is_only_unusual_is_a_warning(self, kind: Kind, typed: dict[str, str], words: list[str]) -> None:
        form = filled(kind, {f"config-{name}": text for name, text in typed.items()})

        assert form.is_valid(), form.errors
        messages = [warning.message for warning in form.unconfirmed()]
        assert len(messages) == len(words), messages
        assert all(word in message for word, message in zip(words, messages, strict=True)), messages
