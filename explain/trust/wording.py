"""What was measured of an explanation, in words that command line, page and exports share."""

from __future__ import annotations

from collections.abc import Iterator

from explain.trust.types import Against, Agreement, Faithfulness, Trust, Word
from explain.trust.verdict import GONE, verdict

_USABLE = (
    "This explanation is usable: nothing that was measured speaks against it. It tells what the model goes by, not what is wrong."
)


def conclusion(trust: Trust) -> str:
    """The verdict with its reasons, and what the method may miss, in one paragraph."""
    found = verdict(trust)
    head = "This explanation is weak" if found.word is Word.WEAK else "Do not use this explanation"
    said = _USABLE if found.word is Word.USABLE else f"{head}: {' '.join(found.reasons)}"
    return " ".join((said, *(f"Mind: {one}" for one in trust.record.cautions[:1]), *trust.record.cautions[1:]))


def findings(trust: Trust) -> Iterator[tuple[str, str]]:
    """(what was measured, what came out), in the order of the measurement."""
    yield "Left unexplained", f"{trust.relative_gap:.1%} of the output's change{'' if trust.converged else ', not converged'}"
    yield "Read", _read(trust)
    if trust.largest_error is not None:
        yield "Sampling", f"standard errors of up to {trust.largest_error:.3f} logits a part"
    for one in trust.faithfulness:
        yield from _faithful(one)
    for other in trust.agreement:
        yield f"Beside {other.other}", _beside(other)
    for other in trust.stability:
        yield f"With {other.other}", _beside(other)


def _read(trust: Trust) -> str:
    unread = trust.unread
    if not unread.units:
        return f"all of it, {unread.of_tokens:,} tokens"
    tokens = f"{unread.of_tokens - unread.tokens:,} of {unread.of_tokens:,} tokens"
    return f"{tokens}; {unread.lines:,} of {unread.of_lines:,} changed lines not to their end"


def _faithful(one: Faithfulness) -> Iterator[tuple[str, str]]:
    kept = "left unmasked" if one.removal == "mask" else "kept"
    yield f"Strongest parts {GONE[one.removal]}", f"the verdict loses {_logits(one.comprehensiveness, one.orders)}"
    if one.normalised is not None:
        yield "Of what is reachable", f"{one.normalised:.0%} of the way from the worst order found to the best"
    yield f"They alone {kept}", f"the verdict loses {_logits(one.sufficiency, one.orders)}"


def _logits(one: Against, orders: int) -> str:
    return f"{one.value:+.2f} logits, random parts {one.low:+.2f} to {one.high:+.2f} ({orders} orders)"


def _beside(one: Agreement) -> str:
    rank = (
        "too few lines for a rank correlation"
        if one.correlation is None
        else f"rank correlation of the lines {one.correlation:.2f}"
    )
    return f"{rank}, {one.overlap:.0%} of the strongest five are the same"
