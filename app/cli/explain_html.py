"""An explanation as one self-contained HTML page: no script, nothing loaded, everything from the diff escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from app.cli.explanation import Explanation
from app.cli.heat import Heated, Row, rows
from app.hidden import pieces
from models.change.types import LineKind

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1f2328 }
table { border-collapse: collapse; width: 100% } th { text-align: left } td, th { padding: 0 .5rem; vertical-align: top }
.diff, .code { font-family: ui-monospace, monospace; font-size: 13px; white-space: pre-wrap; overflow-wrap: anywhere }
.code { unicode-bidi: isolate } .n { color: #59636e; text-align: right; white-space: nowrap; width: 1% }
.added { background: #eafbee } .removed { background: #ffeef0 } .head { background: #eef4fb; color: #0a3069 }
.file { font-weight: bold; background: #f6f8fa } .hidden { background: #1f2328; color: #fff; border-radius: 3px; padding: 0 2px }
.unread { opacity: .55 } .verdict { font-size: 1.3rem; font-weight: 600 }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def html(explanation: Explanation) -> str:
    """The page, ended by a line feed."""
    return page(
        explanation.diff.id,
        (
            f'<p class="verdict">{text(explanation.verdict(), 2000)}</p>',
            f"<p>Model: {text(explanation.name)} ({text(explanation.model['id'])}), change {escape(explanation.diff.id)}.</p>",
            f"<p>{text(explanation.how(), 2000)}</p>",
            f"<p>{text(explanation.reading(), 2000)}</p>",
            f"<p>{swatch(1)} pushes towards flagged (+) {swatch(-1)} pushes away (-)</p>" if explanation.signed else "",
            f"<h2>Strongest units, level {explanation.level.value}</h2>",
            _table(explanation),
            *_believed(explanation),
            "<h2>The change</h2>",
            *heat(explanation),
        ),
    )


def page(diff_id: str, parts: Iterable[str]) -> str:
    """A page of ``parts``, which are HTML, about the change ``diff_id``; it loads nothing and runs nothing."""
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>whydiff: {escape(diff_id)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>Why</h1>\n{body}\n</body>\n</html>\n"
    )


def _believed(explanation: Explanation) -> Iterator[str]:
    conclusion, findings = explanation.believed()
    if conclusion:
        yield f"<h2>How far to believe it</h2>\n<p>{text(conclusion)}</p>\n<table>"
        yield from (f"<tr><td>{text(what)}</td><td>{text(found)}</td></tr>" for what, found in findings)
        yield "</table>"


def heat(heated: Heated) -> list[str]:
    """The change as a table, line by line with its values."""
    return ['<table class="diff">', *(_row(row, heated.largest) for row in rows(heated)), "</table>"]


def text(raw: str, most: int = 2000) -> str:
    """``raw`` escaped, with what was invisible spelled out and marked."""
    parts = (f'<span class="hidden">{escape(part)}</span>' if hidden else escape(part) for part, hidden in pieces(raw, most))
    return "".join(parts)


def swatch(value: float) -> str:
    """A patch of the colour of a direction."""
    return f'<span style="{background(value, 1.0)}">&nbsp;&nbsp;&nbsp;</span>'


def background(value: float, strength: float) -> str:
    """The style of a value's direction; ``strength`` from 0 to 1."""
    red, green, blue = (217, 115, 13) if value > 0 else (130, 80, 223)
    return f"background: rgba({red},{green},{blue},{0.85 * min(1.0, strength):.2f})"


def _row(row: Row, largest: float) -> str:
    style = f' style="{background(row.value, abs(row.value) / largest)}"' if row.value and row.kind else ""
    value = f'<td class="n"{style}>{row.number}</td>'
    if row.kind is None:
        name = "file" if row.is_file else "head"
        return f'<tr class="{name}">{value}<td class="n"></td><td class="n"></td><td class="code">{text(row.text)}</td></tr>'
    name = {LineKind.ADDED: "added", LineKind.REMOVED: "removed"}.get(row.kind, "context") + (" unread" if row.unread else "")
    numbers = "".join(f'<td class="n">{"" if number is None else number}</td>' for number in (row.old, row.new))
    return f'<tr class="{name}">{value}{numbers}<td class="code">{row.marker}{text(row.text)}</td></tr>'


def _table(explanation: Explanation) -> str:
    lines = ["<table><tr><th>value</th><th>place</th><th>kind</th><th>text</th></tr>"]
    for one in explanation.top():
        places = explanation.places
        value = f'<td class="n" style="{background(one.value, 0.4)}">{one.value:+.3f}</td>'
        place, words = text(places.label(one.unit)), text(places.text(one.unit), 200)
        cells = f'<td>{place}</td><td>{escape(places.kind(one.unit))}</td><td class="code">{words}</td>'
        lines.append(f"<tr>{value}{cells}</tr>")
    return "\n".join([*lines, "</table>"])
