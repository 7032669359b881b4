from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from app.cli.output import check_output, dumps, emit, replacing
from models.errors import UsageError


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    emit("new", path)
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == stat.S_IMODE((tmp_path / "x").stat().st_mode) & 0o077


def test_a_failure_keeps_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    emit("x", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "x"


def test_refused_by_the_file_system(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="could not be written"):
        emit("x", tmp_path / "none" / "x")
    with pytest.raises(UsageError, match="does not exist"):
        check_output(tmp_path / "none" / "x")


def test_a_device_is_written_to() -> None:
    emit("x", Path("/dev/null"))
    assert Path("/dev/null").is_char_device()


def test_json_is_ascii_and_strict() -> None:
    assert dumps({"a": "\x9b\u202e"}, None) == '{"a": "\\u009b\\u202e"}\n'
    assert json.loads(dumps({"a": [1]})) == {"a": [1]}
    with pytest.raises(ValueError, match="JSON"):
        dumps({"a": float("nan")})
