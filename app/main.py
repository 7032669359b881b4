"""The workbench: ``streamlit run app/main.py``, or better ``whydiff app``, which also sets the server's options."""

from __future__ import annotations

import streamlit as st

from app.pages import inspect_diff

st.set_page_config(page_title="whydiff", page_icon=":material/difference:", layout="wide", initial_sidebar_state="expanded")
st.navigation([st.Page(inspect_diff.page, title="Inspect", url_path="inspect", icon=":material/search:", default=True)]).run()
