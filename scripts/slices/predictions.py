"""The table of predictions that comes with whydiff: ids, labels, scores and attributes of several models, no text of any change.

``python -m scripts.slices.predictions FILE... -o sample_diffs/predictions.parquet`` puts together files that ``whydiff score
DATASET --split valid -o FILE`` wrote, one a model (docs/models.md tells how they are trained), keeps the columns below, a row per
change and model, and refuses what could be the text of a change. Prints rows, AUC of every model, and the size of the file.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.metrics import roc_auc_score

from models.data.parquet import table
from models.errors import DataError, WhydiffError
from models.files import write_whole

_WORDS = pa.list_(pa.string())
COLUMNS = pa.schema(
    [
        ("id", pa.string()),
        ("diff_id", pa.string()),
        ("project", pa.string()),
        ("label", pa.int8()),
        ("label_kind", pa.string()),
        ("model", pa.string()),
        ("model_kind", pa.string()),
        ("model_digest", pa.string()),
        ("score", pa.float64()),
        ("threshold", pa.float64()),
        ("flagged", pa.bool_()),
        ("tokens_read", pa.int32()),
        ("tokens_total", pa.int32()),
        ("share_unread", pa.float32()),
        ("date", pa.timestamp("ms", tz="UTC")),
        ("component", pa.string()),
        ("components", _WORDS),
        ("language", pa.string()),
        ("languages", _WORDS),
        ("kind", pa.string()),
        ("lines_added", pa.int32()),
        ("lines_deleted", pa.int32()),
        ("files_changed", pa.int32()),
        ("experience", pa.float32()),
    ]
)
"""All that the table may hold."""
_ID = re.compile(r"[\w.-]{1,60}/[\w.-]{1,60}@[0-9a-f]{40}")
_NAME = re.compile(r"[\w.,:/@+#&() -]{0,120}")
"""What names of projects, components and languages look like; code has other signs, or is longer."""


def together(files: Sequence[Path]) -> pa.Table:
    """The rows of ``files`` by model and id, every model with the same ids. Raises DataError for what does not belong there."""
    parts = [table(file, COLUMNS.names).cast(COLUMNS) for file in files]
    rows = pa.concat_tables(parts).sort_by([("model", "ascending"), ("id", "ascending")])
    ids = [one.column("id") for one in parts]
    for file, one in zip(files, ids, strict=True):
        if set(one.to_pylist()) != set(ids[0].to_pylist()):
            raise DataError(f"{file} scores other changes than {files[0]}; score one dataset with each model.")
    if len(pc.unique(rows.column("model"))) != len(files):
        raise DataError("Expected one model a file, each of another name; score the dataset with each model.")
    wrong = next(foreign(rows), None)
    if wrong is not None:
        raise DataError(f"The column {wrong[0]} holds {wrong[1]!r:.80}, which could be the text of a change; leave it out.")
    return rows


def foreign(rows: pa.Table) -> Iterator[tuple[str, str]]:
    """(column, value) of all texts that are no ids and no names."""
    for field in rows.schema:
        texts = rows.column(field.name)
        if pa.types.is_list(field.type):
            texts = pc.list_flatten(texts)
        elif not pa.types.is_string(field.type):
            continue
        form = _ID if field.name == "id" else _NAME
        yield from ((field.name, one) for one in pc.unique(texts).to_pylist() if one is not None and not form.fullmatch(one))


def write(rows: pa.Table, path: Path) -> None:
    """``rows`` as a small Parquet file: one group, so that the ids of all models are one dictionary."""
    options: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": 19,
        "use_dictionary": True,
        "write_page_checksum": True,
    }
    write_whole(path, lambda place: pq.write_table(rows, place, row_group_size=rows.num_rows, **options))


def main(arguments: Sequence[str]) -> int:
    """Make the file; exit code 2 when a file of predictions cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.slices.predictions", description="The table that comes with whydiff."
    )
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        rows = together(given.files)
        write(rows, given.output)
    except WhydiffError as error:
        print(error, file=sys.stderr)
        return 2
    for model in pc.unique(rows.column("model")).to_pylist():
        one = rows.filter(pc.equal(rows.column("model"), model))
        area = roc_auc_score(one.column("label").to_numpy(), one.column("score").to_numpy())
        print(f"{model}: {one.num_rows:,} rows, {pc.sum(one.column('label')).as_py():,} positive, AUC {area:.4f}")
    print(f"{given.output}: {given.output.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
