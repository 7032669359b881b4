"""A function as a classifier: its scores become verdicts, and what it does wrong becomes one sentence."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from explain.counterfactual.search import search
from explain.counterfactual.types import SearchResult
from explain.counterfactual.verify import verify
from models.change.parse import parse
from models.classify.function import FunctionClassifier, load_function
from models.classify.protocol import Classifier
from models.errors import ModelError

DIFF = parse("--- a/a.py\n+++ b/a.py\n@@ -1 +1,3 @@\n x\n+danger\n+calm\n", "why")


def asked(function: Any) -> FunctionClassifier:
    return FunctionClassifier(function, "python:m:f", "00")


def test_scores_become_verdicts() -> None:
    seen: list[list[tuple[str, str]]] = []

    def judge(changes: list[tuple[str, str]]) -> list[float]:
        seen.append(changes)
        return [0.8 if "danger" in patch else 0.3 for patch, _ in changes]

    judge.threshold = 0.6  # type: ignore[attr-defined]
    classifier = asked(judge)
    assert isinstance(classifier, Classifier)
    one, other = classifier.predict([DIFF, parse("--- a/a\n+++ b/a\n@@ -1 +1,2 @@\n x\n+y\n", "")])
    assert (one.score, one.flagged, other.score, other.flagged) == (0.8, True, 0.3, False)
    assert one.margin == pytest.approx(math.log(4) - math.log(1.5))
    assert one.threshold == classifier.threshold == 0.6
    assert seen[0][0][1] == "why"
    assert seen[0][0][0].endswith("+danger\n+calm\n")


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_certain_scores_have_a_margin(score: float) -> None:
    (said,) = asked(lambda changes: [score]).predict([DIFF])
    assert math.isfinite(said.margin)
    assert said.flagged == (score == 1.0)


def test_what_is_no_number_is_no_verdict() -> None:
    (said,) = asked(lambda changes: [math.nan]).predict([DIFF])
    assert math.isnan(said.score)
    assert not said.flagged


def test_a_search_works_on_it() -> None:
    classifier = asked(lambda changes: [0.9 if "danger" in patch else 0.2 for patch, _ in changes])
    *_, result = search(DIFF, classifier)
    assert isinstance(result, SearchResult)
    best = result.counterfactuals[0]
    assert "danger" not in best.patch
    assert verify(DIFF, best, classifier).ok


def _raising(changes: object) -> list[float]:
    raise KeyError("boom")


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (_raising, "raised KeyError: 'boom'; mend it"),
        (lambda changes: [], "Expected 1 numbers from the function python:m:f, but got 0 of them"),
        (lambda changes: [0.1, 0.2], "but got 2 of them"),
        (lambda changes: None, "but got a NoneType"),
        (lambda changes: ["high"], "but got a list"),
        (lambda changes: [1.5], "scores from 0 to 1 from the function python:m:f, but got 1.5"),
    ],
)
def test_answers_of_another_form_are_refused(function: Any, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        asked(function).predict([DIFF])


@pytest.mark.parametrize("threshold", [0, 1, -0.5, "high", math.nan])
def test_a_threshold_that_is_none_is_refused(threshold: Any) -> None:
    def judge(changes: object) -> list[float]:
        return []

    judge.threshold = threshold  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="Expected a threshold between 0 and 1"):
        asked(judge)


def test_it_is_loaded_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_judge.py").write_text("def judge(changes):\n    return [0.9] * len(changes)\nnumber = 3\n")
    (tmp_path / "broken_judge.py").write_text("raise ValueError('no')\n")
    monkeypatch.chdir(tmp_path)
    classifier = load_function("python:my_judge:judge")
    assert classifier.predict([DIFF])[0].flagged
    assert (classifier.name, len(classifier.digest)) == ("python:my_judge:judge", 16)
    assert load_function("python:my_judge:judge").digest == classifier.digest
    for name, sentence in {
        "python:my_judge": "Expected a model such as python:package.module:function",
        "python:my_judge:": "Expected a model such as python:package.module:function",
        "python::judge": "Expected a model such as python:package.module:function",
        "python:my_judge:none": "has no function none",
        "python:my_judge:number": "has no function number",
        "python:no_such_module_here:f": "could not be imported",
        "python:broken_judge:f": "could not be imported",
    }.items():
        with pytest.raises(ModelError, match=sentence):
            load_function(name)
