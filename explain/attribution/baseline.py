"""What an input is compared with: the same structure, its content replaced by one token."""

from __future__ import annotations

from explain.attribution.options import MASK, PAD, AttributionOptions
from explain.attribution.types import Attribution
from models.change.types import METRICS_FILE, Unit
from models.classify.differentiable import Differentiable
from models.encode.types import EncodedDiff, Side


def is_content(unit: Unit | None, side: Side) -> bool:
    """Whether a baseline replaces the token: it holds text of the diff, or the size of the change.

    Structure stays and so gets the value 0: special tokens, the markers of lines, hunks and files, and tokens whose
    span is empty (a "+" or a line feed written as text).
    """
    if unit is None or side is Side.SPECIAL:
        return False
    return unit.file == METRICS_FILE or unit.end > unit.start >= 0


def content(encoded: EncodedDiff) -> tuple[bool, ...]:
    """For every token of ``encoded``, whether a baseline replaces it."""
    return tuple(is_content(unit, side) for unit, side in zip(encoded.units, encoded.sides, strict=True))


def filler(classifier: Differentiable, options: AttributionOptions) -> tuple[str, int]:
    """Name and id of the token that stands in for content: padding where the tokenizer has no mask token."""
    mask = classifier.mask_id
    return (MASK, mask) if options.baseline == MASK and mask is not None else (PAD, classifier.pad_id)


def replaced(encoded: EncodedDiff, where: tuple[bool, ...], token: int) -> tuple[int, ...]:
    """The ids of ``encoded`` with ``token`` in the places marked in ``where``; the length stays."""
    return tuple(token if there else one for one, there in zip(encoded.ids, where, strict=True))


def started(method: str, baseline: str, ends: tuple[float, float], unread: tuple[Unit, ...]) -> Attribution:
    """An attribution without values yet; ``ends`` are f(x) and f(baseline) in logits."""
    output, baseline_output = ends
    return Attribution(method=method, baseline=baseline, output=output, baseline_output=baseline_output, unread=unread)
