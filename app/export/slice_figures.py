"""Slices as bars with intervals, and two attributes as a table that is a heat map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.export import svg
from app.export.figure import MARKS, Cell, Figure, Json, counted, evidence, measured, named
from explain.slices.group import FEW
from explain.slices.types import NOT_KNOWN

BARS, ROWS = 20, 25
TALL, WIDE = 15, 8
_ROW, _LEFT, _RIGHT, _TOP = 36, 350, 190, 34


def slice_figures(view: Json, titles: Json, directions: Json) -> Iterator[Figure]:
    """The figures of a grouping: a heat map where it is by two attributes, and bars. ``titles`` of metrics by name."""
    if len(view["by"]) == 2:
        yield heat(view, titles, directions)
    yield bars(view, titles, directions)


def bars(view: Json, titles: Json, directions: Json) -> Figure:
    """The first metric of the slices that are proven worst; the table has all metrics."""
    metric, by = view["metrics"][0], " and ".join(view["by"])
    direction, whole = directions[metric], view["all"]["metrics"][metric]
    header = (by, "changes", *(part for name in view["metrics"] for part in (titles[name], "n")))
    shown = [view["all"], *view["slices"][:ROWS]]
    caption = _bars_caption(view, titles[metric], direction)
    drawn = [one for one in view["slices"] if one["metrics"][metric]["value"] is not None][:BARS]
    picture = _drawn(drawn, whole, metric, direction, caption) if drawn else ""
    rows = tuple(_row(one, view["all"], view["metrics"], directions) for one in shown)
    return Figure(f"{titles[metric]} by {by}", caption, header, rows, picture)


def _row(one: Json, whole: Json, metrics: Sequence[str], directions: Json) -> tuple[Cell, ...]:
    name = Cell(named(one["conditions"]) + (" (few)" if one["few"] else ""))
    cells = [name, counted(one["rows"])]
    for metric in metrics:
        own = one["metrics"][metric]
        cells += [measured(own, evidence(own, whole["metrics"][metric], directions[metric])), counted(own["n"])]
    return tuple(cells)


def _bars_caption(view: Json, title: str, direction: str) -> str:
    metric = view["metrics"][0]
    whole = view["all"]["metrics"][metric]
    if whole["value"] is None:
        return f"{title} is undefined over all changes."
    found = [one for one in view["slices"] if evidence(one["metrics"][metric], whole, direction) == "worse"]
    few = sum(one["few"] for one in view["slices"])
    over = f"over all changes it is {whole['value']:.3f} [{whole['low']:.3f}, {whole['high']:.3f}], n = {whole['n']:,.0f}"
    small = f"; {few} of {len(view['slices'])} slices have fewer than {FEW} trials" if few else ""
    left = len(view["slices"]) - ROWS
    more = f"; the last {left:,} in this order are left out" if left > 0 else ""
    if not found:
        return f"{title} of no slice is proven worse than that of all changes: {over}{small}{more}."
    first = found[0]["metrics"][metric]
    told = f"{first['value']:.3f} [{first['low']:.3f}, {first['high']:.3f}], n = {first['n']:,.0f}"
    count = f"in {len(found)} of {len(view['slices'])} slices the whole interval is worse (▼)"
    return f"{title} is proven worst for “{named(found[0]['conditions'])}”: {told}; {over}; {count}{small}{more}."


def _drawn(slices: Sequence[Json], whole: Json, metric: str, direction: str, label: str) -> str:
    low = min([0.0, *(one["metrics"][metric]["low"] or 0.0 for one in slices)])
    high = max([1.0 if low >= 0 else 0.0, *(one["metrics"][metric]["high"] or 0.0 for one in slices), whole["value"] or 0.0])
    height = _TOP + _ROW * len(slices) + 62
    frame = svg.Frame((low, high), (0, 1), height, _LEFT, _RIGHT, _TOP, 62)
    parts = []
    for tick in svg.ticks(low, high):
        (x, top), (_, bottom) = frame.at(tick, 1), frame.at(tick, 0)
        parts += [
            svg.line((x, top), (x, bottom), "grid"),
            svg.words((x, bottom + 24), svg.spelled(tick, high - low), "tick", "middle"),
        ]
    for place, one in enumerate(slices):
        parts += _bar(
            one, one["metrics"][metric], frame, _TOP + _ROW * (place + 0.5), evidence(one["metrics"][metric], whole, direction)
        )
    if whole["value"] is not None:
        (x, top), (_, bottom) = frame.at(whole["value"], 1), frame.at(whole["value"], 0)
        parts += [
            svg.line((x, top - 6), (x, bottom), "reference"),
            svg.words((x, top - 12), f"all {whole['value']:.3f}", "tick", "middle"),
        ]
    middle = (frame.at(low, 0)[0] + frame.at(high, 0)[0]) / 2
    parts.append(svg.words((middle, height - 10), metric, "title", "middle"))
    return svg.drawing(height, label, parts)


def _bar(one: Json, own: Json, frame: svg.Frame, y: float, tone: str) -> Iterator[str]:
    zero, end = frame.at(0, 0)[0], frame.at(own["value"], 0)[0]
    name = f"bar {'few' if one['few'] else tone}"
    yield svg.box((min(zero, end), y - 11), abs(end - zero), 22, name)
    if own["low"] is not None:
        ends = [frame.at(own[side], 0)[0] for side in ("low", "high")]
        yield svg.line((ends[0], y), (ends[1], y), "whisker")
        yield from (svg.line((x, y - 6), (x, y + 6), "whisker") for x in ends)
    yield svg.dot((end, y), f"point {tone}", 5)
    yield svg.words((_LEFT - 14, y + 6), svg.fitting(named(one["conditions"]), _LEFT - 20), "", "end")
    few = " few" if one["few"] else ""
    yield svg.words((svg.WIDTH - _RIGHT + 16, y + 6), f"{MARKS[tone]} n = {own['n']:,.0f}{few}".strip(), "count")


def heat(view: Json, titles: Json, directions: Json) -> Figure:
    """The first metric of two attributes: the values with the most changes, coloured where the whole interval is off."""
    metric = view["metrics"][0]
    direction, whole = directions[metric], view["all"]["metrics"][metric]
    first, second = view["by"]
    cells: dict[tuple[str, str], Json] = {}
    for one in view["slices"]:
        values = {each["column"]: each["value"] for each in one["conditions"]}
        cells[values[first], values[second]] = one
    tall, wide = (_largest(cells, side, most) for side, most in ((0, TALL), (1, WIDE)))
    rows = tuple(
        (Cell(one or NOT_KNOWN), *(_cell(cells.get((one, other)), metric, whole, direction) for other in wide)) for one in tall
    )
    inside = [cells[one, other] for one in tall for other in wide if (one, other) in cells]
    caption = _heat_caption(inside, len(cells), metric, titles[metric], whole, direction)
    return Figure(
        f"{titles[metric]}: {first} by {second}", caption, (first, *(one or NOT_KNOWN for one in wide)), rows, heat=True
    )


def _largest(cells: dict[tuple[str, str], Json], side: int, most: int) -> list[str]:
    sums: dict[str, int] = {}
    for names, one in cells.items():
        sums[names[side]] = sums.get(names[side], 0) + one["rows"]
    return sorted(sums, key=lambda name: (-sums[name], name))[:most]


def _cell(one: Json | None, metric: str, whole: Json, direction: str) -> Cell:
    if one is None:
        return Cell("")
    own = one["metrics"][metric]
    if own["value"] is None:
        return Cell(f"undefined, n = {own['n']:,.0f}", (), "few")
    tone = evidence(own, whole, direction)
    text = f"{MARKS[tone]} {own['value']:.2f} [{own['low']:.2f}, {own['high']:.2f}], n = {own['n']:,.0f}".strip()
    return Cell(text, (own["value"], own["low"], own["high"]), tone or ("few" if one["few"] else ""))


def _heat_caption(inside: Sequence[Json], every: int, metric: str, title: str, whole: Json, direction: str) -> str:
    tones = [evidence(one["metrics"][metric], whole, direction) for one in inside]
    few = sum(one["few"] for one in inside)
    left = f" {every - len(inside):,} cells of rarer values are left out." if every > len(inside) else ""
    over = "undefined" if whole["value"] is None else f"{whole['value']:.3f}"
    return (
        f"In {tones.count('worse')} of {len(inside)} cells the whole interval of {title.lower()} is worse than over all changes "
        f"({over}), in {tones.count('better')} better; about one cell in twenty would be off by chance. {few} cells have fewer "
        f"than {FEW} trials.{left}"
    )
