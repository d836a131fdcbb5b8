"""A secret that LaunchDarkly sends back is concealed, in any encoding and anywhere in a response."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from django.contrib.auth.models import User
from hypothesis import given, settings
from hypothesis import strategies as st

from destinations_ui.audit.models import AuditRecord, Event
from destinations_ui.conf.secret import Secret
from destinations_ui.destinations import actions
from destinations_ui.launchdarkly import LaunchDarkly
from destinations_ui.launchdarkly.concealment import DOTS, Concealer
from destinations_ui.launchdarkly.errors import BadResponse
from destinations_ui.sandbox import SandboxServer, Status
from tests.launchdarkly.client import failure
from tests.support.attempts import attempt
from tests.support.environment import MARKER_TOKEN

DESTINATIONS = "/api/v2/destinations"
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=8, max_size=40)
#: Every character changes in some encoding; ``%41`` itself looks encoded.
MARKER = 'Marker&/wi+th"odd"=<chars>%41\\ é\U0001f600'

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "JSON": json.dumps,
    "JSON twice": lambda text: json.dumps(json.dumps(text)),
    "JSON with an escaped slash": lambda text: text.replace("/", "\\/"),
    "JSON with escaped ampersands": lambda text: text.replace("&", "\\u0026").replace("<", "\\u003C"),
    "only numbers of characters": lambda text: "".join(f"\\u{ord(each):04x}" for each in text if ord(each) < 65536),
    "JavaScript": lambda text: "".join(f"\\u{{{ord(each):x}}}" for each in text),
    "percent": lambda text: quote(text, safe=""),
    "percent, each byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent three times": lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    "a form": quote_plus,
    "HTML": html.escape,
    "HTML, decimal": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(each):X};" for each in text),
    "HTML of JSON": lambda text: html.escape(json.dumps(text)),
    "JSON of HTML": lambda text: json.dumps(html.escape(text)),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of more": lambda text: base64.b64encode(f"k={text};".encode()).decode(),
    "base64 of still more": lambda text: base64.urlsafe_b64encode(f"ke={text}".encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(f"{'x' * 50}{text}{'y' * 50}".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "broken into lines": lambda text: f"{text[:9]}\n  {text[9:]}",
}


def disclosed(shown: str, marker: str = MARKER) -> bool:
    """Return whether a text holds half of a marker or more, in any of the encodings."""
    half = len(marker) // 2
    parts = [marker[start : start + half] for start in range(len(marker) - half)]
    return any(encode(part).strip('"') in shown for part in parts for encode in ENCODINGS.values())


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_a_secret_in_any_encoding_is_concealed_and_the_rest_kept(encode: Callable[[str], str]) -> None:
    marker = MARKER.replace("\U0001f600", "") if encode is ENCODINGS["only numbers of characters"] else MARKER
    shown = Concealer([Secret(marker)]).text(f"Bad value {encode(marker)} in field.")

    assert DOTS in shown
    assert not disclosed(shown, marker)
    assert shown == DOTS or shown.startswith("Bad value ")


@pytest.mark.parametrize("text", ["100% wrong: \\d &amp; %zz &copy; a=10.", "", "••••", "C:\\new\\u00", "\\ud83d"])
def test_a_text_without_a_secret_is_not_changed(text: str) -> None:
    assert Concealer([Secret("another-secret-value")]).text(text) == text


@pytest.mark.parametrize("before", [b"x", b"xx"])
def test_a_secret_of_seven_characters_is_found_within_base64(before: bytes) -> None:
    encoded = base64.b64encode(before + b"s3cr3t!" + b"after").decode()
    assert Concealer([Secret("s3cr3t!")]).text(f"It was {encoded}.") == f"It was {DOTS}."


def test_a_text_encoded_too_many_times_is_not_shown() -> None:
    assert Concealer([Secret("secret")]).text("secre%" + "25" * 50 + "74") == DOTS


def test_keys_and_values_at_any_depth_are_concealed() -> None:
    concealed = Concealer([Secret("marker-one")])({"marker-one": [{"a": "x marker%2Done"}, 5, None]})
    assert concealed == {DOTS: [{"a": f"x {DOTS}"}, 5, None]}


@settings(derandomize=True)
@given(PRINTABLE, st.lists(st.sampled_from(list(ENCODINGS.values())[3:18]), max_size=3))
def test_a_secret_in_mixed_encodings_is_concealed(secret: str, encodings: list[Callable[[str], str]]) -> None:
    text = secret = f"marker{secret}"
    for encode in encodings:
        text = encode(text) if encode is not ENCODINGS["only numbers of characters"] else text
    assert secret not in Concealer([Secret(secret)]).text(text)
    assert DOTS in Concealer([Secret(secret)]).text(text)


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("status", [201, 400, 502])
@pytest.mark.django_db
def test_no_field_of_a_response_leaks_a_secret_to_record_or_page(
    status: int, encode: Callable[[str], str], operator: User, sandbox: SandboxServer
) -> None:
    marker = "Marker&/wi+th=odd<chars>"
    values = {**attempt(operator, "segment").values, "write_key": Secret(marker)}
    echo = encode(marker)
    body: dict[str, object] = {"_id": echo, "code": echo, "message": f"Bad {echo}", "id": echo, echo: [echo]}
    sandbox.script("POST", DESTINATIONS, Status(status, body))

    result = actions.create_destination(attempt(operator, "segment", values=values))

    record = AuditRecord.objects.get()
    stored = json.dumps([str(value) for value in vars(record).values()], ensure_ascii=False)
    events = "".join(Event.objects.values_list("body", flat=True))
    error = "" if result.error is None else f"{vars(result.error)}{result.error}"
    assert not disclosed(stored + events + error, marker)
    assert record.outcome == {201: "unknown", 400: "refused", 502: "unknown"}[status]


def test_the_token_is_concealed_in_lists_too(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    sandbox.script("GET", DESTINATIONS, Status(200, {"items": [{"_id": "a", "name": f"x {quote(MARKER_TOKEN)}"}]}))
    [found] = client.destinations()
    assert found.name == f"x {DOTS}"


def test_ids_listed_before_a_post_hold_no_secret(sandbox: SandboxServer, client: LaunchDarkly) -> None:
    link = {"self": {"href": "/api/v2/destinations/web-shop/staging/x"}}
    sandbox.script("GET", DESTINATIONS, Status(200, {"items": [{"_id": "id-marker-one", "_links": link}]}))
    sandbox.script("POST", DESTINATIONS, Status(500))
    error = failure(client, conceal=(Secret("marker-one"),))
    assert isinstance(error, BadResponse)
    assert error.before == []
