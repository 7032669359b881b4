"""Predictions where they lie: Parquet files queried in place by DuckDB, which may read these files and do nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from explain.slices.where import Expression, Sort, Value, parse
from explain.slices.where_sql import quoted, to_sql
from models.data.parquet import check_alike, files_of, opened
from models.errors import DataError, UsageError

MEMORY = "1200MB"
"""What DuckDB may take; arrays that it is asked for come on top."""
LINES = "lines_changed"
"""A column of sums, where lines_added and lines_deleted are known."""
_ABOUT = ("model_kind", "model_digest", "threshold")
_AT_ONCE = 2**17
_NEEDED = {
    "score": "it is no file of predictions; write one with whydiff score DATASET -o FILE",
    "id": "it names no rows; write it with whydiff score DATASET -o FILE",
    "label": "nothing can be measured; score a dataset with labels",
}
_CASTS = {
    "id": "varchar", "label": "double", "score": "double", "model": "varchar", "model_kind": "varchar", "model_digest": "varchar",
    "threshold": "double", "flagged": "boolean",
}  # fmt: skip
"""What the view has in any case; null where the files lack it."""
TECHNICAL = frozenset({*_CASTS, "schema", "diff_id", "tokens_read", "tokens_total", "commit", "message", "weight"})
"""Columns that no slices are made of, though expressions may speak of them."""
_SORTS = {
    "varchar": Sort.TEXT, "uuid": Sort.TEXT, "varchar[]": Sort.TEXTS, "boolean": Sort.TRUTH, "date": Sort.DATE,
    "float": Sort.NUMBER, "double": Sort.NUMBER,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """A model in the files; ``rows`` with a score, ``unscored`` without. Threshold None: not told."""

    name: str
    kind: str
    digest: str
    threshold: float | None
    rows: int
    unscored: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Some of the rows: a condition in SQL of our own making, and the values of its question marks."""

    said: str
    values: tuple[Value, ...] = ()


