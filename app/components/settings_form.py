"""Choosing how a verdict is explained: method, level and baseline."""

from __future__ import annotations

from dataclasses import dataclass, fields

import streamlit as st

from app.components.plain import plain
from explain.attribution.options import AttributionOptions
from explain.attribution.registry import METHODS, MethodCard, fitting
from models.change.types import Level
from models.classify.protocol import Classifier

_COARSER = (Level.TOKEN, Level.LINE, Level.HUNK, Level.FILE)


@dataclass(frozen=True, slots=True)
class Explaining:
    """The chosen method, the level that is shown, and the method's options."""

    method: str
    level: Level
    options: AttributionOptions


def choose_explanation(model: Classifier) -> Explaining:
    """What the user chose of what fits ``model``; every choice is part of the page's address."""
    card = choose_method(model)
    levels = [str(level) for level in _COARSER[_COARSER.index(card.finest) :]]
    level = st.segmented_control(
        "Level", levels, default=levels[0], required=True, key="level", bind="query-params", width="stretch", wrap=False
    )
    return Explaining(card.name, Level(level or levels[0]), choose_options(card))


def choose_method(model: Classifier) -> MethodCard:
    """The method that the user chose of what fits ``model``."""
    method = st.selectbox("Method", [card.name for card in fitting(model)], key="method", bind="query-params")
    card = METHODS[method]
    st.caption(plain(card.summary))
    return card


def choose_options(card: MethodCard) -> AttributionOptions:
    """The options of the method ``card`` that the user chose."""
    return AttributionOptions(baseline=_baseline(card))


def _baseline(card: MethodCard) -> str:
    """One of the baselines that the method can do; the usual one for a method that does not ask."""
    field = next(one for one in fields(AttributionOptions) if one.name == "baseline")
    if not card.baselines:
        return str(field.default)
    help_text = plain(str(field.metadata["help"]).capitalize() + ".")
    return st.selectbox("Baseline", card.baselines, key="baseline", bind="query-params", help=help_text)
