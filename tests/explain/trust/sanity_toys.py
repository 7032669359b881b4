"""Figures of sanity checks written by hand."""

from __future__ import annotations

import json
from typing import Any

from explain.trust.sanity import Agreement, Found, Planted, Relabelled, Sanity, Stage
from explain.trust.sanity_options import SanityOptions
from models.evaluate.bootstrap import Estimate


def agreement(rho: float | None, method: str = "occlusion", level: str = "line", chance: float = 0.15) -> Agreement:
    around = Estimate(None) if rho is None else Estimate(rho, rho - 0.05, rho + 0.05)
    return Agreement(method, level, around, chance, 0.4, 8)


def planted(rule: str, share: float, method: str = "occlusion", level: str = "line", accuracy: float = 1.0) -> Planted:
    found = Found(method, level, Estimate(share, max(0.0, share - 0.1), min(1.0, share + 0.1)), 0.2)
    return Planted(rule, "a rule", Estimate(accuracy, accuracy - 0.02, accuracy), 200, 40, 38, (found,))


def figures(top: float | None = 0.4, last: float | None = 0.1, lot: float | None = 0.1, **rules: float) -> Sanity:
    """Figures of occlusion; ``rules``: what it found, by rule, with underscores for blanks."""
    return Sanity(
        model="small",
        digest="0123456789abcdef",
        options=SanityOptions(),
        about="8 of the 28 sample diffs",
        stages=(Stage("head", (agreement(top),)), Stage("embeddings", (agreement(last),))),
        relabelled=(Relabelled("A copy", 0.9, (agreement(lot),)),),
        planted=tuple(planted(rule.replace("_", " "), share) for rule, share in rules.items()),
    )


def card(report: Sanity) -> dict[str, Any]:
    """As it comes back from a card.json."""
    data: dict[str, Any] = json.loads(json.dumps({"sanity": report.payload()}, allow_nan=False))
    return data
