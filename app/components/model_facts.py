"""What is known of a model, or of a run that will become one, from its folder alone: no weights are loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import streamlit as st

from app.components.data_table import Table, show_plain_table
from app.components.plain import plain
from app.workbench import digest
from models.classify.bands import Band
from models.classify.checkpoint import FILES, SETTINGS, TRANSFORMER, Settings, read_json, read_kind, read_settings
from models.classify.load import shipped
from models.errors import ModelError
from models.registry.entry import DEFAULT
from models.registry.folder import lineage
from models.registry.resolve import Found
from models.train.curves import CURVES

RECORD, STATE = "train.json", "state.json"
_COUNTERS: Mapping[str, str] = MappingProxyType(
    {"rows": "rows", "features": "features", "step": "steps", "tokens": "tokens", "seconds": "seconds"}
)
"""What is shown of a run's counters, each with its unit."""
_METHODS: Mapping[str, str] = MappingProxyType(
    {"platt": "Platt scaling", "temperature": "temperature scaling", "isotonic": "isotonic regression"}
)


@dataclass(frozen=True, slots=True)
class Known:
    """Facts as (label, value) in the order they are shown, all of it text that may be hostile.

    ``finished`` is whether the folder holds a checkpoint; ``digest`` is its content hash, "" before.
    """

    name: str
    finished: bool
    digest: str
    facts: tuple[tuple[str, str], ...]
    bands: tuple[Band, ...] = ()
    options: tuple[tuple[str, str], ...] = ()


def read_known(found: Found, today: date) -> Known:
    """All facts of a model's folder.

    Raises ModelError for a folder that is neither a checkpoint nor a run, and for broken files.
    """
    try:
        return _read(found, today)
    except OSError as error:
        raise ModelError(f"The folder {str(found.folder)[:200]} could not be read ({error.strerror}); choose another.") from error


def _read(found: Found, today: date) -> Known:
    folder = found.folder
    if not folder.is_dir():
        raise ModelError(f"{str(folder)[:200]} is no folder; choose that of a model or of a training run.")
    odd = next((path for path in folder.iterdir() if path.exists() and not (path.is_file() or path.is_dir())), None)
    if odd is not None:  # reading a pipe would never end
        raise ModelError(f"{str(odd)[:200]} is no regular file; a model's folder holds files only, so remove it.")
    settings, record = read_settings(folder), _object(folder / RECORD)
    running = settings is None and any((folder / name).is_file() for name in (RECORD, CURVES))
    if settings is None and not running and not all(any(folder.glob(name)) for name in FILES[TRANSFORMER]):
        raise ModelError(
            f"{str(folder)[:200]} is no model or training run: it has neither {SETTINGS} nor {RECORD}; choose another folder."
        )
    name = settings.name if settings else folder.resolve().name
    kind = str(record.get("kind", "unknown")) if running else read_kind(folder)
    hashed, told = "" if running else digest(folder), lineage(folder)
    facts = (
        ("Kind", _with_summary(kind)),
        ("Registry", _standing(found, hashed, today)),
        ("Digest", hashed or "none before the run has ended"),
        ("Parent", told["parent"] or "none known: trained from nothing, or not told"),
        ("Data", f"digest {told['data']}" if told["data"] else "not told"),
        ("Training", _counters(_object(folder / STATE)) or "not told"),
        ("Written", _written(folder)),
        ("Size", _size(folder)),
        *_reading(settings),
    )
    return Known(name, not running, hashed, facts, settings.bands if settings else (), _options(record))


def show_facts(known: Known, learnt_from: str) -> None:
    """Draw the facts, the risk bands and the options of the training; ``learnt_from``: what the card tells of the data."""
    rows = (*known.facts, ("Learnt from", learnt_from or "not told"))
    st.markdown("| Fact | Value |\n| :-- | :-- |\n" + "\n".join(f"| {plain(a)} | {plain(b)} |" for a, b in rows))
    if known.bands:
        st.markdown("**Risk bands**: what became of changes that did not choose the borders.")
        show_plain_table(bands_table(known.bands), "Risk bands with the observed rate of defects")
    elif known.finished:
        st.caption("The checkpoint stores no risk bands.")
    if known.options:
        with st.expander("Options of its training"):
            show_plain_table(Table(("Option", "Value"), known.options), "Options of its training")


def bands_table(bands: tuple[Band, ...]) -> Table:
    """A row for every band, the least risky first."""
    rows = tuple(
        (one.name, f"{one.start:.3f}", one.rows, one.positives, f"{one.rate:.1%}", "{:.1%} to {:.1%}".format(*one.interval))
        for one in bands
    )
    return Table(("Band", "From score", "Changes", "Defective", "Rate", "95 % interval"), rows)


def _with_summary(kind: str) -> str:
    from models.train.tiers import TIERS  # brings scikit-learn, which no other page needs

    return f"{kind} ({TIERS[kind].summary})" if kind in TIERS else kind


def _standing(found: Found, hashed: str, today: date) -> str:
    """How the model stands in the registry."""
    entry = found.entry
    if entry is None:
        return f"the model that ships, called {DEFAULT}" if found.folder == shipped() else "not registered"
    changed = "" if entry.digest == hashed else "; its files were changed since, so it is refused"
    added = f", added on {entry.added}" if entry.added else ""
    return f"{entry.name}{added}, {entry.state(today)}{changed}"


def _reading(settings: Settings | None) -> tuple[tuple[str, str], ...]:
    """How scores are made of the model's output."""
    if settings is None:
        return (("Threshold", "none stored"), ("Calibration", "none stored: scores are not calibrated"))
    return (
        ("Threshold", f"flags from a score of {settings.threshold:.3f} on"),
        ("Calibration", _METHODS[settings.calibration.method]),
    )


def _object(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _counters(state: Mapping[str, Any]) -> str:
    known = ((name, state[name]) for name in _COUNTERS if _scalar(state.get(name)))
    return ", ".join(f"{_value(value)} {_COUNTERS[name]}" for name, value in known)


def _options(record: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The options of a run; older ones stored nothing else."""
    options = record.get("options", record)
    pairs = options.items() if isinstance(options, dict) else ()
    return tuple((name.replace("_", " "), _value(value)) for name, value in pairs if _scalar(value))


def _scalar(value: object) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _written(folder: Path) -> str:
    """When the files that end a run, or those that it writes on its way, were written; an installation tells nothing."""
    if folder == shipped():
        return "comes with this version of whydiff"
    times = [path.stat().st_mtime for name in (SETTINGS, CURVES, RECORD, "config.json") if (path := folder / name).is_file()]
    return f"{datetime.fromtimestamp(times[0], UTC):%Y-%m-%d %H:%M} UTC" if times else "unknown"


def _size(folder: Path) -> str:
    total = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    return f"{total / 1e6:,.1f} MB" if total >= 1e5 else f"{total / 1e3:,.1f} kB"
