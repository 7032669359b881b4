from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from models.classify.checkpoint import digest_folder
from models.registry.entry import read_entry, write_entry
from models.registry.folder import Registry


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Registry:
    monkeypatch.setenv("WHYDIFF_MODELS", str(tmp_path / "registry"))
    monkeypatch.delenv("WHYDIFF_MODEL", raising=False)
    return Registry()


@pytest.fixture
def tiny(whydiff, registry: Registry, checkpoint: Path) -> str:
    """The content hash of a registered checkpoint called tiny."""
    assert whydiff("models", "add", checkpoint).out == "tiny\n"
    return digest_folder(checkpoint)


def change(registry: Registry, digest: str, **values: object) -> None:
    from dataclasses import replace

    write_entry(registry.root / digest, replace(read_entry(registry.root / digest), **values))


def test_the_shipped_model_is_always_listed(whydiff, registry: Registry) -> None:
    result = whydiff("models", "list")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[1].startswith("default")
    assert not registry.root.exists()


def test_a_model_is_added_listed_and_shown(whydiff, registry: Registry, checkpoint: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(checkpoint, tmp_path / "source"))
    (source / "README.md").write_text("# Card\n\x1b[2J[red]\u202eevil\n")
    result = whydiff("models", "add", source, "--name", "fast", "--parent", "default", "--data", "ab" * 16, "--expires", 90)
    assert (result.code, result.out, result.err) == (0, "fast\n", "")
    again = whydiff("models", "add", source, "--name", "other")
    assert (again.out, again.err) == ("fast\n", "This model is registered already, as fast, so nothing was copied.\n")
    digest, today = digest_folder(source), date.today()
    row = whydiff("models", "list").out.splitlines()[2].split()
    assert row == ["fast", digest[:8], "transformer", str(today), "-", str(today + timedelta(90)), "ok"]
    data = json.loads(whydiff("models", "list", "--format", "json").out)
    assert data["schema"] == "whydiff/models-list/1"
    assert [one["name"] for one in data["models"]] == ["default", "fast"]
    assert (data["models"][1]["parent"], data["models"][1]["data"]) == (data["models"][0]["digest"], "ab" * 16)
    shown = whydiff("models", "show", digest[:6]).out
    assert f"trained from: {data['models'][0]['digest']}" in shown
    assert "<U+001B>[2J[red]<U+202E>evil" in shown
    assert json.loads(whydiff("models", "show", "fast", "--format", "json").out)["card"].startswith("# Card\n")
    assert whydiff("models", "show", "fast", "-o", tmp_path / "out").out == ""
    assert "# Card" in (tmp_path / "out").read_text()
    assert "whydiff-default" in whydiff("models", "show", "default").out


def test_any_verb_takes_a_name_or_a_hash(whydiff, tiny: str, checkpoint: Path, registry: Registry, two_files: Path) -> None:
    by_folder = whydiff("score", two_files, "--model", checkpoint, "--format", "json").out
    for text in ("tiny", tiny, tiny[:4]):
        result = whydiff("score", two_files, "--model", text, "--format", "json")
        assert (result.code, result.out, result.err) == (0, by_folder, "")
    explained = json.loads(whydiff("explain", two_files, "--model", "tiny", "--method", "occlusion", "--format", "json").out)
    assert explained["model"] == {"id": tiny, "path": str(registry.root / tiny)}
    assert registry.entries()[0].last_used == date.today()


