"""Others' ways to look for a set of edits that turns the verdict, written anew from papers and descriptions of behaviour.

Each takes a Player and returns the set that it answers with, or None. None of them prunes an answer: what the original
gives is what is measured. Deleting a word or taking a line back stands for what each calls removing a feature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import combinations, count, pairwise
from types import MappingProxyType

from scripts.flips.game import Answer, Members, Player

Method = Callable[[Player], Members | None]


def _singles(player: Player) -> list[Members]:
    return [frozenset({n}) for n in player.units]


def _ranked(player: Player) -> list[int]:
    """Leave-one-out: the units by what each does alone, the most towards the other verdict first; one request."""
    answers = player.ask(_singles(player))
    return sorted(player.units, key=lambda n: -answers[n].gain)


def _clearest(sets: Sequence[Members], answers: Sequence[Answer]) -> Members | None:
    """The flip with the largest margin, if there is one."""
    flips = [(answer.gain, members) for members, answer in zip(sets, answers, strict=True) if answer.flips]
    return max(flips, key=lambda one: one[0])[1] if flips else None


def ablation_flip(player: Player, pool: int = 10, most: int = 5) -> Members | None:
    """LIT's ablation flip, first counterfactual: sets of up to 5 of the 10 units that do most alone, one at a time."""
    ranked = _ranked(player)[:pool]
    for size in range(1, most + 1):
        for some in combinations(ranked, size):
            if player.one(frozenset(some)).flips:
                return frozenset(some)
    return None


def sedc(player: Player, expansions: int = 30) -> Members | None:
    """SEDC (Martens and Provost 2014): best first, the set nearest to the other verdict grown by every other unit.

    A request holds all sets of one expansion. Of several flips in it the clearest is the answer.
    """
    waiting: list[tuple[float, int, Members]] = []
    known: set[Members] = set()
    ties = count()
    sets = _singles(player)
    for _ in range(expansions + 1):
        answers = player.ask(sets)
        found = _clearest(sets, answers)
        if found is not None:
            return found
        known.update(sets)
        for members, answer in zip(sets, answers, strict=True):
            if answer.text:
                heappush(waiting, (-answer.gain, next(ties), members))
        if not waiting:
            return None
        _, _, best = heappop(waiting)
        sets = [grown for n in player.units if n not in best and (grown := best | {n}) not in known]
    return None


def word_importance(player: Player) -> Members | None:
    """TextAttack's greedy search with word importance by deletion: delete in the order of leave-one-out until it flips.

    A deletion that does not bring the text nearer to the other verdict is not kept.
    """
    current, gain = frozenset[int](), player.start.gain
    for n in _ranked(player):
        answer = player.one(current | {n})
        if answer.gain > gain:
            current, gain = current | {n}, answer.gain
            if answer.flips:
                return current
    return None


def beam(player: Player, width: int = 8, depth: int = 4) -> Members | None:
    """TextAttack's beam search with deletions: every set in the beam grown by every other unit, the 8 best go on."""
    parents: list[Members] = [frozenset()]
    for _ in range(min(depth, len(player.units))):
        sets = list(dict.fromkeys(parent | {n} for parent in parents for n in player.units if n not in parent))
        answers = player.ask(sets)
        found = _clearest(sets, answers)
        if found is not None:
            return found
        order = sorted(range(len(sets)), key=lambda n: -answers[n].gain)
        parents = [sets[n] for n in order[:width] if answers[n].text]
    return None


def ddmin(player: Player) -> Members | None:
    """Delta debugging (Zeller and Hildebrandt 2002), which SIVAND uses: from everything edited down to a 1-minimal set.

    When everything edited keeps the verdict there is nowhere to start. Tests are made one at a time.
    """
    if not player.everything().flips:
        return None
    kept, parts = list(player.units), 2
    while len(kept) > 1:
        chunks = _split(kept, parts)
        chunk = next((one for one in chunks if player.one(frozenset(one)).flips), None)
        if chunk is not None:
            kept, parts = chunk, 2
            continue
        rests = ([n for n in kept if n not in one] for one in chunks)
        rest = next((one for one in rests if player.one(frozenset(one)).flips), None)
        if rest is not None:
            kept, parts = rest, max(parts - 1, 2)
        elif parts < len(kept):
            parts = min(2 * parts, len(kept))
        else:
            break
    return frozenset(kept) if player.one(frozenset(kept)).flips else None


def _split(units: list[int], parts: int) -> list[list[int]]:
    """``units`` in ``parts`` neighbouring chunks of about one size, none empty."""
    cuts = [len(units) * n // parts for n in range(parts + 1)]
    return [units[start:end] for start, end in pairwise(cuts) if end > start]


def greedy_rounds(player: Player, rounds: int) -> Members | None:
    """The search of Cito et al. 2022: in every round one set is grown by each unit of a pool, in one request.

    The next to grow is the one with the lowest score of the original verdict, plus 0.1 for each unit after the first. The
    units of a flip leave the pool, and all rounds are made. The answer is the smallest flip, of equals the first.
    """
    pool = list(player.units)
    waiting: list[tuple[float, int, tuple[int, ...]]] = []
    found: list[Members] = []
    best: tuple[int, ...] = ()
    ties = count()
    for _ in range(rounds):
        grown = [(*best, n) for n in pool]
        answers = player.ask([frozenset(one) for one in grown])
        for one, answer in zip(grown, answers, strict=True):
            if answer.flips:
                found.append(frozenset(one))
            elif answer.text:
                heappush(waiting, (answer.score + 0.1 * (len(one) - 1), next(ties), one))
        pool = [n for n in pool if not any(n in members for members in found)]
        if not waiting:
            break
        best = heappop(waiting)[2]
    return min(found, key=len, default=None)


PEERS: Mapping[str, tuple[str, Method]] = MappingProxyType(
    {
        "lit": ("LIT ablation flip", ablation_flip),
        "sedc": ("SEDC, 30 expansions", sedc),
        "greedy": ("TextAttack greedy", word_importance),
        "beam": ("TextAttack beam 8", beam),
        "ddmin": ("delta debugging", ddmin),
        "cito-3": ("Cito et al., 3 rounds", partial(greedy_rounds, rounds=3)),
        "cito-10": ("Cito et al., 10 rounds", partial(greedy_rounds, rounds=10)),
    }
)
"""Names to show and methods, by key."""
