"""What rankings of the lines of bad changes come to, beside each other: means and medians over changes, with intervals.

Intervals are 95 % percentiles of a bootstrap over changes, drawn within each project, the same draws for every ranker, so
that differences are paired. Every ranking is judged twice: as it is, and with lines that are no code put last
(``code_first``), which takes no model to know.
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
Figures = Mapping[str, Mapping[str, float]]
"""By ranker, and by figure."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What came out for one change; ``figures``, by ranker, is empty where no line is known to be at fault.

    ``code_first`` is the same for rankings in which lines that are no code come last. ``lines`` rank, ``faulty`` of them are
    at fault; ``no_code`` and ``faulty_no_code`` are those that are no code; the other numbers are those of its ``LineCase``.
    """

    project: str
    flagged: bool
    figures: Figures
    code_first: Figures
    lines: int
    faulty: int
    no_code: int
    faulty_no_code: int
    named: int
    missing: int
    unranked: int
    cut: bool


def judge(cases: Iterable[LineCase], classifier: Classifier, rankers: Sequence[Ranker]) -> Iterator[Judged]:
    """Yield what comes out for every change. One without a line at fault is not given to the rankers."""
    for case in cases:
        flagged = classifier.predict([case.diff])[0].flagged
        values = {one.name: one.values(case) for one in rankers} if case.faulty else {}
        yield Judged(
            project=case.project,
            flagged=flagged,
            figures={name: _figures_of(case, one) for name, one in values.items()},
            code_first={name: _figures_of(case, code_first(case, one)) for name, one in values.items()},
            lines=len(case.lines),
            faulty=case.faulty,
            no_code=sum(not line.code for line in case.lines),
            faulty_no_code=sum(line.faulty and not line.code for line in case.lines),
            named=case.named,
            missing=case.missing,
            unranked=case.unranked,
            cut=case.cut,
        )


def code_first(case: LineCase, values: Sequence[float]) -> list[float]:
    """The same ranking, but lines that are no code come after all that are; equal values stay equal."""
    place = {value: n for n, value in enumerate(sorted(set(values)))}
    return [place[value] + len(place) * float(line.code) for line, value in zip(case.lines, values, strict=True)]


def _figures_of(case: LineCase, values: Sequence[float]) -> dict[str, float]:
    return line_figures(values, [line.faulty for line in case.lines]) or {}


def line_report(
    judged: Sequence[Judged], names: Sequence[str], baselines: Sequence[str], unreadable: int, options: EvaluateOptions
) -> dict[str, Any]:
    """The JSON of the contract, without the model; ``names`` are the rankers, ``baselines`` those that others are compared with.

    Figures are of all changes and of those that the model flags, each as ranked and with code first.
    """
    measured = [one for one in judged if one.figures]
    flagged = [one for one in measured if one.flagged]
    return {
        "schema": SCHEMA,
        "changes": _counts(judged, unreadable),
        "replicates": options.replicates,
        "seed": options.seed,
        "groups": [
            {"name": name, "code_first": first, **_group(members, first, names, baselines, options)}
            for first in (False, True)
            for name, members in (("all", measured), ("flagged", flagged))
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
        "no_code": sum(one.no_code for one in judged if one.faulty),
        "faulty_no_code": sum(one.faulty_no_code for one in judged),
        "named": sum(one.named for one in judged),
        "missing_of_cut": sum(one.missing for one in judged if one.cut),
        "missing_of_whole": sum(one.missing for one in judged if not one.cut),
        "unranked": sum(one.unranked for one in judged),
    }


def _group(
    judged: Sequence[Judged], first: bool, names: Sequence[str], baselines: Sequence[str], options: EvaluateOptions
) -> dict[str, Any]:
    if not judged:
        return {"changes": 0, "rankers": [], "differences": []}
    found = [one.code_first if first else one.figures for one in judged]
    values = {name: np.array([[one[name][figure] for figure in FIGURES] for one in found]) for name in names}
    points, draws = _drawn(values, [one.project for one in judged], options)
    return {
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
