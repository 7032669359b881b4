"""A model's ``card.json`` as data: what was measured, checked before anything of it is drawn, because files can be hostile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.classify.checkpoint import read_json
from models.errors import ModelError
from models.evaluate.card import PARTS
from models.evaluate.sections import Section, counted, sections

SCHEMA, DATA = "whydiff/card/1", "card.json"
"""As ``models.evaluate.card`` has them, which brings scikit-learn."""
_LAST = 100
_BY_SIZE = ("size", "lines")


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval, all in [0, 1]; the ends are None where there is none."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Gate:
    """What gating catches: at place x, when the riskiest x % of the changes are gated, 0 to 100; None is undefined."""

    name: str
    kind: str
    caught: tuple[Interval | None, ...]

    @property
    def by_size(self) -> bool:
        """Whether the model sees no more than the size of a change."""
        return self.kind in _BY_SIZE


@dataclass(frozen=True, slots=True)
class Bin:
    """``rows`` changes with scores beside each other: their mean score and how often they were defective."""

    score: float
    rate: Interval
    rows: int


@dataclass(frozen=True, slots=True)
class Card:
    """``digest`` is of the checkpoint that the card is about. Of ``gates`` the first is its own; ``bins`` are its own.

    ``explaining`` tells what explanations of this checkpoint are worth, as far as that was measured.
    """

    digest: str
    learnt_from: str
    sections: tuple[Section, ...]
    gates: tuple[Gate, ...]
    bins: tuple[Bin, ...]
    explaining: tuple[Section, ...]


def read_card(folder: Path) -> Card | None:
    """The card beside a checkpoint, None without one. Raises ModelError for one of another version and for a broken one."""
    path = folder / DATA
    try:
        if not path.is_file():
            return None
    except OSError as error:
        raise ModelError(f"{path} could not be read ({error.strerror}); choose another folder.") from error
    data = read_json(path)
    if data.get("schema") != SCHEMA:
        raise ModelError(
            f"The card of {folder} is of an older or another version; write it again with whydiff evaluate PREDICTIONS "
            "--card FOLDER."
        )
    try:
        return _card(data)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError, OverflowError) as error:
        raise ModelError(
            f"{path} is broken ({type(error).__name__}: {str(error)[:100]}); write it again with whydiff evaluate PREDICTIONS "
            "--card FOLDER."
        ) from error


def _card(data: Mapping[str, Any]) -> Card:
    report = data["report"]
    own = [one for one in report["models"] if one["name"] == data["model"]]
    if len(own) != 1:
        raise ValueError(f"its model is there {len(own)} times")
    others = [{**one, "at_threshold": None, "calibration": None} for one in report["models"] if one is not own[0]]
    parts = tuple(sections({**report, "models": [*own, *others]}))
    explaining = tuple(one for name, made in PARTS.items() if isinstance(data.get(name), dict) for one in made(data[name]))
    if not all(isinstance(cell, str) for part in (*parts, *explaining) for row in part.rows for cell in row):
        raise TypeError("a name is no text")
    return Card(
        digest=str(data["facts"]["digest"]),
        learnt_from=_learnt_from(data.get("data") or {}),
        sections=parts,
        gates=tuple(_gate(one) for one in (*own, *others)),
        bins=tuple(map(_bin, own[0]["calibration"]["reliability"])) if own[0]["calibration"] else (),
        explaining=explaining,
    )


def _learnt_from(known: Mapping[str, Any]) -> str:
    if not {"train_rows", "train_projects"} <= known.keys():
        return ""
    return f"{counted(int(known['train_rows']), 'labelled change')} of {counted(int(known['train_projects']), 'project')}"


def _gate(model: Mapping[str, Any]) -> Gate:
    caught: Sequence[Mapping[str, Any]] = model["gate"]
    if len(caught) != _LAST + 1:
        raise ValueError(f"a gate has {len(caught)} points, expected {_LAST + 1}")
    return Gate(str(model["name"]), str(model["kind"]), tuple(map(_interval, caught)))


def _bin(one: Mapping[str, Any]) -> Bin:
    rate = _interval({"value": one["rate"], "low": one["low"], "high": one["high"]})
    if rate is None or type(one["rows"]) is not int:
        raise ValueError("a bin lacks its numbers")
    return Bin(_share(one["score"]), rate, one["rows"])


def _interval(one: Mapping[str, Any]) -> Interval | None:
    if one["value"] is None:
        return None
    low, high = (None if one[name] is None else _share(one[name]) for name in ("low", "high"))
    return Interval(_share(one["value"]), low, high)


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= 1:
        raise ValueError(f"expected a share from 0 to 1, got {str(value)[:40]}")
    return float(value)
