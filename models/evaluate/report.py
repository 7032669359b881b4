"""Every figure of every model on the same rows, with intervals: what ``whydiff evaluate`` and the model card state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from models.bounds import validate
from models.classify.bands import Band, wilson
from models.errors import DataError
from models.evaluate.bands import fit_bands
from models.evaluate.bootstrap import Estimate, Floats, Measure, estimate, once, resamples
from models.evaluate.calibrate import Trial, brier, calibration_error, choose, log_loss, reliability
from models.evaluate.effort import effort_at_recall, least, recall_at_effort
from models.evaluate.gating import PERCENT, filtered_out, gate_curve, times_better
from models.evaluate.predictions import Rows, Scored
from models.evaluate.ranking import auc, average_precision, by_score, two_classes, within

SCHEMA = "whydiff/evaluate/1"
COMPARED = ("auc", "auc_within", "average_precision", "average_precision_within", "filtered_at_95", "filtered_at_99")
"""The figures whose differences between two models are given; more is better in all of them."""
_EDGE = 1e-12


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """How the intervals are made. Raises UsageError for a value out of bounds."""

    replicates: int = field(default=1000, metadata={"help": "draws of the bootstrap", "min": 100, "max": 100_000})
    seed: int = field(default=1, metadata={"help": "seed of the draws", "min": 0, "max": 2**31 - 1})

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole`` with Wilson's 95 % interval; None where ``whole`` is 0."""

    part: int
    whole: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What the model flags at its threshold."""

    threshold: float
    flagged: Share
    precision: Share
    recall: Share


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The scores as they come (``error``, ``brier``, ``log_loss``), refits on unseen rows, and the reliability curve."""

    error: float
    brier: float
    log_loss: float
    trials: tuple[Trial, ...]
    reliability: tuple[dict[str, float], ...]


@dataclass(frozen=True, slots=True)
class ModelReport:
    """The figures of one model; ``gate`` holds for 0 to 100 % of the changes which share of the positives is caught."""

    name: str
    kind: str
    digest: str
    figures: dict[str, Estimate]
    times_better: dict[str, float | None]
    gate: tuple[Estimate, ...]
    at_threshold: AtThreshold | None
    calibration: Calibrated | None
    bands: tuple[dict[str, Any], ...]
    band_notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Model ``a`` less model ``b`` in one figure; "above" or "below" only when the paired interval excludes 0."""

    a: str
    b: str
    figure: str
    difference: Estimate
    verdict: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured on ``rows`` rows, ``positives`` of them positive, of ``projects`` projects (both classes: ``ranked``)."""

    rows: int
    positives: int
    projects: int
    ranked: int
    left_out: int
    replicates: int
    seed: int
    models: tuple[ModelReport, ...]
    differences: tuple[Difference, ...]

    def payload(self) -> dict[str, Any]:
        """The JSON of the contract."""
        return {"schema": SCHEMA, **asdict(self)}


def evaluate(
    rows: Rows,
    models: Sequence[Scored],
    options: EvaluateOptions,
    against: str | None = None,
    left_out: int = 0,
    tick: Callable[[float], None] = lambda done: None,
) -> Report:
    """The report on ``models``; differences to the model ``against``, or between all pairs. ``tick`` hears of the share done.

    The bootstrap draws rows within each project, the same rows for all models, so that differences are paired.
    """
    measures = [_measures(rows, model) for model in models]
    drawn: list[dict[str, list[Floats]]] = [{name: [] for name in one} for one in measures]
    done = 0
    for counts in resamples(rows.groups, options.replicates, options.seed):
        for each, kept in zip(measures, drawn, strict=True):
            for name, measure in each.items():
                kept[name].append(measure(counts))
        done += len(counts)
        tick(done / options.replicates)
    draws = [{name: np.concatenate(parts) for name, parts in one.items()} for one in drawn]
    points = [{name: measure(once(len(rows.ids)))[0] for name, measure in one.items()} for one in measures]
    reports = tuple(_model(rows, *each) for each in zip(models, points, draws, strict=True))
    return Report(
        rows=len(rows.ids),
        positives=int(rows.labels.sum()),
        projects=len(rows.projects),
        ranked=len(two_classes(rows.labels, rows.groups)),
        left_out=left_out,
        replicates=options.replicates,
        seed=options.seed,
        models=reports,
        differences=_differences([one.name for one in models], points, draws, against),
    )


