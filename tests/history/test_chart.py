"""The overview's chart."""

from __future__ import annotations

from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from destinations_ui.audit.models import Outcome
from destinations_ui.history.chart import GROUPS, heights


class TestRectangles:
    """The rectangles of the chart."""

    @given(st.lists(st.integers(1, 10_000), min_size=1, max_size=6), st.integers(0, 20_000))
    def test_rectangles_are_visible_and_fit_their_bar(self, counts: list[int], more: int) -> None:
        found = heights(counts, sum(counts) + more)

        assert all(height > 0 for height in found)
        assert sum(found) <= 100.001
        ranked = [height for _, height in sorted(zip(counts, found, strict=True))]
        assert all(lower <= higher + 1e-9 for lower, higher in pairwise(ranked))

    def test_one_attempt_among_thousands_is_visible(self) -> None:
        assert heights([9_998, 1, 1], 10_000) == pytest.approx([72, 14, 14])
        assert heights([200, 100, 100], 400) == pytest.approx([50, 25, 25])

    def test_every_outcome_is_in_one_group(self) -> None:
        assert sorted(chain.from_iterable(GROUPS.values())) == sorted(Outcome)
