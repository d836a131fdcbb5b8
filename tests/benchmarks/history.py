"""The history's pages beside Django admin's list over the same table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from urllib.parse import urlencode

from tests.benchmarks.seed import BEGIN, PEOPLE, YEARS
from tests.benchmarks.serving import Timing, Visitor

#: Where Django admin's list is.
ADMIN = "/neighbour/destinations_ui/auditrecord/"
MIDDLE = (BEGIN + YEARS / 2).date()
#: Filter → a value that many records have, and one that few have.
VALUES = {
    "q": ("events", "OPS-12345", "no such words"),
    "kind": ("kinesis", "mparticle"),
    "outcome": ("succeeded", "unknown"),
    "project": ("checkout-web", "support-reports"),
    "environment": ("production", "load-test"),
    "person": (PEOPLE[160], PEOPLE[299]),
    "since": (str(MIDDLE),),
    "until": (str(MIDDLE.replace(year=MIDDLE.year + 1)),),
}


@dataclass(frozen=True)
class Case:
    """A page of the history, and the same of the admin's list; none where that has no such filter."""

    name: str
    page: str
    admin: str | None


def cases(count: int) -> Iterator[Case]:
    """Yield the pages that are compared one by one, with ``count`` records in the table."""
    last = (count - 1) // 50 + 1

    def asked(name: str, page: Mapping[str, object], admin: Mapping[str, object] | None) -> Case:
        return Case(name, f"/history/?{urlencode(page)}", None if admin is None else f"{ADMIN}?{urlencode(admin)}")

    yield asked("first page", {}, {})
    yield asked("page in the middle", {"before": count // 2}, {"p": last // 2})
    yield asked("last page", {"after": 0}, {"p": last})
    for number, rarity in ((160, "busy"), (299, "rare")):
        person = PEOPLE[number]
        yield asked(f"{rarity} person", {"person": person}, {"actor__exact": person})
    yield asked("outcome unknown", {"outcome": "unknown"}, {"outcome__exact": "unknown"})
    yield asked("text in all", {"q": "events"}, {"q": "events"})
    yield asked("text in few", {"q": "OPS-12345"}, {"q": "OPS-12345"})
    yield asked("text in none", {"q": "no such words"}, {"q": '"no such words"'})
    day = {"created_at__year": MIDDLE.year, "created_at__month": MIDDLE.month, "created_at__day": MIDDLE.day}
    yield asked("a day", {"since": MIDDLE, "until": MIDDLE}, day)
    year = {"since": f"{MIDDLE.year}-01-01", "until": f"{MIDDLE.year}-12-31"}
    yield asked("a year", year, {"created_at__year": MIDDLE.year})


def combined(count: int, most: int) -> Iterator[str]:
    """Yield pages with up to so many filters together, in every combination: the first, a middle and the last."""
    for size in range(1, most + 1):
        for names in combinations(VALUES, size):
            for values in product(*(VALUES[name] for name in names)):
                filters = dict(zip(names, values, strict=True))
                for place in ({}, {"before": count // 2}, {"after": 0}):
                    yield f"/history/?{urlencode(filters | place)}"


def compare(
    visitor: Visitor, neighbour: Visitor, count: int, times: int
) -> Iterator[tuple[Case, Timing, Timing | None]]:
    """Yield each page with the times of both."""
    for case in cases(count):
        ours = visitor.timed(case.page, times)
        yield case, ours, neighbour.timed(case.admin, max(1, times // 50)) if case.admin else None
