"""Rankers on changes where it is known what each must say."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from explain.attribution.registry import METHODS
from explain.trust.line_rankers import SEARCH, ByCounterfactual, ByLength, ByPlace, BySurprise, baselines, named_rankers
from explain.trust.ngrams import NGrams
from models.change.types import Diff
from models.classify.protocol import Prediction
from models.errors import UsageError
from tests.explain.trust.line_toys import Counted, case


def test_attribution_values_a_line_by_its_most_telling_copy() -> None:
    (ranker,) = named_rankers(["occlusion"], Counted())
    assert ranker.name == "occlusion"
    assert ranker.values(case(["safe();", "danger danger", "danger", "danger"], [])) == [0.0, 2.0, 1.0]


def test_names_are_looked_up_and_each_ranks_once() -> None:
    names = [one.name for one in named_rankers(["auto", "occlusion", "counterfactual"], Counted())]
    assert names == ["occlusion", "counterfactual"]
    with pytest.raises(UsageError, match="Expected an attribution method"):
        named_rankers(["nonsense"], Counted())
    unfit = next(name for name, card in METHODS.items() if not card.fits(Counted()))
    with pytest.raises(UsageError, match=r"counted is none; use occlusion"):
        named_rankers([unfit], Counted())


def test_lines_of_counterfactuals_come_first_in_the_order_of_the_answers() -> None:
    lines = ["one();", "two();", "danger", "three();"]
    assert ByCounterfactual(Counted()).values(case(lines, [])) == [0.0, 0.0, 1.0, 0.0]
    both = ByCounterfactual(Counted()).values(case(["danger a", "two();", "danger b"], []))
    assert both[0] == both[2] > both[1]


def test_a_change_that_is_not_flagged_has_no_counterfactual_to_rank_by() -> None:
    asked: list[int] = []

    class Counting(Counted):
        def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
            asked.append(len(diffs))
            return super().predict(diffs)

    assert ByCounterfactual(Counting()).values(case(["one();", "two();"], [])) == [0.0, 0.0]
    assert asked == [1]
    ByCounterfactual(Counting()).values(case(["one();", "danger"], []))
    assert 2 < sum(asked) <= 2 + SEARCH.budget


def test_length_and_place() -> None:
    made = case(["    a();", "long_name();"], [])
    assert ByLength().values(made) == [4.0, 12.0]
    assert ByPlace().values(made) == [-0.0, -1.0]
    assert [one.name for one in baselines(None)] == ["random", "longest line", "order of the diff"]


def test_the_less_usual_line_surprises_more() -> None:
    model = NGrams(["x = x + 1", "x = x + 1", "y = x + 1"])
    usual, odd = BySurprise(model).values(case(["x = x + 1", "goto fail"], []))
    assert usual < odd
    assert [one.name for one in baselines(model)][-1] == "n-gram surprise"


def test_probabilities_of_ngrams_sum_to_one_and_follow_witten_and_bell() -> None:
    model = NGrams(["a b", "a c"])
    known = ["a", "b", "c", "\n"]
    for history in ([], ["a"], ["\n", "a"], ["never", "seen"]):
        unknown = model.probability("unknown", history)
        assert math.isclose(sum(model.probability(token, history) for token in known) + unknown, 1)
    # tokens: a b end a c end, four kinds; p(a) = (2 + 4 / 5) / (6 + 4)
    assert math.isclose(model.probability("a", []), 0.28)
    # after "a": b and c, once each; p(b | a) = (1 + 2 p(b)) / (2 + 2) with p(b) = (1 + 4 / 5) / 10
    assert math.isclose(model.probability("b", ["a"]), (1 + 2 * 0.18) / 4)


def test_surprise_is_bits_a_token() -> None:
    model = NGrams(["a"])
    chances = (model.probability("a", ["\n", "\n"]), model.probability("\n", ["\n", "a"]))
    assert math.isclose(model.surprise("a"), -sum(map(math.log2, chances)) / 2)
