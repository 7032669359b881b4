from __future__ import annotations

import subprocess
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from app.cli import app as app_verb
from app.cli import doctor
from models.errors import ModelError
from models.train.transformer import Report


def test_app_listens_on_this_machine_only(whydiff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def fake(arguments: list[str], check: bool) -> subprocess.CompletedProcess[bytes]:
        seen.append(arguments)
        return subprocess.CompletedProcess(arguments, 0)

    (tmp_path / "main.py").touch()
    monkeypatch.setattr(app_verb, "page", lambda: tmp_path / "main.py")
    monkeypatch.setattr(app_verb.subprocess, "run", fake)
    result = whydiff("app", "--port", 9000, "--headless")
    assert (result.code, result.out) == (0, "")
    (arguments,) = seen
    assert arguments[1:5] == ["-m", "streamlit", "run", str(tmp_path / "main.py")]
    options = dict(zip(arguments[5::2], arguments[6::2], strict=True))
    assert options == {
        "--server.address": "127.0.0.1",
        "--server.port": "9000",
        "--server.headless": "true",
        "--browser.gatherUsageStats": "false",
    }


def test_app_tells_what_went_wrong(refused, whydiff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(app_verb, "page", lambda: tmp_path / "main.py")
    assert "install whydiff again" in refused("app")
    (tmp_path / "main.py").touch()
    monkeypatch.setattr(app_verb.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1))
    result = whydiff("app")
    assert result.code == 2
    assert "--port" in result.err.splitlines()[-1]
    assert "--port" in refused("app", "--port", 0)


def test_doctor_is_well(whydiff, planted) -> None:
    result = whydiff("doctor")
    assert (result.code, result.err) == (0, "")
    assert "planted, golden score" in result.out
    assert result.out.endswith("All is well.\n")


def test_doctor_names_the_mend(whydiff, planted, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_folder: object = None) -> None:
        raise ModelError("The folder is empty.")

    monkeypatch.setattr("models.classify.load.load", broken)
    monkeypatch.setattr(doctor.shutil, "which", lambda _: None)
    result = whydiff("doctor")
    assert result.code == 1
    assert "broken shipped model: The folder is empty. -> install whydiff again" in result.out
    assert "broken git: missing" in result.out


def test_doctor_compares_versions(whydiff, planted, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "captum":
            raise metadata.PackageNotFoundError
        return "0.0.1" if name == "rich" else "0"

    monkeypatch.setattr(doctor.metadata, "version", version)
    monkeypatch.setattr(doctor, "_required", lambda: ["captum>=0.9", "rich>=14", "pytest>=9; extra == 'dev'"])
    result = whydiff("doctor")
    assert result.code == 1
    assert "broken captum: missing -> pip install 'captum>=0.9'" in result.out
    assert "broken rich: 0.0.1" in result.out
    assert "pytest" not in result.out


def test_doctor_refuses_a_score_that_is_no_number(whydiff, planted, monkeypatch: pytest.MonkeyPatch) -> None:
    good = type(planted).predict

    def nan(self: object, diffs: object) -> object:
        return tuple(replace(one, score=float("nan")) for one in good(self, diffs))

    monkeypatch.setattr(type(planted), "predict", nan)
    assert whydiff("doctor").code == 1


def test_train_passes_the_flags_on(whydiff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[object] = []

    def fake(datasets: list[Path], kind: str, options: object, folder: Path) -> list[Report]:
        seen.extend([datasets, kind, options, folder])
        return [Report(0.5, 20, 0.7, 1000.0, 60.0), Report(1.0, 40, float("nan"), float("nan"), 0.0, 0.71)]

    monkeypatch.setattr("models.train.run.train_checkpoint", fake)
    (tmp_path / "d.parquet").touch()
    result = whydiff("train", tmp_path / "d.parquet", "-o", tmp_path / "out", "--layers", 2, "--learning-rate", 0.01)
    assert (result.code, result.out) == (0, f"{tmp_path / 'out'}\n")
    assert "step 40: area under the curve 0.7100" in result.err
    datasets, kind, options, folder = seen
    assert (datasets, kind, folder) == ([tmp_path / "d.parquet"], "transformer", tmp_path / "out")
    assert (options.layers, options.learning_rate, options.heads) == (2, 0.01, 4)


def test_train_refuses_what_cannot_be(refused, tmp_path: Path) -> None:
    (tmp_path / "d.parquet").write_bytes(b"no")
    assert "does not exist" in refused("train", tmp_path / "none.parquet", "-o", tmp_path / "out")
    assert "is a file" in refused("train", tmp_path / "d.parquet", "-o", tmp_path / "d.parquet")
    assert "--kind" in refused("train", tmp_path / "d.parquet", "-o", tmp_path / "out", "--kind", "magic")
    assert "-o" in refused("train", tmp_path / "d.parquet")
    assert not (tmp_path / "out").exists()
