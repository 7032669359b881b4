"""How far to believe an explanation: measured in the background while the page is read, step by step."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from app.components.plain import plain, visible
from app.jobs import Job
from explain.trust.types import Trust, Word
from explain.trust.verdict import verdict
from explain.trust.wording import conclusion, findings

Measure = Callable[[bool], Job[Trust] | None]
"""Gives the measuring, if there is one; asked with True, it begins it."""


def show_verdict(measure: Measure) -> Job[Trust] | None:
    """The button that begins to measure; how far that is; then the verdict with its reasons.

    ``measure`` gives the job, if there is one, and begins it when asked so.
    """
    # One place for the button, the bar and the verdict, so that the button is gone as soon as it was pressed.
    place = st.empty()
    job = measure(False)
    ended = job is None or (job.done and not job.error and not _complete(job))
    if ended and place.button("Measure how far to believe this", key="measure", icon=":material/fact_check:"):
        job = measure(True)
    if job is None:
        return None
    if not job.done:
        with place.container():
            _show_running(job)
    elif job.error:
        place.warning(plain(job.error))
    elif _complete(job) and job.latest is not None:
        found = job.latest
        boxes = {Word.USABLE: place.success, Word.WEAK: place.warning, Word.DO_NOT_USE: place.error}
        boxes[verdict(found).word](plain(conclusion(found)))
    return job


def _complete(job: Job[Trust]) -> bool:
    return job.latest is not None and job.latest.complete


def show_measured(job: Job[Trust] | None) -> None:
    """What was measured so far."""
    found = None if job is None else job.latest
    if found is None:
        return
    st.subheader("How far to believe it", anchor=False)
    st.dataframe(
        table(found), hide_index=True, height="content", column_config={"What": st.column_config.TextColumn(width="medium")}
    )


def table(found: Trust) -> pd.DataFrame:
    """What was measured so far, as text that may be shown anywhere."""
    rows = [(visible(what), visible(outcome)) for what, outcome in findings(found)]
    return pd.DataFrame(rows, columns=["What", "Measured"])


@st.fragment(run_every=0.5)
def _show_running(job: Job[Trust]) -> None:
    """The bar and the Stop button, redrawn alone; the whole page again when all is measured."""
    job.look()
    if job.done:
        st.rerun()
    latest = job.latest
    share = latest.done / max(latest.steps, 1) if latest is not None else 0.0
    doing = latest.doing if latest is not None else "waiting for its turn"
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container():
            st.progress(share, text=plain(f"Measuring how far to believe it: {doing}"))
        if st.button("Stop measuring", key="stop_trust", disabled=job.stopping):
            job.stop()
