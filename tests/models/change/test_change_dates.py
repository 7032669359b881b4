"""When a patch was written, as far as it says so."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from models.change.dates import written
from models.change.git import authored
from models.change.parse import parse

BODY = "--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-a\n+b\n"


@pytest.mark.parametrize(
    ("head", "want"),
    [
        ("commit 0123456789\nAuthor: a\nDate:   Thu Apr 7 15:13:13 2005 -0700\n\n    say\n\n", (2005, 4, 7, 15, -7)),
        ("From: a\nDate: Mon, 3 Nov 2025 10:13:13 +0100\nSubject: say\n\n", (2025, 11, 3, 10, 1)),
        ("AuthorDate: Thu Apr 7 15:13:13 2005 +0000\nCommitDate: Thu Apr 7 15:13:13 2001 +0000\n", (2005, 4, 7, 15, 0)),
    ],
)
def test_heads_of_git_and_of_mails(head: str, want: tuple[int, ...]) -> None:
    zone = timezone(timedelta(hours=want[4]))
    assert written(parse(head + BODY)) == datetime(*want[:4], 13, 13, tzinfo=zone)  # type: ignore[misc]


def test_of_several_the_earliest_counts() -> None:
    two = "Date: Mon, 3 Nov 2025 10:00:00 +0000\n\n" + BODY + "From 0123456789\nDate: Mon, 3 Nov 2014 10:00:00\n\n" + BODY
    assert written(parse(two)) == datetime(2014, 11, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "head", ["", "Date: soon\n", "Date: Mon, 99 Nov 2025 10:00:00\n", "    Date: Mon, 3 Nov 2025 10:00:00\n"]
)
def test_no_date_is_no_date(head: str) -> None:
    assert written(parse(head + BODY)) is None


def test_git_knows_when(tmp_path: Path) -> None:
    def git(*arguments: str, date: str = "2020-01-01T00:00:00+02:00") -> None:
        names = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": "2024-01-01T00:00:00+00:00"}
        subprocess.run(
            ["git", "-C", tmp_path, *arguments], check=True, capture_output=True, env=names | dates | {"PATH": os.environ["PATH"]}
        )

    git("init", "-q")
    for n, year in enumerate((2020, 2022, 2021)):
        (tmp_path / "a").write_text(str(n))
        git("add", "a")
        git("commit", "-q", "-m", "say", date=f"{year}-01-01T00:00:00+02:00")
    zone = timezone(timedelta(hours=2))
    assert authored(tmp_path, "HEAD") == datetime(2021, 1, 1, tzinfo=zone)
    assert authored(tmp_path, "HEAD~2..HEAD") == datetime(2021, 1, 1, tzinfo=zone)
    assert authored(tmp_path, "HEAD~2..HEAD~1") == datetime(2022, 1, 1, tzinfo=zone)
    assert authored(tmp_path, "nothing") is None
