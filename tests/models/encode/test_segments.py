"""Rows cut to segments: everything read, nothing too long, and the layout a function of structure alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.change.parse import parse
from models.encode.encoder import DiffEncoder, EncodeOptions
from models.encode.segments import METRICS, SIDES, lay_out, marks_of, spread
from models.encode.types import Side
from models.encode.vocabulary import CLS, SEP, token_id, train_tokenizer

LENGTH = 48


def text(files: int, hunks: int, lines: int, width: int) -> str:
    parts = []
    for f in range(files):
        parts.append(f"--- a/lib/part{f}.py\n+++ b/lib/part{f}.py\n")
        for h in range(hunks):
            at = 1 + h * (lines + 9)
            parts.append(f"@@ -{at},{lines + 1} +{at},{lines + 1} @@ def part{h}():\n same\n")
            parts += [f"-old{n}\n" for n in range(lines)] + [f"+{'word ' * width}{n}\n" for n in range(lines)]
    return "".join(parts)


TOKENIZER = train_tokenizer([text(3, 2, 5, 3)] * 4, 400)
MARKS = marks_of(TOKENIZER)


def encoded(change: str, message: str = "why it is so"):
    options = EncodeOptions(max_length=4096, message_length=4 * LENGTH, path_length=8, line_length=2 * LENGTH)
    encoder = DiffEncoder(TOKENIZER, options, ((token_id(TOKENIZER, CLS),), (token_id(TOKENIZER, SEP),)))
    return encoder.encode(parse(change, message))


@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 80),
    st.sampled_from(["", "one", "two\nlines " * 9, "a message in one line " * 30]),
)
def test_all_but_the_end_of_a_long_message_is_read_and_no_segment_is_too_long(files, hunks, lines, width, message):
    ids = np.array(encoded(text(files, hunks, lines, width), message).ids)
    layout = lay_out(ids, MARKS, LENGTH)
    assert max(len(segment) for segment in layout.segments) <= LENGTH
    read = np.zeros(len(ids), dtype=int)
    for segment in layout.segments:
        read[segment] += 1
    read[layout.metrics] += 1
    path_or_cls = (layout.sides == SIDES.index(Side.PATH)) | (np.arange(len(ids)) == 0)
    of_message = np.flatnonzero(layout.sides == SIDES.index(Side.MESSAGE))
    assert read[of_message[: LENGTH - 1]].tolist() == [1] * min(len(of_message), LENGTH - 1)
    assert not read[of_message[LENGTH - 1 :]].any()
    read[of_message[LENGTH - 1 :]] = 1
    assert (read[:-1] >= 1).all()
    assert (read[~path_or_cls][:-1] == 1).all()
    assert read[-1] == 0


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_masked_content_leaves_the_layout_as_it_is(files, hunks, lines, seed):
    ids = np.array(encoded(text(files, hunks, lines, 4)).ids)
    hidden = (np.random.default_rng(seed).random(len(ids)) < 0.5) & ~np.isin(ids, MARKS.structure)
    one, other = (lay_out(row, MARKS, LENGTH) for row in (ids, np.where(hidden, MARKS.mask, ids)))
    assert all((a == b).all() for a, b in zip(one.segments, other.segments, strict=True))
    for name in ("sides", "files", "hunks", "metrics"):
        assert (getattr(one, name) == getattr(other, name)).all()


def test_sides_are_those_the_encoder_says():
    row = encoded(text(2, 2, 2, 2))
    layout = lay_out(np.array(row.ids), MARKS, LENGTH)
    assert [SIDES[side] for side in layout.sides] == list(row.sides)
    assert layout.metrics.tolist() == [1, 2, 3]
    assert set(layout.sides[layout.metrics]) == {METRICS}


def test_files_and_hunks_are_counted_up_to_three():
    ids = np.array(encoded(text(5, 5, 1, 1)).ids)
    layout = lay_out(ids, MARKS, LENGTH)
    starts = np.flatnonzero(ids == MARKS.file)
    assert layout.files[starts].tolist() == [1, 2, 3, 3, 3]
    hunks = np.flatnonzero((ids == MARKS.hunk) & (np.arange(len(ids)) < starts[1]))
    assert layout.hunks[hunks].tolist() == [1, 2, 3, 3, 3]
    assert layout.files[0] == layout.hunks[starts[1]] == 0


def test_a_segment_in_the_middle_of_a_file_repeats_its_path():
    ids = np.array(encoded(text(1, 4, 8, 2)).ids)
    layout = lay_out(ids, MARKS, LENGTH)
    path = np.flatnonzero(layout.sides == SIDES.index(Side.PATH))
    assert len(layout.segments) > 3
    for segment in layout.segments[1:]:
        assert segment[0] == 0
        assert segment[1 : 1 + len(path)].tolist() == path.tolist()


def test_a_change_without_a_message_still_has_its_segment():
    layout = lay_out(np.array(encoded(text(1, 1, 1, 1), "").ids), MARKS, LENGTH)
    assert layout.segments[0].tolist() == [0]


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_a_long_change_is_read_evenly(most: int):
    layout = lay_out(np.array(encoded(text(4, 4, 6, 3)).ids), MARKS, LENGTH)
    total = len(layout.segments)
    found = spread(layout, most).segments
    assert len(found) == 1 + min(most, total - 1)
    places = [next(i for i, one in enumerate(layout.segments) if one is segment) for segment in found]
    assert places == sorted(set(places))
    assert places[:2] == [0, 1]
    if most > 1:
        assert places[-1] == total - 1
    if most == 3:
        assert abs(places[2] - (1 + total - 1) / 2) <= 1


@pytest.mark.parametrize("row", [[0], [0] * 30, [4] * 30])
def test_a_row_without_any_structure_is_laid_out(row):
    layout = lay_out(np.array(row), MARKS, LENGTH)
    assert len(layout.segments) == 1
