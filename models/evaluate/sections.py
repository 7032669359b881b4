"""The report in words and tables, made from its JSON alone, so that a stored report gives the same page as a fresh one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

NAMES = {
    "auc": "pooled AUC",
    "auc_within": "mean within-project AUC",
    "average_precision": "pooled average precision",
    "average_precision_within": "mean within-project average precision",
    "filtered_at_95": "filtered out at 95 % recall",
    "filtered_at_99": "filtered out at 99 % recall",
    "recall_at_20_effort": "Recall@20%Effort",
    "effort_at_20_recall": "Effort@20%Recall",
}
_GATES = (1, 5, 10, 20, 30, 50)
_RANKING, _FILTER, _EFFORT = list(NAMES)[:4], list(NAMES)[4:6], list(NAMES)[6:]


@dataclass(frozen=True, slots=True)
class Section:
    """A title, sentences above a table, and the table; no table without ``header``. All of it is plain text."""

    title: str
    text: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def sections(report: Json) -> Iterator[Section]:
    """The whole report, model beside model."""
    models: Sequence[Json] = report["models"]
    yield _measured(report)
    yield _table(
        "Ranking",
        "Area under the ROC curve and average precision, over all rows and as the mean within projects: a model can gain on "
        "pooled rows by recognising the project. A tie counts as half.",
        models,
        _RANKING,
    )
    yield _gates(models)
    yield _table(
        "Filtering out",
        "Share of the changes that need no second look, least risky first, while 95 % or 99 % of the positives are kept. In "
        "brackets behind the interval: how many times that is what a random order filters out (5 % and 1 %).",
        models,
        _FILTER,
    )
    if all(name in models[0]["figures"] for name in _EFFORT):
        yield _table(
            "Effort",
            "Changes are read in the order of score per changed line (a ranking by lines: the smallest first). Share of "
            "the positives found after 20 % of all changed lines; share of the lines after which 20 % of positives are found.",
            models,
            _EFFORT,
        )
    if report["differences"]:
        yield _differences(report["differences"])
    for model in models:
        yield from _of_one(model)


def _measured(report: Json) -> Section:
    base = report["positives"] / report["rows"]
    text = (
        f"{report['rows']:,} labelled changes of {counted(report['projects'], 'project')}, {report['positives']:,} of them "
        f"({base:.1%}) positive; {report['ranked']:,} with both classes. "
        f"Intervals are 95 % percentiles of {report['replicates']:,} bootstrap draws of changes within each project (seed "
        f"{report['seed']}), for shares of counts Wilson's."
    )
    if report["left_out"]:
        text += f" {report['left_out']:,} changes were left out because not every model scored them."
    return Section("Measured on", text)


def _table(title: str, text: str, models: Sequence[Json], names: Sequence[str]) -> Section:
    rows = tuple((one["name"], *(_figure(one, name) for name in names)) for one in models)
    return Section(title, text, ("model", *(NAMES[name] for name in names)), rows)


def _figure(model: Json, name: str) -> str:
    shown = estimate(model["figures"][name], percent=name not in _RANKING)
    times = model["times_better"].get(name)
    return shown if times is None else f"{shown} ({times:.1f}x)"


def _gates(models: Sequence[Json]) -> Section:
    rows = tuple((one["name"], *(estimate(one["gate"][at], percent=True) for at in _GATES)) for one in models)
    text = "Gate the riskiest x % of the changes and catch y % of the positives; equal scores are taken at their worst."
    return Section("Gating", text, ("model", *(f"{at} %" for at in _GATES)), rows)


def _differences(differences: Sequence[Json]) -> Section:
    rows = tuple((f"{d['a']} - {d['b']}", NAMES[d["figure"]], signed(d["difference"]), d["verdict"]) for d in differences)
    text = "Both models on the same draws. Above or below is said only where the interval of the difference excludes 0."
    return Section("Differences", text, ("models", "figure", "difference", "verdict"), rows)


def _of_one(model: Json) -> Iterator[Section]:
    if model["at_threshold"]:
        yield Section(f"{model['name']}, at its threshold", _at_threshold(model["at_threshold"]))
    if model["calibration"]:
        yield _trials(model)
        yield _reliability(model)
        yield bands(f"{model['name']}, risk bands", model["bands"], model["band_notes"])


def _at_threshold(at: Json) -> str:
    return (
        f"From a score of {at['threshold']:.3f} on it flags {_share(at['flagged'])} of the changes, "
        f"precision {_share(at['precision'])}, recall {_share(at['recall'])}."
    )


def _trials(model: Json) -> Section:
    calibration = model["calibration"]
    text = (
        f"The scores as they come: expected calibration error {calibration['error']:.4f} (15 bins of equal count), Brier score "
        f"{calibration['brier']:.4f}, log loss {calibration['log_loss']:.4f}. If these rows also fitted the calibration, that "
        "is too kind; the table refits it and measures on rows that the fit did not see (5 folds, 5 times)."
    )
    rows = tuple((t["method"], f"{t['log_loss']:.4f}", f"{t['brier']:.4f}", f"{t['error']:.4f}") for t in calibration["trials"])
    return Section(f"{model['name']}, calibration", text, ("method", "log loss", "Brier score", "calibration error"), rows)


def _reliability(model: Json) -> Section:
    rows = tuple(
        (f"{b['score']:.3f}", f"{b['rate']:.3f} [{b['low']:.3f}, {b['high']:.3f}]", f"{b['rows']:,}")
        for b in model["calibration"]["reliability"]
    )
    return Section(
        f"{model['name']}, reliability",
        "Bins of equal count: what the score says, and how often it was so.",
        ("mean score", "share of positives", "changes"),
        rows,
    )


def bands(title: str, found: Sequence[Json], notes: Sequence[str]) -> Section:
    """Risk bands: borders chosen on one half of the rows, rates counted on the other."""
    text = (
        "Low: up to where the rate of positives is half of the base rate; high: from where it is twice that; borders chosen "
        "on one half of the changes, rates counted on the other."
    )
    rows = tuple(
        (b["name"], f"{b['start']:.3f}", f"{b['rows']:,}", f"{b['rate']:.1%} [{b['low']:.1%}, {b['high']:.1%}]") for b in found
    )
    return Section(title, " ".join((text, *notes)), ("band", "from score", "changes", "positive"), rows)


def estimate(one: Json, percent: bool) -> str:
    """ "0.786 [0.770, 0.801]", or "undefined"."""
    if one["value"] is None:
        return "undefined"
    value, low, high = (None if one[name] is None else _number(one[name], percent) for name in ("value", "low", "high"))
    return f"{value}" if low is None else f"{value} [{low}, {high}]"


def _number(value: float, percent: bool) -> str:
    return f"{value:.1%}" if percent else f"{value:.3f}"


def signed(one: Json) -> str:
    """ "+0.0120 [-0.0010, +0.0250]", or "undefined"."""
    if one["value"] is None:
        return "undefined"
    interval = "" if one["low"] is None else f" [{one['low']:+.4f}, {one['high']:+.4f}]"
    return f"{one['value']:+.4f}{interval}"


def _share(one: Json) -> str:
    if one["value"] is None:
        return "undefined"
    return f"{one['value']:.1%} [{one['low']:.1%}, {one['high']:.1%}] ({one['part']:,} of {one['whole']:,})"


def counted(count: int, noun: str) -> str:
    """ "1 project", "2 projects"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
