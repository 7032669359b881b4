"""From evidence to labels: who is positive, who is too young to be negative, and the splits by time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.data.splits import YOUNG, by_rank
from models.mine.history import DAY, Commit, History

SHORTEST, LONGEST, SHARE = 30, 730, 0.9
"""Bounds of the horizon in days, and the share of defects that are known by then."""

UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """A fix (or revert) that blames a commit; ``source`` is "declared" or "szz", in the order of how far it is trusted."""

    source: str
    fix: str


@dataclass(frozen=True, slots=True)
class Label:
    """``source`` is where ``label`` comes from; "undecided": nobody blames the commit, and it is too young for that to count.

    Such a row bears the label 0, because readers want whole numbers, and the split "young", which nobody learns from.
    """

    label: int
    source: str
    split: str
    fixed_by: tuple[str, ...] = ()


def horizon(history: History, evidence: Mapping[str, Sequence[Evidence]]) -> float:
    """Days after which a commit that nobody has blamed counts as sound.

    The history itself tells how long its defects stay unknown: the 90th percentile of the times from a culprit to its first
    fix. A shorter wait takes as sound what will still be fixed; waiting for the last percent would throw the recent years
    away, for labels that a rare fix after many years shows wrong anyway. At least 30 days, because a young or quiet project
    has seen its quick fixes only, and at most 730, because the distribution has a long tail that training cannot wait for.
    Times longer than the history is are unseen, so in a short history this is a lower bound.
    """
    delays = sorted(
        max(0.0, min(history.commits[history.position[one.fix]].written for one in some) - culprit.written) / DAY
        for commit, some in evidence.items()
        if (culprit := history.get(commit))
    )
    if not delays:
        return float(LONGEST)
    return min(max(delays[math.ceil(SHARE * len(delays)) - 1], SHORTEST), LONGEST)


def labelled(
    history: History, rows: Iterable[Commit], evidence: Mapping[str, Sequence[Evidence]], nobody: str
) -> tuple[dict[str, Label], float]:
    """The label of every commit of ``rows``, and the horizon in days; ``nobody`` is the source of a label 0.

    Commits younger than the horizon, counted back from the newest commit, are the split "young", whatever their label: of
    them only those with quick fixes can be positive yet, so they would bias a split that held them. The others are settled:
    by author's date the oldest 80 % are "train", the next 10 % "valid", the newest 10 % "test".
    """
    days = horizon(history, evidence)
    ordered = sorted(rows, key=lambda commit: (commit.written, history.position[commit.id]))
    young = {commit.id for commit in ordered if commit.written > history.newest - days * DAY}
    settled = [commit.id for commit in ordered if commit.id not in young]
    splits = dict.fromkeys(young, YOUNG) | dict(zip(settled, by_rank(len(settled)), strict=True))
    return {commit.id: _label(splits[commit.id], evidence.get(commit.id, ()), nobody) for commit in ordered}, days


def _label(split: str, evidence: Sequence[Evidence], nobody: str) -> Label:
    if evidence:
        fixes = tuple(dict.fromkeys(one.fix for one in evidence))
        return Label(1, min(evidence).source, split, fixes)
    return Label(0, UNDECIDED if split == YOUNG else nobody, split)


def counted(labels: Iterable[Label]) -> Counter[str]:
    """How many are positive, negative and undecided."""
    return Counter("positive" if one.label else UNDECIDED if one.source == UNDECIDED else "negative" for one in labels)
