"""whydiff's own search at the same games, through the interface that the command line uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import process_time

from explain.attribution.registry import METHODS
from explain.counterfactual.hints import Order, first_order
from explain.counterfactual.search import search
from explain.counterfactual.types import CLEAR_MARGIN, SearchOptions, SearchResult
from models.change.types import Diff
from models.classify.protocol import Classifier, Prediction
from scripts.flips.game import Game, Members

_HINTS = {"exact": (1, 1), "gradient": (3, 1)}
"""(queries, calls) that the first-order values come to: a scoring with a backward pass counts three."""


@dataclass(frozen=True, slots=True)
class Played:
    """A set that a method answers with, empty where it has none, and what it asked for (see ``Player`` and ``Outcome``)."""

    members: Members
    queries: int
    calls: int
    first: int
    answer: int


class Counted:
    """The game's classifier for one search: counts calls, and the texts until a flip, or any one text, was among the answers."""

    def __init__(self, game: Game) -> None:
        self._game = game
        self.queries = 0
        self.calls = 0
        self.first = 0
        self.until: dict[str, int] = {}
        """By the id of an edited diff, how many were answered when it was."""

    @property
    def name(self) -> str:
        """The name of the classifier inside."""
        return self._game.memory.name

    @property
    def digest(self) -> str:
        """The digest of the classifier inside."""
        return self._game.memory.digest

    @property
    def threshold(self) -> float:
        """The threshold of the classifier inside."""
        return self._game.memory.threshold

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """What the classifier inside says."""
        answers = self._game.memory.predict(diffs)
        self.queries += len(diffs)
        self.calls += 1
        self.until |= {diff.id: self.queries for diff in diffs if diff.id not in self.until}
        before = self._game.before
        if not self.first and any(one.flagged != before.flagged and abs(one.margin) > CLEAR_MARGIN for one in answers):
            self.first = self.queries
        return answers


def hint_cost(classifier: Classifier) -> tuple[int, int]:
    """(queries, calls) of ``first_order`` for this classifier."""
    return next((cost for name, cost in _HINTS.items() if METHODS[name].fits(classifier)), (0, 0))


def play(game: Game, options: SearchOptions, order: Order | None = None, cost: tuple[int, int] = (0, 0)) -> Played:
    """The first counterfactual of a search; ``cost`` of ``order`` is added to what the search itself asked for."""
    counted = Counted(game)
    *_, result = search(game.diff, counted, options, order=order)
    assert isinstance(result, SearchResult)
    index = {edit: n for n, edit in enumerate(game.edits)}
    found = result.counterfactuals[0] if result.counterfactuals else None
    queries, calls = cost
    return Played(
        members=frozenset(index[edit] for edit in found.edits) if found else frozenset(),
        queries=result.queries + queries,
        calls=counted.calls + calls,
        first=counted.first + queries if counted.first else 0,
        answer=queries + (counted.until[found.diff.id] if found else result.queries),
    )


def timed(diff: Diff, options: SearchOptions, classifier: Classifier) -> tuple[float | None, float]:
    """(processor seconds until a counterfactual was shown, None without one; those of the whole search), hints included.

    Processor time, since others may use the machine too; threads count together.
    """
    started = process_time()
    shown = None
    for step in search(diff, classifier, options, order=first_order(diff, classifier)):
        if shown is None and not isinstance(step, SearchResult) and step.found:
            shown = process_time() - started
    return shown, process_time() - started
