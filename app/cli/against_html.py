"""Two models about one change, as one self-contained HTML page."""

from __future__ import annotations

from html import escape

from app.cli.against import COLUMNS, FIRST, SECOND, WHY_SHARES, Both
from app.cli.explain_html import background, heat, page, swatch, text


def html(both: Both) -> str:
    """The page, ended by a line feed."""
    return page(
        both.diff.id,
        (
            f'<p class="verdict">{text(both.verdict())}</p>',
            *(
                f"<h2>{letter}: {text(one.name)} ({text(one.model['id'])})</h2>\n<p>{text(one.verdict())}</p>\n"
                f"<p>{text(one.how())}</p>\n<p>{text(one.reading())}</p>"
                for letter, one in both.named()
            ),
            f"<h2>Largest shifts, level {both.comparison.level.value}</h2>",
            f"<p>{text(both.agreement())}</p>\n<p>{text(WHY_SHARES)}</p>",
            f"<p>{swatch(1)} {SECOND} is pushed more than {FIRST} towards flagged (+) {swatch(-1)} less (-)</p>",
            _table(both),
            f"<h2>The change {escape(both.diff.id)}, with the shift of every line in percent</h2>",
            *heat(both),
        ),
    )


def _table(both: Both) -> str:
    lines = ["<table><tr>" + "".join(f"<th>{escape(name)}</th>" for name in COLUMNS) + "</tr>"]
    for pair in both.comparison.strongest():
        places, (shift, *numbers) = both.places(pair), both.numbers(pair)
        cells = [
            f'<td class="n" style="{background(pair.shift, 0.4)}">{shift}</td>',
            *(f'<td class="n">{number}</td>' for number in numbers),
            f"<td>{text(places.label(pair.unit))}</td><td>{escape(places.kind(pair.unit))}</td>",
            f'<td class="code">{text(places.text(pair.unit), 200)}</td>',
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</table>"])
