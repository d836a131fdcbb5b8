"""Setup commands, in which every value stays within its quotes."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations_ui import kinds
from destinations_ui.kinds import Field, Kind, Mark, SpecError
from destinations_ui.kinds.spec.setup_guides import SetupGuide, fill
from tests.support.attempts import KINDS

GUIDES = [(kind, guide) for kind in KINDS for guide in kind.setup_guides]
each_guide = pytest.mark.parametrize(
    ("kind", "guide"), GUIDES, ids=[f"{kind.slug}: {guide.title}" for kind, guide in GUIDES]
)
SOURCE = "https://example.com/pigeons"


def examples(kind: Kind) -> dict[str, str]:
    """Return the examples of a kind's plain fields."""
    return {field.name: field.example for field in kind.fields if field.example and not field.secret}


def made(language: str, text: str) -> SetupGuide:
    """Return a guide with this text."""
    return SetupGuide(title="A loft", about="Builds it.", language=language, text=text, source=SOURCE)


@each_guide
def test_a_guide_with_every_value_has_no_placeholders(kind: Kind, guide: SetupGuide) -> None:
    filled = fill(guide, examples(kind))

    assert filled.missing == ()
    assert "<<" not in filled.text
    assert guide.about.endswith(".")
    if guide.language == "JSON":
        json.loads(filled.text)
    if guide.language == "Shell":
        shlex.split(filled.text)


@each_guide
def test_a_missing_value_is_a_named_placeholder_in_capitals(kind: Kind, guide: SetupGuide) -> None:
    filled = fill(guide, {})

    assert set(filled.missing) == guide.fields()
    assert "<<" not in filled.text
    if guide.language == "JSON":
        json.loads(filled.text)


def test_each_value_has_its_place() -> None:
    texts = {guide.title: fill(guide, examples(kind)).text for kind, guide in GUIDES}

    assert json.loads(texts["The role’s permissions on the stream"])["Statement"][0] == {
        "Effect": "Allow",
        "Action": ["kinesis:PutRecord", "kinesis:PutRecords"],
        "Resource": "arn:aws:kinesis:us-east-1:123456789012:stream/cat-stream",
    }
    assert "--role-name=marketingadmin --path=/" in texts["The role"]
    assert "--rights Send" in texts["The policy, with only the Send permission"]
    assert (
        "--namespace-name=contoso-events --eventhub-name=launchdarkly"
        in texts["The policy, with only the Send permission"]
    )
    assert (
        "topics add-iam-policy-binding launchdarkly-events --project=acme-analytics" in texts["Permission to publish"]
    )
    assert "35.192.85.117" in texts["The network policy"]


def test_a_role_of_another_partition_or_with_a_path_is_parsed() -> None:
    kinesis = kinds.registry()["kinesis"]
    values = {
        "region": "us-gov-west-1",
        "stream_name": "s",
        "role_arn": "arn:aws-us-gov:iam::210987654321:role/team/data/writer",
    }
    texts = {guide.title: fill(guide, values).text for guide in kinesis.setup_guides}

    assert (
        '"arn:aws-us-gov:kinesis:us-gov-west-1:210987654321:stream/s"' in texts["The role’s permissions on the stream"]
    )
    assert "--role-name=writer --path=/team/data/" in texts["The role"]


@given(st.text(min_size=1))
def test_no_value_breaks_out_of_its_quotes(value: str) -> None:
    shell = fill(made("Shell", "loft --ring <<ring>> --end"), {"ring": value}).text
    assert shlex.split(shell) == ["loft", "--ring", value, "--end"]
    assert json.loads(fill(made("JSON", '{"ring": <<ring>>}'), {"ring": value}).text) == {"ring": value}
    sql = fill(made("SQL", "RING = <<ring>>;"), {"ring": value}).text
    literal = re.fullmatch(r"RING = '((?:[^'\\]|''|\\\\)*)';", sql)
    assert literal
    assert literal[1].replace("''", "'").replace("\\\\", "\\") == value


def test_a_guide_with_a_secret_or_without_a_source_is_refused() -> None:
    plain = Field(name="ring", api="ring", label="Ring", help="On its leg.", example="r-1")
    secret = Field(name="key", api="key", label="Key", help="Under the mat.", example="k-1", secret=True)

    def kind(text: str) -> Kind:
        return Kind(
            slug="carrier-pigeon",
            label="Carrier pigeon",
            summary="By air.",
            docs=SOURCE,
            mark=Mark("EH", "#0b62b8"),
            fields=(plain, secret),
            setup_guides=(made("Shell", text),),
        )

    assert kind("loft <<ring>>").setup_guides
    for text in ("loft <<key>>", "loft <<nest>>"):
        with pytest.raises(SpecError, match="no plain field"):
            kind(text)
    with pytest.raises(SpecError, match="https source"):
        SetupGuide(title="A loft", about="Builds it.", language="Shell", text="", source="http://example.com")
    with pytest.raises(SpecError, match="language"):
        SetupGuide(title="A loft", about="Builds it.", language="Cobol", text="", source=SOURCE)
