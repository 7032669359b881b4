"""Edit operators: which edits a diff offers, and how edits are applied.

All operators here take changes back (``models.change.edit.revert``), so that every edited diff is a patch that
git applies to the same files. Operators are registered below, by hand and once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import comb
from typing import Protocol

from explain.counterfactual.types import Edit
from models.change.edit import changed_units, revert, says_more_than_lines
from models.change.types import Diff, Level, Unit
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

    def candidates(self, diff: Diff) -> tuple[Edit, ...]:
        """Every edit of this kind that ``diff`` offers, in the order of the text."""
        ...


@dataclass(frozen=True, slots=True)
class Revert:
    """Takes back the change at a unit of ``card.level``."""

    card: Card

    def candidates(self, diff: Diff) -> tuple[Edit, ...]:
        """One edit a changed line, hunk or file."""
        return tuple(Edit(self.card.name, unit) for unit in changed_units(diff, self.card.level))


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


_VALID = "The edited diff parses and applies to the same files; what is not touched keeps its text; context is never edited."

OPERATORS = Registry(
    Revert(card)
    for card in (
        Card(
            name="revert-line",
            level=Level.LINE,
            summary="Take one changed line back: an added line goes, a removed line stays.",
            guarantee=_VALID,
            paper="Cito et al., Counterfactual Explanations for Models of Code, ICSE-SEIP 2022",
        ),
        Card(
            name="drop-hunk",
            level=Level.HUNK,
            summary="Take all changed lines of one hunk back.",
            guarantee=_VALID,
            paper="Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, TSE 2002",
        ),
        Card(
            name="drop-file",
            level=Level.FILE,
            summary="Leave one file out of the change, with its rename, mode or binary content.",
            guarantee=_VALID,
            paper="Martens and Provost, Explaining Data-Driven Document Classifications, MISQ 2014",
        ),
    )
)


def apply(diff: Diff, edits: Sequence[Edit]) -> Diff:
    """``diff`` under ``edits``, whose units are addresses in ``diff``; ``diff`` itself is left as it is.

    Raises UsageError for an unknown operator, a unit of another level than the operator's, and a replacement.
    """
    for edit in edits:
        level = OPERATORS.get(edit.operator).card.level
        if edit.unit.level is not level or edit.replacement is not None:
            raise UsageError(
                f"Expected a {level} unit and no replacement for {edit.operator}, but got {edit}; re-create the edit."
            )
    return revert(diff, (edit.unit for edit in edits))


def atoms(diff: Diff, edit: Edit) -> frozenset[Unit]:
    """The smallest things that ``edit`` takes back: two sets of edits with the same atoms give the same diff.

    A hunk is the set of its changed lines. So is a file, unless it is renamed, copied, has its mode changed or has
    no lines: then the file's own unit is one more atom.
    """
    unit = edit.unit
    file = diff.files[unit.file]
    if unit.level is Level.LINE:
        return frozenset((unit,))
    hunks = range(len(file.hunks)) if unit.level is Level.FILE else (unit.hunk,)
    lines = {Unit(unit.file, h, n) for h in hunks for n, line in enumerate(file.hunks[h].lines) if line.changed}
    whole = unit.level is Level.FILE and (not lines or says_more_than_lines(file))
    return frozenset(lines | {unit} if whole else lines)
