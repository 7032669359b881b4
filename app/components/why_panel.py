"""Why: the diff under its attribution, what speaks for believing it, and the lines that count most."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.components.heat import heat_of
from app.components.mount import show_diff
from app.components.payload import View
from app.components.plain import plain, visible
from app.components.score_chart import show_score_chart
from app.components.trust_panel import Measure, show_measured, show_verdict
from explain.attribution.exact import NAME as EXACT
from explain.attribution.registry import method
from explain.attribution.types import Attribution
from models.change.types import MESSAGE_FILE, METRICS_FILE, Diff, Level, Unit
from models.classify.protocol import Prediction

_TOP = 12
_BOX = 430


def show_why(diff: Diff, prediction: Prediction, attribution: Attribution, level: Level, measure: Measure) -> None:
    """Draw the whole answer to "why"; ``measure`` finds out how far it may be believed."""
    measured = show_verdict(measure)
    show_diff(View(diff, heat=heat_of(attribution, level), unread=attribution.unread), key="why_diff")
    st.subheader("Lines that count most", anchor=False)
    _show_table(top_lines(diff, attribution))
    # Columns stay side by side down to the width of a telephone; these boxes wrap as soon as two have no room.
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_BOX):
            st.subheader("Where the score comes from", anchor=False)
            show_score_chart(attribution, prediction)
        with st.container(width=_BOX):
            st.subheader("What adds up", anchor=False)
            show_sums(attribution)
    show_measured(measured)


def show_sums(attribution: Attribution) -> None:
    """The numbers behind the colours, and whether they add up."""
    card = method(attribution.method)
    numbers = pd.DataFrame(
        [
            ("This change", attribution.output),
            (f"Baseline ({attribution.baseline})", attribution.baseline_output),
            ("Sum of all values", attribution.total),
            ("Left unexplained", attribution.completeness_gap),
        ],
        columns=["Quantity", "Logits"],
    )
    st.dataframe(numbers, hide_index=True, column_config={"Logits": st.column_config.NumberColumn(format="%+.3f")})
    st.markdown(plain(sums_sentence(attribution)))
    st.caption(plain(f"{card.guarantee} Target: {attribution.target}. {attribution.steps} points scored. {card.paper}."))


def sums_sentence(attribution: Attribution) -> str:
    """What the values sum to and what that is worth, in one or two sentences."""
    card = method(attribution.method)
    gap = f"{attribution.relative_gap:.1%}"
    if not attribution.converged:
        return f"Read with care: the method did not converge, and {gap} of the output's change is not explained."
    if card.name == EXACT:
        return f"The model is a sum, and these are its terms: nothing is estimated, {gap} is left over by rounding."
    if card.additive:
        return (
            f"The values add up to the output's change from the baseline, but for {gap} of it. "
            "That is necessary for a right answer, not sufficient: taking lines back under “What if” puts it to the test."
        )
    if card.measured:
        return f"Every value is a measured difference of two scores. They need not add up: here {gap} is left over."
    return f"A first guess from one slope: {gap} of the output's change is left over. Integrated gradients follow the whole way."


def top_lines(diff: Diff, attribution: Attribution) -> pd.DataFrame:
    """The units with the largest values at line level, largest first, as text that may be shown anywhere."""
    units = sorted(attribution.at(Level.LINE), key=lambda one: -abs(one.value))
    rows = [(one.value, *map(visible, described(diff, one.unit, attribution.names))) for one in units[:_TOP] if one.value]
    return pd.DataFrame(rows, columns=["Logits", "Where", "Text"])


def described(diff: Diff, unit: Unit, names: tuple[str, ...]) -> tuple[str, str]:
    """Where a line or a coarser unit is, and what stands there; not yet safe to show."""
    if unit.file == METRICS_FILE and 0 <= unit.line < len(names):
        return "the whole change", names[unit.line]
    if unit.file == METRICS_FILE:
        return "size of the change", f"{diff.added} added, {diff.removed} removed"
    if unit.file == MESSAGE_FILE:
        lines = diff.message.split("\n")
        return "message", lines[unit.line] if 0 <= unit.line < len(lines) else ""
    file = diff.files[unit.file]
    name = file.path.rsplit("/", 1)[-1]
    if unit.hunk < 0:
        return name, f"the path {file.path}"
    hunk = file.hunks[unit.hunk]
    if unit.line < 0:
        return f"{name}:{hunk.new_start}", f"@@ {hunk.section}"
    old, new, line = list(hunk.numbered())[unit.line]
    return f"{name}:{old if new is None else new}", f"{line.marker or ' '} {line.text.strip()}"


def _show_table(rows: pd.DataFrame) -> None:
    columns = {
        "Logits": st.column_config.NumberColumn(format="%+.3f", width="small"),
        "Where": st.column_config.TextColumn(width="medium"),
        "Text": st.column_config.TextColumn(width="large"),
    }
    st.dataframe(rows, hide_index=True, column_config=columns, height="content")
