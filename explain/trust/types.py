"""What is known of how far one explanation may be believed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.change.types import Unit

FRACTIONS = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Shares of the parts that are taken away, or kept; at least one part each."""


class Word(StrEnum):
    """The verdict on an explanation."""

    USABLE = "usable"
    WEAK = "weak"
    DO_NOT_USE = "do not use"


@dataclass(frozen=True, slots=True)
class Against:
    """A figure of an explanation beside those of random orders, in logits.

    ``value`` is the explanation's, ``mean`` that of the random orders; 95 % of them lie between ``low`` and ``high``.
    ``beaten`` is the share of the random orders that are worse.
    """

    value: float
    mean: float
    low: float
    high: float
    beaten: float


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Areas over the perturbation curve (DeYoung et al. 2020, ERASER), for one way of removal.

    ``removal``: "mask" (filler in place), "delete" (tokens go) or "revert" (lines are taken back). The output is the logit
    towards the verdict that the model gives: of "flagged" for a flagged change, of "not flagged" else.
    ``comprehensiveness``: what it loses, in the mean over ``FRACTIONS``, when the parts that speak most for the verdict go;
    higher is better. ``sufficiency``: what it loses when they alone stay; lower is better.
    ``best`` and ``worst``: the comprehensiveness of the best and worst order found (greedy search by slopes or by
    scores, the explanation's own and the random ones); ``normalised`` is where the explanation lies between them, 0 to 1
    (normalised AOPC, Edin et al. 2024); None where all orders are alike.
    ``parts`` were ranked, ``orders`` random orders drawn.
    """

    removal: str
    comprehensiveness: Against
    sufficiency: Against
    best: float
    worst: float
    parts: int
    orders: int

    @property
    def normalised(self) -> float | None:
        """Where the comprehensiveness lies between ``worst`` and ``best``."""
        reach = self.best - self.worst
        return (self.comprehensiveness.value - self.worst) / reach if reach > 0 else None

    @property
    def above_chance(self) -> bool:
        """Whether the comprehensiveness is above where 95 % of the random orders lie."""
        return self.comprehensiveness.value > self.comprehensiveness.high


@dataclass(frozen=True, slots=True)
class Agreement:
    """Another explanation of the same change, or of a harmless variant of it, beside this one, by line.

    ``other`` says which. ``correlation``: Spearman's, of the values of the lines that both have; None with fewer than
    three lines or without differences. ``overlap``: the share of the five strongest lines (by absolute value; fewer where there
    are fewer) that both name.
    """

    other: str
    correlation: float | None
    overlap: float


@dataclass(frozen=True, slots=True)
class Unread:
    """What the model never saw: tokens, and changed lines, of how many; ``units`` are theirs."""

    tokens: int
    of_tokens: int
    lines: int
    of_lines: int
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What sanity checks found against a method, in sentences.

    ``warnings``: with the checkpoint itself; they weaken every explanation by it. ``cautions``: with small models of its kind
    that learnt something known; they tell what the method may miss, and nothing of one explanation.
    """

    warnings: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


NO_RECORD = Record()
"""Of a method that nothing was found against, or that was not examined."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict in a word, and every reason for it that is not "usable", the gravest first."""

    word: Word
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """All that was measured of one explanation; ``done`` of ``steps`` steps so far, ``doing`` the next in words.

    ``record``: what sanity checks found once for the method and this checkpoint. ``queries`` counts the scorings that measuring
    took, beside those of the explanations that it was compared with.
    """

    method: str
    relative_gap: float
    converged: bool
    unread: Unread
    faithfulness: tuple[Faithfulness, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    stability: tuple[Agreement, ...] = ()
    largest_error: float | None = None
    record: Record = NO_RECORD
    queries: int = 0
    done: int = 0
    steps: int = 0
    doing: str = ""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to measure."""
        return self.done == self.steps
