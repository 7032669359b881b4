"""What carries a model over a set of changes, in the words of every output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from explain.overall.evidence import LEAST, LEAST_PROJECTS
from explain.overall.parts import COMPONENT, ENDING, LANGUAGE
from explain.overall.tally import Overall
from explain.survey.record import Reason

SORTS: Mapping[str, str] = MappingProxyType(
    {
        "added": "words of added lines",
        "removed": "words of removed lines",
        "context": "words of context",
        "message": "words of the message",
        "path": "folders and file names",
        ENDING: "endings of file names (once more)",
        "metrics": "numbers of the whole change",
        LANGUAGE: "languages of files",
        COMPONENT: "components (leading folders)",
    }
)
"""What items are listed by."""
SIDES = "Parts of a change, all of its output's change"
CAUTION = (
    "These are values of one model by one method: what it adds up, not what makes changes defective. Words that stand together "
    "share what they carry, and a word's mean is over the changes that have it."
)
_REASONS = {Reason.UNREADABLE: "without a diff that can be read", Reason.NO_NUMBER: "without a number from the model"}


def sentences(found: Overall) -> Iterator[str]:
    """What was explained and how, and what was left out; the first is a title. At least one change was explained."""
    whole = found.whole
    method, baseline = found.methods[0]
    yield f"What carries the model over {many(whole.changes, 'change')} of {many(whole.projects, 'project')}"
    yield (
        f"Why: {method} against the baseline “{baseline}”. Values are logits, + pushes towards flagged; the outputs differ from "
        f"their baselines by {whole.shift / whole.changes:+.3f} in the mean, {whole.shift:+.2f} in sum."
    )
    left_out = [f"{count:,} {_REASONS[reason]}" for reason, count in found.passed]
    if left_out:
        yield f"Left out: {', '.join(left_out)}."
    if found.unconverged:
        yield f"Of {many(found.unconverged, 'change')} the attribution did NOT converge; its values are rough."
    yield (
        f"Shown: the surest, of which the end of the interval that is nearest to 0 is farthest from it. {whole.tested:,} were in "
        f"{LEAST} changes or more and tested (Benjamini-Hochberg). An interval is over projects where there are "
        f"{LEAST_PROJECTS} or more with the word, else over changes: then it speaks of those projects alone. "
        "Share: of the absolute values of all tokens."
    )


def many(count: int, name: str) -> str:
    """ "1 change", "2 changes"."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def remark(sure: int, tested: int, few: int) -> str:
    """How many items a list does not show, and why."""
    return f"{sure:,} of {tested:,} tested have an interval without 0; {few:,} are in too few changes."
