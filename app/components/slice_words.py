"""Slices and their figures in words, as the Slices page writes them everywhere."""

from __future__ import annotations

from explain.slices.group import proven_side
from explain.slices.metrics import METRICS, get
from explain.slices.types import MISSING, NOT_KNOWN, Estimate, Slice, SliceReport

PERCENT = frozenset(
    {"accuracy", "precision", "recall", "fpr", "recall-at-effort", "caught", "flagged", "base-rate"},
)
"""Metrics that are shares of changes, and shown in percent."""
TITLES = {one.name: one.title for one in METRICS}
ALL = "all changes"


def valued(value: str) -> str:
    """A value of an attribute, also one that is not known."""
    return NOT_KNOWN if value == MISSING else value


def named(where: Slice, by: tuple[str, ...]) -> str:
    """The values of a slice in the order of the attributes ``by``."""
    values = {one.column: valued(one.value) for one in where}
    return " · ".join(values[name] for name in by if name in values) or ALL


def scale(metric: str) -> float:
    """What a value is multiplied by to be shown."""
    return 100.0 if metric in PERCENT else 1.0


def axis(metric: str) -> str:
    """The title of an axis."""
    return TITLES[metric] + (" (%)" if metric in PERCENT else "")


def number(metric: str, value: float | None) -> str:
    """A value with its unit."""
    if value is None:
        return "undefined"
    return f"{100 * value:.1f} %" if metric in PERCENT else f"{value:.3f}"


def ends(metric: str, one: Estimate) -> str:
    """The interval in brackets; "" where there is none."""
    if one.low is None or one.high is None:
        return ""
    if metric in PERCENT:
        return f" [{100 * one.low:.1f}, {100 * one.high:.1f}]"
    return f" [{one.low:.3f}, {one.high:.3f}]"


def estimated(metric: str, one: Estimate) -> str:
    """A value with its interval and the trials that it was counted on."""
    return f"{number(metric, one.value)}{ends(metric, one)}, n = {one.n:,.0f}"


def beside(metric: str, one: Estimate, whole: Estimate) -> int:
    """-1 where the whole interval is worse than the value over all changes, 1 where it is better, else 0."""
    return proven_side(one, whole, get(metric).direction)


def proven_worse(metric: str, slices: tuple[SliceReport, ...], whole: SliceReport) -> tuple[SliceReport, ...]:
    """The slices whose whole interval is worse than the value over all changes."""
    return tuple(one for one in slices if beside(metric, one.estimates[metric], whole.estimates[metric]) < 0)