def test_the_environment_stands_in_for_the_option(
    whydiff, refused, tiny: str, two_files: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = whydiff("score", two_files, "--model", checkpoint).out
    monkeypatch.setenv("WHYDIFF_MODEL", "tiny")
    assert whydiff("score", two_files).out == expected
    monkeypatch.setenv("WHYDIFF_MODEL", "nobody")
    assert "nobody does not exist" in refused("score", two_files)
    assert whydiff("score", two_files, "--model", "tiny").out == expected
    monkeypatch.setenv("WHYDIFF_MODEL", "")
    assert whydiff("score", two_files).out != expected


def test_a_retired_or_expired_model_works_and_warns(whydiff, refused, tiny: str, registry: Registry, two_files: Path) -> None:
    plain = whydiff("score", two_files, "--model", "tiny").out
    change(registry, tiny, expires=date.today() - timedelta(1))
    result = whydiff("score", two_files, "--model", "tiny")
    assert (result.code, result.out) == (0, plain)
    assert result.err == f"Warning: The model tiny expired on {date.today() - timedelta(1)}; train or add a newer one.\n"
    assert "expired" in whydiff("models", "list").out
    assert "retire it first without --now" in refused("models", "retire", "tiny", "--now")
    retired = whydiff("models", "retire", "tiny", "--reason", "noisy\x1b[31m\n")
    assert (retired.code, retired.out) == (0, "tiny\n")
    result = whydiff("score", two_files, "--model", "tiny")
    assert f"Warning: The model tiny was retired on {date.today()} (noisy<U+001B>[31m); choose another one.\n" in result.err
    assert (result.code, result.out) == (0, plain)
    assert "is deleted" in whydiff("models", "retire", "tiny", "--now").err
    assert "no registered model has that name" in refused("score", two_files, "--model", "tiny")


def test_a_model_that_was_changed_is_refused(whydiff, refused, tiny: str, registry: Registry, two_files: Path) -> None:
    settings = registry.root / tiny / "whydiff.json"
    settings.write_text(settings.read_text() + " ")
    assert "files of the model tiny were changed" in refused("score", two_files, "--model", "tiny")
    assert "files of the model tiny were changed" in refused("models", "validate", "tiny")
    settings.write_text(settings.read_text()[:-1])
    change(registry, tiny, validated="")
    assert "was not validated" in refused("score", two_files, "--model", "tiny")
    assert "not validated" in whydiff("models", "list").out
    assert "tiny: valid, transformer" in whydiff("models", "validate", "tiny").out
    assert whydiff("score", two_files, "--model", "tiny").code == 0


def test_a_folder_is_validated_without_being_registered(
    whydiff, refused, registry: Registry, checkpoint: Path, tmp_path: Path
) -> None:
    assert (
        f"valid, transformer {digest_folder(checkpoint)}, answers 10 made-up changes"
        in whydiff("models", "validate", checkpoint).out
    )
    bad = Path(shutil.copytree(checkpoint, tmp_path / "bad"))
    (bad / "evil.pkl").touch()
    assert "may run code when loaded" in refused("models", "validate", bad)
    assert "may run code when loaded" in refused("models", "add", bad)
    assert registry.entries() == ()


def test_what_is_wrong_is_one_sentence(refused, tiny: str, checkpoint: Path, tmp_path: Path) -> None:
    assert "Expected a registered model" in refused("models", "retire", "default")
    assert "Expected a registered model" in refused("models", "retire", checkpoint)
    assert "no registered model" in refused("models", "show", "nobody")
    assert "does not exist" in refused("models", "show", tmp_path / "none")
    assert "does not exist" in refused("models", "add", tmp_path / "none")
    assert "hexadecimal digits for --data" in refused("models", "add", checkpoint, "--data", "x.parquet")
    assert "no registered model" in refused("models", "add", checkpoint, "--parent", "nobody")
    assert "Expected a date" in refused("models", "add", checkpoint, "--expires", "soon")
    assert "Expected a name of 1 to 64" in refused("models", "add", checkpoint, "--name", "../x")
    assert "whydiff --help" in refused("models", "frobnicate")
    said = refused("models", "show", "\x1b[31m\nred")
    assert "\x1b" not in said


def test_a_broken_record_is_told_and_the_others_listed(whydiff, tiny: str, registry: Registry) -> None:
    (registry.root / ("0" * 16)).mkdir()
    result = whydiff("models", "list")
    assert "tiny" in result.out
    assert result.err.startswith("Left out: ")


@pytest.mark.parametrize("verb", ["list", "show", "add", "validate", "retire"])
def test_help(whydiff, verb: str) -> None:
    result = whydiff("models", verb, "--help")
    assert (result.code, result.err) == (0, "")
    assert f"Usage: whydiff models {verb}" in result.out
