"""What operators offer, against a second count that shares no code with them, and what all edits promise."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explain.counterfactual.effects import realise, together
from explain.counterfactual.operators import OPERATORS, effect_of
from explain.counterfactual.recount import applied, contradictory, offered
from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff
from tests.properties.test_change_algebra import patches

CODE = st.text("abAB_19. =(é\r²", max_size=14)
SPEED = settings(max_examples=60, deadline=None, database=None)


@st.composite
def changes(draw: st.DrawFn) -> Diff:
    """A diff with lines of code and a message."""
    diff = parse(draw(patches()))
    files = [
        replace(file, hunks=tuple(replace(h, lines=tuple(replace(n, text=draw(CODE)) for n in h.lines)) for h in file.hunks))
        for file in diff.files
    ]
    return replace(diff, files=tuple(files), message=draw(st.text("ab c\n\t", max_size=12)))


@SPEED
@given(changes(), st.data())
def test_what_is_offered_is_what_a_second_count_says(diff: Diff, data: st.DataObject) -> None:
    for operator in OPERATORS:
        offers = operator.offers(diff)
        again = offered(diff, operator.card.name)
        assert {(edit.unit, edit.replacement) for edit in offers} == set(again)
        assert {edit.operator for edit in offers} <= {operator.card.name}
        edits = st.lists(st.sampled_from(list(offers)), max_size=4, unique=True) if offers else st.just([])
        some = data.draw(edits)
        effect = together(offers[edit] for edit in some)
        # Edits of one operator contradict each other only where two put different words in one place.
        assert (effect is None) is contradictory([again[edit.unit, edit.replacement] for edit in some])
        assert (effect is None) is (len({edit.unit for edit in some}) < len(some))
        if effect is None:
            continue
        assert realise(diff, effect) == applied(diff, [again[edit.unit, edit.replacement] for edit in some])


@SPEED
@given(changes(), st.data(), st.randoms(use_true_random=False))
def test_edits_of_all_kinds_give_one_valid_diff_in_any_order(diff: Diff, data: st.DataObject, shuffle: random.Random) -> None:
    edits = [edit for operator in OPERATORS for edit in operator.offers(diff)]
    assume(edits)
    some = data.draw(st.lists(st.sampled_from(edits), min_size=1, max_size=5, unique=True))
    effect = effect_of(diff, some)
    other = list(some)
    shuffle.shuffle(other)
    assert effect_of(diff, other) == effect
    if effect is None:
        return
    before = render(diff)
    edited = realise(diff, effect)
    assert render(diff) == before
    assert not edited.files or parse(render(edited), edited.message) == edited
    covered = [edit for edit in edits if (one := effect_of(diff, (edit,))) is not None and effect.covers(one)]
    assert set(some) <= set(covered)
    whole = effect_of(diff, covered)
    if whole is None:  # other words for lines that go anyway
        return
    assert realise(diff, whole) == edited
