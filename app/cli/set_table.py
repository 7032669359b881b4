"""The table of a run over a dataset: one row a change that was worked on, whole at any time, and added to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from app.cli.output import replacing
from explain.survey.record import Passed, Reason
from models.errors import DataError, UsageError

Settings = dict[str, Any]
"""All that what is found depends on: rows of another model or other flags are never mixed into one table.

``model`` is its digest, ``rows`` a hash of the dataset's; ``flags`` are called as on the command line.
"""


class Found(Protocol):
    """What a record tells of its row: its name, and the change that stood there."""

    @property
    def id(self) -> str:
        """The name."""
        ...

    @property
    def diff_id(self) -> str:
        """The id of the diff."""
        ...


Record = TypeVar("Record", bound=Found)


@dataclass(frozen=True, slots=True)
class Form(Generic[Record]):
    """What the table of the verb ``verb`` holds: ``schema`` in ``version``, and the way from a record to its cells and back.

    ``name`` is what it is called on help pages, ``sort`` what the changes in it are.
    """

    verb: str
    name: str
    sort: str
    version: str
    schema: Any
    cells: Callable[[Record], dict[str, Any]]
    record: Callable[[dict[str, Any]], Record]

    @property
    def key(self) -> bytes:
        """Under which the state of the run stands in the file."""
        return self.version.rpartition("/")[0].encode()


def _difference(before: Settings, now: Settings) -> str:
    """What an earlier run was made with, in words, where it is not what is asked for now."""
    if before["model"] != now["model"]:
        return "another model"
    old: dict[str, Any] = before["flags"]
    clash = [name for name in now["flags"] if old.get(name) != now["flags"][name]]
    if clash:
        given = (f"--{name.replace('_', '-')} {old[name]}" if old.get(name) is not None else f"no --{name}" for name in clash)
        return ", ".join(given)
    return "a dataset of other rows" if before["rows"] != now["rows"] else ""


@dataclass
class Kept(Generic[Record]):
    """What was found so far, and where it is saved (nowhere where ``path`` is None).

    ``seen`` counts the rows, in their order, that are done with: those with a record, and in ``reasons`` the others.
    Records are held as the table's own rows, which take little room; only those since the last saving are objects.
    """

    form: Form[Record]
    path: Path | None
    settings: Settings
    reasons: Counter[Reason] = field(default_factory=Counter)
    unnumbered: list[str] = field(default_factory=list)
    highest: float | None = None
    changed: bool = False
    _rows: list[Any] = field(default_factory=list)
    _new: list[Record] = field(default_factory=list)

    @classmethod
    def open(cls, form: Form[Record], path: Path | None, settings: Settings) -> Kept[Record]:
        """What an earlier run with the same settings left in ``path``; raises UsageError for any other file there."""
        if path is None or not path.exists():
            return cls(form, path, settings)
        try:
            kept = cls.read(form, path)
            different = _difference(kept.settings, settings)
        except (DataError, KeyError, TypeError) as error:
            raise UsageError(f"{path} exists and is no table of this whydiff {form.verb}; name another file for -o.") from error
        if different:
            raise UsageError(f"{path} was made with {different}; use the same again, or name another file for -o.")
        kept.settings = settings
        return kept

    @classmethod
    def read(cls, form: Form[Record], path: Path) -> Kept[Record]:
        """What a run with any settings left in ``path``; raises DataError for any other file."""
        try:
            table = pq.read_table(path)
            state = json.loads((table.schema.metadata or {})[form.key])
            if state["version"] != form.version or not table.schema.equals(form.schema):
                raise ValueError
            reasons = Counter({Reason(reason): count for reason, count in state["passed"].items()})
            rows = table.replace_schema_metadata(None).to_batches()
            kept = cls(form, path, dict(state["settings"]), reasons, state["unnumbered"], state["highest"], _rows=rows)
            for _ in kept.records():  # what cannot be read back is noticed here
                pass
        except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is no table of this whydiff {form.verb}; make it anew.") from error
        return kept

    @property
    def count(self) -> int:
        """Rows with a record."""
        return len(self._new) + sum(int(one.num_rows) for one in self._rows)

    @property
    def seen(self) -> int:
        """Rows that are done with."""
        return self.count + sum(self.reasons.values())

    def names(self) -> list[str]:
        """The ids of the rows with a record, in their order."""
        self._settle()
        return [name for one in self._rows for name in one.column("id").to_pylist()]

    def records(self) -> Iterator[Record]:
        """What was found, in the order of the rows, made anew one by one."""
        self._settle()
        for batch in self._rows:
            for at in range(batch.num_rows):
                yield self.form.record(batch.slice(at, 1).to_pylist()[0])

    def passed(self) -> Iterator[Passed]:
        """The rows that were passed over; only those without a number are called by their name."""
        for reason, count in self.reasons.items():
            names = self.unnumbered if reason is Reason.NO_NUMBER else [""] * count
            score = self.highest if reason is Reason.NOT_FLAGGED else None
            yield from (Passed(name, reason, score) for name in names)

    def add(self, one: Record) -> None:
        """Take note of what was found."""
        self._new.append(one)
        self.changed = True

    def pass_over(self, one: Passed) -> None:
        """Take note of a row without a record."""
        self.reasons[one.reason] += 1
        if one.reason is Reason.NO_NUMBER:
            self.unnumbered.append(one.id)
        if one.score is not None:
            self.highest = max(one.score, self.highest or 0.0)
        self.changed = True

    def save(self) -> None:
        """Write the table, in place of the former one, if there is news."""
        if self.path is None or not self.changed:
            return
        self._settle()
        state = {
            "version": self.form.version,
            "settings": self.settings,
            "passed": {reason.value: count for reason, count in self.reasons.items()},
            "unnumbered": self.unnumbered,
            "highest": self.highest,
        }
        table = pa.Table.from_batches(self._rows, self.form.schema)
        with replacing(self.path) as temporary:
            metadata = {self.form.key: json.dumps(state).encode()}
            pq.write_table(table.replace_schema_metadata(metadata), temporary, compression="zstd")
        self.changed = False

    def _settle(self) -> None:
        """Turn new records into rows."""
        if self._new:
            cells = [self.form.cells(one) for one in self._new]
            self._rows += pa.Table.from_pylist(cells, schema=self.form.schema).to_batches()
            self._new = []
