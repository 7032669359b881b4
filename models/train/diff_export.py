"""A trained diff transformer as the files of its checkpoint. Needs torch."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from models.classify.diff_transformer import GUESSER, LINEAR, MODEL_TYPE, NETWORK
from models.classify.linear import Linear
from models.classify.network import DiffNetwork, Guesser
from models.files import write_json, write_whole


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
