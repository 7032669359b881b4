"""Edits one after the other, in any order, come to the same as all at once; and what can be put back, comes back."""

from __future__ import annotations

import random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explain.counterfactual.effects import Effect, realise
from explain.counterfactual.operators import OPERATORS, apply, effect_of
from explain.counterfactual.types import REWORDING, Edit
from explain.counterfactual.words import own_names
from models.change.parse import parse
from models.change.render import render
from models.change.rewrite import rewritable, rewrite
from models.change.types import MESSAGE_FILE, Diff, Level, LineKind, Unit
from tests.explain.counterfactual.plans import plans
from tests.explain.counterfactual.planted import File, Plan, Row, key_of

SPEED = settings(max_examples=60, deadline=None, database=None)

FAST_OPERATORS = tuple(operator for operator in OPERATORS if operator.card.name not in {"swap-name", "replace-word"})
"""Those whose edits a plan predicts by itself."""


def fed(plan: Plan) -> Plan:
    """``plan`` whose files all end with a line feed: then an edit moves lines, and makes none."""
    files = (File(f.path, tuple(tuple(Row(r.mark, r.words) for r in rows) for rows in f.hunks), f.kind) for f in plan.files)
    return Plan(tuple(files), plan.message, plan.inside)


def addresses(diff: Diff, done: Effect) -> dict[Unit, Unit]:
    """Where the lines and files of ``diff`` are once ``done``: counted out, without the engine."""
    found: dict[Unit, Unit] = {}
    files = 0
    for f, file in enumerate(diff.files):
        hunks = 0
        here: dict[Unit, Unit] = {}
        for h, hunk in enumerate(file.hunks):
            kept = [(n, Unit(f, h, n) in done.reverted) for n, line in enumerate(hunk.lines)]
            kept = [(n, back) for n, back in kept if not (back and hunk.lines[n].kind is LineKind.ADDED)]
            if any(hunk.lines[n].changed and not back for n, back in kept):
                here |= {Unit(f, h, n): Unit(files, hunks, at) for at, (n, _) in enumerate(kept)}
                hunks += 1
        outlives = any(word in file.header for word in ("rename to", "new mode")) or not file.hunks
        if Unit(f) not in done.reverted and (hunks or outlives):
            found |= here | {Unit(f): Unit(files)}
            files += 1
    return found


def moved(diff: Diff, effect: Effect, done: Effect) -> Effect:
    """``effect`` in the addresses of what ``done`` leaves of ``diff``; what is gone already is left out."""
    to = addresses(diff, done)
    words: set[tuple[Unit, str]] = set()
    for unit, text in effect.words:
        line = unit.at(Level.LINE)
        before = [(u, t) for u, t in done.words if u.at(Level.LINE) == line and u.start < unit.start]
        shift = sum(len(t) - (u.end - u.start) for u, t in before)
        if unit.file == MESSAGE_FILE:
            words.add((unit, text))
        elif line in to and line not in done.reverted:
            at = to[line]
            words.add((Unit(at.file, at.hunk, at.line, unit.start + shift, unit.end + shift), text))
    return Effect(frozenset(to[unit] for unit in effect.reverted if unit in to), frozenset(words))


def joined(one: Effect, other: Effect) -> Effect:
    return Effect(one.reverted | other.reverted, one.words | other.words)


@st.composite
def edited(draw: st.DrawFn) -> tuple[Diff, list[Edit]]:
    diff = fed(draw(plans())).diff()
    edits = [edit for operator in FAST_OPERATORS for edit in operator.offers(diff)]
    return diff, draw(st.lists(st.sampled_from(edits), min_size=1, max_size=6, unique=True))


@SPEED
@given(edited(), st.randoms(use_true_random=False))
def test_edits_one_by_one_in_any_order_are_all_of_them_at_once(case: tuple[Diff, list[Edit]], shuffle: random.Random) -> None:
    diff, edits = case
    assume(effect_of(diff, [edit for edit in edits if edit.operator in REWORDING]) is not None)
    whole = effect_of(diff, edits)
    assert whole is not None
    said = [edit for edit in edits if edit.unit.file == MESSAGE_FILE]  # a message loses empty lines, so in one step
    steps = [[edit] for edit in edits if edit not in said] + [said]
    shuffle.shuffle(steps)
    left, done = diff, Effect()
    for step in steps:
        effect = effect_of(diff, step)
        assert effect is not None
        if left.files:
            left = realise(left, moved(diff, effect, done))
        done = joined(done, effect)
    once = realise(diff, whole)
    assert (render(left), left.message if left.files else "") == (render(once), once.message if once.files else "")


@SPEED
@given(plans())
def test_edits_are_those_of_the_plan_and_each_changes_the_change_and_reads_back(plan: Plan) -> None:
    diff = plan.diff()
    text = render(diff)
    for operator in FAST_OPERATORS:
        offers = operator.offers(diff)
        assert [key_of(plan, edit) for edit in offers] == list(plan.offers(operator.card.name))
        for edit in offers:
            left = apply(diff, (edit,))
            assert (render(left), left.message) != (text, diff.message)
            assert not left.files or parse(render(left), left.message) == left
            assert render(diff) == text
            if plan.inside and left.files:
                assert parse(render(left)) == left


@SPEED
@given(plans())
def test_a_name_given_back_and_a_word_put_back_are_the_original(plan: Plan) -> None:
    diff = plan.diff()
    for edit in OPERATORS.get("rename").offers(diff):
        renamed = apply(diff, (edit,))
        name = diff.line(edit.unit).text[edit.unit.start : edit.unit.end]
        places = own_names(renamed)[str(edit.replacement)]
        back = rewrite(renamed, dict.fromkeys(places, name))
        assert [file.hunks for file in back.files] == [file.hunks for file in diff.files]
    for edit in OPERATORS.get("delete-word").offers(diff):
        less = apply(diff, (edit,))
        line = edit.unit.at(Level.LINE)
        now = dict(rewritable(less))[line]
        whole = Unit(line.file, line.hunk, line.line, 0, len(now))
        back = rewrite(less, {whole: diff.line(line).text}) if now else diff
        assert [file.hunks for file in back.files] == [file.hunks for file in diff.files]
        assert (less.added, less.removed, less.message) == (diff.added, diff.removed, diff.message)
