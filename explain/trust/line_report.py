"""What rankings of the lines of bad changes come to, beside each other: means and medians over changes, with intervals.

Intervals are 95 % percentiles of a bootstrap over changes, drawn within each project, the same draws for every ranker, so
that differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from explain.trust.line_figures import FIGURES, LESS_IS_BETTER, line_figures
from explain.trust.line_rankers import Ranker
from explain.trust.lines import LineCase
from models.classify.protocol import Classifier
from models.evaluate.bootstrap import Estimate, Floats, estimate, once, resamples
from models.evaluate.report import EvaluateOptions

SCHEMA = "whydiff/lines/1"


@dataclass(frozen=True, slots=True)
class Judged:
    """What came out for one change; ``figures``, by ranker, is None where no line is known to be at fault.

    ``lines`` rank, ``faulty`` of them are at fault; the other numbers are those of its ``LineCase``.
    """

    project: str
    flagged: bool
    figures: Mapping[str, Mapping[str, float]] | None
    lines: int
    faulty: int
    named: int
    missing: int
    unranked: int
    cut: bool


def judge(cases: Iterable[LineCase], classifier: Classifier, rankers: Sequence[Ranker]) -> Iterator[Judged]:
    """Yield what comes out for every change. One without a line at fault is not given to the rankers."""
    for case in cases:
        yield Judged(
            project=case.project,
            flagged=classifier.predict([case.diff])[0].flagged,
            figures=_all_figures(case, rankers) if case.faulty else None,
            lines=len(case.lines),
            faulty=case.faulty,
            named=case.named,
            missing=case.missing,
            unranked=case.unranked,
            cut=case.cut,
        )


def _all_figures(case: LineCase, rankers: Sequence[Ranker]) -> dict[str, dict[str, float]]:
    faulty = [line.faulty for line in case.lines]
    return {one.name: line_figures(one.values(case), faulty) or {} for one in rankers}


def line_report(
    judged: Sequence[Judged], names: Sequence[str], baselines: Sequence[str], unreadable: int, options: EvaluateOptions
) -> dict[str, Any]:
    """The JSON of the contract, without the model; ``names`` are the rankers, ``baselines`` those that others are compared with.

    Figures are of all changes and of those that the model flags, each group on its own.
    """
    measured = [one for one in judged if one.figures is not None]
    return {
        "schema": SCHEMA,
        "changes": _counts(judged, unreadable),
        "replicates": options.replicates,
        "seed": options.seed,
        "groups": [
            _group("all", measured, names, baselines, options),
            _group("flagged", [one for one in measured if one.flagged], names, baselines, options),
        ],
    }


def _counts(judged: Sequence[Judged], unreadable: int) -> dict[str, int]:
    return {
        "bad": len(judged) + unreadable,
        "unreadable": unreadable,
        "measured": sum(one.faulty > 0 for one in judged),
        "flagged": sum(one.flagged for one in judged),
        "cut": sum(one.cut for one in judged),
        "lines": sum(one.lines for one in judged if one.faulty),
        "faulty": sum(one.faulty for one in judged),
        "named": sum(one.named for one in judged),
        "missing_of_cut": sum(one.missing for one in judged if one.cut),
        "missing_of_whole": sum(one.missing for one in judged if not one.cut),
        "unranked": sum(one.unranked for one in judged),
    }


def _group(
    name: str, judged: Sequence[Judged], names: Sequence[str], baselines: Sequence[str], options: EvaluateOptions
) -> dict[str, Any]:
    values = {ranker: np.array([[(one.figures or {})[ranker][f] for f in FIGURES] for one in judged]) for ranker in names}
    if not judged:
        return {"name": name, "changes": 0, "rankers": [], "differences": []}
    points, draws = _drawn(values, [one.project for one in judged], options)
    return {
        "name": name,
        "changes": len(judged),
        "rankers": [{"name": one, "baseline": one in baselines, "figures": _figures(points[one], draws[one])} for one in names],
        "differences": [
            {"a": a, "b": b, "figures": _figures(points[a] - points[b], draws[a] - draws[b], verdict=True)}
            for a in names
            if a not in baselines
            for b in baselines
        ],
    }


def _drawn(
    values: Mapping[str, Floats], projects: Sequence[str], options: EvaluateOptions
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """By ranker: mean and median of every figure, shape (2, figures), and the same of every draw, (replicates, 2, figures)."""
    groups = np.unique(np.array(projects), return_inverse=True)[1]
    parts: dict[str, list[Floats]] = {name: [] for name in values}
    for counts in resamples(groups, options.replicates, options.seed):
        for name, one in values.items():
            parts[name].append(_summed_up(one, counts))
    points = {name: _summed_up(one, once(len(projects)))[0] for name, one in values.items()}
    return points, {name: np.concatenate(one) for name, one in parts.items()}


def _summed_up(values: Floats, counts: Floats) -> Floats:
    """Mean and median of the columns of ``values`` by how often each row was drawn: (replicates, 2, figures)."""
    means = counts @ values / counts.sum(axis=1, keepdims=True)
    medians = np.stack([_medians(column, counts) for column in values.T], axis=1)
    return np.stack([means, medians], axis=1)


def _medians(column: Floats, counts: Floats) -> Floats:
    order = np.argsort(column, kind="stable")
    reached = counts[:, order].cumsum(axis=1)
    whole = reached[:, -1:]
    low, high = (column[order][(reached <= rank).sum(axis=1)] for rank in ((whole - 1) // 2, whole // 2))
    return np.asarray((low + high) / 2)


def _figures(points: Floats, draws: Floats, verdict: bool = False) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for n, figure in enumerate(FIGURES):
        mean, median = (estimate(float(points[at, n]), draws[:, at, n]) for at in (0, 1))
        found[figure] = {"mean": asdict(mean), "median": asdict(median)}
        if verdict:
            found[figure]["verdict"] = _verdict(mean, figure)
    return found


def _verdict(mean: Estimate, figure: str) -> str:
    """Of the difference of means; "better" or "worse" only where its interval excludes 0."""
    if not mean.excludes_zero or mean.value is None:
        return "not told apart"
    return "better" if (mean.value > 0) != (figure in LESS_IS_BETTER) else "worse"
