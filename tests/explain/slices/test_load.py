"""Predictions become codes: beside a second count in plain Python, and one sentence for what is wrong with a file."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from explain.slices.load import Loaded, Wanted, default_cluster, load, to_search
from explain.slices.source import Source, open_source
from explain.slices.types import OTHER, Column, Labels
from explain.slices.where import Sort
from explain.slices.where_rows import holds
from models.errors import DataError, UsageError

ROWS = 900
LANGUAGES = ["Go", "C", "", None, "Rust", "a'; drop", "\0nul", OTHER]
Write = Callable[..., Path]


def row(n: int) -> dict[str, Any]:
    return {
        "id": f"r{n}",
        "label": n % 3 % 2,
        "score": n % 100 / 100 if n % 90 else None,
        "threshold": 0.5,
        "model": "one",
        "project": f"p{n % 5}" if n % 11 else None,
        "language": LANGUAGES[n * n % 8],
        "languages": [None, [], ["Go"], ["C", "Go", "C"], [None, ""], ["Rust", None]][n % 6],
        "lines_added": n % 200,
        "lines_deleted": n % 7,
        "files_changed": n % 4 if n % 10 else None,
        "share": n / 1000 if n % 9 else float("nan"),
        "date": datetime(2020 + n % 3, 1 + n % 12, 28, 23, 30, tzinfo=UTC) if n % 13 else None,
        "cut": n % 2 == 0,
    }


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write predictions; keywords replace columns by a list, or by a function of the row's number; None drops one."""

    def call(name: str = "p", rows: range = range(ROWS), **changed: Any) -> Path:
        table = pa.Table.from_pylist([row(n) for n in rows])
        for key, given in changed.items():
            if key in table.column_names:
                table = table.drop_columns([key])
            if given is not None:
                values = [given(n) for n in rows] if callable(given) else given
                table = table.append_column(key, values if isinstance(values, pa.Array) else pa.array(values))
        path = tmp_path / f"{name}.parquet"
        pq.write_table(table, path, row_group_size=200)
        return path

    return call


def loaded(path: Path, *attributes: str, where: str = "", **more: Any) -> tuple[Source, Loaded]:
    source = open_source([path])
    return source, load(source, "", Wanted(attributes, source.expression(where), **more))


def texts(column: Column | Labels) -> list[Any]:
    """The values of every row."""
    if isinstance(column, Column):
        return [column.values[code] for code in column.codes]
    return [{column.values[code] for code in column.codes[a:b]} for a, b in zip(column.offsets, column.offsets[1:], strict=False)]


def scored(rows: range = range(ROWS)) -> list[dict[str, Any]]:
    return [one for one in map(row, rows) if one["score"] is not None]


def test_rows_are_those_of_the_file(write: Write) -> None:
    source, found = loaded(write(), "language", "languages", "cut")
    table, rows = found.table, scored()
    assert (source.models[0].rows, source.models[0].unscored) == (len(rows), ROWS - len(rows))
    assert found.notes == (f"{ROWS - len(rows):,} rows of one have no score and are left out.",)
    assert table.labels.tolist() == [one["label"] for one in rows]
    assert table.scores.tolist() == [one["score"] for one in rows]
    assert table.flagged.tolist() == [one["score"] >= 0.5 for one in rows]
    assert table.lines is not None
    assert table.lines.tolist() == [one["lines_added"] + one["lines_deleted"] for one in rows]
    assert texts(table.column("language")) == [one["language"] or "" for one in rows]
    assert texts(table.column("cut")) == [str(one["cut"]).lower() for one in rows]
    assert texts(table.column("languages")) == [set(filter(None, one["languages"] or [])) or {""} for one in rows]
    assert (table.weights, table.clusters) == (None, None)
    assert len(set(table.column("language").values)) == len(table.column("language").values)


def test_numbers_are_parted_and_dates_are_months(write: Write) -> None:
    edges = {"lines_added": (10.0, 50.0, 51.0)}
    table = loaded(write(), "lines_added", "files_changed", "share", "date", edges=edges)[1].table
    rows = scored()
    assert table.column("lines_added").values == ("up to 9", "10 to 49", "50", "51 or more")
    names = {range(10): "up to 9", range(10, 50): "10 to 49", range(50, 51): "50", range(51, 999): "51 or more"}
    assert texts(table.column("lines_added")) == [next(v for k, v in names.items() if one["lines_added"] in k) for one in rows]
    assert texts(table.column("files_changed")) == [
        "" if one["files_changed"] is None else str(one["files_changed"]) for one in rows
    ]
    assert texts(table.column("date")) == ["" if one["date"] is None else f"{one['date']:%Y-%m}" for one in rows]
    assert list(table.column("date").values[:-1]) == sorted(table.column("date").values[:-1])
    share = table.column("share")
    assert share.values[-1] == ""
    assert all(" to under " in one for one in share.values[1:-2])
    counts = np.bincount(share.codes, minlength=len(share.values))
    assert len(share.values) == 6
    assert max(counts[:-1]) < 1.3 * min(counts[:-1])


