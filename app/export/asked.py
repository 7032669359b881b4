"""What a meeting pack is to hold, and the command that makes it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

AUTO = "auto"
METRICS = ("recall", "precision", "fpr")
"""What is measured unless asked otherwise; slices are in the order of the first."""
KIND = "accuracy"
"""What a weak slice suffers in unless asked otherwise."""
USUAL = (("language",), ("component",), ("component", "language"), ("kind",))
"""What slices are made of unless asked otherwise, as far as there are such columns."""
MOST_NOTES = 200_000
"""Characters that notes may have."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the pack is to hold; ``kind`` of weakness to search for, "" for none; ``command`` that makes it again.

    ``cluster``: a column, "auto" or "none". ``ratio``: what a miss costs in needless flags, None for no thresholds.
    """

    predictions: tuple[Path, ...]
    model: str = ""
    where: str = ""
    by: tuple[tuple[str, ...], ...] = ()
    metrics: tuple[str, ...] = METRICS
    cluster: str = AUTO
    kind: str = ""
    ratio: float | None = None
    title: str = ""
    decisions: tuple[str, ...] = ()
    remarks: str = ""
    command: str = ""


def again(asked: Asked, notes: str = "", form: str = "html", output: str = "") -> str:
    """The command that makes this pack, for a shell; ``notes``: the name of the file that holds them."""
    paths = [str(path) for path in asked.predictions]
    end = ["--"] if any(one.startswith("-") for one in paths) else []
    return shlex.join(["whydiff", "report", *_flags(asked, notes, form, output), *end, *paths])


def _flags(asked: Asked, notes: str, form: str, output: str) -> Iterator[str]:
    given = (
        ("model", asked.model, ""),
        ("where", asked.where, ""),
        *(("by", ",".join(one), "") for one in asked.by),
        ("metrics", ",".join(asked.metrics), ",".join(METRICS)),
        ("cluster", asked.cluster, AUTO),
        ("kind", asked.kind or KIND, KIND),
        ("threshold-cost", "" if asked.ratio is None else f"{asked.ratio}".removesuffix(".0"), ""),
        ("title", asked.title, ""),
        *(("decision", one, None) for one in asked.decisions),
        ("notes", notes, ""),
        ("format", form, "html"),
        ("output", output, ""),
    )
    for name, value, standard in given:
        if value != standard:
            yield from (f"--{name}", value)
    if asked.kind:
        yield "--discover"
