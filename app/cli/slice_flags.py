"""Flags of verbs that look at slices of predictions: which rows, and gates on their metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import say
from models.errors import UsageError

if TYPE_CHECKING:
    from explain.slices.gate import Gate, Verdict
    from explain.slices.load import Wanted
    from explain.slices.metrics import MetricOptions
    from explain.slices.source import Source

Where = Annotated[
    str | None,
    typer.Option(
        help="Only rows for which this expression holds, such as \"language = 'Go' and lines_added > 100\".", metavar="EXPR"
    ),
]


Cluster = Annotated[
    str,
    typer.Option(
        help="Rows of one value of this column are not independent: auto is project or author, where there is one; or none.",
        metavar="NAME",
    ),
]


@dataclass(frozen=True, slots=True)
class GateFlags:
    """Conditions on metrics that decide the exit code."""

    fail_if: Annotated[
        list[str],
        typer.Option(
            help='Exit with 1 if all of a metric\'s interval meets this, such as "recall[language=Go] < 0.6"; may be repeated.',
            metavar="GATE",
        ),
    ] = field(default_factory=list)

    def gates(self) -> tuple[Gate, ...]:
        """What was asked for; raises UsageError at once, before any work."""
        if not self.fail_if:
            return ()
        from explain.slices.gate import parse

        return tuple(map(parse, self.fail_if))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows."""

    where: Where = None
    slices: Annotated[Path | None, typer.Option(help="A file of slices by name, for --slice and --save.", metavar="FILE")] = None
    slice: Annotated[str | None, typer.Option(help="Only rows of the slice that was saved by this name.", metavar="NAME")] = None
    save: Annotated[str | None, typer.Option(help="Save the slice of --where by this name.", metavar="NAME")] = None

    def text(self) -> str:
        """The expression; raises UsageError for flags that do not fit together."""
        from explain.slices.saved import saved

        named = "--slice" if self.slice is not None else "--save" if self.save is not None else ""
        if named and self.slices is None:
            raise UsageError(f"Expected --slices FILE with {named}, the file that slices are kept in; name one.")
        if self.save is not None and not (self.where or "").strip():
            raise UsageError("Expected an expression with --save; say which rows with --where.")
        own = saved(self.slices, self.slice) if self.slices is not None and self.slice is not None else ""
        parts = [part for part in (own, self.where or "") if part.strip()]
        return parts[0] if len(parts) == 1 else " and ".join(f"({part})" for part in parts)

    def keep(self) -> None:
        """Save the slice, if that was asked for."""
        from explain.slices.saved import save

        if self.slices is not None and self.save is not None and self.where is not None:
            save(self.slices, self.save, self.where)
            say(f"Saved {self.save} in {self.slices}.")


def listed(text: str) -> tuple[str, ...]:
    """The names in ``text``, which commas separate."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def judged(source: Source, model: str, gates: tuple[Gate, ...], wanted: Wanted, options: MetricOptions) -> tuple[Verdict, ...]:
    """The verdicts, told on standard error. ``wanted`` says which rows and bins; columns are those of the gates."""
    from dataclasses import replace

    from explain.slices.gate import judge
    from explain.slices.load import load

    found: list[Verdict] = []
    for gate in gates:
        edges = {name: edges for name, edges in wanted.edges.items() if name in gate.columns}
        table = load(source, model, replace(wanted, attributes=gate.columns, edges=edges, halves=False)).table
        found += judge(table, [gate], options)
    for one in found:
        say(one.sentence())
    return tuple(found)
