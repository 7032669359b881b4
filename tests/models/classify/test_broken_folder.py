"""What is said of a folder that cannot be loaded: which part of it, why, and nothing besides."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.classify.load import load
from models.errors import ModelError


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load(folder)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    assert len(said) < 600
    return said


@pytest.fixture
def copied(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def configure(folder: Path, **values: Any) -> Path:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | values))
    return folder


def test_a_weight_of_another_shape_is_named(copied: Path) -> None:
    weights = load_file(copied / "model.safetensors")
    save_file(weights | {"classifier.weight": torch.zeros(3, 32)}, copied / "model.safetensors", metadata={"format": "pt"})
    assert "the weight classifier.weight" in refusal(copied)


def test_the_reason_of_a_wrong_configuration_is_told_whole(copied: Path) -> None:
    said = refusal(configure(copied, num_attention_heads="x"))
    assert "num_attention_heads" in said
    assert "':)" not in said
    assert "'x'" in said


@pytest.mark.parametrize(
    ("key", "value"), [("hidden_size", 0), ("vocab_size", -1), ("num_hidden_layers", 0), ("vocab_size", True)]
)
def test_a_size_that_is_none_is_refused_before_anything_is_built(copied: Path, key: str, value: object) -> None:
    assert f"{key} = {value!r}" in refusal(configure(copied, **{key: value}))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "weights").touch()
    assert "is a file, not a folder" in refusal(tmp_path / "weights")


def test_what_the_system_refuses_is_one_sentence(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "could not be read (File name too long)" in refusal(Path("x" * 5000))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert "could not be read (Permission denied)" in refusal(copied)
