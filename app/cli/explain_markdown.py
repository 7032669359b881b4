"""An explanation as Markdown, for a pull request or a wiki; nothing from the diff is read as Markdown or HTML."""

from __future__ import annotations

import re

from app.cli import precedents
from app.cli.explanation import Explanation
from app.cli.heat import bar, rows
from app.cli.visible import visible

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>()#+!|~&$@:]|www\.")


def markdown(explanation: Explanation) -> str:
    """The page, ended by a line feed."""
    heat = "\n".join(_rows(explanation))
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", heat)), default=0))
    sections = (
        f"# {explanation.verdict().partition(':')[0]}",
        explanation.verdict(),
        f"Model: {code(explanation.name)} ({explanation.model['id']}), change {explanation.diff.id}.",
        explanation.how(),
        explanation.reading(),
        f"## Strongest units, level {explanation.level.value}",
        _table(explanation),
        *_precedents(explanation),
        "## The change",
        f"The first column is each line's value: + pushes towards flagged, - away.\n\n{fence}text\n{heat}\n{fence}",
    )
    return "\n\n".join(sections) + "\n"


def _rows(explanation: Explanation) -> list[str]:
    lines = []
    for row in rows(explanation):
        heat = bar(row.value, explanation.largest) if row.kind else "    "
        lines.append(f"{row.number:>8} {heat} {row.marker}{visible(row.text)}".rstrip())
    return lines


def _table(explanation: Explanation) -> str:
    lines = ["| value | place | kind | text |", "| ---: | --- | --- | --- |"]
    for one in explanation.top():
        places = explanation.places
        place, text = code(places.label(one.unit)), code(places.text(one.unit))
        lines.append(f"| {one.value:+.3f} | {place} | {places.kind(one.unit)} | {text} |")
    return "\n".join(lines)


def _precedents(explanation: Explanation) -> list[str]:
    found = explanation.precedents
    if found is None:
        return []
    lines = [f"| {' | '.join(precedents.HEAD)} |", "| ---: | --- | ---: | ---: | --- |"]
    lines += [f"| {' | '.join(figures)} | {code(name)} |" for *figures, name in precedents.rows(found)]
    return ["## Precedents", *precedents.sentences(found), "\n".join(lines)]


def code(text: str) -> str:
    """Code, in which no mention or link is read either."""
    return f"<code>{_escaped(visible(text, 100))}</code>" if text.strip() else ""


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: "".join(f"&#{ord(one)};" for one in match[0]), visible(text, 2000))
