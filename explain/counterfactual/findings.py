"""What a search has found: which flips are reported, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from explain.counterfactual.effects import Effect
from explain.counterfactual.scoring import Scored, Scorer
from explain.counterfactual.space import EditSpace
from explain.counterfactual.types import Counterfactual, Progress, SearchResult, StopReason
from models.change.types import Unit


class Findings:
    """The flips of the spaces of one search; ``quick`` is a first answer that stands in until a smaller one is there."""

    def __init__(self, scorer: Scorer, spaces: Sequence[EditSpace]) -> None:
        self.scorer = scorer
        self.options = scorer.options
        self.spaces = spaces
        self.quick: tuple[EditSpace, Scored] | None = None

    def found(self) -> tuple[Counterfactual, ...]:
        """The flips as they are reported: the smallest ones; if more answers were asked for, those that lie apart."""
        return self.apart() if self.options.answers > 1 else self.ranked()

    def apart(self) -> tuple[Counterfactual, ...]:
        """The smallest flip, then the smallest of those that touch none of the lines of the flips before."""
        kept: list[Counterfactual] = []
        touched: frozenset[Unit] = frozenset()
        for flip in self.ranked():
            lines = (self.scorer.effect(flip.edits) or Effect()).lines
            if not lines & touched and len(kept) < self.options.answers:
                kept.append(flip)
                touched |= lines
        return tuple(kept)

    def ranked(self) -> tuple[Counterfactual, ...]:
        """The flips, what takes changes back before what rewords them, then the smallest first.

        By lines touched, then characters, then edits, then the clearest. One that does all that another of its sort does,
        and perhaps more, is left out. Flips that break the syntax stand in only where there is no other.
        """
        flips = [flip for space in self.spaces for flip in space.flips]
        if not flips and self.quick and len(self.quick[1].edits) <= self.options.max_edits:
            flips = [self.quick[0].counterfactual(self.quick[1])]
        flips = flips or [flip for space in self.spaces for flip in space.broken]
        effects = [(self.scorer.effect(flip.edits) or Effect(), flip) for flip in flips]
        kept: list[tuple[Effect, Counterfactual]] = []
        for effect, flip in sorted(effects, key=self._smallness):
            if not any(effect.covers(smaller) for smaller, _ in kept if bool(smaller.words) == bool(effect.words)):
                kept.append((effect, flip))
        return tuple(flip for _, flip in kept)

    def _smallness(self, one: tuple[Effect, Counterfactual]) -> tuple[bool, int, int, int, float]:
        effect, flip = one
        lines, characters = effect.size(self.scorer.diff)
        return bool(effect.words), lines, characters, len(flip.edits), -abs(flip.after.margin)

    def progress(self, phase: str) -> Progress:
        """Where the search stands."""
        found = self.found()
        best = found[0].after if found else self.scorer.best.prediction if self.scorer.best else self.scorer.before
        return Progress(self.scorer.counting.queries, self.options.budget, best.score, found, phase)

    def result(self, stopped: StopReason) -> SearchResult:
        """All that was found, with certificates as they hold at the end."""
        for space in self.spaces:
            space.recertify()
        found, best = self.found(), self.scorer.best
        return SearchResult(
            counterfactuals=found,
            closest=(best.edits, best.prediction) if best and not found else None,
            queries=self.scorer.counting.queries,
            budget=self.options.budget,
            stopped=stopped,
            seconds=self.scorer.seconds,
            before=self.scorer.before,
            coverage=tuple(space.coverage(self.options.max_edits) for space in self.spaces),
            max_edits=self.options.max_edits,
            diff=self.scorer.diff,
            skipped=self.scorer.skipped,
        )
