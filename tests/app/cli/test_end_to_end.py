"""The verbs over a real, tiny checkpoint: torch, tokenizer and safetensors, nothing faked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest


def test_integrated_gradients(whydiff, checkpoint: Path, two_files: Path) -> None:
    result = whydiff("explain", two_files, "--model", checkpoint, "--format", "json", "--level", "token")
    assert (result.code, result.err) == (0, "")
    data = json.loads(result.out)
    assert data["model"]["path"] == str(checkpoint)
    assert data["trust"]["converged"] is True
    tokens = [unit for unit in data["attribution"]["units"] if unit["level"] == "token"]
    assert tokens
    assert all(unit["text"] for unit in tokens if unit["end"] > unit["start"])
    values = sum(unit["value"] for unit in data["attribution"]["units"]) + data["trust"]["special_tokens"]
    assert values + data["attribution"]["completeness_gap"] == data["trust"]["output"] - data["trust"]["baseline_output"]


@pytest.mark.parametrize("form", ["text", "html", "markdown", "sarif", "rdjsonl", "github"])
def test_forms(whydiff, checkpoint: Path, hostile: Path, form: str) -> None:
    result = whydiff("explain", hostile, "--model", checkpoint, "--format", form, "--method", "gradient")
    assert (result.code, result.err) == (0, "")
    assert "danger" in result.out or form in {"sarif", "rdjsonl", "github"}


def test_flip_and_score_agree(whydiff, checkpoint: Path, two_files: Path, tmp_path: Path) -> None:
    found = json.loads(whydiff("flip", two_files, "--model", checkpoint, "--format", "json", "--budget", 60).out)
    score = json.loads(whydiff("score", two_files, "--model", checkpoint, "--format", "json").out)
    assert found["before"]["score"] == pytest.approx(score["score"], abs=1e-4)
    assert found["diff_id"] == score["diff_id"]
    for one in found["counterfactuals"]:
        assert one["verified"] is True
        (tmp_path / "edited.diff").write_text(one["patch"])
        again = json.loads(whydiff("score", tmp_path / "edited.diff", "--model", checkpoint, "--format", "json").out)
        assert again["score"] == pytest.approx(one["after"]["score"], abs=1e-3)


def test_doctor_with_the_real_loader(whydiff, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.classify.load.shipped", lambda: checkpoint)
    assert "tiny, golden score 0." in whydiff("doctor").out


def test_broken_models(refused, checkpoint: Path, two_files: Path, tmp_path: Path) -> None:
    def folder(name: str) -> Path:
        return Path(shutil.copytree(checkpoint, tmp_path / name))

    pickled, torn, speechless, config = map(folder, ("pickled", "torn", "speechless", "config"))
    (pickled / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    (torn / "model.safetensors").write_bytes((torn / "model.safetensors").read_bytes()[:1000])
    (speechless / "tokenizer.json").write_text("{}")
    (config / "config.json").write_text("{")
    for model in (tmp_path / "none", tmp_path, pickled, torn, speechless, config):
        refused("score", two_files, "--model", model)
    assert "pytorch_model.bin" in refused("explain", two_files, "--model", pickled)
    assert "does not exist" in refused("flip", two_files, "--model", tmp_path / "none")


def test_a_model_without_a_head(refused, checkpoint: Path, two_files: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(checkpoint, tmp_path / "headless"))
    tensors = load_file(folder / "model.safetensors")
    kept = {name: value.clone() for name, value in tensors.items() if not name.startswith("classifier")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    assert "classifier" in refused("score", two_files, "--model", folder)
