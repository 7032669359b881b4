"""What messages say: fixes, performance fixes, reverts, and the commits that they blame."""

from __future__ import annotations

import time

import pytest

from models.mine.declared import named
from models.mine.messages import judge

FIXES = [
    "Fix crash when the file is empty",
    "fixed a memory leak",
    "Bugfix: wrong sign in the offset",
    "fix(router): index out of range (#3397)",
    "hotfix for the broken login",
    "PROJ-123: pool blocks\n\nThis was a bug in the counter.",
    "Pool blocks\n\nFixes #12",
    "Pool blocks\n\nFixes: https://github.com/o/r/issues/7",
    "Pool blocks\n\nCloses #12. The regression came with the cache.",
    "net: count once\n\nFixes: 1234567890ab (\"net: count\")",
    "Resolve deadlock in close",
    "fix format_date crash",
]  # fmt: skip
NO_FIXES = [
    "Add a prefix and a suffix, and fixtures",
    "Fix typo",
    "fix: typos in comments",
    "Fix the failing unit tests",
    "Fixed broken link in README",
    "docs: fix wrong example",
    "test(binding): fix flaky case",
    "fix(deps): bump the parser",
    "Fix lint warnings",
    "fix gofmt errors",
    "Fix some of the docs",
    "Mention the crash in the changelog",
    "[pre-commit.ci] auto fixes from hooks",
    "Use a fixed-width column",
    "Add a bug report template",
    "Add regression tests",
    "Implemented the width option. This fixes #216",
    "Add the width option\n\nFixes #12",
    "Optionally allow dashes. This fixes #444",
    "PROJ-123: new colours",
    "Closes #12",
    "Squashed\n\n* fix lint\n* fix another bug",
    'Revert "Fix crash when the file is empty"',
    "Debug output in colour",
    "",
]
PERFORMANCE = [
    "Speed up parsing",
    "perf(tree): fewer allocations",
    "Fix slow start",
    "Fix memory leak in the pool",
    "Improve throughput of the writer",
    "Fix regression in time spent in the lexer",
    "Fix the cache\n\nIt made the first request three times slower.",
    "Reduce latency",
]
NO_PERFORMANCE = [
    "Add performance tests", "docs: performance", "Add a benchmark of throughput", "Fix typo in latency", "Add slowlog",
    "Perform twice", "New page\n\nIt is faster.", "Fix crash",
]  # fmt: skip


@pytest.mark.parametrize("message", FIXES)
def test_a_fix_is_seen(message: str) -> None:
    assert judge(message).fix


@pytest.mark.parametrize("message", NO_FIXES)
def test_what_is_no_fix_of_a_defect_is_none(message: str) -> None:
    assert not judge(message).fix


@pytest.mark.parametrize("message", PERFORMANCE)
def test_a_performance_fix_is_seen(message: str) -> None:
    assert judge(message).performance


@pytest.mark.parametrize("message", NO_PERFORMANCE)
def test_what_is_no_performance_fix_is_none(message: str) -> None:
    assert not judge(message).performance


def test_a_revert_is_no_fix_and_of_performance_only_when_that_is_its_reason() -> None:
    plain = judge('Revert "Speed up parsing"\n\nThis reverts commit 1234567.')
    slow = judge('Revert "Cache"\n\nThis reverts commit 1234567.\n\nIt makes the start slower.')
    assert (plain.fix, plain.performance, plain.revert) == (False, False, True)
    assert (slow.fix, slow.performance, slow.revert) == (False, True, True)


SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("message", "names"),
    [
        (f"Fix\n\nFixes: {SHA}", (SHA,)),
        ('Fix\n\nFixes: 0123456789AB ("the old subject")', ("0123456789ab",)),
        ("Fix\n\nFixes 0123456\nFixes 89abcde", ("0123456", "89abcde")),
        ("Fix what was introduced in 0123456.", ("0123456",)),
        ("Broken by commit `0123456`", ("0123456",)),
        ("This is a regression from\ncommit 0123456, see there", ("0123456",)),
        ("Fix a bug introduced by https://github.com/o/r/commit/0123456", ("0123456",)),
        (f'Revert "x"\n\nThis reverts commit {SHA}.', (SHA,)),
        ("Revert 0123456", ("0123456",)),
        ("Introduced in 0123456; a regression in 0123456", ("0123456",)),
        ("Bump action from 0123456789 to 89abcdef01", ()),
        ("See 0123456 for the reason", ()),
        ("Fixes #1234567", ()),
        ("introduced in 0123456.7", ()),
        ("Refine the tests introduced in 0123456", ()),
        (f'Revert "x"\n\nThis reverts commit {SHA}.\n\nIntended for the next release.', ()),
        (f"Pushed by mistake\n\nFixes: {SHA}", (SHA,)),
        ("introduced in 012345", ()),
        ("Fixes: deadbeefs everywhere", ()),
        ("", ()),
    ],
)
def test_who_is_named(message: str, names: tuple[str, ...]) -> None:
    assert named(message) == names


@pytest.mark.parametrize(
    "part", ["fix ", "fix:" + " " * 50, "fixes a/", "in the ", "(((", "https://a/issues/", "gh-", "introduced ", "0123456"]
)
def test_hostile_messages_are_read_fast(part: str) -> None:
    text = part * (400_000 // len(part))
    start = time.perf_counter()
    for message in (text, f"x\n{text}", f"fix {text}"):
        judge(message)
        named(message)
    assert time.perf_counter() - start < 3
