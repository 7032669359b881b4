"""The search for the smallest sets of edits that turn the verdict.

Flips of learned models are not monotone: of the diffs that some set of line reverts flips, taking back every line flips
only two in five. The search therefore goes upwards from single edits, takes the way down from "everything" for one more
chance, and claims only what it scored. Its parts: a quick first answer of ever more of the most promising edits, singles of
every operator, ever more of the best singles together until they flip, everything less what does least, both shrunk and a bound
for what follows; pairs of neighbours, pairs by the sum of their measured effects, and a beam that predicts larger sets from
measured pair interactions; then whatever is left in full, and last the certificates and, if asked for, further answers
elsewhere. (Best-first search: Martens and Provost 2014; one-minimality: Zeller and Hildebrandt 2002.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from explain.counterfactual.effects import Effect
from explain.counterfactual.findings import Findings
from explain.counterfactual.hints import Order
from explain.counterfactual.operators import OPERATORS
from explain.counterfactual.ranking import Members, extend_beam, order_pairs, order_units
from explain.counterfactual.scoring import EditSet, HaltError, Scored, Scorer
from explain.counterfactual.shrink import Part, answer, shrink
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
from models.change.types import Diff, Unit
from models.classify.protocol import Classifier

_KEPT = 3
_BEAM_QUERIES = 24
_FIRST, _FEW = 4, 24
"""So few units are tried at once; of more, a quick first answer is looked for."""
_WIDEST = 8
"""Larger sets than this are reached by steps that double, not by the beam."""


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
    diff where nothing less flips has no counterfactual. Where the options ask to keep the syntax, sets that break it are no
    edits either, unless nothing else that was scored flips; what is found then says so. EXHAUSTED is said only after every
    set of up to ``options.max_edits`` edits of every operator was scored. Wrong operator names raise UsageError here, at once.
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
        yield state.findings.progress("original")
        yield from state.phases()
    except HaltError as halt:
        stopped = halt.reason
    else:
        stopped = StopReason.FOUND if state.findings.found() else StopReason.EXHAUSTED
    yield state.findings.result(stopped)


class _Search:
    """The phases over the spaces of all operators, finest level first."""

    def __init__(self, scorer: Scorer, order: Order | None) -> None:
        self.scorer = scorer
        self.options = scorer.options
        self.order = order
        names = sorted(self.options.operators, key=OPERATOR_NAMES.index)
        self.spaces = [EditSpace(OPERATORS.get(name), scorer) for name in names]
        self.rewording = [space for space in self.spaces if space.name in REWORDING]
        self.findings = Findings(scorer, self.spaces)
        self.avoided: frozenset[Unit] = frozenset()
        self.reserved = 0

    def phases(self) -> Iterator[Progress]:
        """Everything, in order: taking back first, and other words where that flips nothing, or within the lines that do."""
        yield from self._quick()
        yield from self._stages()
        if self._flipped():
            for space in self.rewording:
                yield from self._within(space)
        else:
            yield from self._rest()
        for space in self.spaces:
            yield from self._prove(space)
        if self._flipped():
            yield from self._elsewhere()
        elif self.findings.quick:
            space, flip = self.findings.quick
            yield from self._shrink(space, flip)
        elif self.scorer.rules.keep_syntax:
            yield from self._broken()

    def _flipped(self) -> bool:
        """Whether a flip was found by going upwards, outside of what is avoided."""
        return any(self._new(space) for space in self.spaces)

    def _new(self, space: EditSpace) -> list[Counterfactual]:
        return [flip for flip in space.flips if not self._avoids(flip.edits)] if self.avoided else space.flips

    def _avoids(self, edits: EditSet) -> bool:
        return bool(self.avoided) and bool((self.scorer.effect(edits) or Effect()).lines & self.avoided)

    def _quick(self) -> Iterator[Progress]:
        """A first answer: the most promising edits, each alone and ever twice as many at once; the fewest that flip.

        More than one edit is kept until a smaller set is found. Where nothing tells what is promising, or the units are few,
        there is none.
        """
        for space in self.spaces:
            if self.order is None or len(space.edits) <= _FEW or space in self.rewording:
                continue
            order = self._ordered(space)
            sizes = (2**power for power in range(1, len(order).bit_length()))
            sets = [*((n,) for n in order[:_FIRST]), *(tuple(sorted(order[:size])) for size in sizes)]
            for scored in self.scorer.stream(map(space.pick, sets), 0, self._share(8)):
                space.record(scored)
                flips = sorted((one for one in scored if one.flips), key=self._small_first)
                for one in [one for one in flips if len(one.edits) == 1][:_KEPT]:
                    space.keep(one)
                if flips and not space.flips:
                    self.findings.quick = space, flips[0]
                yield self.findings.progress(f"{space.name}: a quick answer")
                if flips:
                    return

    def _share(self, part: int) -> int:
        """That part of the queries left, less those kept to make what is found smaller, and for other words."""
        kept = self.options.budget // (4 if self.findings.quick else 8)
        return max(0, self.scorer.remaining - kept - self.reserved) // part

    def _stages(self) -> Iterator[Progress]:
        for stage in ([space for space in self.spaces if space not in self.rewording], self.rewording):
            self.reserved = self.scorer.remaining // 2 if self.rewording and stage is not self.rewording else 0
            if stage and not self._flipped():
                yield from self._stage(stage)
        self.reserved = 0

    def _stage(self, spaces: Sequence[EditSpace]) -> Iterator[Progress]:
        """Singles, pairs and more of ``spaces``; ends early at a flip of the first of them."""
        yield from self._singles(spaces)
        for space in spaces:
            if self._new(space):
                break
            yield from self._climb(space)
            if not self._new(space):
                yield from self._climb_on(space)
            if self._bound(space) > 2:
                yield from self._descend(space)
            yield from self._pairs(space)
            yield from self._beam(space)

    def _climb(self, space: EditSpace) -> Iterator[Progress]:
        """The best singles together, ever more of them; the fewest that flip are shrunk."""
        order = self._singled(space)
        sizes = (*range(2, _WIDEST), *(2**power for power in range(3, 20)))
        yield from self._together(space, order, [size for size in sizes if size <= len(order)])

    def _climb_on(self, space: EditSpace) -> Iterator[Progress]:
        """Any number of the best singles; and of those alone that brought the ones before nearer to the other verdict."""
        order = self._singled(space)
        yield from self._together(space, order, range(_WIDEST, len(order) + 1))
        if not self._new(space):
            helping = [order[n - 1] for n in range(2, len(order) + 1) if self._helps(space, order, n)]
            yield from self._together(space, order[:1] + helping, range(2, len(helping) + 2))

    def _singled(self, space: EditSpace) -> list[int]:
        gains = self._gains(space)
        order = sorted((members[0] for members in gains if len(members) == 1), key=lambda n: -gains[(n,)])
        return [n for n in order if not self._avoids(space.pick((n,)))][: self.options.max_edits]

    def _helps(self, space: EditSpace, order: Sequence[int], size: int) -> bool:
        """Whether the last of the first ``size`` edits brings those before it nearer to the other verdict."""
        after, before = (space.gains.get(tuple(sorted(order[:count]))) for count in (size, size - 1))
        return after is not None and before is not None and after > before

    def _together(
        self, space: EditSpace, order: Sequence[int], sizes: Iterable[int], limit: int | None = None
    ) -> Iterator[Progress]:
        """The first edits of ``order`` together, ``sizes`` of them; the fewest that flip are shrunk."""
        flips: list[Scored] = []
        limit = self._share(4) if limit is None else limit
        for scored in self.scorer.stream((space.pick(tuple(sorted(order[:size]))) for size in sizes), 0, limit):
            space.record(scored)
            flips += [one for one in scored if one.flips]
            yield self.findings.progress(f"{space.name}: the best together")
        if flips:
            yield from self._shrink(space, min(flips, key=self._small_first))

    def _bound(self, space: EditSpace) -> int:
        """Fewer edits than this are worth looking for."""
        return min((len(flip.edits) for flip in self._new(space)), default=self.options.max_edits + 1)

    def _elsewhere(self) -> Iterator[Progress]:
        """More answers, each away from the lines of those before."""
        while (found := self.findings.apart()) and len(found) < self.options.answers:
            self.avoided = frozenset().union(*((self.scorer.effect(flip.edits) or Effect()).lines for flip in found))
            yield from self._stages()
            if len(self.findings.apart()) == len(found):
                return

    def _broken(self) -> Iterator[Progress]:
        """Nothing flips that keeps the syntax: single edits that break it, and pairs."""
        for size in range(1, min(2, self.options.max_edits) + 1):
            for space in self.spaces:
                if any(one.broken for one in self.spaces):
                    return
                sets = (space.edits[n : n + 1] for n in self._ordered(space)) if size == 1 else self._by_gain(space)
                yield from self._try(space, sets, size, self._share(2), broken=True)

    def _within(self, space: EditSpace) -> Iterator[Progress]:
        """The edits of ``space`` that do less than the smallest flip does: one of them alone, or two."""
        best = self.scorer.effect(self.findings.ranked()[0].edits)
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
            if self._new(finest):
                return
            limit = self._share(4) * (3 if space is finest else 1)
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
        """Neighbours, which often mean something together only, and then the pairs that measured effects speak for."""
        if self._bound(space) > 2:
            neighbours = map(space.pick, pairwise(range(len(space.edits))))
            yield from self._try(space, neighbours, 2, self._share(4))
        bound = self._bound(space)
        if bound > 2:
            found = bound <= _WIDEST  # a larger answer is no reason to look less far
            pairs = self._promising(space, self._by_gain(space)) if found else self._by_gain(space)
            yield from self._try(space, pairs, 2, min(_BEAM_QUERIES, self._share(8)) if found else self._share(2))

    def _promising(self, space: EditSpace, sets: Iterable[EditSet]) -> Iterator[EditSet]:
        """Those of ``sets`` that flip if their effects add up, but for as much as any set so far was off that sum."""
        start, gains = self.scorer.gain(self.scorer.before), self._gains(space)

        def summed(members: Iterable[int]) -> float:
            return start + sum(gains.get((n,), start) - start for n in members)

        slack = max((gain - summed(members) for members, gain in space.gains.items() if len(members) > 1), default=0.0)
        return (edits for edits in sets if summed(space.members(edits)) + slack > 0)

    def _by_gain(self, space: EditSpace) -> Iterator[EditSet]:
        return space.picks(order_pairs(self._gains(space)))

    def _gains(self, space: EditSpace) -> dict[Members, float]:
        """What was measured; and of single edits that break the syntax, and so were not, what ``order`` gives them."""
        if not self.scorer.rules.keep_syntax:
            return space.gains
        start = self.scorer.gain(self.scorer.before)
        values = self._values(space) or [0.0] * len(space.edits)
        guessed = {(n,): start + value for n, value in enumerate(values) if self.scorer.breaks(space.edits[n : n + 1])}
        return guessed | space.gains

    def _beam(self, space: EditSpace) -> Iterator[Progress]:
        """The sets of each size that are predicted to come nearest; ends below the smallest flip."""
        start = self.scorer.gain(self.scorer.before)
        for size in range(3, min(self.options.max_edits, len(space.edits)) + 1):
            if size >= self._bound(space):
                return
            limit = min(_BEAM_QUERIES, self._share(8))
            sets = space.picks(extend_beam(self._gains(space), start, size, limit))
            yield from self._try(space, sets, size, limit)

    def _rest(self) -> Iterator[Progress]:
        """Every set that the phases before left out, smaller sizes first, until one flips or the budget is spent.

        First the best edits together of the coarse operators, for which finer ones may have left no queries: they cost few.
        With a quick answer in hand, what it takes to make that smaller is left of the budget.
        """
        for space in reversed([space for space in self.spaces if space not in self.rewording]):
            order = self._singled(space)
            yield from self._together(space, order, range(2, len(order) + 1), self.scorer.remaining // 4)
            if self._new(space):
                return
        for size in range(1, self.options.max_edits + 1):
            for space in self.spaces:
                yield from self._try(space, space.sets(size), size, self._share(1) if self.findings.quick else None)
                if space.flips:
                    return

    def _try(
        self, space: EditSpace, sets: Iterable[EditSet], size: int, limit: int | None, broken: bool = False
    ) -> Iterator[Progress]:
        """Score ``sets`` until a batch holds a flip; keep the best of that batch, then what they shrink to."""
        if limit is not None and limit <= 0:
            return
        phase = f"{space.name}: sets of {size}"
        away = (edits for edits in sets if not self._avoids(edits))
        for scored in self.scorer.stream(away, max(1, self.options.batch // 2), limit, broken):
            space.record(scored)
            flips = sorted((one for one in scored if one.flips), key=self._small_first)[:_KEPT]
            for one in flips:
                space.keep(one)
            for one in flips:
                yield from self._shrink(space, one)
            yield self.findings.progress(phase)
            if flips:
                return

    def _small_first(self, one: Scored) -> tuple[int, int, int, float]:
        lines, characters = (self.scorer.effect(one.edits) or Effect()).size(self.scorer.diff)
        return len(one.edits), lines, characters, -one.gain

    def _descend(self, space: EditSpace) -> Iterator[Progress]:
        """The way down: everything, less ever smaller parts, what does least first. The whole is no edit, what is left may be.

        Not gone where "everything" is more than one answer may hold.
        """
        order = self._singled(space)[::-1]
        if len(order) == len(space.edits):
            yield from self._smaller(space, space.pick(tuple(order)), self._share(4))

    def _shrink(self, space: EditSpace, flip: Scored) -> Iterator[Progress]:
        """Leave edits out while the rest still flips, until no single one can go; keeps the smallest flip also when halted."""
        yield from self._smaller(space, flip.edits, self.scorer.remaining, flip)

    def _smaller(self, space: EditSpace, edits: EditSet, limit: int, flip: Scored | None = None) -> Iterator[Progress]:
        """As ``_shrink``, from ``edits`` that need not flip; given up after ``limit`` queries without a flip."""
        questions = shrink(frozenset(range(len(edits))))
        asked = next(questions, None)
        until = self.scorer.counting.queries + limit
        try:
            while asked and (flip or self.scorer.counting.queries < until):
                kept: dict[Part, float] = {}
                parts = (space.pick(tuple(sorted(space.members(edits[n] for n in part)))) for part in asked[1])
                for scored in self.scorer.stream(parts):
                    space.record(scored)
                    flips = [one for one in scored if one.flips]
                    kept |= {frozenset(map(edits.index, one.edits)): one.gain for one in flips}
                    flip = min((*([flip] if flip else []), *flips), key=self._small_first, default=None)
                    yield self.findings.progress(f"{space.name}: shrinking")
                asked = answer(questions, kept)
        finally:
            if flip and len(flip.edits) <= self.options.max_edits:
                space.keep(flip)

    def _prove(self, space: EditSpace) -> Iterator[Progress]:
        """Score all sets of one edit, of two and so on below the smallest flip, sizes of which the budget allows every set."""
        smallest, known = min((len(flip.edits) for flip in space.flips), default=0), len(space.flips)
        for size in range(1, smallest):
            if space.unscored(size + 1) > self.scorer.remaining:
                return
            yield from self._try(space, space.sets(size), size, None)
            if len(space.flips) > known:
                return
