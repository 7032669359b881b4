"""All that ``whydiff explain`` says about one diff, before it takes a form."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.cli.places import Places
from app.cli.precedents import payload as precedents_payload
from explain.attribution.registry import method
from explain.attribution.types import Attribution, UnitValue
from explain.trust.types import Trust
from explain.trust.verdict import verdict
from explain.trust.wording import conclusion, findings
from models.change.types import Diff, Level, Unit
from models.classify.bands import Band
from models.classify.protocol import Prediction

if TYPE_CHECKING:
    from explain.precedent.nearest import Precedents

SCHEMA = "whydiff/explain/1"
TOP = 10


@dataclass(frozen=True)
class Explanation:
    """A diff with its prediction, attribution and risk band; ``level`` is the one of the table of units."""

    diff: Diff
    model: dict[str, str]
    name: str
    prediction: Prediction
    attribution: Attribution
    level: Level
    band: Band | None = None
    trust: Trust | None = None
    precedents: Precedents | None = None

    @cached_property
    def places(self) -> Places:
        """The units of the diff in words."""
        return Places(self.diff, self.attribution.names)

    @cached_property
    def units(self) -> tuple[UnitValue, ...]:
        """The values at the wanted level, in reading order."""
        return self.attribution.at(self.level)

    @cached_property
    def lines(self) -> dict[Unit, float]:
        """Value by line unit (and by coarser unit for what is no line)."""
        return {one.unit: one.value for one in self.attribution.at(Level.LINE)}

    @cached_property
    def unread(self) -> frozenset[Unit]:
        """Lines (and coarser units) that the model did not see, or not to their end."""
        return frozenset(unit.at(Level.LINE) for unit in self.prediction.unread)

    @cached_property
    def largest(self) -> float:
        """The largest absolute value of a line, above 0."""
        return max((abs(value) for unit, value in self.lines.items() if unit.line >= 0 and unit.file >= 0), default=0.0) or 1.0

    def top(self, most: int = TOP) -> list[UnitValue]:
        """The units that push the most, either way."""
        ranked = sorted((one for one in self.units if one.value), key=lambda one: -abs(one.value))
        return ranked[:most]

    def payload(self) -> dict[str, Any]:
        """The JSON of the contract."""
        attribution, places = self.attribution, self.places
        return {
            "schema": SCHEMA,
            "model": self.model,
            "diff_id": self.diff.id,
            "prediction": verdict_payload(self.prediction) | ({"band": self.band.payload()} if self.band else {}),
            "truncation": {
                "tokens_read": self.prediction.tokens_read,
                "tokens_total": self.prediction.tokens_total,
                "unread_units": [places.payload(unit) for unit in self.prediction.unread],
            },
            "attribution": {
                "method": attribution.method,
                "target": attribution.target,
                "baseline": attribution.baseline,
                "level": self.level.value,
                "completeness_gap": attribution.completeness_gap,
                "units": [
                    places.payload(one.unit) | {"text": places.excerpt(one.unit), "value": one.value} for one in self.units
                ],
            },
            "trust": ({} if self.trust is None else measured(self.trust))
            | {
                "converged": attribution.converged,
                "relative_gap": attribution.relative_gap,
                "output": attribution.output,
                "baseline_output": attribution.baseline_output,
                "special_tokens": attribution.special,
                "steps": attribution.steps,
                "standard_errors": [
                    places.payload(unit) | {"standard_error": error} for unit, error in attribution.standard_errors
                ],
            },
        } | ({"precedents": precedents_payload(self.precedents)} if self.precedents else {})

    def verdict(self) -> str:
        """Score against threshold, in words, and what became of past changes of this risk."""
        prediction = self.prediction
        word = "Flagged" if prediction.flagged else "Not flagged"
        return (
            f"{word}: the model gives this change a {percent(prediction.score)} chance of deserving the flag "
            f"and flags from {percent(prediction.threshold)} on ({closeness(prediction)})."
            + (f" {self.band.sentence().capitalize()}." if self.band else "")
        )

    @property
    def signed(self) -> bool:
        """Whether values push towards a verdict."""
        return method(self.attribution.method).signed

    def how(self) -> str:
        """Method, baseline and what is left over, in words."""
        attribution = self.attribution
        if not self.signed:
            return (
                f"Where it looks: {attribution.method}. Values are shares of attention that sum to 1. They have no sign and "
                f"say nothing of for or against, nor of the output, {attribution.output:+.2f}."
            )
        gap = f"{attribution.completeness_gap:+.3f} ({attribution.relative_gap:.1%} of the change of the output)"
        state = "" if attribution.converged else "; it did NOT converge, take the values as rough"
        return (
            f"Why: {attribution.method} against the baseline “{attribution.baseline}”. Values are logits; the output goes "
            f"from {attribution.baseline_output:+.2f} (baseline) to {attribution.output:+.2f}. Left unexplained: {gap}{state}."
        )

    def believed(self) -> tuple[str, list[tuple[str, str]]]:
        """How far to believe it: the verdict in words, and what was measured; "" and none where nothing was."""
        return ("", []) if self.trust is None else (conclusion(self.trust), list(findings(self.trust)))

    def reading(self) -> str:
        """How much of the change the model read, in words."""
        prediction = self.prediction
        if not prediction.unread:
            return f"Read: all of it, {prediction.tokens_total:,} tokens."
        changed = sum(unit.line >= 0 and unit.file >= 0 and self.diff.line(unit).changed for unit in self.unread)
        rest = f"{len(self.unread):,} lines and headers were not read to their end"
        tokens = f"{prediction.tokens_read:,} of {prediction.tokens_total:,} tokens"
        return f"Read: {tokens}; {rest}, {changed:,} of them changed lines. What was not read could not matter."


def measured(trust: Trust) -> dict[str, Any]:
    """What was measured of an explanation, for the contract's "trust"."""
    found = verdict(trust)
    return {
        "verdict": found.word.value,
        "reasons": list(found.reasons),
        "cautions": list(trust.record.cautions),
        "faithfulness": [asdict(one) | {"normalised": one.normalised} for one in trust.faithfulness],
        "agreement": [asdict(one) for one in trust.agreement],
        "stability": [asdict(one) for one in trust.stability],
        "queries": trust.queries,
    }


def verdict_payload(prediction: Prediction) -> dict[str, Any]:
    """Score, threshold and verdict of the contract."""
    return {"score": prediction.score, "threshold": prediction.threshold, "flagged": prediction.flagged}


def percent(share: float) -> str:
    """A probability in words that never rounds to certainty."""
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return ">99.9 %"
    return f"{share * 100:.1f} %"


def closeness(prediction: Prediction) -> str:
    """How far the verdict is from turning, in words; by the logit's distance from the threshold."""
    distance = abs(prediction.margin)
    for limit, word in ((0.25, "a close call"), (1.0, "a moderate margin"), (2.5, "a clear margin")):
        if distance < limit:
            return word
    return "a wide margin"
