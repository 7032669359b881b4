"""The drafts of a session: one for each change and model, kept from run to run of the page, and the steps that change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from explain.counterfactual.draft import Draft
from explain.counterfactual.types import Edit
from models.change.types import Diff, Unit
from models.classify.protocol import Classifier
from models.errors import UsageError

_KEPT = 8
_DESKS, _START = "drafts", "draft_start"


@dataclass(slots=True)
class Desk:
    """A draft, what went wrong with the last step ("" if nothing did), and how many steps the editor sent."""

    draft: Draft
    problem: str = ""
    turn: int = 0

    def step(self, change: Callable[[Draft], Draft]) -> None:
        """Change the draft, or keep it and say why not."""
        self.turn += 1
        self._change(change)

    def choose(self, turn: int, change: Callable[[Draft], Draft]) -> None:
        """The same for a widget that was drawn at ``turn``, has the turn in its key, and keeps it and so the focus.

        A browser that has not yet drawn a step sends what its widgets said before. Streamlit takes that for the user's choice:
        with it the step would be undone, so that only widgets of this turn are heard.
        """
        if turn == self.turn:
            self._change(change)

    def _change(self, change: Callable[[Draft], Draft]) -> None:
        try:
            self.draft, self.problem = change(self.draft), ""
        except UsageError as error:
            self.problem = str(error)


def desk_of(diff: Diff, model: Classifier) -> Desk:
    """The session's desk for this change and model; started from the edits that ``start_from`` was given, if any."""
    desks: dict[tuple[str, str], Desk] = st.session_state.setdefault(_DESKS, {})
    key = (diff.id, model.digest)
    desk = desks.pop(key, None) or Desk(Draft.of(diff))
    desks[key] = desk
    while len(desks) > _KEPT:
        del desks[next(iter(desks))]
    begun = st.session_state.pop(_START, None)
    if begun is not None and begun[0] == diff.id:
        desk.step(lambda draft: draft.start_from(begun[1]))
    return desk


def start_from(diff: Diff, edits: Sequence[Edit]) -> None:
    """Let the next ``desk_of`` this change begin with ``edits``."""
    st.session_state[_START] = (diff.id, tuple(edits))


def act(draft: Draft, event: Any) -> Draft:
    """``draft`` after a step that the browser sent (``diff_edit.js``). Raises UsageError for a step that there is not."""
    if not isinstance(event, Mapping):
        raise UsageError(f"Expected a step of the editor, but got {event!r:.60}; load the page again.")
    if event.get("do") in {"undo", "redo"}:
        return draft.undo() if event["do"] == "undo" else draft.redo()
    try:
        unit = Unit(*(int(event[name]) for name in ("file", "hunk", "line")))
        text = str(event["text"]) if event["do"] == "replace" else None
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"Expected a step of the editor, but reading it gave {error!r:.60}; load the page again.") from error
    if text is not None:
        return draft.replace(unit, text)
    return draft.restore(unit) if draft.has_back(unit) else draft.take_back(unit)