class Source:
    """Predictions in Parquet files; ``columns`` are those that expressions may speak of, ``models`` those in them."""

    def __init__(self, files: Sequence[Path], columns: Mapping[str, Sort], connection: duckdb.DuckDBPyConnection) -> None:
        """Made by ``open_source``."""
        self.files = tuple(files)
        self.columns = MappingProxyType(dict(columns))
        self.checked: set[str] = set()
        self._connection = connection
        self.models = tuple(self._models())

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns that slices can be made of."""
        return tuple(name for name in self.columns if name not in TECHNICAL)

    def model(self, name: str = "") -> Model:
        """The model called ``name``; without a name the only one. Raises UsageError."""
        known = ", ".join(one.name for one in self.models)[:400]
        if not name and len(self.models) > 1:
            raise UsageError(f"There are predictions of several models; name one of {known}.")
        found = next((one for one in self.models if name in ("", one.name)), None)
        if found is None:
            raise UsageError(f"There are no predictions of a model {name!r:.80}; name one of {known}.")
        return found

    def expression(self, text: str) -> Expression | None:
        """The expression in ``text`` over these columns; None for an empty one. Raises UsageError."""
        return parse(text, self.columns) if text.strip() else None

    def scope(self, model: str, where: Expression | None = None) -> Scope:
        """The scored rows of ``model`` that meet ``where``."""
        said, values = ("true", ()) if where is None else to_sql(where)
        return Scope(f"score is not null and model = ? and {said}", (model, *values))

    def query(self, columns: str, scope: Scope, outer: str = "select * from chosen") -> list[tuple[Any, ...]]:
        """The answer to ``outer``, about the table ``chosen``: ``columns`` of the rows in ``scope``. All SQL is our own."""
        text = f"with chosen as (select {columns} from predictions where {scope.said}) {outer}"
        with one_sentence(self.files):
            found: list[tuple[Any, ...]] = self._connection.cursor().execute(text, list(scope.values)).fetchall()
        return found

    def batches(self, columns: str, scope: Scope) -> Iterator[Any]:
        """``columns`` of the rows in ``scope`` as Arrow record batches, in the order of the files."""
        text = f"select {columns} from predictions where {scope.said}"
        with one_sentence(self.files):
            yield from self._connection.cursor().sql(text, params=list(scope.values)).to_arrow_reader(_AT_ONCE)

    def _models(self) -> Iterator[Model]:
        about = ", ".join(f"list(distinct {name}) filter ({name} is not null)" for name in _ABOUT)
        found = self.query("*", Scope("true"), f"select model, count(score), count(*), {about} from chosen group by 1 order by 1")
        for name, scored, rows, *values in found:
            kind, digest, threshold = (self._one(name, *pair) for pair in zip(_ABOUT, values, strict=True))
            if threshold is not None and not 0 < threshold < 1:
                raise DataError(
                    f"{self.named} holds the threshold {threshold}, expected a number between 0 and 1; score the dataset again."
                )
            yield Model(name, kind or "", digest or "", threshold, scored, rows - scored)

    def _one(self, model: str, column: str, found: Sequence[Any] | None) -> Any:
        if found and len(found) > 1:
            raise DataError(
                f"{self.named} holds several values of {column} for the model {model}; pass the predictions of one version of it."
            )
        return found[0] if found else None

    @property
    def named(self) -> str:
        """The files, for messages."""
        return ", ".join(map(str, self.files))[:300]


def open_source(paths: Sequence[Path]) -> Source:
    """The predictions in ``paths``, Parquet files or folders of them; rows of several files are put together.

    Raises DataError for what is missing, broken or no predictions with labels.
    """
    files = [file.absolute() for file in files_of(paths)]
    schemas = {file: opened(file).schema_arrow for file in files}
    for file, schema in schemas.items():
        for name, why in _NEEDED.items():
            if name not in schema.names:
                raise DataError(f"{file} has no column {name}, so {why}.")
    check_alike(schemas, sorted({name for schema in schemas.values() for name in schema.names} - {"files"}))
    connection = duckdb.connect(config={"memory_limit": MEMORY, "threads": min(4, os.cpu_count() or 1), "temp_directory": ""})
    read = ", ".join(_literal(_unglobbed(file)) for file in files)
    with one_sentence(files):
        connection.execute(f"create view files as select * from read_parquet([{read}], union_by_name=true)")
        _lock(connection, files)
        given = {name: str(kind).lower() for name, kind, *_ in connection.execute("describe files").fetchall()}
        for name in ("label", "score"):
            if _sort(given[name]) not in (Sort.NUMBER, Sort.TRUTH):
                raise DataError(
                    f"In {files[0]} the column {name} holds {given[name]}, expected numbers; score the dataset again."
                )
        columns = _view(connection, given, files)
    return Source(files, columns, connection)


def _lock(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """From here on the connection reads ``files`` and nothing else, writes and loads nothing, and cannot be told otherwise."""
    allowed = ", ".join(_literal(one) for file in files for one in (str(file), _unglobbed(file)))
    connection.execute(f"set allowed_paths = [{allowed}]")
    for name in (
        "enable_external_access",
        "autoinstall_known_extensions",
        "autoload_known_extensions",
        "allow_community_extensions",
    ):
        connection.execute(f"set {name} = false")
    connection.execute("set python_enable_replacements = false")
    connection.execute("set disabled_optimizers = 'in_clause'")  # it makes joins of long lists, which lose the order of rows
    connection.execute("set lock_configuration = true")


def _view(connection: duckdb.DuckDBPyConnection, given: Mapping[str, str], files: Sequence[Path]) -> dict[str, Sort]:
    """Make the view ``predictions``, and give its columns that expressions can speak of."""
    plain = {name: sort for name, kind in given.items() if (sort := _sort(kind)) and name not in _CASTS}
    shown = [quoted(name) for name in plain]
    fixed = [f"{quoted(name) if name in given else 'null'}::{kind} as {name}" for name, kind in _CASTS.items() if name != "model"]
    model = "nullif(model::varchar, '')" if "model" in given else "null"
    lines = LINES not in given and {"lines_added", "lines_deleted"} <= plain.keys()
    derived = [f"lines_added + lines_deleted as {LINES}"] if lines else []
    own = f"coalesce({model}, {_literal(files[0].stem)}) as model"
    connection.execute(f"create view predictions as select {', '.join([*shown, *fixed, own, *derived])} from files")
    fixed_sorts = {name: _sort(kind) or Sort.TEXT for name, kind in _CASTS.items()}
    return plain | fixed_sorts | ({LINES: Sort.NUMBER} if lines else {})


def _sort(kind: str) -> Sort | None:
    """What a column of a type of DuckDB holds; None for what expressions cannot speak of."""
    if kind.startswith(("enum", "varchar")) and not kind.endswith("]"):
        return Sort.TEXT
    if kind.startswith("timestamp"):
        return Sort.DATE
    if kind.endswith(("int", "integer")) or kind.startswith("decimal"):
        return Sort.NUMBER
    return _SORTS.get(kind)


@contextmanager
def one_sentence(files: Sequence[Path]) -> Iterator[None]:
    """What DuckDB says against ``files`` as one sentence of ours."""
    named = ", ".join(map(str, files))[:300]
    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise DataError(f"There is not enough memory for {named}; choose fewer columns, or rows by an expression.") from error
    except duckdb.Error as error:
        said = str(error).partition("\n")[0].rstrip(".")[:200]
        raise DataError(f"{named} could not be read as predictions ({said}); pass files that whydiff score -o wrote.") from error


def _unglobbed(file: Path) -> str:
    """The path as a pattern that only it matches."""
    return "".join(f"[{one}]" if one in "*?[" else one for one in str(file))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
