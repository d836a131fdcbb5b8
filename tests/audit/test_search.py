"""The search index finds the same records as a scan of the table."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from destinations_ui.audit import search, search_index
from destinations_ui.audit.models import AuditRecord, Outcome
from destinations_ui.audit.search import midnight, numbers
from destinations_ui.audit.search_index import EXACT, SEARCHED
from tests.support.attempts import new_record, record
from tests.support.unguarded import unguarded

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
FIRST = datetime.date(2026, 2, 27)
#: Few and alike, so that they meet; with what LIKE, FTS5 and SQL write in their own way.
WORDS = st.sampled_from(
    [
        "web",
        "web-shop",
        "Web Shop",
        "shop",
        "we",
        "ß",
        "É",
        "é",
        "%",
        "_",
        '"',
        "\\",
        "'",
        "*",
        "OR",
        'a"b',
        "eb-",
        "漢字",
    ]
)
TEXTS = st.one_of(WORDS, st.lists(WORDS, min_size=2, max_size=4).map("".join), st.text('ab%_"* ', max_size=5))
HOSTILE = [
    "%",
    "_",
    '"',
    '""',
    "NEAR(",
    'NEAR("a" "b")',
    "*",
    "a*",
    "name:x",
    "a OR b",
    "^a",
    "-a",
    "{a b}",
    "\\",
    "';--",
    "(",
    ")",
]

records: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    name=TEXTS,
    project=WORDS,
    environment=WORDS,
    actor=WORDS,
    kind=st.sampled_from(["kinesis", "segment"]),
    outcome=st.sampled_from(["succeeded", "refused", "unknown", "pending"]),
    reason=TEXTS,
    error_message=TEXTS,
    # In any order: a clock may be set back.
    created_at=st.integers(0, 5 * 24).map(lambda hours: midnight(FIRST) + datetime.timedelta(hours=hours)),
)
days = st.integers(-1, 6).map(lambda number: FIRST + number * DAY)
filters = st.fixed_dictionaries(
    {},
    optional={
        "q": TEXTS.filter(bool),
        "project": WORDS,
        "environment": WORDS,
        "person": WORDS,
        "kind": st.sampled_from(["kinesis", "segment", "other"]),
        "outcome": st.sampled_from(["succeeded", "refused", "absent", "unresolved"]),
        "since": days,
        "until": days,
    },
)


def scanned(asked: dict[str, Any]) -> QuerySet[AuditRecord]:
    """Return what matches by a scan with Django's own lookups."""
    equal = {f"{column}__in": search.group(name, asked[name]) for name, column in EXACT.items() if name in asked}
    found = AuditRecord.objects.filter(**equal)
    if "since" in asked:
        found = found.filter(created_at__gte=midnight(asked["since"]))
    if "until" in asked:
        found = found.filter(created_at__lt=midnight(asked["until"]) + DAY)
    if "q" in asked:
        anywhere = Q()
        for column in SEARCHED:
            anywhere |= Q(**{f"{column}__icontains": asked["q"]})
        found = found.filter(anywhere)
    return found


def found(asked: dict[str, Any], **bounds: Any) -> list[int]:
    """Return the numbers of what the index finds, newest first."""
    wanted = AuditRecord.objects.filter(pk__in=numbers(asked, **bounds))
    return list(wanted.order_by("-pk").values_list("pk", flat=True))


def expected(asked: dict[str, Any]) -> list[int]:
    """Return the numbers of what is to be found, newest first."""
    return list(scanned(asked).order_by("-pk").values_list("pk", flat=True))


