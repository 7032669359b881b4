"""Which attributes to count together so that every small group of them is covered by as few passes as can be.

Counting a group of three attributes for each three of eight takes 56 passes; groups of four that hold every three exactly
once (a Steiner system) take 14. In general the groups are found greedily.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import combinations
from math import prod

Block = tuple[int, ...]


@lru_cache(maxsize=64)
def covering(sizes: tuple[int, ...], order: int, most: int, always: Block = ()) -> tuple[Block, ...]:
    """Groups of places in ``sizes`` such that any ``order`` of them, with all of ``always``, are together in one.

    ``sizes``: how many values each attribute has. No group has more than ``most`` combinations of values, unless it is of
    ``order`` attributes alone. Each next group is the one that covers the most for its number of attributes.
    """
    free = [place for place in range(len(sizes)) if place not in always]
    order = min(order, len(free))
    if not order:
        return (always,)
    left = set(combinations(free, order))
    steiner = _planes(free) if order == 3 and len(free) == 8 and not always else ()
    if steiner and all(prod(sizes[one] for one in block) <= most for block in steiner):
        return steiner
    found = []
    while left:
        block = _grown(min(left), left, sizes, most // max(1, prod(sizes[one] for one in always)))
        left -= set(combinations(block, order))
        found.append(tuple(sorted({*block, *always})))
    return tuple(found)


def _planes(free: Sequence[int]) -> tuple[Block, ...]:
    """The 14 planes of the affine space of 8 points: any three points lie in just one."""
    return tuple(
        tuple(free[one] for one in four) for four in combinations(range(8), 4) if not four[0] ^ four[1] ^ four[2] ^ four[3]
    )


def _grown(start: Block, left: Collection[Block], sizes: Sequence[int], most: int) -> Block:
    """``start`` and one attribute after another, as long as it brings more than a group of its own would."""
    block = start
    while True:
        room = most // max(1, prod(sizes[one] for one in block))
        choices = [one for group in left for one in group if one not in block and sizes[one] <= room]
        best = max(sorted(set(choices)), key=lambda one: _gain(block, one, left, len(start)), default=None)
        if best is None or _gain(block, best, left, len(start)) < 2:
            return block
        block = tuple(sorted((*block, best)))


def _gain(block: Block, one: int, left: Collection[Block], order: int) -> int:
    return sum(tuple(sorted((*some, one))) in left for some in combinations(block, order - 1))
