"""Every metric that slices are measured by, with its card. One registry for the command line, the page and the exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import Literal

import numpy as np

from explain.slices import intervals, scored
from explain.slices.counts import FN, FP, TN, TP, Counters, attributes, count, members
from explain.slices.influence import Sample
from explain.slices.types import Estimates, Table
from models.bounds import validate
from models.errors import UsageError

Direction = Literal["higher", "lower", "none"]
Needs = Literal["counters", "scores", "lines"]


@dataclass(frozen=True, slots=True)
class MetricOptions:
    """What metrics are asked with. Raises UsageError for a value out of bounds."""

    gate: float = field(default=5.0, metadata={"help": "riskiest changes that a gate holds, in percent", "min": 0, "max": 100})
    effort: float = field(default=20.0, metadata={"help": "changed lines that are read, in percent", "min": 0, "max": 100})
    clustered: bool = field(default=False, metadata={"help": "rows of one cluster are not independent of each other"})

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True, slots=True)
class Metric:
    """A card, and one of two ways to measure: from the counters of all slices at once, or from the rows of one slice.

    ``direction``: whether "higher" or "lower" is better. ``needs``: the "counters", the "scores", or the changed "lines" too.
    ``of_positives``: a metric of rows counts on the defective ones alone.
    """

    name: str
    title: str
    summary: str
    paper: str
    direction: Direction
    needs: Needs
    of_counters: Callable[[Counters], Estimates] | None = None
    of_rows: Callable[[Sample, MetricOptions], scored.Interval] | None = None
    of_positives: bool = False


_ALL = (TP, FP, FN, TN)
_WILSON = "Wilson 1927; Brown, Cai and DasGupta 2001"


def _share(name: str, title: str, summary: str, direction: Direction, states: tuple[tuple[int, ...], tuple[int, ...]]) -> Metric:
    hits, trials = states
    return Metric(name, title, summary, _WILSON, direction, "counters", partial(intervals.share, hits=hits, trials=trials))


METRICS: tuple[Metric, ...] = (
    _share("accuracy", "Accuracy", "Share of the changes that are judged rightly.", "higher", ((TP, TN), _ALL)),
    _share("precision", "Precision", "Share of the flagged changes that are defective.", "higher", ((TP,), (TP, FP))),
    _share("recall", "Recall", "Share of the defective changes that are flagged.", "higher", ((TP,), (TP, FN))),
    _share("fpr", "False-positive rate", "Share of the harmless changes that are flagged.", "lower", ((FP,), (FP, TN))),
    Metric(
        "f1",
        "F1",
        "Harmonic mean of precision and recall.",
        "Wilson's interval of Jaccard's share tp / (tp + fp + fn), of which F1 is a rising function",
        "higher",
        "counters",
        intervals.f1,
    ),
    Metric(
        "mcc",
        "MCC",
        "Correlation of flag and label, from -1 to 1; 0 is chance.",
        "Matthews 1975; Fisher's z with delta variance",
        "higher",
        "counters",
        intervals.mcc,
    ),
    Metric(
        "auc",
        "ROC-AUC",
        "Share of the pairs of a defective and a harmless change that are ranked rightly; 0.5 is chance.",
        "DeLong, DeLong and Clarke-Pearson 1988; Newcombe 2006",
        "higher",
        "scores",
        of_rows=lambda sample, options: scored.auc(sample),
    ),
    Metric(
        "average-precision",
        "Average precision",
        "Mean of the precisions at each defective change, riskiest first; chance is the base rate.",
        "Boyd, Eng and Page 2013; Efron 1982",
        "higher",
        "scores",
        of_rows=lambda sample, options: scored.average_precision(sample),
    ),
    Metric(
        "brier",
        "Brier score",
        "Mean squared distance of score and label.",
        "Brier 1950",
        "lower",
        "scores",
        of_rows=lambda sample, options: scored.brier(sample),
    ),
    Metric(
        "calibration-error",
        "Calibration error",
        "Mean distance of mean score and share of defective changes, over 15 bins of equal count; large in few rows.",
        "Naeini, Cooper and Hauskrecht 2015; Feldman and Cousins 1998",
        "lower",
        "scores",
        of_rows=lambda sample, options: scored.calibration_error(sample),
    ),
    Metric(
        "recall-at-effort",
        "Recall at effort",
        "Share of the defective changes found when 20 % (or as asked) of all changed lines are read, densest risk first.",
        "Kamei et al. 2013",
        "higher",
        "lines",
        of_rows=lambda sample, options: scored.recall_at_effort(sample, options.effort),
        of_positives=True,
    ),
    Metric(
        "caught",
        "Caught by a gate",
        "Share of the defective changes among the riskiest 5 % (or as asked) of the slice.",
        "Beller et al. 2022; Brown, Cai and DasGupta 2001",
        "higher",
        "scores",
        of_rows=lambda sample, options: scored.caught(sample, options.gate),
        of_positives=True,
    ),
    _share("flagged", "Flagged", "Share of the changes that are flagged.", "none", ((TP, FP), _ALL)),
    _share("base-rate", "Base rate", "Share of the changes that are defective.", "none", ((TP, FN), _ALL)),
)


def get(name: str) -> Metric:
    """The metric called ``name``. Raises UsageError, with the right names."""
    found = next((one for one in METRICS if one.name == name), None)
    if found is None:
        raise UsageError(f"Expected a metric among {', '.join(one.name for one in METRICS)}, but got {name!r}.")
    return found


def measure(
    table: Table, by: Sequence[str], metrics: Sequence[str], options: MetricOptions | None = None
) -> tuple[Counters, dict[str, Estimates]]:
    """(counters, estimates by metric) of all combinations of values of the attributes ``by``, in the order of ``slices_of``.

    Without attributes, of all rows as one slice. Raises UsageError for an unknown metric or one that needs what the table
    lacks, KeyError for an unknown attribute.
    """
    options, cards = options or MetricOptions(), [get(name) for name in metrics]
    counters = count(table, by, options.clustered)
    found = {one.name: one.of_counters(counters) for one in cards if one.of_counters}
    scorers = [one for one in cards if one.of_rows]
    if any(one.needs == "lines" for one in scorers) and table.lines is None:
        raise UsageError("Recall at effort needs the changed lines of every change, but these predictions have none.")
    if scorers:
        found |= _scored(table, by, scorers, options)
    return counters, {one.name: found[one.name] for one in cards}


def _scored(table: Table, by: Sequence[str], cards: Sequence[Metric], options: MetricOptions) -> dict[str, Estimates]:
    order, starts = members(table, by)
    size = prod(len(one.values) for one in attributes(table, by))
    values = np.full((len(cards), 4, size), np.nan)
    values[:, 3] = 0
    for place in np.flatnonzero(np.diff(starts)).tolist():
        sample = sample_of(table, order[starts[place] : starts[place + 1]], options.clustered)
        for row, card in enumerate(cards):
            assert card.of_rows is not None
            if sample.rows:
                trials = sample.labels.sum() if card.of_positives else sample.rows
                values[row, :, place] = *card.of_rows(sample, options), trials
    return {card.name: Estimates(*own) for card, own in zip(cards, values, strict=True)}


def sample_of(table: Table, rows: np.ndarray, clustered: bool = False) -> Sample:
    """The ``rows``, their places, of ``table`` as a sample by ascending score; rows without weight are left out."""
    rows = rows[np.argsort(table.scores[rows], kind="stable")]  # every metric sorts: what is sorted takes it little time
    if table.weights is not None:
        rows = rows[table.weights[rows] > 0]
    return Sample(
        table.labels[rows].astype(np.float64),
        table.scores[rows],
        np.ones(len(rows)) if table.weights is None else table.weights[rows],
        table.clusters[rows] if clustered and table.clusters is not None else None,
        None if table.lines is None else table.lines[rows],
    )
