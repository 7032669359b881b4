"""What is protected stays as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from explain.counterfactual.operators import OPERATORS, effect_of
from explain.counterfactual.protect import protected_units
from explain.counterfactual.recount import offered, touches
from explain.counterfactual.search import search
from explain.counterfactual.types import OPERATOR_NAMES, Edit, Minimality, SearchOptions, StopReason
from explain.counterfactual.verify import verify
from models.change.parse import parse
from models.change.types import Unit
from models.errors import UsageError
from tests.explain.counterfactual.toys import diff_of, linear, run

DIFF = diff_of({"src/a.txt": [["+one", "-two", "+three"], ["+four"]], "b.txt": [["+five", "+six"]]})
NAMED = parse("diff --git a/x.txt b/y.txt\nsimilarity index 100%\nrename from x.txt\nrename to y.txt\n", "why\n\nbecause")


@pytest.mark.parametrize(
    ("pattern", "units"),
    [
        ("message", {Unit(-1, -1, 0)}),
        ("b.txt", {Unit(1), Unit(1, 0, 1), Unit(1, 0, 2)}),
        ("src/*:2", {Unit(0, 0, 1), Unit(0, 0, 2)}),
        ("src/a.txt:3-40", {Unit(0, 0, 3), Unit(0, 1, 1)}),
        ("src/?.txt:2-3", {Unit(0, 0, 1), Unit(0, 0, 2), Unit(0, 0, 3)}),
    ],
)
def test_patterns(pattern: str, units: set[Unit]) -> None:
    assert protected_units(DIFF, (pattern,)) == units


def test_names_and_messages() -> None:
    assert protected_units(NAMED, ("x.txt", "message")) == {Unit(0), Unit(-1, -1, 0), Unit(-1, -1, 1), Unit(-1, -1, 2)}


@pytest.mark.parametrize("pattern", ["c.txt", "b.txt:99", "b.txt:5-1", "", "src/a.txt:x", "b.txt:"])
def test_what_names_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="to protect"):
        protected_units(DIFF, (pattern,))
    with pytest.raises(UsageError, match="to protect"):
        list(search(DIFF, linear({}), SearchOptions(protect=(pattern,))))


@pytest.mark.parametrize("operator", OPERATOR_NAMES)
@pytest.mark.parametrize("patterns", [("message",), ("b.txt",), ("src/a.txt:1-3",), ("*",)])
def test_the_verifier_counts_the_same_edits(operator: str, patterns: tuple[str, ...]) -> None:
    kept = protected_units(DIFF, patterns)
    offers = OPERATORS.get(operator).offers(DIFF).items()
    mine = {(edit.unit, edit.replacement) for edit, effect in offers if not effect.lines & kept}
    assert mine == {key for key, change in offered(DIFF, operator).items() if not touches(change, kept)}


def test_the_search_finds_a_way_around() -> None:
    toy = linear({"five": 2.0, "one": 1.5, "three": 1.5}, -2.9)
    options = SearchOptions(operators=("revert-line",), protect=("b.txt",))
    best = run(search(DIFF, toy, options))[1].counterfactuals[0]
    effect = effect_of(DIFF, best.edits)
    assert effect is not None
    assert {unit.file for unit in effect.lines} == {0}
    assert best.certificate.minimality is Minimality.CARDINALITY
    assert "outside of what is protected" in best.certificate.statement
    assert verify(DIFF, best, toy).ok
    lie = replace(best, edits=(Edit("revert-line", Unit(1, 0, 1)),))
    assert any("offers no edit" in reason for reason in verify(DIFF, lie, toy).reasons)


def test_everything_protected_leaves_nothing_to_find() -> None:
    result = run(search(DIFF, linear({"five": 2.0}, -1.0), SearchOptions(protect=("*", "message"))))[1]
    assert (result.stopped, result.queries, result.counterfactuals) == (StopReason.EXHAUSTED, 1, ())
