"""Results of a search in plain English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from explain.counterfactual.types import CLEAR_MARGIN, NOUNS, Counterfactual, Coverage, Edit, SearchResult, StopReason, Syntax
from models.change.types import MESSAGE_FILE, Diff, Level, clean
from models.classify.protocol import Prediction

SYNTAX: Mapping[Syntax, str] = MappingProxyType(
    {
        Syntax.VALID: "The code that it leaves has no syntax errors that were not there before.",
        Syntax.INVALID: "The code that it leaves has new syntax errors: this tells something about the model, not what to write.",
        Syntax.UNKNOWN: "Whether the code that it leaves is well-formed was not checked: its language has no grammar here.",
    }
)
"""What became of the syntax, as a sentence."""
_NAMED = 3
_IMPLAUSIBLE = 0.5
"""Below this a sentence warns: per token the lines are less than half as likely as before."""
_ENDED = {
    StopReason.FOUND: "",
    StopReason.EXHAUSTED: "",
    StopReason.BUDGET: "the budget of {budget} was spent",
    StopReason.CANCELLED: "the search was cancelled",
    StopReason.TIME: "the time was over",
}


def guessed_by(name: str, digest: str) -> str:
    """Which masked language model was asked, as a sentence."""
    return f"Words were proposed, and plausibility judged, by {name} ({digest})."


def sentence(result: SearchResult) -> str:
    """What was found, or that nothing was, how far the search got, and the closest miss: a few sentences."""
    if result.counterfactuals:
        return _found(result.counterfactuals[0], result)
    parts = [_none(result)]
    if result.closest is not None:
        edits, prediction = result.closest
        parts.append(f"The closest was to {describe(result.diff, edits)}: {_scores(result.before, prediction)}.")
    if _grazes(result):
        parts.append(f"That is {_aim(result)}, but within {CLEAR_MARGIN:g} of the threshold in logits: too close to count.")
    return " ".join(parts)


def _grazes(result: SearchResult) -> bool:
    """Whether the closest miss has the other verdict, by so little that it does not count as a flip."""
    if result.closest is None:
        return False
    _, prediction = result.closest
    return prediction.flagged != result.before.flagged and abs(prediction.margin) <= CLEAR_MARGIN


def _aim(result: SearchResult) -> str:
    return "not flagged" if result.before.flagged else "flagged"


def describe(diff: Diff, edits: Sequence[Edit]) -> str:
    """The edits as a phrase that follows "to": "take back the added line 3 of a.c (x = 1) and drop b.c"."""
    phrases = [_phrase(diff, edit) for edit in edits[:_NAMED]]
    more = len(edits) - _NAMED
    return _listed([*phrases, f"make {more} more edit{_s(more)}"] if more > 0 else phrases)


def plausible(value: float | None) -> str:
    """What the plausibility of a counterfactual means."""
    if value is None:
        return "How plausible the edited lines are could not be said: the language model reads none of them."
    likely = f"To a language model of diffs, a token of the lines at the edits is {value:.2f} times as likely as before"
    if value < _IMPLAUSIBLE:
        return f"{likely}: odd code, which tells something about the model."
    return "To a language model of diffs, the lines at the edits are as likely as before." if value >= 0.995 else f"{likely}."


def _found(best: Counterfactual, result: SearchResult) -> str:
    verdict = "not be flagged" if best.before.flagged else "be flagged"
    text = f"The change would {verdict} if you were to {describe(result.diff, best.edits)}: {_scores(best.before, best.after)}."
    others = len(result.counterfactuals) - 1
    also = f" {others} other way{_s(others)} to get there {'was' if others == 1 else 'were'} found." if others else ""
    return f"{text} {best.certificate.statement}{also}"


def _none(result: SearchResult) -> str:
    """Why there is no counterfactual."""
    clearly = "clearly " if _grazes(result) else ""
    head = f"Nothing was found under which the change would {clearly}be {_aim(result)}"
    covered = [_covered(one) for one in result.coverage if one.complete and one.scored]
    reach = f"{_listed(covered)} {'was' if len(covered) == 1 else 'were'} scored" if covered else "nothing was scored in full"
    if result.skipped and covered:
        reach += f" (less {result.skipped:,} set{_s(result.skipped)} of edits that break{'s' * (result.skipped == 1)} the syntax)"
    if result.stopped is StopReason.EXHAUSTED:
        if not covered:
            operators = _listed([one.operator for one in result.coverage])
            return f"{head}: by {operators}, no part of the change could be taken back alone."
        return f"{head}: {reach}, short of taking the whole change back ({result.queries} queries)."
    ended = _ENDED[result.stopped].format(budget=_queries(result.budget))
    return f"{head}: {ended} after {_queries(result.queries)}; {reach}."


def _covered(coverage: Coverage) -> str:
    noun = NOUNS[coverage.operator]
    if coverage.units == 1:
        return f"the one {noun}"
    if coverage.complete >= coverage.units:
        return f"every set of the {coverage.units} {noun}s"
    sizes = "every single one" if coverage.complete == 1 else f"every set of up to {coverage.complete}"
    return f"{sizes} of the {coverage.units} {noun}s"


def _phrase(diff: Diff, edit: Edit) -> str:
    unit = edit.unit
    if unit.file == MESSAGE_FILE:
        said = diff.message.split("\n")[unit.line]
        return f"leave {_quoted(clean(said)[unit.start : unit.end])} out of the message"
    file = diff.files[unit.file]
    path = clean(file.path)
    if unit.level is Level.FILE:
        return f"leave {path} out of the change"
    hunk = file.hunks[unit.hunk]
    if unit.level is Level.HUNK:
        return _HUNKS[edit.operator].format(f"hunk {unit.hunk + 1} of {path}", hunk.added, hunk.removed)
    old, new, line = list(hunk.numbered())[unit.line]
    number = old if new is None else new
    if unit.level is Level.TOKEN:
        word = _quoted(line.text[unit.start : unit.end])
        if edit.operator in {"swap-name", "replace-word"}:
            return f"put {_quoted(edit.replacement or '')} in the place of {word} in line {number} of {path}"
        if edit.replacement:
            return f"rename {word} to {_quoted(edit.replacement)}, first in line {number} of {path}"
        return f"delete {word} from line {number} of {path}"
    text = clean(line.text).strip()
    said = f" ({_cut(text)})" if text else ""
    if edit.operator == "revert-run":
        return f"take back the changed lines from line {number} of {path}{said}"
    return f"take back the {line.kind} line {number} of {path}{said}"


_HUNKS = {
    "drop-hunk": "take back {} (+{}, -{})",
    "drop-added": "leave out what {} adds (+{})",
    "keep-removed": "keep what {0} removes (-{2})",
}


def _quoted(text: str) -> str:
    return f'"{_cut(text.strip())}"'


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _scores(before: Prediction, after: Prediction) -> str:
    return f"score {before.score:.3f} to {after.score:.3f}, threshold {after.threshold:.3f}"


def _listed(phrases: Sequence[str]) -> str:
    return " and ".join((", ".join(phrases[:-1]), phrases[-1])) if len(phrases) > 1 else "".join(phrases)


def _queries(count: int) -> str:
    return f"{count} quer{'y' if count == 1 else 'ies'}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
