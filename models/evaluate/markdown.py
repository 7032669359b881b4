"""Sections as Markdown; names of models and projects are hostile, so nothing in them is read as Markdown or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from models.evaluate.sections import Section

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>()#+!|~&$@:]|www\.")
_OURS = re.compile(r"[\\`*_{}<>#|~&$]")
"""For our own sentences and headings, which hold brackets and colons but no names."""
_FIGURES = re.compile(r"[-+\d.,%x\[\] ]*(\([\d.]+x\))?")
"""Cells of numbers and intervals."""
_MOST = 2000


def markdown(sections: Iterable[Section]) -> str:
    """The sections below headings of the second level, ended by a line feed."""
    return "\n".join(part for section in sections for part in _section(section))


def _section(section: Section) -> list[str]:
    lines = [f"## {escaped(section.title)}", "", _escaped(section.text, _OURS), ""]
    if section.rows:
        header = " | ".join(_escaped(one, _OURS) for one in section.header)
        lines += [f"| {header} |", f"|{' --- |' * len(section.header)}", *map(_row, section.rows), ""]
    return lines


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(one if _FIGURES.fullmatch(one) else escaped(one) for one in cells)} |"


def escaped(text: str) -> str:
    """``text`` as Markdown that shows exactly it, on one line, at most 2,000 characters; what cannot be seen is spelled out."""
    return _escaped(text, _SPECIAL)


def _escaped(text: str, special: re.Pattern[str]) -> str:
    seen = "".join(one if one.isprintable() else f"<U+{ord(one):04X}>" for one in text[:_MOST])
    return special.sub(lambda match: "".join(f"&#{ord(one)};" for one in match[0]), seen)
