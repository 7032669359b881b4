"""What a page of an export is made of: figures with a sentence, a table that says the same, and sometimes a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from explain.slices.group import proven_side
from explain.slices.types import NOT_KNOWN, Estimate

Json = Mapping[str, Any]
_TONES = {-1: "worse", 0: "", 1: "better"}


@dataclass(frozen=True, slots=True)
class Cell:
    """``text`` for people, as hostile as the data; ``exact``: the numbers behind it; ``tone``: "worse", "better" or "few"."""

    text: str
    exact: tuple[float | None, ...] = ()
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """``caption``: sentences in plain text. ``svg``: finished markup, or "". ``heat``: the table is a map, coloured by tone."""

    title: str
    caption: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    svg: str = ""
    heat: bool = False


def measured(one: Json, tone: str = "") -> Cell:
    """An estimate: value, interval, and both exactly."""
    if one["value"] is None:
        return Cell("undefined", tone="few")
    ends = "" if one["low"] is None else f" [{one['low']:.3f}, {one['high']:.3f}]"
    return Cell(f"{one['value']:.3f}{ends}", (one["value"], one["low"], one["high"]), tone)


def counted(number: float) -> Cell:
    """A count."""
    return Cell(f"{number:,.0f}", (number,))


def evidence(one: Json, whole: Json, direction: str) -> str:
    """ "worse" or "better" where all of the interval lies on that side of the value over all changes, else ""."""
    return _TONES[proven_side(Estimate(**one), Estimate(**whole), direction)]


MARKS = {"worse": "▼", "better": "▲", "few": "", "": ""}
"""What tells tones apart without colours."""


def named(conditions: list[Json]) -> str:
    """The values of a slice."""
    return " · ".join(one["value"] or NOT_KNOWN for one in conditions) or "all changes"
