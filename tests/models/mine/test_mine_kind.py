"""What sort of work a change is, on made-up messages and paths."""

from __future__ import annotations

import pytest

from models.mine.kind import KINDS, kind

CODE = ["src/pool.c"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Add a queue for late answers", "feature"),
        ("net/ring: add burst mode", "feature"),
        ("[scheduler] Adding weights to hosts", "feature"),
        ("feat(api)!: paging", "feature"),
        ("Support tables without a header\n\nFixes the layout too.", "feature"),
        ("Fix crash when the list is empty", "fix"),
        ("fix(parser): off by one", "fix"),
        ("Pool blocks\n\nFixes #12", "fix"),
        ("Prevent the timer from firing twice", "fix"),
        ("Don't read past the end", "fix"),
        ("Rename Pager to Cursor", "refactor"),
        ("remove dead branch", "refactor"),
        ("Simplified the loop", "refactor"),
        ("splitting the header parser", "refactor"),
        ("perf: read pages ahead", "refactor"),
        ("Use a map for lookups", "refactor"),
        ("Add tests for the queue", "test"),
        ("test: cover the empty list", "test"),
        ("Fix typo", "docs"),
        ("Document the limits of the cache", "docs"),
        ("Bump version to 2.1", "build"),
        ("chore(deps): new parser", "build"),
        ("Release v1.2.3", "build"),
        ('Revert "Add a queue"', "other"),
        ("Queue of late answers", "other"),
        ("", "other"),
    ],
)
def test_messages_about_code(message: str, expected: str) -> None:
    assert kind(message, CODE) == expected


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["tests/test_pool.py", "tests/data.json"], "test"),
        (["tests/test_pool.py", "docs/pool.md"], "test"),
        (["README.md", "docs/pool.py"], "docs"),
        ([".github/workflows/test.yml", "Makefile"], "build"),
        (["setup.py"], "build"),
        (["Cargo.lock", "Cargo.toml"], "build"),
        (["src/pool.c", "tests/pool_test.c"], "fix"),
        (["Makefile", "src/pool.c"], "fix"),
        ([], "fix"),
    ],
)
def test_paths_decide_where_they_are_all_of_one_sort(paths: list[str], expected: str) -> None:
    assert kind("Fix crash", paths) == expected


def test_every_kind_is_reached_and_a_long_message_is_no_burden() -> None:
    said = {kind(one, CODE) for one in ("add x", "fix crash", "rename x", "tests", "docs", "bump x", "pool")}
    assert said == set(KINDS)
    assert kind("a " * 200_000 + "fix", CODE) == "other"
