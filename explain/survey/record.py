"""What a survey takes and gives: one row in, one outcome out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from explain.counterfactual.types import Edit
from models.change.types import Diff


@dataclass(frozen=True, slots=True)
class Row:
    """One change of a dataset; ``diff`` is None where it cannot be read, ``label`` and texts are empty where it has none.

    ``date`` is when it was written, with its time zone.
    """

    id: str
    diff: Diff | None
    project: str = ""
    language: str = ""
    split: str = ""
    label: int | None = None
    date: datetime | None = None


class Reason(StrEnum):
    """Why a row was passed over."""

    NOT_FLAGGED = "not flagged"
    UNREADABLE = "unreadable"
    NO_NUMBER = "no number"


@dataclass(frozen=True, slots=True)
class Passed:
    """A row without a search; ``score`` is the model's answer, where there is one."""

    id: str
    reason: Reason
    score: float | None = None


class Question(StrEnum):
    """What is asked of every flagged change besides the search; the value is the word used in every output."""

    COMMENT_LINE = "one comment or blank line"
    MESSAGE_WORD = "one word of the message"
    COMMENTS = "all comment and blank lines"
    MESSAGE = "the whole message"
    TESTS = "all tests"
    DOCS = "all documentation"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether an edit of the sort that ``question`` names turns the verdict, of ``offered`` ones, ``tried`` in turn."""

    question: Question
    offered: int
    tried: int
    flips: bool

    @property
    def settled(self) -> bool:
        """Whether another edit of this sort could not change the answer."""
        return self.flips or self.tried == self.offered


@dataclass(frozen=True, slots=True)
class Touched:
    """What the edits of a counterfactual touch.

    ``words``: those that are deleted or replaced; of lines that are taken back, their names. ``comments``, ``message``,
    ``tests`` and ``docs`` say whether that is all that is touched (``comments``: whole comment or blank lines).
    """

    lines: int
    characters: int
    words: tuple[str, ...]
    paths: tuple[str, ...]
    comments: bool
    message: bool
    tests: bool
    docs: bool


@dataclass(frozen=True, slots=True)
class Flip:
    """The first counterfactual of a search; ``verified`` is the outcome of the independent check."""

    operator: str
    edits: tuple[Edit, ...]
    touched: Touched
    score: float
    minimality: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What came out for one flagged change.

    ``one_line`` and ``one_edit`` say whether one changed line taken back, or one edit of any kind, turns the verdict;
    None where the search ended before all of them were tried.
    """

    id: str
    diff_id: str
    project: str
    language: str
    languages: tuple[str, ...]
    components: tuple[str, ...]
    split: str
    label: int | None
    score: float
    threshold: float
    flip: Flip | None
    one_line: bool | None
    one_edit: bool | None
    answers: tuple[Answer, ...]
    queries: int
    stopped: str
    seconds: float
