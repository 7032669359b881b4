"""Small repositories with a known past, made by one git fast-import each."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

DAY = 86400
START = 1_500_000_000
ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ["PATH"], "LC_ALL": "C"}


def git(place: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Plain git, as a user would run it."""
    done = subprocess.run(["git", "-C", str(place), *arguments], env=ENVIRONMENT, input=stdin, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "surrogateescape").strip()


Files = dict[str, str | bytes | None]


@dataclass
class Story:
    """Commits, told one after the other; ``make`` turns them into a bare repository and their names into hashes.

    ``who`` writes, and all clocks are ``skew`` days ahead; both may be set between commits.
    """

    who: str = "ada"
    skew: float = 0
    lines: list[bytes] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    days: float = 0

    def commit(
        self, name: str, message: str, files: Files | None = None, parents: tuple[str, ...] | None = None, days: float = 1
    ) -> Story:
        """A commit ``days`` after the last one, on top of it unless ``parents`` say otherwise.

        Each file gets its content; None deletes it, and "-> new" moves it to another path.
        """
        self.days += days
        parents = parents if parents is not None else tuple(self.names[-1:])
        when = f"{START + int((self.days + self.skew) * DAY)} +0000"
        self.lines.append(b"commit refs/heads/main\nmark :%d" % (len(self.names) + 1))
        for role in ("author", "committer"):
            self.lines.append(f"{role} {self.who.title()} <{self.who}@example.org> {when}".encode())
        self._data(message.encode())
        for n, parent in enumerate(parents):
            self.lines.append(b"%s :%d" % (b"merge" if n else b"from", self.names.index(parent) + 1))
        for path, content in (files or {}).items():
            self._file(path, content)
        self.names.append(name)
        return self

    def _file(self, path: str, content: str | bytes | None) -> None:
        if content is None:
            self.lines.append(f"D {path}".encode())
        elif isinstance(content, str) and content.startswith("-> "):
            self.lines.append(f"R {path} {content[3:]}".encode())
        else:
            self.lines.append(f"M 100644 inline {path}".encode())
            self._data(content if isinstance(content, bytes) else content.encode())

    def _data(self, content: bytes) -> None:
        self.lines.append(b"data %d\n%s" % (len(content), content))

    def make(self, folder: Path) -> dict[str, str]:
        """Import what is new into the bare repository ``folder``, made if missing; the hash of every name."""
        if not folder.exists():
            subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], env=ENVIRONMENT, check=True)
        marks = folder / "marks"
        if self.lines:
            kept = ["--import-marks-if-exists=" + str(marks), "--export-marks=" + str(marks)]
            git(folder, "fast-import", "--quiet", "--force", *kept, stdin=b"\n".join(self.lines) + b"\n")
            self.lines = []
        found = dict(line.split(" ", 1) for line in marks.read_text().splitlines())
        return {name: found[f":{n + 1}"] for n, name in enumerate(self.names)}
