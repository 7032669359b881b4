"""What the attributions of a set come to: tables for people, as text and as Markdown, and JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from app.cli.explain_markdown import code
from app.cli.visible import shown
from explain.overall.evidence import LEAST, LEAST_PROJECTS
from explain.overall.parts import COMPONENT, ENDING, LANGUAGE, SIDE
from explain.overall.tally import Carried, Item, Overall
from explain.survey.record import Reason
from models.change.types import clean

SCHEMA = "whydiff/explain-set/1"
_SHOWN, _SLICES, _IN_SLICE = 10, 12, 8
_JSON_ITEMS, _JSON_SLICE_ITEMS = 200, 50
_SORTS = {
    "added": "words of added lines",
    "removed": "words of removed lines",
    "context": "words of context",
    "message": "words of the message",
    "path": "folders and file names",
    ENDING: "endings of file names (once more)",
    "metrics": "numbers of the whole change",
    LANGUAGE: "languages of files",
    COMPONENT: "components (leading folders)",
}
_HEAD = ("changes", "mean", "95 %", "over", "share", "sum", "adjusted p", "most in")
_REASONS = {Reason.UNREADABLE: "without a diff that can be read", Reason.NO_NUMBER: "without a number from the model"}
CAUTION = (
    "These are values of one model by one method: what it adds up, not what makes changes defective. Words that stand together "
    "share what they carry, and a word's mean is over the changes that have it."
)


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
        "items": {where: [_item(item) for item in one.at(where)[:most]] for where in _SORTS},
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
    parts: list[Text | Table] = [Text(one, "" if n else "bold") for n, one in enumerate(_sentences(found))]
    for sheet in _sheets(found):
        parts += [Text(), shown(sheet.title, "bold")]
        if sheet.rows:
            parts.append(_table(sheet))
        if sheet.remark:
            parts.append(Text(sheet.remark, "dim"))
    return [*parts, Text(), Text(CAUTION)]


def markdown(found: Overall, model: dict[str, str]) -> str:
    """The same as a page; nothing of the data is read as Markdown or HTML."""
    first, *rest = _sentences(found)
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
    return title if title in {*_SORTS.values(), _SIDES} else code(title)


_SIDES = "Parts of a change, all of its output's change"


def _sentences(found: Overall) -> Iterator[str]:
    whole = found.whole
    method, baseline = found.methods[0]
    yield f"What carries the model over {_many(whole.changes, 'change')} of {_many(whole.projects, 'project')}"
    yield (
        f"Why: {method} against the baseline “{baseline}”. Values are logits, + pushes towards flagged; the outputs differ from "
        f"their baselines by {whole.shift / whole.changes:+.3f} in the mean, {whole.shift:+.2f} in sum."
    )
    left_out = [f"{count:,} {_REASONS[reason]}" for reason, count in found.passed]
    if left_out:
        yield f"Left out: {', '.join(left_out)}."
    if found.unconverged:
        yield f"Of {_many(found.unconverged, 'change')} the attribution did NOT converge; its values are rough."
    yield (
        f"Shown: the surest, of which the end of the interval that is nearest to 0 is farthest from it. {whole.tested:,} were in "
        f"{LEAST} changes or more and tested (Benjamini-Hochberg). An interval is over projects where there are "
        f"{LEAST_PROJECTS} or more with the word, else over changes: then it speaks of those projects alone. "
        "Share: of the absolute values of all tokens."
    )


def _many(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _sheets(found: Overall) -> Iterator[_Sheet]:
    whole = found.whole
    yield _Sheet(_SIDES, "part", _rows(_of_sides(whole)))
    for where, title in _SORTS.items():
        items = whole.at(where)
        if items:
            yield _listed(title, "word", items, _SHOWN)
    for one in found.slices[:_SLICES]:
        others = [item for item in one.items if item.feature.where not in {SIDE, LANGUAGE, COMPONENT}]
        sheet = _listed("", "", others, _IN_SLICE, named=True)
        yield _Sheet(
            f"{found.by} {one.name}: {_many(one.changes, 'change')}",
            "part, or word",
            _rows(_of_sides(one)) + sheet.rows,
            sheet.remark,
        )
    if len(found.slices) > _SLICES:
        yield _Sheet(f"… and {len(found.slices) - _SLICES:,} smaller slices", "", (), "--format json has all.")


def _of_sides(one: Carried) -> list[Item]:
    """The sides that are not 0 in every change, the largest sum first."""
    return sorted((item for item in one.at(SIDE) if item.examples), key=lambda item: -abs(item.sum))


def _listed(title: str, first: str, items: Sequence[Item], most: int, named: bool = False) -> _Sheet:
    """The surest of ``items``, and how many more there are."""
    sure = [one for one in items if one.sure.nearest]
    tested = sum(one.p is not None for one in items)
    remark = f"{len(sure):,} of {tested:,} tested have an interval without 0; {len(items) - tested:,} are in too few changes."
    return _Sheet(title, first, _rows(sure[:most], named), remark)


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
