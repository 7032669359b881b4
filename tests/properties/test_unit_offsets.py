"""A token's offsets mean the same to the encoder, the command line and the page, also where bytes are no UTF-8."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli.places import Places
from app.components.payload import View, payload
from models.change.parse import parse
from models.change.types import Level, Unit, clean
from models.encode.encoder import DiffEncoder, EncodeOptions
from models.encode.vocabulary import train_tokenizer

ENCODER = DiffEncoder(train_tokenizer(["return value if value else other"] * 3, 330), EncodeOptions(), ((), ()))
PARTS = st.sampled_from([b"value", b" ", b"\t", b"\xe2\x82", b"\xff", "é🙂".encode(), b"\x80\x80", b"if"])


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(PARTS, min_size=1, max_size=8).map(b"".join))
def test_the_tokens_of_a_line_cover_the_text_that_is_shown(raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    diff = parse(f"--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+{text}\n", "")
    line = Unit(0, 0, 0)
    units = [unit for unit in ENCODER.encode(diff).units if unit is not None and unit.at(Level.LINE) == line and unit.start >= 0]
    shown = clean(text)
    assert {n for unit in units for n in range(unit.start, unit.end)} == set(range(len(shown)))
    assert all(Places(diff).text(unit) == shown[unit.start : unit.end] for unit in units)
    assert payload(View(diff))["files"][0]["texts"] == ["", shown]
