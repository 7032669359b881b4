"""The changes behind a slice, worst first, and the way from each to the Inspect page."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from app.components.data_table import Cell, Table
from app.components.plain import plain, visible
from app.slice_work import Changes, clones_in
from explain.slices.changes import Change

_LINK = "Inspect"
_HOME = "./?"
"""Inspect is the first page of the workbench, and has no name of its own in its address."""


def choose_code() -> str:
    """Where the text of changes is: a folder of local clones, or the dataset that was scored; "" where it is not told."""
    text = st.text_input(
        "Where the code is",
        key="code",
        bind="query-params",
        placeholder="A folder of local clones, or the dataset that was scored",
    )
    return (text or "").strip()


def show_changes(found: Changes, name: str, code: str) -> None:
    """Draw what was judged wrongly in the slice called ``name``, with links where ``code`` has the text."""
    share = f"{found.wrong:,} of its {found.rows:,} changes are judged wrongly"
    most = f"; shown are the worst {len(found.worst)}" if len(found.worst) < found.rows else ""
    st.markdown(plain(f"“{name}”: {share}{most}, first the errors that the model was surest of.", 1000))
    links = [address(one, code) for one in found.worst]
    score = st.column_config.NumberColumn(format="%.3f", width="small")
    link = st.column_config.LinkColumn(_LINK, display_text="open", width="small")
    columns = {"Score": score, _LINK: link, "Label": st.column_config.Column(width="small")}
    table = changes_table(found, links)
    st.download_button(
        "CSV",
        table.csv(),
        file_name="whydiff-changes.csv",
        mime="text/csv",
        on_click="ignore",
        key="changes_csv",
        icon=":material/download:",
    )
    st.dataframe(table.columns(), hide_index=True, key="changes", column_config=columns)
    st.caption(plain(_needed(found, links, code)))


def changes_table(found: Changes, links: list[str | None]) -> Table:
    """A row for every change; ids and projects are anybody's text."""
    shown = any(links)
    rows = tuple(_row(one, link, shown) for one, link in zip(found.worst, links, strict=True))
    return Table(("Judged", "Id", "Project", "Date", "Score", "Label", *((_LINK,) if shown else ())), rows)


def _row(one: Change, link: str | None, shown: bool) -> tuple[Cell, ...]:
    judged = "right" if one.flagged == bool(one.label) else "missed" if one.label else "false alarm"
    return (judged, one.id, one.project, one.date, one.score, one.label, *((link,) if shown else ()))


def address(one: Change, code: str) -> str | None:
    """The address of the Inspect page with the change; None where its text is not known to be anywhere."""
    if not code:
        return None
    if code.endswith(".parquet") or _holds_parquet(code):
        return _HOME + urlencode({"source": "Dataset", "changes": code, "row": one.id}, errors="replace")
    project, sign, commit = one.id.rpartition("@")
    clone = clones_in(code, one.project or project) if sign and visible(one.id) == one.id else None
    if clone is None or not commit.isalnum():
        return None
    return _HOME + urlencode({"source": "Git", "repo": str(clone), "revision": commit}, errors="replace")


def _holds_parquet(code: str) -> bool:
    try:
        return next(Path(code).expanduser().glob("*.parquet"), None) is not None
    except (OSError, ValueError, RuntimeError):
        return False


def _needed(found: Changes, links: list[str | None], code: str) -> str:
    """What it takes to open the changes."""
    if links and all(links):
        return "“open” shows the change on the Inspect page, by the model that the server was started with."
    lacking = sorted({one.project for one, link in zip(found.worst, links, strict=True) if link is None and one.project})
    projects = ", ".join(lacking[:5]) + (" and others" if len(lacking) > 5 else "")
    if code:
        wanted = projects or "their project"
        return f"“Open” needs a clone of {wanted} in {code}, as OWNER/NAME or NAME, or the dataset that was scored."
    return (
        "The predictions hold no text of changes. To open one in Inspect, name above the folder of your local clones "
        f"({projects or 'of the projects'}), each as OWNER/NAME or NAME, or the dataset that was scored."
    )
