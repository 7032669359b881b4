"""The same questions in fewer bits: what is compared, and that float32 is the model itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.classify.load import load, shipped
from scripts.flips.precision import KINDS, Asked, Measured, main, measured, report
from tests.explain.counterfactual.toys import diff_of, linear

DIFF = diff_of({"a.py": [["+load(danger)", "-safe = 1", "+value = danger"]]})


def test_float32_is_the_model_and_fewer_bits_are_not() -> None:
    found = measured(shipped(), [("row", "Python", DIFF)])
    assert list(found) == list(KINDS)
    plain = found["float32"]
    assert plain.logits[0] == load(shipped()).predict([DIFF])[0].logit
    assert all(len(one.logits) == len(plain.logits) == len(one.flagged) for one in found.values())
    assert all(0 < one.encoder < one.seconds for one in found.values())
    assert all(one.logits != plain.logits for kind, one in found.items() if kind != "float32")


def test_what_was_asked_is_kept_call_by_call() -> None:
    asked = Asked(linear({"load(danger)": 2.0}, -1.0))
    assert asked.predict([DIFF, DIFF])[0].flagged
    asked.predict([DIFF])
    assert asked.calls == [(DIFF, DIFF), (DIFF,)]


def test_the_table_sets_times_beside_float32() -> None:
    found = {"float32": Measured(4.0, 2.0, [0.5, 1.0], [True, True]), "int8": Measured(3.0, 1.0, [0.5, -1.0], [True, False])}
    lines = report(found).split("\n")
    assert lines[2] == "| float32 | 1.00 | 1.00 | 50% | 0.000 | 0 of 2 |"
    assert lines[3] == "| int8 | 0.75 | 0.50 | 33% | 2.000 | 1 of 2 |"


def test_a_dataset_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.parquet")]) == 2
    assert "none.parquet" in capsys.readouterr().err
