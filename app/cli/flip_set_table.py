"""The table of ``whydiff flip DATASET -o FLIPS.parquet``: one row a flagged change, whole at any time, and added to."""

from __future__ import annotations

import json
from dataclasses import asdict, astuple
from typing import Any

import pyarrow as pa

from app.cli.set_table import Form
from explain.counterfactual.types import Edit, SearchOptions
from explain.survey.record import Answer, Flip, Question, Surveyed, Touched
from models.change.types import Unit

_ANSWER = pa.struct([("question", pa.string()), ("offered", pa.int64()), ("tried", pa.int64()), ("flips", pa.bool_())])
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "diff_id", "project", "language")),
        ("languages", pa.list_(pa.string())),
        ("components", pa.list_(pa.string())),
        ("split", pa.string()),
        ("label", pa.int8()),
        ("score", pa.float64()),
        ("threshold", pa.float64()),
        ("found", pa.bool_()),
        ("operator", pa.string()),
        ("edits", pa.string()),
        ("edit_count", pa.int64()),
        ("lines", pa.int64()),
        ("characters", pa.int64()),
        ("words", pa.list_(pa.string())),
        ("paths", pa.list_(pa.string())),
        *((f"only_{name}", pa.bool_()) for name in ("comments", "message", "tests", "docs")),
        ("score_after", pa.float64()),
        ("minimality", pa.string()),
        ("verified", pa.bool_()),
        ("one_line", pa.bool_()),
        ("one_edit", pa.bool_()),
        ("answers", pa.list_(_ANSWER)),
        ("queries", pa.int64()),
        ("stopped", pa.string()),
        ("seconds", pa.float64()),
    ]
)


def flags_of(options: SearchOptions, masked: dict[str, str] | None) -> dict[str, Any]:
    """The flags that what is found depends on, as JSON would give them back.

    ``masked`` is the masked language model, None for the shipped one; folders have names, but its digest counts.
    """
    lists = {"operators": ",".join(options.operators), "protect": ",".join(options.protect)}
    return {"masked_model": masked and masked["id"]} | asdict(options) | lists


def _cells(one: Surveyed) -> dict[str, Any]:
    cells = {name: getattr(one, name) for name in SCHEMA.names if hasattr(one, name)}
    cells |= {"found": one.flip is not None, "answers": [asdict(answer) for answer in one.answers]}
    return cells if one.flip is None else cells | _of_flip(one.flip)


def _of_flip(flip: Flip) -> dict[str, Any]:
    touched = flip.touched
    edits = [{"unit": astuple(edit.unit), "replacement": edit.replacement} for edit in flip.edits]
    return {
        "operator": flip.operator,
        "edits": json.dumps(edits),
        "edit_count": len(flip.edits),
        "lines": touched.lines,
        "characters": touched.characters,
        "words": touched.words,
        "paths": touched.paths,
        "only_comments": touched.comments,
        "only_message": touched.message,
        "only_tests": touched.tests,
        "only_docs": touched.docs,
        "score_after": flip.score,
        "minimality": flip.minimality,
        "verified": flip.verified,
    }


def _record(row: dict[str, Any]) -> Surveyed:
    named = ("id", "diff_id", "project", "language", "split", "label", "score", "threshold", "one_line", "one_edit")
    answers = (Answer(Question(one["question"]), one["offered"], one["tried"], one["flips"]) for one in row["answers"])
    return Surveyed(
        **{name: row[name] for name in (*named, "queries", "stopped", "seconds")},
        languages=tuple(row["languages"]),
        components=tuple(row["components"]),
        flip=_flip(row) if row["found"] else None,
        answers=tuple(answers),
    )


def _flip(row: dict[str, Any]) -> Flip:
    edits = (Edit(row["operator"], Unit(*one["unit"]), one["replacement"]) for one in json.loads(row["edits"]))
    words, paths = tuple(row["words"]), tuple(row["paths"])
    only = [row[f"only_{name}"] for name in ("comments", "message", "tests", "docs")]
    touched = Touched(row["lines"], row["characters"], words, paths, *only)
    return Flip(row["operator"], tuple(edits), touched, row["score_after"], row["minimality"], row["verified"])


FLIPS = Form("flip", "FLIPS.parquet", "flagged", "whydiff/flips/1", SCHEMA, _cells, _record)
