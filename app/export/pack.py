"""A meeting pack: everything that a review needs, made from its JSON (``whydiff/report/1``) alone."""

from __future__ import annotations

from collections.abc import Iterator

from app.export.curve_figures import cost_figure, gate_figure, reliability_figure
from app.export.figure import Cell, Figure, Json, measured, named
from app.export.planned import EFFECTS, OWN_HEADER, figure, own_row, said
from app.export.slice_figures import slice_figures
from explain.slices.actions import ACTIONS

_WEAK_HEADER = ("slice", "changes", "errors", "elsewhere", "difference", "p", "what to do")


def facts(data: Json) -> Iterator[tuple[str, str]]:
    """What the figures are of: (name, value) pairs, hostile."""
    model = data["model"]
    yield "model", f"{model['name']} ({model['kind'] or 'kind not told'})"
    yield "model digest", model["digest"] or "not told"
    yield "threshold", "not told" if model["threshold"] is None else f"{model['threshold']:.4f}"
    for one in data["files"]:
        yield "predictions", f"{one['name']}, {one['bytes']:,} bytes, sha256 {one['sha256']}"
    whole = data["all"]
    yield "changes", f"{whole['rows']:,}, {whole['defective']:,} of them defective"
    yield "dates", _dates(data["span"])
    yield from ((name, data[name]) for name in ("where", "cluster") if data[name])
    yield from (("note", one) for one in data["notes"])
    yield "made by", f"whydiff {data['version']}"


def _dates(span: Json | None) -> str:
    if span is None:
        return "not known"
    undated = f", {span['undated']:,} changes without a date" if span["undated"] else ""
    return f"{span['first']} to {span['last']} ({span['weeks']:,.1f} weeks){undated}"


def figures(data: Json) -> Iterator[Figure]:
    """All figures in the order of the page."""
    for view in data["views"]:
        yield from slice_figures(view, data["titles"], data["directions"])
    if data["discovery"]:
        yield weak_figure(data["discovery"])
    yield gate_figure(data["gate"])
    yield reliability_figure(data["reliability"], data["calibration_error"])
    if data["thresholds"]:
        yield from threshold_figures(data["thresholds"], data["curve"])


def weak_figure(found: Json) -> Figure:
    """Weak slices with what to do about them."""
    rows = tuple(_weak_row(one) for one in found["found"])
    proven = f"{len(rows) or 'none'} {'is' if len(rows) == 1 else 'are'} proven to err more ({found['kind']})"
    caption = (
        f"{found['screened']:,} slices were looked at on one half of the rows and {found['candidates']:,} of them tested on the "
        f"other; {proven} than all other changes, also than those of them that no slice found before holds. At most "
        f"{found['level']:.0%} of what is found so is expected to be chance."
    )
    return Figure("Weak slices, and what to do", caption, _WEAK_HEADER, rows)


def _weak_row(one: Json) -> tuple[Cell, ...]:
    within = f" (within {_told(one['parent'])})" if one["parent"] else ""
    return (
        Cell(_told(one["conditions"]) + within),
        Cell(f"{one['rows']:,}", (one["rows"],)),
        measured(one["rate"], "worse" if _worse(one) else ""),
        measured(one["rest"]),
        measured(one["difference"]),
        Cell(f"{one['p']:.2g}", (one["p"],)),
        Cell(f"{ACTIONS.get(one['action']) or one['action']}. {one['reason']}"),
    )


def _worse(one: Json) -> bool:
    return one["difference"]["low"] is not None and bool(one["difference"]["low"] > 0)


def _told(conditions: list[Json]) -> str:
    return " and ".join(f"{one['column']}: {named([one])}" for one in conditions)


def threshold_figures(data: Json, curve: Json) -> Iterator[Figure]:
    """The cost curve, what choices do, and thresholds by slice."""
    yield cost_figure(curve)
    unit = data["common"]["unit"]
    header = ("choice", *(f"{name} per {unit}" for name in ("flags", "needless flags", "misses", "cost")))
    rows = tuple(
        (Cell(title), *(_per(data[name][part]) for part in ("flags", "needless", "misses", "cost")))
        for name, title in EFFECTS.items()
        if data[name] is not None
    )
    yield Figure("What a choice of thresholds does", " ".join(said(data)), header, rows)
    if data["by"]:
        used = [one["value"] for one in data["own"] if one["used"]]
        caption = (
            f"{len(used) or 'None'} of {len(data['own'])} slices by {data['by']} get a threshold of their own; for the others "
            "the held-out rows do not prove that one is cheaper."
        )
        own = tuple(tuple(map(Cell, own_row(one))) for one in data["own"][:40])
        yield Figure(f"Thresholds by {data['by']}", caption, OWN_HEADER, own)


def _per(one: Json) -> Cell:
    return Cell(figure(one), (one["value"], one["low"], one["high"]))