def test_an_expression_keeps_the_rows_that_it_holds_for(write: Write) -> None:
    text = "languages = 'Go' and (lines_changed > 100 or language in ('C', 'a''; drop')) and not date >= '2021-06-01'"
    source, found = loaded(write(), "project", where=text)
    expression = source.expression(text)
    assert expression is not None
    rows = [one for one in scored() if holds(expression, one | {"lines_changed": one["lines_added"] + one["lines_deleted"]})]
    assert 0 < len(rows) < 300
    assert texts(found.table.column("project")) == [one["project"] or "" for one in rows]
    assert source.expression("  ") is None
    for part in ("share is null", "not share > 0.4", "share is not null and share < 0.2"):
        expression = source.expression(part)
        assert expression is not None
        kept = loaded(write(), "project", where=part)[1].table.rows
        assert kept == sum(holds(expression, one) for one in scored())


def test_clusters_and_weights(write: Write) -> None:
    source, found = loaded(write(weight=lambda n: [None, 1.0, 2.5][n % 3]), cluster="project")
    table, rows = found.table, scored()
    assert default_cluster(source) == "project"
    assert table.clusters is not None
    pairs = Counter(zip(table.clusters.tolist(), [one["project"] for one in rows], strict=True))
    assert len({project for _, project in pairs}) == 6
    assert all(count == 1 for (_, project), count in pairs.items() if project is None)
    assert len({cluster for cluster, project in pairs if project}) == 5
    assert table.weights is not None
    assert table.weights.tolist() == [[1.0, 1.0, 2.5][int(one["id"][1:]) % 3] for one in rows]
    assert loaded(write(weight=lambda n: 1.0))[1].table.weights is None
    assert default_cluster(open_source([write(project=None)])) == ""


def test_rows_stay_in_order_whatever_the_expression(write: Write) -> None:
    wanted = [f"p{n}" for n in range(30)] + ["x'y"]
    listed = ", ".join("'" + one.replace("'", "''") + "'" for one in wanted)
    path = write()
    for text in (f"project in ({listed})", " or ".join(f"project = 'p{n}'" for n in range(30)), f"not project in ({listed})"):
        source, found = loaded(path, where=text, halves=True)
        expression = source.expression(text)
        assert expression is not None
        rows = [one for one in scored() if holds(expression, one)]
        assert found.table.scores.tolist() == [one["score"] for one in rows]
        assert found.halves is not None
        assert found.halves.tolist() == [hashlib.sha256(one["id"].encode()).digest()[0] % 2 == 0 for one in rows]


def test_halves_are_drawn_by_a_hash_of_the_id(write: Write) -> None:
    found = loaded(write(), halves=True)[1].halves
    assert found is not None
    assert found.tolist() == [hashlib.sha256(one["id"].encode()).digest()[0] % 2 == 0 for one in scored()]


def test_attributes_that_say_the_same_are_searched_once(write: Write) -> None:
    source = open_source([write(split=lambda n: "valid", component=lambda n: "c")])
    searched = {"project", "languages", "files_changed", "share", "date", "cut", "component", "lines_changed"}
    assert set(to_search(source)) == searched
    assert set(source.attributes) - searched == {"language", "lines_added", "lines_deleted", "split"}


def test_many_values_become_other_and_this_is_told(write: Write) -> None:
    def text(n: int) -> str:
        return "often" if n % 2 else f"v{n}"

    found = loaded(write(component=text, components=lambda n: [text(n), "all"]), "component", "components")[1]
    column, labels = found.table.column("component"), found.table.column("components")
    assert (len(column.values), column.values[0], column.values[-1]) == (256, "often", OTHER)
    assert (len(labels.values), labels.values[0], labels.values[-1]) == (255, "all", OTHER)
    assert all({"all"} < one for one in texts(labels))
    kinds = len({text(int(one["id"][1:])) for one in scored()})
    assert found.notes[1:] == (
        f"component has {kinds:,} values; the 255 most frequent are kept, the others are (other).",
        f"components has {kinds + 1:,} values; the 254 most frequent are kept, the others are (other).",
    )
    assert column.codes.dtype == np.uint8


def test_months_of_many_years_become_years_and_odd_columns_are_empty(write: Write) -> None:
    dates = pa.array([datetime(1950 + n % 100, 1 + n % 12, 1) for n in range(ROWS)], pa.timestamp("us"))
    table = loaded(write(date=dates, nothing=pa.nulls(ROWS, pa.float64())), "date", "nothing")[1].table
    assert texts(table.column("date")) == [str(1950 + int(one["id"][1:]) % 100) for one in scored()]
    assert (table.column("nothing").values, set(table.column("nothing").codes.tolist())) == (("",), {0})


