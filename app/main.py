"""The workbench: ``whydiff app``, or ``streamlit run app/main.py``; the options lie in ``app/.streamlit``."""

from __future__ import annotations

import streamlit as st

from app.pages import inspect_diff, model, overall, slices

# Drawn here, because Streamlit's own icons for a browser's tab are fetched from the network.
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="3" fill="#2f5d8c"/><rect x="3" y="4" width="7" height="2.4" fill="#f0a04b"/>
<rect x="3" y="9.6" width="10" height="2.4" fill="#b79cf0"/></svg>"""

st.set_page_config(page_title="whydiff", page_icon=ICON, layout="wide", initial_sidebar_state=320)
st.navigation(
    [
        st.Page(inspect_diff.page, title="Inspect", url_path="inspect", icon=":material/search:", default=True),
        st.Page(overall.page, title="Overall", url_path="overall", icon=":material/stacked_bar_chart:"),
        st.Page(slices.page, title="Slices", url_path="slices", icon=":material/leaderboard:"),
        st.Page(model.page, title="Model", url_path="model", icon=":material/monitoring:"),
    ]
).run()
