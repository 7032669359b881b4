"""How likely an edited change is beside the original, by the word of a masked language model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import exp

from explain.counterfactual.effects import Effect
from explain.counterfactual.operators import effect_of
from explain.counterfactual.types import Counterfactual, SearchResult
from models.change.edit import says_more_than_lines
from models.change.types import MESSAGE_FILE, Diff, Level, LineKind, Unit
from models.classify.guesses import MaskedModel

_BESIDE = 1


def plausibility(diff: Diff, edited: Diff, effect: Effect, masked: MaskedModel) -> float | None:
    """How likely, per token, the lines at the edits are beside what stood there before: 1 is as likely or more.

    Compared are the lines whose words are others and those next to lines that are taken back (``MaskedModel.likelihood``):
    the value is exp(mean log-probability after - before), at most 1. Where whole hunks and files go, what is left is code
    that stood there before: 1. None where the model reads none of those lines.
    """
    pairs = list(_pairs(diff, effect))
    if not pairs:
        return 1.0
    before = masked.likelihood(diff, [old for old, _ in pairs])
    after = masked.likelihood(edited, [new for _, new in pairs])
    return None if before is None or after is None else min(1.0, exp(after - before))


def rated(result: SearchResult, masked: MaskedModel) -> SearchResult:
    """``result`` with the plausibility of every counterfactual; of those of one sort and size the most plausible comes first."""
    diff, effects = result.diff, {one.edits: effect_of(result.diff, one.edits) or Effect() for one in result.counterfactuals}
    found = [
        replace(one, plausibility=plausibility(diff, one.diff, effects[one.edits], masked)) for one in result.counterfactuals
    ]
    found.sort(key=lambda one: _rank(one, effects[one.edits]))
    return replace(result, counterfactuals=tuple(found))


def _rank(one: Counterfactual, effect: Effect) -> tuple[bool, int, float]:
    return bool(effect.words), len(effect.lines), -round(one.plausibility or 0.0, 1)


def _pairs(diff: Diff, effect: Effect) -> Iterator[tuple[Unit, Unit]]:
    """Lines at the edits as (unit in the original, unit in the edited change), in order."""
    near = {unit.at(Level.LINE) for unit, _ in effect.words}
    for unit in effect.reverted:
        if unit.level is Level.LINE:
            around = range(unit.line - _BESIDE, unit.line + _BESIDE + 1)
            near |= {Unit(unit.file, unit.hunk, n) for n in around}
    yield from ((unit, unit) for unit in sorted(near) if unit.file == MESSAGE_FILE)
    for old, new in _kept(diff, effect):
        if old in near:
            yield old, new


def _kept(diff: Diff, effect: Effect) -> Iterator[tuple[Unit, Unit]]:
    """Every line that stays in the edited change, with its new place: hunks and files of which nothing is left are gone."""
    at_file = 0
    for f, file in enumerate(diff.files):
        at_hunk = 0
        stays = Unit(f) not in effect.reverted and (says_more_than_lines(file) or not file.hunks)
        for h, hunk in enumerate(file.hunks):
            gone = {n for n in range(len(hunk.lines)) if Unit(f, h, n) in effect.reverted}
            if not any(line.changed and n not in gone for n, line in enumerate(hunk.lines)):
                continue
            left = [n for n, line in enumerate(hunk.lines) if n not in gone or line.kind is LineKind.REMOVED]
            yield from ((Unit(f, h, n), Unit(at_file, at_hunk, place)) for place, n in enumerate(left))
            at_hunk += 1
            stays = True
        at_file += stays
