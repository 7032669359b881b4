"""Slices and weak slices as the JSON of ``whydiff slice`` and ``whydiff report`` has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explain.slices.source import Model
    from explain.slices.types import Discovery, Slice, SliceReport

SCHEMA = "whydiff/slice/1"


def head(model: Model, where: str, cluster: str, notes: Sequence[str]) -> dict[str, Any]:
    """What the figures are about."""
    about = {"name": model.name, "kind": model.kind, "digest": model.digest, "threshold": model.threshold}
    return {"schema": SCHEMA, "model": about, "where": where, "cluster": cluster, "notes": list(notes)}


def grouped(by: Sequence[str], metrics: Sequence[str], reports: Sequence[SliceReport]) -> dict[str, Any]:
    """ "by", "metrics", and the slices, all rows first."""
    rows = [
        {
            "conditions": _conditions(one.slice),
            "rows": one.rows,
            "share": one.share,
            "few": one.few,
            "metrics": {name: asdict(own) for name, own in one.estimates.items()},
        }
        for one in reports
    ]
    return {"by": list(by), "metrics": list(metrics), "all": rows[0], "slices": rows[1:]}


def discovered(found: Discovery) -> dict[str, Any]:
    """ "discovery": the weak slices and what was looked at."""
    from explain.slices.actions import ACTIONS

    weak = [
        {
            **{name: asdict(getattr(one, name)) for name in ("rate", "rest", "difference", "ratio")},
            "conditions": _conditions(one.slice),
            "rows": one.rows,
            "p": one.p,
            "parent": None if one.parent is None else _conditions(one.parent),
            "action": one.action,
            "advice": ACTIONS[one.action],
            "reason": one.reason,
        }
        for one in found.found
    ]
    counted = {name: getattr(found, name) for name in ("kind", "level", "screened", "candidates", "rows", "confirming")}
    return {"discovery": {**counted, "found": weak}}


def _conditions(one: Slice) -> list[dict[str, str]]:
    return [{"column": each.column, "value": each.value} for each in one]
