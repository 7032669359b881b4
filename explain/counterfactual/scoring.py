"""Scoring edited diffs: batched, counted, never the same text twice, and stopped in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from time import monotonic

from explain.counterfactual.effects import Effect, realise, together
from explain.counterfactual.protect import protected_units
from explain.counterfactual.syntax import SyntaxJudge
from explain.counterfactual.types import CLEAR_MARGIN, Edit, Rules, SearchOptions, StopReason, Syntax
from models.change.render import render
from models.change.types import Diff
from models.classify.protocol import Classifier, Prediction
from models.errors import ModelError

EditSet = tuple[Edit, ...]
_READY = 256
_PATIENCE = 8
_AT_ONCE = 2_000_000
"""Most characters of diffs in one call of the classifier, which nothing stops before it is through."""


class CountingClassifier:
    """A classifier that counts what it is asked: ``queries`` diffs in ``calls`` calls."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.queries = 0
        self.calls = 0

    @property
    def name(self) -> str:
        """The name of the classifier inside."""
        return self._classifier.name

    @property
    def digest(self) -> str:
        """The digest of the classifier inside."""
        return self._classifier.digest

    @property
    def threshold(self) -> float:
        """The threshold of the classifier inside."""
        return self._classifier.threshold

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """What the classifier inside answers; counted before it is asked, so a failing call counts too."""
        self.queries += len(diffs)
        self.calls += 1
        return self._classifier.predict(diffs)


