"""Rules that decide a label of made-up diffs, and changes drawn by them whose causes are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from explain.trust.sanity_diffs import Sketch, sketch
from models.change.types import METRICS_FILE, Diff, LineKind, Unit

FIRST, SECOND = "unguarded", "overwrite"
"""The planted words. No name that is drawn holds one: they have letters or pairs of letters that no syllable has."""
MANY, FEW = (8, 14), (2, 5)
"""How many lines the long and the short changes add, at least and at most, where length decides."""

Cause = tuple[Unit, ...]
"""Units any of which stands for the cause: the place of a word, or all added lines and the size of the change."""


@dataclass(frozen=True, slots=True)
class Example:
    """A made-up change with its label. ``causes``: what decides it, for a positive one.

    ``twins``: the same change with causes taken away or moved, with the labels that the rule gives those: who has learnt the
    rule gets them right too.
    """

    diff: Diff
    label: bool
    causes: tuple[Cause, ...] = ()
    twins: tuple[tuple[Diff, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What decides. ``learnt`` draws a change of a label to learn from, ``asked`` a positive one to explain.

    ``about`` completes "The label is 1 where".
    """

    name: str
    about: str
    learnt: Callable[[Random, bool], Sketch]
    asked: Callable[[Random], Example]

    def examples(self, count: int, seed: int) -> tuple[Example, ...]:
        """``count`` changes to learn from, half of them positive, in random order."""
        random = Random(f"{self.name} learnt {seed}")
        labels = [n % 2 == 1 for n in range(count)]
        random.shuffle(labels)
        return tuple(Example(self.learnt(random, label).diff(), label) for label in labels)

    def questions(self, count: int, seed: int) -> tuple[Example, ...]:
        """``count`` positive changes, of other random names, with causes and twins."""
        random = Random(f"{self.name} asked {seed}")
        return tuple(self.asked(random) for _ in range(count))


@dataclass(frozen=True, slots=True)
class _Placed:
    """A change and the two rows, on different lines, and slots where words may be planted."""

    base: Sketch
    places: tuple[tuple[int, int], tuple[int, int]]
    slots: tuple[int, int]

    def having(self, *words: str) -> Sketch:
        """The change with ``words``, "" for none, in the two places."""
        found = self.base
        for word, place, slot in zip(words, self.places, self.slots, strict=False):
            found = found.put(place, slot, word) if word else found
        return found


def _placed(random: Random) -> _Placed:
    base = sketch(random)
    one, other = random.sample(base.added(), 2)
    return _Placed(base, (one, other), (random.randrange(3), random.randrange(3)))


def _words(random: Random, label: bool, positive: Sequence[tuple[str, str]], negative: Sequence[tuple[str, str]]) -> Sketch:
    return _placed(random).having(*random.choice(positive if label else negative))


def causes_of(diff: Diff, *words: str) -> tuple[Cause, ...]:
    """Where every one of ``words`` stands in the added lines of ``diff``."""
    return tuple(
        tuple(
            Unit(unit.file, unit.hunk, unit.line, start := line.text.index(word), start + len(word))
            for unit, line in diff.lines()
            if line.kind is LineKind.ADDED and word in line.text
        )
        for word in words
    )


def _single(random: Random, label: bool) -> Sketch:
    return _words(random, label, [(FIRST, "")], [("", "")])


def _ask_single(random: Random) -> Example:
    drawn = _placed(random)
    diff = drawn.having(FIRST).diff()
    return Example(diff, True, causes_of(diff, FIRST), ((drawn.base.diff(), False),))


def _redundant(random: Random, label: bool) -> Sketch:
    return _words(random, label, [(FIRST, SECOND), (FIRST, SECOND), (FIRST, ""), ("", SECOND)], [("", "")])


def _ask_redundant(random: Random) -> Example:
    drawn = _placed(random)
    diff = drawn.having(FIRST, SECOND).diff()
    less = (drawn.having(FIRST, ""), True), (drawn.having("", SECOND), True), (drawn.base, False)
    return Example(diff, True, causes_of(diff, FIRST, SECOND), tuple((one.diff(), label) for one, label in less))


def _joint(random: Random, label: bool) -> Sketch:
    return _words(random, label, [(FIRST, SECOND)], [(FIRST, ""), ("", SECOND), (FIRST, ""), ("", SECOND), ("", "")])


def _ask_joint(random: Random) -> Example:
    drawn = _placed(random)
    diff = drawn.having(FIRST, SECOND).diff()
    less = drawn.having(FIRST, ""), drawn.having("", SECOND), drawn.base
    return Example(diff, True, causes_of(diff, FIRST, SECOND), tuple((one.diff(), False) for one in less))


def _position(random: Random, label: bool) -> Sketch:
    base = sketch(random)
    if not label and random.random() < 0.3:
        return base
    return base.put(_in_hunk(random, base, first=label), random.randrange(3), FIRST)


def _in_hunk(random: Random, base: Sketch, first: bool) -> tuple[int, int]:
    return random.choice([place for place in base.added() if (place[0] == 0) == first])


def _ask_position(random: Random) -> Example:
    base, slot = sketch(random), random.randrange(3)
    diff = base.put(_in_hunk(random, base, first=True), slot, FIRST).diff()
    moved = base.put(_in_hunk(random, base, first=False), slot, FIRST)
    return Example(diff, True, causes_of(diff, FIRST), ((base.diff(), False), (moved.diff(), False)))


def _length(random: Random, label: bool) -> Sketch:
    return sketch(random, random.randint(*(MANY if label else FEW)))


def _ask_length(random: Random) -> Example:
    long = _length(random, label=True)
    diff = long.diff()
    added = (unit for unit, line in diff.lines() if line.kind is LineKind.ADDED)
    return Example(diff, True, ((Unit(METRICS_FILE), *added),), ((long.only(random.randint(*FEW)).diff(), False),))


RULES = (
    Rule("one cause", "an added line holds one word", _single, _ask_single),
    Rule("two redundant causes", "added lines hold one of two words; asked with both", _redundant, _ask_redundant),
    Rule("two causes together", "added lines hold both of two words", _joint, _ask_joint),
    Rule("position", "an added line of the first hunk holds one word", _position, _ask_position),
    Rule("length", f"{MANY[0]} lines or more are added, not {FEW[1]} or fewer", _length, _ask_length),
)
"""Every rule, in the order of the report."""
