"""What the attributions of a set come to: tables for people, as text and as Markdown, and JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from app.cli.explain_markdown import code
from app.cli.visible import shown
from explain.overall.evidence import LEAST
from explain.overall.parts import COMPONENT, LANGUAGE, SIDE
from explain.overall.portrait import of_sides, surest
from explain.overall.tally import Carried, Item, Overall
from explain.overall.wording import CAUTION, SIDES, SORTS, many, remark, sentences
from models.change.types import clean

SCHEMA = "whydiff/explain-set/1"
_SHOWN, _SLICES, _IN_SLICE = 10, 12, 8
_JSON_ITEMS, _JSON_SLICE_ITEMS = 200, 50
_HEAD = ("changes", "mean", "95 %", "over", "share", "sum", "adjusted p", "most in")


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A titled table; the first and the last cell of a row may hold anybody's text."""

    title: str
    first: str
    rows: tuple[tuple[str, ...], ...]
    remark: str = ""


def payload(found: Overall, model: dict[str, str]) -> dict[str, Any]:
    """The JSON of the contract; what is undefined is null."""
    method, baseline = found.methods[0]
    return {
        "schema": SCHEMA,
        "model": model,
        "method": method,
        "baseline": baseline,
        "passed": {reason.value.replace(" ", "_"): count for reason, count in found.passed},
        "without_number": [clean(one) for one in found.unnumbered],
        "not_converged": found.unconverged,
        "least": LEAST,
        **_carried(found.whole, _JSON_ITEMS),
        "by": found.by and found.by.value,
        "slices": [{"name": clean(one.name)} | _carried(one, _JSON_SLICE_ITEMS) for one in found.slices],
        "caution": CAUTION,
    }


def _carried(one: Carried, most: int) -> dict[str, Any]:
    return {
        "changes": one.changes,
        "projects": one.projects,
        "outputs_change": one.shift,
        "sum_of_sides": one.of_sides,
        "sides": [_item(item) for item in one.at(SIDE)],
        "tested": one.tested,
        "items": {where: [_item(item) for item in one.at(where)[:most]] for where in SORTS},
    }


def _item(one: Item) -> dict[str, Any]:
    over = None if one.p is None else "projects" if one.sure.by_project else "changes"
    return {
        "text": clean(one.feature.text),
        "changes": one.changes,
        "projects": one.projects,
        "mean": one.sure.mean,
        "low": one.sure.low,
        "high": one.sure.high,
        "interval_over": over,
        "sum": one.sum,
        "share": one.share,
        "adjusted_p": one.p,
        "examples": [{"id": clean(some.id), "place": clean(some.place), "value": some.value} for some in one.examples],
    }


def text(found: Overall) -> list[Text | Table]:
    """For people: what was explained, and a table for each sort of thing."""
    parts: list[Text | Table] = [Text(one, "" if n else "bold") for n, one in enumerate(sentences(found))]
    for sheet in _sheets(found):
        parts += [Text(), shown(sheet.title, "bold")]
        if sheet.rows:
            parts.append(_table(sheet))
        if sheet.remark:
            parts.append(Text(sheet.remark, "dim"))
    return [*parts, Text(), Text(CAUTION)]


def markdown(found: Overall, model: dict[str, str]) -> str:
    """The same as a page; nothing of the data is read as Markdown or HTML."""
    first, *rest = sentences(found)
    blocks = [f"# {first}", f"Model {model['id']}.", *rest]
    for sheet in _sheets(found):
        blocks.append(f"## {_plain_or_code(sheet.title)}")
        if sheet.rows:
            lines = [f"| {sheet.first} | {' | '.join(_HEAD)} |", "| --- " + "| ---: " * (len(_HEAD) - 1) + "| --- |"]
            lines += [f"| {code(row[0])} | {' | '.join(row[1:-1])} | {code(row[-1])} |" for row in sheet.rows]
            blocks.append("\n".join(lines))
        blocks += [sheet.remark] if sheet.remark else []
    return "\n\n".join([*blocks, CAUTION]) + "\n"


def _plain_or_code(title: str) -> str:
    """A title of ours as it is, one with a slice's name as code."""
    return title if title in {*SORTS.values(), SIDES} else code(title)


def _sheets(found: Overall) -> Iterator[_Sheet]:
    whole = found.whole
    yield _Sheet(SIDES, "part", _rows(of_sides(whole)))
    for where, title in SORTS.items():
        items = whole.at(where)
        if items:
            yield _listed(title, "word", items, _SHOWN)
    for one in found.slices[:_SLICES]:
        others = [item for item in one.items if item.feature.where not in {SIDE, LANGUAGE, COMPONENT}]
        listed = _listed("", "", others, _IN_SLICE, named=True)
        yield _Sheet(
            f"{found.by} {one.name}: {many(one.changes, 'change')}",
            "part, or word",
            _rows(of_sides(one)) + listed.rows,
            listed.remark,
        )
    if len(found.slices) > _SLICES:
        yield _Sheet(f"… and {len(found.slices) - _SLICES:,} smaller slices", "", (), "--format json has all.")


def _listed(title: str, first: str, items: Sequence[Item], most: int, named: bool = False) -> _Sheet:
    """The surest of ``items``, and how many more there are."""
    found = surest("", items, most)
    return _Sheet(title, first, _rows(found.items, named), remark(found.sure, found.tested, found.few))


def _rows(items: Sequence[Item], named: bool = False) -> tuple[tuple[str, ...], ...]:
    return tuple(_row(one, f"{one.feature.where}: " if named else "") for one in items)


def _row(one: Item, prefix: str) -> tuple[str, ...]:
    sure = one.sure
    known = sure.low is not None and sure.high is not None
    p = "-" if one.p is None else "<0.0001" if one.p < 1e-4 else f"{one.p:.4f}"
    return (
        prefix + one.feature.text,
        f"{one.changes:,}",
        f"{sure.mean:+.3f}",
        f"{sure.low:+.3f} to {sure.high:+.3f}" if known else "-",
        ("projects" if sure.by_project else "changes") if known else "-",
        "-" if one.share is None else f"{100 * one.share:.1f} %",
        f"{one.sum:+.2f}",
        p,
        f"{one.examples[0].id} {one.examples[0].place}" if one.examples else "",
    )


def _table(sheet: _Sheet) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(sheet.first, overflow="fold")
    for title in _HEAD:
        table.add_column(title, justify="left" if title in {"over", _HEAD[-1]} else "right", overflow="fold")
    for first, *figures, last in sheet.rows:
        table.add_row(shown(first), *figures, shown(last, "dim"))
    return table
