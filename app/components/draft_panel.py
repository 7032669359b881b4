"""Try it yourself: the change, edited by hand, and at once what the model makes of it; versions to go back to and to compare."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.draft_state import Desk, act, desk_of, start_from
from app.components.draft_versions import show_comparison, show_keeping, show_versions, verdict
from app.components.marks import marks_of
from app.components.mount import show_editor
from app.components.payload import Strip, View
from app.components.plain import problems, visible
from app.workbench import rescored
from explain.counterfactual.draft import Draft
from explain.counterfactual.types import Edit
from models.change.types import Diff
from models.classify.protocol import Classifier, Prediction

TRY = "Try it yourself"
_HOW = (
    "Click a changed line to take it back, or to restore it. Double-click a word of an added line or of the message, or select "
    "some, to put others in place. With the keyboard: arrow keys, Space, E, Ctrl+Z."
)


def show_draft(diff: Diff, model: Classifier, prediction: Prediction) -> None:
    """The editor of the session's draft of this change, and its versions."""
    st.markdown("What would the model say if the change were different?")
    _editor(diff, model, prediction)


def edit_further(diff: Diff, edits: Sequence[Edit], key: str) -> None:
    """A button that takes the edits of a counterfactual to the editor."""
    name = f"further_{key}"
    st.button("Edit this further", key=name, on_click=_begin, args=(diff, edits), icon=":material/edit:")


def _begin(diff: Diff, edits: Sequence[Edit]) -> None:
    start_from(diff, edits)
    st.session_state["ask"] = TRY


@st.fragment
def _editor(diff: Diff, model: Classifier, prediction: Prediction) -> None:
    """Drawn alone after every step, so that the rest of the page waits for nothing."""
    with problems():
        desk = desk_of(diff, model)
        desk.draft = desk.draft.scored(0, prediction)
        if desk.draft.current.prediction is None:
            desk.draft = desk.draft.scored(desk.draft.at, rescored(desk.draft.current.diff, model))
        st.caption(_HOW)
        key = f"draft_{diff.id}"
        effect = desk.draft.current.effect
        view = View(diff, marks=marks_of(effect.reverted, effect.words), strip=strip(desk))
        show_editor(view, key, lambda: desk.step(lambda draft: act(draft, st.session_state[key].get("step"))))
        with st.container(horizontal=True, gap="medium"):
            show_versions(desk, key)
            show_keeping(desk, model, key)
        if len(desk.draft.versions) > 1:
            show_comparison(desk.draft, model, key)


def strip(desk: Desk) -> Strip:
    """What the editor says of the current version; it and the original are scored."""
    draft = desk.draft
    before, now = draft.versions[0].prediction, draft.current.prediction
    assert before is not None
    assert now is not None
    return Strip(
        before=before.score,
        now=now.score,
        threshold=now.threshold,
        flagged=now.flagged,
        words=spoken(draft, before, now),
        problem=visible(desk.problem),
        undo=draft.at > 0,
        redo=bool(draft.undone),
        turn=desk.turn,
    )


def spoken(draft: Draft, before: Prediction, now: Prediction) -> str:
    """The score before and now against the threshold, and the verdict, in words."""
    if draft.at == 0:
        return f"{before.score:.1%}, threshold {now.threshold:.1%}: {verdict(before)}. Nothing is edited."
    turned = "still" if before.flagged == now.flagged else "no longer" if before.flagged else "now"
    flagged = "flagged" if before.flagged or now.flagged else "not flagged"
    return (
        f"{before.score:.1%} → {now.score:.1%}, threshold {now.threshold:.1%}: {turned} {flagged}. "
        f"Margin {before.margin:+.2f} → {now.margin:+.2f} logits."
    )
