"""Words of the changes as attributes: those that occur, at the rows that they occur in; and a weakness planted in one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from explain.slices.content import Content, ids_of, read_content, with_content
from explain.slices.discover import discover
from explain.slices.load import Wanted, load
from explain.slices.search import DiscoverOptions
from explain.slices.source import open_source
from explain.slices.types import Condition, Labels, Table
from models.errors import DataError
from tests.explain.slices.tables import values_of


def diff(added: str, removed: str = "old", path: str = "src/a.py") -> str:
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-{removed}\n+{added}\n"


def dataset(folder: Path, rows: Sequence[tuple[str, object, object]], name: str = "data.parquet") -> Path:
    names, texts, messages = zip(*rows, strict=True)
    table = pa.table({"id": pa.array(names), "diff": pa.array(texts), "message": pa.array(messages)})
    pq.write_table(table, folder / name)
    return folder / name


def table_of(rows: int, wrong: np.ndarray | None = None) -> Table:
    labels = (np.arange(rows) % 2).astype(np.uint8)
    flagged = labels > 0 if wrong is None else (labels > 0) != wrong
    return Table("toy", labels, np.where(flagged, 0.8, 0.2), flagged)


def test_words_stand_at_the_rows_that_they_occur_in(tmp_path: Path) -> None:
    said = ["lock the door", "unlock x", "lock lock", "nothing here"]
    rows = [(f"r{n}", diff(said[n % 4], path="core/é.py" if n % 2 else "docs/b.py"), "Mend Lock") for n in range(120)]
    path = dataset(tmp_path, rows)
    ids = [f"r{n}" for n in reversed(range(120))]
    content = read_content(path, ids)
    assert content.rows == len(content.features) == 120
    table, note = with_content(table_of(120), ids, content)
    assert note == ""
    assert table.names == ("added words", "path words")  # the others are in more than half of the changes
    for row, name in enumerate(ids):
        text = said[int(name[1:]) % 4]
        expected = {word for word in ("lock", "the", "door", "unlock", "nothing", "here") if word in text.split()}
        assert values_of(table, "added words", row) == expected
    assert {"core", "docs"} <= set(table.column("path words").values)


def test_rare_and_common_words_single_signs_and_cut_names_are_left_out() -> None:
    features = {f"r{n}": frozenset({"+all", "+;", "+" + "x" * 60, "+half" if n % 2 else "+other"}) for n in range(100)}
    features["r0"] |= {"+rare"}
    table, _ = with_content(table_of(100), list(features), Content(features, 100))
    (words,) = table.columns
    assert isinstance(words, Labels)
    assert (words.name, set(words.values)) == ("added words", {"half", "other"})


def test_changes_that_the_dataset_lacks_or_that_cannot_be_read_have_no_words(tmp_path: Path) -> None:
    rows = [(f"r{n}", diff("word" if n % 3 else "thing"), None) for n in range(90)]
    rows[5] = ("r5", None, "m")
    rows[6] = ("r6", "no diff at all", None)
    ids = [f"r{n}" for n in range(100)]
    table, note = with_content(table_of(100), ids, read_content(dataset(tmp_path, rows), ids))
    assert note == "10 of 100 changes are not in the dataset; none of their words are known."
    assert values_of(table, "added words", 1) == set()  # "word" is in more than half
    assert values_of(table, "added words", 3) == {"thing"}
    for row in (5, 6, 95):
        assert values_of(table, "added words", row) == set()


def test_a_weakness_of_a_word_is_found() -> None:
    random = np.random.default_rng(3)
    rows = 4000
    has = random.random((rows, 6)) < 0.3
    features = {f"r{n}": frozenset(f"+word{place}" for place in np.flatnonzero(has[n])) for n in range(rows)}
    wrong = random.random(rows) < np.where(has[:, 2], 0.4, 0.15)
    table, _ = with_content(table_of(rows, wrong), list(features), Content(features, rows))
    found = discover(table, random.random(rows) < 0.5, DiscoverOptions(conditions=1)).found
    assert [one.slice for one in found] == [(Condition("added words", "word2"),)]


def test_ids_come_in_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = [{"id": f"r{n * 7 % 500}", "label": n % 2, "score": n / 500, "threshold": 0.5, "size": n} for n in range(500)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet", row_group_size=60)
    source = open_source([tmp_path / "p.parquet"])
    where = source.expression("size in (3, 77, 400, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22)")
    ids = ids_of(source, source.models[0].name, where)
    scores = load(source, "", Wanted((), where)).table.scores
    assert [(one["id"], one["score"]) for one in rows if one["id"] in ids] == list(zip(ids, scores.tolist(), strict=True))
    assert len(ids) == 14


@pytest.mark.parametrize("lacking", ["id", "diff"])
def test_what_is_no_dataset_is_refused(tmp_path: Path, lacking: str) -> None:
    table = pa.table({"id": ["a"], "diff": [diff("x")]}).drop_columns([lacking])
    pq.write_table(table, tmp_path / "d.parquet")
    with pytest.raises(DataError, match=f"lacks the column {lacking}"):
        read_content(tmp_path / "d.parquet", ["a"])


def test_another_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has none of the changes"):
        read_content(dataset(tmp_path, [("b", diff("x"), "")]), ["a"])


def test_reading_can_be_stopped(tmp_path: Path) -> None:
    def stop(done: float) -> None:
        raise KeyboardInterrupt(f"{done:.2f}")

    path = dataset(tmp_path, [(f"r{n}", diff("x"), "") for n in range(256)])
    with pytest.raises(KeyboardInterrupt, match=r"0\.25"):
        read_content(path, ["r1"], stop)
