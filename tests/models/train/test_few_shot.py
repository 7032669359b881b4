"""Learning from few examples: what is drawn, what is not done twice, what the table says."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from models.errors import DataError
from models.train import few_shot
from models.train.few_shot import Run, few, parted, runs, table
from tests.models.train.toy_rows import dataset


def rows() -> pd.DataFrame:
    frame = dataset(200).assign(split="train", project="p")
    return frame.assign(author_date=pd.date_range("2024-01-01", periods=200, tz="UTC"))


def test_the_newest_are_measured_on():
    found = parted(rows())
    assert found["split"].value_counts().to_dict() == {"train": 140, "valid": 60}
    assert found.loc[found["split"] == "train", "author_date"].max() < found.loc[found["split"] == "valid", "author_date"].min()


@pytest.mark.parametrize("positives", [10, 30, 0])
def test_few_keeps_the_base_rate_and_what_is_measured_on(positives: int):
    whole = parted(rows())
    found = few(whole, positives, 1)
    train, all_train = (one[one["split"] == "train"] for one in (found, whole))
    flagged = int((all_train["label"] == 1).sum())
    assert int(train["label"].sum()) == (positives or flagged)
    assert train["label"].mean() == pytest.approx(all_train["label"].mean(), abs=0.02)
    assert found[found["split"] == "valid"].equals(whole[whole["split"] == "valid"])
    assert positives == 0 or few(whole, positives, 2)["id"].tolist() != found["id"].tolist()


def test_more_than_there_are_is_refused():
    with pytest.raises(DataError, match="ask for fewer"):
        few(parted(rows()), 1000, 1)


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[str, int, int]] = []

    def measured(frame: pd.DataFrame, way: str, positives: int, seed: int, init: Path) -> Run:
        asked.append((way, positives, seed))
        return Run(way, positives, seed, len(frame), 0.5 + seed / 100)

    monkeypatch.setattr(few_shot, "run", measured)
    results = tmp_path / "results.jsonl"
    results.write_text(json.dumps({"way": "fresh", "positives": 10, "seed": 1, "rows": 9, "auc": 0.6}) + "\n")
    found = list(runs(rows(), tmp_path, results))
    assert ("fresh", 10, 1) not in asked
    assert len(asked) == len(set(asked)) == 3 * 4 * few_shot.SEEDS - 1
    assert len(results.read_text().splitlines()) == len(found) == 3 * 4 * few_shot.SEEDS
    asked.clear()
    assert list(runs(rows(), tmp_path, results)) == found
    assert not asked


def test_the_interval_is_students():
    found = [Run("fresh", 10, seed, 9, value) for seed, value in enumerate((0.5, 0.6, 0.7), 1)]
    assert "| 10 | 0.600 [0.352, 0.848] (3 seeds) |" in table(found)
    assert "| 30 | – |" in table(found)


def test_a_bag_is_trained_and_measured(tmp_path: Path):
    found = few_shot.run(parted(rows()), "bag of words", 30, 1, tmp_path)
    assert found.auc > 0.95
    assert 55 <= found.rows <= 65
