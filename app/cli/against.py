"""Two models about one change: all that ``whydiff explain --against`` says, before it takes a form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.cli.explanation import Explanation
from app.cli.places import Places
from explain.compare.lines import Comparison, Pair, compare
from explain.compare.wording import FIRST, SECOND, WHY_SHARES, agreement, baselines, verdicts
from models.change.types import Diff, Level, Unit

__all__ = ["COLUMNS", "FIRST", "SECOND", "WHY_SHARES", "Both"]
COLUMNS = ("shift", FIRST, SECOND, f"{SECOND} - {FIRST}", f"share {FIRST}", f"share {SECOND}", "place", "kind", "text")
"""Of the table of units: the first six are numbers."""


@dataclass(frozen=True)
class Both:
    """The explanations of one change by the model that was named (A) and by the one it is held against (B)."""

    first: Explanation
    second: Explanation

    @property
    def diff(self) -> Diff:
        """The change."""
        return self.first.diff

    @cached_property
    def comparison(self) -> Comparison:
        """At the wanted level."""
        return compare(self.first.attribution, self.second.attribution, self.first.level)

    @cached_property
    def lines(self) -> dict[Unit, float]:
        """The shift of every line's share, in percent."""
        pairs = compare(self.first.attribution, self.second.attribution, Level.LINE).pairs
        return {pair.unit: 100 * pair.shift for pair in pairs if not pair.name}

    @cached_property
    def unread(self) -> frozenset[Unit]:
        """What neither model read to its end."""
        return self.first.unread & self.second.unread

    @cached_property
    def largest(self) -> float:
        """The largest shift of a line, above 0."""
        return max((abs(value) for unit, value in self.lines.items() if unit.line >= 0 and unit.file >= 0), default=0.0) or 1.0

    def named(self) -> tuple[tuple[str, Explanation], ...]:
        """Each explanation with the letter of its model."""
        return (FIRST, self.first), (SECOND, self.second)

    def verdict(self) -> str:
        """Whether the two agree, in words."""
        return verdicts(self.first.prediction.flagged, self.second.prediction.flagged)

    def agreement(self) -> str:
        """How alike the reasons are, in words."""
        differ = baselines(self.first.attribution.baseline, self.second.attribution.baseline)
        return agreement(self.comparison) + (f" {differ}" if differ else "")

    def places(self, pair: Pair) -> Places:
        """Where the unit of a pair is in words: the model that has it knows what its numbers are."""
        return self.second.places if pair.first is None else self.first.places

    def numbers(self, pair: Pair) -> tuple[str, ...]:
        """The first six of ``COLUMNS``; a dash where a model has no value."""
        values = ("-" if value is None else f"{value:+.3f}" for value in (pair.first, pair.second))
        shares = (f"{100 * share:+.1f} %" for share in (pair.first_share, pair.second_share))
        return f"{100 * pair.shift:+.1f} %", *values, f"{pair.difference:+.3f}", *shares

    def payload(self) -> dict[str, Any]:
        """The JSON of the contract: that of A, with all of B and the comparison in ``against``."""
        second = {name: part for name, part in self.second.payload().items() if name not in {"schema", "diff_id"}}
        found = self.comparison
        difference = {
            "level": found.level.value,
            "ranked_by": "shift",
            "rank_correlation": found.rank_correlation,
            "common": found.common,
            "top": found.top,
            "shared": found.shared,
            "units": [self._unit(pair) for pair in found.pairs],
        }
        return self.first.payload() | {"against": second | {"difference": difference}}

    def _unit(self, pair: Pair) -> dict[str, Any]:
        places = self.places(pair)
        return places.payload(pair.unit) | {
            "text": places.excerpt(pair.unit),
            "value": pair.first,
            "against": pair.second,
            "difference": pair.difference,
            "share": pair.first_share,
            "share_against": pair.second_share,
            "shift": pair.shift,
        }
