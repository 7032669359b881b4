"""What ``whydiff slice`` prints: one JSON, and the text, Markdown and CSV made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.cli.cells import Cell, csv_text
from app.export.planned import csv_rows, threshold_sections
from explain.slices.types import NOT_KNOWN
from models.evaluate.sections import Section, estimate

if TYPE_CHECKING:
    from explain.slices.gate import Verdict

Json = Mapping[str, Any]
_FIGURES = ("value", "low", "high", "n")


def gated(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """ "gates": what was asked and what came of it."""
    return {"gates": [{"gate": one.gate.text, "tripped": one.tripped, **asdict(one.estimate)} for one in verdicts]}


def sections(data: Json, most: int) -> Iterator[Section]:
    """The report for people, at most ``most`` slices."""
    yield _about(data)
    if "slices" in data:
        yield _slices(data, most)
    if "discovery" in data:
        yield _weak(data["discovery"], most)
        yield from map(_advice, data["discovery"]["found"][:most])
    if "thresholds" in data:
        yield from threshold_sections(data["thresholds"], most)
    if data.get("gates"):
        rows = [(one["gate"], _TRIPPED[one["tripped"]], estimate(one, False), f"{one['n']:,.0f}") for one in data["gates"]]
        text = "A gate trips when the whole 95 % interval lies where it says."
        yield Section("Gates", text, ("gate", "trips", "value", "n"), tuple(rows))


_TRIPPED = {True: "yes", False: "no", None: "undefined"}


def _about(data: Json) -> Section:
    model = data["model"]
    told = [("model", f"{model['name']} {model['kind']} {model['digest']}".strip())]
    told += [("threshold", "not told" if model["threshold"] is None else f"{model['threshold']:.4f}")]
    told += [(name, data[name]) for name in ("where", "cluster") if data[name]]
    told += [("note", one) for one in data["notes"]]
    return Section("Slices", "Shares and scores with their 95 % intervals.", ("", ""), tuple(told))


def _slices(data: Json, most: int) -> Section:
    metrics = data["metrics"]
    shown = [data["all"], *data["slices"][:most]]
    header = ("slice", "rows", *(part for name in metrics for part in (name, "n")))
    text = (
        f"The slices that are proven worst by {metrics[0]} come first: those whose interval's better end is worst. n is what a "
        "metric was counted on. A change counts in the slice of each of its labels. Fewer than 20 are marked as few."
    )
    left = len(data["slices"]) - most
    more = f" {left:,} further slices are left out here; --format json or csv has them." if left > 0 else ""
    return Section("By slice", text + more, header, tuple(_slice_row(one, metrics) for one in shown))


def _slice_row(one: Json, metrics: Sequence[str]) -> tuple[str, ...]:
    figures = [part for name in metrics for part in (estimate(one["metrics"][name], False), f"{one['metrics'][name]['n']:,.0f}")]
    return (named(one["conditions"]) + (" (few)" if one["few"] else ""), f"{one['rows']:,}", *figures)


def _weak(found: Json, most: int) -> Section:
    text = (
        f"{found['screened']:,} slices were looked at on one half of the rows, by a hash of the id; {found['candidates']:,} of "
        f"them were tested on the other half, where all figures are from. p is adjusted for that; at most {found['level']:.1%} "
        "of what is found here is expected to be chance."
    )
    header = ("slice", "rows", f"errors ({found['kind']})", "n", "elsewhere", "difference", "p")
    return Section("Weak slices", text, header, tuple(map(_weak_row, found["found"][:most])))


def _weak_row(one: Json) -> tuple[str, ...]:
    within = f" (within {named(one['parent'])})" if one["parent"] else ""
    figures = [estimate(one[name], False) for name in ("rate", "rest", "difference")]
    trials = f"{one['rate']['n']:,.0f}"
    return (named(one["conditions"]) + within, f"{one['rows']:,}", figures[0], trials, *figures[1:], f"{one['p']:.2g}")


def _advice(one: Json) -> Section:
    return Section(f"{named(one['conditions'])}: {one['advice']}", one["reason"])


def named(conditions: Sequence[Json]) -> str:
    """A slice in words; "all changes" without conditions."""
    return ", ".join(f"{one['column']}: {one['value'] or NOT_KNOWN}" for one in conditions) or "all changes"


def as_csv(data: Json) -> str:
    """The weak slices, the slices, what thresholds do or the gates as CSV: the first of these that there is."""
    if "discovery" in data:
        return _weak_csv(data["discovery"])
    if "slices" not in data and "thresholds" in data:
        return csv_text(*csv_rows(data["thresholds"]))
    if "slices" not in data:
        return csv_text(
            ("gate", "tripped", *_FIGURES), [(g["gate"], g["tripped"], *(g[f] for f in _FIGURES)) for g in data["gates"]]
        )
    by, metrics = data["by"], data["metrics"]
    header = [
        *by,
        "rows",
        "share",
        "few",
        *(name if part == "value" else f"{name} {part}" for name in metrics for part in _FIGURES),
    ]
    rows = [_csv_row(one, by, metrics) for one in (data["all"], *data["slices"])]
    return csv_text(header, rows)


def _csv_row(one: Json, by: Sequence[str], metrics: Sequence[str]) -> list[Cell]:
    values = {each["column"]: each["value"] or NOT_KNOWN for each in one["conditions"]}
    figures = [one["metrics"][name][part] for name in metrics for part in _FIGURES]
    return [*(values.get(name, "(all)") for name in by), one["rows"], one["share"], one["few"], *figures]


def _weak_csv(found: Json) -> str:
    parts = ("rate", "rest", "difference", "ratio")
    header = [
        "slice",
        "within",
        "rows",
        *(n if f == "value" else f"{n} {f}" for n in parts for f in _FIGURES),
        "p",
        "action",
        "reason",
    ]
    rows: list[list[Cell]] = []
    for one in found["found"]:
        figures = [one[name][part] for name in parts for part in _FIGURES]
        within = named(one["parent"]) if one["parent"] else None
        rows.append([named(one["conditions"]), within, one["rows"], *figures, one["p"], one["advice"], one["reason"]])
    return csv_text(header, rows)
