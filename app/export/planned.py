"""Thresholds by what errors cost, as the JSON of ``whydiff slice`` and ``report`` has them, and in words and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from explain.slices.types import NOT_KNOWN
from models.errors import UsageError
from models.evaluate.sections import Section

if TYPE_CHECKING:
    from explain.slices.load import Wanted
    from explain.slices.source import Source

Json = Mapping[str, Any]
EFFECTS = {"present": "the model's flags", "common": "one threshold of least cost", "mixed": "thresholds by slice"}
_FIGURES = ("flags", "needless", "misses", "cost")


def planned(source: Source, model: str, wanted: Wanted, ratio: float) -> dict[str, Any]:
    """ "thresholds": what they are and do, by week where the rows are dated. ``wanted.attributes``: one column or none.

    Raises UsageError for more columns than one.
    """
    from explain.slices.load import load
    from explain.slices.span import countable, span_of
    from explain.slices.thresholds import ThresholdOptions, plan

    options = ThresholdOptions(ratio)
    if len(wanted.attributes) > 1:
        raise UsageError(f"Expected one column for thresholds by slice, but got {', '.join(wanted.attributes):.80}; name one.")
    loaded = load(source, model, replace(wanted, halves=True))
    assert loaded.halves is not None
    span = countable(span_of(source, model, wanted.where))
    found = plan(loaded.table, loaded.halves, options, next(iter(wanted.attributes), ""), None if span is None else span.weeks)
    return {"thresholds": {**asdict(found), "span": None if span is None else asdict(span)}}


def threshold_sections(data: Json, most: int) -> Iterator[Section]:
    """What the choices do, and the thresholds of slices, at most ``most``."""
    header = ("choice", *(f"{name} per {data['common']['unit']}" for name in ("flags", "needless flags", "misses", "cost")))
    yield Section("Thresholds", " ".join(said(data)), header, tuple(choices(data)))
    if data["by"]:
        rows = tuple(own_row(one) for one in data["own"][:most])
        text = "The common threshold is kept unless rows that had no part in choosing prove that another is cheaper."
        yield Section(f"Thresholds by {data['by']}", text, OWN_HEADER, rows)


def said(data: Json) -> Iterator[str]:
    """The finding in sentences of ours, without text from the data."""
    yield (
        f"If a miss costs {data['ratio']:g} needless flags, {cut(data['threshold'])} costs least "
        f"(95 % of draws: {data['low']:.3f} to {min(data['high'], 1):.3f})."
    )
    yield (
        f"It was chosen on {data['finding']:,} rows, a half by a hash of the id; all figures here are of the other "
        f"{data['confirming']:,}. Costs are in needless flags."
    )
    yield _saved(data["saving"])
    span = data["span"]
    if span:
        yield (
            f"A week is one of the {span['weeks']:,.1f} from {span['first']} to {span['last']} that these rows come from; "
            "where they are a sample of all changes, real weeks have more. Poisson intervals (Garwood 1936)."
        )
    else:
        yield "The rows have no dates, so figures are for 100 changes. Wilson's intervals."


def _saved(saving: Json) -> str:
    if saving["value"] is None:
        return "It flags what the model flags."
    proven = saving["low"] > 0 or saving["high"] < 0
    end = "." if proven else ", which proves no difference."
    return f"Against the model's flags it saves {figure(saving)} for 100 changes{end}"


def cut(threshold: float) -> str:
    """A threshold in words."""
    if threshold > 1:
        return "flagging nothing"
    return "flagging everything" if threshold <= 0 else f"the threshold {threshold:.4f}"


def figure(one: Json) -> str:
    """ "12.3 [10.1, 14.8]", or "undefined"."""
    return "undefined" if one["value"] is None else f"{one['value']:,.1f} [{one['low']:,.1f}, {one['high']:,.1f}]"


def choices(data: Json) -> Iterator[tuple[str, ...]]:
    """A row for every choice of flags: what it is, and what it does with intervals."""
    for name, title in EFFECTS.items():
        if data[name] is not None:
            yield (title, *(figure(data[name][part]) for part in _FIGURES))


OWN_HEADER = ("slice", "n", "threshold", "tried", "saves for 100 changes", "p", "why")


def own_row(one: Json) -> tuple[str, ...]:
    """The threshold of a slice."""
    p = "" if one["p"] is None else f"{one['p']:.2g}"
    tried = "" if one["tried"] is None else _short(one["tried"])
    threshold = _short(one["threshold"]) + (" (its own)" if one["used"] else "")
    return (one["value"] or NOT_KNOWN, f"{one['rows']:,}", threshold, tried, figure(one["saving"]), p, one["reason"])


def _short(threshold: float) -> str:
    return "flags none" if threshold > 1 else f"{threshold:.4f}"


def csv_rows(data: Json) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    """(header, rows) of what the choices do, for a spreadsheet."""
    ends = ("value", "low", "high")
    header = ["choice", "unit", *(part if end == "value" else f"{part} {end}" for part in _FIGURES for end in ends)]
    rows = [
        (name, data[name]["unit"], *(data[name][part][end] for part in _FIGURES for end in ends))
        for name in EFFECTS
        if data[name] is not None
    ]
    return header, rows
