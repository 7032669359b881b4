"""What a comparison of two models comes to, in the words of every output; A is the first model, B the second."""

from __future__ import annotations

from explain.compare.lines import Comparison

FIRST, SECOND = "A", "B"
WHY_SHARES = (
    "Ranked by the shift of a unit's share, which is its value by the sum of the absolute values of all units of that model: "
    "the logits of two models have scales of their own."
)


def verdicts(first: bool, second: bool) -> str:
    """Whether the two agree that the change is flagged."""
    if first != second:
        one, other = (FIRST, SECOND) if first else (SECOND, FIRST)
        return f"The models disagree: {one} flags this change, {other} does not."
    return "Both models flag this change." if first else "Neither model flags this change."


def agreement(found: Comparison) -> str:
    """How alike the reasons are."""
    order = "is not defined" if found.rank_correlation is None else f"is {found.rank_correlation:+.2f}"
    return (
        f"Reasons: the rank correlation of the values {order}, over {found.common:,} units that both models have of "
        f"{len(found.pairs):,}; of the {found.top:,} strongest units of each, {found.shared:,} are the same."
    )


def baselines(first: str, second: str) -> str:
    """What is to be said where the two are asked against different baselines; "" where they are not."""
    return "" if first == second else f"Their baselines differ (“{first}” and “{second}”): each is asked against its own."
