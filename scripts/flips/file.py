"""What was measured as JSON lines, so that a run can be continued: ids and figures, never text of a diff."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from models.change.types import Diff
from models.classify.protocol import Classifier, Prediction
from scripts.flips.measure import Outcome, Record, Settings


def write(file: Path, settings: Settings, kind: str, values: Mapping[str, Any]) -> None:
    """Add one line of ``kind``; ``values`` name their ``row``."""
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps({"kind": kind, "settings": asdict(settings), **values}) + "\n")


def read_lines(file: Path, settings: Settings, kind: str) -> dict[str, dict[str, Any]]:
    """The lines of ``kind`` that were measured with ``settings``, by row; lines that were cut off are left out."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = [one for line in text.split("\n") for one in _line(line)]
    return {one["row"]: one for one in lines if one["kind"] == kind and one["settings"] == asdict(settings)}


def _line(line: str) -> list[dict[str, Any]]:
    try:
        return [json.loads(line)]
    except json.JSONDecodeError:
        return []


def lined(row: str, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """The values of a line with the outcomes of one diff."""
    return {"row": row, "outcomes": {key: asdict(one) for key, one in outcomes.items()}}


def record_of(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Record:
    """A record from its two lines."""
    lines = mine["outcomes"] | theirs["outcomes"]
    outcomes = {key: Outcome(**{**one, "members": tuple(one["members"])}) for key, one in lines.items()}
    fields = {name: theirs[name] for name in ("row", "language", "n", "exhausted", "optimum")}
    return Record(**fields, outcomes=outcomes)


class Verdicts:
    """A classifier that keeps its verdicts in the file: choosing the same rows again asks the one inside for nothing."""

    def __init__(self, classifier: Classifier, file: Path, settings: Settings) -> None:
        self.name, self.digest, self.threshold = classifier.name, classifier.digest, classifier.threshold
        self._inside, self._file, self._settings = classifier, file, settings
        self._known = read_lines(file, settings, "verdict")

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """The predictions, without what was not read."""
        return tuple(self._predict(diff) for diff in diffs)

    def _predict(self, diff: Diff) -> Prediction:
        if diff.id not in self._known:
            (answer,) = self._inside.predict([diff])
            self._known[diff.id] = {"row": diff.id, "prediction": asdict(replace(answer, unread=()))}
            write(self._file, self._settings, "verdict", self._known[diff.id])
        return Prediction(**{**self._known[diff.id]["prediction"], "unread": ()})
