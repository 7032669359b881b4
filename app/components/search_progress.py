"""A search that runs in the background, as the page shows it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.components.plain import plain
from app.jobs import Job
from explain.counterfactual.types import Progress


@st.fragment(run_every=0.4)
def show_running(job: Job[Any]) -> None:
    """Progress and the Stop button, redrawn alone; the whole page again when the search is done."""
    if job.done:
        st.rerun()
    latest = job.latest
    if isinstance(latest, Progress):
        share = min(latest.queries / max(latest.budget, 1), 1.0)
        found = f", {len(latest.found)} found" if latest.found else ""
        text = f"{latest.queries} of at most {latest.budget} queries, best score {latest.best_score:.3f}{found}; {latest.phase}"
    else:
        share, text = 0.0, "waiting for its turn"
    st.progress(share, text=plain(text))
    if st.button("Stop", key="stop", disabled=job.stopping):
        job.stop()
