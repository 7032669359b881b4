"""What stands in for the content of a change: one token, or the content of changes that the model does not flag, drawn by lot."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import cycle, islice

from explain.attribution.baseline import content, filler, replaced
from explain.attribution.options import BACKGROUND, AttributionOptions
from models.change.types import Diff
from models.classify.differentiable import Differentiable
from models.classify.protocol import Classifier
from models.encode.types import EncodedDiff, Side
from models.errors import UsageError

Pool = Mapping[Side, Sequence[int]]
"""The ids of content by the part of a change that they belong to, in reading order."""
_ELSEWHERE = (Side.ADDED, Side.REMOVED, Side.CONTEXT, Side.MESSAGE, Side.PATH)
"""Where content is taken from, all of it, for a part that the background has nothing of."""


@dataclass(frozen=True, slots=True)
class AgainstBackground(AttributionOptions):
    """Settings with the baseline "background" (expected gradients, Erion et al. 2021, for rows of tokens).

    ``changes``: what the content of the baseline is drawn from; the model that is explained must flag none of them, which
    ``unflagged`` sees to. ``draws``: rows drawn, each from all of the changes in an order drawn anew from ``order_seed``.
    Outputs at the baseline and values are means over the draws; every query but that of the change itself costs that many.
    Raises UsageError for an empty background.
    """

    baseline: str = field(default=BACKGROUND, metadata={"help": "a background", "choices": (BACKGROUND,)})
    draws: int = field(default=8, metadata={"help": "rows drawn from the background", "min": 1, "max": 1000})
    changes: tuple[Diff, ...] = field(default=(), metadata={"help": "changes that the model does not flag"})

    def __post_init__(self) -> None:
        # Not super(): a dataclass with slots is another class than the one that its methods were written in.
        AttributionOptions.__post_init__(self)
        if not self.changes:
            raise UsageError("Expected a change that the model does not flag for the background, but got none; pass some.")

    @property
    def name(self) -> str:
        """As ``Attribution.baseline`` has it."""
        return f"background of {len(self.changes):,} unflagged change{'s' * (len(self.changes) != 1)}"


@dataclass(frozen=True, slots=True)
class Blanks:
    """Rows of ids with the structure of a change and other content; the baseline's output is the mean of theirs."""

    name: str
    rows: tuple[tuple[int, ...], ...]


def unflagged(changes: Iterable[Diff], classifier: Classifier, but: Diff, batch: int) -> Iterator[Diff]:
    """Those of ``changes`` that the model does not flag, each once and never ``but`` itself; ``batch`` are scored at once."""
    seen, rest = {but.id}, iter(changes)
    while some := list(islice(rest, batch)):
        new = [one for n, one in enumerate(some) if one.id not in {*seen, *(other.id for other in some[:n])}]
        seen |= {one.id for one in new}
        verdicts = classifier.predict(new) if new else ()
        yield from (one for one, found in zip(new, verdicts, strict=True) if not found.flagged)


def without(options: AttributionOptions) -> AttributionOptions:
    """``options`` with the usual baseline where they have a background."""
    if not isinstance(options, AgainstBackground):
        return options
    kept = {one.name: getattr(options, one.name) for one in fields(AttributionOptions) if one.name != "baseline"}
    return AttributionOptions(**kept)


def draws_of(options: AttributionOptions) -> int:
    """How many rows the baseline is the mean of."""
    return options.draws if isinstance(options, AgainstBackground) else 1


def blanks(classifier: Differentiable, encoded: EncodedDiff, options: AttributionOptions) -> Blanks:
    """What the row ``encoded`` is compared with; no query. Structure stays, see ``baseline.content``."""
    where = content(encoded)
    if not isinstance(options, AgainstBackground):
        name, token = filler(classifier, options)
        return Blanks(name, (replaced(encoded, where, token),))
    pools = [_pool(classifier.encode(change)) for change in options.changes]
    chances = [random.Random(f"{options.order_seed} {draw}") for draw in range(options.draws)]
    return Blanks(options.name, tuple(_drawn(encoded, where, _shuffled(pools, chance)) for chance in chances))


def _pool(encoded: EncodedDiff) -> Pool:
    pool: dict[Side, list[int]] = {}
    for one, side, there in zip(encoded.ids, encoded.sides, content(encoded), strict=True):
        if there:
            pool.setdefault(side, []).append(one)
    return pool


def _shuffled(pools: Sequence[Pool], chance: random.Random) -> Pool:
    """All of the pools as one, one change after the other in an order drawn by lot."""
    order = chance.sample(pools, len(pools))
    joined = {side: [one for pool in order for one in pool.get(side, ())] for side in Side}
    elsewhere = [one for pool in order for side in _ELSEWHERE for one in pool.get(side, ())]
    if not elsewhere:
        raise UsageError("Expected text in the changes of the background, but the model reads none of them; pass others.")
    return {side: ids or elsewhere for side, ids in joined.items()}


def _drawn(encoded: EncodedDiff, where: tuple[bool, ...], pool: Pool) -> tuple[int, ...]:
    """The row with content of the pool, of the same part of a change, from its beginning on and round."""
    sources = {side: cycle(ids) for side, ids in pool.items()}
    pairs = zip(encoded.ids, encoded.sides, where, strict=True)
    return tuple(next(sources[side]) if there else one for one, side, there in pairs)
