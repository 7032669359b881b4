"""An explanation as Markdown, for a comment on a pull request; nothing from the diff is read as Markdown or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from app.cli import precedents
from app.cli.explanation import Explanation
from app.cli.heat import Heated, bar, rows
from app.hidden import visible

LIMIT = 65_536
"""Characters that a comment on GitHub may have; a page has fewer."""
_REMARK = 300
"""Characters kept for what surrounds the diff, and for the sentence that says where it was cut."""
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>()#+!|~&$@:]|www\.")


def markdown(explanation: Explanation) -> str:
    """The page, ended by a line feed: verdict, strongest units, how far to believe it, and the diff folded up."""
    values = "+ pushes towards flagged, - away; logits" if explanation.signed else "shares of attention"
    head = "\n\n".join(
        (
            f"### whydiff: {explanation.verdict().partition(':')[0].lower()}",
            explanation.verdict(),
            f"**Strongest units, level {explanation.level.value}** ({values})",
            _table(explanation),
            "**How far to believe it**",
            *(["A value says what moved the model. It proves no fault."] if explanation.signed else []),
            *_believed(explanation),
            explanation.how(),
            explanation.reading(),
            *_precedents(explanation),
            f"Model: {code(explanation.name)} ({explanation.model['id']}), change {explanation.diff.id}.",
        )
    )
    return f"{head}\n\n{folded('The change, with the value of every line', heat(explanation), LIMIT - len(head))}"


def _believed(explanation: Explanation) -> Iterator[str]:
    conclusion, findings = explanation.believed()
    if conclusion:
        yield _escaped(conclusion)
        yield "\n".join(f"- {_escaped(what)}: {_escaped(found)}" for what, found in findings)


def folded(title: str, lines: Iterable[str], room: int) -> str:
    """``lines`` as code behind a title that opens them, in fewer than ``room`` characters: what is too much is counted."""
    every = list(lines)
    kept, ticks = _fitting(every, room - _REMARK - len(title))
    fence = "`" * max(3, 1 + ticks)
    cut = f"Cut after {kept:,} of {len(every):,} lines: a comment holds {LIMIT:,} characters. `--format html` has them all."
    note = f"\n{cut}\n" if kept < len(every) else ""
    text = "\n".join(every[:kept])
    return f"<details>\n<summary>{title}</summary>\n\n{fence}text\n{text}\n{fence}\n{note}\n</details>\n"


def _fitting(lines: list[str], room: int) -> tuple[int, int]:
    """How many ``lines`` fit between two fences, and their longest run of backticks."""
    used = ticks = 0
    for n, line in enumerate(lines):
        longest = max(ticks, *map(len, re.findall("`+", line)), 0)
        used += len(line) + 1
        if used + 2 * longest > room:
            return n, ticks
        ticks = longest
    return len(lines), ticks


def heat(heated: Heated) -> Iterator[str]:
    """The change, line by line with its values; nothing that could act on a terminal."""
    for row in rows(heated):
        block = bar(row.value, heated.largest) if row.kind else "    "
        yield f"{row.number:>8} {block} {row.marker}{visible(row.text)}".rstrip()


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
    from explain.precedent.wording import sentences

    lines = [f"| {' | '.join(precedents.HEAD)} |", "| ---: | --- | ---: | ---: | --- |"]
    lines += [f"| {' | '.join(figures)} | {code(name)} |" for *figures, name in precedents.rows(found)]
    return ["**Precedents**", *sentences(found), "\n".join(lines)]


def code(text: str) -> str:
    """Code, in which no mention or link is read either."""
    return f"<code>{_escaped(visible(text, 100))}</code>" if text.strip() else ""


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: "".join(f"&#{ord(one)};" for one in match[0]), visible(text, 2000))
