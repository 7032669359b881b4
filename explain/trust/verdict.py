"""One word for an explanation, with the reasons: usable, weak, do not use."""

from __future__ import annotations

from collections.abc import Iterator

from explain.attribution.registry import method
from explain.trust.types import Agreement, Trust, Verdict, Word

BROKEN_GAP = 0.05
"""Share of the output's change that an additive method may leave unexplained before its values are no use."""
FEW_READ, HALF_READ = 0.9, 0.5
"""Shares of the changed lines read below which an explanation is weak, or no use."""
REACHED = 0.5
"""An explanation below it is nearer to the worst order than to the best."""
AGREED, STABLE = 0.3, 0.7
"""Rank correlations by line below which methods disagree, or a harmless variant changes the picture."""
GONE = {"mask": "masked", "delete": "deleted", "revert": "taken back"}
"""What happens to parts, by the way of removal."""


def verdict(trust: Trust) -> Verdict:
    """The verdict on what was measured so far: no use for one grave reason, weak for any other, usable without."""
    grave, light = list(_grave(trust)), [*_light(trust), *trust.record.warnings]
    word = Word.DO_NOT_USE if grave else Word.WEAK if light else Word.USABLE
    return Verdict(word, (*grave, *light))


def _grave(trust: Trust) -> Iterator[str]:
    if method(trust.method).additive and not trust.converged and trust.relative_gap > BROKEN_GAP:
        yield f"The values leave {trust.relative_gap:.0%} of the output's change unexplained."
    if trust.unread.of_lines and 1 - trust.unread.lines / trust.unread.of_lines < HALF_READ:
        yield f"The model read less than half of the changed lines: {_unread(trust)}."
    if trust.faithfulness and not trust.faithfulness[0].above_chance:
        yield f"When the parts it names are {GONE[trust.faithfulness[0].removal]}, the verdict suffers no more than by chance."


def _light(trust: Trust) -> Iterator[str]:
    if not method(trust.method).signed:
        yield "By its nature it is a hint at most: its values have no sign, sum to nothing of the output, and see attention only."
    if method(trust.method).additive and not trust.converged and trust.relative_gap <= BROKEN_GAP:
        yield f"The method did not converge: {trust.relative_gap:.1%} of the output's change is left over."
    if trust.unread.of_lines and HALF_READ <= 1 - trust.unread.lines / trust.unread.of_lines < FEW_READ:
        yield f"The model did not read all of the change: {_unread(trust)}."
    for one in trust.faithfulness[1:]:
        if not one.above_chance:
            yield f"When the parts it names are {GONE[one.removal]} instead, the verdict suffers no more than by chance."
    for one in trust.faithfulness[:1]:
        if one.normalised is not None and one.above_chance and one.normalised < REACHED:
            yield f"Other parts weigh more: it reaches {one.normalised:.0%} of what the best order found reaches."
    yield from _apart(trust.agreement, AGREED, "Another method ranks the lines otherwise")
    yield from _apart(trust.stability, STABLE, "The picture changes though nothing did")


def _apart(found: tuple[Agreement, ...], least: float, what: str) -> Iterator[str]:
    worst = min((one for one in found if one.correlation is not None), key=lambda one: one.correlation or 0.0, default=None)
    if worst is not None and worst.correlation is not None and worst.correlation < least:
        yield f"{what} ({worst.other}: rank correlation {worst.correlation:.2f})."


def _unread(trust: Trust) -> str:
    unread = trust.unread
    return f"{unread.lines:,} of {unread.of_lines:,} were not read to their end"
