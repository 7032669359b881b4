from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.change.parse import parse
from models.change.types import METRICS_FILE, Diff, Level, Unit
from models.encode.encoder import DiffEncoder, EncodeOptions
from models.encode.types import Side
from models.encode.vocabulary import CLS, SEP, size_tokens, special_tokens, token_id, train_tokenizer
from models.errors import ModelError
from tests.models.conftest import SMALL

TOKENIZER = train_tokenizer([SMALL] * 3, 420)


def encoder(**options: Any) -> DiffEncoder:
    frame = ((token_id(TOKENIZER, CLS),), (token_id(TOKENIZER, SEP),))
    return DiffEncoder(TOKENIZER, replace(EncodeOptions(), **options), frame)


def text_at(diff: Diff, unit: Unit) -> str:
    if unit.file == -1:
        return diff.message.split("\n")[unit.line]
    if unit.line >= 0:
        return diff.line(unit).text
    return diff.files[unit.file].hunks[unit.hunk].section if unit.hunk >= 0 else diff.files[unit.file].path


def test_every_token_points_at_the_text_it_was_made_from():
    diff = parse(SMALL, "Take without the lock\n\nFaster.")
    read = encoder(context=3).encode(diff)
    assert not read.unread
    assert len(read.ids) == len(read.units) == len(read.sides) == read.total
    for token, unit in zip(read.ids, read.units, strict=True):
        if unit is not None and unit.level is Level.TOKEN:
            assert TOKENIZER.decode([token], skip_special_tokens=False) == text_at(diff, unit)[unit.start : unit.end]


def test_added_removed_context_message_path_and_size_are_kept_apart():
    diff = parse(SMALL, "Take without the lock")
    read = encoder().encode(diff)
    for unit, side in zip(read.units, read.sides, strict=True):
        if unit is None:
            assert side is Side.SPECIAL
        elif unit.file == METRICS_FILE:
            assert side is Side.METRICS
        elif unit.line >= 0 and unit.file >= 0:
            assert side.value == diff.line(unit).kind.value
    assert {Side.ADDED, Side.REMOVED, Side.CONTEXT, Side.MESSAGE, Side.PATH, Side.METRICS} <= set(read.sides)


def test_the_size_of_a_change_is_read_in_powers_of_two():
    assert size_tokens(0, 1, 3) == ("[A0]", "[D1]", "[F2]")
    assert size_tokens(10**9, 0, 0)[0] == "[A11]"


def test_changed_lines_are_read_before_context():
    diff = parse(SMALL, "")
    read = encoder(max_length=76).encode(diff)
    taken = {unit.at(Level.LINE) for unit in read.units if unit is not None and unit.line >= 0}
    changed = {unit for unit, line in diff.lines() if line.changed}
    assert changed <= taken
    assert any(not diff.line(unit).changed for unit in read.unread if unit.line >= 0)


def test_context_far_from_a_change_is_listed_as_unread():
    read = encoder(context=0).encode(parse(SMALL, ""))
    assert {unit.line for unit in read.unread} == {0, 6, 7}
    assert Side.CONTEXT in read.sides  # the hunk's section is context too


def test_a_long_line_is_cut_and_the_rest_of_it_listed():
    diff = parse(SMALL.replace("return None", "return " + "items" * 100), "")
    read = encoder(line_length=8).encode(diff)
    rest = [unit for unit in read.unread if unit.level is Level.TOKEN and diff.line(unit).text.startswith("        return items")]
    assert len(rest) == 1
    assert rest[0].end == len(diff.line(rest[0]).text)


@settings(max_examples=60, deadline=None)
@given(
    body=st.lists(st.tuples(st.sampled_from("+- "), st.text("ab é(\t🙂", max_size=30)), min_size=1, max_size=25),
    length=st.integers(24, 200),
    markers=st.booleans(),
    message=st.text("xy \n", max_size=40),
)
def test_nothing_is_lost_silently(body: list[tuple[str, str]], length: int, markers: bool, message: str):
    old = sum(marker != "+" for marker, _ in body)
    new = sum(marker != "-" for marker, _ in body)
    text = f"--- a/f\n+++ b/f\n@@ -1,{old} +1,{new} @@\n" + "".join(f"{m}{t}\n" for m, t in body)
    diff = parse(text, message)
    read = encoder(max_length=length, markers=markers, metrics=markers, context=3).encode(diff)
    assert len(read.ids) <= length
    assert read.total >= len(read.ids)
    whole_lines = {unit for unit, line in diff.lines()}
    unread = {unit.at(Level.LINE) for unit in read.unread if unit.line >= 0 and unit.file >= 0}
    seen = {unit.at(Level.LINE) for unit in read.units if unit is not None and unit.line >= 0 and unit.file >= 0}
    assert whole_lines <= seen | unread
    if read.total == len(read.ids):
        assert not unread


def test_a_plain_model_reads_signs_as_text():
    diff = parse(SMALL, "Message")
    read = encoder(markers=False, metrics=False, context=3).encode(diff)
    text = TOKENIZER.decode(list(read.ids[1:-1]), skip_special_tokens=False)
    assert "\n-        with self.lock:\n" in text
    assert "\n+        return None\n" in text


def test_a_vocabulary_without_our_tokens_is_refused_by_name():
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    bare = DiffEncoder(Tokenizer(BPE()), EncodeOptions(), ((), ()))
    with pytest.raises(ModelError, match=r"the token \[FILE\]"):
        bare.encode(parse(SMALL, ""))


def test_a_long_message_never_keeps_the_change_from_being_read():
    diff = parse(SMALL, "word " * 200)
    for length in (48, 62, 96):
        sides = encoder(max_length=length).encode(diff).sides
        assert Side.ADDED in sides or Side.REMOVED in sides


@pytest.mark.parametrize("text", ["[PAD] [SEP] [ADD] [A3] [MASK]", "x [DEL]y"])
def test_text_never_becomes_structure(text: str):
    diff = parse(f"--- a/[CLS]\n+++ b/[CLS]\n@@ -1 +1 @@\n-a\n+{text}\n", text)
    read = encoder(max_length=96).encode(diff)
    special = {TOKENIZER.token_to_id(token) for token in special_tokens()}
    assert all(unit is None or unit.start < 0 or i not in special for i, unit in zip(read.ids, read.units, strict=True))
    pairs = zip(read.ids, read.units, strict=True)
    added = [i for i, unit in pairs if unit and (unit.file, unit.line) == (0, 1) and unit.start >= 0]
    assert TOKENIZER.decode(added, skip_special_tokens=False) == text


def test_trailers_are_not_read_and_take_no_room():
    patch = "--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+value\n"
    reader = encoder(message_length=8)
    said = parse(patch, "Signed-off-by: Ada <a@b.c>\nFix\nChange-Id: I12\nit")
    found = reader.encode(said)
    assert found.ids == reader.encode(parse(patch, "Fix\nit")).ids
    assert [unit.line for unit in found.unread] == [0, 2]
    assert {unit.line for unit in found.units if unit and unit.file == -1} == {1, 3}
