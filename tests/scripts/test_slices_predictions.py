"""The table of predictions that comes with whydiff: how it is made, and that it is what its description says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.slices import predictions

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED = ROOT / "sample_diffs" / "predictions.parquet"


def row(n: int, model: str, **changed: Any) -> dict[str, Any]:
    """A row as score writes it, with columns that must not get in."""
    return {
        "id": f"own/er@{n:040x}",
        "diff_id": f"{n:016x}",
        "project": "own/er",
        "label": n % 2,
        "label_kind": "defect:szz",
        "model": model,
        "model_kind": "size",
        "model_digest": "feed",
        "score": (n % 7) / 10,
        "threshold": 0.3,
        "flagged": n % 7 >= 3,
        "tokens_read": 3,
        "tokens_total": 4,
        "share_unread": 0.25,
        "date": datetime(2024, 1, 1 + n % 28, tzinfo=UTC),
        "component": "own/er:core",
        "components": ["own/er:core", "own/er:(root)"],
        "language": "C++",
        "languages": ["C++"],
        "kind": "fix",
        "lines_added": n,
        "lines_deleted": 0,
        "files_changed": 1,
        "experience": None,
        "message": "secret",
        "author": "A. Nonymous",
    } | changed


def written(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"{name}.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_models_stand_below_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [written(tmp_path, name, [row(n, name) for n in reversed(range(20))]) for name in ("b", "a")]
    assert predictions.main([*map(str, files), "-o", str(tmp_path / "out.parquet")]) == 0
    made = pq.read_table(tmp_path / "out.parquet")
    assert made.column_names == predictions.COLUMNS.names
    assert [(one["model"], one["lines_added"]) for one in made.to_pylist()] == [(m, n) for m in "ab" for n in range(20)]
    assert "a: 20 rows, 10 positive, AUC" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"component": "int main() { return 0; }"}, "component holds"),
        ({"components": ["core", "x = 1"]}, "components holds"),
        ({"languages": ["a\nb"]}, "languages holds"),
        ({"kind": "f" * 121}, "kind holds"),
        ({"id": "somebody"}, "id holds"),
    ],
)
def test_what_could_be_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, Any], said: str
) -> None:
    file = written(tmp_path, "a", [row(0, "a"), row(1, "a", **changed)])
    assert predictions.main([str(file), "-o", str(tmp_path / "out.parquet")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.parquet").exists()


def test_files_that_do_not_belong_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, other = written(tmp_path, "a", [row(0, "a"), row(1, "a")]), written(tmp_path, "b", [row(0, "b"), row(2, "b")])
    again = written(tmp_path, "c", [row(0, "a"), row(1, "a")])
    for files, said in (
        ([first, other], "other changes"),
        ([first, again], "one model a file"),
        ([tmp_path / "no"], "could not be read"),
    ):
        assert predictions.main([*map(str, files), "-o", str(tmp_path / "out.parquet")]) == 2
        assert said in capsys.readouterr().err


def test_the_shipped_table_holds_what_it_may_and_no_more() -> None:
    shipped = pq.read_table(SHIPPED)
    assert shipped.schema.equals(predictions.COLUMNS)
    assert list(predictions.foreign(shipped)) == []
    assert SHIPPED.stat().st_size < 2_000_000
    frame = shipped.to_pandas()
    models = frame.groupby("model")
    assert {"whydiff-default", "bag", "size"} <= set(models.groups)
    assert set(models.size()) == {9331}
    assert set(models["id"].nunique()) == {9331}
    assert set(models["label"].sum()) == {1832}
    assert (frame["flagged"] == (frame["score"] >= frame["threshold"])).all()
    assert np.allclose(frame["share_unread"], 1 - frame["tokens_read"] / frame["tokens_total"], atol=1e-6)


def test_the_shipped_scores_are_those_of_the_card() -> None:
    """AUC by its definition: the share of pairs of a positive and a negative that the scores order rightly, ties half."""
    card = json.loads((ROOT / "models" / "default" / "card.json").read_text("utf-8"))
    stated = {one["name"]: one["figures"]["auc"]["value"] for one in card["report"]["models"]}
    frame = pq.read_table(SHIPPED, columns=["model", "label", "score"]).to_pandas()
    for name, rows in frame.groupby("model"):
        positive = np.sort(rows.loc[rows["label"] == 1, "score"].to_numpy())
        negative = np.sort(rows.loc[rows["label"] == 0, "score"].to_numpy())
        below = np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")
        assert below.sum() / 2 / len(positive) / len(negative) == pytest.approx(stated[str(name)], abs=0.002)
