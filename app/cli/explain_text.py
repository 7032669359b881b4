"""An explanation for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from app.cli import precedents
from app.cli.explanation import Explanation
from app.cli.heat import ORANGE, PURPLE, Heated, Row, bar, rows
from app.cli.visible import shown
from models.change.types import LineKind

_STYLES = {LineKind.ADDED: "green", LineKind.REMOVED: "red", LineKind.CONTEXT: ""}


def parts(explanation: Explanation) -> Iterator[Text | Table]:
    """Verdict, method, what was read, the diff with its heat, and the table of the strongest units."""
    style = f"bold {ORANGE}" if explanation.prediction.flagged else "bold"
    yield shown(explanation.verdict(), style)
    yield shown(f"Model: {explanation.name} ({explanation.model['id']})")
    yield shown(explanation.how())
    yield shown(explanation.reading())
    if explanation.signed:
        yield Text.assemble(("████", ORANGE), " pushes towards flagged (+)   ", ("████", PURPLE), " pushes away (-)")
    yield Text()
    yield from heat(explanation)
    yield Text()
    yield Text(f"Strongest units, level {explanation.level.value}", "bold")
    yield _table(explanation)
    conclusion, findings = explanation.believed()
    if conclusion:
        yield Text()
        yield Text("How far to believe it", "bold")
        yield shown(conclusion, most=2000)
        yield _findings(findings)
    if explanation.precedents is not None:
        yield from precedents.parts(explanation.precedents)


def _findings(findings: list[tuple[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for what, found in findings:
        table.add_row(shown(what), shown(found))
    return table


def heat(heated: Heated) -> Iterator[Text]:
    """The change, line by line with its values."""
    for row in rows(heated):
        yield _line(row, heated.largest)


def colour(value: float | None) -> str:
    """The colour of a value's direction."""
    return ORANGE if (value or 0.0) > 0 else PURPLE


def _line(row: Row, largest: float) -> Text:
    text = Text()
    if row.is_file:
        text.append("\n")
    text.append(f"{row.number:>8} ", style=colour(row.value) if row.value else "dim")
    text.append(bar(row.value, largest) if row.kind else "    ", style=colour(row.value))
    if row.kind is None:
        return text.append(" ").append_text(shown(row.text, "bold" if row.is_file else "cyan"))
    text.append(f" {_number(row.old)} {_number(row.new)} ", style="dim")
    return text.append_text(shown(row.marker + row.text, _STYLES[row.kind]))


def _number(number: int | None) -> str:
    return f"{'' if number is None else number:>5}"


def _table(explanation: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("value", justify="right")
    table.add_column("place", overflow="fold")
    table.add_column("kind")
    table.add_column("text", overflow="fold")
    for one in explanation.top():
        places = explanation.places
        value = Text(f"{one.value:+.3f}", colour(one.value))
        table.add_row(value, shown(places.label(one.unit)), Text(places.kind(one.unit)), shown(places.text(one.unit), most=100))
    return table
