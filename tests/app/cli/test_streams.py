"""The program as a process: interrupted, its reader gone, its streams closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import INTERRUPTED, NO_READER

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = [sys.executable, "-m", "app.cli.main"]


def test_ctrl_c_while_the_program_still_loads_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([*PROGRAM, "--version"], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, b"", b"")


@pytest.mark.parametrize("arguments", [["--help"], ["explain", "--help"], ["--version"]])
def test_a_reader_of_the_help_that_went_away_is_quiet(arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*PROGRAM, *arguments], cwd=ROOT, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (NO_READER, b"")


@pytest.mark.parametrize("arguments", ["describe {0}", "describe {0} --format json", "--version"])
def test_a_closed_standard_output_is_one_sentence(arguments: str, two_files: Path) -> None:
    command = f"{sys.executable} -m app.cli.main {arguments.format(two_files)} >&-"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "Standard output is closed; leave it open, or name a file with -o.\n")


def test_a_closed_standard_output_is_not_missed_with_a_file(two_files: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -m app.cli.main describe {two_files} -o {tmp_path / 'out'} >&- 2>&-"
    assert subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, check=False).returncode == 0
    assert "2 files changed" in (tmp_path / "out").read_text()


def test_with_a_closed_standard_error_nothing_slips_into_the_output(
    whydiff, planted, two_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", None)
    refused = whydiff("describe", tmp_path / "none.diff")
    assert (refused.code, refused.out) == (2, "")
    for arguments in (["explain", two_files, "--method", "occlusion"], ["flip", two_files], ["score", two_files]):
        result = whydiff(*arguments)
        assert (result.code, bool(result.out)) == (0, True)


def test_a_closed_standard_output_is_told_for_a_patch_too(
    refused, planted, two_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", None)
    result = refused("flip", two_files, "--format", "json")
    assert "Standard output is closed" in result


def test_an_interrupt_that_a_library_turns_into_another_error_is_still_one(
    whydiff, two_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swallow(*_: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ModuleNotFoundError("Could not import") from None

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs with SIGINT ignored
    try:
        monkeypatch.setattr("models.change.source.read_input", swallow)
        result = whydiff("describe", two_files)
        assert (result.code, result.out, result.err) == (INTERRUPTED, "", "")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_who_ignores_interrupts_goes_on_ignoring_them(whydiff, two_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert whydiff("describe", two_files).code == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
