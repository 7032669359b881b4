"""What the pages share: the loaded classifier, explanations already made, searches that run.

Everything here is shared by all sessions and keyed by all that it depends on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from datetime import date
from pathlib import Path

import streamlit as st

from app.components.plain import plain
from app.jobs import Job, Jobs
from explain.attribution.options import AttributionOptions
from explain.attribution.run import answer, attribute
from explain.attribution.types import Attribution
from explain.counterfactual.core import CoreResult, find_core
from explain.counterfactual.hints import first_order
from explain.counterfactual.plausible import rated
from explain.counterfactual.search import search
from explain.counterfactual.types import Progress, SearchOptions, SearchResult
from explain.counterfactual.verify import Verification, verify, verify_core
from explain.trust.panel import trust
from explain.trust.sanity import stored_warnings
from explain.trust.types import Trust
from models.change.types import Diff
from models.classify.function import PREFIX, load_function
from models.classify.load import load, masked_folder, masked_model
from models.classify.protocol import Classifier, Prediction
from models.errors import UsageError
from models.registry import MODEL_VARIABLE
from models.registry.examine import content_hash
from models.registry.resolve import find, use, warnings

_PATIENCE = 5.0
"""Seconds after which the measuring of trust ends that no page looks at."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A finished search with an independent check of each of its counterfactuals."""

    result: SearchResult
    checks: tuple[Verification, ...]


@dataclass(frozen=True, slots=True)
class Cored:
    """A finished search for what must stay, with an independent check of it where there is something to check."""

    result: CoreResult
    check: Verification | None


def classifier() -> Classifier:
    """The classifier that the server was started with; what its users must be told is shown. Raises ModelError, UsageError."""
    name = os.environ.get(MODEL_VARIABLE, "")
    if name.startswith(PREFIX):
        return _function(name)
    for warning in warnings(name, date.today()):
        st.warning(plain(warning))
    return _loaded(name, str(find(name).folder))


def another(name: str) -> Classifier:
    """A further model: a registered name, or a folder; what its users must be told is shown. Raises ModelError, UsageError.

    Never a function: whoever can type on the page could name code of this machine to be run.
    """
    if name.startswith(PREFIX):
        raise UsageError(f"Expected a registered model or a folder, but got {name:.200}; start whydiff app with a function.")
    for warning in warnings(name, date.today()):
        st.warning(plain(warning))
    return _loaded(name, str(find(name).folder))


def digest(folder: Path) -> str:
    """The content hash of a model's folder, made anew when one of its files changed. Raises ModelError, OSError."""
    stats = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    return _digest(str(folder), tuple((name, one.st_size, one.st_mtime_ns) for name, one in stats))


def scored(diff: Diff, model: Classifier) -> Prediction:
    """The verdict of ``model`` on ``diff``."""
    return _scored(diff.id, model.digest, diff, model)


def rescored(diff: Diff, model: Classifier) -> Prediction:
    """The verdict of ``model`` on a diff that is being edited; as ``scored``, without a sign that would push the editor about."""
    return _rescored(diff.id, model.digest, diff, model)


def explained(diff: Diff, model: Classifier, method: str, options: AttributionOptions) -> Attribution:
    """The attribution of ``method``; made once for a diff, model, method and options."""
    return _explained(diff.id, model.digest, method, options, diff, model)


def trusting(
    diff: Diff, model: Classifier, attribution: Attribution, options: AttributionOptions, begin: bool = False
) -> Job[Trust] | None:
    """The measuring of how far ``attribution``, made with these options, may be believed; None before it is begun.

    ``begin`` begins it, anew where it ended early. It ends when no page looks at it any more.
    """

    def work(cancelled: Callable[[], bool]) -> Iterator[Trust]:
        return trust(diff, model, attribution, options, _warnings(model, attribution.method), cancelled)

    parts = (diff.id, model.digest, attribution.method, astuple(options))
    key = hashlib.sha256(repr(parts).encode()).hexdigest()
    return _trust_jobs().start(key, work) if begin else _trust_jobs().get(key)


