"""Faithfulness, agreement and the verdict, on classifiers whose answers are known."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from explain.attribution.options import AttributionOptions
from explain.attribution.run import answer, attribute
from explain.attribution.types import Attribution, UnitValue
from explain.trust.agreement import compared, variants
from explain.trust.ceiling import extremes
from explain.trust.faithfulness import against, faithfulness
from explain.trust.panel import trust, unread
from explain.trust.removal import curves, worth
from explain.trust.types import FRACTIONS, Agreement, Record, Trust, Unread, Word
from explain.trust.verdict import verdict
from explain.trust.wording import conclusion, findings
from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff, Level, LineKind, Unit
from models.classify.protocol import Prediction
from models.encode.types import Side
from tests.explain.attribution.attribution_toys import DIFF, MASK, Attention, Bag, Linear, Size

OPTIONS = AttributionOptions()
LONG = parse("--- a/x\n+++ b/x\n@@ -0,0 +1,30 @@\n" + "".join(f"+word{n}\n" for n in range(30)), message="")


class Words:
    """A logit a word of the added lines, less a half; not differentiable."""

    name, digest, threshold = "words", "00", 0.5

    def __init__(self, worth: dict[str, float], bias: float = -0.5) -> None:
        self.worth, self.bias = worth, bias

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        return tuple(self._one(diff) for diff in diffs)

    def _one(self, diff: Diff) -> Prediction:
        words = {word for _, line in diff.lines() if line.kind is LineKind.ADDED for word in line.text.split()}
        logit = self.bias + sum(self.worth.get(word, 0.0) for word in words)
        return Prediction(logit, 1 / (1 + math.exp(-logit)), 0.5, logit, len(words), len(words))


def explained(diff, model, method="auto", options=OPTIONS) -> Attribution:
    return answer(attribute(diff, model, method, options))


def last(diff, model, attribution, options=OPTIONS) -> Trust:
    *_, found = trust(diff, model, attribution, options)
    return found


def reversed_values(attribution: Attribution) -> Attribution:
    return replace(attribution, tokens=tuple(replace(one, value=-one.value) for one in attribution.tokens))


def test_the_areas_are_the_definition_counted_anew_from_rows_of_ids():
    model, own = Attention(), explained(DIFF, Attention())
    encoded = model.encode(DIFF)
    sign = 1 if model.predict([DIFF])[0].flagged else -1
    where = [i for i, unit in enumerate(encoded.units) if unit is not None and (unit.start >= 0 or unit == Unit(-2))]
    values = {one.unit: one.value for one in own.tokens}
    ranked = sorted(where, key=lambda i: -sign * values[encoded.units[i]])
    whole = model.logits_of_ids([encoded.ids])[0]

    def lost(gone: set[int], deleted: bool) -> float:
        row = [None if i in gone and deleted else MASK if i in gone else one for i, one in enumerate(encoded.ids)]
        return sign * (whole - model.logits_of_ids([tuple(one for one in row if one is not None)])[0])

    counts = [max(1, math.ceil(share * len(where))) for share in FRACTIONS]
    for curve, deleted in zip(curves(DIFF, model, OPTIONS), (False, True), strict=True):
        found = faithfulness(curve, own, extremes(curve, model), 1)
        assert found.comprehensiveness.value == pytest.approx(sum(lost(set(ranked[:k]), deleted) for k in counts) / 5, abs=1e-4)
        assert found.sufficiency.value == pytest.approx(sum(lost(set(ranked[k:]), deleted) for k in counts) / 5, abs=1e-4)


def test_of_a_sum_the_right_values_reach_the_best_order_and_their_opposite_the_worst():
    chance = random.Random(3)
    model = Words({f"word{n}": chance.gauss(0, 1) + 0.3 for n in range(30)})
    own = explained(LONG, model, "occlusion")
    (curve,) = curves(LONG, model, OPTIONS)
    assert curve.removal == "revert"
    right, wrong = (faithfulness(curve, one, extremes(curve, model), 1) for one in (own, reversed_values(own)))
    assert (right.normalised, wrong.normalised) == (1.0, 0.0)
    assert right.above_chance
    assert not wrong.above_chance
    assert right.comprehensiveness.beaten == 1.0
    assert right.sufficiency.value < right.sufficiency.low


def test_a_change_that_is_not_flagged_is_judged_by_what_speaks_against_the_flag():
    model = Words({"word3": -4.0, "word7": 2.0})
    assert not model.predict([LONG])[0].flagged
    (curve,) = curves(LONG, model, OPTIONS)
    assert curve.order(explained(LONG, model, "occlusion"))[0] == 3
    assert curve.comprehensiveness([3, *range(3), *range(4, 30)]) == pytest.approx((4 * 5 - 2) / 5)


def test_values_by_lot_are_not_above_chance():
    model = Words({f"word{n}": 0.2 for n in range(30)})
    chance = random.Random(5)
    own = explained(LONG, model, "occlusion")
    lots = replace(own, tokens=tuple(replace(one, value=chance.random()) for one in own.tokens))
    found = last(LONG, model, lots)
    assert not found.faithfulness[0].above_chance
    assert verdict(found).word is Word.DO_NOT_USE
    assert "no more than by chance" in conclusion(found)


def test_the_ceiling_finds_the_order_of_a_linear_model():
    model = Linear()
    for curve in curves(DIFF, model, OPTIONS)[:1]:
        own = faithfulness(curve, explained(DIFF, model), extremes(curve, model), 1)
        assert own.normalised == pytest.approx(1.0, abs=1e-3)


def test_the_interval_holds_about_95_of_100_further_draws():
    chance, inside = random.Random(1), 0
    for _ in range(1000):
        draws = [chance.gauss(0, 1) for _ in range(13)]
        found = against(draws[0], draws[1:], higher_is_better=True)
        inside += found.low <= draws[0] <= found.high
    assert 930 <= inside <= 970


def test_parts_without_a_value_of_their_own_share_their_lines():
    line = Unit(0, 0, 1)
    tokens = [replace(line, start=n, end=n + 1) for n in range(4)]
    own = Attribution(
        method="occlusion", baseline="mask", output=1, baseline_output=0, tokens=(UnitValue(line, 2.0, Side.ADDED),)
    )
    assert worth(own, tokens) == [0.5] * 4


def test_agreement_is_spearmans_and_the_overlap_of_the_strongest():
    mine = {Unit(0, 0, n): float(n) for n in range(10)}
    cubed = compared("x", mine, {unit: value**3 for unit, value in mine.items()})
    assert (cubed.correlation, cubed.overlap) == (pytest.approx(1.0), 1.0)
    assert compared("x", mine, {unit: -value for unit, value in mine.items()}).correlation == pytest.approx(-1)
    assert compared("x", mine, {unit: 9 - value for unit, value in mine.items()}).overlap == 0.0
    assert compared("x", mine, dict.fromkeys(mine, 1.0)).correlation is None
    assert compared("x", {}, {}) == Agreement("x", None, 1.0)


def test_variants_do_the_same_and_say_where_files_went():
    diff = parse(
        "--- a/x\n+++ b/x\n@@ -0,0 +1,2 @@\n+fresh_name = 1\n+use(fresh_name)\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-old\n+new\n",
        message="",
    )
    (what, renamed, _), (_, turned, moved) = variants(diff)
    assert what == "fresh_name renamed to name1"
    assert [line.text for _, line in renamed.lines()][:2] == ["name1 = 1", "use(name1)"]
    assert moved == {0: 1, 1: 0}
    assert [file.path for file in turned.files] == ["y", "x"]
    assert parse(render(turned), message="").files == turned.files


def test_a_model_that_does_not_care_for_order_is_stable_when_files_change_places():
    model = Bag()
    found = last(DIFF, model, explained(DIFF, model))
    turned = next(one for one in found.stability if one.other.startswith("files"))
    assert turned.correlation == pytest.approx(1.0)
    assert turned.overlap == 1.0


def test_every_step_is_counted_and_the_last_is_complete():
    model = Attention()
    results = list(trust(DIFF, model, explained(DIFF, model)))
    assert [one.done for one in results] == list(range(len(results)))
    assert {one.steps for one in results} == {len(results) - 1}
    assert [one.complete for one in results] == [False] * (len(results) - 1) + [True]
    assert all(one.doing for one in results[:-1])
    assert all(a.queries <= b.queries for a, b in pairwise(results))
    assert [one.removal for one in results[-1].faithfulness] == ["mask", "delete"]


@pytest.mark.parametrize("after", range(1, 30, 4))
def test_measuring_ends_soon_after_it_is_called_off(after):
    model, asked = Attention(), 0
    own = explained(DIFF, model)

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked >= after

    results = list(trust(DIFF, model, own, cancelled=cancelled))
    assert asked == after
    assert not results[-1].complete


@pytest.mark.parametrize("method", ["shapley", "owen"])
def test_sampled_methods_are_asked_with_another_seed(method):
    found = last(DIFF, Attention(), explained(DIFF, Attention(), method))
    assert found.stability[0].other == "another seed"
    assert found.largest_error is not None


def test_lines_taken_back_are_judged_by_taking_lines_back():
    options = AttributionOptions(baseline="reverted")
    found = last(DIFF, Attention(), explained(DIFF, Attention(), "shapley", options), options)
    assert [one.removal for one in found.faithfulness] == ["revert", "mask"]
    assert [one.other for one in found.agreement] == ["integrated-gradients", "occlusion"]


@pytest.mark.parametrize(
    "text", ["diff --git a/x.sh b/x.sh\nold mode 100644\nnew mode 100755\n", "--- a/x\n+++ b/x\n@@ -1 +0,0 @@\n-a\n"]
)
@pytest.mark.parametrize("model", [Linear(), Size(), Attention()], ids=["linear", "size", "attention"])
def test_small_changes_have_an_answer(model, text):
    diff = parse(text, message="")
    found = last(diff, model, explained(diff, model))
    assert found.complete
    assert dict(findings(found))


def test_what_was_not_read_is_counted_by_changed_line():
    model = Linear(limit=20)
    found = unread(DIFF, model.predict([DIFF])[0])
    missed = {unit.at(Level.LINE) for unit in model.encode(DIFF).unread if unit.line >= 0 and unit.file >= 0}
    assert found.lines == sum(DIFF.line(unit).changed for unit in missed) > 0
    assert found.of_lines == DIFF.added + DIFF.removed


GOOD = Trust(method="integrated-gradients", relative_gap=0.001, converged=True, unread=Unread(0, 10, 0, 5, ()))
APART = Agreement("occlusion", 0.1, 0.0)


@pytest.mark.parametrize(
    ("changed", "word", "said"),
    [
        ({}, Word.USABLE, "nothing that was measured"),
        ({"converged": False, "relative_gap": 0.2}, Word.DO_NOT_USE, "20% of the output's change"),
        ({"converged": False, "relative_gap": 0.03}, Word.WEAK, "did not converge"),
        ({"unread": Unread(5, 10, 3, 5, (Unit(0),))}, Word.DO_NOT_USE, "less than half"),
        ({"unread": Unread(5, 10, 1, 5, (Unit(0),))}, Word.WEAK, "1 of 5"),
        ({"agreement": (APART,)}, Word.WEAK, "occlusion: rank correlation 0.10"),
        ({"stability": (replace(APART, other="another seed"),)}, Word.WEAK, "another seed"),
        ({"record": Record(warnings=("It fails.",))}, Word.WEAK, "It fails."),
        ({"record": Record(cautions=("It may miss.", "Or so."))}, Word.USABLE, "wrong. Mind: It may miss. Or so."),
        ({"method": "gradient", "converged": True, "relative_gap": 3.0}, Word.USABLE, "nothing"),
    ],
)
def test_the_verdict_and_its_reasons(changed, word, said):
    found = replace(GOOD, **changed)
    assert verdict(found).word is word
    assert said in conclusion(found)
