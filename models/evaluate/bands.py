"""Risk bands from labelled predictions: borders chosen on one half of the rows, rates measured on the other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression

from models.classify.bands import NAMES, Band
from models.evaluate.bootstrap import Floats, Ints

LEAST_ROWS = 100
LOW, ELEVATED, HIGH = NAMES


@dataclass(frozen=True, slots=True)
class Fit:
    """The bands, lowest first (none where there are too few rows), and what had to be left out, in sentences."""

    bands: tuple[Band, ...]
    notes: tuple[str, ...]


def fit_bands(ids: Sequence[str], labels: Ints, scores: Floats) -> Fit:
    """Low: up to where the rate of positives is half of the base rate. High: from where it is twice that. Between: elevated.

    The rate at a score is an isotonic regression on the half of the rows whose hash of the id says so; rows and
    positives of each band are counted on the other half. A low or high band with fewer than 100 rows in either half is
    left out, its changes being elevated then; without 100 rows in what remains there are no bands.
    """
    choosing = np.array([in_first_half(one) for one in ids], dtype=bool)
    measured = ~choosing
    if min(choosing.sum(), measured.sum()) < LEAST_ROWS or len(np.unique(labels[choosing])) < 2:
        return Fit((), (f"No risk bands: fewer than {LEAST_ROWS} rows, or one class, in a half of the rows.",))
    low_end, high_start = _borders(labels[choosing], scores[choosing])
    notes = []
    halves = (scores[choosing], scores[measured])
    if low_end is None or any((half < low_end).sum() < LEAST_ROWS for half in halves):
        low_end = None
        notes.append(f"No low band: fewer than {LEAST_ROWS} changes whose rate is at most half of the base rate.")
    if high_start is None or any((half >= high_start).sum() < LEAST_ROWS for half in halves):
        high_start = None
        notes.append(f"No high band: fewer than {LEAST_ROWS} changes whose rate is at least twice the base rate.")
    starts = {LOW: 0.0 if low_end is not None else None, ELEVATED: low_end or 0.0, HIGH: high_start}
    return _counted(
        {name: start for name, start in starts.items() if start is not None}, labels[measured], scores[measured], notes
    )


def in_first_half(row: str) -> bool:
    """Whether the borders are chosen on the row with this id; the other rows measure them. Depends on nothing else."""
    return hashlib.sha256(row.encode("utf-8", "surrogatepass")).digest()[0] % 2 == 0


def _borders(labels: Ints, scores: Floats) -> tuple[float | None, float | None]:
    """(the score below which the rate is at most half of the base rate, the score from which it is at least twice)."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    rates = IsotonicRegression().fit(ranked, labels[order].astype(float)).predict(ranked)
    base = float(labels.mean())
    harmless, risky = ranked[rates <= base / 2], ranked[rates >= 2 * base]
    above = ranked[rates > base / 2]
    low = (float(harmless[-1]) + float(above[0])) / 2 if len(harmless) and len(above) else None
    high = None
    if len(risky):
        below = ranked[rates < 2 * base]
        high = (float(risky[0]) + float(below[-1])) / 2 if len(below) else None
    return low, high


def _counted(starts: dict[str, float], labels: Ints, scores: Floats, notes: Sequence[str]) -> Fit:
    bands = []
    ends = [*list(starts.values())[1:], np.inf]
    for (name, start), end in zip(starts.items(), ends, strict=True):
        inside = (scores >= start) & (scores < end)
        if inside.sum() < LEAST_ROWS:
            return Fit((), (*notes, f"No risk bands: fewer than {LEAST_ROWS} rows are of {name} risk."))
        bands.append(Band(name, start, int(inside.sum()), int(labels[inside].sum())))
    return Fit(tuple(bands), tuple(notes))
