"""Kamei's metrics: a worked example, and a second implementation that looks at everything again for each change."""

from __future__ import annotations

import math
import random

import pytest

from models.mine.history import DAY
from models.mine.metrics import NAMES, Change, File, Past, entropy, subsystem

YEAR = 366 * DAY


def measure(changes: list[Change]) -> list[dict[str, float]]:
    past, found = Past(), []
    for change in changes:
        found.append(past.measure(change))
        past.add(change)
    return found


def file(path: str, added: int = 1, deleted: int = 0, before: int = 0, old: str = "") -> File:
    return File(path, old or path, added, deleted, before)


def test_a_worked_example() -> None:
    first = Change(b"ada", 0, False, [file("core/a.c", 3), file("core/b.c", 1), file("README", 4)])
    second = Change(b"bob", 10 * DAY, False, [file("core/a.c", 1, 1, 3)])
    third = Change(b"ada", 14 * DAY, True, [file("core/a.c", 2, 2, 3), file("core/b.c", 2, 2, 1), file("lib/new.c", 8)])
    one, two, three = measure([first, second, third])
    assert tuple(one) == NAMES
    assert one == dict.fromkeys(NAMES, 0.0) | {"ns": 2, "nd": 2, "nf": 3, "la": 8, "entropy": pytest.approx(1.40563906)}
    assert two == dict.fromkeys(NAMES, 0.0) | {
        "ns": 1,
        "nd": 1,
        "nf": 1,
        "la": 1,
        "ld": 1,
        "lt": 3,
        "ndev": 1,
        "age": 10,
        "nuc": 1,
    }
    assert three == {
        "ns": 2, "nd": 2, "nf": 3, "entropy": 1.5, "la": 12, "ld": 4, "lt": 4, "ndev": 2, "age": (4 + 14) / 2, "nuc": 2,
        "exp": 1, "rexp": 1, "sexp": 1, "fix": 1,
    }  # fmt: skip


def test_recent_experience_counts_by_full_years() -> None:
    dates = [0, 1, 2 * YEAR, 3 * YEAR - 1]
    changes = [Change(b"ada", when, False, [file("a")]) for when in [*dates, 3 * YEAR]]
    last = measure(changes)[-1]
    assert last["exp"] == 4
    assert last["rexp"] == pytest.approx(1 / 4 + 1 / 4 + 1 / 2 + 1)


def test_a_clock_that_runs_backwards_gives_no_negative_age() -> None:
    last = measure([Change(b"ada", 9 * DAY, False, [file("a")]), Change(b"ada", 0, False, [file("a")])])[-1]
    assert (last["age"], last["rexp"]) == (0, 1)


def test_a_renamed_file_keeps_its_past() -> None:
    changes = [Change(b"ada", 0, False, [file("x/a")]), Change(b"bob", DAY, False, [file("y/b", old="x/a")])]
    changes.append(Change(b"eve", 2 * DAY, False, [file("y/b")]))
    _, moved, after = measure(changes)
    assert (moved["ndev"], moved["nuc"], moved["age"]) == (1, 1, 1)
    assert (after["ndev"], after["nuc"], after["age"]) == (2, 2, 1)
    assert measure([*changes, Change(b"eve", 0, False, [file("x/a")])])[-1]["ndev"] == 0


def test_a_change_without_lines() -> None:
    (found,) = measure([Change(b"ada", 0, False, [])])
    assert found == dict.fromkeys(NAMES, 0.0)
    assert entropy([0, 0]) == entropy([5]) == 0
    assert math.copysign(1, entropy([5])) == 1
    assert (subsystem("a"), subsystem("a/b/c")) == ("", "a")


def naive(past: list[Change], change: Change) -> dict[str, float]:
    """From the whole past, each time (no renames)."""
    paths = [one.path for one in change.files]
    touching = [one for one in past if {other.path for other in one.files} & set(paths)]
    mine = [one for one in past if one.author == change.author]
    last = [max((n for n, one in enumerate(past) if path in {other.path for other in one.files}), default=-1) for path in paths]
    ages = [max(0, change.when - past[n].when) / DAY for n in last if n >= 0]
    total = sum(one.added + one.deleted for one in change.files)
    shares = [(one.added + one.deleted) / total for one in change.files if one.added + one.deleted]
    systems = {path.split("/")[0] if "/" in path else "" for path in paths}
    theirs = [{path.path.split("/")[0] if "/" in path.path else "" for path in one.files} for one in mine]
    years = [math.floor(max(0.0, (change.when - one.when) / (365.25 * DAY))) for one in mine]
    return {
        "ns": len(systems), "nd": len({path.rpartition("/")[0] for path in paths}), "nf": len(paths),
        "entropy": -sum(share * math.log2(share) for share in shares), "la": sum(one.added for one in change.files),
        "ld": sum(one.deleted for one in change.files), "lt": sum(one.lines_before for one in change.files),
        "ndev": len({one.author for one in touching}), "age": sum(ages) / len(ages) if ages else 0, "nuc": len(touching),
        "exp": len(mine), "rexp": sum(1 / (1 + year) for year in years), "sexp": sum(bool(one & systems) for one in theirs),
        "fix": float(change.fix),
    }  # fmt: skip


def test_as_the_slow_way() -> None:
    chance = random.Random(5)
    paths = [f"{folder}{name}" for folder in ("", "a/", "a/b/", "c/") for name in "xyz"]
    changes, when = [], 0
    for _ in range(120):
        when += chance.randrange(-5 * DAY, 60 * DAY)
        chosen = chance.sample(paths, chance.randrange(1, 5))
        files = [file(path, chance.randrange(4), chance.randrange(4), chance.randrange(50)) for path in chosen]
        changes.append(Change(chance.choice([b"ada", b"bob", b"eve"]), max(0, when), chance.random() < 0.3, files))
    for n, found in enumerate(measure(changes)):
        assert found == pytest.approx(naive(changes[:n], changes[n]))
