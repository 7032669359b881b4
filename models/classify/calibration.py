"""From a model's raw logit to a calibrated score and back, as data that fits into JSON.

Every calibration is strictly increasing, so it changes no ranking, and ``logit`` is the inverse of ``score``.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

MOST_KNOTS = 1_000
_TAIL = 1e-3
"""Rise of the log-odds for each logit beyond the outermost knots: small, because nothing was measured there."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """score = sigmoid(slope * logit + intercept), slope > 0: Platt scaling (Platt 1999).

    Without an intercept it is temperature scaling (Guo et al. 2017), the temperature being 1 / slope.
    Raises ValueError for a slope that is not positive and finite, or an intercept that is not finite.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.slope < math.inf and math.isfinite(self.intercept)):
            raise ValueError(f"expected a positive slope and a finite intercept, got {self.slope} and {self.intercept}")

    @property
    def method(self) -> str:
        """The name of the method."""
        return "platt" if self.intercept else "temperature"

    def score(self, logit: float) -> float:
        """The calibrated probability of "flagged" for a raw logit."""
        return _sigmoid(self.slope * logit + self.intercept)

    def logit(self, score: float) -> float:
        """The raw logit with this calibrated score, 0 < score < 1."""
        return (_log_odds(score) - self.intercept) / self.slope

    def payload(self) -> dict[str, Any]:
        """What is stored in JSON."""
        return {"method": self.method, "slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Straight lines between knots (Zadrozny & Elkan 2002): ``scores`` at ``logits``, both strictly increasing.

    Beyond the outermost knots the log-odds go on rising, by a thousandth for each logit. Raises ValueError unless there
    are 2 to 1,000 knots of finite logits and of scores between 0 and 1.
    """

    logits: tuple[float, ...]
    scores: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.logits) <= MOST_KNOTS or len(self.logits) != len(self.scores):
            raise ValueError(f"expected 2 to {MOST_KNOTS} knots, got {len(self.logits)} logits and {len(self.scores)} scores")
        if not all(map(math.isfinite, self.logits)) or not all(0 < one < 1 for one in self.scores):
            raise ValueError("expected finite logits and scores between 0 and 1 as knots")
        if any(a >= b for values in (self.logits, self.scores) for a, b in pairwise(values)):
            raise ValueError("expected knots that strictly increase")

    @property
    def method(self) -> str:
        """The name of the method."""
        return "isotonic"

    def score(self, logit: float) -> float:
        """The calibrated probability of "flagged" for a raw logit."""
        end = _end(self.logits, logit)
        if end is not None:
            return _sigmoid(_log_odds(self.scores[end]) + _TAIL * (logit - self.logits[end]))
        return _between(self.logits, self.scores, logit)

    def logit(self, score: float) -> float:
        """The raw logit with this calibrated score, 0 < score < 1."""
        end = _end(self.scores, score)
        if end is not None:
            return self.logits[end] + (_log_odds(score) - _log_odds(self.scores[end])) / _TAIL
        return _between(self.scores, self.logits, score)

    def payload(self) -> dict[str, Any]:
        """What is stored in JSON."""
        return {"method": self.method, "logits": list(self.logits), "scores": list(self.scores)}


AnyCalibration = Calibration | Isotonic


def read_calibration(data: Any) -> AnyCalibration:
    """The calibration that ``payload`` stored; without "method" it is Platt scaling.

    Raises ValueError for whatever is none.
    """
    if not isinstance(data, dict):
        raise ValueError(f"calibration is a {type(data).__name__}, expected an object")
    method = data.get("method", "platt")
    if method == "isotonic":
        return Isotonic(_numbers(data, "logits"), _numbers(data, "scores"))
    if method not in ("platt", "temperature"):
        raise ValueError(f"calibration.method is {str(method)[:40]!r}, expected platt, temperature or isotonic")
    intercept = number(data.get("intercept", 0.0 if method == "temperature" else None), "calibration.intercept")
    if method == "temperature" and intercept:
        raise ValueError(f"calibration.intercept is {intercept}, expected 0 with the method temperature")
    return Calibration(number(data.get("slope"), "calibration.slope"), intercept)


def number(value: object, name: str) -> float:
    """``value`` as a float; raises ValueError for what is no finite number, naming it ``name``."""
    if type(value) not in (int, float) or not isinstance(value, int | float) or not abs(value) <= 1e300:
        raise ValueError(f"{name} is {str(value)[:40]}, expected a number")
    return float(value)


def _numbers(data: dict[str, Any], name: str) -> tuple[float, ...]:
    values = data.get(name)
    if not isinstance(values, list) or len(values) > MOST_KNOTS:
        raise ValueError(f"calibration.{name} should be a list of at most {MOST_KNOTS} numbers")
    return tuple(number(one, f"calibration.{name}") for one in values)


def _end(knots: tuple[float, ...], value: float) -> int | None:
    """The index of the outermost knot that ``value`` lies beyond, or None."""
    if value < knots[0]:
        return 0
    return len(knots) - 1 if value >= knots[-1] else None


def _between(knots: tuple[float, ...], values: tuple[float, ...], at: float) -> float:
    """The value at ``at``, knots[0] <= at < knots[-1], on the straight line between its two knots."""
    i = bisect_right(knots, at)
    share = (at - knots[i - 1]) / (knots[i] - knots[i - 1])
    return min(values[i], values[i - 1] + share * (values[i] - values[i - 1]))


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


def _log_odds(score: float) -> float:
    return math.log(score / (1 - score))
