"""Making a set smaller while it keeps a property, in few questions asked many at once (pure functions)."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping

_CHUNKS, _FINER, _JUMPS = 8, 4, 8
"""Into how many chunks a set is cut at first, and how much smaller they are when none can go."""

Part = frozenset[int]
Asked = tuple[Part, list[Part]]
"""The part that is to get smaller, and smaller parts to be judged."""
Questions = Generator[Asked, Mapping[Part, float], Part]
"""Is sent those of the smaller parts that have the property with how clearly; returns the last part that has it."""


def answer(questions: Questions, kept: Mapping[Part, float]) -> Asked | None:
    """Send ``kept``; what is asked next, or None when there is nothing more to ask."""
    try:
        return questions.send(kept)
    except StopIteration:
        return None


def shrink(whole: Part) -> Questions:
    """Leave out chunks of ``whole``, an eighth at first, ever smaller when none can go, until no single member can go.

    What is returned is one-minimal (Zeller and Hildebrandt 2002), unless the questions end early. Where several chunks can
    go by themselves, all of them, half of them and a quarter are tried together, at once.
    """
    part = whole
    size = max(1, len(part) // _CHUNKS)
    while len(part) > 1:
        order = sorted(part)
        chunks = [frozenset(order[start : start + size]) for start in range(0, len(order), size)]
        smaller = yield from _leave_out(part, [chunk for chunk in chunks if len(chunk) < len(order)])
        if smaller == part and size == 1:
            break
        size = max(1, min(size if smaller != part else size // _FINER, len(smaller) // 2))
        part = smaller
    return part


def _leave_out(whole: Part, chunks: Iterable[Part]) -> Questions:
    rest = {whole - chunk: chunk for chunk in chunks}
    clear = yield whole, list(rest)
    free = sorted((part for part in rest if part in clear), key=lambda part: -clear[part])
    counts = {len(free) * part // _JUMPS for part in range(1, _JUMPS + 1)}
    together = [whole.difference(*(rest[part] for part in free[:count])) for count in counts if count > 1]
    if any(together):
        clear = yield whole, [part for part in together if part]
        return min((*free[:1], *(part for part in together if part in clear)), key=len)
    return free[0] if free else whole
