"""Choosing the model that is looked at: the server's, a registered one, or the folder of a run."""

from __future__ import annotations

import os

import streamlit as st

from app.components.plain import plain
from models.classify.function import PREFIX
from models.errors import UsageError
from models.registry import MODEL_VARIABLE
from models.registry.entry import DEFAULT
from models.registry.folder import Registry
from models.registry.resolve import Found, find


def choose_model() -> Found:
    """The model that the user chose, else the one that the server was started with; the choice is part of the page's address.

    Raises ModelError when nothing is called so, UsageError when several are, or when it is a function.
    """
    started = os.environ.get(MODEL_VARIABLE, "") or DEFAULT
    chosen = st.selectbox(
        "Model",
        [DEFAULT, *(one.name for one in Registry().entries())],
        index=None,
        key="model",
        bind="query-params",
        accept_new_options=True,
        placeholder="Choose, or type the folder of a run",
    )
    st.caption(
        plain(
            "A registered model, or the folder of any model or training run on this machine, also of a run that still goes on."
            if chosen
            else f"Shown is the model that the server was started with ({started})."
        )
    )
    if not chosen and started.startswith(PREFIX):
        raise UsageError(f"The server was started with a function ({started}), which has no files to look at; choose a model.")
    return find(os.path.expanduser((chosen or started).strip()))
