"""The sets of one operator's edits: what of them was scored, which flip, and what may be claimed about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import combinations
from math import comb

from explain.counterfactual.operators import Operator
from explain.counterfactual.ranking import Members
from explain.counterfactual.scoring import EditSet, Scored, Scorer
from explain.counterfactual.types import (
    CLEAR_MARGIN,
    Certificate,
    Counterfactual,
    Coverage,
    Edit,
    Minimality,
    Rules,
)
from models.change.types import Level


class EditSpace:
    """One operator's edits of one diff, with the gains measured so far and the flips kept.

    Edits that touch what is protected are left out. ``broken`` are flips that break the syntax where it is to be kept.
    """

    def __init__(self, operator: Operator, scorer: Scorer) -> None:
        self.name = operator.card.name
        self.level: Level = operator.card.level
        self.gains: dict[Members, float] = {}
        self.flips: list[Counterfactual] = []
        self.broken: list[Counterfactual] = []
        self._operator, self._scorer = operator, scorer

    @cached_property
    def edits(self) -> EditSet:
        """All edits, which are made when they are first asked for: some operators ask a model for them."""
        protected = self._scorer.rules.protected
        offers = self._operator.offers(self._scorer.diff).items()
        found = {edit: effect for edit, effect in offers if not effect.lines & protected}
        self._scorer.learn(found)
        return tuple(found)

    @cached_property
    def _index(self) -> dict[Edit, int]:
        return {edit: n for n, edit in enumerate(self.edits)}

    def pick(self, members: Members) -> EditSet:
        """The edits at these indexes."""
        return tuple(self.edits[n] for n in members)

    def members(self, edits: Iterable[Edit]) -> Members:
        """The indexes of these edits."""
        return tuple(self._index[edit] for edit in edits)

    def picks(self, sets: Iterable[Members]) -> Iterator[EditSet]:
        """The edits of each set, lazily."""
        return map(self.pick, sets)

    def sets(self, size: int) -> Iterator[EditSet]:
        """Every set of ``size`` edits, in the order of the text."""
        return combinations(self.edits, size)

    def record(self, scored: Iterable[Scored]) -> None:
        """Keep the measured gains."""
        for one in scored:
            self.gains[self.members(one.edits)] = one.gain

    def keep(self, one: Scored) -> None:
        """Keep a flip, with the certificate that holds now; the same set twice is kept once, a set of its own subsets never."""
        kept = self.broken if self._scorer.breaks(one.edits) else self.flips
        if any(set(flip.edits) <= set(one.edits) for flip in kept):
            return
        kept.append(self.counterfactual(one))

    def counterfactual(self, one: Scored) -> Counterfactual:
        """The counterfactual that a flip is, with the certificate that holds now."""
        diff, syntax = self._scorer.edited(one.edits), self._scorer.syntax(one.edits)
        return Counterfactual(one.edits, diff, self._scorer.before, one.prediction, self.certify(one.edits), syntax)

    def recertify(self) -> None:
        """Bring every certificate up to what is known now."""
        known = self.flips + self.broken
        self.flips, self.broken = [], []
        for flip in sorted(known, key=lambda flip: len(flip.edits)):
            self.keep(Scored(flip.edits, flip.after, self._scorer.gain(flip.after)))

    def certify(self, edits: EditSet) -> Certificate:
        """The strongest claim about ``edits`` that the scored sets carry; asks nothing of the classifier."""
        size, asked = len(edits), self._scorer.rules
        scopes = [replace(asked, keep_syntax=False)]
        if asked.keep_syntax and not self._scorer.breaks(edits):
            scopes.append(asked)
        for rules in scopes if self._could_be_complete(size) else ():
            smaller = self._checked((part for k in range(size) for part in self.sets(k)), rules)
            if smaller is not None:
                return Certificate(Minimality.CARDINALITY, self.name, size, smaller, rules)
        for rules in scopes:
            smaller = self._checked(combinations(edits, size - 1), rules)
            if smaller is not None:
                return Certificate(Minimality.ONE, self.name, size, smaller, rules)
        return Certificate(Minimality.NONE, self.name, size, 0, asked)

    def unscored(self, size: int) -> int:
        """At most how many sets of fewer than ``size`` edits are not scored yet."""
        return sum(comb(len(self.edits), k) for k in range(1, size)) - sum(len(members) < size for members in self.gains)

    def coverage(self, most: int) -> Coverage:
        """Up to which size all sets were scored (or are no edits); of edits that were never asked for, none."""
        if "edits" not in self.__dict__:
            return Coverage(self.name, 0, 0, 0)
        complete = 0
        while complete < min(most, len(self.edits)) and self._complete(complete + 1):
            complete += 1
        return Coverage(self.name, len(self.edits), complete, len(self.gains))

    def _complete(self, size: int) -> bool:
        measured = sum(len(members) == size for members in self.gains)
        if measured == comb(len(self.edits), size):
            return True
        return self._likely(size) and all(self._settled(edits) for edits in self.sets(size))

    def _likely(self, size: int) -> bool:
        """Whether enumerating all sets of ``size`` is worth it: no more of them than could have been scored or skipped."""
        return comb(len(self.edits), size) <= 4 * self._scorer.counting.queries + 64

    def _could_be_complete(self, size: int) -> bool:
        return all(self._complete(smaller) for smaller in range(1, size))

    def _checked(self, parts: Iterable[EditSet], rules: Rules) -> int | None:
        """How many of ``parts`` are edits by ``rules``, if every one of those was scored and stays; else None."""
        count = 0
        for part in parts:
            if self._scorer.is_none(part) or (rules.keep_syntax and self._scorer.breaks(part)):
                continue
            if not self._stays(part):
                return None
            count += 1
        return count

    def _settled(self, edits: EditSet) -> bool:
        return self._scorer.look(edits) is not None or self._scorer.is_none(edits) or self._scorer.breaks(edits)

    def _stays(self, edits: EditSet) -> bool:
        """Whether the verdict on ``edits`` is known and clearly the original's (the empty set is the original)."""
        answer = self._scorer.look(edits)
        if answer is None or answer.flagged != self._scorer.before.flagged:
            return False
        return abs(answer.margin) > CLEAR_MARGIN
