"""What looks like a shortcut or a leak, called by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from explain.survey.aggregate import Aggregates, Robustness, Share
from explain.survey.record import Question

FEW = 30
"""Of fewer flagged changes than this no share says much."""
SURE = 0.05
"""Adjusted p-values below this are called by name."""
CAUTION = "These are hints at what the model leans on, not proof: what turns a verdict need not be what made it."
_NAMED = 12
_READS: Mapping[str, str] = MappingProxyType(
    {
        Question.COMMENT_LINE: "without one comment or blank line",
        Question.MESSAGE_WORD: "with one word of the message less",
        Question.COMMENTS: "without their comment and blank lines",
        Question.MESSAGE: "with an empty message",
        Question.TESTS: "without their tests",
        Question.DOCS: "without their documentation",
    }
)
_WHERE = {
    "line": "these sorts of line",
    "added": "these words of added lines",
    "removed": "these words of removed lines",
    "message": "these words of the message",
    "path": "files with these parts of paths",
}


def shortcuts(found: Aggregates) -> Iterator[str]:
    """A sentence for everything that looks like a shortcut: code that does nothing, the message, words, parts of paths."""
    for one in found.robustness:
        if one.name in _READS and one.share.count:
            yield _unflagged(one)
    for where, title in _WHERE.items():
        sure = [one for one in found.lifts if one.feature.where == where and one.p is not None and one.p < SURE and one.lift > 1]
        if sure:
            named = ", ".join(f"{one.feature.text} ({one.lift:.1f} times)" for one in sure[:_NAMED])
            more = f" and {len(sure) - _NAMED} more" if len(sure) > _NAMED else ""
            yield f"Flips touch {title} more often than lots would: {named}{more}."


def _unflagged(one: Robustness) -> str:
    least = "At least " if one.open else ""
    had = f" ({one.have:,} have such)" if one.have < one.share.rows else ""
    return f"{least}{said(one.share)} of the flagged changes would not be flagged {_READS[one.name]}{had}."


def said(share: Share) -> str:
    """A share in words: "12 of 40 (30.0 % [18.1, 45.4])"."""
    if share.interval is None or share.value is None:
        return f"{share.count:,} of {share.rows:,}"
    low, high = share.interval
    return f"{share.count:,} of {share.rows:,} ({100 * share.value:.1f} % [{100 * low:.1f}, {100 * high:.1f}])"


def caution(found: Aggregates) -> str:
    """How far the figures carry."""
    if found.flips.rows >= FEW:
        return CAUTION
    changes = "1 flagged change is" if found.flips.rows == 1 else f"{found.flips.rows} flagged changes are"
    return f"{changes} few: heed the intervals, and search {FEW} or more before you decide anything. {CAUTION}"
