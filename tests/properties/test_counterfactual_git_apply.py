"""The oracle: git applies what edits of any operators leave, and gets the files that a plan of the change predicts."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explain.counterfactual.operators import OPERATORS, apply, effect_of
from explain.counterfactual.types import Edit
from models.change.parse import parse
from models.change.render import render
from tests.explain.counterfactual.plans import plans
from tests.explain.counterfactual.planted import Plan, key_of
from tests.properties.test_change_git_apply import git

FAST_OPERATORS = tuple(operator for operator in OPERATORS if operator.card.name not in {"swap-name", "replace-word"})
"""Those whose edits a plan predicts by itself."""


@st.composite
def edited(draw: st.DrawFn) -> tuple[Plan, tuple[Edit, ...]]:
    """A change and edits of it: of one operator, or of any."""
    plan = draw(plans())
    offers = [list(operator.offers(plan.diff())) for operator in FAST_OPERATORS]
    pools = [some for some in offers if some]
    pool = draw(st.sampled_from(pools)) if draw(st.booleans()) else [edit for some in pools for edit in some]
    return plan, tuple(draw(st.lists(st.sampled_from(pool), min_size=1, max_size=5, unique=True)))


def check_applies(plan: Plan, edits: tuple[Edit, ...]) -> None:
    diff = plan.diff()
    assume(effect_of(diff, edits) is not None)
    left = apply(diff, edits)
    marks = frozenset().union(*(plan.offers(edit.operator)[key_of(plan, edit)] for edit in edits if edit.operator != "rename"))
    names = [edit for edit in edits if edit.operator == "rename"]
    renamed = {diff.line(edit.unit).text[edit.unit.start : edit.unit.end]: str(edit.replacement) for edit in names}
    want = plan.after(marks, renamed)
    if not left.files:
        assert want == plan.before()
        return
    assert parse(render(left), left.message) == left
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, data in plan.before().items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        done = git(folder, "apply", "--verbose", stdin=render(left).encode())
        assert done.returncode == 0, done.stderr.decode() + render(left)
        assert b"offset" not in done.stderr
        assert {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == want


@settings(max_examples=60, deadline=None, database=None)
@given(edited())
def test_git_applies_what_edits_leave(case: tuple[Plan, tuple[Edit, ...]]) -> None:
    check_applies(*case)


@pytest.mark.soak
@settings(max_examples=3000, deadline=None, database=None)
@given(edited())
def test_soak_git_applies_what_edits_leave(case: tuple[Plan, tuple[Edit, ...]]) -> None:
    check_applies(*case)
