"""The versions of a change that is edited by hand: the list of them, what is kept of them, and two of them side by side."""

from __future__ import annotations

import json

import streamlit as st

from app.components.draft_state import Desk
from app.components.mount import show_diff
from app.components.payload import View
from app.components.plain import plain, visible
from app.workbench import rescored
from explain.counterfactual.draft import LONGEST_NAME, Draft, Version
from explain.counterfactual.draft_compare import compare, touches
from explain.counterfactual.draft_json import payload, read
from models.change.render import render
from models.classify.protocol import Classifier, Prediction

_LISTED = 12
_BOX = 430
_CURRENT = -1


def verdict(prediction: Prediction) -> str:
    """In two words at most."""
    return "flagged" if prediction.flagged else "not flagged"


def listed(draft: Draft) -> list[int]:
    """The versions that the list has: the original, the current one, pinned ones and the latest."""
    first = len(draft.versions) - _LISTED
    return [n for n, one in enumerate(draft.versions) if n in {0, draft.at} or one.name or n >= first]


def _label(draft: Draft, number: int) -> str:
    """A version by its number and what it is called; not yet safe to show."""
    version = draft.versions[number]
    return f"{number}: {version.name or version.step}"


def _said(draft: Draft, number: int) -> str:
    """A version's score, verdict, and where it comes from, if not from the one above."""
    version = draft.versions[number]
    one = version.prediction
    parts = [f"{one.score:.1%}, {verdict(one)}" if one else "not scored"]
    if version.name:
        parts.append(version.step)
    if version.parent is not None and version.parent != number - 1:
        parts.append(f"from version {version.parent}")
    return plain("; ".join(parts))


def show_versions(desk: Desk, key: str) -> None:
    """The list of versions, with what each was scored; choosing one goes there."""
    with st.container(width=_BOX):
        st.subheader("Versions", anchor=False)
        draft, turn = desk.draft, desk.turn
        shown = listed(draft)
        name = f"{key}_at_{turn}"
        st.session_state[name] = draft.at
        st.radio(
            "Version",
            shown,
            format_func=lambda number: plain(_label(draft, number)),
            captions=[_said(draft, number) for number in shown],
            key=name,
            on_change=lambda: desk.choose(turn, lambda one: one.go(st.session_state[name])),
            label_visibility="collapsed",
        )
        if len(shown) < len(draft.versions):
            st.caption(f"{len(draft.versions) - len(shown)} more are in the JSON.")


def show_keeping(desk: Desk, model: Classifier, key: str) -> None:
    """The name of the current version, the downloads, and a draft to go on with."""
    with st.container(width=_BOX):
        st.subheader("Keep it", anchor=False)
        draft, at, turn = desk.draft, desk.draft.at, desk.turn
        name = f"{key}_name_{at}_{turn}"
        st.session_state[name] = draft.current.name
        st.text_input(
            "Pin this version under a name",
            max_chars=LONGEST_NAME,
            key=name,
            on_change=lambda: desk.choose(turn, lambda one: one.pin(at, st.session_state[name])),
            placeholder="a name, then Enter",
        )
        with st.container(horizontal=True):
            st.download_button(
                "Patch",
                render(draft.current.diff).encode("utf-8", "surrogateescape"),
                file_name=f"whydiff-{draft.original.id}-version-{at}.patch",
                mime="text/x-diff",
                on_click="ignore",
                key=f"{key}_patch",
                icon=":material/download:",
            )
            st.download_button(
                "JSON of all versions",
                lambda: json.dumps(payload(draft, {"name": model.name, "digest": model.digest}), indent=1),
                file_name=f"whydiff-{draft.original.id}-draft.json",
                mime="application/json",
                on_click="ignore",
                key=f"{key}_json",
                icon=":material/download:",
            )
            with st.popover("Go on with a draft"):
                _show_opening(desk, key)


def _show_opening(desk: Desk, key: str) -> None:
    def opened() -> None:
        file = st.session_state[f"{key}_file"]
        if file is not None:
            desk.step(lambda draft: read(file.getvalue().decode("utf-8", "replace"), draft.original))

    st.file_uploader("JSON of a draft of this change, in place of the versions here", key=f"{key}_file", on_change=opened)
    st.button("Begin anew", key=f"{key}_anew", on_click=lambda: desk.step(lambda draft: Draft.of(draft.original)))


def show_comparison(draft: Draft, model: Classifier, key: str) -> None:
    """Two versions, the original and the current one at first: their scores, and the change from the one to the other."""
    st.subheader("Compare", anchor=False)
    numbers = range(len(draft.versions))

    def label(number: int) -> str:
        return "the current version" if number == _CURRENT else visible(_label(draft, number))

    with st.container(horizontal=True, gap="medium"):
        first = st.selectbox("From", numbers, format_func=label, key=f"{key}_from", width=_BOX)
        second = st.selectbox("To", [_CURRENT, *numbers], format_func=label, key=f"{key}_to", width=_BOX)
    found = compare(draft, first, draft.at if second == _CURRENT else second)
    lines, files = touches(found)
    differ = f"{lines} line differs" if lines == 1 else f"{lines} lines differ"
    also = f", and {files} file{'' if files == 1 else 's'} as a whole" if files else ""
    st.markdown(plain(f"{_scores(found.first, model)} → {_scores(found.second, model)}; {differ}{also}."))
    if found.diff.files:
        show_diff(View(found.diff, folded=60), key=f"{key}_compared")


def _scores(version: Version, model: Classifier) -> str:
    one = version.prediction or rescored(version.diff, model)
    return f"{one.score:.1%}, {verdict(one)} (margin {one.margin:+.2f})"
