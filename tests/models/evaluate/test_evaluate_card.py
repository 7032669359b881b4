"""The card says what the code computes: on made-up predictions, and for the checkpoint that ships."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from models.classify.bands import Band
from models.classify.calibration import Calibration
from models.classify.checkpoint import Settings, digest_folder, write_settings
from models.classify.load import shipped
from models.errors import UsageError
from models.evaluate.card import CARD, DATA, card_data, card_text, checkpoint_facts
from models.evaluate.markdown import escaped, markdown
from models.evaluate.predictions import Rows, Scored, size_only
from models.evaluate.report import EvaluateOptions, Report, evaluate
from models.evaluate.sections import Section, estimate, sections

RANDOM = np.random.default_rng(8)
N = 600
LABELS = (RANDOM.random(N) < 0.25).astype(np.int64)
GROUPS = np.arange(N) % 3
LINES = RANDOM.integers(0, 80, N).astype(float)
SCORES = 1 / (1 + np.exp(1.6 - 1.5 * LABELS - RANDOM.normal(size=N)))
ROWS = Rows(tuple(f"p@{n}" for n in range(N)), LABELS, GROUPS.astype(np.int64), ("a", "b", "c"), LINES)
OWN = Scored("mine", "bag", "0123456789abcdef", SCORES, 0.3)
FACTS: dict[str, Any] = {
    "name": "mine",
    "kind": "bag",
    "digest": "0123456789abcdef",
    "megabytes": 1.2,
    "threshold": 0.3,
    "calibration": "platt",
    "bands": [],
    "options": {"c": 0.02, "weighted": True, "rows": 63729},
    "begun": {"data": "feed0123", "parent": "cafe4567"},
    "training": {"seconds": 12.345, "features": 59407},
    "encode": {},
}


@pytest.fixture(scope="module")
def report() -> Report:
    lines = size_only(ROWS, [OWN])
    assert lines is not None
    return evaluate(ROWS, [OWN, lines], EvaluateOptions(replicates=100), left_out=7)


def test_the_card_says_what_the_code_computes(report: Report) -> None:
    text = card_text(card_data(FACTS, report, {"train_rows": 5000, "train_projects": 1}))
    own = report.models[0]
    truth = {
        "auc": roc_auc_score(LABELS, SCORES),
        "average_precision": average_precision_score(LABELS, SCORES),
        "auc_within": np.mean([roc_auc_score(LABELS[g == GROUPS], SCORES[g == GROUPS]) for g in range(3)]),
    }
    for name, value in truth.items():
        assert own.figures[name].value == pytest.approx(value)
        assert f"{value:.3f} [{own.figures[name].low:.3f}, {own.figures[name].high:.3f}]" in text
    flagged = SCORES >= 0.3
    assert f"({(flagged & (LABELS == 1)).sum():,} of {flagged.sum():,})" in text
    assert own.calibration is not None
    assert f"| isotonic | {own.calibration.trials[2].log_loss:.4f} |" in text
    assert f"did not see {own.calibration.trials[1].error:.3f}" in text
    assert "Trained on 5,000 labelled changes of 1 project." in text
    assert "seconds 12.35, features 59,407" in text
    assert "Began with: data feed0123, parent cafe4567." in text
    assert "| weighted | yes |" in text
    assert "7 changes were left out" in text
    assert text.count("\n## ") == len(set(re.findall(r"^## (.*)$", text, re.MULTILINE)))
    assert not [line for line in text.splitlines() if re.search(r"nan|None|inf\b", line)]


def test_the_card_is_made_from_its_json_alone(report: Report) -> None:
    data = card_data(FACTS, report)
    assert card_text(json.loads(json.dumps(data, allow_nan=False))) == card_text(data)


def test_a_gate_and_a_filter_of_the_card_are_those_of_a_loop(report: Report) -> None:
    order = sorted(range(N), key=lambda row: (-SCORES[row], LABELS[row]))
    caught = sum(LABELS[row] for row in order[: N // 5]) / LABELS.sum()
    assert report.models[0].gate[20].value == pytest.approx(caught)
    found, kept = 0, 0
    while found < 0.95 * LABELS.sum():
        found, kept = found + LABELS[order[kept]], kept + 1
    filtered = report.models[0].figures["filtered_at_95"].value
    assert filtered == pytest.approx(1 - kept / N)
    assert report.models[0].times_better["filtered_at_95"] == pytest.approx((1 - kept / N) / 0.05)


def test_predictions_of_another_checkpoint_make_no_card(report: Report) -> None:
    with pytest.raises(UsageError, match="None of the predictions"):
        card_data(FACTS | {"digest": "f" * 16}, report)
    with pytest.raises(UsageError, match="None of the predictions"):
        card_data(FACTS | {"digest": ""}, report)


def test_stored_bands_are_those_of_the_card(report: Report) -> None:
    band = {"name": "low", "start": 0.0, "rows": 1234, "positives": 12, "rate": 0.01, "low": 0.005, "high": 0.02}
    assert "| low | 0.000 | 1,234 | 1.0% [0.5%, 2.0%] |" in card_text(card_data(FACTS | {"bands": [band]}, report))
    assert "The checkpoint stores none" in card_text(card_data(FACTS, report))


@pytest.mark.parametrize("kind", ["size", "bag", "transformer", "diff-transformer", "of tomorrow"])
def test_every_kind_has_a_card(report: Report, kind: str) -> None:
    assert card_text(card_data(FACTS | {"kind": kind, "encode": {"max_length": 512}}, report)).startswith("# mine\n\n- Kind ")


def test_names_are_not_read_as_markdown(report: Report) -> None:
    hostile = "<script>\n# [x](http://evil) | `y` \u202e"
    own = replace(report.models[0], name=hostile)
    told = replace(report, models=(own, *report.models[1:]))
    text = card_text(card_data(FACTS | {"name": hostile, "options": {hostile: hostile}}, told))
    assert not {"\u202e", "<"} & set(text)
    assert "](http" not in text
    assert escaped("a_b") == "a&#95;b"
    assert "&#91;0.1&#93;&#40;http" in markdown([Section("t", "", ("a",), (("[0.1](http://x)",),))])


def test_undefined_is_called_undefined() -> None:
    assert estimate({"value": None, "low": None, "high": None}, percent=True) == "undefined"
    assert estimate({"value": 0.5, "low": None, "high": None}, percent=False) == "0.500"
    rows = Rows(ROWS.ids, LABELS, LABELS.copy(), ("a", "b"), None)  # every project of one class only
    told = evaluate(rows, [Scored("m", "", "", SCORES)], EvaluateOptions(replicates=100))
    assert told.ranked == 0
    assert told.models[0].figures["auc_within"].value is None
    assert any("undefined" in cell for section in sections(told.payload()) for row in section.rows for cell in row)


def test_facts_come_from_the_files(tmp_path: Path) -> None:
    write_settings(tmp_path, Settings("m", calibration=Calibration(2.0), threshold=0.2, bands=(Band("low", 0.0, 9, 1),)))
    (tmp_path / "model.safetensors").write_bytes(bytes(2_500_000))
    (tmp_path / "state.json").write_text('{"step": 7, "history": [1, 2]}')
    facts = checkpoint_facts(tmp_path)
    assert (facts["kind"], facts["megabytes"], facts["calibration"], facts["threshold"]) == (
        "transformer",
        2.5,
        "temperature",
        0.2,
    )
    assert (facts["training"], facts["options"], facts["bands"][0]["rows"]) == ({"step": 7}, {}, 9)
    assert facts["digest"] == digest_folder(tmp_path)
    assert facts["begun"] == {}
    record = {"kind": "bag", "data": "ab", "parent": None, "options": {"c": 0.5, "words": ["x"]}}
    (tmp_path / "train.json").write_text(json.dumps(record))
    facts = checkpoint_facts(tmp_path)
    assert (facts["options"], facts["begun"]) == ({"c": 0.5}, {"data": "ab"})


def test_the_shipped_card_agrees_with_its_figures_and_says_how_to_print_it() -> None:
    data = json.loads((shipped() / DATA).read_text("utf-8"))
    text = (shipped() / CARD).read_text("utf-8")
    assert text == card_text(data)
    assert data["facts"] == json.loads(json.dumps(checkpoint_facts(shipped())))
    assert "`whydiff evaluate PREDICTIONS.parquet --card FOLDER`" in text
