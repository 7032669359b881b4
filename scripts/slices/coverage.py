"""How often the 95 % intervals of slices hold the truth: ``python -m scripts.slices.coverage``, as Markdown.

Predictions are drawn from a law whose metrics are known (AUC 0.8, base rate 0.2 and 0.5), so many at a time, and every
interval is asked whether it holds the true value. A share is drawn with so many trials of its own: precision at n = 20 has 20
flagged changes. The other metrics have n rows. Draws in which a metric is undefined are left out, and counted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explain.slices.counts import Counters
from explain.slices.metrics import METRICS, Metric, MetricOptions, get
from models.evaluate.markdown import escaped
from scripts.flips.tables import table
from scripts.slices.laws import law, sample, shares

BASES, SIZES = (0.2, 0.5), (10, 20, 100, 1000)
OPTIONS = MetricOptions(gate=20.0)
_PART = 500_000
TRIALS = {
    "precision": (0, 1),
    "recall": (0, 2),
    "fpr": (1, 3),
    "f1": (0, 1, 2),
    "accuracy": (0, 1, 2, 3),
    "flagged": (0, 1, 2, 3),
    "base-rate": (0, 1, 2, 3),
    "mcc": (0, 1, 2, 3),
}
"""The states that are the trials of a metric of counters."""


def truths(metrics: Sequence[Metric], base: float, rows: int, random: np.random.Generator) -> tuple[np.ndarray, dict[str, float]]:
    """(the shares of the four states, the value of each metric) from so many rows of the law, in parts."""
    found: dict[str, list[float]] = {one.name: [] for one in metrics}
    parts = []
    for _ in range(max(1, rows // _PART)):
        drawn = law(min(rows, _PART), base, random)
        whole = sample(drawn)
        parts.append(shares(drawn))
        for one in metrics:
            if one.of_rows:
                found[one.name].append(one.of_rows(whole, OPTIONS)[0])
    every = np.mean(parts, axis=0)
    counts = every[None] * rows
    for one in metrics:
        if one.of_counters:
            found[one.name].append(float(one.of_counters(Counters(counts, counts, counts)).value[0]))
    return every, {name: float(np.mean(values)) for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class Law:
    """A base rate, the shares of the four states under it, and how many draws are made."""

    base: float
    shares: np.ndarray
    draws: int


def covered(metric: Metric, own: Law, rows: int, truth: float, random: np.random.Generator) -> tuple[int, int]:
    """(how many intervals hold ``truth``, how many were defined)."""
    if metric.of_counters is not None:
        share = np.where(np.isin(np.arange(4), TRIALS[metric.name]), own.shares, 0)
        counts = random.multinomial(rows, share / share.sum(), own.draws)
        found = metric.of_counters(Counters(counts, counts, counts))
        known = np.isfinite(found.value)
        inside = (found.low <= truth + 1e-12) & (truth <= found.high + 1e-12)
        return int((inside & known).sum()), int(known.sum())
    assert metric.of_rows is not None
    held = many = 0
    for _ in range(own.draws):
        value, low, high = metric.of_rows(sample(law(rows, own.base, random)), OPTIONS)
        many += np.isfinite(value)
        held += low <= truth <= high
    return held, many


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m scripts.slices.coverage", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--draws", type=int, default=2000, help="simulations for every metric, base rate and n")
    parser.add_argument("--truth-rows", type=int, default=4_000_000, help="rows of the law that the truth is taken from")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--metrics", nargs="*", default=[one.name for one in METRICS])
    given = parser.parse_args(arguments)
    random, rows = np.random.default_rng(given.seed), []
    for base in BASES:
        chosen = [get(name) for name in given.metrics]
        every, known = truths(chosen, base, given.truth_rows, np.random.default_rng(given.seed + 1))
        for metric in chosen:
            found = [covered(metric, Law(base, every, given.draws), n, known[metric.name], random) for n in SIZES]
            cells = [_cell(held, many, given.draws) for held, many in found]
            rows.append((f"{base:g}", escaped(metric.title), f"{known[metric.name]:.3f}", *cells))
            print(*rows[-1], sep="  ", file=sys.stderr, flush=True)
    print(f"Coverage of the 95 % intervals, {given.draws:,} draws each; in brackets the share of draws that are undefined.\n")
    print(table(("base rate", "metric", "truth", *(f"n = {n:,}" for n in SIZES)), rows))
    return 0


def _cell(held: int, many: int, draws: int) -> str:
    undefined = f" ({1 - many / draws:.0%})" if many < draws else ""
    return (f"{held / many:.1%}" if many else "none") + undefined


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
