"""Means, medians, intervals and differences over changes, on rankings whose figures are known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from explain.trust.line_figures import FIGURES
from explain.trust.line_rankers import ByLength, ByLot
from explain.trust.line_report import Judged, code_first, judge, line_report
from models.evaluate.faulty_lines import NAMES, line_sections
from models.evaluate.report import EvaluateOptions
from tests.explain.trust.line_toys import By, Counted, case

OPTIONS = EvaluateOptions(replicates=100)
PERFECT = By("perfect", lambda _, faulty: float(faulty))
WORST = By("worst", lambda _, faulty: -float(faulty))


def made(changes: int = 30) -> list[Judged]:
    """Changes of two projects with 20 lines, one or two at fault; every third is flagged, and one has no fault."""
    cases = []
    for n in range(changes):
        lines = [f"call_{n}_{m}({'x' * (m % 7)});" for m in range(19)] + ["danger();" if n % 3 == 0 else "safe();"]
        cases.append(case(lines, [lines[3], lines[n % 20]], f"{'ab'[n % 2]}@{n}"))
    cases.append(case(["safe();", "danger();"], [], "a@none"))
    return list(judge(cases, Counted(), [PERFECT, WORST, ByLot(), ByLength()]))


def report(judged: list[Judged], **more: Any) -> dict[str, Any]:
    names = ["perfect", "worst", "random", "longest line"]
    return line_report(judged, names, names[2:], more.get("unreadable", 0), more.get("options", OPTIONS))


def test_a_change_without_a_fault_is_counted_and_not_ranked() -> None:
    judged = made()
    assert [not one.figures for one in judged] == [False] * 30 + [True]
    counts = report(judged, unreadable=2)["changes"]
    assert (counts["bad"], counts["unreadable"], counts["measured"], counts["flagged"]) == (33, 2, 30, 11)
    assert counts["lines"] == 600
    assert counts["faulty"] == sum(one.faulty for one in judged)


def test_planted_rankings_have_the_best_and_the_worst_figures() -> None:
    groups = report(made())["groups"]
    named = [(one["name"], one["code_first"], one["changes"]) for one in groups]
    assert named == [("all", False, 30), ("flagged", False, 10), ("all", True, 30), ("flagged", True, 10)]
    for group in groups:
        figures = {one["name"]: one["figures"] for one in group["rankers"]}
        assert figures["perfect"]["recall_at_20_effort"]["mean"] == {"value": 1.0, "low": 1.0, "high": 1.0}
        assert figures["perfect"]["false_alarms"]["median"] == {"value": 0.0, "low": 0.0, "high": 0.0}
        assert figures["worst"]["top_10"]["mean"]["value"] == 0
        assert figures["worst"]["false_alarms"]["mean"]["value"] > 17
        assert [one["baseline"] for one in group["rankers"]] == [False, False, True, True]


def test_random_is_its_expectation() -> None:
    judged = [one for one in made() if one.figures]
    (random,) = (one for one in report(judged)["groups"][0]["rankers"] if one["name"] == "random")
    assert random["figures"]["top_5"]["mean"]["value"] == pytest.approx(np.mean([one.faulty / 20 for one in judged]))
    assert random["figures"]["recall_at_20_effort"]["mean"]["value"] == pytest.approx(0.2)
    waits = [(20 - one.faulty) / (one.faulty + 1) for one in judged]
    assert random["figures"]["false_alarms"]["mean"]["value"] == pytest.approx(np.mean(waits))
    assert random["figures"]["false_alarms"]["median"]["value"] == pytest.approx(np.median(waits))


def test_differences_are_paired_and_said_the_right_way_round() -> None:
    whole = report(made())["groups"][0]
    points = {one["name"]: one["figures"] for one in whole["rankers"]}
    assert [(one["a"], one["b"]) for one in whole["differences"]] == [
        (a, b) for a in ("perfect", "worst") for b in ("random", "longest line")
    ]
    for one in whole["differences"]:
        for figure in FIGURES:
            for kind in ("mean", "median"):
                expected = points[one["a"]][figure][kind]["value"] - points[one["b"]][figure][kind]["value"]
                assert one["figures"][figure][kind]["value"] == pytest.approx(expected)
    assert {one["verdict"] for one in whole["differences"][0]["figures"].values()} == {"better"}
    assert {one["verdict"] for one in whole["differences"][2]["figures"].values()} == {"worse"}


def test_a_ranking_beside_itself_is_not_told_apart() -> None:
    judged = list(
        judge(
            [case(["a();", "b();", "c();"], ["b();"], f"a@{n}") for n in range(9)], Counted(), [ByLot(), By("same", lambda *_: 0)]
        )
    )
    (one,) = line_report(judged, ["same", "random"], ["random"], 0, OPTIONS)["groups"][0]["differences"]
    assert {each["verdict"] for each in one["figures"].values()} == {"not told apart"}


def test_medians_of_draws_are_those_of_numpy() -> None:
    judged = [one for one in made(9) if one.figures]
    drawn = report(judged, options=EvaluateOptions(replicates=400, seed=3))["groups"][0]["rankers"][1]["figures"]["false_alarms"]
    values = {name: [one.figures["worst"]["false_alarms"] for one in judged if one.project == name] for name in "ab"}
    random = np.random.default_rng(9)
    medians = [np.median(np.concatenate([random.choice(one, len(one)) for one in values.values()])) for _ in range(4000)]
    low, high = np.percentile(medians, [2.5, 97.5])
    assert drawn["median"]["low"] == pytest.approx(low, abs=0.5)
    assert drawn["median"]["high"] == pytest.approx(high, abs=0.5)


def test_the_report_is_json_and_its_sections_show_every_ranker() -> None:
    data = json.loads(json.dumps(report(made()), allow_nan=False))
    assert data["schema"] == "whydiff/lines/1"
    first, whole, beside, flagged, _, *again = line_sections(data)
    assert "Of 31 bad changes 30 have such a line" in first.text
    assert whole.header[1:] == tuple(NAMES.values())
    assert [row[0] for row in whole.rows][:2] == ["perfect, mean", "perfect, median"]
    assert [row[0] for row in beside.rows] == [f"{a} - {b}" for a in ("perfect", "worst") for b in ("random", "longest line")]
    assert flagged.text.startswith("10 changes.")
    assert [one.title.partition(", code first")[0] for one in again] == [
        one.title.partition(", beside")[0] for one in (whole, whole, flagged, flagged)
    ]


def test_no_flagged_change_is_said() -> None:
    judged = list(judge([case(["a();", "b();"], ["b();"])], Counted(), [ByLot()]))
    data = line_report(judged, ["random"], ["random"], 0, OPTIONS)
    assert data["groups"][1] == {"name": "flagged", "code_first": False, "changes": 0, "rankers": [], "differences": []}
    assert [one.text for one in line_sections(data)][-1] == "There is no such change with a line known to be at fault."


def test_with_code_first_lines_that_are_none_come_last_in_their_own_order() -> None:
    mixed = case(["// a", "b();", "// c", "d();", "e();"], ["d();"])
    assert code_first(mixed, [9.0, 1.0, 8.0, 2.0, 1.0]) == [3.0, 4.0, 2.0, 5.0, 4.0]
    (one,) = judge([mixed], Counted(), [ByLot()])
    assert (one.no_code, one.faulty_no_code) == (2, 0)
    assert one.figures["random"]["false_alarms"] == pytest.approx(2)
    assert one.code_first["random"]["false_alarms"] == pytest.approx(1)
