"""Who failed is warned of with the figure that was measured, and nobody else."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from explain.trust.sanity import LEAST_FOUND, SCHEMA, record
from explain.trust.sanity_options import SanityOptions
from explain.trust.sanity_planted import RULES
from explain.trust.types import Record
from models.errors import UsageError
from models.evaluate.bootstrap import Estimate
from models.evaluate.markdown import markdown
from models.evaluate.sanity_sections import sanity_sections
from tests.explain.trust.sanity_toys import agreement, card, figures, planted


def test_who_passed_is_not_warned_of() -> None:
    assert record(card(figures(one_cause=1.0, two_redundant_causes=0.9)), "occlusion") == Record()
    assert record({}, "occlusion") == Record()


def test_redundant_causes_that_were_missed_are_said_with_their_share() -> None:
    found = record(card(figures(two_redundant_causes=0.08)), "occlusion")
    assert found.warnings == ()
    (said,) = found.cautions
    assert said.startswith("Occlusion may miss causes that make each other redundant: found were 8%")


def test_another_method_is_not_blamed() -> None:
    assert record(card(figures(last=0.9, two_redundant_causes=0.08)), "gradient") == Record()


@pytest.mark.parametrize(
    ("report", "part"),
    [
        (figures(last=0.62), "Occlusion still ranks lines much as before (0.62)"),
        (figures(top=0.97), "Occlusion ranks lines nearly as before (0.97)"),
        (figures(lot=0.55), "Occlusion ranks lines much alike (0.55)"),
    ],
)
def test_rankings_that_stay_are_said(report: Any, part: str) -> None:
    found = record(card(report), "occlusion")
    assert found.cautions == ()
    (said,) = found.warnings
    assert said.startswith(part)


def test_small_models_that_rank_alike_are_a_caution() -> None:
    report = figures()
    (copy,) = report.relabelled
    found = record(card(replace(report, relabelled=(copy, replace(copy, agreements=(agreement(0.55),))))), "occlusion")
    assert found.warnings == ()
    assert [one[:46] for one in found.cautions] == ["Occlusion ranks lines much alike (0.55) in two"]


def test_a_correlation_that_chance_gives_too_is_none() -> None:
    report = figures()
    by_chance = replace(report.stages[-1], agreements=(agreement(0.34, chance=0.33),))
    assert record(card(replace(report, stages=(report.stages[0], by_chance))), "occlusion") == Record()


def test_a_rule_that_was_not_learnt_says_nothing() -> None:
    report = replace(figures(), planted=(planted("one cause", 0.0, accuracy=0.6),))
    assert record(card(report), "occlusion") == Record()


def test_undefined_figures_say_nothing() -> None:
    assert record(card(figures(top=None, last=None, lot=None)), "occlusion") == Record()
    unlearnt = replace(planted("one cause", 0.0), accuracy=Estimate(None))
    assert record(card(replace(figures(), planted=(unlearnt,))), "occlusion") == Record()


@pytest.mark.parametrize(
    "broken", [None, 7, [], "text", {"schema": SCHEMA}, {"schema": "other"}, {"schema": SCHEMA, "stages": 3}]
)
def test_a_card_that_cannot_be_read_says_nothing(broken: object) -> None:
    assert record({"sanity": broken}, "occlusion") == Record()


def test_no_text_of_a_card_is_repeated() -> None:
    data = deepcopy(card(figures(one_cause=0.1, last=0.9)))
    data["sanity"]["planted"][0]["rule"] = "<b>rule"
    data["sanity"]["stages"][-1]["name"] = "<b>name"
    data["sanity"]["stages"][-1]["agreements"][0]["level"] = "<b>level"
    assert record(data, "occlusion") == Record()


def test_every_rule_has_a_least() -> None:
    assert set(LEAST_FOUND) == {rule.name for rule in RULES}


def test_the_page_is_made_from_the_json_and_shows_every_figure() -> None:
    report = figures(one_cause=0.975, position=0.5)
    text = markdown(sanity_sections(json.loads(json.dumps(report.payload()))))
    assert text == markdown(sanity_sections(report.payload()))
    for cell in ("0.400", "0.100 [0.050, 0.150]", "97.5%", "50.0%", "38 of 40", "8 of the 28 sample diffs"):
        assert cell in text
    unlearnt = replace(report, planted=(planted("position", 1.0, accuracy=0.7),))
    assert "not learnt" in markdown(sanity_sections(unlearnt.payload()))


def test_a_model_without_parameters_has_no_table_of_stages() -> None:
    assert "random parameters" not in markdown(sanity_sections(replace(figures(), stages=()).payload()))


@pytest.mark.parametrize("field", ["rows", "learn", "ask", "minutes", "seed"])
def test_options_have_bounds(field: str) -> None:
    with pytest.raises(UsageError, match=f"Expected {field} between"):
        SanityOptions(**{field: -1})