def _warnings(model: Classifier, method: str) -> tuple[str, ...]:
    """What the card of the server's model says against the method."""
    name = os.environ.get(MODEL_VARIABLE, "")
    return () if name.startswith(PREFIX) else stored_warnings(find(name).folder, model.digest, method)


def find_search(diff: Diff, model: Classifier, options: SearchOptions) -> Job[Progress | Searched] | None:
    """The search with these options, running or done, if one was started."""
    return _jobs().get(_key(diff, model, options))


def start_search(diff: Diff, model: Classifier, options: SearchOptions) -> Job[Progress | Searched]:
    """Start the search in the background, or join the one that runs."""

    def work(cancelled: Callable[[], bool]) -> Iterator[Progress | Searched]:
        return _searched(diff, model, options, cancelled)

    return _jobs().start(_key(diff, model, options), work)


def find_core_search(diff: Diff, model: Classifier, options: SearchOptions) -> Job[Progress | Cored] | None:
    """The search for what must stay with these options, running or done, if one was started."""
    return _core_jobs().get(_key(diff, model, options))


def start_core_search(diff: Diff, model: Classifier, options: SearchOptions) -> Job[Progress | Cored]:
    """Start the search for what must stay in the background, or join the one that runs."""

    def work(cancelled: Callable[[], bool]) -> Iterator[Progress | Cored]:
        for item in find_core(diff, model, options, cancelled):
            if isinstance(item, CoreResult):
                yield Cored(item, None if item.core is None else verify_core(diff, item.core, model))
            else:
                yield item

    return _core_jobs().start(_key(diff, model, options), work)


def _searched(
    diff: Diff, model: Classifier, options: SearchOptions, cancelled: Callable[[], bool]
) -> Iterator[Progress | Searched]:
    for item in search(diff, model, options, cancelled, first_order(diff, model)):
        if isinstance(item, SearchResult):
            result = rated(item, masked_model())
            yield Searched(result, tuple(verify(diff, one, model) for one in result.counterfactuals))
        else:
            yield item


def _key(diff: Diff, model: Classifier, options: SearchOptions) -> str:
    return hashlib.sha256(repr((diff.id, model.digest, masked_folder(), astuple(options))).encode()).hexdigest()


@st.cache_resource(max_entries=3, show_spinner="Loading the model…")
def _loaded(name: str, folder: str) -> Classifier:
    """``folder`` is in the key, because a name may come to mean another model."""
    return load(use(name, date.today()).folder)


@st.cache_resource(max_entries=2, show_spinner="Loading the function…")
def _function(name: str) -> Classifier:
    return load_function(name)


@st.cache_resource(show_spinner=False)
def _jobs() -> Jobs[Progress | Searched]:
    return Jobs()


@st.cache_resource(show_spinner=False)
def _core_jobs() -> Jobs[Progress | Cored]:
    return Jobs()


@st.cache_resource(show_spinner=False)
def _trust_jobs() -> Jobs[Trust]:
    return Jobs(at_once=1, patience=_PATIENCE)


@st.cache_data(max_entries=64, show_spinner="Reading the model's files…")
def _digest(folder: str, files: tuple[tuple[str, int, int], ...]) -> str:
    """``files`` is in the key, so that a file that changes is read again."""
    return content_hash(Path(folder))


# Streamlit leaves parameters with an underscore out of the key, so the digests beside them stand for them.
@st.cache_resource(max_entries=256, show_spinner="Scoring…")
def _scored(diff_id: str, digest: str, _diff: Diff, _model: Classifier) -> Prediction:
    return _model.predict([_diff])[0]


@st.cache_resource(max_entries=1024, show_spinner=False)
def _rescored(diff_id: str, digest: str, _diff: Diff, _model: Classifier) -> Prediction:
    return _model.predict([_diff])[0]


@st.cache_resource(max_entries=64, show_spinner="Explaining…")
def _explained(
    diff_id: str, digest: str, method: str, options: AttributionOptions, _diff: Diff, _model: Classifier
) -> Attribution:
    return answer(attribute(_diff, _model, method, options))
