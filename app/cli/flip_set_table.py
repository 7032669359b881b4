"""The table of ``whydiff flip DATASET -o FLIPS.parquet``: one row a flagged change, whole at any time, and added to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from app.cli.flip_set_rows import Rows
from app.cli.output import replacing
from explain.counterfactual.types import Edit, SearchOptions
from explain.survey.record import Answer, Flip, Passed, Question, Reason, Surveyed, Touched
from models.change.types import Unit
from models.classify.protocol import Classifier
from models.errors import UsageError

VERSION = "whydiff/flips/1"
_METADATA = b"whydiff/flips"
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


Settings = dict[str, Any]
"""All that what is found depends on: rows of another model or another search are never mixed into one table."""


def settings_of(classifier: Classifier, options: SearchOptions, rows: Rows, masked: dict[str, str] | None) -> Settings:
    """The settings of a run, as JSON would give them back; a flag is called as on the command line.

    ``masked`` is the masked language model, None for the shipped one; folders have names, but its digest counts.
    """
    lists = {"operators": ",".join(options.operators), "protect": ",".join(options.protect)}
    flags = {"split": rows.dataset.split, "seed": rows.seed, "masked_model": masked and masked["id"]} | asdict(options) | lists
    return {"model": classifier.digest, "flags": flags, "rows": rows.digest}


def _difference(before: Settings, now: Settings) -> str:
    """What an earlier run was made with, in words, where it is not what is asked for now."""
    if before["model"] != now["model"]:
        return "another model"
    old: dict[str, Any] = before["flags"]
    clash = [name for name in now["flags"] if old.get(name) != now["flags"][name]]
    if clash:
        given = (f"--{name.replace('_', '-')} {old[name]}" if old.get(name) is not None else f"no --{name}" for name in clash)
        return ", ".join(given)
    return "a dataset of other rows" if before["rows"] != now["rows"] else ""


@dataclass
class Kept:
    """What was found so far, and where it is saved (nowhere where ``path`` is None).

    ``seen`` counts the rows, in their order, that are done with: flagged ones in ``records``, the others in ``reasons``.
    """

    path: Path | None
    settings: Settings
    records: list[Surveyed] = field(default_factory=list)
    reasons: Counter[Reason] = field(default_factory=Counter)
    unnumbered: list[str] = field(default_factory=list)
    highest: float | None = None
    changed: bool = False

    @classmethod
    def open(cls, path: Path | None, settings: Settings) -> Kept:
        """What an earlier run with the same settings left in ``path``; raises UsageError for any other file there."""
        if path is None or not path.exists():
            return cls(path, settings)
        try:
            table = pq.read_table(path)
            state = json.loads((table.schema.metadata or {})[_METADATA])
            if state["version"] != VERSION or not table.schema.equals(SCHEMA):
                raise ValueError
            reasons = Counter({Reason(reason): count for reason, count in state["passed"].items()})
            records = [_record(row) for row in table.to_pylist()]
            different = _difference(state["settings"], settings)
            kept = cls(path, settings, records, reasons, state["unnumbered"], state["highest"])
        except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path} exists and is no table of this whydiff flip; name another file for -o.") from error
        if different:
            raise UsageError(f"{path} was made with {different}; use the same again, or name another file for -o.")
        return kept

    @property
    def seen(self) -> int:
        """Rows that are done with."""
        return len(self.records) + sum(self.reasons.values())

    def passed(self) -> Iterator[Passed]:
        """The rows that were passed over; only those without a number are called by their name."""
        for reason, count in self.reasons.items():
            names = self.unnumbered if reason is Reason.NO_NUMBER else [""] * count
            score = self.highest if reason is Reason.NOT_FLAGGED else None
            yield from (Passed(name, reason, score) for name in names)

    def add(self, one: Surveyed) -> None:
        """Take note of a flagged change."""
        self.records.append(one)
        self.changed = True

    def pass_over(self, one: Passed) -> None:
        """Take note of a row without a search."""
        self.reasons[one.reason] += 1
        if one.reason is Reason.NO_NUMBER:
            self.unnumbered.append(one.id)
        if one.score is not None:
            self.highest = max(one.score, self.highest or 0.0)
        self.changed = True

    def save(self) -> None:
        """Write the table, in place of the former one, if there is news."""
        if self.path is None or not self.changed:
            return
        state = {
            "version": VERSION,
            "settings": self.settings,
            "passed": {reason.value: count for reason, count in self.reasons.items()},
            "unnumbered": self.unnumbered,
            "highest": self.highest,
        }
        schema = SCHEMA.with_metadata({_METADATA: json.dumps(state).encode()})
        table = pa.Table.from_pylist([_cells(one) for one in self.records], schema=schema)
        with replacing(self.path) as temporary:
            pq.write_table(table, temporary, compression="zstd")
        self.changed = False


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
