"""Which planted causes are among the highest values, counted on attributions written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from explain.attribution.options import AttributionOptions
from explain.attribution.types import Attribution, UnitValue
from explain.trust.sanity_cascade import explained
from explain.trust.sanity_planted import FIRST, RULES, SECOND
from explain.trust.sanity_recall import belongs, by_chance, estimate, recall
from models.change.types import METRICS_FILE, Diff, Level, LineKind, Unit
from models.classify.protocol import Prediction
from models.encode.types import Side

LINES = tuple(Unit(0, 0, n) for n in range(6))


def attribution(*values: float) -> Attribution:
    """Line n has the n-th value, in two tokens of half of it."""
    halves = [UnitValue(Unit(0, 0, n, at, at + 4), value / 2, Side.ADDED) for n, value in enumerate(values) for at in (0, 4)]
    return Attribution(method="toy", baseline="mask", output=1.0, baseline_output=0.0, tokens=tuple(halves))


@pytest.mark.parametrize(
    ("values", "causes", "share"),
    [
        ((0, 0, 5, 0, 0, 0), [2], 1.0),
        ((0, 6, 5, 0, 0, 0), [2], 0.0),
        ((0, 6, 5, 0, 0, 0), [1, 2], 1.0),
        ((0, 6, 5, 0, 5.5, 0), [1, 2], 0.5),
        ((0, 0, -5, 0, 0, 0), [2], 0.0),
        ((1, 1, 1, 1, 1, 1), [2], 0.0),
        ((0, 0, 0, 0, 0, 0), [1, 2], 0.0),
        ((0, 3, 3, 0, 0, 0), [1, 2], 1.0),
    ],
)
def test_recall_counts_the_causes_among_the_highest(values, causes, share: float) -> None:
    assert recall(attribution(*values), [(LINES[n],) for n in causes], Level.LINE) == share


def test_a_word_is_found_by_any_of_its_tokens_and_counts_once() -> None:
    found = attribution(0, 6, 5, 0, 0, 0)
    whole = (Unit(0, 0, 1, 0, 8),)
    assert recall(found, [whole], Level.TOKEN) == 1.0
    assert recall(found, [whole, (Unit(0, 0, 2, 1, 7),)], Level.TOKEN) == 1.0
    assert recall(found, [(Unit(0, 0, 2, 6, 7),)], Level.TOKEN) == 0.0


def test_what_has_no_value_is_not_found() -> None:
    assert recall(attribution(0, 1), [(Unit(0, 1, 0),)], Level.LINE) == 0.0


def test_any_unit_of_a_cause_stands_for_it() -> None:
    assert recall(attribution(0, 1, 9, 3, 0, 0), [(LINES[1], LINES[2], LINES[3])], Level.LINE) == 1.0


def test_random_order_finds_one_of_six_lines_in_a_sixth() -> None:
    random = Random(1)
    shares = [by_chance(attribution(0, 1, 2, 3, 4, 5), [(LINES[2],)], Level.LINE, random) for _ in range(200)]
    assert sum(shares) / len(shares) == pytest.approx(1 / 6, abs=0.02)


@pytest.mark.parametrize(
    ("unit", "cause", "answer"),
    [
        (Unit(0, 0, 1), Unit(0, 0, 1, 2, 4), True),
        (Unit(0, 0, 1, 3, 9), Unit(0, 0, 1, 2, 4), True),
        (Unit(0, 0, 1, 4, 9), Unit(0, 0, 1, 2, 4), False),
        (Unit(0, 0, 2), Unit(0, 0, 1, 2, 4), False),
        (Unit(0), Unit(0, 0, 1), False),
        (Unit(METRICS_FILE, -1, 3), Unit(METRICS_FILE), True),
        (Unit(METRICS_FILE), Unit(0, 0, 1), False),
    ],
)
def test_where_a_unit_belongs(unit: Unit, cause: Unit, answer: bool) -> None:
    assert belongs(unit, cause) is answer


def test_the_interval_is_that_of_as_many_changes() -> None:
    one = estimate([1.0] * 10)
    assert (one.value, one.high) == (1.0, 1.0)
    assert one.low == pytest.approx(0.7225, abs=1e-3)
    half = estimate([0.5] * 3)
    assert half.value == 0.5
    assert half.low is not None
    assert half.high is not None
    assert half.low < 0.5 < half.high
    assert estimate([]).value is None


class Words:
    """Flags by a rule of planted words, exactly: 3 where it holds, else -3."""

    name = "words"
    digest = "00"
    threshold = 0.5

    def __init__(self, enough: int) -> None:
        """``enough``: how many of the two words it takes."""
        self.enough = enough

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        return tuple(map(self._one, diffs))

    def _one(self, diff: Diff) -> Prediction:
        text = " ".join(line.text for _, line in diff.lines() if line.kind is LineKind.ADDED)
        logit = 3.0 if sum(word in text for word in (FIRST, SECOND)) >= self.enough else -3.0
        return Prediction(logit, logit, 0.5, logit, 1, 1)


@pytest.mark.parametrize(
    ("rule", "enough", "share"), [("one cause", 1, 1.0), ("two redundant causes", 1, 0.0), ("two causes together", 2, 1.0)]
)
def test_occlusion_finds_one_cause_and_two_that_work_together_but_no_redundant_ones(rule: str, enough: int, share: float) -> None:
    questions = next(one for one in RULES if one.name == rule).questions(10, 1)
    found = explained([one.diff for one in questions], Words(enough), AttributionOptions())["occlusion"]
    assert [recall(values, one.causes, Level.LINE) for values, one in zip(found, questions, strict=True)] == [share] * 10
