"""Predictions of one model as a ``Table``: labels, scores and flags, and the attributes that slices are made of, as codes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explain.slices.bins import FEW, QUANTILES, edges_of, rounded
from explain.slices.coding import Coder, LabelsCoder, MonthCoder, NumberCoder, TextCoder, kept
from explain.slices.source import LINES, Scope, Source
from explain.slices.types import MOST_VALUES, OTHER, Floats, Table
from explain.slices.where import Expression, Sort
from explain.slices.where_sql import plain
from models.errors import DataError, UsageError

CLUSTERS = ("project", "author")
"""Columns by which rows are not independent of each other, the first that there is."""
AUTO, NONE = "auto", "none"
"""In place of a column to cluster by: the first of ``CLUSTERS`` that there is; no column."""
_WEIGHT = "weight"
_HALF = "(instr('02468ace', substr(sha256(id), 2, 1)) > 0)"
"""Whether the first byte of the id's SHA-256 is even."""
_ASIDE = {"author_date", "commit_date", "split", "label_kind"}
_SAID_BY = {"component": "components", "language": "languages", "lines_added": LINES, "lines_deleted": LINES}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows and columns. ``edges``: where numbers are parted, by column; quantiles without. ``cluster``: a column, or "".

    ``halves``: to be told too which half every row is in, for the search for weak slices.
    """

    attributes: tuple[str, ...]
    where: Expression | None = None
    cluster: str = ""
    edges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    halves: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """The table, what has to be told about it, and the half of every row as ``explain.slices.discover.half_of`` gives it."""

    table: Table
    notes: tuple[str, ...] = ()
    halves: NDArray[np.bool_] | None = None


def to_search(source: Source) -> tuple[str, ...]:
    """The attributes that weak slices are looked for in: one of those that say the same, and none about the dataset itself."""
    return tuple(name for name in source.attributes if name not in _ASIDE and _SAID_BY.get(name) not in source.columns)


def default_cluster(source: Source) -> str:
    """The column by which rows of ``source`` are not independent; "" where there is none."""
    return next((name for name in CLUSTERS if source.columns.get(name) is Sort.TEXT), "")


def cluster_of(source: Source, asked: str) -> str:
    """The column to cluster by, or "", of what was asked for: a column, ``AUTO`` or ``NONE``."""
    return default_cluster(source) if asked == AUTO else "" if asked == NONE else asked


def load(source: Source, model: str, wanted: Wanted) -> Loaded:
    """The rows of ``model`` that are ``wanted``, in the order of the files.

    Raises UsageError for a column that there is not or no rows at all, DataError for scores that are no probabilities, labels
    other than 0 and 1, ids that come twice, and flags that cannot be told.
    """
    about = source.model(model)
    _check_columns(source, wanted)
    check_rows(source, about.name)
    scope = source.scope(about.name, wanted.where)
    notes = [f"{about.unscored:,} rows of {about.name} have no score and are left out."] if about.unscored else []
    coders: list[Coder] = []
    for name in wanted.attributes:
        coder, note = _coder(source, scope, name, wanted.edges.get(name))
        coders.append(coder)
        notes += [note] if note else []
    table, halves = _read(source, scope, about.name, coders, wanted)
    return Loaded(table, tuple(notes), halves if wanted.halves else None)


def check_rows(source: Source, model: str) -> None:
    """Raise DataError unless the rows of ``model`` have probabilities, labels of 0 or 1, flags, and ids of their own."""
    if model in source.checked:
        return
    select = """any_value(score) filter (not isfinite(score) or not score between 0 and 1),
        any_value(coalesce(label::varchar, 'nothing')) filter (label is null or label not in (0, 1)),
        count(*) filter (flagged is null and threshold is null)"""
    outside, label, unflagged = source.query("*", source.scope(model), f"select {select} from chosen")[0]
    _refuse(
        source,
        outside is not None and math.isnan(outside),
        "scores that are NaN; score the dataset again with a model that whydiff validates",
    )
    _refuse(source, outside is not None, f"the score {outside}, expected 0 to 1; score the dataset again")
    _refuse(source, label is not None, f"the label {label}, expected 0 or 1 in every row; mend or drop such rows")
    _refuse(source, unflagged, "rows with neither flagged nor threshold; score the dataset again")
    twice = _twice(source, model)
    _refuse(source, twice is not None, f"the id {str(twice)[:80]!r} twice for the model {model}; drop the duplicates")
    source.checked.add(model)


def _refuse(source: Source, wrong: object, what: str) -> None:
    if wrong:
        raise DataError(f"{source.named} holds {what}.")


def _twice(source: Source, model: str) -> str | None:
    """An id that two rows have. Hashes are sorted first, which takes 8 bytes a row, then those that meet are looked up."""
    parts = [batch.column(0).to_numpy() for batch in source.batches("hash(coalesce(id, ''))", source.scope(model))]
    hashes = np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)
    met = hashes[1:][hashes[1:] == hashes[:-1]]
    if not len(met):
        return None
    scope = source.scope(model)
    chosen = Scope(f"{scope.said} and hash(coalesce(id, '')) between ? and ?", (*scope.values, int(met[0]), int(met[0])))
    found = source.query("coalesce(id, '') as id", chosen, "select id from chosen group by id having count(*) > 1 limit 1")
    return str(found[0][0]) if found else None


def _check_columns(source: Source, wanted: Wanted) -> None:
    for name in wanted.attributes:
        if name not in source.attributes:
            raise UsageError(f"No slices can be made of {name!r:.80}; choose of {', '.join(source.attributes)[:600]}.")
    if wanted.cluster and source.columns.get(wanted.cluster) is not Sort.TEXT:
        texts = [name for name in source.attributes if source.columns[name] is Sort.TEXT]
        raise UsageError(f"Rows cannot be clustered by {wanted.cluster!r:.80}; choose of {', '.join(texts)[:600]}.")
    for name in wanted.edges:
        if source.columns.get(name) is not Sort.NUMBER or name not in wanted.attributes:
            raise UsageError(f"Expected bins of a column of numbers among the slices, but got {name!r:.80}; leave it out.")


def _coder(source: Source, scope: Scope, name: str, edges: Sequence[float] | None) -> tuple[Coder, str]:
    """(a coder that knows the values of the column, what has to be told of it or "")."""
    sort = source.columns[name]
    if sort is Sort.DATE:
        return MonthCoder(name), ""
    if sort is Sort.NUMBER:
        return _number_coder(source, scope, name, edges), ""
    listed = sort is Sort.TEXTS
    texts = f"unnest({plain(name, sort)}) as v" if listed else f"{_text(name)} as v"
    real = "where v is not null and v != ''" if listed else ""
    found = source.query(
        texts, scope, f"select v from chosen {real} group by v order by count(*) desc, v limit {MOST_VALUES + 1}"
    )
    values, cut = kept([one for (one,) in found], MOST_VALUES - listed)  # lists may need one more value for nothing
    coder = LabelsCoder(name, values) if listed else TextCoder(name, values)
    if not cut:
        return coder, ""
    total = source.query(texts, scope, f"select count(distinct v) from chosen {real}")[0][0]
    return coder, f"{name} has {total:,} values; the {len(values) - 1} most frequent are kept, the others are {OTHER}."


def _number_coder(source: Source, scope: Scope, name: str, edges: Sequence[float] | None) -> NumberCoder:
    asked = f"""select min(v), bool_and(v = round(v)), quantile_disc(v, {list(QUANTILES)}),
        (select list(v order by v) from (select distinct v from chosen where v is not null limit {FEW + 1})) from chosen"""
    low, whole, parts, values = source.query(f"{plain(name, Sort.NUMBER)} as v", scope, asked)[0]
    lowest = math.nan if low is None else float(low)
    if edges is not None:
        return NumberCoder(name, edges_of(edges, -np.inf, bool(whole)), bool(whole), lowest=lowest)
    if values and len(values) <= FEW:
        return NumberCoder(name, tuple(values), bool(whole), singles=True)
    parted = (parts or ()) if whole else map(rounded, parts or ())
    return NumberCoder(name, edges_of(tuple(parted), low or 0.0, bool(whole)), bool(whole), lowest=lowest)


def _text(name: str) -> str:
    return plain(name, Sort.TEXT)


def _read(source: Source, scope: Scope, model: str, coders: Sequence[Coder], wanted: Wanted) -> tuple[Table, NDArray[np.bool_]]:
    """(the table, the half of every row), in one pass over the rows."""
    weighted, sized = _is_weighted(source, scope), source.columns.get(LINES) is Sort.NUMBER
    select = [
        "label::utinyint",
        "score",
        "coalesce(flagged, score >= threshold)",
        f"coalesce({plain(_WEIGHT, Sort.NUMBER)}, 1.0)" if weighted else "true",
        plain(LINES, Sort.NUMBER) if sized else "true",
        _HALF if wanted.halves else "true",
        _text(wanted.cluster) if wanted.cluster else "''",
        *(_selected(name, source.columns[name]) for name in wanted.attributes),
    ]
    parts: list[list[NDArray[Any]]] = [[] for _ in range(6)]
    clusters = _Clusters()
    for batch in source.batches(", ".join(f"{said} as c{n}" for n, said in enumerate(select)), scope):
        for part, column in zip(parts, batch.columns, strict=False):
            part.append(np.array(column.to_numpy(zero_copy_only=False)))  # a view would keep the whole batch in memory
        if wanted.cluster:
            clusters.add(batch.columns[6])
        for coder, column in zip(coders, batch.columns[7:], strict=True):
            coder.add(column)
    if not parts[0]:
        raise UsageError(f"No scored row of {model} meets the expression; widen it.")
    labels, scores, flagged, weights, lines, halves = (np.concatenate(part) for part in parts)
    table = Table(
        model,
        labels,
        scores,
        flagged.astype(np.bool_, copy=False),
        tuple(coder.column() for coder in coders),
        _weights(source, weights) if weighted else None,
        clusters.codes() if wanted.cluster else None,
        _lines(lines) if sized else None,
    )
    return table, halves


def _selected(name: str, sort: Sort) -> str:
    return _text(name) if sort is Sort.TRUTH else plain(name, sort)


def _lines(lines: NDArray[Any]) -> Floats | None:
    """Changed lines; None where they are not known of every change."""
    numbers: Floats = lines.astype(np.float64, copy=False)
    return numbers if np.isfinite(numbers).all() and (numbers >= 0).all() else None


def _is_weighted(source: Source, scope: Scope) -> bool:
    """Whether a row stands for more or less than itself."""
    if source.columns.get(_WEIGHT) is not Sort.NUMBER:
        return False
    asked = "select count(*) filter (weight is not null and weight != 1) > 0 from chosen"
    return bool(source.query(f"{plain(_WEIGHT, Sort.NUMBER)} as weight", scope, asked)[0][0])


def _weights(source: Source, weights: Floats) -> Floats:
    """What rows stand for. Raises DataError for what no row can stand for."""
    wrong = weights[~(np.isfinite(weights) & (weights > 0))]
    if len(wrong):
        raise DataError(f"{source.named} holds the weight {wrong[0]}, expected a number above 0; mend or drop such rows.")
    return weights


@dataclass(slots=True)
class _Clusters:
    """Whole numbers for the texts of a column; a row whose text is empty is a cluster by itself."""

    known: dict[str, int] = field(default_factory=dict)
    parts: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, values: Any) -> None:
        """Take the next rows: an Arrow array of texts."""
        encoded = values.dictionary_encode()
        places = [self.known.setdefault(one, len(self.known)) if one else -1 for one in encoded.dictionary.to_pylist()]
        self.parts.append(np.array(places, np.int64)[encoded.indices.to_numpy(zero_copy_only=False)])

    def codes(self) -> NDArray[np.int64]:
        """A number for every row."""
        codes = np.concatenate(self.parts)
        alone = codes < 0
        codes[alone] = len(self.known) + np.arange(alone.sum())
        return codes
