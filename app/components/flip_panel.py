"""What if: the search for the smallest edits that turn the verdict, run in the background, and its results."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import streamlit as st

from app.components.core_panel import show_core
from app.components.draft_panel import TRY, edit_further, show_draft
from app.components.marks import Marks, marks_of
from app.components.mount import show_diff
from app.components.payload import View
from app.components.plain import plain, visible
from app.components.search_progress import outcome
from app.components.verdict import percent
from app.workbench import Searched, find_search, start_search
from explain.counterfactual.effects import Effect
from explain.counterfactual.operators import effect_of
from explain.counterfactual.proof import left_to_score, proving
from explain.counterfactual.types import (
    NOUNS,
    OPERATOR_NAMES,
    TAKING_BACK,
    Counterfactual,
    Edit,
    SearchOptions,
    SearchResult,
    Syntax,
)
from explain.counterfactual.verify import Verification
from explain.counterfactual.wording import SYNTAX, describe, guessed_by, plausible, sentence
from models.change.types import Diff
from models.classify.load import masked_folder, masked_model
from models.classify.protocol import Classifier, Prediction

_FOLDED = 60
_GO, _STAY = "What must go", "What must stay"


def show_flips(diff: Diff, model: Classifier, prediction: Prediction) -> None:
    """Which question, the form, the running search, or what it found."""
    asked = st.segmented_control(
        "Question", (_GO, _STAY, TRY), default=_GO, required=True, key="ask", bind="query-params", label_visibility="collapsed"
    )
    if asked == TRY:
        show_draft(diff, model, prediction)
        return
    options = _choose_options()
    if asked == _STAY:
        show_core(diff, model, prediction, options)
        return
    aim = "not be flagged" if prediction.flagged else "be flagged"
    st.markdown(f"What is the smallest edit of this change that would make it {aim}?")
    found = outcome(find_search(diff, model, options), lambda: start_search(diff, model, options), "search")
    if isinstance(found, Searched):
        answers = st.container()
        proved = _prove(diff, model, options, found.result)
        with answers:
            _show_found(diff, proved or found)


def _prove(diff: Diff, model: Classifier, options: SearchOptions, result: SearchResult) -> Searched | None:
    """The way to look through all sets smaller than the first answer, with what it will take; its outcome once it is there."""
    more = proving(options, result)
    if more is None:
        return None
    left = left_to_score(result, result.counterfactuals[0])
    label = f"Look through all smaller sets: at most {left:,} more queries, {_lasting(left, result)}"
    found = outcome(find_search(diff, model, more), lambda: start_search(diff, model, more), "prove", label, "secondary")
    return found if isinstance(found, Searched) else None


def _lasting(queries: int, result: SearchResult) -> str:
    """How long so many more queries will take, at the pace of those before and with these asked again."""
    seconds = (queries + result.queries) * result.seconds / result.queries
    return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {max(1, seconds):.0f} s"


def _choose_options() -> SearchOptions:
    with st.expander("Settings of the search"):
        names = list(OPERATOR_NAMES)
        chosen = st.multiselect("Edits", names, default=names, key="operators", bind="query-params", help=_help("operators"))
        left, right = st.columns([2, 1], vertical_alignment="bottom")
        protect = left.text_input(
            "Keep as it is", key="protect", bind="query-params", help=_help("protect"), placeholder="message, src/*, a.py:10-20"
        )
        syntax = right.checkbox("Break the syntax too", key="any_syntax", bind="query-params", help=_help("syntax"))
        columns = st.columns(4)
        numbers = {
            name: column.number_input(label, **_bounds(name), key=name, bind="query-params")
            for column, (name, label) in zip(columns, _NUMBERS.items(), strict=True)
        }
    return SearchOptions(
        operators=tuple(chosen) or tuple(names),
        max_edits=int(numbers["max_edits"]),
        budget=int(numbers["budget"]),
        seconds=float(numbers["seconds"]),
        answers=int(numbers["answers"]),
        syntax="any" if syntax else "keep",
        protect=tuple(part.strip() for part in protect.split(",") if part.strip()),
    )


_NUMBERS = {"answers": "Answers", "max_edits": "Most edits", "budget": "Most queries", "seconds": "Most seconds"}
_OPTIONS = {one.name: one for one in fields(SearchOptions)}


def _help(name: str) -> str:
    return plain(str(_OPTIONS[name].metadata["help"]).capitalize() + ".")


def _bounds(name: str) -> dict[str, Any]:
    """Value, bounds and help of a number's field, as the options themselves give them."""
    option = _OPTIONS[name]
    kind = float if isinstance(option.default, float) else int
    low, high = option.metadata["min"], option.metadata["max"]
    return {"value": option.default, "min_value": kind(low), "max_value": kind(high), "step": kind(1), "help": _help(name)}


