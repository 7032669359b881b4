"""Work that runs in the background, as the page shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import streamlit as st

from app.components.plain import plain
from app.jobs import Job, Step
from explain.counterfactual.types import Progress

T = TypeVar("T")


def outcome(
    job: Job[T] | None,
    start: Callable[[], Job[T]],
    key: str,
    label: str = "Search",
    kind: Literal["primary", "secondary"] = "primary",
) -> T | None:
    """The button that starts some work, how far it is or why it failed; its last item once it is done.

    ``key`` is the button's; that to stop it has ``stop_`` before.
    """
    running = job is not None and not job.done
    if st.button(label, type=kind, disabled=running, key=key):
        job = start()
    if job is None:
        return None
    if not job.done:
        _show_running(job, f"stop_{key}")
    elif job.error:
        st.error(plain(job.error))
    else:
        return job.latest
    return None


@st.fragment(run_every=0.4)
def _show_running(job: Job[Any], key: str) -> None:
    """Progress and the Stop button, redrawn alone; the whole page again when the work is done."""
    if job.done:
        st.rerun()
    share, text = _progress(job.latest)
    st.progress(share, text=plain(text))
    if st.button("Stop", key=key, disabled=job.stopping):
        job.stop()


def _progress(latest: object) -> tuple[float, str]:
    """How far the work is, from 0 to 1 and in words."""
    if isinstance(latest, Progress):
        found = f", {len(latest.found)} found" if latest.found else ""
        said = f"{latest.queries} of at most {latest.budget} queries, best score {latest.best_score:.3f}{found}; {latest.phase}"
        return min(latest.queries / max(latest.budget, 1), 1.0), said
    if isinstance(latest, Step):
        return min(latest.done / max(latest.most, 1), 1.0), latest.words
    return 0.0, "waiting for its turn"
