"""A trained diff transformer as the files of its checkpoint. Needs torch."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from models.classify.checkpoint import GUESSES
from models.classify.diff_guesser import SCALE, UNUSED
from models.classify.diff_transformer import GUESSER, LINEAR, MODEL_TYPE, NETWORK
from models.classify.linear import Linear
from models.classify.network import DiffNetwork, Guesser
from models.files import write_json, write_whole

_LEVELS = 127
"""Of an 8-bit integer on either side of 0."""


def export(folder: Path, network: DiffNetwork, guesser: Guesser, linear: Linear, state: dict[str, Any]) -> None:
    """Write shape, counters and weights, these last; a folder without them is not loaded.

    Weights are stored as float16, half the size, and read back as float32: what is measured is what was stored.
    """
    config = {"model_type": MODEL_TYPE, **asdict(network.shape), "bits": linear.bits}
    write_json(folder / "config.json", config)
    write_json(folder / "state.json", state)
    tensors = {NETWORK + name: value for name, value in network.state_dict().items()}
    tensors |= {GUESSER + name: value for name, value in guesser.state_dict().items()}
    halves = {name: value.detach().cpu().half().contiguous() for name, value in tensors.items()}
    halves[LINEAR + "weights"] = torch.from_numpy(linear.weights).half()
    halves[LINEAR + "bias"] = torch.tensor([linear.bias], dtype=torch.float32)
    write_whole(folder / "model.safetensors", lambda path: save_file(halves, path, metadata={"format": "pt"}))


def export_guesser(folder: Path, network: DiffNetwork, guesser: Guesser) -> None:
    """Write ``guesser.safetensors``: what guessing needs, tables as 8-bit integers with a scale a row, the rest as float16."""
    tensors = {NETWORK + name: value for name, value in network.state_dict().items() if not name.startswith(UNUSED)}
    tensors |= {GUESSER + name: value for name, value in guesser.state_dict().items()}
    small: dict[str, Tensor] = {}
    for name, value in tensors.items():
        whole = value.detach().cpu().float()
        if whole.dim() != 2:
            small[name] = whole.half()
            continue
        scale = whole.abs().amax(1, keepdim=True).clamp(min=1e-8) / _LEVELS
        small[name] = (whole / scale).round().to(torch.int8)
        small[name + SCALE] = scale.squeeze(1).contiguous()
    write_whole(folder / GUESSES, lambda path: save_file(small, path, metadata={"format": "pt"}))