def _show_found(diff: Diff, searched: Searched) -> None:
    result = searched.result
    if not result.counterfactuals:
        st.warning(plain(sentence(result)))
        _show_closest(diff, result)
    for n, (one, check) in enumerate(zip(result.counterfactuals, searched.checks, strict=True), start=1):
        _show_counterfactual(n, diff, one, check)
    st.caption(
        plain(f"{result.queries} queries of at most {result.budget}, {result.seconds:.1f} s; the search ended: {result.stopped}.")
    )
    folder = masked_folder()
    if folder is not None:
        st.caption(plain(guessed_by(folder.name, masked_model().digest)))


def _show_counterfactual(n: int, diff: Diff, one: Counterfactual, check: Verification) -> None:
    with st.container(border=True):
        verdict = "flagged" if one.after.flagged else "not flagged"
        st.markdown(f"**{n}. {_count(one.edits)}: {one.before.score:.1%} → {one.after.score:.1%}, {verdict}**")
        st.text(visible(f"To get there, {describe(diff, one.edits)}."))
        show_diff(View(diff, marks=_marks(diff, one.edits), folded=_FOLDED, only_marked=True), key=f"flip_{n}")
        st.markdown(plain(one.certificate.statement))
        (st.warning if one.syntax is Syntax.INVALID else st.caption)(SYNTAX[one.syntax])
        st.caption(plain(plausible(one.plausibility)))
        st.caption(plain(checked_sentence(check)))
        with st.container(horizontal=True):
            st.download_button(
                "Patch",
                one.patch.encode("utf-8", "surrogateescape"),
                file_name=f"whydiff-{diff.id}-{n}.patch",
                mime="text/x-diff",
                on_click="ignore",
                key=f"patch_{n}",
                icon=":material/download:",
            )
            edit_further(diff, one.edits, str(n))


def _marks(diff: Diff, edits: tuple[Edit, ...]) -> Marks:
    """The lines that are taken back, the files and hunks that go as a whole, and the words that are replaced."""
    effect = effect_of(diff, edits) or Effect()
    whole = (edit.unit for edit in edits if edit.operator in {"drop-hunk", "drop-file"})
    return marks_of((*effect.reverted, *whole), effect.words)


def checked_sentence(check: Verification) -> str:
    """What the independent check said."""
    if check.ok:
        sets = f", {check.checked} smaller set{'' if check.checked == 1 else 's'} scored anew" if check.checked else ""
        return f"Verified: the patch was read back, scored again and turns the verdict{sets}."
    return f"Not verified: {' '.join(check.reasons)}"


def _count(edits: tuple[Edit, ...]) -> str:
    noun = NOUNS[edits[0].operator]
    done = "taken back" if edits[0].operator in TAKING_BACK else "changed"
    return f"{len(edits)} {noun}{'' if len(edits) == 1 else 's'} {done}"


def _show_closest(diff: Diff, result: SearchResult) -> None:
    if result.closest is None:
        return
    edits, prediction = result.closest
    st.markdown(f"The nearest miss, at {prediction.score:.1%} against a threshold of {percent(prediction.threshold)}:")
    show_diff(View(diff, marks=_marks(diff, edits), folded=_FOLDED, only_marked=True), key="closest")
