"""Choosing a change: a sample, a pasted or uploaded diff, a commit of a local repository, or a row of a dataset."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import streamlit as st

from app.components.plain import plain
from app.dataset_work import change_of, dataset_at
from models.change.dates import written
from models.change.git import authored, recent, show
from models.change.source import read_bytes
from models.change.types import Diff, clean
from models.errors import InputError

_FIRST = "18-ledger-own-files"
"""Opened at first: a change that the shipped model flags, so that the page shows what it is for."""
_COMMITS = 40
_SHORT = 12
_LISTED = re.compile(rf"([0-9a-f]{{{_SHORT}}})(?: |$)")


def choose_change() -> Diff | None:
    """The change that the user chose, or None while there is none. Raises InputError for one that cannot be read."""
    source = st.segmented_control(
        "Change", list(_SOURCES), default="Sample", required=True, key="source", bind="query-params", width="stretch", wrap=True
    )
    return _SOURCES[source or "Sample"]()


@lru_cache(maxsize=1)
def samples() -> Mapping[str, str]:
    """What each sample diff shows, by its name."""
    rows = json.loads((samples_folder() / "index.json").read_text(encoding="utf-8"))
    return MappingProxyType(
        {row["file"].removesuffix(".diff"): f"{row['title']} ({row['language']}). {row['shows']}" for row in rows}
    )


def samples_folder() -> Path:
    """Where the samples lie; they are a folder of data, to which an editable installation adds a place that is none."""
    spec = find_spec("sample_diffs")
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    folder = next((Path(place) for place in places if Path(place).is_dir()), None)
    if folder is None:
        raise InputError("The sample diffs are missing; install whydiff again, or paste a diff.")
    return folder


def _sample() -> Diff | None:
    names = list(samples())
    name = st.selectbox("Sample", names, index=names.index(_FIRST), key="sample", bind="query-params")
    if name not in samples():
        return None
    st.caption(plain(samples()[name]))
    return read_bytes((samples_folder() / f"{name}.diff").read_bytes())


def _pasted() -> Diff | None:
    text = st.text_area("Diff", key="pasted", height=220, placeholder="Output of git diff or git show")
    st.caption("A pasted diff stays in this session: the page's address does not hold it.")
    return read_bytes(text.encode("utf-8", "surrogateescape")) if text and text.strip() else None


def _uploaded() -> Diff | None:
    upload = st.file_uploader("Patch file", key="uploaded")
    st.caption("An uploaded file stays in this session: the page's address does not hold it.")
    return None if upload is None else read_bytes(upload.getvalue())


def _commit() -> Diff | None:
    repo = _folder(st.text_input("Repository folder", value=".", key="repo", bind="query-params"))
    commits = [f"{digest[:_SHORT]} {clean(subject)[:90]}".rstrip() for digest, subject in recent(repo, _COMMITS)]
    chosen = st.selectbox(
        "Commit or range",
        commits,
        index=None,
        key="revision",
        bind="query-params",
        accept_new_options=True,
        placeholder="Choose, or type a revision or A..B",
    )
    return show(repo, revision_of(chosen)) if chosen else None


def _of_dataset() -> Diff | None:
    """A row of a dataset on the server's disk."""
    text = st.text_input(
        "Dataset", key="changes", bind="query-params", placeholder="A .parquet file on the server's disk, or a folder"
    )
    name = st.text_input("Id of the change", key="row", bind="query-params")
    if not (text and text.strip() and name and name.strip()):
        st.caption("Any change of a dataset with a column diff, by its id.")
        return None
    return change_of(dataset_at(text), name.strip())


def _folder(text: str | None) -> Path:
    return Path(os.path.expanduser(text or "."))


def when(diff: Diff) -> datetime | None:
    """When the chosen change was written, as git or the head of the patch tells; None where neither does."""
    chosen = st.session_state.get("revision")
    if st.session_state.get("source") != "Git" or not chosen:
        return written(diff)
    return authored(_folder(st.session_state.get("repo")), revision_of(chosen))


def revision_of(choice: str) -> str:
    """The revision of an entry of the list, also of one that has left the list; what was typed stays as it is."""
    listed = _LISTED.match(choice)
    return listed[1] if listed else choice.strip()


_SOURCES: Mapping[str, Callable[[], Diff | None]] = MappingProxyType(
    {"Sample": _sample, "Paste": _pasted, "File": _uploaded, "Git": _commit, "Dataset": _of_dataset}
)
