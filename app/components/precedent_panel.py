"""Known changes like the one that is looked at: asked of a labelled dataset on the server's disk, in the background."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from app.components.data_table import Table
from app.components.plain import plain, problems
from app.components.search_progress import outcome
from app.dataset_work import Lookup, dataset_at, find_lookup, start_lookup
from explain.precedent.lookup import Bounds
from explain.precedent.nearest import Precedents
from explain.precedent.wording import day, sentences
from models.change.types import Diff
from models.classify.embedded import Embedding
from models.classify.protocol import Classifier

_ROWS, _MOST_ROWS = 1000, 20_000
_NEAREST = 10
WORTH = (
    "They are changes to look at, not a second opinion: what makes them alike to the network is what its score is made of, and "
    "it may have learnt from their labels."
)


def show_precedents(diff: Diff, model: Classifier, before: datetime | None) -> None:
    """Draw the form, the lookup while it runs, and what it found; only changes from before ``before`` count."""
    with st.expander("Known changes like this one", expanded="known" in st.query_params), problems():
        if not isinstance(model, Embedding):
            st.caption("Only a model with a network can say which known changes are like this one; this model has none.")
            return
        left, right = st.columns([4, 1], vertical_alignment="bottom")
        text = left.text_input(
            "Labelled dataset", key="known", bind="query-params", placeholder="A .parquet file on the server's disk, or a folder"
        )
        rows = right.number_input("Read at most", 1, _MOST_ROWS, _ROWS, 100, key="known_rows", bind="query-params")
        if not text or not text.strip():
            st.caption("Finds the labelled changes that the network reads most like this one, and tells what became of them.")
            return
        asked = Lookup(diff, model, dataset_at(text), Bounds(int(rows), _NEAREST, before))
        found = outcome(find_lookup(asked), lambda: start_lookup(asked), "look_up", "Look for them", "secondary")
        if isinstance(found, Precedents):
            _show_found(found)
        elif found is not None:
            st.caption("Stopped before a known change was read.")


def _show_found(found: Precedents) -> None:
    st.markdown(plain(" ".join(sentences(found))))
    score = st.column_config.NumberColumn(format="%.3f", width="small")
    small = st.column_config.Column(width="small")
    columns = {
        "Similarity": score,
        "Score": score,
        "Label": small,
        "Date": small,
        "Message": st.column_config.Column(width="large"),
    }
    st.dataframe(table(found).columns(), hide_index=True, height="content", key="precedents", column_config=columns)
    st.caption(plain(f"Label 1 is what the model flags. Similarity is the cosine of the network's two vectors. {WORTH}"))


def table(found: Precedents) -> Table:
    """The nearest, a row each; message and id are anybody's text."""
    rows = []
    for one in found.nearest:
        known = one.known
        date = day(known.date) if known.date else None
        rows.append((known.label, one.similarity, known.score, date, known.title, known.id))
    return Table(("Label", "Similarity", "Score", "Date", "Message", "Id"), tuple(rows))
