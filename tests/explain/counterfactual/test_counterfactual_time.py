"""A search ends soon after its time, however long one scoring or one edit takes; the clock is a fake."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from explain.counterfactual import scoring
from explain.counterfactual.effects import Effect, realise
from explain.counterfactual.types import SearchOptions, SearchResult, StopReason
from models.change.types import Diff
from models.classify.protocol import Prediction
from tests.explain.counterfactual.toys import Toy, linear, lines_of, result_of

STEP = 3.0
LINES = [f"line {n}" for n in range(40)]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(scoring, "monotonic", made)
    return made


def slow(clock: Clock, weights: dict[str, float]) -> Toy:
    """A classifier that takes ``STEP`` seconds a diff."""

    class Slow(Toy):
        def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
            clock.now += STEP * len(diffs)
            return super().predict(diffs)

    return Slow(linear(weights, 1.0).margin)


def test_a_big_change_is_scored_in_small_calls_with_a_look_at_the_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "_AT_ONCE", 100)
    toy = slow(clock, {})
    result = result_of(lines_of(*LINES), toy, SearchOptions(seconds=10.0, operators=("revert-line",)))
    assert result.stopped is StopReason.TIME
    assert result.seconds <= 10.0 + STEP
    assert set(toy.batches) == {1}
    assert result.queries == len(toy.seen) == 4
    assert result.coverage[0].scored == 3


def test_a_flip_in_a_batch_that_ran_out_of_time_is_kept(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "_AT_ONCE", 100)
    toy = slow(clock, {"line 30 is long": 3.0, **dict.fromkeys(LINES, -0.05)})
    result = result_of(lines_of(*LINES, "line 30 is long"), toy, SearchOptions(seconds=8.0, operators=("revert-line",)))
    assert len(result.counterfactuals) == 1
    assert result.seconds <= 8.0 + STEP
    assert len(toy.seen) == 3


def test_small_changes_are_scored_a_batch_at_once(clock: Clock) -> None:
    toy = slow(clock, {})
    result_of(lines_of(*LINES), toy, SearchOptions(seconds=1000.0, max_edits=1, operators=("revert-line",)))
    assert toy.batches[:3] == [1, 16, 24]


def test_making_the_edits_counts_as_time_too(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(diff: Diff, effect: Effect) -> Diff:
        clock.now += 5.0
        return realise(diff, effect)

    monkeypatch.setattr(scoring, "realise", late)
    result: SearchResult = result_of(lines_of(*LINES), linear({}, 1.0), SearchOptions(seconds=10.0, operators=("revert-line",)))
    assert result.stopped is StopReason.TIME
    assert result.seconds <= 10.0 + 5.0
