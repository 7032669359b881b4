"""The component that a file belongs to: by a CODEOWNERS file, by the user's rules, or by its leading folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from codeowners import CodeOwners

from models.errors import UsageError

ROOT = "(root)"
"""The component of a file that lies in no folder."""

_RULE = re.compile(r"^((?:\\.|\S)+)\s+(\S.*)$")
_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")


class Components:
    """Names the component of a path; what no rule matches belongs to its leading ``depth`` folders.

    Of several rules that match, the last one wins, as in CODEOWNERS files.
    """

    def __init__(self, rules: Sequence[tuple[str, str]] = (), depth: int = 1) -> None:
        """``rules`` are (pattern as in CODEOWNERS, component) pairs."""
        if depth < 1:
            raise UsageError(f"The depth of a component is a number of folders, at least 1, but {depth} was given.")
        self._depth = depth
        self._names = [name for _, name in rules]
        self._known: dict[str, str] = {}
        # The rules' names may hold blanks, so the owner written down is the rule's number.
        self._rules = _compiled("".join(f"{_escaped(pattern)} @{n}\n" for n, (pattern, _) in enumerate(rules)))

    @classmethod
    def from_codeowners(cls, text: str, depth: int = 1) -> Components:
        """Components named by their owners ("@org/team", several joined by ", "), from the text of a CODEOWNERS file."""
        rules: list[tuple[str, str]] = []
        for line in _compiled(text).paths:
            rules.append((line[1], ", ".join(owner for _, owner in line[2])))
        return cls(rules[::-1], depth)

    @classmethod
    def of_repository(cls, root: Path, depth: int = 1) -> Components:
        """Components by the CODEOWNERS file of a checkout, where GitHub and GitLab look for it; else by folders."""
        for place in _PLACES:
            if (root / place).is_file():
                return cls.from_codeowners((root / place).read_text("utf-8", "replace"), depth)
        return cls(depth=depth)

    @classmethod
    def of_file(cls, file: Path, depth: int = 1) -> Components:
        """Components by a CODEOWNERS file, or by rules: a pattern as there and a name (the rest of the line) on each line.

        A file whose rules all name owners ("@org/team", an address) is a CODEOWNERS file. Raises UsageError.
        """
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} could not be read as a list of components ({error}); pass a CODEOWNERS file.") from error
        lines = [line.strip() for line in text.splitlines()]
        rules = [found for line in lines if line and not line.startswith(("#", "[")) for found in _RULE.findall(line)]
        if all("@" in word for _, name in rules for word in name.split()):
            return cls.from_codeowners(text, depth)
        return cls([(pattern.replace("\\ ", " "), name) for pattern, name in rules], depth)

    def component(self, path: str) -> str:
        """The name of the component of ``path`` (with "/" between folders, as in a diff); never empty."""
        if path not in self._known:
            self._known[path] = self._by_rule(path) or self._by_folder(path)
        return self._known[path]

    def _by_rule(self, path: str) -> str:
        owners = self._rules.of(path)
        return self._names[int(owners[0][1].removeprefix("@"))] if owners else ""

    def _by_folder(self, path: str) -> str:
        folders = [part for part in path.split("/")[:-1] if part not in ("", ".", "..")]
        return "/".join(folders[: self._depth]) or ROOT


def _compiled(text: str) -> CodeOwners:
    try:
        return CodeOwners(text)
    except (ValueError, re.error) as error:
        raise UsageError(f"A rule for components has a broken pattern ({error}); write it as in a CODEOWNERS file.") from error


def _escaped(pattern: str) -> str:
    return re.sub(r"(?<!\\) ", r"\\ ", pattern)
