"""Two models about one change, as Markdown that fits into a comment."""

from __future__ import annotations

from app.cli.against import COLUMNS, WHY_SHARES, Both
from app.cli.explain_markdown import LIMIT, code, folded, heat


def markdown(both: Both) -> str:
    """The page, ended by a line feed."""
    head = "\n\n".join(
        (
            "### whydiff: two models",
            both.verdict(),
            *(
                f"**{letter}**: {code(one.name)} ({one.model['id']})\n\n{one.verdict()}\n\n{one.how()}\n\n{one.reading()}"
                for letter, one in both.named()
            ),
            f"**Largest shifts, level {both.comparison.level.value}**",
            both.agreement(),
            WHY_SHARES,
            _table(both),
        )
    )
    return f"{head}\n\n{folded('The change, with the shift of every line in percent', heat(both), LIMIT - len(head))}"


def _table(both: Both) -> str:
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + " ---: |" * 6 + " --- |" * 3]
    for pair in both.comparison.strongest():
        places = both.places(pair)
        words = code(places.label(pair.unit)), places.kind(pair.unit), code(places.text(pair.unit))
        lines.append(f"| {' | '.join((*both.numbers(pair), *words))} |")
    return "\n".join(lines)
