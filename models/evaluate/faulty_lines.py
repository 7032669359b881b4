"""The report on lines at fault in words and tables, made from its JSON alone, for the command line and the model card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from models.evaluate.sections import Section, counted, estimate, signed

Json = Mapping[str, Any]
NAMES = {
    "top_5": "Top-5",
    "top_10": "Top-10",
    "recall_at_20_effort": "Recall@20%Effort",
    "effort_at_20_recall": "Effort@20%Recall",
    "false_alarms": "IFA",
}
_CODE_FIRST = " Every ranking, the baselines too, with comments, tests, examples and documentation put last."
_GROUPS = {"all": "all bad changes", "flagged": "flagged ones"}


def line_sections(report: Json) -> Iterator[Section]:
    """What was measured; then of all and of the flagged changes, as ranked and with code first, figures and differences."""
    yield _measured(report)
    for group in report["groups"]:
        yield _figures(group)
        if group["differences"]:
            yield _differences(group)


def line_summary(report: Json) -> Iterator[Section]:
    """The same without the differences, for the model card."""
    yield _measured(report)
    yield from map(_figures, report["groups"])


def _title(group: Json) -> str:
    return f"Lines at fault, {_GROUPS[group['name']]}" + (", code first" if group["code_first"] else "")


def _figures(group: Json) -> Section:
    if not group["changes"]:
        return Section(_title(group), "There is no such change with a line known to be at fault.")
    text = f"{counted(group['changes'], 'change')}. Of Effort@20%Recall and IFA less is better, of the others more."
    return Section(
        _title(group),
        text + (_CODE_FIRST if group["code_first"] else ""),
        ("ranked by", *NAMES.values()),
        tuple(row for one in group["rankers"] for row in _rows(one)),
    )


def _differences(group: Json) -> Section:
    return Section(
        f"{_title(group)}, beside the baselines",
        "Differences of means, on the same draws; only where an interval excludes 0 are the two told apart.",
        ("ranked by, less baseline", *NAMES.values()),
        tuple(
            (f"{one['a']} - {one['b']}", *(signed(one["figures"][figure]["mean"]) for figure in NAMES))
            for one in group["differences"]
        ),
    )


def _measured(report: Json) -> Section:
    known = report["changes"]
    missing = known["missing_of_cut"] + known["missing_of_whole"]
    text = (
        f"Added lines of code files, ranked within each bad change, against those known to be at fault. Of "
        f"{counted(known['bad'], 'bad change')} {known['measured']:,} have such a line: {known['faulty']:,} of "
        f"{counted(known['lines'], 'line')}, copies of a text in one file counted once; {known['faulty_no_code']:,} of "
        f"{known['no_code']:,} lines of comments, tests, examples and documentation. Of "
        f"{counted(known['named'], 'line')} that the truth names, {missing:,} were not found in the diffs"
        f" ({known['missing_of_cut']:,} of them in diffs that the dataset cuts off); the figures speak of what is there. "
        "Top-k: share of the first k lines that are at fault. Recall@20%Effort: share of the lines at fault among the first "
        "20 % of the lines; Effort@20%Recall: share of the lines read until 20 % of those at fault are found; IFA: clean "
        "lines read before the first at fault. Equal values are read in random order, in expectation. Intervals are 95 % "
        f"percentiles of {report['replicates']:,} bootstrap draws of changes within each project (seed {report['seed']})."
    )
    if known["unreadable"]:
        text += f" {known['unreadable']:,} bad changes hold no diff that can be read."
    if known["unranked"]:
        text += f" {known['unranked']:,} named lines are not added ones and do not rank."
    return Section("Lines at fault", text)


def _rows(ranker: Json) -> Iterator[tuple[str, ...]]:
    for kind in ("mean", "median"):
        yield f"{ranker['name']}, {kind}", *(estimate(ranker["figures"][name][kind], percent=False) for name in NAMES)
