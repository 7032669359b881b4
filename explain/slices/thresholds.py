"""Thresholds by what errors cost: one for all, and one for a slice only where held-out rows prove that it is cheaper.

Thresholds are chosen on one half of the rows, and all that is told of them is counted on the other (the halves of
``explain.slices.load``, by a hash of the id). So neither owes anything to luck in choosing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import betainc, stdtr, stdtrit
from scipy.stats import false_discovery_control

from explain.slices.costs import Bools, Effect, Steps, combined, effect, steps
from explain.slices.counts import select
from explain.slices.intervals import LEAST_CLUSTERS, wilson
from explain.slices.scored import kish
from explain.slices.types import Column, Estimate, Floats, Table
from models.bounds import validate
from models.errors import UsageError

DRAWS, GROUPS, SEED = 400, 512, 1
_UNDEFINED = Estimate(None, None, None, 0)


@dataclass(frozen=True, slots=True)
class ThresholdOptions:
    """How thresholds are chosen. Raises UsageError for a value out of bounds."""

    ratio: float = field(default=5.0, metadata={"help": "how many needless flags a miss costs", "min": 1e-3, "max": 1e6})
    level: float = field(default=0.05, metadata={"help": "share of thresholds kept by chance", "min": 1e-6, "max": 0.5})
    support: int = field(default=30, metadata={"help": "fewest changes of a slice in each half", "min": 5, "max": 10**9})

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True, slots=True)
class OwnThreshold:
    """The threshold of the slice that has ``value``: its own where ``used``, else the common one; ``reason`` says why.

    ``rows`` are those held out. ``tried`` is what the choosing half gave, None where that had too few rows. ``saving`` for
    100 changes of the slice against the common threshold, in needless flags, on the held-out rows; ``p`` of the one-sided
    test that there is none, adjusted for all slices that were tested.
    """

    value: str
    rows: int
    threshold: float
    tried: float | None
    saving: Estimate
    p: float | None
    used: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Thresholds for a cost ratio, chosen on ``finding`` rows; all effects are counted on the other ``confirming`` rows.

    ``threshold`` of least cost, in [0, 1], or above 1 where nothing is to be flagged; between ``low`` and ``high`` with 95 %
    (bootstrap from counters).
    ``present``: what the model's own flags do; ``common``: the one threshold; ``mixed``: those of the slices of ``by``,
    None where there are none. ``saving`` of the one threshold against the model's flags, for 100 changes.
    """

    ratio: float
    finding: int
    confirming: int
    threshold: float
    low: float
    high: float
    present: Effect
    common: Effect
    saving: Estimate
    by: str = ""
    own: tuple[OwnThreshold, ...] = ()
    mixed: Effect | None = None


def plan(table: Table, halves: Bools, options: ThresholdOptions | None = None, by: str = "", weeks: float | None = None) -> Plan:
    """The thresholds of ``table``, chosen where ``halves``, shape (rows,), is True and measured where it is False.

    ``by``: an attribute with one value a row, or none. ``weeks`` in which all rows came; without, effects are for 100
    changes. Raises UsageError for an attribute that there is not or that has several values a row, for rows of one class
    in a half, and for weeks that are not above 0.
    """
    options = options or ThresholdOptions()
    attribute = _attribute(table, by)
    if weeks is not None and not (math.isfinite(weeks) and weeks > 0):
        raise UsageError(f"Expected a span of more than 0 weeks, but got {weeks}; leave it out, or pass dated predictions.")
    finding, held = (select(table, side) for side in (halves, ~halves))
    for one in (finding, held):
        if not 0 < int(one.labels.sum()) < one.rows:
            raise UsageError("Expected defective and harmless changes in each half of the rows to choose a threshold; pass more.")
    every = steps(finding)
    common = float(every.thresholds[every.least(options.ratio)])
    flags = held.scores >= common
    exposure = None if weeks is None else weeks * _weight(held) / _weight(table)
    own = tuple(_own(finding, held, common, options, attribute)) if attribute else ()
    mixed = _mixed(held, own, common, attribute) if attribute else None
    return Plan(
        options.ratio,
        finding.rows,
        held.rows,
        common,
        *_range(every, finding, options.ratio),
        effect(held, held.flagged, options.ratio, exposure),
        effect(held, flags, options.ratio, exposure),
        _saving(held, held.flagged, flags, options.ratio),
        by,
        own,
        None if mixed is None else effect(held, mixed, options.ratio, exposure),
    )


