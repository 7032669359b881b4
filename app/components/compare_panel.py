"""Compare: a second model beside the one of the page, both verdicts and where the reasons for them differ."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.components.data_table import Table
from app.components.heat import heat_of_shifts
from app.components.mount import show_card, show_diff
from app.components.payload import View
from app.components.plain import plain
from app.components.settings_form import Explaining
from app.components.verdict import card
from app.components.why_panel import described
from app.workbench import another, explained, scored
from explain.attribution.registry import METHODS, fitting
from explain.attribution.types import Attribution
from explain.compare.lines import Comparison, compare
from explain.compare.wording import FIRST, SECOND, WHY_SHARES, agreement, baselines, verdicts
from models.change.types import Diff, Level, Unit
from models.classify.bands import band_of
from models.classify.protocol import Classifier, Prediction
from models.registry.entry import DEFAULT
from models.registry.folder import Registry

_BOX = 430
_TOP = 12
_FROM_FINE = (Level.LINE, Level.HUNK, Level.FILE)
_HEAD = ("Shift (%)", f"Logits {FIRST}", f"Logits {SECOND}", "Where", "Text")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two models, and what it says of the change."""

    model: Classifier
    prediction: Prediction
    attribution: Attribution


def show_comparison(diff: Diff, model: Classifier, explaining: Explaining) -> None:
    """Draw the choice of a second model and, once there is one, how it differs from ``model``."""
    name = _choose()
    if not name:
        return
    other = another(name)
    method = explaining.method if METHODS[explaining.method].fits(other) else fitting(other)[0].name
    first, second = (
        Side(one, scored(diff, one), explained(diff, one, how, explaining.options))
        for one, how in ((model, explaining.method), (other, method))
    )
    _show_verdicts(diff, first, second)
    found = compare(first.attribution, second.attribution, _level(explaining.level, method))
    st.markdown(f"**{plain(conclusion(first, second))}** {plain(reasons(first, second, found))}")
    unread = unread_by_both(first.attribution, second.attribution)
    show_diff(View(diff, heat=heat_of_shifts(found), unread=unread), key="compare_diff")
    st.subheader("Where the reasons differ most", anchor=False)
    st.dataframe(table(diff, found).columns(), hide_index=True, height="content", key="shifts", column_config=_columns())
    st.caption(plain(WHY_SHARES + " Nothing here says which model is right."))


def _choose() -> str:
    """What the user calls the second model; "" while there is none. The choice is part of the page's address."""
    known = [DEFAULT, *(one.name for one in Registry().entries())]
    chosen = st.selectbox(
        "Second model",
        known,
        index=None,
        key="against",
        bind="query-params",
        accept_new_options=True,
        placeholder="Choose, or type the folder of a model",
    )
    if not chosen:
        st.caption(
            plain("Explains this change by another model too, and shows where the reasons differ.")
            + ("" if len(known) > 1 else f" {_NO_OTHER}")
        )
    return os.path.expanduser((chosen or "").strip())


_NO_OTHER = (
    "Only the model that ships is known so far: `whydiff train` makes one of your own, and "
    "`whydiff models add FOLDER --name NAME` brings it, or any local Hugging Face classifier, into this list."
)


def _level(asked: Level, method: str) -> Level:
    """The level that was asked for, where both can be compared at it: tokens are each model's own."""
    finest = max(_FROM_FINE.index(one) if one in _FROM_FINE else 0 for one in (asked, METHODS[method].finest))
    return _FROM_FINE[finest]


def _show_verdicts(diff: Diff, first: Side, second: Side) -> None:
    with st.container(horizontal=True, gap="medium"):
        for letter, one in ((FIRST, first), (SECOND, second)):
            with st.container(width=_BOX):
                st.markdown(f"**{letter}: {plain(one.model.name)}**")
                band = band_of(one.model, one.prediction.score)
                show_card(card(diff, one.prediction, one.model.name, band), key=f"verdict_{letter}")


def conclusion(first: Side, second: Side) -> str:
    """Whether the two agree on the verdict."""
    if first.model.digest == second.model.digest:
        return "These are the same model: choose another one."
    return verdicts(first.prediction.flagged, second.prediction.flagged)


def reasons(first: Side, second: Side, found: Comparison) -> str:
    """How alike their reasons are, and how each was asked for them."""
    one, other = first.attribution, second.attribution
    how = f"Explained by {one.method}." if one.method == other.method else f"Explained by {one.method} and by {other.method}."
    return " ".join(part for part in (agreement(found), how, baselines(one.baseline, other.baseline)) if part)


def unread_by_both(first: Attribution, second: Attribution) -> tuple[Unit, ...]:
    """What neither model read: of a line that each read in part, what stands behind the longer one."""
    one, two = ({Unit(unit.file, unit.hunk, unit.line): unit for unit in some.unread} for some in (first, second))
    return tuple(max(one[place], two[place], key=lambda unit: unit.start) for place in sorted(one.keys() & two.keys()))


def table(diff: Diff, found: Comparison) -> Table:
    """The units whose share shifts the most, largest first; a model's logits are None where it has no value."""
    rows = []
    for pair in found.strongest(_TOP):
        place = ("the whole change", pair.name) if pair.name else described(diff, pair.unit, ())
        rows.append((100 * pair.shift, pair.first, pair.second, *place))
    return Table(_HEAD, tuple(rows))


def _columns() -> dict[str, Any]:
    numbers: dict[str, Any] = {name: st.column_config.NumberColumn(format="%+.2f", width="small") for name in _HEAD[:3]}
    return numbers | {_HEAD[3]: st.column_config.TextColumn(width="medium"), _HEAD[4]: st.column_config.TextColumn(width="large")}
