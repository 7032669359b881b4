"""From evidence to labels: the horizon, who is young, the splits."""

from __future__ import annotations

import pytest

from models.mine.history import DAY, Commit, History
from models.mine.labels import Evidence, counted, horizon, labelled

START = 1_500_000_000


def history(*days: float) -> History:
    commits = [Commit(f"{n:040x}", (f"{n - 1:040x}",) if n else (), b"", START + int(day * DAY), START + int(day * DAY))
               for n, day in enumerate(days)]  # fmt: skip
    return History(tuple(commits))


def blame(story: History, **by: int) -> dict[str, list[Evidence]]:
    """``c3=7``: commit 7 is a fix that blames commit 3."""
    return {story.commits[int(name[1:])].id: [Evidence("szz", story.commits[fix].id)] for name, fix in by.items()}


@pytest.mark.parametrize(
    ("delays", "days"),
    [([], 730), ([1], 30), ([100], 100), ([5000], 730), ([*range(40, 49), 400], 48), ([*range(40, 48), 300, 400], 300)],
)
def test_the_horizon_is_the_ninth_tenth_of_the_delays_within_bounds(delays: list[int], days: float) -> None:
    story = history(*[0] * len(delays), *delays, 6000)
    evidence = blame(story, **{f"c{n}": n + len(delays) for n in range(len(delays))})
    assert horizon(story, evidence) == pytest.approx(days)


def test_the_first_fix_tells_the_delay() -> None:
    story = history(0, 50, 300)
    first, early, late = (commit.id for commit in story.commits)
    assert horizon(story, {first: [Evidence("szz", late), Evidence("szz", early)]}) == 50


def test_young_commits_are_no_negatives_and_in_no_split() -> None:
    story = history(*range(0, 1000, 10))
    evidence = blame(story, c0=6, c97=98)
    labels, days = labelled(story, story.commits, evidence, "szz")
    assert days == 60
    young = [n for n, commit in enumerate(story.commits) if labels[commit.id].split == "young"]
    assert young == [94, 95, 96, 97, 98, 99]
    undecided = (0, "undecided")
    kinds = [(labels[story.commits[n].id].label, labels[story.commits[n].id].source) for n in young]
    assert kinds == [undecided, undecided, undecided, (1, "szz"), undecided, undecided]
    assert not [label for label in labels.values() if label.split != "young" and label.source == "undecided"]
    assert counted(labels.values()) == {"positive": 2, "negative": 93, "undecided": 5}


def test_settled_rows_are_split_by_time() -> None:
    story = history(*range(0, 1300, 10))
    labels, _ = labelled(story, story.commits, blame(story, c0=1, c1=4), "szz")
    splits = [labels[commit.id].split for commit in story.commits]
    assert splits == ["train"] * 102 + ["valid"] * 13 + ["test"] * 12 + ["young"] * 3


def test_a_positive_names_its_fixes_and_the_best_source() -> None:
    story = history(0, 100, 200, 900)
    first, one, two, _ = (commit.id for commit in story.commits)
    evidence = {first: [Evidence("szz", one), Evidence("declared", two), Evidence("szz", two)]}
    labels, _ = labelled(story, story.commits, evidence, "declared+szz")
    assert (labels[first].label, labels[first].source, labels[first].fixed_by) == (1, "declared", (one, two))
    assert (labels[one].label, labels[one].source, labels[one].fixed_by) == (0, "declared+szz", ())


def test_a_clock_from_the_future_makes_nobody_young() -> None:
    story = history(0, 10, 1000, 1010)
    odd = Commit("f" * 40, (), b"", 2**33, 2**33)
    ahead = Commit("e" * 40, (), b"", 2**33, START + 1020 * DAY)
    assert History((*story.commits, ahead)).newest == START + 1020 * DAY
    assert History((*story.commits, odd)).newest < 2**33
