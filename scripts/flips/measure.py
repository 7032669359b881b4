"""One diff: every method's answer with what it asked for, the exhaustive search, and what of the answers holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import combinations, islice
from pathlib import Path

from explain import counterfactual
from explain.counterfactual.hints import first_order
from explain.counterfactual.types import SearchOptions
from models.change.parse import parse
from models.change.render import render
from models.errors import InputError
from scripts.flips.game import AT_ONCE, Game, Members, Player, SpentError
from scripts.flips.ours import Played, hint_cost, play
from scripts.flips.peers import PEERS, Method

OURS = {"whydiff": "whydiff", "whydiff-plain": "whydiff, no hints"}
OPERATORS = {"line": "revert-line", "word": "delete-word"}
"""The edit for each kind of unit."""
_CHUNK, _LONG = 256, 86_400.0


def engine() -> str:
    """A digest of the search's own source: what was measured of another one is not shown."""
    files = sorted(Path(path) for folder in counterfactual.__path__ for path in Path(folder).glob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a record depends on besides the diff; ``budget``, ``max_edits`` and ``engine`` are of whydiff alone."""

    model: str
    units: str
    budget: int = 400
    max_edits: int = 32
    cap: int = 2000
    pairs: int = 40
    triples: int = 12
    engine: str = ""

    def of_others(self) -> Settings:
        """What the other methods' outcomes depend on."""
        return replace(self, budget=0, max_edits=0, engine="")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one method came to; ``size`` 0 is no flip.

    ``first``: queries until it had seen a flip, 0 for never; ``answer``: until it had scored what it answers with, all of its
    queries where it has no answer.
    """

    size: int
    members: tuple[int, ...]
    queries: int
    calls: int
    first: int
    answer: int
    one_minimal: bool
    parses: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One diff. All sets of up to ``exhausted`` units were scored; ``optimum`` is the size of the first flips there, or 0."""

    row: str
    language: str
    n: int
    exhausted: int
    optimum: int
    outcomes: Mapping[str, Outcome]

    @property
    def best(self) -> int:
        """The smallest size that anything found; 0 where nothing flips."""
        sizes = [self.optimum, *(one.size for one in self.outcomes.values())]
        return min((size for size in sizes if size), default=0)

    @property
    def proven(self) -> bool:
        """Whether every set smaller than the best was scored."""
        return 0 < self.best <= self.exhausted + 1


def searching(settings: Settings) -> SearchOptions:
    """What whydiff searches with: one operator, and no limit of time."""
    operators = (OPERATORS[settings.units],)
    return SearchOptions(operators, settings.max_edits, settings.budget, _LONG, AT_ONCE, syntax="any")


def own(game: Game, settings: Settings) -> dict[str, Outcome]:
    """What whydiff comes to, with and without hints."""
    options, inside = searching(settings), game.memory.inside
    hinted = play(game, options, first_order(game.diff, inside), hint_cost(inside))
    return {"whydiff": judged(game, hinted), "whydiff-plain": judged(game, play(game, options))}


def others(game: Game, settings: Settings) -> dict[str, Outcome]:
    """What every other method comes to."""
    return {key: judged(game, run(game, method, settings.cap)) for key, (_, method) in PEERS.items()}


def run(game: Game, method: Method, cap: int) -> Played:
    """One method alone; where it asked for all it may, its answer is the smallest flip that it had seen."""
    player = Player(game, cap)
    try:
        members = method(player) or frozenset()
    except SpentError:
        members = player.smallest
    return Played(members, player.queries, player.calls, player.first, player.queries)


def exhaust(game: Game, pairs: int, triples: int) -> tuple[int, int]:
    """(size of the smallest flips or 0, up to which size every set was scored), smaller sizes first, until one flips.

    Pairs are looked through of at most ``pairs`` units, sets of three of at most ``triples``.
    """
    n = len(game.edits)
    most = min(n, 3 if n <= triples else 2 if n <= pairs else 1)
    for size in range(1, most + 1):
        if any([answer.flips for some in _chunks(combinations(range(n), size)) for answer in game.answers(some)]):
            return size, size
    return 0, most


def _chunks(sets: Iterable[tuple[int, ...]]) -> Iterator[list[Members]]:
    rest = iter(sets)
    while some := [frozenset(one) for one in islice(rest, _CHUNK)]:
        yield some


def judged(game: Game, played: Played) -> Outcome:
    """The answer looked at afresh: that it flips (else ValueError), what leaving one unit out does, and its text."""
    members = played.members
    if not members:
        return Outcome(0, (), played.queries, played.calls, played.first, played.answer, False, False)
    if not game.answers([members])[0].flips:
        raise ValueError(f"A method answered with {sorted(members)}, which does not turn the verdict.")
    parts = game.answers([members - {n} for n in members])
    return Outcome(
        size=len(members),
        members=tuple(sorted(members)),
        queries=played.queries,
        calls=played.calls,
        first=played.first,
        answer=played.answer,
        one_minimal=not any(part.flips for part in parts),
        parses=reads_back(game, members),
    )


def reads_back(game: Game, members: Members) -> bool:
    """Whether the text of the edited diff is a patch that reads back as that diff."""
    edited = game.edited(members)
    try:
        return edited is not None and parse(render(edited), edited.message) == edited
    except InputError:
        return False
