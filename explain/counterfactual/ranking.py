"""In which order sets of edits are tried: cheap signs first, then what was measured (pure functions).

Members of a set are indexes into the edits of one operator, ascending. A gain is the margin towards the other verdict.
The surrogate is of second order: gain(S) is taken to be gain(0) + sum of single effects + sum of pair interactions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heapreplace, nlargest

from models.change.types import Diff, Level, LineKind, Unit

Members = tuple[int, ...]
BEAM_WIDTH = 8


def order_units(diff: Diff, units: Sequence[Unit], hints: Mapping[Unit, float], values: Sequence[float] | None) -> list[int]:
    """Indexes of ``units``, the most promising first.

    ``values`` (larger is better), where given, decide. Then the measured gain of the enclosing hunk or file in
    ``hints``, then added lines before removed ones and long before short; hunks and files by their changed lines.
    """

    def promise(n: int) -> tuple[float, float, int, int]:
        unit = units[n]
        return (values[n] if values is not None else 0.0, _hint(unit, hints), *_bulk(diff, unit))

    return sorted(range(len(units)), key=promise, reverse=True)


def _hint(unit: Unit, hints: Mapping[Unit, float]) -> float:
    enclosing = [unit.at(level) for level in (Level.LINE, Level.HUNK, Level.FILE)]
    return next((hints[one] for one in enclosing if one in hints and one != unit), float("-inf"))


def _bulk(diff: Diff, unit: Unit) -> tuple[int, int]:
    if unit.level is Level.TOKEN:
        return 1, unit.end - unit.start
    if unit.level is Level.LINE:
        line = diff.line(unit)
        return int(line.kind is LineKind.ADDED), len(line.text)
    file = diff.files[unit.file]
    part = file.hunks[unit.hunk] if unit.level is Level.HUNK else file
    return part.added, part.removed


def order_pairs(gains: Mapping[Members, float]) -> Iterator[Members]:
    """All pairs of measured singles, by the sum of their gains, descending; ties in the order of the text.

    Lazy, since a long diff has millions: the best partner of each single waits in a heap, and the next one takes its place.
    """
    ranked = sorted((-gain, members[0]) for members, gain in gains.items() if len(members) == 1)

    def paired(row: int, column: int) -> tuple[float, Members, int, int]:
        (cost, one), (more, other) = ranked[row], ranked[column]
        return cost + more, (min(one, other), max(one, other)), row, column

    waiting = [paired(row, row + 1) for row in range(len(ranked) - 1)]
    heapify(waiting)
    while waiting:
        _, pair, row, column = waiting[0]
        yield pair
        if column + 1 < len(ranked):
            heapreplace(waiting, paired(row, column + 1))
        else:
            heappop(waiting)


def extend_beam(gains: Mapping[Members, float], start: float, size: int, most: int) -> list[Members]:
    """Up to ``most`` unmeasured sets of ``size``: the best sets of ``size - 1``, each with one more measured single.

    Ranked by the surrogate, averaged over the parents in the beam; ``start`` is the gain of the original.
    """
    parents = nlargest(BEAM_WIDTH, (m for m in gains if len(m) == size - 1), key=lambda m: gains[m])
    singles = [members[0] for members in gains if len(members) == 1]
    guesses: dict[Members, list[float]] = {}
    for parent in parents:
        for one in singles:
            child = tuple(sorted((*parent, one)))
            if one not in parent and child not in gains:
                step = gains[(one,)] - start + sum(_interaction(gains, start, one, other) for other in parent)
                guesses.setdefault(child, []).append(gains[parent] + step)
    return nlargest(most, guesses, key=lambda child: sum(guesses[child]) / len(guesses[child]))


def _interaction(gains: Mapping[Members, float], start: float, one: int, other: int) -> float:
    """How far the pair's measured gain is from the sum of the single effects; 0 where it was not measured."""
    pair = (min(one, other), max(one, other))
    if pair not in gains or (other,) not in gains:
        return 0.0
    return gains[pair] - gains[(one,)] - gains[(other,)] + start
