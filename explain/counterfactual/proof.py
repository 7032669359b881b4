"""What it would take to prove an answer the smallest: how many sets of edits are left to look through."""

from __future__ import annotations

from dataclasses import replace
from math import comb

from explain.counterfactual.types import Counterfactual, Minimality, SearchOptions, SearchResult

PROOF_SECONDS = 3600.0
"""How long a proof may take."""
_MOST = 1_000_000
"""What a budget may be at most."""


def left_to_score(result: SearchResult, flip: Counterfactual) -> int:
    """At most how many more queries until every set of fewer edits than ``flip`` has was scored; 0 where that is known.

    Sets of sizes that were scored in part are counted in full, and sets that render to one text as often as they come.
    """
    if flip.certificate.minimality is Minimality.CARDINALITY:
        return 0
    covered = next(one for one in result.coverage if one.operator == flip.certificate.operator)
    return sum(comb(covered.units, size) for size in range(covered.complete + 1, flip.certificate.size))


def proof_budget(result: SearchResult) -> int | None:
    """A budget with which the search can look through all sets smaller than its first answer; None where that is done or no use.

    Twice what is known to be needed, because the search makes its way anew, and what it proves is what it then finds.
    """
    left = left_to_score(result, result.counterfactuals[0]) if result.counterfactuals else 0
    budget = 2 * (result.queries + left)
    return budget if left > 0 and budget <= _MOST else None


def proving(options: SearchOptions, result: SearchResult) -> SearchOptions | None:
    """``options`` with the budget and the time that ``proof_budget`` takes; None where there is no such budget."""
    budget = proof_budget(result)
    return replace(options, budget=budget, seconds=max(PROOF_SECONDS, options.seconds)) if budget else None
