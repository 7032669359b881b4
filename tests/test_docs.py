"""The documentation is asserted: every command in it exists, every link resolves, every verb and option is explained."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.main import cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "sample_diffs" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
SHELL = {"sh", "console", "bash"}
OTHER_PROGRAMS = {"git", "pip", "cd", "python"}
VARIABLES = {"PYTHON", "TORCH_INDEX", "GPU", "WORKERS", "DATASET", "MODELS", "FLIPS"}


@cache
def whydiff() -> Any:
    """The command line as the program runs it; groups have ``commands``, commands have ``params``."""
    return typer.main.get_command(cli)


def leaves(group: Any, prefix: str = "") -> dict[str, Any]:
    """Every command that does something, by its verbs ("models list")."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        found |= leaves(command, f"{prefix}{name} ") if hasattr(command, "commands") else {prefix + name: command}
    return found


def long_options(command: Any) -> set[str]:
    """The long options of ``command``, without --help."""
    names = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return {name for name in names if name.startswith("--")} - {"--help"}


def shell_commands(text: str) -> list[list[str]]:
    """The commands of the shell blocks of a page, words apart; a pipe or "&&" parts two commands."""
    commands: list[list[str]] = []
    for language, body in FENCE.findall(text):
        if language not in SHELL:
            continue
        for line in body.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line.strip(), posix=True, punctuation_chars="|&<>")
            lexer.whitespace_split = True
            words: list[str] = []
            for word in [*lexer, "|"]:
                if word in {"|", "&&"}:
                    commands += [words] if words else []
                    words = []
                else:
                    words.append(word)
    return commands


def targets() -> set[str]:
    """What make can make."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def complaint(words: list[str]) -> str:
    """Why a command of the documentation cannot be right; empty when it can."""
    program, *rest = words
    if Path(program).name == "whydiff":
        return _whydiff_complaint(rest)
    if program == "make":
        unknown = [word for word in rest if word.split("=")[0] not in VARIABLES and word not in targets()]
        return f"make has no {unknown}" if unknown else ""
    return "" if program in OTHER_PROGRAMS else f"unknown program {program}"


def _whydiff_complaint(rest: list[str]) -> str:
    command = whydiff()
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        found = command.commands.get(rest[0])
        if found is None:
            return f"no verb {rest[0]}"
        command, rest = found, rest[1:]
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
    unknown = [word for word in rest if re.match(r"--?[a-z]", word) and word.split("=")[0] not in known]
    return f"{command.name} has no option {unknown}" if unknown else ""


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings get."""
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(text)}


def broken_links(page: Path) -> list[str]:
    """Relative links of ``page`` that lead nowhere."""
    found = []
    for link in LINK.findall(page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    commands = shell_commands(page.read_text("utf-8"))
    assert [f"{' '.join(words)}: {why}" for words in commands if (why := complaint(words))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_resolve(page: Path) -> None:
    assert broken_links(page) == []


def test_readme_shows_the_two_commands_and_five_of_the_command_line() -> None:
    commands = shell_commands((ROOT / "README.md").read_text("utf-8"))
    assert ["make", "app"] in commands
    assert ["make", "test"] in commands
    assert sum(Path(words[0]).name == "whydiff" for words in commands) >= 5


def sections() -> dict[str, str]:
    """The sections of docs/command-line.md by the verb in their heading."""
    text = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    return {head: body for head, body in re.findall(r"^## `whydiff ([a-z ]+)`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)}


def test_every_verb_has_a_section_and_every_section_a_verb() -> None:
    assert list(sections()) == list(leaves(whydiff()))


def test_every_option_is_explained_and_every_explained_option_exists() -> None:
    written = {verb: set(re.findall(r"^\| `(--[a-z0-9-]+)", body, re.MULTILINE)) for verb, body in sections().items()}
    assert written == {verb: long_options(command) for verb, command in leaves(whydiff()).items()}


def test_every_makefile_target_is_documented() -> None:
    text = (ROOT / "README.md").read_text("utf-8") + (ROOT / "docs" / "development.md").read_text("utf-8")
    assert {target for target in targets() if f"make {target}" not in text} == set()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("whydiff frobnicate x.diff", "no verb frobnicate"),
        (".venv/bin/whydiff describe --frobnicate x.diff", "describe has no option ['--frobnicate']"),
        ("make frobnicate", "make has no ['frobnicate']"),
        ("make app FROB=1", "make has no ['FROB=1']"),
        ("frobnicate", "unknown program frobnicate"),
        ("git show | whydiff describe -", ""),
    ],
)
def test_a_wrong_command_is_noticed(command: str, why: str) -> None:
    found = [complaint(words) for words in shell_commands(f"```sh\n{command}  # why\n```\n")]
    assert "".join(found) == why


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A heading, or two\n[a](#a-heading-or-two) [b](page.md) [c](gone.md) [d](#gone) ![e](gone.png)", "utf-8")
    assert broken_links(page) == ["gone.md", "#gone", "gone.png"]
