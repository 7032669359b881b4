"""Two models about one change, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from app.cli.against import COLUMNS, FIRST, SECOND, WHY_SHARES, Both
from app.cli.explain_text import colour, heat
from app.cli.heat import ORANGE, PURPLE
from app.cli.visible import shown


def parts(both: Both) -> Iterator[Text | Table]:
    """Both verdicts, how alike the reasons are, the diff with the heat of the shifts, and the table of the largest ones."""
    yield shown(both.verdict(), "bold")
    for letter, one in both.named():
        yield Text()
        yield shown(f"{letter}: {one.name} ({one.model['id']})", "bold")
        yield shown(one.verdict())
        yield shown(one.how())
        yield shown(one.reading())
    yield Text()
    yield shown(both.agreement())
    yield shown(WHY_SHARES)
    more = f" {SECOND} is pushed more than {FIRST} towards flagged (+)   "
    yield Text.assemble(("████", ORANGE), more, ("████", PURPLE), " less (-); in percent of all that moves a model")
    yield Text()
    yield from heat(both)
    yield Text()
    yield Text(f"Largest shifts, level {both.comparison.level.value}", "bold")
    yield _table(both)


def _table(both: Both) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for n, name in enumerate(COLUMNS):
        table.add_column(name, justify="right" if n < 6 else "left", overflow="fold", no_wrap=n < 6)
    for pair in both.comparison.strongest():
        places, numbers = both.places(pair), both.numbers(pair)
        words = shown(places.label(pair.unit)), Text(places.kind(pair.unit)), shown(places.text(pair.unit), most=60)
        table.add_row(Text(numbers[0], colour(pair.shift)), *map(Text, numbers[1:]), *words)
    return table