def _attribute(table: Table, by: str) -> Column | None:
    if not by:
        return None
    one_each = [one.name for one in table.columns if isinstance(one, Column)]
    if by not in one_each:
        raise UsageError(
            f"Expected an attribute with one value a change for thresholds by slice, one of {', '.join(one_each) or 'none'},"
            f" but got {by!r:.80}."
        )
    found = table.column(by)
    assert isinstance(found, Column)
    return found


def _weight(table: Table) -> float:
    return float(table.rows if table.weights is None else table.weights.sum())


def _own(finding: Table, held: Table, common: float, options: ThresholdOptions, attribute: Column) -> Iterator[OwnThreshold]:
    """Every value that has held-out rows, those with a threshold of their own first, then by number of rows."""
    found = []
    for code, value in enumerate(attribute.values):
        sides = [select(one, _codes(one, attribute.name) == code) for one in (finding, held)]
        if sides[1].rows:
            found.append(_tried(sides[0], sides[1], value, common, options))
    tests = [one.p for one in found if one.p is not None]
    adjusted = iter(false_discovery_control(tests).tolist() if tests else [])
    judged = [_judged(one, None if one.p is None else next(adjusted), options) for one in found]
    yield from sorted(judged, key=lambda one: (not one.used, -one.rows))


def _codes(table: Table, name: str) -> np.ndarray:
    found = table.column(name)
    assert isinstance(found, Column)
    return found.codes


def _tried(finding: Table, held: Table, value: str, common: float, options: ThresholdOptions) -> OwnThreshold:
    """What the choosing half gives for a slice, with the p-value of the other half, not adjusted yet."""
    fewest = min(finding.rows, held.rows)
    if fewest < options.support or not 0 < int(finding.labels.sum()) < finding.rows:
        reason = f"Too few changes to choose by: {finding.rows:,} to choose, {held.rows:,} to confirm; the common one is kept."
        return OwnThreshold(value, held.rows, common, None, _UNDEFINED, None, False, reason)
    every = steps(finding)
    best = float(every.thresholds[every.least(options.ratio)])
    old, new = held.scores >= common, held.scores >= best
    saving, p = _saving(held, old, new, options.ratio), cheaper(held, old, new, options.ratio)
    return OwnThreshold(value, held.rows, common, best, saving, p, False, "")


def _judged(one: OwnThreshold, p: float | None, options: ThresholdOptions) -> OwnThreshold:
    if one.tried is None:
        return one
    if p is None:
        return replace(one, reason="Its own would change no verdict on the held-out rows; the common one is kept.")
    if p > options.level:
        return replace(one, p=p, reason=f"Its own is not proven cheaper on held-out rows (p = {p:.2g}); the common one is kept.")
    return replace(
        one, p=p, used=True, threshold=one.tried, reason=f"Cheaper than the common one on held-out rows (p = {p:.2g})."
    )


def cheaper(table: Table, old: Bools, new: Bools, ratio: float) -> float | None:
    """The one-sided p-value that the flags ``new`` cost no less than ``old``, which they all raise or all take back.

    Only the changes whose verdict differs matter: new flags pay if more than 1 / (1 + ratio) of these are defective. That is
    a binomial test, exact for whole weights of 1, on the effective number of rows otherwise. Where these rows are of at
    least 8 clusters, the larger of it and of a t-test between clusters. None where no verdict differs.
    """
    changed = old != new
    if not changed.any():
        return None
    weights = np.ones(table.rows) if table.weights is None else table.weights
    own, right = weights[changed], (table.labels == new)[changed]
    raised = bool(new[changed][0])
    trials, share = kish(own), float(own @ right) / float(own.sum())
    least = 1 / (1 + ratio) if raised else ratio / (1 + ratio)
    hits = share * trials
    p = float(betainc(hits, trials - hits + 1, least)) if hits > 0 else 1.0
    if table.clusters is not None:
        gain = own * np.where(right, 1 - least, -least)
        p = max(p, _between(gain, table.clusters[changed]))
    return p


