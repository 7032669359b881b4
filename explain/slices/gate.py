"""Gates on slices: "recall[language=Go] < 0.6" trips only when the whole 95 % interval lies where the condition says.

    gate      = metric ["[" condition {"," condition} "]"] sign number ["%"]
    condition = column "=" value
    sign      = "<" | "<=" | ">" | ">="

A value with a comma or a bracket stands in single quotes, a quote in it twice. Without conditions the gate is on all rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from explain.slices.counts import attributes, slices_of
from explain.slices.metrics import MetricOptions, get, measure
from explain.slices.types import MISSING, NOT_KNOWN, Condition, Estimate, Slice, Table
from models.errors import UsageError

_GATE = re.compile(
    r"\s*(?P<metric>[\w-]{1,60})\s*(?P<slice>\[.*\])?\s*(?P<sign><=|>=|<|>)\s*(?P<number>[^\s%]{1,40})\s*(?P<percent>%?)\s*"
)
_CONDITION = re.compile(
    r"\s*(?P<column>[^=\[\],']{1,200}?)\s*=\s*(?:'(?P<quoted>(?:[^']|'')*)'|(?P<plain>[^,\[\]']*?))\s*(?:,|$)"
)
_MOST = 2000
_EXAMPLE = 'write such as "recall[language=Go] < 0.6"'


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition on a metric of a slice, as written in ``text``."""

    text: str
    metric: str
    slice: Slice
    sign: str
    bound: float

    @property
    def columns(self) -> tuple[str, ...]:
        """The attributes that the slice is made of."""
        return tuple(one.column for one in self.slice)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate came to; ``tripped`` None: the metric is undefined there, which trips nothing."""

    gate: Gate
    estimate: Estimate
    tripped: bool | None

    def sentence(self) -> str:
        """For people."""
        if self.tripped is None:
            return f"The gate {self.gate.text} was not judged, because {self.gate.metric} is undefined there."
        said = "trips" if self.tripped else "does not trip"
        one = self.estimate
        return f"The gate {self.gate.text} {said}: {one.value:.3f} [{one.low:.3f}, {one.high:.3f}], counted on {one.n:,.0f}."


def parse(text: str) -> Gate:
    """The gate in ``text``. Raises UsageError."""
    found = _GATE.fullmatch(text) if len(text) <= _MOST else None
    if found is None:
        raise UsageError(f"Expected a gate, but got {text!r:.120}; {_EXAMPLE}.")
    bound = _number(found["number"])
    if not math.isfinite(bound):
        raise UsageError(f"Expected a number in the gate {text!r:.120}, but got {found['number']!r}; {_EXAMPLE}.")
    metric = get(found["metric"].lower()).name
    conditions = _conditions(text, (found["slice"] or "[]")[1:-1])
    return Gate(text.strip(), metric, conditions, found["sign"], bound / 100 if found["percent"] else bound)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _conditions(text: str, inside: str) -> Slice:
    found: list[Condition] = []
    at = 0
    while at < len(inside.rstrip()):
        match = _CONDITION.match(inside, at)
        if match is None:
            raise UsageError(
                f"Expected column=value in the gate {text!r:.120}, but got {inside[at:]!r:.80}; {_EXAMPLE}, odd values in quotes."
            )
        value = match["plain"] if match["quoted"] is None else match["quoted"].replace("''", "'")
        found.append(Condition(match["column"], MISSING if value == NOT_KNOWN else value))
        at = match.end()
    if len({one.column for one in found}) < len(found):
        raise UsageError(f"Expected each column once in the gate {text!r:.120}; a value of each is a slice.")
    return tuple(sorted(found))


def trips(sign: str, bound: float, estimate: Estimate) -> bool | None:
    """Whether all of the interval meets "``sign`` ``bound``"; None where the metric is undefined."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    end = estimate.high if sign in ("<", "<=") else estimate.low
    return {"<": end < bound, "<=": end <= bound, ">": end > bound, ">=": end >= bound}[sign]


def judge(table: Table, gates: Sequence[Gate], options: MetricOptions | None = None) -> tuple[Verdict, ...]:
    """The verdicts on ``table``, which has the columns of all ``gates``. A slice without rows has undefined metrics."""
    return tuple(_judged(table, gate, options) for gate in gates)


def _judged(table: Table, gate: Gate, options: MetricOptions | None) -> Verdict:
    nothing = Estimate(None, None, None, 0.0)
    names = slices_of(attributes(table, gate.columns))
    place = next((n for n, one in enumerate(names) if one == gate.slice), None)
    if place is None:
        return Verdict(gate, nothing, None)
    _, found = measure(table, gate.columns, [gate.metric], options)
    estimate = found[gate.metric].at(place)
    return Verdict(gate, estimate, trips(gate.sign, gate.bound, estimate))
