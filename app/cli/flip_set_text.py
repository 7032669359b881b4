"""What the flips of a set come to: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from app.cli.visible import shown
from explain.survey.aggregate import Aggregates, Distance, Quartiles, Share
from explain.survey.lift import LEAST, Lift
from explain.survey.record import Reason
from explain.survey.wording import SURE, caution, said, shortcuts
from models.change.types import clean

SCHEMA = "whydiff/flip-set/1"
_SHOWN, _LIFTS = 15, 20
_FEW = 5
"""Groups of fewer flagged changes are no row of a table."""
_JSON_LIFTS = 200


def payload(found: Aggregates, model: dict[str, str], masked: dict[str, str] | None) -> dict[str, Any]:
    """The JSON of the contract; what is undefined, and a quartile beyond every flip, is null."""
    return {
        "schema": SCHEMA,
        "model": model,
        "masked_model": masked,
        "flagged": found.flips.rows,
        "passed": {reason.value.replace(" ", "_"): count for reason, count in found.passed},
        "without_number": [clean(one) for one in found.unnumbered],
        "flips": found.flips.payload(),
        "unverified": found.unverified,
        "stopped": dict(found.stopped),
        "sizes": [{"edits": size, "flips": count} for size, count in found.sizes],
        "operators": [{"operator": one.operator, "median_lines": one.lines} | one.share.payload() for one in found.kinds],
        "touch_only": [{"name": name} | share.payload() for name, share in found.aside],
        "robustness": [
            {"edit": one.name, "have": one.have, "not_settled": one.open} | one.share.payload() for one in found.robustness
        ],
        "distance": {name: [_distance(one) for one in groups] for name, groups in found.distances},
        "fine_flips": found.fine,
        "tested": found.tested,
        "lifts": [_lift(one) for one in found.lifts[:_JSON_LIFTS]],
        "shortcuts": [clean(one) for one in shortcuts(found)],
        "caution": caution(found),
    }


def _distance(one: Distance) -> dict[str, Any]:
    return {"name": clean(one.group)} | one.found.payload() | {"edits": list(one.edits), "lines": list(one.lines)}


def _lift(one: Lift) -> dict[str, Any]:
    return {
        "where": one.feature.where,
        "word": clean(one.feature.text),
        "flips": one.flips,
        "expected": one.expected,
        "lift": one.lift,
        "flagged": one.flagged,
        "adjusted_p": one.p,
    }


def text(found: Aggregates) -> list[Text | Table]:
    """For people: totals, shortcuts by name, and a table for each question."""
    return [*_head(found), *_named(found), *_robust(found), *_kinds(found), *_distances(found), *_lifts(found)]


def _head(found: Aggregates) -> Iterator[Text]:
    yield Text(f"Flips found for {said(found.flips)} of the flagged changes", "bold")
    sizes = [f"{count:,} of {size} edit{'' if size == 1 else 's'}" for size, count in found.sizes]
    if sizes:
        yield Text(f"sizes: {', '.join(sizes)}")
    missing = found.flips.rows - found.flips.count
    if missing:
        ends = ", ".join(f"{reason} {count:,}" for reason, count in found.stopped)
        yield Text(f"{missing:,} without a flip, because the search ended: {ends}")
    passed = dict(found.passed)
    read = found.flips.rows + sum(passed.values())
    rest = ", ".join(f"{count:,} {_REASONS[reason]}" for reason, count in passed.items())
    yield Text(f"{read:,} rows read: {found.flips.rows:,} flagged{', ' + rest if rest else ''}")
    if found.unverified:
        yield Text(f"{found.unverified:,} flips did not pass their independent check; column verified", "bold red")


_REASONS = {
    Reason.NOT_FLAGGED: "not flagged",
    Reason.UNREADABLE: "without a diff that can be read",
    Reason.NO_NUMBER: "without a number from the model",
}


def _named(found: Aggregates) -> Iterator[Text]:
    sentences = list(shortcuts(found))
    yield Text()
    yield Text("What looks like a shortcut or a leak" if sentences else "Nothing looks like a shortcut or a leak", "bold")
    for sentence in sentences:
        yield Text("- ") + shown(sentence, most=2000)
    yield shown(caution(found), most=2000)


def _robust(found: Aggregates) -> Iterator[Text | Table]:
    table = _table("flagged changes that one step unflags", "have such", "unflagged", "share", "95 %", "open")
    for one in found.robustness:
        open_ones = f"{one.open:,}" if one.open else ""
        table.add_row(one.name, f"{one.have:,}", *_figures(one.share), open_ones)
    yield Text()
    yield table
    if any(one.open for one in found.robustness):
        yield Text("open: not all such edits were tried, and none of the tried ones unflags; the share is at least this.", "dim")


def _kinds(found: Aggregates) -> Iterator[Text | Table]:
    if not found.kinds:
        return
    yield Text()
    table = _table("flips by", "lines (median)", "flips", "share", "95 %")
    for one in found.kinds:
        table.add_row(one.operator, f"{one.lines:,}", *_figures(one.share))
    for name, share in found.aside:
        table.add_row(f"touch {name} only", "", *_figures(share))
    yield table


def _distances(found: Aggregates) -> Iterator[Text | Table]:
    yield Text()
    yield Text("Flip distance: quartiles over the flagged changes; - is beyond every flip that was found", "bold")
    for name, groups in found.distances:
        shown_groups = [one for one in groups if one.found.rows >= _FEW][:_SHOWN]
        if len(groups) == 1 and name != "language":
            continue
        if shown_groups:
            table = _table(name, "flagged", "flips", "edits", "lines")
            for one in shown_groups:
                figures = (f"{one.found.rows:,}", f"{one.found.count:,}", _quartiles(one.edits), _quartiles(one.lines))
                table.add_row(shown(one.group), *figures)
            yield Text()
            yield table
        if len(groups) > len(shown_groups):
            yield Text(f"… and {len(groups) - len(shown_groups):,} more by {name}, smaller; --format json has all.", "dim")


def _lifts(found: Aggregates) -> Iterator[Text | Table]:
    if not found.lifts:
        return
    yield Text()
    yield Text(f"What the {found.fine:,} flips by single lines or words touch, against as many edits drawn by lot", "bold")
    table = _table("word, part of a path, sort of line", "stands in", "flips", "by lot", "lift", "adjusted p", "flagged with it")
    for one in _worth_showing(found.lifts):
        p = "-" if one.p is None else "<0.0001" if one.p < 1e-4 else f"{one.p:.4f}"
        figures = (one.feature.where, f"{one.flips:,}", f"{one.expected:.1f}", f"{one.lift:.1f}", p, f"{one.flagged:,}")
        table.add_row(shown(one.feature.text, "bold" if one.p is not None and one.p < SURE else ""), *figures)
    if table.row_count:
        yield table
    yield Text(f"{found.tested:,} tested, those that {LEAST} flips or more could have touched (Benjamini-Hochberg).", "dim")


def _worth_showing(lifts: Sequence[Lift]) -> list[Lift]:
    """Of what was tested: sorts of line, then what stands out."""
    tested = [one for one in lifts if one.p is not None]
    lines = [one for one in tested if one.feature.where == "line"]
    return lines + [one for one in tested if one.lift > 1 and one not in lines][:_LIFTS]


def _table(first: str, *titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first, overflow="fold")
    for title in titles:
        table.add_column(title, justify="left" if title == "stands in" else "right")
    return table


def _figures(share: Share) -> tuple[str, str, str]:
    low, high = share.interval or (None, None)
    if share.value is None or low is None or high is None:
        return f"{share.count:,}", "-", "-"
    return f"{share.count:,}", f"{100 * share.value:.1f} %", f"{100 * low:.1f} to {100 * high:.1f}"


def _quartiles(three: Quartiles) -> str:
    return " / ".join("-" if one is None else f"{one:,}" for one in three)