class HaltError(Exception):
    """The search has to stop before it is through, for ``reason``; never leaves ``search``."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Scored:
    """A set of edits with the answer for it; ``gain`` is the margin towards the other verdict, flipped above 0."""

    edits: EditSet
    prediction: Prediction
    gain: float

    @property
    def flips(self) -> bool:
        """Whether the verdict is clearly the other one."""
        return self.gain > CLEAR_MARGIN


class Scorer:
    """Answers for sets of edits of one diff.

    Guarantees: at most ``options.budget`` queries, the original (scored at once) included; at most ``options.batch`` a
    call, fewer of a diff so large that a call would take long; two sets that render to the same text cost one query; a
    set that leaves no file is no edit and is skipped, and so is, where the options ask for it, one that breaks the syntax.
    Once ``options.seconds`` are over no edit is made and no call begun.
    """

    def __init__(self, diff: Diff, classifier: Classifier, options: SearchOptions, cancelled: Callable[[], bool]) -> None:
        self.diff = diff
        self.options = options
        self.counting = CountingClassifier(classifier)
        self.best: Scored | None = None
        self._cancelled = cancelled
        self._started = monotonic()
        self._effects: dict[Edit, Effect] = {}
        self._ids: dict[Effect, str | None] = {}
        self._syntax: dict[Effect, Syntax] = {}
        self._judge = SyntaxJudge(diff)
        self.rules = Rules(options.syntax == "keep", protected_units(diff, options.protect))
        self._at_once = max(1, _AT_ONCE // (1 + len(render(diff))))
        self.before = self.counting.predict([diff])[0]
        if isnan(self.before.margin):
            raise ModelError(
                f"The model gives the change {diff.id} a score that is no number, so nothing can be said about it; use "
                "another model."
            )
        self._known = {diff.id: self.before}

    @property
    def seconds(self) -> float:
        """Time since the scorer was made."""
        return monotonic() - self._started

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return self.seconds >= self.options.seconds

    @property
    def remaining(self) -> int:
        """Queries left."""
        return self.options.budget - self.counting.queries

    def gain(self, prediction: Prediction) -> float:
        """The margin of ``prediction`` towards the verdict that the original has not; not a number counts as worst."""
        gain = -prediction.margin if self.before.flagged else prediction.margin
        return float("-inf") if isnan(gain) else gain

    def learn(self, offers: Mapping[Edit, Effect]) -> None:
        """Take note of what edits come to; only sets of edits that were told can be scored."""
        self._effects.update(offers)

    def edited(self, edits: EditSet) -> Diff:
        """The diff under ``edits``, which do not contradict each other."""
        return realise(self.diff, self.effect(edits) or Effect())

    def effect(self, edits: EditSet) -> Effect | None:
        """What ``edits`` come to together; None where two contradict each other."""
        return together(self._effects[edit] for edit in edits)

    def syntax(self, edits: EditSet) -> Syntax:
        """What ``edits`` make of the syntax."""
        effect = self.effect(edits) or Effect()
        if effect not in self._syntax:
            self._syntax[effect] = self._judge.after(effect.reverted, dict(effect.words))
        return self._syntax[effect]

    def breaks(self, edits: EditSet) -> bool:
        """Whether ``edits`` break the syntax where the rules ask to keep it."""
        return self.rules.keep_syntax and self.syntax(edits) is Syntax.INVALID

    @property
    def skipped(self) -> int:
        """How many sets of edits were looked at that break the syntax where the rules ask to keep it."""
        return sum(one is Syntax.INVALID for one in self._syntax.values()) if self.rules.keep_syntax else 0

    def look(self, edits: EditSet) -> Prediction | None:
        """The answer for ``edits`` if it is known, without a query."""
        found, _ = self._resolve(edits)
        return None if found is None else self._known.get(found)

    def is_none(self, edits: EditSet) -> bool:
        """Whether ``edits`` take the whole change back or contradict each other, which is no legitimate edit."""
        return self._resolve(edits)[0] is None

    def stream(
        self, candidates: Iterable[EditSet], first: int = 0, limit: int | None = None, broken: bool = False
    ) -> Iterator[list[Scored]]:
        """Score ``candidates`` in their order, a batch an item; what is known already costs nothing.

        Those that break the syntax where it is to be kept are left out, or, with ``broken``, the others; with a ``limit`` it
        ends when many times as many were left out.

        Batches grow from ``first`` (0: at once the full ``options.batch``) by doubling. At most ``limit`` queries are
        spent. Raises HaltError when cancelled, out of time, or when a query is needed and the budget is spent.
        """
        room = self.remaining if limit is None else limit
        patience = _PATIENCE * room
        size = min(first or self.options.batch, self.options.batch)
        ready: list[tuple[EditSet, str]] = []
        waiting: dict[str, Diff] = {}
        for edits in candidates:
            if limit is not None and (room <= 0 or patience <= 0):
                break
            if self.late:
                raise HaltError(StopReason.TIME)
            if self.breaks(edits) is not broken:
                patience -= 1
                continue
            self._enqueue(edits, ready, waiting)
            if len(waiting) >= (size if limit is None else min(size, room)) or len(ready) >= _READY:
                room -= len(waiting)
                yield from self._flush(ready, waiting)
                size = min(2 * size, self.options.batch)
        if ready:
            yield from self._flush(ready, waiting)

    def _enqueue(self, edits: EditSet, ready: list[tuple[EditSet, str]], waiting: dict[str, Diff]) -> None:
        found, edited = self._resolve(edits)
        if found is None:
            return
        ready.append((edits, found))
        if found not in self._known and found not in waiting:
            waiting[found] = edited or self.edited(edits)

    def _flush(self, ready: list[tuple[EditSet, str]], waiting: dict[str, Diff]) -> Iterator[list[Scored]]:
        if self._cancelled():
            raise HaltError(StopReason.CANCELLED)
        if self.late:
            raise HaltError(StopReason.TIME)
        affordable = list(waiting.items())[: max(self.remaining, 0)]
        if waiting and not affordable:
            raise HaltError(StopReason.BUDGET)
        asked = self._ask(affordable)
        scored = [self._scored(edits, self._known[found]) for edits, found in ready if found in self._known]
        self.best = max((*((self.best,) if self.best else ()), *scored), key=lambda one: one.gain, default=None)
        yield scored
        if asked < len(affordable):
            raise HaltError(StopReason.TIME)
        if len(affordable) < len(waiting):
            raise HaltError(StopReason.BUDGET)
        ready.clear()
        waiting.clear()

    def _ask(self, diffs: Sequence[tuple[str, Diff]]) -> int:
        """Score ``diffs`` (by their ids) in calls of bounded size until the time is over; returns how many were scored."""
        for start in range(0, len(diffs), self._at_once):
            if start and self.late:
                return start
            some = dict(diffs[start : start + self._at_once])
            self._known.update(zip(some, self.counting.predict(list(some.values())), strict=True))
        return len(diffs)

    def _scored(self, edits: EditSet, prediction: Prediction) -> Scored:
        return Scored(edits, prediction, self.gain(prediction))

    def _resolve(self, edits: EditSet) -> tuple[str | None, Diff | None]:
        """(id of the edited diff or None where ``is_none``, the edited diff where it had to be made)."""
        effect = self.effect(edits)
        if effect is None:
            return None, None
        if effect in self._ids:
            return self._ids[effect], None
        edited = realise(self.diff, effect)
        self._ids[effect] = edited.id if edited.files else None
        return self._ids[effect], edited
