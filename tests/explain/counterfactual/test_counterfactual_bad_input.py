"""Models that say nothing useful and changes that hold nothing: an honest answer, and never more than was scored."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from explain.counterfactual.core import CoreResult, find_core
from explain.counterfactual.types import OPERATOR_NAMES, SearchOptions, StopReason
from explain.counterfactual.verify import verify, verify_core
from explain.counterfactual.wording import sentence
from models.change.parse import parse
from models.change.types import Diff, Unit
from models.classify.protocol import Prediction
from models.errors import ModelError, UsageError
from tests.explain.counterfactual.toys import Toy, diff_of, lines_of, predicted, result_of, words

TWO = diff_of({"a.c": [["+take lock2", "-old", "+more"]], "b.c": [["+other"]]})
RENAME = parse("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", "")
BINARY = parse("diff --git a/p.png b/p.png\nindex 1111111..2222222 100644\nBinary files a/p.png and b/p.png differ\n", "")
MODE = parse("diff --git a/run b/run\nold mode 100644\nnew mode 100755\n", "")
SAID_ONLY = Diff((), message="fix the lock")
BARE = {"empty": Diff(()), "rename": RENAME, "binary": BINARY, "mode": MODE, "message": SAID_ONLY}


@pytest.mark.parametrize("margin", [1.0, -1.0, 1e-9, 1e30, -1e30, math.inf, -math.inf])
def test_a_model_that_never_moves_is_exhausted_in_words(margin: float) -> None:
    result = result_of(TWO, Toy(lambda there: margin), SearchOptions(max_edits=2, budget=1000))
    assert (result.counterfactuals, result.stopped) == ((), StopReason.EXHAUSTED)
    assert result.closest is not None
    assert result.closest[1].margin == margin
    assert sentence(result).startswith("Nothing was found under which the change would be ")
    assert {one.operator for one in result.coverage} == set(OPERATOR_NAMES)


@pytest.mark.parametrize("name", BARE)
@pytest.mark.parametrize("margin", [1.0, -1.0])
def test_a_change_without_lines_has_no_smaller_edit_and_is_its_own_core(name: str, margin: float) -> None:
    diff = BARE[name]
    result = result_of(diff, Toy(lambda there: margin), SearchOptions())
    assert (result.counterfactuals, result.closest, result.queries) == ((), None, 1)
    assert result.stopped is StopReason.EXHAUSTED
    assert "no part of the change could be taken back alone." in sentence(result)
    *_, last = find_core(diff, Toy(lambda there: margin))
    assert isinstance(last, CoreResult)
    assert last.queries == 1
    assert (last.core.kept if last.core else ()) == ((Unit(0),) if diff.files else ())
    assert last.core is None or verify_core(diff, last.core, Toy(lambda there: margin)).reasons == ()


@pytest.mark.parametrize("operator", ["rename", "cut-message", "delete-word", "keep-removed", "drop-added", "revert-run"])
def test_an_operator_that_offers_nothing_here_asks_for_the_original_only(operator: str) -> None:
    diff = parse("--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n x\n-one two\n+ \n@@ -9 +9,2 @@\n y\n+()\n", "")
    diff = diff if operator not in {"drop-added", "keep-removed", "revert-run"} else lines_of("()")
    result = result_of(diff, Toy(lambda there: 1.0), SearchOptions((operator,)))
    assert (result.stopped, result.queries, result.closest) == (StopReason.EXHAUSTED, 1, None)
    assert sentence(result).endswith(f"by {operator}, no part of the change could be taken back alone.")


class Blind(Toy):
    """Reads nothing of a change: all of it is cut off."""

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        super().predict(diffs)
        return tuple(Prediction(1.0, 0.7, 0.5, 1.0, 0, diff.added, tuple(unit for unit, _ in diff.lines())) for diff in diffs)


def test_a_change_of_which_nothing_is_read_has_no_flip_and_any_line_for_a_core() -> None:
    toy = Blind(lambda there: 0.0)
    result = result_of(TWO, toy, SearchOptions(max_edits=1))
    assert (result.counterfactuals, result.stopped) == ((), StopReason.EXHAUSTED)
    *_, last = find_core(TWO, Blind(lambda there: 0.0))
    assert isinstance(last, CoreResult)
    assert last.core is not None
    assert len(last.core.kept) == 1


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_threshold_that_everything_or_nothing_reaches_has_no_flip(threshold: float) -> None:
    margin = math.inf if threshold == 0 else -math.inf
    toy = Toy(lambda there: 0.0, threshold=threshold)
    toy.predict = lambda diffs: tuple(Prediction(0.3, 0.6, threshold, margin, 1, 1) for _ in diffs)  # type: ignore[method-assign]
    result = result_of(TWO, toy, SearchOptions(max_edits=2, budget=500))
    assert (result.counterfactuals, result.stopped) == ((), StopReason.EXHAUSTED)
    assert sentence(result).endswith(f"threshold {threshold:.3f}.")


@pytest.mark.parametrize("after", [-math.inf, -1e300])
def test_infinite_margins_on_both_sides_are_found_and_verified(after: float) -> None:
    toy = Toy(lambda there: math.inf if {"more", "other"} & there else after)
    (best, *_) = result_of(TWO, toy, SearchOptions(("revert-line",))).counterfactuals
    assert words(TWO) - words(best.diff) == {"more", "other"}
    assert verify(TWO, best, toy).reasons == ()


def test_some_scores_that_are_no_numbers_do_not_hide_a_flip_or_count_as_evidence() -> None:
    margins = {frozenset({"take lock2", "-old", "more"}): math.nan}
    toy = Toy(lambda there: margins.get(there, 1.0 if len(there) > 2 else -1.0))
    result = result_of(TWO, toy, SearchOptions(("revert-line",)))
    assert result.counterfactuals
    for flip in result.counterfactuals:
        assert len(flip.edits) == 2
        assert flip.certificate.minimality.value in {"none", "one-minimal"}
        assert verify(TWO, flip, toy).reasons == ()


@pytest.mark.parametrize("budget", [0, -1, 2_000_000, math.nan])
def test_a_budget_that_is_none_is_refused(budget: float) -> None:
    with pytest.raises(UsageError, match="budget"):
        SearchOptions(budget=budget)  # type: ignore[arg-type]


@pytest.mark.parametrize("operators", [OPERATOR_NAMES, ("revert-line",), ("cut-message",)])
def test_a_budget_of_one_scores_the_original_only(operators: tuple[str, ...]) -> None:
    toy = Toy(lambda there: 1.0)
    result = result_of(TWO, toy, SearchOptions(operators, budget=1))
    assert (toy.batches, result.stopped, result.counterfactuals, result.closest) == ([1], StopReason.BUDGET, (), None)
    assert "after 1 query; nothing was scored in full." in sentence(result)
    *_, last = find_core(TWO, Toy(lambda there: 1.0), SearchOptions(budget=1))
    assert isinstance(last, CoreResult)
    assert (last.stopped, last.queries) == (StopReason.BUDGET, 1)
    assert last.core is not None
    assert (last.core.diff, last.core.minimality.value) == (TWO, "none")


def test_what_a_model_raises_is_not_swallowed() -> None:
    def boom(there: frozenset[str]) -> float:
        if len(there) < 4:
            raise RuntimeError("boom")
        return 1.0

    with pytest.raises(RuntimeError, match="boom"):
        result_of(TWO, Toy(boom))


@pytest.mark.parametrize("ends", [0, 1])
def test_a_model_that_answers_for_too_few_or_many_is_not_believed(ends: int) -> None:
    toy = Toy(lambda there: 0.0)
    toy.predict = lambda diffs: (predicted(1.0),) * (1 if len(diffs) == 1 else len(diffs) - 1 + 2 * ends)  # type: ignore[method-assign]
    with pytest.raises((ValueError, ModelError)):
        result_of(TWO, toy)