def _measures(rows: Rows, model: Scored) -> dict[str, Measure]:
    """Every bootstrapped figure of one model."""
    labels, scores, ranked = rows.labels, model.scores, by_score(rows.labels, model.scores)
    measures = {
        "auc": auc(ranked),
        "auc_within": within(auc, labels, scores, rows.groups),
        "average_precision": average_precision(ranked),
        "average_precision_within": within(average_precision, labels, scores, rows.groups),
        "filtered_at_95": filtered_out(labels, scores, 0.95),
        "filtered_at_99": filtered_out(labels, scores, 0.99),
        "gate": gate_curve(labels, scores),
    }
    if rows.lines is not None:
        effort = least(rows.lines)
        densities = (scores if model.probabilities else 1.0) / effort
        measures["recall_at_20_effort"] = recall_at_effort(labels, densities, effort)
        measures["effort_at_20_recall"] = effort_at_recall(labels, densities, effort)
    return measures


def _model(rows: Rows, model: Scored, points: dict[str, Any], draws: dict[str, Floats]) -> ModelReport:
    figures = {name: estimate(float(value), draws[name]) for name, value in points.items() if name != "gate"}
    gate = tuple(estimate(float(points["gate"][at]), draws["gate"][:, at]) for at in PERCENT)
    better = {name: _times(figures[name].value, recall) for name, recall in (("filtered_at_95", 0.95), ("filtered_at_99", 0.99))}
    fit = fit_bands(rows.ids, rows.labels, model.scores) if model.probabilities else None
    return ModelReport(
        name=model.name,
        kind=model.kind,
        digest=model.digest,
        figures=figures,
        times_better=better,
        gate=gate,
        at_threshold=_at_threshold(rows, model),
        calibration=_calibrated(rows, model) if model.probabilities else None,
        bands=tuple(map(band_payload, fit.bands)) if fit else (),
        band_notes=fit.notes if fit else (),
    )


def _times(filtered: float | None, recall: float) -> float | None:
    return None if filtered is None else times_better(filtered, recall)


def band_payload(band: Band) -> dict[str, Any]:
    """A band with its border, for JSON."""
    return {"start": band.start, **band.payload()}


def _at_threshold(rows: Rows, model: Scored) -> AtThreshold | None:
    if model.threshold is None or not model.probabilities:
        return None
    flagged = model.scores >= model.threshold
    hits, found, positives = int((flagged & (rows.labels == 1)).sum()), int(flagged.sum()), int(rows.labels.sum())
    return AtThreshold(model.threshold, share(found, len(flagged)), share(hits, found), share(hits, positives))


def share(part: int, whole: int) -> Share:
    """``part`` of ``whole`` with its interval."""
    return Share(part, whole, part / whole, *wilson(part, whole)) if whole else Share(part, whole, None, None, None)


def _calibrated(rows: Rows, model: Scored) -> Calibrated:
    """Refits start from the log-odds of the scores; after Platt scaling that gives the same as from the raw logits."""
    odds = np.clip(model.scores, _EDGE, 1 - _EDGE)
    try:
        trials = choose(rows.labels, np.log(odds / (1 - odds))).trials
    except DataError:  # ranks no better than chance: its figures say so
        trials = ()
    bins = reliability(rows.labels, model.scores)
    return Calibrated(
        error=calibration_error(rows.labels, model.scores),
        brier=brier(rows.labels, model.scores),
        log_loss=log_loss(rows.labels, model.scores),
        trials=trials,
        reliability=tuple({**asdict(one), "rate": one.rate} for one in bins),
    )


def _differences(
    names: Sequence[str], points: Sequence[dict[str, Any]], draws: Sequence[dict[str, Floats]], against: str | None
) -> tuple[Difference, ...]:
    pairs = [(a, b) for a, b in combinations(range(len(names)), 2) if against is None]
    if against is not None:
        pairs = [(a, names.index(against)) for a in range(len(names)) if names[a] != against]
    found = []
    for a, b in pairs:
        for figure in COMPARED:
            drawn = draws[a][figure] - draws[b][figure]
            difference = estimate(float(points[a][figure] - points[b][figure]), drawn)
            found.append(Difference(names[a], names[b], figure, difference, _verdict(difference)))
    return tuple(found)


def _verdict(difference: Estimate) -> str:
    if not difference.excludes_zero or difference.value is None:
        return "not told apart"
    return "above" if difference.value > 0 else "below"
