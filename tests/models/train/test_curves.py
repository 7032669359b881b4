"""A run's reports on disk: read back as they were, cut off lines left out, steps that are done again told once."""

from __future__ import annotations

import math
from pathlib import Path

from models.train.curves import read_curves, recorded
from models.train.report import Report


def report(step: int, stage: str = "labels", auc: float | None = None) -> Report:
    return Report(step / 100, step, 1.0 / step, 100.0, 5.0, auc, stage)


def test_reports_are_read_back(tmp_path: Path):
    path = tmp_path / "curves.jsonl"
    told = [report(20), report(40, auc=0.7)]
    assert list(recorded(told, path)) == told
    assert read_curves(path) == tuple(told)
    assert read_curves(tmp_path / "none.jsonl") == ()


def test_a_run_that_goes_on_tells_no_step_twice(tmp_path: Path):
    path = tmp_path / "curves.jsonl"
    list(recorded([report(80, "pretrain"), report(20), report(40), report(60)], path))
    list(recorded([report(40), report(60)], path))
    assert [(one.stage, one.step) for one in read_curves(path)] == [
        ("pretrain", 80),
        ("labels", 20),
        ("labels", 40),
        ("labels", 60),
    ]


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path):
    path = tmp_path / "curves.jsonl"
    list(recorded([report(20)], path))
    with path.open("a") as file:
        file.write('{"step": 60, "loss": 0.5, "sta')
    assert [one.step for one in read_curves(path)] == [20]


def test_what_was_not_measured_is_nan(tmp_path: Path):
    path = tmp_path / "curves.jsonl"
    list(recorded([Report(0.5, 3, math.nan, math.nan, 1.0, 0.8, "labels")], path))
    assert math.isnan(read_curves(path)[0].loss)
    assert "NaN" not in path.read_text()
