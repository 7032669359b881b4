"""Which known changes are nearest: a second count, no leak of the change itself or of later ones."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain.precedent.nearest import Known, Library, eligible, embedding, fingerprint, library, nearest, read_library
from explain.survey.aggregate import Share
from explain.survey.record import Row
from models.change.parse import parse
from models.change.types import Diff
from models.errors import UsageError
from tests.explain.survey.survey_toys import Planted, patch


class Counting(Planted):
    """The vector of a change: how many lines it adds, and how many of them hold the word."""

    def vectors(self, diffs):
        rows = [[len(texts := [line.text for _, line in diff.lines() if line.changed]), sum(self.word in one for one in texts)]
                for diff in diffs]  # fmt: skip
        return np.array(rows, dtype=np.float32).reshape(-1, 2)


def day(n: int) -> datetime:
    return datetime(2024, 1, n, tzinfo=UTC)


def row(n: int, *lines: str, **more: object) -> Row:
    found = {"label": n % 2, "date": day(n)} | more
    return Row(f"r{n}", parse(patch("a.c", *lines), "m"), **found)  # type: ignore[arg-type]


CHANGE = parse(patch("a.c", "danger();", "x();"), "mine")
ROWS = [row(1, "x();"), row(2, "danger();"), row(3, "danger();", "y();"), row(4, "y();", "z();"), row(5, "danger();", "z();")]


def test_the_nearest_come_first_with_what_became_of_them():
    model = Counting()
    known = library(list(read_library(ROWS, model)))
    found = nearest(known, model.vectors([CHANGE])[0], 3)
    assert [one.known.id for one in found.nearest] == ["r3", "r5", "r2"]
    assert [one.similarity for one in found.nearest] == pytest.approx([1.0, 1.0, 3 / 10**0.5])
    assert (found.among_them, found.among_all, found.before) == (Share(2, 3), Share(3, 5), None)
    assert [one.known.label for one in found.nearest] == [1, 1, 0]
    assert found.nearest[0].known.score == pytest.approx(model.predict([ROWS[2].diff])[0].score)


def test_later_changes_are_not_looked_at():
    model = Counting()
    known = library(list(read_library(ROWS, model)))
    found = nearest(known, model.vectors([CHANGE])[0], 3, before=day(3))
    assert [one.known.id for one in found.nearest] == ["r2", "r1"]
    assert (found.among_them, found.among_all) == (Share(1, 2), Share(1, 2))
    none = nearest(known, model.vectors([CHANGE])[0], 3, before=day(1))
    assert (none.nearest, none.among_them, none.among_them.value) == ((), Share(0, 0), None)


def test_the_change_itself_is_never_its_own_precedent():
    """Nor with another message, more context, or an unknown date."""
    wider = parse("--- a/a.c\n+++ b/a.c\n@@ -1,2 +1,4 @@\n top\n+danger();\n+x();\n more\n", "another message")
    assert wider.id != CHANGE.id
    assert fingerprint(wider) == fingerprint(CHANGE)
    rows = [
        Row("self", CHANGE, label=1),
        Row("wide", wider, label=1),
        Row("none", None, label=1),
        *ROWS,
        row(6, "q();", label=None),
    ]
    assert [one.id for one in eligible(rows, CHANGE, None)] == [one.id for one in ROWS]


def test_a_row_is_older_or_it_is_left_out():
    rows = [row(3, "q();", date=None), *ROWS]
    assert [one.id for one in eligible(rows, CHANGE, day(3))] == ["r1", "r2"]


def test_fingerprints_tell_changes_apart():
    sides = parse("--- a/a.c\n+++ b/a.c\n@@ -1,2 +1 @@\n-x\n z\n"), parse("--- a/a.c\n+++ b/a.c\n@@ -1 +1,2 @@\n+x\n z\n")
    paths = parse("--- a/b.c\n+++ b/b.c\n@@ -1 +1,2 @@\n+x\n z\n")
    assert len({fingerprint(one) for one in (*sides, paths, Diff(()))}) == 4


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(-3, 3), min_size=3, max_size=3), min_size=1, max_size=20),
    st.lists(st.integers(-3, 3), min_size=3, max_size=3),
    st.integers(1, 6),
)
def test_a_second_count_agrees(rows: list[list[int]], vector: list[int], most: int):
    values = np.array(rows, dtype=np.float32)
    lengths = [sum(one * one for one in row) ** 0.5 for row in rows]
    unit = np.array([[x / size if size else 0 for x in row] for row, size in zip(rows, lengths, strict=True)], dtype=np.float32)
    known = Library(tuple(Known(str(n), "p", None, n % 2, 0.5) for n in range(len(values))), unit)
    found = nearest(known, np.array(vector, dtype=np.float32), most)
    size = sum(x * x for x in vector) ** 0.5
    cosines = [
        sum(a * b for a, b in zip(row, vector, strict=True)) / (length * size) if length and size else 0.0
        for row, length in zip(rows, lengths, strict=True)
    ]
    want = sorted(cosines, reverse=True)[:most]
    assert [one.similarity for one in found.nearest] == pytest.approx(want, abs=1e-5)
    assert [cosines[int(one.known.id)] for one in found.nearest] == pytest.approx(want, abs=1e-5)
    assert found.among_all == Share(len(rows) // 2, len(rows))


def test_a_model_without_a_network_is_refused_by_name():
    with pytest.raises(UsageError, match="planted has no vectors of changes; pass a transformer"):
        embedding(Planted())
    assert embedding(Counting()).name == "planted"


def test_rows_are_read_in_batches_of_any_size():
    many = [row(1 + n % 28, *["x();"] * (1 + n)) for n in range(37)]
    found = list(read_library(iter(many), Counting()))
    assert [one.id for one, _ in found] == [one.id for one in many]
    assert np.stack([vector for _, vector in found])[:, 0] == pytest.approx(1.0)
    assert library([]).vectors.shape == (0, 0)
