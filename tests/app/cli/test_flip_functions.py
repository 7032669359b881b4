"""``whydiff flip`` with functions that do not do what was asked: one sentence and exit code 2, and Ctrl-C ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs with SIGINT ignored
from app.cli.main import main
main()
"""
JUDGES = """\
import math, sys, time
from pathlib import Path

def raising(changes): raise KeyError("boom\\n\\x1b[31mred")
def later(changes):
    if len(changes) > 1: raise RuntimeError("later")
    return [0.9]
def leaving(changes): sys.exit(3)
def quitting(changes): raise GeneratorExit
class Mute(Exception):
    def __str__(self): raise ValueError
def mute(changes): raise Mute
def yielding(changes):
    yield 0.9
    raise RuntimeError("while it gave")
def endless(changes):
    while True: yield 0.9
def short(changes): return [0.9] if len(changes) == 1 else [0.9] * (len(changes) - 1)
def nothing(changes): return None
def number(changes): return 0.9
def nones(changes): return [None] * len(changes)
def words(changes): return ["0.9"] * len(changes)
def text(changes): return "1" * len(changes)
def raw(changes): return b"\\1" * len(changes)
def unordered(changes): return {0.9 - n / 100 for n in range(len(changes))}
def table(changes): return {n / 100: "x" for n in range(len(changes))}
def huge(changes): return [10**400] * len(changes)
def infinite(changes): return [math.inf] * len(changes)
def negative(changes): return [-0.1] * len(changes)
def pairs(changes): return [[0.1, 0.9]] * len(changes)
def two_columns(changes):
    import torch
    return torch.full((len(changes), 2), 0.9)
def half(changes): return [0.9 if "danger" in patch else 0.1 for patch, _ in changes]
half.threshold = 1
def near(changes): return [0.9] * len(changes)
near.threshold = 1e-15
not_a_function = 7

def still(changes): return [0.7] * len(changes)
def tensor(changes):
    import torch
    return torch.tensor([0.9 if "danger" in patch else 0.1 for patch, _ in changes], requires_grad=True)
def listed(changes): return list(tensor(changes))
def lazy(changes): return (0.9 if "danger" in patch else 0.1 for patch, _ in changes)
def truth(changes): return ["danger" in patch for patch, _ in changes]

def hanging(changes):
    Path("started").touch()
    time.sleep(60)
def hiding(changes):
    try: hanging(changes)
    except KeyboardInterrupt: raise RuntimeError("hidden") from None
"""
WRONG = {
    "raising": "raised KeyError: 'boom",
    "later": "raised RuntimeError: later; mend it.",
    "leaving": "raised SystemExit: 3; mend it.",
    "quitting": "raised GeneratorExit",
    "mute": "raised Mute: no message; mend it.",
    "yielding": "raised RuntimeError: while it gave; mend it.",
    "endless": "Expected 1 numbers from the function",
    "short": "give one a change.",
    "nothing": "but got a NoneType",
    "number": "but got a float",
    "nones": "but got a list",
    "words": "but got a list",
    "text": "but got a str",
    "raw": "but got a bytes",
    "unordered": "but got a set",
    "table": "but got a dict",
    "huge": "but got a list",
    "infinite": "but got inf; give probabilities.",
    "negative": "but got -0.1; give probabilities.",
    "pairs": "but got a list",
    "two_columns": "but got a Tensor",
    "half": "Expected a threshold between 0 and 1 as attribute of",
    "near": "Expected a threshold between 0 and 1 as attribute of",
    "not_a_function": "has no function not_a_function",
    "missing": "has no function missing",
}


@pytest.fixture
def judges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The module of the functions, importable here only."""
    (tmp_path / "odd_judges.py").write_text(JUDGES)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "odd_judges", raising=False)
    return "python:odd_judges"


@pytest.mark.parametrize("ask", ["necessary", "sufficient"])
@pytest.mark.parametrize("function", WRONG)
def test_a_function_that_answers_wrongly_is_one_sentence(refused, judges: str, two_files: Path, function: str, ask: str) -> None:
    said = refused("flip", two_files, "--model", f"{judges}:{function}", "--ask", ask)
    assert WRONG[function] in said
    assert "odd_judges" in said


def test_a_module_that_ends_the_program_is_one_sentence(refused, two_files: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "leaving_judge.py").write_text("import sys\nsys.exit(5)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "leaving_judge could not be imported (5)" in refused("flip", two_files, "--model", "python:leaving_judge:f")


def test_a_function_whose_score_never_moves_is_an_honest_failure(whydiff, judges: str, two_files: Path) -> None:
    result = whydiff("flip", two_files, "--model", f"{judges}:still")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Nothing was found under which the change would be not flagged")
    assert "score 0.700 to 0.700" in result.out
    patch = whydiff("flip", two_files, "--model", f"{judges}:still", "--format", "patch")
    assert (patch.code, patch.raw) == (0, b"")


@pytest.mark.parametrize("function", ["tensor", "listed", "lazy", "truth"])
def test_any_row_of_numbers_will_do(whydiff, judges: str, two_files: Path, function: str) -> None:
    result = whydiff("flip", two_files, "--model", f"{judges}:{function}")
    assert (result.code, result.err) == (0, "")
    assert "-+    danger()" in result.out


@pytest.mark.parametrize("name", ["rename", "mode", "binary", "empty"])
def test_changes_without_text_are_refused_or_answered_in_words(whydiff, judges: str, tmp_path: Path, name: str) -> None:
    text = {
        "rename": "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n",
        "mode": "diff --git a/run b/run\nold mode 100644\nnew mode 100755\n",
        "binary": "diff --git a/p.png b/p.png\nindex 1111111..2222222 100644\nBinary files a/p.png and b/p.png differ\n",
        "empty": "",
    }[name]
    (tmp_path / "bare.diff").write_text(text)
    for ask in ("necessary", "sufficient"):
        result = whydiff("flip", tmp_path / "bare.diff", "--model", f"{judges}:still", "--ask", ask)
        assert result.code == (2 if name in {"binary", "empty"} else 0)
        assert (result.err if result.code else result.out).count("Traceback") == 0
        assert "binary files only" in result.err if name == "binary" else True
    told = whydiff("flip", tmp_path / "bare.diff", "--model", f"{judges}:still").out
    assert name in {"binary", "empty"} or "no part of the change could be taken back alone" in told


def test_budgets_at_and_below_the_least(whydiff, refused, judges: str, two_files: Path) -> None:
    model = ("--model", f"{judges}:truth")
    assert "--budget" in refused("flip", two_files, *model, "--budget", 0)
    result = whydiff("flip", two_files, *model, "--budget", 1)
    assert result.code == 0
    assert "nothing was scored in full" in result.out
    assert "1 of 1 queries" in result.out


@pytest.mark.parametrize("function", ["hanging", "hiding"])
def test_ctrl_c_ends_a_function_that_hangs(judges: str, two_files: Path, tmp_path: Path, function: str) -> None:
    command = [sys.executable, "-c", PROGRAM, "flip", str(two_files), "--model", f"{judges}:{function}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        end = time.monotonic() + 60
        while not (tmp_path / "started").exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")
