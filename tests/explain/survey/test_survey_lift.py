"""Counting against lots: every chance and p-value from enumeration."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product
from math import isclose, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain.counterfactual.types import Edit
from explain.survey.feature import Feature, path_parts
from explain.survey.lift import CODE, LEAST, SILENT, Lot, at_least, drawn, held, lifts
from models.change.parse import parse
from models.change.types import Unit
from tests.explain.survey.survey_toys import patch

WORD = Feature("added", "word")
TWO = """\
--- a/src/a.c
+++ b/src/a.c
@@ -1,2 +1,4 @@
-old word
+word one
+word two
+three
 same
"""


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))))
def test_a_lot_misses_as_often_as_counting_says(sizes: tuple[int, int, int]) -> None:
    total, taken, holding = sizes
    draws = list(combinations(range(total), taken))
    missed = sum(all(item >= holding for item in draw) for draw in draws)
    assert isclose(Lot(total, taken, {WORD: holding}).missed(WORD), missed / len(draws))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=7), st.integers(0, 8))
def test_at_least_is_the_sum_over_all_outcomes(chances: list[float], count: int) -> None:
    total = 0.0
    for outcome in product((0, 1), repeat=len(chances)):
        if sum(outcome) >= count:
            total += prod(chance if hit else 1 - chance for hit, chance in zip(outcome, chances, strict=True))
    assert isclose(at_least(count, chances), min(1.0, total), abs_tol=1e-9)


def test_sides_are_lots_of_their_own() -> None:
    diff = parse(TWO, "say word")
    lots = drawn(diff, (Edit("revert-line", Unit(0, 0, 1)),))
    assert lots.hit == {WORD, Feature("added", "one"), Feature("line", CODE), *path_parts("src/a.c")}
    chances = dict(lots.chances())
    assert chances[WORD] == pytest.approx(2 / 3)
    assert chances[Feature("added", "three")] == pytest.approx(1 / 3)
    assert chances[Feature("path", "src/")] == 1.0
    assert Feature("removed", "word") not in chances  # no removed line was taken


def test_sorts_of_line_are_counted_like_words() -> None:
    diff = parse(patch("a.c", "// word", "", "code(1);", "code(2);", "code(3);"), "")
    lots = drawn(diff, (Edit("revert-line", Unit(0, 0, 1)), Edit("revert-line", Unit(0, 0, 3))))
    assert {one.text for one in lots.hit if one.where == "line"} == {SILENT, CODE}
    chances = dict(lots.chances())
    assert chances[Feature("line", SILENT)] == pytest.approx(1 - 3 / 10)  # three pairs of five lines are code alone
    assert chances[Feature("line", CODE)] == pytest.approx(1 - 1 / 10)
    assert {one for one in held(diff) if one.where == "line"} == {Feature("line", SILENT), Feature("line", CODE)}


def test_words_of_the_message_and_of_lines_are_lots_of_their_own() -> None:
    diff = parse(TWO, "Say word")
    cut = drawn(diff, (Edit("cut-message", Unit(-1, -1, 0, 3, 8), ""),))
    assert cut.hit == {Feature("message", "word")}
    assert dict(cut.chances()) == {Feature("message", "say"): 0.5, Feature("message", "word"): 0.5}
    deleted = drawn(diff, (Edit("delete-word", Unit(0, 0, 1, 0, 4), ""),))
    assert WORD in deleted.hit
    assert dict(deleted.chances())[WORD] == pytest.approx(2 / 5)


def test_held_is_all_that_a_change_has() -> None:
    found = held(parse(TWO, "Say"))
    assert {Feature("message", "say"), WORD, Feature("removed", "old"), Feature("path", "*.c")} <= found
    assert Feature("added", "same") not in found


def test_parts_of_paths() -> None:
    assert {one.text for one in path_parts("src/net/tcp.c")} == {"src/", "net/", "tcp.c", "*.c"}
    assert {one.text for one in path_parts("Makefile")} == {"Makefile"}
    assert {one.text for one in path_parts(".gitignore")} == {".gitignore"}


def test_lifts_are_adjusted_for_all_that_was_tested() -> None:
    rare, common, few = Feature("added", "rare"), Feature("added", "common"), Feature("added", "few")
    chances = {rare: [0.1] * 10, common: [0.9] * 10, few: [0.1] * (LEAST - 1)}
    first, *others = lifts(Counter({rare: 8, common: 9, few: 4}), Counter({rare: 12}), chances)
    assert (first.feature, first.flips, first.flagged, first.lift) == (rare, 8, 12, pytest.approx(8.0))
    assert first.p == pytest.approx(2 * at_least(8, [0.1] * 10))
    assert {one.feature: one.p is None for one in others} == {common: False, few: True}


def test_words_by_chance_do_not_stand_out() -> None:
    chances = {Feature("added", f"w{n}"): [0.5] * 20 for n in range(200)}
    hits = Counter({feature: 14 if n == 0 else 10 for n, feature in enumerate(chances)})
    assert at_least(14, [0.5] * 20) < 0.06
    assert min(one.p for one in lifts(hits, Counter(), chances)) > 0.5


def test_hostile_words_are_kept_short() -> None:
    assert max(len(one.text) for one in held(parse(patch("a.c", "x" * 5000), ""))) == 60
