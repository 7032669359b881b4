"""What must stay: the smallest part of a change that alone still gets the verdict (minimal sufficient).

The counterpart of ``search``, which finds what must go (minimal necessary). It starts from the whole change, which has
the verdict, and leaves out ever smaller chunks while the rest keeps it (Zeller and Hildebrandt 2002; sufficient input
subsets: Carter et al. 2019); that holds at every step, so nothing about the model need be monotone. Where the budget
allows, every smaller part is scored too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

from explain.counterfactual.effects import Effect, closing, realise, whole_file
from explain.counterfactual.scoring import HaltError, Scored, Scorer
from explain.counterfactual.shrink import Part, answer, shrink
from explain.counterfactual.types import CLEAR_MARGIN, Edit, Minimality, Progress, SearchOptions, StopReason
from models.change.types import Diff, Unit
from models.classify.protocol import Classifier, Prediction

"""Numbers of the units that stay."""
_LEAVE_OUT = "leave-out"


@dataclass(frozen=True, slots=True)
class Core:
    """A part of a change with the verdict of the whole.

    ``kept``: its changed lines (and files that are more than their lines), addresses of the original; all other changes are
    taken back in ``diff``. ``minimality``: one-minimal when leaving out any one unit was scored and turns the verdict;
    cardinality-minimal when every smaller part was scored and none has the verdict. ``checked``: how many scored parts that
    claim rests on.
    """

    kept: tuple[Unit, ...]
    diff: Diff
    before: Prediction
    after: Prediction
    minimality: Minimality
    checked: int

    @property
    def statement(self) -> str:
        """The claim as one sentence; derived, so it can never say more than the fields."""
        lines = "line" if len(self.kept) == 1 else f"{len(self.kept)} lines"
        if self.minimality is Minimality.NONE:
            return "No minimality is claimed: some smaller parts were not scored or came too close to the threshold."
        if self.minimality is Minimality.CARDINALITY:
            if len(self.kept) == 1:
                return "No part is smaller than a single line."
            return f"No part of fewer lines keeps the verdict (all {self.checked:,} scored)."
        return f"None of the {lines} can go: without any one of them the verdict turns ({self.checked} of {self.checked} scored)."


@dataclass(frozen=True, slots=True)
class CoreResult:
    """The last item: the core, or None where the verdict on the whole is within 0.001 of the threshold (logits)."""

    core: Core | None
    queries: int
    budget: int
    stopped: StopReason
    seconds: float


def _never() -> bool:
    return False


def find_core(
    diff: Diff, classifier: Classifier, options: SearchOptions | None = None, cancelled: Callable[[], bool] = _never
) -> Iterator[Progress | CoreResult]:
    """Look for a small part of ``diff`` that alone gets the same verdict, by taking back all other lines.

    Yields a Progress after every batch; the last item, and only that, is the CoreResult. Of ``options`` the budget, the
    seconds and the batch count. Stopped early, the smallest part so far is given, with no claim.
    """
    state = _Shrinking(Scorer(diff, classifier, replace(options or SearchOptions(), syntax="any", protect=()), cancelled))
    stopped = StopReason.FOUND
    try:
        yield state.progress("original")
        if state.clear:
            yield from state.shrink()
            yield from state.prove()
    except HaltError as halt:
        stopped = halt.reason
    yield state.result(stopped if state.clear else StopReason.EXHAUSTED)


class _Shrinking:
    """The smallest part so far, and what was scored on the way."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        units = (unit for f in range(len(scorer.diff.files)) for unit in whole_file(scorer.diff, f))
        self.units = tuple(sorted(units))
        self._edits = tuple(Edit(_LEAVE_OUT, unit) for unit in self.units)
        self._numbers = {edit: n for n, edit in enumerate(self._edits)}
        closed = closing(scorer.diff)
        scorer.learn({edit: Effect(closed(frozenset({edit.unit}))) for edit in self._edits})
        self.all: Part = frozenset(range(len(self.units)))
        self.part = self.all
        self.scored: dict[Part, Prediction] = {self.all: scorer.before}
        self.clear = abs(scorer.before.margin) > CLEAR_MARGIN

    def keeps(self, prediction: Prediction) -> bool:
        """Whether the verdict is clearly that of the whole."""
        return prediction.flagged == self.scorer.before.flagged and abs(prediction.margin) > CLEAR_MARGIN

    def turns(self, prediction: Prediction | None) -> bool:
        """Whether the verdict is known and clearly the other one."""
        return (
            prediction is not None and prediction.flagged != self.scorer.before.flagged and abs(prediction.margin) > CLEAR_MARGIN
        )

    def shrink(self) -> Iterator[Progress]:
        """Leave lines out until no single one can go."""
        questions = shrink(self.part)
        asked, kept = next(questions, None), dict[Part, float]()
        while asked:
            self.part, parts = asked
            yield from self._score(parts, f"leaving out {len(self.part) - max(map(len, parts))} lines at a time")
            kept = {part: abs(said.margin) for part in parts if (said := self.scored.get(part)) and self.keeps(said)}
            asked = answer(questions, kept)
        self.part = min((self.part, *kept), key=len)

    def prove(self) -> Iterator[Progress]:
        """Score every smaller part where the budget allows all of them; one that keeps the verdict takes over."""
        for size in range(1, len(self.part)):
            left = sum(comb(len(self.all), k) for k in range(size, len(self.part)))
            if left > self.scorer.remaining:
                return
            yield from self._score(map(frozenset, combinations(sorted(self.all), size)), f"all parts of {size}")
            keeping = [part for part, said in self.scored.items() if len(part) == size and self.keeps(said)]
            if keeping:
                self.part = max(keeping, key=lambda part: abs(self.scored[part].margin))
                return

    def _score(self, parts: Iterable[Part], phase: str) -> Iterator[Progress]:
        for batch in self.scorer.stream(map(self._without, parts)):
            self._note(batch)
            yield self.progress(phase)

    def _note(self, batch: Iterable[Scored]) -> None:
        for one in batch:
            self.scored[self.all.difference(self._numbers[edit] for edit in one.edits)] = one.prediction

    def progress(self, phase: str) -> Progress:
        """Where the search stands."""
        score = self.scored[self.part].score
        return Progress(self.scorer.counting.queries, self.scorer.options.budget, score, (), f"{len(self.part)} left; {phase}")

    def result(self, stopped: StopReason) -> CoreResult:
        """The smallest part that was scored and keeps the verdict, with what may be claimed of it."""
        others = (part for part, said in self.scored.items() if self.keeps(said))
        self.part = min((self.part, *others), key=len)  # of equally small ones that whose drops were scored
        counting, options = self.scorer.counting, self.scorer.options
        core = self._core() if self.clear and self.units else None
        return CoreResult(core, counting.queries, options.budget, stopped, self.scorer.seconds)

    def _core(self) -> Core:
        minimality, checked = self._claim()
        gone = self.scorer.effect(self._without(self.part)) or Effect()
        kept = tuple(self.units[n] for n in sorted(self.part))
        return Core(kept, realise(self.scorer.diff, gone), self.scorer.before, self.scored[self.part], minimality, checked)

    def _claim(self) -> tuple[Minimality, int]:
        """The strongest claim that the scored parts carry, and how many of them it rests on."""
        sizes = range(1, len(self.part))
        if sum(comb(len(self.all), size) for size in sizes) <= 4 * len(self.scored) + 64:
            checked = self._turning(frozenset(part) for size in sizes for part in combinations(sorted(self.all), size))
            if checked is not None:
                return Minimality.CARDINALITY, checked
        checked = self._turning(self.part - {n} for n in self.part)
        return (Minimality.NONE, 0) if checked is None else (Minimality.ONE, checked)

    def _turning(self, parts: Iterable[Part]) -> int | None:
        """How many of ``parts`` leave something of the change, if each of those is known to turn the verdict; else None."""
        left = [part for part in parts if part and not self.scorer.is_none(self._without(part))]
        return len(left) if all(self.turns(self.scored.get(part)) for part in left) else None

    def _without(self, part: Part) -> tuple[Edit, ...]:
        return tuple(self._edits[n] for n in sorted(self.all - part))