def test_several_models_and_files(write: Write, tmp_path: Path) -> None:
    long = pa.concat_tables([pq.read_table(write(name, model=[name] * ROWS)) for name in ("b", "a")])
    pq.write_table(long, tmp_path / "long.parquet")
    source = open_source([tmp_path / "long.parquet"])
    assert [one.name for one in source.models] == ["a", "b"]
    with pytest.raises(UsageError, match="name one of a, b"):
        source.model()
    with pytest.raises(UsageError, match="name one of a, b"):
        source.model("c")
    assert load(source, "b", Wanted(())).table.rows == len(scored())
    parts = tmp_path / "parts"
    parts.mkdir()
    shutil.move(write("x", range(0, 450), share=None), parts / "x[1]*.parquet")
    shutil.move(write("y", range(450, 900)), parts / "y's.parquet")
    both = open_source([parts])
    assert both.models[0].rows == len(scored())
    assert load(both, "one", Wanted(("share",))).table.rows == len(scored())


def test_the_flag_of_the_file_comes_first(write: Write) -> None:
    table = loaded(write(flagged=lambda n: [True, False, None][n % 3], threshold=lambda n: 0.5))[1].table
    ids = [int(one["id"][1:]) for one in scored()]
    assert table.flagged.tolist() == [[True, False, n % 100 >= 50][n % 3] for n in ids]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"label": None}, "no column label, so nothing can be measured; score a dataset with labels"),
        ({"score": None}, "no column score"),
        ({"id": None}, "no column id"),
        ({"score": lambda n: 1.5 if n == 7 else 0.5}, "holds the score 1.5, expected 0 to 1"),
        ({"score": lambda n: float("nan") if n == 7 else 0.5}, "holds scores that are NaN"),
        ({"score": lambda n: float("inf") if n == 7 else 0.5}, "holds the score inf, expected 0 to 1"),
        ({"score": lambda n: "high"}, "column score holds varchar, expected numbers"),
        ({"label": lambda n: 2 if n == 7 else 1}, "holds the label 2.0, expected 0 or 1 in every row"),
        ({"label": lambda n: None if n == 7 else 1}, "holds the label nothing, expected 0 or 1 in every row"),
        ({"label": lambda n: "bad"}, "column label holds varchar, expected numbers"),
        ({"id": lambda n: f"r{n % 899}"}, "holds the id 'r0' twice for the model one; drop the duplicates"),
        ({"id": lambda n: None if n in (7, 8) else f"r{n}"}, "holds the id '' twice for the model one"),
        ({"threshold": None}, "rows with neither flagged nor threshold"),
        ({"threshold": lambda n: 0.5 if n else 0.6}, "several values of threshold for the model one"),
        ({"threshold": lambda n: 2.0}, "holds the threshold 2.0, expected a number between 0 and 1"),
        ({"model_digest": lambda n: "ab"[n % 2]}, "several values of model_digest for the model one"),
        ({"weight": lambda n: -1.0 if n == 7 else 1.0}, "holds the weight -1.0, expected a number above 0"),
    ],
)
def test_one_sentence_for_what_is_wrong(write: Write, changed: dict[str, Any], said: str) -> None:
    score = changed.pop("score", lambda n: 0.5) if "score" in changed else (lambda n: 0.5)
    with pytest.raises(DataError) as refused:
        loaded(write(score=score, **changed))
    assert said in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_file_cut_in_half_one_that_is_none_and_one_broken_inside(write: Write, tmp_path: Path) -> None:
    whole = write().read_bytes()
    (tmp_path / "half.parquet").write_bytes(whole[: len(whole) // 2])
    broken = whole[:400] + bytes(byte ^ 0x55 for byte in whole[400:2000]) + whole[2000:]
    (tmp_path / "broken.parquet").write_bytes(broken)
    for name in ("half", "missing", "broken"):
        with pytest.raises(DataError, match="could not be read as") as refused:
            loaded(tmp_path / f"{name}.parquet", "language", "languages", "project")
        assert "\n" not in str(refused.value)


def test_wrong_wishes(write: Write) -> None:
    path = write()
    for wish, said in (
        ({"attributes": ("langage",)}, "choose of project, language"),
        ({"attributes": ("score",)}, "No slices can be made of 'score'"),
        ({"attributes": (), "cluster": "date"}, "cannot be clustered by 'date'; choose of project, language"),
        ({"attributes": ("language",), "edges": {"language": (1.0,)}}, "bins of a column of numbers"),
        ({"attributes": (), "edges": {"share": (1.0,)}}, "bins of a column of numbers"),
    ):
        with pytest.raises(UsageError, match=said):
            load(open_source([path]), "", Wanted(**wish))
    with pytest.raises(UsageError, match="No scored row of one meets the expression"):
        loaded(path, where="language = 'Cobol'")


def test_the_connection_reads_its_files_and_does_nothing_else(write: Write, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n", "utf-8")
    source = open_source([write()])
    connection = source._connection
    for text in (
        f"select * from read_csv('{tmp_path}/secret.csv')",
        f"select * from '{tmp_path}/secret.csv'",
        f"copy (select 1) to '{tmp_path}/out.csv'",
        f"copy (select 1) to '{tmp_path}/p.parquet' (format parquet)",
        f"attach '{tmp_path}/x.db'",
        "install httpfs",
        "load httpfs",
        "set memory_limit = '9GB'",
        "set enable_external_access = true",
        "set allowed_paths = ['/etc/passwd']",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.parquet", "secret.csv"]
    assert source.columns["share"] is Sort.NUMBER
