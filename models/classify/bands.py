"""Risk bands: what became of past changes with a score like this one. Fitted by ``models.evaluate.bands``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any

from models.classify.calibration import number

NAMES = ("low", "elevated", "high")
_Z = NormalDist().inv_cdf(0.975)
_MOST_ROWS = 10**12


@dataclass(frozen=True, slots=True)
class Band:
    """Changes with a score from ``start`` on, up to the next band: ``positives`` of ``rows`` past ones were defective.

    The counts come from rows that had no part in the choice of the band's borders.
    Raises ValueError for another name than those of ``NAMES`` and for counts that are none.
    """

    name: str
    start: float
    rows: int
    positives: int

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"a band is called {str(self.name)[:40]!r}, expected one of {', '.join(NAMES)}")
        if not 0 <= self.start < 1 or not 0 <= self.positives <= self.rows <= _MOST_ROWS or not self.rows:
            raise ValueError(f"the band {self.name} has values out of range: {self.start}, {self.rows}, {self.positives}")

    @property
    def rate(self) -> float:
        """The share of past changes in this band that were defective."""
        return self.positives / self.rows

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the rate."""
        return wilson(self.positives, self.rows)

    def sentence(self) -> str:
        """The band in words."""
        low, high = (f"{100 * one:.0f}" for one in self.interval)
        return (
            f"{self.name} risk: of {self.rows:,} such changes in the past {100 * self.rate:.0f} % [{low}, {high}] were defective"
        )

    def payload(self) -> dict[str, Any]:
        """What the JSON of a prediction says of it."""
        low, high = self.interval
        return {"name": self.name, "rows": self.rows, "positives": self.positives, "rate": self.rate, "low": low, "high": high}


def band_at(bands: Sequence[Band], score: float) -> Band | None:
    """The band of ``bands`` (in ascending order) that ``score`` lies in; None without bands."""
    return next((band for band in reversed(bands) if score >= band.start), None)


def band_of(classifier: object, score: float) -> Band | None:
    """The band of a calibrated score by ``classifier``, if its checkpoint has bands."""
    return band_at(getattr(getattr(classifier, "settings", None), "bands", ()), score)


def read_bands(data: Any) -> tuple[Band, ...]:
    """The bands that a checkpoint stores; raises ValueError for whatever is none."""
    if not isinstance(data, list | tuple) or len(data) > len(NAMES):
        raise ValueError(f"bands should be a list of at most {len(NAMES)}")
    bands = tuple(map(_band, data))
    if bands and bands[0].start:
        raise ValueError(f"the first band starts at {bands[0].start}, expected 0")
    if any(a.start >= b.start or NAMES.index(a.name) >= NAMES.index(b.name) for a, b in pairwise(bands)):
        raise ValueError(f"bands should ascend from {NAMES[0]} to {NAMES[-1]}")
    return bands


def _band(data: Any) -> Band:
    if not isinstance(data, dict) or type(data.get("rows")) is not int or type(data.get("positives")) is not int:
        raise ValueError("a band should hold name, start, rows and positives")
    return Band(str(data.get("name")), number(data.get("start"), "bands.start"), data["rows"], data["positives"])


def wilson(positives: int, rows: int) -> tuple[float, float]:
    """Wilson's 95 % interval (Wilson 1927) of the share ``positives`` / ``rows``, rows > 0."""
    share, z2 = positives / rows, _Z * _Z
    centre = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = _Z / (1 + z2 / rows) * math.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return 0.0 if positives == 0 else low, 1.0 if positives == rows else high
