"""A search that runs in the background, as the page shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import streamlit as st

from app.components.plain import plain
from app.jobs import Job
from explain.counterfactual.types import Progress

T = TypeVar("T")


def outcome(
    job: Job[T] | None,
    start: Callable[[], Job[T]],
    key: str,
    label: str = "Search",
    kind: Literal["primary", "secondary"] = "primary",
) -> T | None:
    """The button that starts a search, and the search while it runs or why it failed; its last item once it is done."""
    running = job is not None and not job.done
    if st.button(label, type=kind, disabled=running, key=key):
        job = start()
    if job is None:
        return None
    if not job.done:
        _show_running(job)
    elif job.error:
        st.error(plain(job.error))
    else:
        return job.latest
    return None


@st.fragment(run_every=0.4)
def _show_running(job: Job[Any]) -> None:
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
