"""Who wrote or reviewed a change is not what the change is."""

from __future__ import annotations

import pytest

from models.change.trailers import is_trailer, without_trailers


@pytest.mark.parametrize(
    "line",
    [
        "Signed-off-by: Ada <ada@example.org>",
        "  reviewed-by : Ada",
        "> Reported-by: a tool",
        "Change-Id: I0123456789abcdef",
        "Depends-On: https://review.example.org/1",
        "Cc: stable",
        "Author: Ada <ada@example.org>",
        "In-Reply-To: <1@example.org>",
    ],
)
def test_people_and_ids_are_trailers(line: str) -> None:
    assert is_trailer(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Fixes: 1234567",
        "Closes-Bug: #12",
        "The value is signed-off-by: nobody",
        "From: and To: are headers",
        "Applies-to: all versions",
        "Cc the list",
    ],
)
def test_what_a_change_is_about_is_none(line: str) -> None:
    assert not is_trailer(line)


def test_all_other_lines_stay() -> None:
    assert without_trailers("Fix it\n\nCc: a\n  Why: x\nTested-by: b") == "Fix it\n\n  Why: x"
    assert without_trailers("") == ""
