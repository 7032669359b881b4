"""How git is started, everywhere: so that nothing which a repository or the environment configures is run.

A repository's own configuration may name programs (textconv, external diff, fsmonitor, hooks, gpg, transports).
Only commands that read objects are called, full hashes are passed to them, and every switch that runs a program is off.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from typing import IO

from models.errors import RevisionError

_CONFIG = (
    "core.quotePath=false", "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.attributesFile=/dev/null",
    "core.alternateRefsCommand=", "diff.noprefix=false", "diff.mnemonicPrefix=false", "diff.external=",
    "diff.orderFile=/dev/null", "diff.suppressBlankEmpty=false", "diff.renameLimit=1000", "diff.context=3",
    "diff.interHunkContext=0", "diff.relative=false", "log.showSignature=false", "i18n.logOutputEncoding=UTF-8",
    "protocol.allow=never",
)  # fmt: skip
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    # A partial clone fetches what it lacks through programs of its choice; no transport bears this name.
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}
PATCH = (
    "-p", "-r", "--no-ext-diff", "--no-textconv", "--no-color",
    "-M", "-U3", "--diff-algorithm=myers", "--indent-heuristic", "--submodule=short", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip
"""The form of every diff, whatever the user or the repository prefers."""


def start(
    place: Sequence[str], arguments: Sequence[str], variables: Mapping[str, str], errors: IO[bytes], feed: bool = False
) -> subprocess.Popen[bytes]:
    """Start git where ``place`` says (``-C DIR`` or ``--git-dir=DIR``); its standard input is empty unless ``feed``.

    ``variables`` are added to its environment. ``errors`` is a file that takes what it complains about: a pipe would
    block it when nobody reads. Raises RevisionError when there is no git.
    """
    settings = [*_CONFIG, *(f"safe.directory={folder}" for folder in _trusted())]
    command = ["git", "--no-pager", *place, *(part for setting in settings for part in ("-c", setting)), *arguments]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_inherited() | _ENVIRONMENT | dict(variables),
        )
    except FileNotFoundError as error:
        raise _missing() from error


def said(stderr: bytes) -> str:
    """What git gave as its reason, without its prefix and full stop."""
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ").rstrip(".") if lines else "git gave no reason"


def _missing() -> RevisionError:
    return RevisionError("git was not found; install it, or pass a patch file.")


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


@cache
def _trusted() -> tuple[str, ...]:
    """Folders of other owners that the user's own configuration, otherwise passed over, trusts (``safe.directory``)."""
    try:
        done = [
            subprocess.run(["git", "config", scope, "--includes", "--null", "--get-all", "safe.directory"], env=_inherited(),
                           stdin=subprocess.DEVNULL, capture_output=True, check=False)
            for scope in ("--system", "--global")
        ]  # fmt: skip
    except FileNotFoundError as error:
        raise _missing() from error
    return tuple(os.fsdecode(folder) for one in done for folder in one.stdout.split(b"\0") if folder)
