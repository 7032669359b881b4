"""The search for the smallest sets of edits that turn the verdict.

Flips of learned models are not monotone: of the diffs that some set of line reverts flips, taking back every line flips
only two in five. The search therefore goes upwards from single edits, never down from "everything", and claims only
what it scored. Its parts: singles of every operator, pairs by the sum of their measured effects, a beam that predicts
larger sets from measured pair interactions, then whatever is left in full, and last the drop-one shrink and the
certificates. (Best-first search: Martens and Provost 2014; one-minimality: Zeller and Hildebrandt 2002.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from explain.counterfactual.effects import Effect
from explain.counterfactual.hints import Order
from explain.counterfactual.operators import OPERATORS
from explain.counterfactual.ranking import extend_beam, order_pairs, order_units
from explain.counterfactual.scoring import EditSet, HaltError, Scored, Scorer
from explain.counterfactual.space import EditSpace
from explain.counterfactual.types import (
    OPERATOR_NAMES,
    REWORDING,
    Counterfactual,
    Progress,
    SearchOptions,
    SearchResult,
    StopReason,
)
from models.change.types import Diff
from models.classify.protocol import Classifier

_KEPT = 3
_BEAM_QUERIES = 32


def _never() -> bool:
    return False


def search(
    diff: Diff,
    classifier: Classifier,
    options: SearchOptions | None = None,
    cancelled: Callable[[], bool] = _never,
    order: Order | None = None,
) -> Iterator[Progress | SearchResult]:
    """Look for small sets of edits under which the verdict on ``diff`` is the other one.

    A flagged diff is edited until it is not flagged; one that is not flagged, until the rest of it would be. Yields a
    Progress after every batch; the last item, and only that, is the SearchResult. ``cancelled`` is asked before every
    batch. ``order`` (see ``hints``) gives every unit a value in logits (positive pushes towards flagged) by which single edits
    are tried, most promising first.

    Guarantees: at most ``options.budget`` queries, of which the original is one, ``options.batch`` a call, and no text
    scored twice. Each counterfactual edits units of one operator only. Taking the whole change back is not an edit: a
    diff where nothing less flips has no counterfactual. EXHAUSTED is said only after every set of up to
    ``options.max_edits`` edits of every operator was scored. Wrong operator names raise UsageError here, at once.
    """
    chosen = options or SearchOptions()
    for name in chosen.operators:
        OPERATORS.get(name)
    return _run(diff, classifier, chosen, cancelled, order)


def _run(
    diff: Diff, classifier: Classifier, options: SearchOptions, cancelled: Callable[[], bool], order: Order | None
) -> Iterator[Progress | SearchResult]:
    state = _Search(Scorer(diff, classifier, options, cancelled), order)
    stopped = StopReason.EXHAUSTED
    try:
        yield state.progress("original")
        yield from state.phases()
    except HaltError as halt:
        stopped = halt.reason
    else:
        stopped = StopReason.FOUND if state.found() else StopReason.EXHAUSTED
    yield state.result(stopped)


class _Search:
    """The phases over the spaces of all operators, finest level first."""

    def __init__(self, scorer: Scorer, order: Order | None) -> None:
        self.scorer = scorer
        self.options = scorer.options
        self.order = order
        names = sorted(self.options.operators, key=OPERATOR_NAMES.index)
        self.spaces = [EditSpace(OPERATORS.get(name), scorer) for name in names]

    def phases(self) -> Iterator[Progress]:
        """Everything, in order: taking back first, and other words where that flips nothing, or within the lines that do."""
        rewording = [space for space in self.spaces if space.name in REWORDING]
        for stage in ([space for space in self.spaces if space not in rewording], rewording):
            if stage and not self.found():
                yield from self._stage(stage)
        if self.found():
            for space in rewording:
                yield from self._within(space)
        else:
            yield from self._rest()
        for space in self.spaces:
            yield from self._prove(space)

    def _stage(self, spaces: Sequence[EditSpace]) -> Iterator[Progress]:
        """Singles, pairs and more of ``spaces``; ends early at a flip of the first of them."""
        yield from self._singles(spaces)
        for space in spaces:
            if space.flips:
                break
            yield from self._pairs(space)
            yield from self._beam(space)

    def _within(self, space: EditSpace) -> Iterator[Progress]:
        """The edits of ``space`` that do less than the smallest flip does: one of them alone, or two."""
        best = self.scorer.effect(self.found()[0].edits)
        inside = {edit: None for edit in space.edits if best and best.covers(self.scorer.effect((edit,)) or Effect())}
        limit = self.scorer.remaining // 4
        yield from self._try(space, ((edit,) for edit in inside), 1, limit)
        if not space.flips and self.options.max_edits > 1:
            gains = {members: gain for members, gain in space.gains.items() if space.pick(members)[0] in inside}
            yield from self._try(space, space.picks(order_pairs(gains)), 2, limit)

    def _singles(self, spaces: Sequence[EditSpace]) -> Iterator[Progress]:
        """Singles of every operator; of a long diff the few hunks and files first, to order the many lines by."""
        finest, *coarser = spaces
        long = len(finest.edits) > self.options.batch
        for space in (*reversed(coarser), finest) if long else spaces:
            if finest.flips:
                return
            limit = self.scorer.remaining * (3 if space is finest else 1) // 4
            sets = (space.edits[n : n + 1] for n in self._ordered(space))
            yield from self._try(space, sets, 1, limit)

    def _ordered(self, space: EditSpace) -> list[int]:
        hints = {edit.unit: one.gains[(n,)] for one in self.spaces for n, edit in enumerate(one.edits) if (n,) in one.gains}
        units = [edit.unit for edit in space.edits]
        return order_units(self.scorer.diff, units, hints, self._values(space))

    def _values(self, space: EditSpace) -> list[float] | None:
        """What every edit is worth by ``order``: the sum over what it touches, positive towards the other verdict."""
        if self.order is None:
            return None
        sign = 1.0 if self.scorer.before.flagged else -1.0
        effects = (self.scorer.effect((edit,)) or Effect() for edit in space.edits)
        return [sign * sum(self.order([*one.reverted, *(unit for unit, _ in one.words)])) for one in effects]

    def _pairs(self, space: EditSpace) -> Iterator[Progress]:
        if self.options.max_edits >= 2:
            yield from self._try(space, space.picks(order_pairs(space.gains)), 2, self.scorer.remaining // 2)

    def _beam(self, space: EditSpace) -> Iterator[Progress]:
        start = self.scorer.gain(self.scorer.before)
        for size in range(3, self.options.max_edits + 1):
            if space.flips:
                return
            limit = min(_BEAM_QUERIES, self.scorer.remaining // 8)
            sets = extend_beam(space.gains, start, size, limit)
            yield from self._try(space, space.picks(sets), size, limit)

    def _rest(self) -> Iterator[Progress]:
        """Every set that the phases before left out, smaller sizes first, until one flips or the budget is spent."""
        for size in range(1, self.options.max_edits + 1):
            for space in self.spaces:
                yield from self._try(space, space.sets(size), size, None)
                if space.flips:
                    return

    def _try(self, space: EditSpace, sets: Iterable[EditSet], size: int, limit: int | None) -> Iterator[Progress]:
        """Score ``sets`` until a batch holds a flip; keep the best of that batch, then what they shrink to."""
        if limit is not None and limit <= 0:
            return
        phase = f"{space.name}: sets of {size}"
        for scored in self.scorer.stream(sets, max(1, self.options.batch // 4), limit):
            space.record(scored)
            flips = sorted((one for one in scored if one.flips), key=self._small_first)[:_KEPT]
            for one in flips:
                space.keep(one)
            for one in flips:
                yield from self._shrink(space, one)
            yield self.progress(phase)
            if flips:
                return

    def _small_first(self, one: Scored) -> tuple[int, int, int, float]:
        lines, characters = (self.scorer.effect(one.edits) or Effect()).size(self.scorer.diff)
        return len(one.edits), lines, characters, -one.gain

    def _shrink(self, space: EditSpace, flip: Scored) -> Iterator[Progress]:
        """Leave edits out, the best one at a time, while the rest still flips; keeps the smallest flip also when halted."""
        whole: Scored | None = None
        try:
            while flip is not whole and len(flip.edits) > 1:
                whole = flip
                for scored in self.scorer.stream(combinations(whole.edits, len(whole.edits) - 1)):
                    space.record(scored)
                    parts = (part for part in scored if part.flips)
                    flip = min((flip, *parts), key=self._small_first)
                    yield self.progress(f"{space.name}: shrinking")
        finally:
            space.keep(flip)

    def _prove(self, space: EditSpace) -> Iterator[Progress]:
        """Score every set smaller than the smallest flip, where the budget allows all of them; a flip there takes over."""
        smallest = min((len(flip.edits) for flip in space.flips), default=0)
        if not 0 < space.unscored(smallest) <= self.scorer.remaining:
            return
        known = len(space.flips)
        for size in range(1, smallest):
            yield from self._try(space, space.sets(size), size, None)
            if len(space.flips) > known:
                return

    def found(self) -> tuple[Counterfactual, ...]:
        """The flips, what takes changes back before what rewords them, then the smallest first.

        By lines touched, then characters, then edits, then the clearest. One that does all that another of its sort does,
        and perhaps more, is left out.
        """
        effects = [(self.scorer.effect(flip.edits) or Effect(), flip) for space in self.spaces for flip in space.flips]
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
        )
