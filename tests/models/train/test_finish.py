"""Finishing a checkpoint of any kind: what is chosen on the valid rows, what is written, and in which order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.change.types import Diff
from models.classify.calibration import Isotonic
from models.classify.checkpoint import Settings, read_settings
from models.classify.protocol import Prediction
from models.errors import DataError
from models.evaluate.card import card_text
from models.train.finish import PREDICTIONS, finish

ROWS = 1600


def frame(seed: int = 4) -> pd.DataFrame:
    """Changes whose message holds the logit; the true rate is a staircase of it, which only an isotonic fit can follow."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=ROWS) * 2
    rate = np.where(logits < 0, 0.03, np.where(logits < 2, 0.3, 0.9))
    return pd.DataFrame(
        {
            "id": [f"p@{n}" for n in range(ROWS)],
            "project": np.where(np.arange(ROWS) % 3 == 0, "p", "q"),
            "author_date": pd.Timestamp("2024-01-01", tz="UTC"),
            "language": "Python",
            "message": [f"{one:.9f}" for one in logits],
            "lines_added": random.integers(1, 50, ROWS),
            "lines_deleted": 2,
            "files_changed": 1,
            "diff": "--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n x\n+y\n",
            "label": (random.random(ROWS) < rate).astype("int64"),
            "split": np.where(np.arange(ROWS) < 100, "train", "valid"),
            "label_kind": "made-up",
            "weight": np.nan,
        }
    )


@dataclass
class Told:
    """A classifier that says what the message says."""

    name: str = "told"
    digest: str = "none yet"
    threshold: float = 0.5

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        logits = [float(diff.message) for diff in diffs]
        return tuple(Prediction(one, 0.5, 0.5, one, 1, 2) for one in logits)


def silent(what: str, done: float) -> None:
    assert 0 <= done <= 1


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    (folder / "trees.json").write_text("{}")
    (folder / "state.json").write_text('{"rounds": 12}')
    rows = frame()
    rows.loc[rows.index[-1], "diff"] = "no diff"
    finish(rows, folder, Told, Settings("told", kind="size"), silent)
    return folder


def test_calibration_threshold_and_bands_are_chosen_on_the_valid_rows(finished: Path) -> None:
    settings = read_settings(finished)
    assert settings is not None
    assert isinstance(settings.calibration, Isotonic)
    assert settings.calibration.score(1.0) == pytest.approx(0.3, abs=0.05)
    assert [one.name for one in settings.bands] == ["low", "elevated", "high"]
    assert 0.05 < settings.threshold < 0.9
    assert settings.kind == "size"


def test_predictions_hold_the_calibrated_scores_and_no_text(finished: Path) -> None:
    settings = read_settings(finished)
    assert settings is not None
    table, valid = pd.read_parquet(finished / PREDICTIONS), frame().query("split == 'valid'")[:-1]
    assert table["id"].tolist() == valid["id"].tolist()
    assert table["score"].tolist() == pytest.approx([settings.calibration.score(float(one)) for one in valid["message"]])
    assert (table["flagged"] == (table["score"] >= settings.threshold)).all()
    assert not {"diff", "message", "weight"} & set(table.columns)
    assert set(table["label_kind"]) == {"made-up"}
    assert set(table["model_kind"]) == {"size"}


def test_the_card_is_of_this_checkpoint(finished: Path) -> None:
    data = json.loads((finished / "card.json").read_text())
    assert (finished / "CARD.md").read_text() == card_text(data)
    assert data["facts"]["training"] == {"rounds": 12}
    assert data["data"] == {"train_rows": 100, "train_projects": 2}
    assert [one["name"] for one in data["report"]["models"]] == ["told"]
    assert data["report"]["rows"] == 1499
    stored = json.loads((finished / "whydiff.json").read_text())["bands"]
    assert [one["rows"] for one in data["facts"]["bands"]] == [one["rows"] for one in stored]


def test_nothing_is_written_before_it_is_known(tmp_path: Path) -> None:
    rows = frame()
    rows["label"] = np.where(rows["message"].astype(float) > 0, 0, 1)  # ranked backwards
    with pytest.raises(DataError, match="no better than chance"):
        finish(rows, tmp_path, Told, Settings("told", kind="size"), silent)
    assert list(tmp_path.iterdir()) == []
