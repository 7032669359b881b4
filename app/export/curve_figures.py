"""Curves: what gates catch, whether scores come true, and what thresholds cost."""

from __future__ import annotations

from collections.abc import Sequence

from app.export import svg
from app.export.figure import Cell, Figure, Json, counted, measured


def gate_figure(points: Sequence[Json]) -> Figure:
    """Gate the riskiest x percent, catch y of the defective changes; with the 95 % band, beside a random order."""
    known = [one for one in points if one["value"] is not None]
    caption = _gate_caption(points)
    picture = ""
    if known:
        frame = svg.Frame((0, 100), (0, 1))
        band = [frame.at(one["percent"], one["high"]) for one in known]
        band += [frame.at(one["percent"], one["low"]) for one in reversed(known)]
        parts = [
            *frame.axes("riskiest changes that are gated (%)", "share of defective changes caught"),
            svg.area(band, "band"),
            svg.line(frame.at(0, 0), frame.at(100, 1), "reference"),
            svg.path([frame.at(one["percent"], one["value"]) for one in known], "curve"),
            svg.words((frame.at(70, 0.7)[0] + 14, frame.at(70, 0.7)[1] + 26), "random order", "tick"),
        ]
        picture = svg.drawing(frame.height, caption, parts)
    rows = tuple((Cell(f"{one['percent']:g} %", (one["percent"],)), measured(one), counted(one["n"])) for one in points)
    return Figure("Gate x, catch y", caption, ("riskiest", "caught", "n"), rows, picture)


def _gate_caption(points: Sequence[Json]) -> str:
    by_percent = {one["percent"]: one for one in points}
    some = [one for percent in (5.0, 20.0) if (one := by_percent[percent])["value"] is not None]
    if not some:
        return "No change is defective, so nothing can be caught."
    told = " and ".join(
        f"the riskiest {one['percent']:g} % catches {one['value']:.1%} [{one['low']:.1%}, {one['high']:.1%}]" for one in some
    )
    return f"Gating {told} of the {some[0]['n']:,.0f} defective changes; a random order would catch 5 % and 20 %."


def reliability_figure(bins: Sequence[Json], error: Json) -> Figure:
    """What scores say and how often it was so, in bins of equal count; on the diagonal scores come true."""
    caption = _reliability_caption(bins, error)
    frame = svg.Frame((0, 1), (0, 1))
    parts = [
        *frame.axes("mean score", "share of defective changes"),
        svg.line(frame.at(0, 0), frame.at(1, 1), "reference"),
        svg.path([frame.at(one["score"], one["value"]) for one in bins if one["value"] is not None], "curve thin"),
    ]
    for one in bins:
        if one["value"] is not None:
            low, high = (frame.at(one["score"], one[side]) for side in ("low", "high"))
            parts += [
                svg.line(low, high, "whisker"),
                svg.dot(frame.at(one["score"], one["value"]), "point off" if _off(one) else "point"),
            ]
    rows = tuple((Cell(f"{one['score']:.3f}", (one["score"],)), measured(one), counted(one["rows"])) for one in bins)
    return Figure(
        "Do scores come true?", caption, ("mean score", "share defective", "n"), rows, svg.drawing(frame.height, caption, parts)
    )


def _off(one: Json) -> bool:
    return one["value"] is not None and not one["low"] <= one["score"] <= one["high"]


def _reliability_caption(bins: Sequence[Json], error: Json) -> str:
    known = [one for one in bins if one["value"] is not None]
    if not known:
        return "There are no scores to look at."
    worst = max(known, key=lambda one: abs(one["score"] - one["value"]))
    off = sum(map(_off, known))
    return (
        f"The calibration error is {error['value']:.3f} [{error['low']:.3f}, {error['high']:.3f}]; in {off} of {len(known)} bins "
        f"the interval leaves out the mean score; farthest off is the bin at {worst['score']:.3f}, where {worst['value']:.3f} "
        f"[{worst['low']:.3f}, {worst['high']:.3f}] of {worst['rows']:,} changes were defective."
    )


def cost_figure(curve: Json) -> Figure:
    """What every threshold costs for 100 changes, with the 95 % interval of each point, over what it flags."""
    points = curve["points"]
    best = points[curve["best"]]
    caption = (
        f"Counted on all rows, flagging {best['flags']:.1f} of 100 changes costs least, as much as {best['cost']:.1f} "
        f"[{best['low']:.1f}, {best['high']:.1f}] needless flags if a miss costs {curve['ratio']:g} of them; flagging nothing "
        f"costs {points[0]['cost']:.1f}, flagging everything {points[-1]['cost']:.1f}."
    )
    highest = max(one["high"] for one in points) or 1.0
    frame = svg.Frame((0, 100), (0, highest * 1.04))
    band = [frame.at(one["flags"], one["high"]) for one in points] + [
        frame.at(one["flags"], one["low"]) for one in reversed(points)
    ]
    place = frame.at(best["flags"], best["cost"])
    parts = [
        *frame.axes("flags for 100 changes", "cost for 100 changes, in needless flags"),
        svg.area(band, "band"),
        svg.path([frame.at(one["flags"], one["cost"]) for one in points], "curve"),
        svg.line(place, frame.at(best["flags"], 0), "reference"),
        svg.dot(place, "point", 8),
        svg.words((place[0] + 12, place[1] + 34), f"least: {best['cost']:.1f}", "tick"),
    ]
    kept = [
        one for n, one in enumerate(points) if n == curve["best"] or n % max(1, len(points) // 20) == 0 or n == len(points) - 1
    ]
    rows = tuple(_cost_row(one) for one in kept)
    return Figure(
        "What thresholds cost", caption, ("threshold", "flags", "misses", "cost"), rows, svg.drawing(frame.height, caption, parts)
    )


def _cost_row(one: Json) -> tuple[Cell, ...]:
    threshold = "flags none" if one["threshold"] > 1 else f"{one['threshold']:.4f}"
    cost = f"{one['cost']:.1f} [{one['low']:.1f}, {one['high']:.1f}]"
    return (
        Cell(threshold, (one["threshold"],)),
        Cell(f"{one['flags']:.1f}", (one["flags"],)),
        Cell(f"{one['misses']:.1f}", (one["misses"],)),
        Cell(cost, (one["cost"], one["low"], one["high"])),
    )
