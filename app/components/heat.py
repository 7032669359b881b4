"""Attribution values looked up by place: what colour a token, row, hunk or file gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from explain.attribution.types import Attribution
from explain.compare.lines import Comparison
from models.change.types import METRICS_FILE, Level, Unit

Span = tuple[int, int, float]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the numbers are: their unit, what a positive and a negative one and 0 say, and the ends of the scale in short."""

    unit: str
    positive: str
    negative: str
    nothing: str
    more: str
    less: str


PUSHES = Meaning(
    "logits", "pushes towards flagged", "pushes away from flagged", "no push", "towards flagged", "away from flagged"
)
SHIFTS = Meaning(
    "% of a model's values",
    "B is pushed more towards flagged than A",
    "B is pushed less towards flagged than A",
    "the same for both",
    "B more towards flagged",
    "A more towards flagged",
)


@dataclass(frozen=True, slots=True)
class Heat:
    """Values at one level; ``meaning`` says of what, logits for attributions.

    ``scale`` is the magnitude that gets the full colour: the largest one within message and files, since the size of
    the change, one value beside many, would bleach all of them. ``bars`` are the values beside the rows (the sum of the
    line at token level, of the unit around the row otherwise) and ``bar_scale`` the largest of them.
    """

    level: Level
    values: Mapping[Unit, float]
    pieces: Mapping[Unit, Sequence[Span]]
    bars: Mapping[Unit, float]
    scale: float
    bar_scale: float
    meaning: Meaning = PUSHES

    def of(self, unit: Unit) -> float | None:
        """The value of ``unit`` itself, if the level has one."""
        return self.values.get(unit)

    def spans(self, unit: Unit) -> Sequence[Span]:
        """(start, end, value) of the tokens within the text of ``unit``, in order; empty above token level."""
        return self.pieces.get(unit, ())

    def bar(self, unit: Unit) -> float | None:
        """The value beside the row at ``unit``."""
        level = Level.LINE if self.level is Level.TOKEN else self.level
        return self.bars.get(unit.at(level))


NO_HEAT = Heat(Level.LINE, {}, {}, {}, 0.0, 0.0)


def heat_of(attribution: Attribution, level: Level) -> Heat:
    """The values of ``attribution`` at ``level``, rounded to four digits."""
    units = attribution.at(level)
    whole = {one.unit: _short(one.value) for one in units if one.unit.start < 0}
    size = [one.value for one in units if one.unit.file == METRICS_FILE]
    whole |= {Unit(METRICS_FILE): _short(sum(size))} if size else {}
    pieces: dict[Unit, list[Span]] = {}
    for one in units:
        if one.unit.end > one.unit.start >= 0:
            place = Unit(one.unit.file, one.unit.hunk, one.unit.line)
            pieces.setdefault(place, []).append((one.unit.start, one.unit.end, _short(one.value)))
    rows = attribution.at(Level.LINE) if level is Level.TOKEN else units
    bars = {one.unit: _short(one.value) for one in rows}
    if level is Level.TOKEN:
        whole = {unit: value for unit, value in whole.items() if value or unit.file == METRICS_FILE}
    scale, bar_scale = (_largest((one.unit, one.value) for one in some) for some in (units, rows))
    return Heat(level, whole, pieces, bars, scale, bar_scale)


def heat_of_shifts(found: Comparison) -> Heat:
    """The shift of every unit's share, in percent; numbers of the change as a whole are one."""
    sums: dict[Unit, float] = {}
    for pair in found.pairs:
        unit = Unit(METRICS_FILE) if pair.unit.file == METRICS_FILE else pair.unit
        sums[unit] = sums.get(unit, 0.0) + 100 * pair.shift
    values = {unit: _short(value) for unit, value in sums.items()}
    scale = _largest(values.items())
    return Heat(found.level, values, {}, values, scale, scale, SHIFTS)


def _largest(values: Iterable[tuple[Unit, float]]) -> float:
    metrics, rest = 0.0, 0.0
    for unit, value in values:
        if unit.file == METRICS_FILE:
            metrics += value
        else:
            rest = max(rest, abs(value))
    return _short(rest or abs(metrics))


def _short(value: float) -> float:
    return float(f"{value:.4g}")