@pytest.fixture(params=["as it is", "everything is rare", "everything is common"])
def statistics(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the index take each of its ways to the same result."""
    if request.param == "everything is rare":
        monkeypatch.setattr(search, "COMMON", 10_000)
        monkeypatch.setattr(search, "TRIED", 1)
    if request.param == "everything is common":
        monkeypatch.setattr(search, "COMMON", -1)


class TestResults:
    """They are those of a scan."""

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(made=st.lists(records, min_size=1, max_size=12), asked=st.lists(filters, min_size=1, max_size=6))
    @pytest.mark.usefixtures("statistics")
    def test_any_filters_find_what_a_scan_finds(self, made: list[dict[str, Any]], asked: list[dict[str, Any]]) -> None:
        with transaction.atomic():
            AuditRecord.objects.bulk_create([new_record(**each) for each in made])
            for each in asked:
                every = expected(each)
                assert found(each) == every
                assert found(each, limit=3) == every[:3]
                if every:
                    middle = every[len(every) // 2]
                    assert found(each, limit=3, before=middle) == [pk for pk in every if pk < middle][:3]
                    assert found(each, limit=3, after=middle) == [pk for pk in every if pk > middle][-3:]
            transaction.set_rollback(True)

    @pytest.mark.parametrize("text", HOSTILE)
    @pytest.mark.usefixtures("statistics")
    def test_text_is_never_query_syntax(self, text: str) -> None:
        record(name="plain")
        hit = record(name=f"with {text} in it")

        for asked in ({"q": text}, {"q": text, "kind": "kinesis"}, {"q": f"with {text}", "project": "web-shop"}):
            assert found(asked) == found(asked, limit=5) == [hit.pk]

    def test_filter_values_are_never_query_syntax(self) -> None:
        record()

        for name in EXACT:
            for text in HOSTILE:
                assert found({name: text}, limit=5) == []

    def test_ten_thousand_characters_do_no_harm(self) -> None:
        hit = record(reason="needle " * 2000)

        assert found({"q": "needle " * 1400}, limit=5) == [hit.pk]
        assert found({"q": "noodle " * 1400}, limit=5) == []

    def test_nothing_is_found_across_two_fields(self) -> None:
        record(name="checkout", project="events")

        assert found({"q": "checkoutevents"}) == []

    def test_what_looks_like_the_index_s_own_signs_is_text(self) -> None:
        signs = "".join(map(chr, (983041, 987136, 991232)))
        hit = record(name=f"signs {signs}")
        record()

        assert found({"q": signs}, limit=5) == [hit.pk]
        assert found({"kind": signs}, limit=5) == []


class TestTriggers:
    """Triggers keep the index in step with the records."""

    def test_a_record_is_found_by_its_new_outcome_and_no_more_by_the_old(self) -> None:
        made = record(outcome=Outcome.PENDING)
        AuditRecord.objects.move(
            made.pk, since=Outcome.PENDING, outcome=Outcome.REFUSED, error_message="no such stream"
        )

        assert found({"outcome": "pending"}, limit=5) == []
        assert found({"outcome": "refused"}, limit=5) == found({"q": "such stream"}, limit=5) == [made.pk]

    def test_a_record_that_was_rolled_back_is_not_found(self) -> None:
        with transaction.atomic():
            record(name="taken back")
            transaction.set_rollback(True)

        assert found({"q": "taken back"}, limit=5) == []

    def test_a_record_that_was_deleted_is_gone(self) -> None:
        made, other = record(name="gone soon"), record(name="stays")
        with unguarded(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM destinations_ui_auditrecord WHERE id = %s", [made.pk])

        assert found({"q": "gone soon"}, limit=5) == []
        assert found({"kind": "kinesis"}, limit=5) == [other.pk]

    def test_it_is_rebuilt_from_the_records_that_are_there(self) -> None:
        made = [record(created_at=midnight(FIRST) + number * DAY, name=f"before {number}") for number in (2, 0, 1)]
        search_index.rebuild(connection)

        assert found({"q": "before"}, limit=5) == [each.pk for each in reversed(made)]
        assert found({"until": FIRST}, limit=5) == [made[1].pk]
        later = record(name="after", project=uuid.uuid4().hex)
        assert found({"project": later.project}, limit=5) == [later.pk]

    def test_a_clock_that_jumps_hides_nothing(self) -> None:
        late, early, again = (record(created_at=midnight(FIRST) + number * DAY) for number in (9, 0, 9))

        assert found({"since": FIRST + 9 * DAY}, limit=5) == [again.pk, late.pk]
        assert found({"until": FIRST + DAY}, limit=5) == [early.pk]
