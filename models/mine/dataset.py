"""The dataset that comes out: its columns, and writing it whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.mine.facts import ROW
from models.mine.labels import Label
from models.mine.metrics import NAMES
from models.mine.options import Labels, MineOptions
from models.mine.project import Derived
from models.mine.store import METADATA, ProjectStore, Store

_LINE = pa.struct([("path", pa.string()), ("change", pa.string()), ("text", pa.string())])
_DERIVED = [
    ("label", pa.int8()), ("label_kind", pa.string()), ("split", pa.string()), ("weight", pa.float32()),
    ("expert_features", pa.map_(pa.string(), pa.float32())), ("reference_scores", pa.map_(pa.string(), pa.float32())),
    ("defective_lines", pa.list_(_LINE)), ("fixed_by", pa.list_(pa.string())),
]  # fmt: skip
COLUMNS = pa.schema([*ROW, *_DERIVED])
"""The columns of a labelled dataset, and ``fixed_by``: full hashes of the commits that blame this one, declared ones first.

``label_kind`` is "defect:" or "performance:" and where the label comes from; a negative of "performance:declared+szz" was
blamed by neither. ``split`` is "train", "valid", "test" or "young": part of none of them (see ``models.mine.labels``). A label
0 of the split "young" has the kind "defect:undecided" or "performance:undecided" and is no negative. ``defective_lines`` are
lines of this commit that a traced fix deletes. ``reference_scores`` is empty, ``weight`` 1.
"""

_ROWS_AT_ONCE = 2000


def write(output: Path, store: Store, options: MineOptions, found: Mapping[str, Derived]) -> None:
    """Write the projects ``found``, by name, to ``output``; other projects that it holds already stay as they are.

    The file takes its place when it is whole; what a killed run leaves lies in the state's folder, and the next one clears it.
    """
    before = pq.ParquetFile(output) if output.exists() else None
    about = {} if before is None else json.loads(before.schema_arrow.metadata[METADATA])["projects"]
    about |= {project: asdict(one.report) for project, one in found.items()}
    metadata = {METADATA: json.dumps({"id": store.id, "labels": str(options.labels), "projects": about})}
    part = store.folder / "dataset.part"
    with pq.ParquetWriter(part, COLUMNS.with_metadata(metadata), compression="zstd") as writer:
        for table in _kept(before, found) if before else ():
            writer.write_table(table)
        for project, derived in found.items():
            for table in _batched(_rows(store.project(project), derived, options.labels)):
                writer.write_table(table)
    part.replace(output.resolve())


def _kept(before: Any, found: Mapping[str, Derived]) -> Iterator[Any]:
    """The row groups of other projects: each holds one project."""
    for n in range(before.num_row_groups):
        table = before.read_row_group(n)
        if table.column("project")[0].as_py() not in found:
            yield table.cast(COLUMNS)


def _rows(store: ProjectStore, derived: Derived, labels: Labels) -> Iterator[Any]:
    names = [name for name, _ in ROW]
    for facts in store.facts(names):
        table = facts.filter(pc.is_in(facts.column("commit"), pa.array(list(derived.labels), pa.string())))
        commits = table.column("commit").to_pylist()
        columns = [_derived(commit, derived, labels) for commit in commits]
        added = pa.Table.from_pylist(columns, schema=pa.schema(_DERIVED))
        yield pa.Table.from_arrays([*table.columns, *added.columns], schema=COLUMNS)


def _derived(commit: str, derived: Derived, labels: Labels) -> dict[str, Any]:
    one = derived.labels[commit]
    lines = derived.lines.get(commit, []) if one.label else []
    return {
        "label": one.label,
        "label_kind": kind(one, labels),
        "split": one.split,
        "weight": 1.0,
        "expert_features": [(name, derived.metrics[commit][name]) for name in NAMES],
        "reference_scores": [],
        "defective_lines": [{"path": path, "change": "added", "text": text} for path, text in lines],
        "fixed_by": list(one.fixed_by),
    }


def kind(label: Label, labels: Labels) -> str:
    """ "defect:szz", "performance:declared" …"""
    return f"{'performance' if labels is Labels.PERFORMANCE else 'defect'}:{label.source}"


def _batched(tables: Iterable[Any]) -> Iterator[Any]:
    """Tables joined to some thousand rows each."""
    held: list[Any] = []
    for table in tables:
        held.append(table)
        if sum(one.num_rows for one in held) >= _ROWS_AT_ONCE:
            yield pa.concat_tables(held)
            held = []
    if sum(one.num_rows for one in held):
        yield pa.concat_tables(held)
