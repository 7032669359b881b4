"""What a run reported on its way, kept beside it: one JSON object a line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from models.train.report import Report

CURVES = "curves.jsonl"


def recorded(reports: Iterable[Report], path: Path) -> Iterator[Report]:
    """``reports``, each also appended to the file ``path``.

    A run that goes on drops what the file says of steps that are done again.
    """
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, report in enumerate(reports):
        if number == 0:
            lines = [line for line in lines if _before(json.loads(line), report)]
            path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({name: value for name, value in asdict(report).items() if _known(value)}) + "\n")
        yield report


def read_curves(path: Path) -> tuple[Report, ...]:
    """The reports in ``path``, none where there is no such file; a last line that was cut off is left out."""
    reports = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            values = json.loads(line)
        except ValueError:
            continue
        numbers = {name: values.get(name, math.nan) for name in ("done", "loss", "tokens_per_second", "seconds_left")}
        reports.append(Report(step=values["step"], auc=values.get("auc"), stage=values.get("stage", ""), **numbers))
    return tuple(reports)


def _known(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _before(line: dict[str, object], report: Report) -> bool:
    return line["stage"] != report.stage or int(str(line["step"])) < report.step
