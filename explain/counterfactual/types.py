"""What a search for counterfactuals takes and gives: frozen values, no behaviour beyond wording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from models.bounds import validate
from models.change.render import render
from models.change.types import Diff, Unit
from models.classify.protocol import Prediction
from models.errors import UsageError

CLEAR_MARGIN = 1e-3
"""A verdict counts, as flipped or as kept, only when the margin after the edit is further than this from 0 (logits)."""


NOUNS: Mapping[str, str] = MappingProxyType(
    {
        "revert-line": "line",
        "revert-run": "run",
        "drop-added": "added-side",
        "keep-removed": "removed-side",
        "drop-hunk": "hunk",
        "drop-file": "file",
        "delete-word": "word",
        "rename": "name",
        "swap-name": "swap",
        "replace-word": "replacement",
        "cut-message": "message word",
    }
)
"""What each operator edits, in the order in which they are tried."""
OPERATOR_NAMES = tuple(NOUNS)
REWORDING = ("delete-word", "rename", "swap-name", "replace-word", "cut-message")
"""Operators that put other words in place."""
TAKING_BACK = tuple(name for name in OPERATOR_NAMES if name not in REWORDING)
"""Operators that take changes back."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One step away from the original diff: ``operator`` says what is done at ``unit`` (addresses of the original).

    ``replacement`` is new text for operators that put something else in place; None for those that take back.
    """

    operator: str
    unit: Unit
    replacement: str | None = None


class Syntax(StrEnum):
    """What became of the syntax of the code; the value is the word used in every output."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rules:
    """Which sets of edits count as edits, besides what the operators offer.

    ``keep_syntax``: only those after which the code has no more syntax errors than before (``syntax.SyntaxJudge``).
    ``protected``: only those that touch none of these lines (of the message too) and files.
    """

    keep_syntax: bool = False
    protected: frozenset[Unit] = frozenset()


