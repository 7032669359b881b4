"""A command line in the test's own process, a planted classifier whose right answers are known, and a tiny real checkpoint."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import models.classify.load
from app.cli.main import run
from models.change.parse import parse
from models.change.types import Diff, LineKind, Unit
from models.classify.protocol import Prediction

READ = 40
TWO_FILES = """\
From: a
Subject: make it faster

diff --git a/src/fast.py b/src/fast.py
--- a/src/fast.py
+++ b/src/fast.py
@@ -1,3 +1,4 @@ def f():
 def f():
-    slow()
+    danger()
+    safe()
     return 1
diff --git a/docs/old name.md b/docs/new.md
similarity index 60%
rename from docs/old name.md
rename to docs/new.md
--- a/docs/old name.md
+++ b/docs/new.md
@@ -1 +1 @@
-old
+new
"""
HOSTILE = """\
diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1 +1,4 @@ <b>[red]x[/red]
 x = 1
+danger("\x1b[2J\x1b]0;owned\x07")  # \u202egnirts
+<script>alert(1)</script> [bold]no[/bold] `tick` ```` | @maintainers
+[link](http://evil.example) &amp; \u200bhidden
"""
BINARY = """\
diff --git a/logo.png b/logo.png
index a989c85..c9f232d 100644
Binary files a/logo.png and b/logo.png differ
"""


@dataclass
class Result:
    code: int
    out: str
    err: str
    raw: bytes = b""


@dataclass
class Planted:
    """Flags a diff exactly when more added than removed lines hold "danger"; reads 40 lines."""

    name: str = "planted"
    digest: str = "feedbeef"
    threshold: float = 0.5
    asked: list[int] = field(default_factory=list)

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        self.asked.append(len(diffs))
        return tuple(map(self._one, diffs))

    def _one(self, diff: Diff) -> Prediction:
        lines = list(diff.lines())
        logit = -1.0
        for _, line in lines[:READ]:
            if "danger" in line.text:
                logit += {LineKind.ADDED: 2.0, LineKind.REMOVED: -2.0, LineKind.CONTEXT: 0.0}[line.kind]
        unread: tuple[Unit, ...] = tuple(unit for unit, _ in lines[READ:])
        score = 1 / (1 + math.exp(-logit))
        return Prediction(logit, score, 0.5, logit, min(READ, len(lines)), len(lines), unread)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Planted:
    classifier = Planted()
    monkeypatch.setattr(models.classify.load, "load", lambda _folder=None: classifier)
    return classifier


@pytest.fixture
def whydiff(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    def call(*arguments: object, stdin: bytes = b"") -> Result:
        capfdbinary.readouterr()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run([str(one) for one in arguments])
        out, err = capfdbinary.readouterr()
        return Result(code, out.decode("utf-8", "surrogateescape"), err.decode(), out)

    return call


@pytest.fixture
def refused(whydiff: Callable[..., Result]) -> Callable[..., str]:
    """Run a command that must fail: exit code 2, nothing on stdout, one sentence on stderr, which is returned."""

    def call(*arguments: object, stdin: bytes = b"") -> str:
        result = whydiff(*arguments, stdin=stdin)
        assert (result.code, result.out) == (2, "")
        assert result.err.endswith(".\n")
        assert result.err.count("\n") == 1
        assert "Traceback" not in result.err
        assert "fault of its own" not in result.err
        return result.err

    return call


def _patch(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


@pytest.fixture
def two_files(tmp_path: Path) -> Path:
    return _patch(tmp_path, "two.diff", TWO_FILES)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    return _patch(tmp_path, "hostile.diff", HOSTILE)


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    return _patch(tmp_path, "binary.diff", BINARY)


@pytest.fixture
def long_line(tmp_path: Path) -> Path:
    text = "--- a/a.py\n+++ b/a.py\n@@ -0,0 +1 @@\n+danger" + "x = 1; " * 1_500_000 + "\n"
    return _patch(tmp_path, "long.diff", text)


@pytest.fixture
def many_files(tmp_path: Path) -> Path:
    one = "diff --git a/d{0}/f.py b/d{0}/f.py\n--- a/d{0}/f.py\n+++ b/d{0}/f.py\n@@ -1 +1 @@\n-a\n+danger\n"
    return _patch(tmp_path, "many.diff", "".join(one.format(n) for n in range(3000)))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder with random weights, whose scores vary."""
    import torch
    from safetensors.torch import save_file

    from models.classify.checkpoint import Settings, write_settings
    from models.encode.encoder import EncodeOptions
    from models.encode.vocabulary import train_tokenizer
    from models.train.options import TransformerOptions
    from models.train.start import build

    folder = tmp_path_factory.mktemp("checkpoint")
    tokenizer = train_tokenizer([TWO_FILES] * 3, 400)
    model = build(tokenizer, TransformerOptions(max_length=128, width=32, layers=2, heads=2, inner=32))
    random = torch.Generator().manual_seed(3)
    tensors = {name: value + 0.3 * torch.randn(value.shape, generator=random) for name, value in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model.config.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_settings(folder, Settings("tiny", EncodeOptions(max_length=128)))
    return folder


@pytest.fixture
def parsed() -> Diff:
    return parse(TWO_FILES)
