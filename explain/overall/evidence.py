"""How sure the mean of values is that come in clusters: t intervals, p-values, and their adjustment for many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit
from scipy.stats import false_discovery_control

LEAST = 10
"""Of fewer changes nothing is said but the mean."""
LEAST_PROJECTS = 5
"""From so many projects on, projects are the clusters: the interval speaks of other projects, not of these alone."""


@dataclass(frozen=True, slots=True)
class Sureness:
    """A mean between the ends of its 95 % interval, and the two-sided p-value of 0; ``by_project``: what the clusters were.

    ``low``, ``high`` and ``p`` are None where there were fewer than ``LEAST`` values.
    """

    mean: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    by_project: bool = False

    @property
    def nearest(self) -> float:
        """How far the whole interval is from 0 at least; 0 where it holds 0 or is undefined."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return 0.0
        return min(abs(self.low), abs(self.high))


def sureness(values: Sequence[float], projects: Sequence[str]) -> Sureness:
    """The mean of ``values``, one a change, with the t interval of its clusters: the changes, or their ``projects``.

    The variance of a mean over clusters is G / (G - 1) times the sum of the squared sums of the deviations in each, over
    the squared number of values (Liang and Zeger 1986); of single changes that is the usual one. G - 1 degrees of freedom.
    """
    mean = math.fsum(values) / len(values)
    if len(values) < LEAST:
        return Sureness(mean)
    groups: dict[str, list[float]] = {}
    for value, project in zip(values, projects, strict=True):
        groups.setdefault(project, []).append(value - mean)
    by_project = len(groups) >= LEAST_PROJECTS
    sums = [math.fsum(some) for some in groups.values()] if by_project else [value - mean for value in values]
    freedom = len(sums) - 1
    error = math.sqrt(len(sums) / freedom * math.fsum(one * one for one in sums)) / len(values)
    half = float(stdtrit(freedom, 0.975)) * error
    ratio = abs(mean) / error if error else math.inf if mean else 0.0
    p = 2.0 * float(stdtr(freedom, -ratio))
    return Sureness(mean, mean - half, mean + half, p, by_project)


def adjusted(found: Sequence[Sureness]) -> list[float | None]:
    """The p-values, adjusted for all that were tested (Benjamini and Hochberg 1995); None where nothing was."""
    raw = [one.p for one in found if one.p is not None]
    known = iter(false_discovery_control(raw).tolist() if raw else ())
    return [None if one.p is None else float(next(known)) for one in found]
