"""A tokenizer for texts of any length: it counts all tokens and gives the first ones, in memory that stays small."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from tokenizers import Tokenizer

PART = 8192
"""Most characters that the tokenizer gets at once; a longer text is encoded part by part."""

_BATCH = 1_000_000
_REMEMBERED = 200_000
_SHORT = 256
_HELD = 300_000
"""Tokens of short texts that are remembered with their places, some 150 bytes each."""

Spans = tuple[tuple[int, int], ...]


class BoundedTokenizer:
    """Encodes a text as the concatenation of its ``parts``; for texts of up to ``PART`` characters that changes nothing.

    A tokenizer needs some 300 bytes a token, gigabytes for one line of 10 MB of which a model reads the beginning.
    Counts, and the tokens of short texts, are remembered, because edited versions of one diff share almost all of their
    lines. Threads may share it.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str | bytes, int] = {}
        self._heads: dict[str, tuple[tuple[int, ...], Spans]] = {}
        self._held = 0

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text."""
        if len(self._known) > _REMEMBERED:
            self._known = {}
        known = self._known
        new: dict[str | bytes, str] = {}
        rows = []
        for text in texts:
            row = []
            for part in parts(text):
                key = _key(part)
                if key not in known:
                    new[key] = part
                row.append(key)
            rows.append(row)
        for batch in _batches(new):
            encoded = self._tokenizer.encode_batch([new[key] for key in batch], add_special_tokens=False)
            known.update(zip(batch, map(len, encoded), strict=True))
            for key, one in zip(batch, encoded, strict=True):
                if isinstance(key, str):
                    self._hold(key, tuple(one.ids), tuple(one.offsets))
        return [sum(known[key] for key in row) for row in rows]

    def head(self, text: str, most: int) -> tuple[tuple[int, ...], Spans]:
        """The ids of the first ``most`` tokens of ``text`` and the characters that each stands for."""
        held = self._heads.get(text)
        if held is not None:
            return held[0][:most], held[1][:most]
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        start = 0
        for part in parts(text):
            if len(ids) >= most:
                break
            encoded = self._tokenizer.encode(part, add_special_tokens=False)
            ids += encoded.ids
            spans += [(start + first, start + last) for first, last in encoded.offsets]
            start += len(part)
        if len(text) <= _SHORT:
            self._hold(text, tuple(ids), tuple(spans))
        return tuple(ids[:most]), tuple(spans[:most])

    def _hold(self, text: str, ids: tuple[int, ...], spans: Spans) -> None:
        if self._held > _HELD:
            self._heads, self._held = {}, 0
        self._heads[text] = ids, spans
        self._held += len(ids)


def parts(text: str) -> Iterator[str]:
    """``text`` in pieces of at most ``PART`` characters, cut before blanks, where no token of the usual vocabularies crosses."""
    start = 0
    while len(text) - start > PART:
        end = _cut(text, start, start + PART)
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _cut(text: str, start: int, end: int) -> int:
    """The last place in the second half of ``text[start:end]`` where blanks begin, else ``end``."""
    middle = (start + end) // 2
    at = text.rfind(" ", middle, end)
    while at > middle and text[at - 1].isspace():
        at -= 1
    return at if at > middle else end


def _key(part: str) -> str | bytes:
    """What a part is remembered by: itself where it is short, else a digest."""
    return part if len(part) <= _SHORT else hashlib.blake2b(part.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _batches(texts: dict[str | bytes, str]) -> Iterator[list[str | bytes]]:
    """The keys in runs of at most about ``_BATCH`` characters of text."""
    batch: list[str | bytes] = []
    size = 0
    for key, text in texts.items():
        if batch and size + len(text) > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(key)
        size += len(text)
    if batch:
        yield batch
