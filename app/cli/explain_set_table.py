"""The table of ``whydiff explain DATASET -o EXPLAINED.parquet``: one row a change, with what its words add."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pyarrow as pa

from app.cli.set_table import Form
from explain.attribution.options import AttributionOptions
from explain.overall.record import Explained, Part
from explain.survey.feature import Feature

_PART = pa.struct([("where", pa.string()), ("text", pa.string()), ("value", pa.float64()), ("place", pa.string())])
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "diff_id", "project", "language")),
        ("components", pa.list_(pa.string())),
        ("split", pa.string()),
        ("label", pa.int8()),
        ("score", pa.float64()),
        ("threshold", pa.float64()),
        ("method", pa.string()),
        ("baseline", pa.string()),
        ("output", pa.float64()),
        ("baseline_output", pa.float64()),
        ("mass", pa.float64()),
        ("converged", pa.bool_()),
        ("steps", pa.int64()),
        ("seconds", pa.float64()),
        ("parts", pa.list_(_PART)),
    ]
)


def flags_of(method: str, options: AttributionOptions) -> dict[str, Any]:
    """The flags that what is found depends on, as JSON would give them back; ``method`` is never "auto"."""
    return {"method": method} | asdict(options)


def _cells(one: Explained) -> dict[str, Any]:
    cells = {name: getattr(one, name) for name in SCHEMA.names}
    parts = [
        {"where": part.feature.where, "text": part.feature.text, "value": part.value, "place": part.place} for part in one.parts
    ]
    return cells | {"parts": parts}


def _record(row: dict[str, Any]) -> Explained:
    parts = tuple(Part(Feature(one["where"], one["text"]), one["value"], one["place"]) for one in row["parts"])
    return Explained(**(row | {"components": tuple(row["components"]), "parts": parts}))


EXPLAINED = Form("explain", "EXPLAINED.parquet", "explained", "whydiff/explained/1", SCHEMA, _cells, _record)
