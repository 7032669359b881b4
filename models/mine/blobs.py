"""Contents of files, by their hash, from one lasting ``git cat-file``; and how many lines they have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from models.mine.clone import View
from models.mine.log import Touched

_MOST = 16_000_000
_BLOCK = 1 << 20


@dataclass(slots=True)
class Blobs:
    """A running ``git cat-file --batch``."""

    view: View
    questions: IO[bytes]
    answers: IO[bytes]

    @classmethod
    @contextmanager
    def of(cls, view: View) -> Iterator[Blobs]:
        """Start it; it ends with the block."""
        with view.running("cat-file", "--batch", feed=b"") as process:
            assert process.stdin
            assert process.stdout
            yield cls(view, process.stdin, process.stdout)

    def read(self, blob: str) -> bytes:
        """The content of ``blob`` (a full hash), cut at 16 MB; raises RevisionError where the clone lacks it."""
        self.questions.write(f"{blob}\n".encode())
        self.questions.flush()
        head = self.answers.readline().split()
        if len(head) != 3:
            raise self.view.failure("cat-file", f"it lacks {blob}")
        size = int(head[2])
        content = self.answers.read(min(size, _MOST))
        left = size - len(content)
        while left:
            left -= len(self.answers.read(min(left, _BLOCK)))
        self.answers.read(1)
        return content


def lines_in(content: bytes) -> int:
    """Lines of a file as git counts them: a last line without its end counts."""
    return content.count(b"\n") + (bool(content) and not content.endswith(b"\n"))


@dataclass(slots=True)
class LineCounts:
    """How many lines files have before a change.

    A blob's count follows from its predecessor's and the change between them, so only blobs that no change made (a merge
    resolved by hand, or what an earlier run read) are looked into.
    """

    blobs: Blobs
    _known: dict[bytes, int] = field(default_factory=dict)

    def before(self, files: Sequence[Touched]) -> list[int]:
        """The lines of every file of one commit before it; 0 for new and binary files. Remembers those after it."""
        return [self._before(file) for file in files]

    def _before(self, file: Touched) -> int:
        if file.added is None or file.deleted is None:
            return 0
        count = self._count(file.old_blob)
        if file.new_blob:
            self._known[bytes.fromhex(file.new_blob)] = count + file.added - file.deleted
        return count

    def _count(self, blob: str) -> int:
        if not blob:
            return 0
        key = bytes.fromhex(blob)
        if key not in self._known:
            self._known[key] = lines_in(self.blobs.read(blob))
        return self._known[key]
