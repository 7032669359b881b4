"""The measure of precedents: rows drawn by lot, figures by a second count, and the whole run on a planted model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from explain.precedent.nearest import Known, Library
from explain.survey.record import Row
from models.change.types import Diff
from scripts import precedents
from tests.explain.precedent.test_precedent_nearest import Counting
from tests.models.train.toy_rows import dataset

DAY = datetime(2024, 1, 1, tzinfo=UTC)


def frame(rows: int = 120) -> pd.DataFrame:
    """The toy rows, a day apart."""
    return dataset(rows).assign(author_date=[pd.Timestamp(DAY + timedelta(days=n)) for n in range(rows)])


def test_rows_are_drawn_by_lot_from_their_split() -> None:
    rows = frame()
    found = precedents.drawn(rows, "valid", 10)
    assert len({row.id for row in found}) == 10
    assert {int(row.id.removeprefix("p@")) for row in found} <= set(range(84, 120))
    assert [row.id for row in precedents.drawn(rows.sample(frac=1, random_state=1), "valid", 10)] == [row.id for row in found]
    assert len(precedents.drawn(rows, "train", 500)) == 84
    assert all(row.date == DAY + timedelta(days=int(row.id.removeprefix("p@"))) for row in found)
    assert precedents.drawn(rows.assign(diff="none"), "train", 5) == []


def planted() -> precedents.Asked:
    """Sixty questions to four known changes on two axes: what lies along the first axis is bad, with some noise."""
    random = np.random.default_rng(2)
    known = Library(
        tuple(Known(str(n), "p", DAY, int(n < 2), 0.5) for n in range(4)),
        np.array([[1, 0], [0.9, 0.436], [0, 1], [0.436, 0.9]], dtype=np.float32),
    )
    rows, late, vectors = [], [], []
    for n in range(60):
        bad = n % 2
        rows.append(Row(str(n), Diff(()), project="pq"[n % 4 < 2], label=bad, date=DAY + timedelta(days=1)))
        late.append(Known(str(n), "p", DAY, bad, random.random()))
        vectors.append([bad + random.normal(0, 0.4), 1 - bad + random.normal(0, 0.4)])
    return precedents.asked(known, rows, Library(tuple(late), np.array(vectors, dtype=np.float32)), 2)


def test_the_table_by_a_second_count() -> None:
    found = planted()
    lines = precedents.table(found)
    for (name, scores), line in zip(found.scores.items(), lines[2:], strict=True):
        groups = [roc_auc_score(found.labels[found.projects == n], scores[found.projects == n]) for n in (0, 1)]
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        assert cells[0] == name
        assert cells[1].startswith(f"{roc_auc_score(found.labels, scores):.3f} (")
        assert cells[2].startswith(f"{np.mean(groups):.3f} (")
        assert bool(cells[3]) == ("own score" not in name)
    named = dict(zip(found.scores, lines[2:], strict=True))
    assert float(named["share of label 1 among the 2 nearest"].split("|")[2].split()[0]) > 0.8
    assert float(named["the model's own score"].split("|")[2].split()[0]) < 0.7


def test_only_older_ones_count() -> None:
    known = Library((Known("0", "p", DAY, 1, 0.5), Known("1", "p", DAY + timedelta(days=9), 0, 0.5)), np.eye(2, dtype=np.float32))
    rows = [Row("a", Diff(()), project="p", label=1, date=DAY + timedelta(days=n)) for n in (0, 1, 10)]
    late = Library(tuple(Known("a", "p", None, 1, 0.5) for _ in rows), np.array([[0, 1]] * 3, dtype=np.float32))
    found = precedents.asked(known, rows, late, 1)
    assert found.scores["share of label 1 among the 1 nearest"].tolist() == [0.0, 1.0, 0.0]
    assert found.scores["share of label 1 among older known changes of the project"].tolist() == [0.0, 1.0, 0.5]


def test_the_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "data.parquet"
    frame().to_parquet(path)
    monkeypatch.setattr(precedents, "load", lambda _: Counting())
    monkeypatch.setattr(precedents, "fingerprint", lambda diff: diff.id.encode())  # the toy's diffs are all alike
    assert precedents.main([str(path), "--train", "40", "--valid", "20", "--nearest", "5"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("40 known changes, ")
    assert "20 later ones" in out
    assert out.count("\n| ") == 6
    assert precedents.main([str(tmp_path / "none.parquet")]) == 2
