"""What predictions say of a change besides the score, so that slices can be made: component, language, date, size, kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

import pyarrow as pa

from models.change.component import Components
from models.change.dates import written
from models.change.language import UNKNOWN, language
from models.change.types import Diff, clean
from models.evaluate.contract import Record
from models.mine.code import is_code
from models.mine.kind import kind

ATTRIBUTES = pa.schema(
    [
        ("date", pa.timestamp("ms", tz="UTC")),
        ("component", pa.string()),
        ("components", pa.list_(pa.string())),
        ("language", pa.string()),
        ("languages", pa.list_(pa.string())),
        ("kind", pa.string()),
        ("lines_added", pa.int64()),
        ("lines_deleted", pa.int64()),
        ("files_changed", pa.int64()),
        ("share_unread", pa.float64()),
        ("experience", pa.float64()),
    ]
)
"""The columns, in their order. ``component`` and ``language`` are those of most changed lines, the lists name all, those of
most lines first; ``language`` is one of programs and empty where no code changes. ``share_unread`` is the share of the tokens
that the model did not read, ``experience`` how many changes the author had made before."""
_DATES = ("author_date", "commit_date")
_EXPERIENCE = "exp"


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    lines: int


@dataclass(frozen=True, slots=True)
class Attributes:
    """Names the attributes of rows of a dataset. With ``by_project``, folders of different projects are different components."""

    components: Components
    by_project: bool = False

    def of(self, batch: Any, diffs: Sequence[Diff | None], records: Sequence[Record]) -> list[dict[str, Any]]:
        """For every row of ``batch`` (Arrow) the values of ``ATTRIBUTES``, None where they are not known.

        What the dataset itself says of the whole change (``files``, ``message``, ``author_date``, ``expert_features``) is
        preferred to its diff, which may be cut.
        """
        cells = [_cells(batch, name) for name in ("project", "message", "files", "expert_features")]
        dates = [_cells(batch, name) for name in _DATES]
        rows = zip(diffs, records, *cells, zip(*dates, strict=False), strict=False)
        return [self._row(*row) for row in rows]

    def _row(self, diff: Diff | None, record: Record, *cells: Any) -> dict[str, Any]:
        project, message, listed, expert, dates = cells
        files = _listed(listed) or _of_diff(diff)
        components = _ranked(files, self.components.component)
        if self.by_project and isinstance(project, str) and project:
            components = [f"{clean(project)}:{one}" for one in components]
        languages = [one for one in _ranked(files, language) if one != UNKNOWN]
        spoken = _ranked([one for one in files if is_code(one.path)], language)
        said = message if isinstance(message, str) else "" if diff is None else diff.message
        return {
            "date": _date(dates, diff),
            "component": components[0] if components else None,
            "components": components,
            "language": spoken[0] if spoken else "" if files else None,
            "languages": languages,
            "kind": kind(said, [one.path for one in files]),
            "lines_added": None if diff is None else diff.added,
            "lines_deleted": None if diff is None else diff.removed,
            "files_changed": None if diff is None else len(diff.files),
            "share_unread": _unread(record),
            "experience": _experience(expert),
        }


def _cells(batch: Any, name: str) -> Any:
    """The values of a column; None for ever where there is none."""
    return batch.column(name).to_pylist() if name in batch.schema.names else repeat(None)


def _listed(cell: Any) -> list[_File]:
    """The files that a dataset lists; none where the column holds something else."""
    if not isinstance(cell, list) or not all(isinstance(one, dict) and isinstance(one.get("path"), str) for one in cell):
        return []
    return [_File(clean(one["path"]), _count(one.get("lines_added")) + _count(one.get("lines_deleted"))) for one in cell]


def _of_diff(diff: Diff | None) -> list[_File]:
    return [] if diff is None else [_File(clean(one.path), one.added + one.removed) for one in diff.files]


def _count(cell: Any) -> int:
    return cell if isinstance(cell, int) else 0


def _ranked(files: Sequence[_File], name: Callable[[str], str]) -> list[str]:
    """The distinct names of ``files``, that of most changed lines first, then by the alphabet."""
    lines: Counter[str] = Counter()
    for one in files:
        lines[name(one.path)] += one.lines
    return sorted(lines, key=lambda one: (-lines[one], one))


def _date(cells: Sequence[Any], diff: Diff | None) -> datetime | None:
    """The first date that the dataset has, else that of the patch's own head; one without a zone is taken for UTC."""
    known = next((one for one in cells if isinstance(one, datetime)), None)
    if known is None:
        return None if diff is None else written(diff)
    return known if known.tzinfo else known.replace(tzinfo=UTC)


def _unread(record: Record) -> float | None:
    read, total = record["tokens_read"], record["tokens_total"]
    if read is None or total is None:
        return None
    return 1 - read / total if total else 0.0


def _experience(cell: Any) -> float | None:
    """``exp`` of Kamei et al. 2013, out of a map (pairs) or a struct."""
    pairs = cell if isinstance(cell, Mapping) else dict(cell) if isinstance(cell, list) else {}
    value = pairs.get(_EXPERIENCE)
    return float(value) if isinstance(value, int | float) else None
