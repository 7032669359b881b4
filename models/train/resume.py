"""What a run keeps so that it can go on: one file with weights, optimizer and counters, replaced whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.errors import ModelError, UsageError
from models.files import write_whole
from models.train.options import TrainOptions

WORK = "work"
_FILE = "checkpoint.safetensors"
_MAY_CHANGE = {"epochs", "minutes", "checkpoint_minutes", "valid_rows"}
"""Options that decide when a run ends and what it reports, not what it does on the way."""


@dataclass
class State:
    """Counters of a run: steps, tokens without padding, seconds; ``tokens_in_epoch`` are those of one pass over the rows."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    tokens_in_epoch: float = 0.0


def claim(folder: Path, options: TrainOptions) -> None:
    """Make ``folder`` the run's own; raises UsageError when it holds another run, or a checkpoint that cannot go on."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "train.json"
    begun = path.exists()
    if not begun and (folder / "model.safetensors").exists():
        raise UsageError(f"{folder} holds a checkpoint already; choose another folder for -o.")
    if begun and (folder / "model.safetensors").exists() and not (folder / WORK / _FILE).exists():
        raise UsageError(f"{folder} holds a finished checkpoint without what going on needs; choose another folder for -o.")
    if begun:
        _same(folder, json.loads(path.read_text(encoding="utf-8")), asdict(options))
    write_whole(path, lambda place: place.write_text(json.dumps(asdict(options), indent=1) + "\n", encoding="utf-8"))


def _same(folder: Path, stored: dict[str, Any], given: dict[str, Any]) -> None:
    for name in sorted(set(given) - _MAY_CHANGE):
        if stored.get(name) != given[name]:
            raise UsageError(
                f"The run in {folder} was begun with {name} {stored.get(name)}, but got {given[name]}; "
                "pass the same options to go on, or choose another folder for -o."
            )


def save(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, state: State) -> None:
    """Keep all that going on needs in one file, so that a kill never leaves parts of two steps."""
    tensors = {f"model.{name}": value for name, value in weights(model).items()}
    for index, one in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in one.items()}
    about = {"state": json.dumps(asdict(state))}
    write_whole(folder / WORK / _FILE, lambda path: save_file(tensors, path, metadata=about))


def restore(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> State | None:
    """Put weights and optimizer back as they were kept; None when nothing was. Raises ModelError for a broken file."""
    path = folder / WORK / _FILE
    if not path.exists():
        return None
    parts: dict[str, Tensor] = {}
    states: dict[int, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as stored:
            state = State(**json.loads(stored.metadata()["state"]))
            names = stored.keys()
            for name in names:
                kind, rest = name.split(".", 1)
                if kind == "model":
                    parts[rest] = stored.get_tensor(name)
                else:
                    index, key = rest.split(".", 1)
                    states.setdefault(int(index), {})[key] = stored.get_tensor(name)
        model.load_state_dict(parts)
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ModelError(f"{path} could not be read ({str(error)[:200]}); delete {folder / WORK} to begin anew.") from error
    optimizer.load_state_dict({"state": states, "param_groups": optimizer.state_dict()["param_groups"]})
    return state


def weights(model: nn.Module) -> dict[str, Tensor]:
    """The tensors of ``model``, detached and laid out for safetensors."""
    return {name: value.detach().clone().contiguous() for name, value in model.state_dict().items()}
