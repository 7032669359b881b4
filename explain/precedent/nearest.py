"""Known changes with the vectors that a network makes of them, and which of them are nearest to a change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from explain.survey.aggregate import Share
from explain.survey.record import Row
from models.change.types import Diff
from models.classify.embedded import Embedding
from models.classify.protocol import Classifier
from models.errors import UsageError

_BATCH = 16
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Known:
    """One labelled change, and what the model says of it; ``title`` is the first line of its message."""

    id: str
    project: str
    date: datetime | None
    label: int
    score: float
    title: str = ""


@dataclass(frozen=True)
class Library:
    """Known changes; ``vectors`` (changes, width) are of length 1, or 0 where the network makes nothing of a change."""

    known: tuple[Known, ...]
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A known change, and the cosine between its vector and that of the change in question."""

    known: Known
    similarity: float


@dataclass(frozen=True, slots=True)
class Precedents:
    """The nearest known changes, nearest first; how many of them, and of all that were looked through, have label 1."""

    nearest: tuple[Neighbour, ...]
    among_them: Share
    among_all: Share
    before: datetime | None


def embedding(classifier: Classifier) -> Embedding:
    """``classifier`` as one with vectors; raises UsageError for one without a network, such as a bag of words."""
    if not isinstance(classifier, Embedding):
        raise UsageError(
            f"Expected a model with a network for precedents, but {classifier.name:.200} has no vectors of changes; "
            "pass a transformer with --model."
        )
    return classifier


def eligible(rows: Iterable[Row], change: Diff, before: datetime | None) -> Iterator[Row]:
    """The labelled rows that may be precedents: never the change itself, whatever its message or context; none of ``before``
    or later, nor, where that is known, any without a date."""
    same = fingerprint(change)
    for row in rows:
        old = before is None or (row.date is not None and row.date < before)
        if old and row.label is not None and row.diff is not None and fingerprint(row.diff) != same:
            yield row


def fingerprint(diff: Diff) -> bytes:
    """A hash of the changed lines and of the paths of their files: equal for the same change with more or less context."""
    total = hashlib.blake2b(digest_size=16)
    for file in diff.files:
        total.update(b"\0" + file.path.encode("utf-8", "surrogateescape"))
        for hunk in file.hunks:
            for line in hunk.lines:
                if line.changed:
                    total.update(f"\n{line.kind}:{line.text}".encode("utf-8", "surrogateescape"))
    return total.digest()


def read_library(rows: Iterable[Row], model: Embedding) -> Iterator[tuple[Known, Vectors]]:
    """Yield what ``model`` makes of every row, which must have a diff and a label; the vectors are of length 1 (or 0)."""
    rest = iter(rows)
    while some := list(islice(rest, _BATCH)):
        diffs = [row.diff for row in some if row.diff is not None]
        answers, vectors = model.predict(diffs), of_length_1(model.vectors(diffs))
        for row, answer, vector in zip(some, answers, vectors, strict=True):
            title = row.diff.message.partition("\n")[0] if row.diff else ""
            yield Known(row.id, row.project, row.date, int(row.label or 0), answer.score, title), vector


def library(found: Sequence[tuple[Known, Vectors]]) -> Library:
    """What ``read_library`` gave, in one."""
    vectors = np.stack([vector for _, vector in found]) if found else np.zeros((0, 0), dtype=np.float32)
    return Library(tuple(one for one, _ in found), vectors)


def of_length_1(vectors: Vectors) -> Vectors:
    """``vectors`` (rows, width), each divided by its length; what has none stays 0."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1.0
    scaled: Vectors = (vectors / lengths).astype(np.float32)
    return scaled


def nearest(among: Library, vector: Vectors, most: int, before: datetime | None = None) -> Precedents:
    """The ``most`` known changes with the largest cosine to ``vector`` (width,), of those from before ``before``.

    Of equal ones the first come first. One pass over the library; no query.
    """
    allowed = [n for n, one in enumerate(among.known) if before is None or (one.date is not None and one.date < before)]
    cosines = among.vectors[allowed] @ of_length_1(vector[None, :])[0] if allowed else np.zeros(0)
    order = np.argsort(-cosines, kind="stable")[:most]
    found = tuple(Neighbour(among.known[allowed[n]], float(cosines[n])) for n in order)
    return Precedents(
        nearest=found,
        among_them=Share(sum(one.known.label for one in found), len(found)),
        among_all=Share(sum(among.known[n].label for n in allowed), len(allowed)),
        before=before,
    )
