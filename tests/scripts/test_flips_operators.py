"""Every operator alone: what is counted of a search, and over what."""

from __future__ import annotations

from pathlib import Path

import pytest

from explain.counterfactual.types import OPERATOR_NAMES, Minimality, Syntax
from scripts.flips.operators import ALL, Tried, main, report, row_of, try_one
from tests.explain.counterfactual.toys import diff_of, linear, lines_of

DIFF = diff_of({"a.py": [["+load(danger)", "+safe = 1"]]})


def test_a_search_with_one_operator_uses_no_other() -> None:
    toy = linear({"load(danger)": 2.0}, -1.0)
    found = try_one(DIFF, toy, ("revert-line",))
    assert (found.offers, found.size, found.accepted) == (2, 1, True)
    assert (found.minimality, found.syntax) == (Minimality.CARDINALITY, Syntax.VALID)
    assert try_one(DIFF, toy, ("cut-message",)).size == 0
    assert try_one(lines_of("a"), linear({}, 1.0), ("revert-run",)) == Tried(offers=0, queries=1)


def test_shares_are_over_what_they_are_of() -> None:
    """Without an offer a change counts nowhere, without a grammar not for the syntax."""
    tried = [
        Tried(0, 1),
        Tried(5, 30),
        Tried(2, 10, 1, True, Minimality.ONE, Syntax.VALID, 0.5),
        Tried(2, 20, 3, True, Minimality.NONE, Syntax.INVALID, 0.7),
        Tried(2, 20, 2, False, Minimality.CARDINALITY, Syntax.UNKNOWN, None),
    ]
    name, offered, flips, size, agrees, minimal, syntax, plausible, queries = row_of("rename", tried)
    assert (name, offered, size, plausible, queries) == ("rename", "4", "2.00", "0.60", "20.0")
    assert flips.startswith("3 of 4, 75.0%")
    assert agrees.startswith("2 of 3, 66.7%")
    assert minimal.startswith("2 of 3, 66.7%")
    assert syntax.startswith("1 of 2, 50.0%")
    assert row_of("rename", tried[:1]) == ("rename", "0", *[""] * 7)


def test_the_table_has_a_row_for_each_operator_and_one_for_all() -> None:
    lines = list(report([("row", "Python", DIFF)], linear({"load(danger)": 2.0}, -1.0)))
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]] == [ALL, *OPERATOR_NAMES]
    assert {line.count("|") for line in lines} == {lines[0].count("|")}


def test_a_dataset_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.parquet")]) == 2
    assert "none.parquet" in capsys.readouterr().err
