"""Writing results: whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models.errors import UsageError

_STDOUT = Path("-")


def dumps(data: Mapping[str, Any], indent: int | None = 1) -> str:
    """JSON in ASCII, so that nothing in it can act on a terminal, ended by a line feed; refuses NaN and infinity."""
    return json.dumps(data, indent=indent, allow_nan=False) + "\n"


def check_output(path: Path | None) -> None:
    """Raise UsageError at once, before any work, when ``path`` cannot be written."""
    if path is None or path == _STDOUT:
        return
    if path.is_dir():
        raise UsageError(f"Expected a file for -o, but {path} is a folder; name a file in it.")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise UsageError(f"{path} cannot be written, because the folder {folder} does not exist; create it first.")
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise UsageError(f"{path} cannot be written (no permission); choose another place for -o.")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place when the block ends well, and is gone when it does not.

    Raises UsageError for what the file system refuses.
    """
    target = path.resolve()
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def emit(data: str, path: Path | None) -> None:
    """``data`` to the file ``path``, or to standard output."""
    if path is None or path == _STDOUT:
        sys.stdout.write(data)
        return
    content = data.encode("utf-8", "backslashreplace")
    if path.exists() and not path.is_file():  # a pipe or a device cannot be replaced
        path.write_bytes(content)
        return
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} could not be written ({error.strerror or error}); choose another place for -o.")
