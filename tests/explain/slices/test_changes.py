"""The changes behind a slice, worst first, are the rows of the file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from explain.slices.changes import Change, changes, worst
from explain.slices.load import Wanted, load
from explain.slices.source import open_source


def test_the_worst_changes_of_a_slice(tmp_path: Path) -> None:
    rows = [
        {
            "id": f"r{n}",
            "label": n % 2,
            "score": n * 37 % 100 / 100 if n % 10 else None,
            "threshold": 0.3,
            "project": ["a", None, "c"][n % 3],
            "date": datetime(2024, 1, 1 + n % 30, tzinfo=UTC),
        }
        for n in range(500)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet", row_group_size=70)
    source = open_source([tmp_path / "p.parquet"])
    where = source.expression("project != 'c'")
    table = load(source, "", Wanted(("project",), where)).table
    column = table.column("project")
    inside = column.codes == column.values.index("a")
    found = changes(source, source.models[0].name, where, worst(table, inside, 12))

    kept = [one for one in rows if one["score"] is not None and one["project"] == "a"]

    def wrong(one: dict) -> bool:
        return (one["score"] >= 0.3) != (one["label"] == 1)

    kept.sort(key=lambda one: (not wrong(one), -abs(one["score"] - one["label"]), int(one["id"][1:])))
    assert found == tuple(
        Change(one["id"], "a", f"{one['date']:%Y-%m-%d}", one["label"], one["score"], one["score"] >= 0.3) for one in kept[:12]
    )


def test_places_in_any_order_and_columns_that_lack(tmp_path: Path) -> None:
    table = pa.table({"id": ["x", "y", None], "label": [0, 1, 1], "score": [0.1, 0.2, 0.3], "flagged": [True, False, True]})
    pq.write_table(table, tmp_path / "p.parquet")
    source = open_source([tmp_path / "p.parquet"])
    assert changes(source, "p", None, (2, 0)) == (Change("", "", "", 1, 0.3, True), Change("x", "", "", 0, 0.1, True))
    assert changes(source, "p", None, ()) == ()
