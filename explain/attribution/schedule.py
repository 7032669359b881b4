"""How many steps an integral is given, one try after the other."""

from __future__ import annotations

from collections.abc import Iterator

FIRST = 8


def doublings(most: int) -> Iterator[int]:
    """Yield 8, 16, 32, … and at last ``most`` itself."""
    steps = FIRST
    while steps < most:
        yield steps
        steps *= 2
    yield most
