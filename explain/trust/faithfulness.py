"""Does the verdict hang on what the explanation names? Areas over perturbation curves, beside random orders and a ceiling."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from scipy.stats import t

from explain.attribution.types import Attribution
from explain.trust.removal import Curve
from explain.trust.types import Against, Faithfulness

ORDERS, LEAST = 20, 8
"""Random orders of a change of up to 1,000 parts, and of a very long one."""
_PARTS = 20_000
"""Parts times orders: longer changes get fewer random orders."""


def faithfulness(curve: Curve, attribution: Attribution, extreme: Sequence[Sequence[int]], seed: int) -> Faithfulness:
    """The faithfulness of ``attribution`` under the removal of ``curve``; ``extreme``: orders that lose much or little.

    Costs 10 queries, 10 for each random order (8 to 20 of them), and 5 for each extreme order.
    """
    orders = max(LEAST, min(ORDERS, _PARTS // len(curve.game.units)))
    own, shuffled = curve.order(attribution), curve.shuffled(orders, seed)
    value, by_chance = curve.comprehensiveness(own), [curve.comprehensiveness(one) for one in shuffled]
    kept, kept_by_chance = curve.sufficiency(own), [curve.sufficiency(one) for one in shuffled]
    reached = [value, *by_chance, *(curve.comprehensiveness(one) for one in extreme)]
    return Faithfulness(
        removal=curve.removal,
        comprehensiveness=against(value, by_chance, higher_is_better=True),
        sufficiency=against(kept, kept_by_chance, higher_is_better=False),
        best=max(reached),
        worst=min(reached),
        parts=len(curve.game.units),
        orders=orders,
    )


def against(value: float, chance: Sequence[float], higher_is_better: bool) -> Against:
    """``value`` beside what random orders came to.

    The interval is where 95 % of further random orders are expected (Student's prediction interval), since a mean over many
    parts is about normal.
    """
    mean, n = statistics.fmean(chance), len(chance)
    reach = float(t.ppf(0.975, n - 1)) * statistics.stdev(chance) * math.sqrt(1 + 1 / n)
    worse = sum(one < value if higher_is_better else one > value for one in chance)
    return Against(value, mean, mean - reach, mean + reach, worse / n)
