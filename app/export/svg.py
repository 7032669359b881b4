"""Drawings as inline SVG: no script, no address, colours by class, so that the page's style gives both themes and paper."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from app.hidden import visible

WIDTH = 1000
_BROAD = frozenset("ABCDEFGHKMNOQRUVWXYZmw@%&+<>=~—…▼▲")
Point = tuple[float, float]


def shown(text: str, most: int = 400) -> str:
    """Hostile ``text`` as markup that shows it, cut after ``most`` characters; no program finds an address in it."""
    seen = visible(text, 20_000)
    seen = seen if len(seen) <= most else seen[: most - 1] + "…"
    return escape(seen).replace("://", ":&#47;&#47;")


def drawing(height: float, label: str, parts: Iterable[str]) -> str:
    """The whole drawing; ``label`` says in words what it shows."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{shown(label, 2000)}">\n' + "\n".join(parts) + "\n</svg>"
    )


def fitting(text: str, room: float, size: float = 19) -> str:
    """As much of ``text`` as surely fits into ``room`` at a font of ``size``, by the widths that letters have at most."""
    seen, used = visible(text, 200), 0.0
    for place, letter in enumerate(seen):
        used += size * (1.05 if unicodedata.east_asian_width(letter) in "WF" else 0.85 if letter in _BROAD else 0.56)
        if used > room:
            return seen[: max(1, place - 1)] + "…"
    return seen


def line(start: Point, end: Point, name: str) -> str:
    """A straight line of the class ``name``."""
    return f'<line class="{name}" x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"/>'


def words(at: Point, text: str, name: str = "", anchor: str = "start") -> str:
    """Hostile ``text``."""
    return f'<text class="{name}" x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}">{shown(text)}</text>'


def box(at: Point, width: float, height: float, name: str) -> str:
    """A rectangle."""
    return f'<rect class="{name}" x="{at[0]:.1f}" y="{at[1]:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"/>'


def dot(at: Point, name: str, radius: float = 6) -> str:
    """A disc."""
    return f'<circle class="{name}" cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}"/>'


def path(points: Sequence[Point], name: str) -> str:
    """A line through ``points``."""
    return f'<polyline class="{name}" points="{_listed(points)}"/>'


def area(points: Sequence[Point], name: str) -> str:
    """What ``points`` go around."""
    return f'<polygon class="{name}" points="{_listed(points)}"/>'


def _listed(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


@dataclass(frozen=True, slots=True)
class Frame:
    """Two axes: ``across`` and ``up`` are the ranges of the data, both with some width."""

    across: tuple[float, float]
    up: tuple[float, float]
    height: float = 460
    left: float = 92
    right: float = 30
    top: float = 18
    bottom: float = 74

    def at(self, x: float, y: float) -> Point:
        """Where a point of the data is drawn."""
        (x0, x1), (y0, y1) = self.across, self.up
        wide, high = WIDTH - self.left - self.right, self.height - self.top - self.bottom
        return self.left + (x - x0) / (x1 - x0) * wide, self.top + (y1 - y) / (y1 - y0) * high

    def axes(self, across: str, up: str) -> list[str]:
        """Grid, numbers and titles."""
        (x0, x1), (y0, y1) = self.across, self.up
        parts = []
        for tick in ticks(y0, y1):
            parts += [line(self.at(x0, tick), self.at(x1, tick), "grid")]
            x, y = self.at(x0, tick)
            parts.append(words((x - 10, y + 6), spelled(tick, y1 - y0), "tick", "end"))
        for tick in ticks(x0, x1):
            x, y = self.at(tick, y0)
            parts.append(words((x, y + 26), spelled(tick, x1 - x0), "tick", "middle"))
        middle = self.top + (self.height - self.top - self.bottom) / 2
        parts.append(line(self.at(x0, y0), self.at(x1, y0), "axis"))
        parts.append(words(((self.left + WIDTH - self.right) / 2, self.height - 14), across, "title", "middle"))
        turned = f'<g transform="rotate(-90 24 {middle:.1f})">{words((24, middle), up, "title", "middle")}</g>'
        return [*parts, turned]


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most about ``most`` round numbers from ``low`` to ``high``."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [step * one for one in range(first, last + 1)]


def spelled(number: float, width: float) -> str:
    """A tick, with as many digits as ticks over ``width`` need."""
    return f"{number:,.{max(0, 1 - math.floor(math.log10(width)) if width < 10 else 0)}f}".replace("-0.0", "0.0")