def _between(gain: Floats, clusters: np.ndarray) -> float:
    """The one-sided p-value that ``gain``, shape (rows,), adds up to nothing over clusters; 0 where these are too few."""
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], gain)
    many = len(sums)
    if many < LEAST_CLUSTERS:
        return 0.0
    error = math.sqrt(float(((sums - sums.mean()) ** 2).sum()) * many / (many - 1))
    return float(stdtr(many - 1, -float(sums.sum()) / error)) if error else 0.0


def _saving(table: Table, old: Bools, new: Bools, ratio: float) -> Estimate:
    """What ``new`` flags save for 100 changes against ``old``, in needless flags; undefined where they are the same.

    Where flags are only raised or only taken back, by Wilson's intervals of the shares of changes that gain and that lose,
    put together; else by the t-interval of the mean.
    """
    weights = np.ones(table.rows) if table.weights is None else table.weights
    gains, losses = ((old != new) & ((table.labels == new) == right) for right in (True, False))
    worth = np.where(table.labels == 1, ratio, 1.0)
    gain, loss = (np.unique(worth[rows]) for rows in (gains, losses))
    if len(gain) > 1 or len(loss) > 1:
        return _mean(weights, worth * gains - worth * losses)
    if not len(gain) and not len(loss):
        return replace(_UNDEFINED, n=table.rows)
    trials, total = np.array([kish(weights)]), float(weights.sum())
    shares = [np.array([float(weights[rows].sum()) / total]) for rows in (gains, losses)]
    (up, down) = ((one, *wilson(one, trials)) for one in shares)
    other = {1.0: ratio, ratio: 1.0}
    best = float(gain[0]) if len(gain) else other[float(loss[0])]
    value, low, high = combined((best, up), (-other[best], down))
    return Estimate(100 * float(value[0]), 100 * float(low[0]), 100 * float(high[0]), table.rows)


def _mean(weights: Floats, values: Floats) -> Estimate:
    value = float(weights @ values) / float(weights.sum())
    off = weights * (values - value)
    error = math.sqrt(float(off @ off)) / float(weights.sum())
    reach = -float(stdtrit(max(kish(weights) - 1, 1), 0.025)) * error
    return Estimate(100 * value, 100 * (value - reach), 100 * (value + reach), len(values))


def _mixed(held: Table, own: Sequence[OwnThreshold], common: float, attribute: Column) -> Bools:
    """The flags of the held-out rows, each by the threshold of its slice."""
    by_value = {one.value: one.threshold for one in own}
    cuts = np.array([by_value.get(value, common) for value in attribute.values])
    flags: Bools = held.scores >= cuts[_codes(held, attribute.name)]
    return flags


def _range(every: Steps, table: Table, ratio: float) -> tuple[float, float]:
    """The 95 % percentile interval of the cheapest threshold: the counters of groups of neighbouring steps drawn anew.

    Poisson draws of the defective and the harmless in each group, with weights on their effective numbers.
    """
    places = np.unique(np.linspace(0, len(every.thresholds) - 1, GROUPS + 1).astype(np.int64))
    kept = 1.0 if table.weights is None else every.total / float(table.weights @ table.weights)
    random = np.random.default_rng(SEED)
    defective = np.diff(-every.misses[places]).clip(min=0)
    harmless = np.diff(every.needless[places]).clip(min=0)
    found, needless = (random.poisson(one * kept, (DRAWS, len(one))) for one in (defective, harmless))
    cost = np.cumsum(needless - ratio * found, axis=1)
    cheapest = np.where(cost.min(axis=1) < 0, cost.argmin(axis=1) + 1, 0)
    low, high = np.quantile(every.thresholds[places][cheapest], (0.025, 0.975))
    best = float(every.thresholds[every.least(ratio)])
    return min(float(low), best), max(float(high), best)
