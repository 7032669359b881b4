from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encode import bounded
from models.encode.bounded import PART, BoundedTokenizer, parts
from models.encode.vocabulary import train_tokenizer
from tests.models.conftest import SMALL

TOKENIZER = train_tokenizer([SMALL] * 3, 420)


class Counting:
    """A tokenizer that notes how many characters it was given."""

    def __init__(self) -> None:
        self.characters = 0
        self.singly = 0

    def encode(self, text: str, **options: Any) -> Any:
        self.singly += 1
        return TOKENIZER.encode(text, **options)

    def encode_batch(self, texts: list[str], **options: Any) -> Any:
        self.characters += sum(map(len, texts))
        return TOKENIZER.encode_batch(texts, **options)


def whole(text: str) -> Any:
    return TOKENIZER.encode(text, add_special_tokens=False)


TEXTS = st.text("ab é(\t🙂  ", max_size=60)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, max_size=8), most=st.integers(0, 20))
def test_short_texts_are_encoded_as_the_tokenizer_does(texts: list[str], most: int) -> None:
    tokens = BoundedTokenizer(TOKENIZER)
    assert tokens.count(texts) == [len(whole(text).ids) for text in texts]
    for text in texts:
        ids, offsets = tokens.head(text, most)
        assert ids == tuple(whole(text).ids[:most])
        assert offsets == tuple(whole(text).offsets[:most])


@pytest.mark.parametrize("text", ["x = 1; " * 5000, "  if  a:\tb  " * 3000, "naïve 🙂 " * 4000, "é" * 20_000])
def test_a_long_text_is_cut_where_no_token_crosses(text: str) -> None:
    tokens = BoundedTokenizer(TOKENIZER)
    assert len(list(parts(text))) > 1
    assert tokens.count([text]) == [len(whole(text).ids)]
    most = len(whole(text[: 2 * PART]).ids) - 100
    ids, offsets = tokens.head(text, most)
    assert ids == tuple(whole(text).ids[:most])
    assert offsets == tuple(whole(text).offsets[:most])


@settings(max_examples=60, deadline=None)
@given(text=st.text("ab \t\n", max_size=30), times=st.integers(1, 2000))
def test_parts_are_bounded_and_give_the_text_again(text: str, times: int) -> None:
    found = list(parts(text * times))
    assert "".join(found) == text * times
    assert all(0 < len(part) <= PART for part in found)


def test_a_head_reads_on_where_a_part_has_few_tokens() -> None:
    text = " " * (3 * PART) + "x"
    ids, offsets = BoundedTokenizer(TOKENIZER).head(text, 10**6)
    assert offsets[0][0] == 0
    assert offsets[-1][1] == len(text)
    assert len(ids) == len(offsets) == BoundedTokenizer(TOKENIZER).count([text])[0]


def test_what_was_counted_is_remembered_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = Counting()
    tokens = BoundedTokenizer(tokenizer)
    texts = ["a b", "x = 1; " * 3000, "a b"]
    first = tokens.count(texts)
    read = tokenizer.characters
    assert read <= 3 + len(texts[1])
    assert (tokens.count(texts), tokenizer.characters) == (first, read)
    monkeypatch.setattr(bounded, "_REMEMBERED", 0)
    assert (tokens.count(texts), tokenizer.characters) == (first, 2 * read)


@pytest.mark.parametrize("held", [0, 300_000])
def test_the_tokens_of_short_texts_are_remembered_and_forgotten_in_time(monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    monkeypatch.setattr(bounded, "_HELD", held)
    tokenizer = Counting()
    tokens = BoundedTokenizer(tokenizer)
    texts = [f"name{n} = {n}" for n in range(20)]
    tokens.count(texts)
    for text in texts * 2:
        ids, offsets = tokens.head(text, 3)
        assert ids == tuple(whole(text).ids[:3])
        assert offsets == tuple(whole(text).offsets[:3])
    assert tokenizer.singly == (0 if held else 40)


def test_counting_a_huge_text_takes_little_memory() -> None:
    text = "".join(f"x = {n % 997}; " for n in range(60_000))
    tracemalloc.start()
    try:
        BoundedTokenizer(TOKENIZER).count([text])
        assert tracemalloc.get_traced_memory()[1] < 4 * len(text)
    finally:
        tracemalloc.stop()
