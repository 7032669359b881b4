"""How many planted causes are among the highest values of an attribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from explain.attribution.types import Attribution, UnitValue
from explain.trust.sanity_planted import Cause
from models.change.types import METRICS_FILE, Level, Unit
from models.classify.bands import wilson
from models.evaluate.bootstrap import Estimate

_SHUFFLES = 20


def recall(attribution: Attribution, causes: Sequence[Cause], level: Level) -> float:
    """The share of ``causes`` among the k highest values at ``level``, k being the number of causes.

    All units of one cause count as one, with the highest of their values. Equal values are taken at their worst.
    """
    return _share(attribution.at(level), causes)


def by_chance(attribution: Attribution, causes: Sequence[Cause], level: Level, random: Random) -> float:
    """The mean ``recall`` of the same values in random order."""
    found = attribution.at(level)
    shares = []
    for _ in range(_SHUFFLES):
        values = random.sample(range(len(found)), len(found))
        shuffled = [UnitValue(one.unit, float(value), one.side) for one, value in zip(found, values, strict=True)]
        shares.append(_share(shuffled, causes))
    return sum(shares) / _SHUFFLES


def _share(found: Sequence[UnitValue], causes: Sequence[Cause]) -> float:
    best = [-math.inf] * len(causes)
    others = []
    for one in found:
        mine = [n for n, cause in enumerate(causes) if any(belongs(one.unit, unit) for unit in cause)]
        for n in mine:
            best[n] = max(best[n], one.value)
        others += [] if mine else [one.value]
    ahead = [sum(value >= own for value in others) + sum(value > own for value in best) for own in best]
    return sum(rank < len(causes) and own > -math.inf for rank, own in zip(ahead, best, strict=True)) / len(causes)


def belongs(unit: Unit, cause: Unit) -> bool:
    """Whether ``unit`` is the cause, is part of it or holds it; any number taken of the change belongs to its size."""
    if METRICS_FILE in (unit.file, cause.file):
        return unit.file == cause.file
    if (unit.file, unit.hunk, unit.line) != (cause.file, cause.hunk, cause.line) or unit.line < 0:
        return False
    whole = unit.start < 0 or cause.start < 0
    return whole or (unit.start < cause.end and cause.start < unit.end)


def estimate(shares: Sequence[float]) -> Estimate:
    """The mean of ``shares`` with Wilson's interval for as many changes; causes of one change are not counted as independent."""
    if not shares:
        return Estimate(None)
    total, count = sum(shares), len(shares)
    return Estimate(total / count, wilson(math.floor(total + 1e-9), count)[0], wilson(math.ceil(total - 1e-9), count)[1])
