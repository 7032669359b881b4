"""What sanity checks of a model's explanations say: their figures as frozen types, as JSON, and in sentences of warning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from explain.trust.sanity_options import PART, SanityOptions
from explain.trust.types import NO_RECORD, Record
from models.classify.checkpoint import read_json
from models.errors import ModelError
from models.evaluate.bootstrap import Estimate
from models.evaluate.sanity_sections import LEARNT

SCHEMA, CARD = "whydiff/sanity/1", "card.json"
RANDOM_MOST, TOP_MOST = 0.3, 0.9
"""Rank correlations above which a method is warned of: with all parameters random, or labels; with the first stage random."""
LEAST_FOUND = {
    "one cause": 0.95,
    "two redundant causes": 0.8,
    "two causes together": 0.8,
    "position": 0.8,
    "length": 0.8,
}
"""The least share of the causes of every rule that a method must find not to be warned of."""
_CAUSES = {
    "one cause": "a single cause",
    "two redundant causes": "causes that make each other redundant",
    "two causes together": "causes that only work together",
    "position": "a word whose place decides",
    "length": "lines whose number decides",
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the values of a method at a level ("line", "token") keep their ranking in another model.

    ``rho``: the absolute Spearman rank correlation of the signed values, the mean over ``diffs`` changes with its bootstrap
    interval; ``chance``: the same for values in random order; ``size``: the rank correlation of the values' sizes, which shows
    what the structure of a change alone decides. Undefined (None) where no change has three values that differ.
    """

    method: str
    level: str
    rho: Estimate
    chance: float | None
    size: float | None
    diffs: int


@dataclass(frozen=True, slots=True)
class Stage:
    """The agreement after the parameters of this stage, and of those before it, became random."""

    name: str
    agreements: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True)
class Relabelled:
    """The agreement with a model that learnt labels drawn by lot. ``about`` says what was trained, on what, for how long.

    ``fitted``: the area under the ROC curve of its scores for the labels that it learnt: .5 is nothing learnt, 1 all by heart.
    """

    about: str
    fitted: float
    agreements: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The share of the causes that were among the k highest values, k being the number of causes, and that of random order."""

    method: str
    level: str
    recall: Estimate
    chance: float


@dataclass(frozen=True, slots=True)
class Planted:
    """What methods find in a model that learnt a rule.

    ``accuracy``: of the model on ``held_out`` changes that it did not learn. ``diffs``: how many of ``asked`` changes it gets
    right, with their twins; only those count.
    """

    rule: str
    about: str
    accuracy: Estimate
    held_out: int
    asked: int
    diffs: int
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Sanity:
    """All of it, for the model with ``digest``. ``stages`` is empty for a model that gives no access to its parameters."""

    model: str
    digest: str
    options: SanityOptions
    about: str
    stages: tuple[Stage, ...]
    relabelled: tuple[Relabelled, ...]
    planted: tuple[Planted, ...]

    def payload(self) -> dict[str, Any]:
        """As JSON."""
        return {"schema": SCHEMA, **asdict(self)}


def record(card_data: Mapping[str, Any], method: str) -> Record:
    """What to say beside the values of ``method`` where it failed a check for the model with this ``card.json``.

    Nothing where nothing was measured, and nothing of figures that cannot be read: a card is as hostile as any file.
    """
    data = card_data.get(PART)
    try:
        if isinstance(data, Mapping) and data.get("schema") == SCHEMA:
            return Record(tuple(_warnings(data, method)), tuple(_cautions(data, method)))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        pass
    return NO_RECORD


def stored_record(folder: Path, digest: str, method: str) -> Record:
    """``record`` of the card in a checkpoint's ``folder``; empty without a card, or with one of another checkpoint."""
    path = folder / CARD
    try:
        data = read_json(path) if path.is_file() else {}
    except (ModelError, OSError):
        return NO_RECORD
    part = data.get(PART)
    return record(data, method) if isinstance(part, Mapping) and part.get("digest") == digest else NO_RECORD


def _warnings(data: Mapping[str, Any], method: str) -> Iterator[str]:
    """Of the checkpoint itself: its copies with random parameters, and the first relabelled one."""
    name = _named(method)
    if data["stages"]:
        top, last = data["stages"][0], data["stages"][-1]
        for level, rho in _above(top["agreements"], method, TOP_MOST):
            yield f"{name} ranks {level}s nearly as before ({rho:.2f}) when the top of this model is made random."
        for level, rho in _above(last["agreements"], method, RANDOM_MOST):
            yield f"{name} still ranks {level}s much as before ({rho:.2f}) when all of this model is made random."
    for one in data["relabelled"][:1]:
        for level, rho in _above(one["agreements"], method, RANDOM_MOST):
            yield f"{name} ranks {level}s much alike ({rho:.2f}) in a copy of this model that learnt labels drawn by lot."


def _cautions(data: Mapping[str, Any], method: str) -> Iterator[str]:
    """Of small models of the checkpoint's kind."""
    for one in data["relabelled"][1:]:
        for level, rho in _above(one["agreements"], method, RANDOM_MOST):
            yield f"{_named(method)} ranks {level}s much alike ({rho:.2f}) in two small models, one of which learnt by lot."
    for one in data["planted"]:
        yield from _missed(one, method, _named(method))


def _named(method: str) -> str:
    return method.replace("-", " ").capitalize()


def _above(agreements: Any, method: str, most: float) -> Iterator[tuple[str, float]]:
    """The levels, with their correlation, where it is above ``most`` and its interval above chance.

    Of changes with few lines, values in random order correlate with .3 too.
    """
    for one in agreements:
        rho = one["rho"]
        if not _told(one, method) or rho["value"] is None:
            continue
        if rho["value"] > most and rho["low"] > one["chance"]:
            yield one["level"], float(rho["value"])


def _missed(planted: Mapping[str, Any], method: str, name: str) -> Iterator[str]:
    """What ``method`` did not find; nothing where the planted model had not learnt its rule."""
    if planted["rule"] not in LEAST_FOUND or not planted["accuracy"]["value"] >= LEARNT:
        return
    found = [one["recall"]["value"] for one in planted["found"] if _told(one, method)]
    least = min((one for one in found if one is not None), default=1.0)
    if least < LEAST_FOUND[planted["rule"]]:
        what = _CAUSES[planted["rule"]]
        yield f"{name} may miss {what}: found were {least:.0%} in a small model of this kind, where they are known."


def _told(one: Mapping[str, Any], method: str) -> bool:
    return bool(one["method"] == method) and one["level"] in {"line", "token"}
