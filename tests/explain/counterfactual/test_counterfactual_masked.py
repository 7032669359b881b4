"""Operator, check, plausibility and drafts go by one masked language model: the one in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from explain.counterfactual.draft import Draft
from explain.counterfactual.operators import OPERATORS, effect_of
from explain.counterfactual.plausible import rated
from explain.counterfactual.recount import offered
from explain.counterfactual.search import search
from explain.counterfactual.types import Edit, SearchOptions
from explain.counterfactual.verify import verify
from models.classify.load import masked_by, masked_model
from models.errors import UsageError
from tests.explain.counterfactual.toys import diff_of, linear, run
from tests.models.classify.masked_toys import bert, roberta

DIFF = diff_of({"a.py": [["+load(danger)", "-old = danger"]]})


@pytest.fixture(params=[bert, roberta])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A masked model that likes one name best, in every place."""
    return request.param(tmp_path / "liking", ["safe", "pool"])


def replacements(operator: str = "replace-word") -> set[Edit]:
    return set(OPERATORS.get(operator).offers(DIFF))


def test_the_operator_offers_what_the_model_in_use_finds_likely(folder: Path) -> None:
    shipped = replacements()
    with masked_by(folder):
        assert {edit.replacement for edit in replacements()} == {"safe", "pool"}
    assert replacements() == shipped


def test_the_check_counts_by_the_same_model(folder: Path) -> None:
    with masked_by(folder):
        mine = {(edit.unit, edit.replacement) for edit in replacements()}
        assert set(offered(DIFF, "replace-word")) == mine
    assert set(offered(DIFF, "replace-word")) != mine


def test_what_is_found_holds_under_the_model_that_it_was_found_with(folder: Path) -> None:
    toy = linear({"load(danger)": 2.0}, -1.0)
    with masked_by(folder):
        result = rated(run(search(DIFF, toy, SearchOptions(operators=("replace-word",))))[1], masked_model())
        found = next(one for one in result.counterfactuals if one.edits[0].replacement == "safe")
        assert 0 < (found.plausibility or 0) <= 1
        assert verify(DIFF, found, toy).ok
        assert Draft.of(DIFF).start_from(found.edits).current.diff == found.diff
        assert effect_of(DIFF, found.edits)
    assert not verify(DIFF, found, toy).ok
    with pytest.raises(UsageError, match="offers for this diff"):
        Draft.of(DIFF).start_from(found.edits)