class Minimality(StrEnum):
    """In which sense a set of edits is smallest; the value is the word used in every output."""

    NONE = "none"
    ONE = "one-minimal"
    CARDINALITY = "cardinality-minimal"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was checked about the size of one counterfactual.

    ``operator`` is the kind of edit it speaks of, ``size`` the number of edits, ``checked`` the number of smaller sets that
    the claim rests on, every one scored. Two sets that render to the same text count twice and are scored once; sets that
    would leave no change at all, or that ``rules`` rule out, are not edits and do not count.

    * cardinality-minimal: every smaller set of the operator's edits was scored, none flips. The unedited change is the
      one smaller set of a single edit.
    * one-minimal: every set with one edit left out was scored, none flips (1-minimality of Zeller and Hildebrandt,
      "Simplifying and isolating failure-inducing input", 2002). Leaving out two or more may flip.
    * none: something was not scored, or came so close to the threshold (``CLEAR_MARGIN``, on whichever side) that it is
      neither a flip nor none.

    No claim rests on monotonicity: flips of learned models are not monotone.
    """

    minimality: Minimality
    operator: str
    size: int
    checked: int
    rules: Rules = Rules()

    @property
    def statement(self) -> str:
        """The claim as one sentence; derived, so it can never say more than the fields."""
        kind = NOUNS.get(self.operator, self.operator)
        noun = f"{kind} edit" + ("" if self.size == 1 else "s")
        sets = "1 smaller set" if self.checked == 1 else f"{self.checked:,} smaller sets"
        bounds = self._bounds
        if self.minimality is Minimality.NONE:
            return "No minimality is claimed: some smaller sets of edits were not scored or came too close to the threshold."
        if self.minimality is Minimality.ONE:
            others = "a smaller set of others" if self.size == 2 else "a smaller set, also of these,"
            kept = f" by an edit{bounds}" if bounds else ""
            return f"None of the {self.size} {noun} can be left out alone{kept} ({sets} scored); {others} is not ruled out."
        if self.size == 1:
            return f"No set of {kind} edits is smaller: without an edit the verdict does not flip."
        return f"No set of fewer than {self.size} {noun}{bounds} flips the verdict (all {sets} scored)."

    @property
    def _bounds(self) -> str:
        """Which sets are spoken of, where not of all."""
        syntax = " that keeps the syntax" if self.rules.keep_syntax else ""
        return syntax + (" outside of what is protected" if self.rules.protected else "")


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A smallest-found set of edits under which the verdict is the other one.

    Promise: ``apply(original, edits) == diff``, ``after`` is the classifier's answer for ``diff``, and its margin is
    further than ``CLEAR_MARGIN`` from the threshold. ``syntax`` says what became of the code's, ``plausibility`` how likely it
    is beside the original, from 0 to 1 (``plausible.plausibility``; None where nothing could say).
    ``explain.counterfactual.verify`` checks all of it afresh.
    """

    edits: tuple[Edit, ...]
    diff: Diff
    before: Prediction
    after: Prediction
    certificate: Certificate
    syntax: Syntax = Syntax.UNKNOWN
    plausibility: float | None = None

    @property
    def patch(self) -> str:
        """The edited diff as text that git applies; encode with ``surrogateescape``."""
        return render(self.diff)


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How far a search goes; flags and forms are made from the metadata of the fields.

    The metadata holds ``help`` and either ``choices`` (of which any number may be named, once each) or ``min`` and
    ``max`` (inclusive). Raises UsageError for a value outside them; names of operators are looked up by ``search``.
    """

    operators: tuple[str, ...] = field(
        default=OPERATOR_NAMES, metadata={"help": "edits that may be made", "choices": OPERATOR_NAMES}
    )
    max_edits: int = field(default=32, metadata={"help": "most edits in one counterfactual", "min": 1, "max": 500})
    budget: int = field(default=400, metadata={"help": "most diffs to score, the original included", "min": 1, "max": 1_000_000})
    seconds: float = field(
        default=60.0, metadata={"help": "seconds after which no further batch is begun", "min": 0.0, "max": 86_400.0}
    )
    batch: int = field(default=32, metadata={"help": "most diffs scored at once", "min": 1, "max": 1024})
    answers: int = field(
        default=1, metadata={"help": "different answers to look for, no two of which touch the same line", "min": 1, "max": 10}
    )
    syntax: str = field(
        default="keep",
        metadata={"help": "keep: edits after which code parses no worse, others only where these fail; any: all edits",
                  "choices": ("keep", "any")},
    )  # fmt: skip
    protect: tuple[str, ...] = field(
        default=(), metadata={"help": "what no edit may touch: message, PATH, PATH:LINE, PATH:FIRST-LAST (* is anything)"}
    )

    def __post_init__(self) -> None:
        validate(self)
        if not self.operators or len(set(self.operators)) != len(self.operators):
            raise UsageError(f"Expected one or more different operators, but got {list(self.operators)}; name each once.")


class StopReason(StrEnum):
    """Why a search ended."""

    FOUND = "found"
    EXHAUSTED = "exhausted"
    BUDGET = "budget"
    CANCELLED = "cancelled"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a running search stands, given after every batch. ``best_score`` is the score nearest to the other verdict."""

    queries: int
    budget: int
    best_score: float
    found: tuple[Counterfactual, ...]
    phase: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of one operator's sets was scored: ``scored`` sets; all sets of up to ``complete`` of its ``units`` units.

    Sets that leave no change at all are not edits: they are not scored and do not stand in the way of ``complete``.
    """

    operator: str
    units: int
    complete: int
    scored: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The last item of a search.

    ``counterfactuals`` that take changes back come before those that reword them, each the smallest first (by lines touched,
    then by characters); none does all that another of its sort does.
    ``closest`` is, when nothing was found, the tried set of edits that came nearest, with its prediction. ``stopped`` says
    why the search ended; one that was cancelled or ran out may have found something before. ``diff`` is the original,
    ``skipped`` how many sets of edits were not scored because they break the syntax.
    """

    counterfactuals: tuple[Counterfactual, ...]
    closest: tuple[tuple[Edit, ...], Prediction] | None
    queries: int
    budget: int
    stopped: StopReason
    seconds: float
    before: Prediction
    coverage: tuple[Coverage, ...]
    max_edits: int
    diff: Diff
    skipped: int = 0
