"""Edit operators: which edits a diff offers, what each comes to, and how edits are applied.

An edit takes changes back (``models.change.edit.revert``) or puts other words into added lines or the message
(``models.change.rewrite``), so that every edited diff is a patch that git applies to the same files. Operators are
registered below, by hand and once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import comb
from typing import Protocol

from explain.counterfactual.effects import Effect, changed_lines, closing, realise, together, whole_file
from explain.counterfactual.types import Edit
from explain.counterfactual.words import neighbours, neutral, own_names, removable, replaceable
from models.change.edit import changed_units
from models.change.types import MESSAGE_FILE, Diff, Level, LineKind, Unit
from models.classify.guesses import MaskedModel
from models.classify.load import masked_model
from models.errors import UsageError


@dataclass(frozen=True, slots=True)
class Card:
    """What an operator tells about itself."""

    name: str
    level: Level
    summary: str
    guarantee: str
    paper: str

    def max_queries(self, units: int, max_edits: int = 6) -> int:
        """The most queries that scoring all sets of up to ``max_edits`` of ``units`` units costs, the original included."""
        return sum(comb(units, size) for size in range(min(units, max_edits) + 1))


class Operator(Protocol):
    """A kind of edit."""

    @property
    def card(self) -> Card:
        """Name, level, guarantee and cost."""
        ...

    def offers(self, diff: Diff) -> Mapping[Edit, Effect]:
        """Every edit of this kind that ``diff`` offers, in the order of the text, with what it comes to."""
        ...


@dataclass(frozen=True, slots=True)
class RevertLine:
    """Takes one changed line back."""

    card: Card

    def offers(self, diff: Diff) -> Mapping[Edit, Effect]:
        """One edit a changed line."""
        closed = closing(diff)
        return {Edit(self.card.name, unit): Effect(closed(frozenset({unit}))) for unit in changed_units(diff, Level.LINE)}


@dataclass(frozen=True, slots=True)
class RevertRun:
    """Takes a whole run of neighbouring changed lines back; its unit is the first of them."""

    card: Card

    def offers(self, diff: Diff) -> Mapping[Edit, Effect]:
        """One edit a run of two or more lines."""
        closed = closing(diff)
        return {Edit(self.card.name, run[0]): Effect(closed(frozenset(run))) for run in _runs(diff) if len(run) > 1}


@dataclass(frozen=True, slots=True)
class DropHunk:
    """Takes the changed lines of a hunk back: those of ``kind``, or all."""

    card: Card
    kind: LineKind | None = None

    def offers(self, diff: Diff) -> Mapping[Edit, Effect]:
        """One edit a hunk; for a ``kind``, only where there are lines of the other kind too."""
        found, closed = {}, closing(diff)
        for hunk in changed_units(diff, Level.HUNK):
            changed = changed_lines(diff, hunk)
            mine = frozenset(unit for unit in changed if self.kind in {None, diff.line(unit).kind})
            if mine and (self.kind is None or len(mine) < len(changed)):
                found[Edit(self.card.name, hunk)] = Effect(closed(mine))
        return found


@dataclass(frozen=True, slots=True)
class DropFile:
    """Leaves a file out of the change."""

    card: Card

    def offers(self, diff: Diff) -> Mapping[Edit, Effect]:
        """One edit a file."""
        closed = closing(diff)
        files = changed_units(diff, Level.FILE)
        return {Edit(self.card.name, unit): Effect(closed(whole_file(diff, unit.file))) for unit in files}


@dataclass(frozen=True, slots=True)
class DeleteWord:
    """Deletes a name or a number from an added line, or a word from the message; a blank beside it goes too."""

    card: Card
    message: bool

    def offers(self, diff: Diff) -> Mapping[Edit, Effect]:
        """One edit a word."""
        units = (unit for unit in removable(diff) if (unit.file == MESSAGE_FILE) is self.message)
        return {Edit(self.card.name, unit, ""): Effect(words=frozenset({(unit, "")})) for unit in units}


@dataclass(frozen=True, slots=True)
class Rename:
    """Gives a name that the change brings in another, plain name, wherever it stands; its unit is the first place."""

    card: Card

    def offers(self, diff: Diff) -> Mapping[Edit, Effect]:
        """One edit a name."""
        names = own_names(diff)
        return {
            Edit(self.card.name, places[0], plain): Effect(words=frozenset((unit, plain) for unit in places))
            for places, plain in zip(names.values(), neutral(diff, names), strict=True)
        }


@dataclass(frozen=True, slots=True)
class SwapName:
    """Puts another name of the change in the place of one of its names."""

    card: Card

    def offers(self, diff: Diff) -> Mapping[Edit, Effect]:
        """At most two edits a name."""
        return _replacing(self.card.name, neighbours(diff))


@dataclass(frozen=True, slots=True)
class ReplaceWord:
    """Puts what a masked language model finds likely in the place of a name."""

    card: Card
    masked: Callable[[], MaskedModel]

    def offers(self, diff: Diff) -> Mapping[Edit, Effect]:
        """At most two edits a name: the likeliest other names."""
        words = replaceable(diff)
        likely = self.masked().fill(diff, words, LIKELY + 1) if words else ()
        own = (diff.line(unit).text[unit.start : unit.end] for unit in words)
        others = (tuple(text for text in texts if text != name)[:LIKELY] for texts, name in zip(likely, own, strict=True))
        return _replacing(self.card.name, dict(zip(words, others, strict=True)))


def _replacing(name: str, others: Mapping[Unit, Sequence[str]]) -> Mapping[Edit, Effect]:
    return {Edit(name, unit, text): Effect(words=frozenset({(unit, text)})) for unit, texts in others.items() for text in texts}


def _runs(diff: Diff) -> Iterator[tuple[Unit, ...]]:
    """The runs of neighbouring changed lines, in order."""
    for hunk in changed_units(diff, Level.HUNK):
        # Neighbours have the same difference between their number and their rank among the changed lines.
        for _, run in groupby(enumerate(changed_lines(diff, hunk)), key=lambda one: one[1].line - one[0]):
            yield tuple(unit for _, unit in run)


class Registry:
    """Operators by name, in the order they were added."""

    def __init__(self, operators: Iterable[Operator] = ()) -> None:
        self._operators: dict[str, Operator] = {}
        for operator in operators:
            self.add(operator)

    def add(self, operator: Operator) -> None:
        """Register ``operator``; a name that is taken raises ValueError."""
        name = operator.card.name
        if name in self._operators:
            raise ValueError(f"An edit operator named {name!r} is registered already; choose another name.")
        self._operators[name] = operator

    def get(self, name: str) -> Operator:
        """The operator called ``name``; UsageError with the right names when there is none."""
        if name not in self._operators:
            known = ", ".join(self._operators)
            raise UsageError(f"Expected an edit operator among {known}, but got {name!r}; use one of these names.")
        return self._operators[name]

    def __iter__(self) -> Iterator[Operator]:
        return iter(self._operators.values())


LIKELY = 2
"""How many likely names are tried in the place of one."""
_VALID = "The edited diff parses and applies to the same files; what is not touched keeps its text; context is never edited."
_CITO = "Cito et al., Counterfactual Explanations for Models of Code, ICSE-SEIP 2022"
_ZELLER = "Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, TSE 2002"
_HOTFLIP = "Ebrahimi et al., HotFlip: White-Box Adversarial Examples for Text Classification, ACL 2018"
_MARTENS = "Martens and Provost, Explaining Data-Driven Document Classifications, MISQ 2014"
_SUMMARIES = {
    "revert-line": (Level.LINE, "Take one changed line back: an added line goes, a removed line stays.", _CITO),
    "revert-run": (Level.LINE, "Take neighbouring changed lines back together.", _ZELLER),
    "drop-hunk": (Level.HUNK, "Take all changed lines of one hunk back.", _ZELLER),
    "drop-added": (Level.HUNK, "Take what a hunk adds back; what it removes stays removed.", _ZELLER),
    "keep-removed": (Level.HUNK, "Keep what a hunk removes; what it adds stays added.", _ZELLER),
    "drop-file": (Level.FILE, "Leave one file out of the change, with its rename, mode or binary content.", _MARTENS),
    "delete-word": (Level.TOKEN, "Delete a name or a number from an added line.", _MARTENS),
    "rename": (Level.TOKEN, "Give a name that the change brings in a plain one, wherever it stands.", _CITO),
    "swap-name": (Level.TOKEN, "Put the nearest other name of the change in the place of a name.", _HOTFLIP),
    "replace-word": (Level.TOKEN, "Put what a masked language model finds likely in the place of a name.", _CITO),
    "cut-message": (Level.TOKEN, "Delete a word from the commit message.", _MARTENS),
}


def _card(name: str) -> Card:
    level, summary, paper = _SUMMARIES[name]
    return Card(name, level, summary, _VALID, paper)


OPERATORS = Registry(
    (
        RevertLine(_card("revert-line")),
        RevertRun(_card("revert-run")),
        DropHunk(_card("drop-added"), LineKind.ADDED),
        DropHunk(_card("keep-removed"), LineKind.REMOVED),
        DropHunk(_card("drop-hunk")),
        DropFile(_card("drop-file")),
        DeleteWord(_card("delete-word"), message=False),
        Rename(_card("rename")),
        SwapName(_card("swap-name")),
        ReplaceWord(_card("replace-word"), masked_model),
        DeleteWord(_card("cut-message"), message=True),
    )
)


def effect_of(diff: Diff, edits: Sequence[Edit]) -> Effect | None:
    """What ``edits``, whose units are addresses in ``diff``, come to together; None where two contradict each other.

    Raises UsageError for an unknown operator and for an edit that ``diff`` does not offer.
    """
    offers = {name: OPERATORS.get(name).offers(diff) for name in dict.fromkeys(edit.operator for edit in edits)}
    for edit in edits:
        if edit not in offers[edit.operator]:
            raise UsageError(f"Expected an edit that {edit.operator} offers for this diff, but got {edit}; re-create the edit.")
    return together(offers[edit.operator][edit] for edit in edits)


def apply(diff: Diff, edits: Sequence[Edit]) -> Diff:
    """``diff`` under ``edits``; ``diff`` itself is left as it is.

    Raises UsageError as ``effect_of`` does, and for edits that contradict each other.
    """
    effect = effect_of(diff, edits)
    if effect is None:
        raise UsageError("Expected edits that do not put different text in one place; leave one of them out.")
    return realise(diff, effect)
