"""The sample diffs are what their index and their README say, and every one is read and written back byte for byte."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from models.change.component import Components
from models.change.language import language
from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff, FileStatus

SAMPLES = Path(__file__).resolve().parent.parent / "sample_diffs"
INDEX: list[dict[str, Any]] = json.loads((SAMPLES / "index.json").read_text("utf-8"))
README = (SAMPLES / "README.md").read_text("utf-8")
ROW = re.compile(r"^\| \[(?P<file>[^]]+)\]\((?P<link>[^)]+)\) \| (?P<cells>.*) \|$", re.MULTILINE)
CASE = re.compile(r"^\| (?P<case>[^|]+?) \| (?P<files>\d\d(?:, \d\d)*) \|$", re.MULTILINE)


def text_of(name: str) -> str:
    return (SAMPLES / name).read_bytes().decode("utf-8")


def diff_of(name: str) -> Diff:
    return parse(text_of(name))


def test_index_names_every_diff_once_and_in_order() -> None:
    assert [entry["file"] for entry in INDEX] == sorted(path.name for path in SAMPLES.glob("*.diff"))


def test_set_is_large_and_varied_enough() -> None:
    assert len(INDEX) >= 24
    assert len({entry["language"] for entry in INDEX}) >= 8
    assert len({entry["component"] for entry in INDEX}) >= 6
    assert Counter(entry["kind"] for entry in INDEX).keys() == {"risky", "harmless"}


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_entry_is_complete(entry: dict[str, Any]) -> None:
    assert set(entry) == {"file", "title", "language", "component", "kind", "shows"}
    assert all(isinstance(value, str) and value.strip() for value in entry.values())


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_diff_round_trips(entry: dict[str, Any]) -> None:
    text = text_of(entry["file"])
    diff = parse(text)
    assert render(diff) == text
    assert parse(render(diff)) == diff
    assert diff.message
    assert diff.files


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_language_and_component_are_those_of_the_files(entry: dict[str, Any]) -> None:
    files = diff_of(entry["file"]).files
    by_folder = Components(depth=2)
    assert entry["language"] in {language(file.path) for file in files}
    assert f"src/{entry['component']}" in {by_folder.component(file.path) for file in files}


def test_readme_table_is_the_index() -> None:
    rows = [(match["file"], match["link"], *match["cells"].split(" | ", 3)) for match in ROW.finditer(README)]
    assert rows == [
        (entry["file"], entry["file"], entry["language"], entry["component"], entry["kind"], entry["shows"]) for entry in INDEX
    ]
    assert README.splitlines()[2].startswith(f"{len(INDEX)} changes")


def cases(diff: Diff, text: str) -> set[str]:
    """The cases for parsers that ``diff`` shows, in the words of the README."""
    statuses = {file.status for file in diff.files}
    shown = {
        "Several files": len(diff.files) > 1,
        "A renamed file": FileStatus.RENAMED in statuses,
        "A new file": FileStatus.ADDED in statuses,
        "A deleted file": FileStatus.DELETED in statuses,
        "A new mode": "\nnew mode " in text,
        "A binary file (`Binary files … differ`, without its bytes) next to text": any(file.binary for file in diff.files),
        "No newline at the end of the file": "\n\\ No newline" in text,
        "CRLF line ends inside the patch": "\r\n" in text,
        "A quoted path beyond ASCII; text beyond ASCII": not all(file.path.isascii() for file in diff.files),
        "More than 500 changed lines": diff.added + diff.removed > 500,
    }
    return {case for case, is_shown in shown.items() if is_shown}


def test_readme_lists_the_cases_that_each_diff_shows() -> None:
    found: dict[str, list[str]] = {}
    for entry in INDEX:
        for case in cases(diff_of(entry["file"]), text_of(entry["file"])):
            found.setdefault(case, []).append(entry["file"][:2])
    assert {match["case"]: match["files"].split(", ") for match in CASE.finditer(README)} == found
