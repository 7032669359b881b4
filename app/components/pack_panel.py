"""The meeting pack as the page offers it: what it is to hold, the making, and the files with their commands."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.components.plain import plain, visible
from app.components.search_progress import outcome
from app.components.slice_source import Looking
from app.export.asked import AUTO, KIND, METRICS, MOST_NOTES, USUAL, Asked
from app.pack_work import NOTES, Order, Pack, find_pack, start_pack
from explain.slices.load import NONE, default_cluster
from models.errors import UsageError

_TITLE, _DECISIONS, _NOTES, _VIEWS = "pack_title", "pack_decisions", "pack_notes", "pack_views"
_USUAL, _WRITTEN = "pack_usual", "pack_written"
MOST_DECISIONS = 20_000
"""Characters that decisions may have together: they are part of a command."""
_HEIGHT = 150
View = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Words:
    """What was written for the meeting."""

    title: str
    decisions: tuple[str, ...]
    notes: str


def show_pack(looking: Looking, metric: str, opened: bool) -> None:
    """The form and, if ``opened``, the button, how far the making is, and the files; for the first model.

    Raises UsageError for too long words and where no view is chosen.
    """
    words = _write(looking.models[0])
    views = _choose_views(looking)
    kind, ratio = _choose_more()
    if not opened:
        return
    asked = Asked(
        looking.chosen.paths,
        looking.models[0],
        looking.chosen.where,
        views,
        tuple(dict.fromkeys((metric, *METRICS))),
        AUTO if looking.chosen.cluster == default_cluster(looking.chosen.source) else NONE,
        kind,
        ratio,
        words.title,
        words.decisions,
        words.notes,
    )
    _check(looking, words, views)
    order = Order(asked, looking.chosen.stamp)
    pack = outcome(find_pack(order), lambda: start_pack(order), "make_pack", "Make the pack")
    if isinstance(pack, Pack):
        _show_files(pack, words.notes)
    elif pack is not None:
        st.caption("Stopped before the pack was made.")
    else:
        _tell(looking)


def _write(model: str) -> _Words:
    """The fields for words; what is in them stays while the user is on other pages."""
    written: dict[str, str] = st.session_state.setdefault(_WRITTEN, {})
    for name, text in written.items():
        st.session_state.setdefault(name, text)
    title = st.text_input("Title", key=_TITLE, placeholder=visible(f"Where {model} is weak, and what to do"))
    left, right = st.columns(2)
    with left:
        decisions = st.text_area("Decisions", key=_DECISIONS, height=_HEIGHT, placeholder="One a line")
    with right:
        notes = st.text_area("Notes", key=_NOTES, height=_HEIGHT, placeholder="Shown as plain text")
    written |= {_TITLE: title, _DECISIONS: decisions, _NOTES: notes}
    lines = tuple(line.strip() for line in decisions.splitlines() if line.strip())
    return _Words(title.strip(), lines, "\n".join(notes.splitlines()) if notes.strip() else "")


def _choose_views(looking: Looking) -> tuple[View, ...]:
    """What slices are made of: at first those of the other answers, and so they stay until something else is chosen."""
    names = [one for one in looking.chosen.source.attributes if one == one.strip() and "," not in one]
    state = st.session_state
    now = (tuple(state.get("by") or ()), (state.get("down"), state.get("across")))
    usual = [one for one in dict.fromkeys(now) if one and set(one) <= set(names) and len(set(one)) == len(one)]
    every = (*usual, *USUAL, *((one,) for one in names))
    options = [one for one in dict.fromkeys(every) if set(one) <= set(names)]
    chosen = state.get(_VIEWS)
    if chosen is None or chosen == state.get(_USUAL):
        chosen = usual
    state[_VIEWS] = [one for one in chosen if one in options]
    state[_USUAL] = usual
    return tuple(
        st.multiselect(
            "Slices by",
            options,
            key=_VIEWS,
            format_func=lambda one: " × ".join(map(visible, one)),
            help="At first those of Slices and of the heat map.",
        )
    )


def _choose_more() -> tuple[str, float | None]:
    """(what weak slices suffer in or "", what a miss costs or None), as the other answers have them."""
    kind, ratio = st.session_state.get("kind", KIND), float(st.session_state.get("ratio", 5))
    with st.container(horizontal=True, gap="medium"):
        weak = st.toggle(
            f"Weak slices ({kind})",
            value=True,
            key="pack_weak",
            help="Of two conditions at most; what suffers is that of Weak slices.",
        )
        thresholds = st.toggle(
            f"Thresholds (a miss costs {ratio:g} needless flags)",
            value=True,
            key="pack_thresholds",
            help="The cost of Thresholds.",
        )
    return kind if weak else "", ratio if thresholds else None


def _check(looking: Looking, words: _Words, views: tuple[View, ...]) -> None:
    if not views and looking.chosen.source.attributes:
        raise UsageError("Expected one attribute or more that slices are made of; choose them above.")
    if len(words.notes) > MOST_NOTES:
        raise UsageError(f"The notes hold {len(words.notes):,} characters, expected at most {MOST_NOTES:,}; shorten them.")
    length = len(words.title) + sum(map(len, words.decisions))
    if length > MOST_DECISIONS:
        raise UsageError(
            f"Title and decisions hold {length:,} characters, expected at most {MOST_DECISIONS:,}; put the rest into the notes."
        )


def _tell(looking: Looking) -> None:
    alone = f" It is about {looking.models[0]} alone." if len(looking.models) > 1 else ""
    st.caption(
        plain(
            "One file with slices, gates, scores, weak slices, thresholds and what was decided, which opens without a server and "
            f"loads nothing.{alone}"
        )
    )


def _show_files(pack: Pack, notes: str) -> None:
    for one in pack.files:
        with st.container(border=True):
            st.download_button(
                f"Download {one.title}",
                one.content,
                one.name,
                one.kind,
                key=one.name,
                on_click="ignore",
                icon=":material/download:",
            )
            st.caption(f"{one.name}, {len(one.content):,} bytes, sha256 {one.sha256}")
            st.code(visible(one.command), language=None, wrap_lines=True)
    said = "Each command writes the same file again, byte for byte"
    if not notes:
        st.caption(f"{said}.")
        return
    st.caption(plain(f"{said}; it reads the notes from {NOTES}."))
    st.download_button("Download the notes", notes, NOTES, "text/plain", key=NOTES, on_click="ignore", icon=":material/download:")
