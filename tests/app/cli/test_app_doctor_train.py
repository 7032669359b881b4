from __future__ import annotations

import subprocess
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from app.cli import app as app_verb
from app.cli import doctor
from models.errors import ModelError
from models.train.config import Config
from models.train.report import Report


def test_app_listens_on_this_machine_only(whydiff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def fake(arguments: list[str], check: bool, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
        seen.append([*arguments, *(part for name in ("WHYDIFF_MODEL", "WHYDIFF_MASKED_MODEL") for part in (name, env[name]))])
        return subprocess.CompletedProcess(arguments, 0)

    (tmp_path / "main.py").touch()
    monkeypatch.setattr(app_verb, "page", lambda: tmp_path / "main.py")
    monkeypatch.setattr(app_verb.subprocess, "run", fake)
    result = whydiff("app", "--port", 9000, "--headless", "--model", "python:rules:judge", "--masked-model", "guesses")
    assert (result.code, result.out) == (0, "")
    (arguments,) = seen
    assert arguments[1:5] == ["-m", "streamlit", "run", str(tmp_path / "main.py")]
    options = dict(zip(arguments[5::2], arguments[6::2], strict=True))
    assert options == {
        "--server.address": "127.0.0.1",
        "--server.port": "9000",
        "--server.headless": "true",
        "--browser.gatherUsageStats": "false",
        "WHYDIFF_MODEL": "python:rules:judge",
        "WHYDIFF_MASKED_MODEL": "guesses",
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


def test_train_passes_on_what_was_asked(whydiff, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[object] = []

    def fake(datasets: list[Path], config: Config, folder: Path, init: Path | None) -> list[Report]:
        seen.extend([datasets, config, folder, init])
        nan = float("nan")
        return [Report(0.5, 20, 0.7, 1000.0, 60.0, None, "labels"), Report(1.0, 40, nan, nan, 0.0, 0.71, "labels")]

    monkeypatch.setattr("models.train.run.train_checkpoint", fake)
    (tmp_path / "d.parquet").touch()
    (tmp_path / "run.toml").write_text('kind = "transformer"\nlayers = 2\nlearning_rate = 1\n')
    result = whydiff(
        "train", tmp_path / "d.parquet", "-o", tmp_path / "out", "--config", tmp_path / "run.toml", "--set", "learning_rate=0.01"
    )
    assert (result.code, result.out) == (0, f"{tmp_path / 'out'}\n")
    assert "labels step 40: 0.7100 on rows that are not learnt from" in result.err
    datasets, config, folder, init = seen
    assert (datasets, folder, init) == ([tmp_path / "d.parquet"], tmp_path / "out", None)
    assert (config.tier.kind, config.options.layers, config.options.learning_rate) == ("transformer", 2, 0.01)


def test_train_lists_the_options_of_a_kind(whydiff) -> None:
    result = whydiff("train", "--kind", "bag", "--list-options")
    assert result.code == 0
    assert "min_df" in result.out
    assert "logistic regression" in result.out


def test_train_refuses_what_cannot_be(refused, tmp_path: Path) -> None:
    (tmp_path / "d.parquet").write_bytes(b"no")
    assert "does not exist" in refused("train", tmp_path / "none.parquet", "-o", tmp_path / "out")
    assert "is a file" in refused("train", tmp_path / "d.parquet", "-o", tmp_path / "d.parquet")
    assert "--kind" in refused("train", tmp_path / "d.parquet", "-o", tmp_path / "out", "--kind", "magic")
    assert "-o" in refused("train", tmp_path / "d.parquet")
    assert "has no option 'layers'" in refused("train", tmp_path / "d.parquet", "--kind", "bag", "--set", "layers=2")
    assert "NAME=VALUE" in refused("train", tmp_path / "d.parquet", "--set", "layers")
    assert "could not be read" in refused("train", tmp_path / "d.parquet", "--config", tmp_path / "none.toml")
    assert not (tmp_path / "out").exists()


def test_only_what_this_platform_needs_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["numpy>=1; python_version >= '3'", "nowhere>=1; sys_platform == 'none'", "pytest>=1; extra == 'dev'", "pandas>=1"]
    monkeypatch.setattr("app.cli.doctor._required", lambda: lines)
    assert [one.what for one in doctor.check_packages()] == ["numpy", "pandas"]
