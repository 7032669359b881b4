"""What must stay: the search for the smallest part of a change that alone gets its verdict, and its result."""

from __future__ import annotations

import streamlit as st

from app.components.mount import show_diff
from app.components.payload import View
from app.components.plain import plain
from app.components.search_progress import outcome
from app.workbench import Cored, find_core_search, start_core_search
from explain.counterfactual.core import Core
from explain.counterfactual.types import SearchOptions
from explain.counterfactual.verify import Verification
from models.change.render import render
from models.change.types import Diff
from models.classify.protocol import Classifier, Prediction

_FOLDED = 60


def show_core(diff: Diff, model: Classifier, prediction: Prediction, options: SearchOptions) -> None:
    """The button, the running search, or what it found."""
    verdict = "flagged" if prediction.flagged else "not flagged"
    st.markdown(f"What is the smallest part of this change that, alone, would still be {verdict}?")
    job = find_core_search(diff, model, options)
    found = outcome(job, lambda: start_core_search(diff, model, options), "search_core")
    if isinstance(found, Cored):
        _show_found(diff, found)


def _show_found(diff: Diff, found: Cored) -> None:
    result, core = found.result, found.result.core
    if core is None or found.check is None:
        st.warning("The verdict on this change is on the threshold itself, so no part of it can be said to keep it.")
    else:
        _show_part(diff, core, found.check)
    st.caption(
        plain(f"{result.queries} queries of at most {result.budget}, {result.seconds:.1f} s; the search ended: {result.stopped}.")
    )


def _show_part(diff: Diff, core: Core, check: Verification) -> None:
    verdict = "flagged" if core.after.flagged else "not flagged"
    with st.container(border=True):
        st.markdown(
            f"**{len(core.kept)} of {diff.added + diff.removed} changed lines stay: "
            f"{core.before.score:.1%} → {core.after.score:.1%}, still {verdict}**"
        )
        show_diff(View(core.diff, folded=_FOLDED), key="core")
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.markdown(plain(core.statement))
        left.caption(plain(_checked(check)))
        right.download_button(
            "Patch",
            render(core.diff).encode("utf-8", "surrogateescape"),
            file_name=f"whydiff-{diff.id}-core.patch",
            mime="text/x-diff",
            on_click="ignore",
            key="patch_core",
            width="stretch",
            icon=":material/download:",
        )


def _checked(check: Verification) -> str:
    if check.ok:
        return "Verified: the part was read back and scored again, and so was every smaller part that this speaks of."
    return f"Not verified: {' '.join(check.reasons)}"
