"""``whydiff doctor``: is everything there that whydiff needs, and if not, what mends it."""

from __future__ import annotations

import math
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from app.cli.console import show, working
from app.cli.flags import NoFlags
from app.cli.visible import shown
from models.errors import WhydiffError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_NAME = "whydiff"
_GOLDEN = "--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n-x = 1\n+x = 2\n+print(x)\n"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``mend`` is empty when it is well."""

    what: str
    found: str
    mend: str = ""


def doctor(_flags: NoFlags) -> int:
    """Check the installation; exit code 1 if something is broken."""
    findings: list[Finding] = []
    for check in CHECKS:
        with working(f"Looking at {check.__name__.removeprefix('check_')}"):
            findings += check()
    show(*map(_line, findings))
    broken = sum(bool(one.mend) for one in findings)
    show(Text(f"{broken} of {len(findings)} checks found something to mend." if broken else "All is well."))
    return 1 if broken else 0


def _line(one: Finding) -> Text:
    mark = ("broken ", "bold red") if one.mend else ("ok     ", "green")
    text = Text.assemble(mark, shown(f"{one.what}: {one.found}"))
    return text.append_text(shown(f" -> {one.mend}", "bold")) if one.mend else text


def check_python() -> Iterable[Finding]:
    """Python itself."""
    mend = "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer"
    yield Finding("Python", platform.python_version(), mend)


def check_packages() -> Iterable[Finding]:
    """Every requirement of whydiff on this platform, by its installed version."""
    from packaging.requirements import Requirement

    for one in map(Requirement, _required()):
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            yield _package(one)


def _required() -> list[str]:
    """The requirements of the installed whydiff, or of the checkout that it runs from."""
    try:
        return metadata.requires(_NAME) or []
    except metadata.PackageNotFoundError:
        project = Path(__file__).parents[2] / "pyproject.toml"
        return list(tomllib.loads(project.read_text("utf-8"))["project"]["dependencies"]) if project.is_file() else []


def _package(required: Requirement) -> Finding:
    mend = f"pip install '{required}'"
    try:
        version = metadata.version(required.name)
    except metadata.PackageNotFoundError:
        return Finding(required.name, "missing", mend)
    return Finding(required.name, version, "" if required.specifier.contains(version, prereleases=True) else mend)


def check_torch() -> Iterable[Finding]:
    """Whether torch loads, and what it runs on."""
    try:
        import torch
    except (ImportError, OSError) as error:
        yield Finding("torch", f"does not load ({error})", "install it again, with -c constraints.txt")
        return
    device = "CUDA" if torch.cuda.is_available() else "CPU"
    yield Finding("torch build", f"{torch.__version__}, runs on the {device}")


def check_model() -> Iterable[Finding]:
    """Whether the shipped checkpoint loads and gives a finite score."""
    from models.change.parse import parse

    try:
        from models.classify.load import load

        classifier = load(None)
        score = classifier.predict([parse(_GOLDEN)])[0].score
    except (WhydiffError, ImportError) as error:
        yield Finding("shipped model", str(error), "install whydiff again")
        return
    well = math.isfinite(score) and 0 <= score <= 1
    yield Finding("shipped model", f"{classifier.name}, golden score {score:.4f}", "" if well else "install whydiff again")


def check_git() -> Iterable[Finding]:
    """git, which reads revisions."""
    path = shutil.which("git")
    if path is None:
        yield Finding("git", "missing; patch files can still be read", "install git to read revisions")
        return
    done = subprocess.run([path, "--version"], capture_output=True, text=True, errors="replace", check=False)
    yield Finding("git", done.stdout.strip() or "gave no version", "" if done.returncode == 0 else "install git again")


CHECKS: tuple[Callable[[], Iterable[Finding]], ...] = (check_python, check_packages, check_torch, check_model, check_git)
