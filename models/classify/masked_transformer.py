"""Any local Hugging Face masked language model (BERT, RoBERTa, CodeBERT, ModernBERT, …) as a ``MaskedModel``. Needs torch.

Such a model has learnt code or prose, not patches. So it is shown no signs and never two sides at once, but lines as they
stand in a file: a line between its neighbours of the same hunk, after the change, or before it where the line is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Encoding, Tokenizer
from torch import Tensor
from transformers import AutoModelForMaskedLM
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

from models.change.types import MESSAGE_FILE, Diff, Level, LineKind, Unit, clean
from models.classify.checkpoint import digest_folder, validate_folder
from models.classify.guesses import NAME
from models.classify.transformer import check_finite, positions, read_pretrained, read_tokenizer, reason
from models.errors import ModelError

_BESIDE = 3
"""Neighbours that are read on either side of a line, as many as a patch shows."""
_SHORTEST, _LONGEST = 16, 256
"""Tokens read at once: at least, and at most."""
_CHARACTERS = 8
"""Characters looked at for a token that is read."""
_STRIDE = 6
"""Of the tokens of a run of lines every sixth is hidden at once."""
_RUN, _MOST_LINES = 6, 24
"""Lines whose likelihood is asked for: read at once where they follow each other, and in all."""
_NUMBERS = 50_000_000
"""Logits computed at once: rows, times tokens, times vocabulary."""
_REMEMBERED = 4096
_BLANK, _BARE = "( ", "(("
"""What a word stands behind, with a blank before it and without."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a hunk, or the message: the texts of all lines, and the numbers of those on this side."""

    lines: tuple[str, ...]
    kept: tuple[int, ...]

    def text(self, first: int, last: int) -> str:
        """The text of lines ``first`` to ``last`` of those on this side."""
        return "\n".join(clean(self.lines[n]) for n in self.kept[max(0, first) : last + 1])


@dataclass(frozen=True, slots=True)
class Row:
    """Framed ids, and the places among them where the mask stands."""

    ids: tuple[int, ...]
    hidden: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a model reads: ids before and after the text, those of the mask and of padding, and the most ids at once."""

    frame: tuple[tuple[int, ...], tuple[int, ...]]
    mask: int
    pad: int
    longest: int

    @property
    def room(self) -> int:
        """Tokens of text that are read at once."""
        return self.longest - len(self.frame[0]) - len(self.frame[1])

    def row(self, ids: Sequence[int], hidden: Sequence[int], middle: Sequence[int]) -> Row:
        """The part of ``ids`` that is read with the places ``middle`` (no more than ``room``) in its middle."""
        begin = max(0, min(middle[0] - (self.room - len(middle)) // 2, len(ids) - self.room))
        shift = len(self.frame[0]) - begin
        read = (*self.frame[0], *ids[begin : begin + self.room], *self.frame[1])
        return Row(read, tuple(place + shift for place in hidden))


@dataclass(frozen=True, slots=True)
class _Question:
    """A row with a word behind its mask, and the blank before it where ``blank``, and how many others are asked for."""

    row: Row
    blank: bool
    word: str
    most: int


class MaskedTransformer:
    """A ``MaskedModel``. Threads may share it.

    Guarantee: whatever a line holds, no row is longer than the model's positions or 256 tokens. What is proposed are words
    of which the tokenizer makes one token at that place, never pieces that only go on with a word.
    """

    def __init__(self, model: Any, tokenizer: Tokenizer, reading: Reading, digest: str) -> None:
        self._model = model.eval().requires_grad_(False)
        # What the text of a diff spells, such as [MASK], is text.
        tokenizer.encode_special_tokens = True
        self._tokenizer, self._reading, self._digest = tokenizer, reading, digest
        self._tokens_at_once = max(1, _NUMBERS // int(model.config.vocab_size))
        self._names = _names(tokenizer)
        self._places = {blank: torch.tensor(list(names), dtype=torch.long) for blank, names in self._names.items()}
        self._known: dict[_Question, tuple[str, ...]] = {}

    @property
    def digest(self) -> str:
        """See ``MaskedModel``."""
        return self._digest

    def fill(self, diff: Diff, words: Sequence[Unit], most: int) -> tuple[tuple[str, ...], ...]:
        """See ``MaskedModel``; answers are remembered, because search, check and output ask for the same."""
        sides = {line: _side(diff, line) for line in {word.at(Level.LINE) for word in words}}
        asked = [self._question(sides[word.at(Level.LINE)], word, most) for word in words]
        if len(self._known) > _REMEMBERED:
            self._known = {}
        known = self._known
        new = list(dict.fromkeys(one for one in asked if one is not None and one not in known))
        for one, answer in zip(new, self.answers([one.row for one in new]), strict=True):
            known[one] = self._likeliest(answer[0], one)
        return tuple(() if one is None else known[one] for one in asked)

    def _question(self, side: _Side | None, word: Unit, most: int) -> _Question | None:
        """None for a word that is not read."""
        if side is None:
            return None
        at = side.kept.index(word.line)
        text, start, end = self._around(side, (at, at), word)
        encoded = self._encode(text)
        places, blank = _covering(encoded, text, start, end)
        if not places:
            return None
        ids = [*encoded.ids[: places[0]], self._reading.mask, *encoded.ids[places[-1] + 1 :]]
        return _Question(self._reading.row(ids, places[:1], places[:1]), blank, text[start:end], most)

    def _likeliest(self, answer: Tensor, asked: _Question) -> tuple[str, ...]:
        names, places = self._names[asked.blank], self._places[asked.blank]
        best = places[answer[places].topk(min(asked.most + 1, len(places))).indices].tolist()
        return tuple(names[place] for place in best if names[place] != asked.word)[: asked.most]

    def likelihood(self, diff: Diff, lines: Sequence[Unit]) -> float | None:
        """See ``MaskedModel``; of many lines the first 24 are read, of long lines the beginning."""
        hidden = [one for side, run in _runs(diff, lines[:_MOST_LINES]) for one in self._hidden(side, run)]
        total = count = 0.0
        for (_, truth), answer in zip(hidden, self.answers([row for row, _ in hidden]), strict=True):
            total += float(answer.gather(1, torch.tensor(truth).unsqueeze(1)).sum())
            count += len(truth)
        return total / count if count else None

    def _hidden(self, side: _Side, run: tuple[int, int]) -> Iterator[tuple[Row, list[int]]]:
        """The rows in which the tokens of a run of lines are hidden in turn, each with what stood there."""
        text, start, end = self._around(side, run)
        encoded = self._encode(text)
        tokens = _touching(encoded, start, end)[: self._reading.room]
        for first in range(min(_STRIDE, len(tokens))):
            ids, places = list(encoded.ids), tokens[first::_STRIDE]
            for place in places:
                ids[place] = self._reading.mask
            yield self._reading.row(ids, places, tokens), [encoded.ids[place] for place in places]

    def _around(self, side: _Side, run: tuple[int, int], word: Unit | None = None) -> tuple[str, int, int]:
        """(the text around a run of lines, or around a word in its one line; where that is in it), no more than could be read."""
        reach = self._reading.room * _CHARACTERS
        own = side.text(*run)
        start, end = (word.start, word.end) if word else (0, len(own))
        above, below = side.text(run[0] - _BESIDE, run[0] - 1), side.text(run[1] + 1, run[1] + _BESIDE)
        left = (above[-reach:] + "\n" if run[0] else "") + own[max(0, start - reach) : start]
        right = own[end : end + reach] + ("\n" + below[:reach] if run[1] + 1 < len(side.kept) else "")
        middle = own[start : min(end, start + reach)]
        return left[-reach:] + middle + right[:reach], min(len(left), reach), min(len(left), reach) + len(middle)

    def _encode(self, text: str) -> Encoding:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def answers(self, rows: Sequence[Row]) -> Iterator[Tensor]:
        """For each row the log-probabilities at its hidden places, shape (places, vocabulary)."""
        for batch in self._batches(rows):
            longest = max(len(row.ids) for row in batch)
            ids = torch.full((len(batch), longest), self._reading.pad)
            mask = torch.zeros_like(ids)
            for n, row in enumerate(batch):
                ids[n, : len(row.ids)] = torch.tensor(row.ids)
                mask[n, : len(row.ids)] = 1
            with torch.inference_mode():
                logits = self._model(input_ids=ids, attention_mask=mask).logits
            for n, row in enumerate(batch):
                yield logits[n, list(row.hidden)].log_softmax(-1)

    def _batches(self, rows: Sequence[Row]) -> Iterator[list[Row]]:
        batch: list[Row] = []
        longest = 0
        for row in rows:
            longest = max(longest, len(row.ids))
            if batch and longest * (len(batch) + 1) > self._tokens_at_once:
                yield batch
                batch, longest = [], len(row.ids)
            batch.append(row)
        if batch:
            yield batch


def _side(diff: Diff, line: Unit) -> _Side | None:
    """The side on which ``line`` stands; None where there is no such line."""
    if line.file == MESSAGE_FILE:
        said = tuple(diff.message.split("\n")) if diff.message else ()
        return _Side(said, tuple(range(len(said)))) if 0 <= line.line < len(said) else None
    hunks = diff.files[line.file].hunks if 0 <= line.file < len(diff.files) else ()
    lines = hunks[line.hunk].lines if 0 <= line.hunk < len(hunks) else ()
    if not 0 <= line.line < len(lines):
        return None
    other = LineKind.ADDED if lines[line.line].kind is LineKind.REMOVED else LineKind.REMOVED
    return _Side(tuple(one.text for one in lines), tuple(n for n, one in enumerate(lines) if one.kind is not other))


def _runs(diff: Diff, lines: Sequence[Unit]) -> list[tuple[_Side, tuple[int, int]]]:
    """``lines`` as runs of those that follow each other on one side: the first and the last of each."""
    runs: list[tuple[_Side, tuple[int, int]]] = []
    for line in lines:
        side = _side(diff, line)
        if side is None:
            continue
        at = side.kept.index(line.line)
        for n, (its, (first, last)) in enumerate(runs):
            if its == side and last + 1 == at < first + _RUN:
                runs[n] = side, (first, at)
                break
        else:
            runs.append((side, (at, at)))
    return runs


def _touching(encoded: Encoding, start: int, end: int) -> list[int]:
    """The places of the tokens that have a part in characters ``start`` to ``end``."""
    return [place for place, (first, last) in enumerate(encoded.offsets) if first < end and last > start]


def _covering(encoded: Encoding, text: str, start: int, end: int) -> tuple[list[int], bool]:
    """(the places of the tokens that a word is made of, whether they hold a blank before it); none where they hold more."""
    places = _touching(encoded, start, end)
    if not places or encoded.offsets[places[-1]][1] != end:
        return [], False
    if places[0] and encoded.offsets[places[0] - 1] == (start - 1, start) and text[start - 1] == " ":
        places = [places[0] - 1, *places]  # a blank of its own before pieces that have no form with it
    before = text[encoded.offsets[places[0]][0] : start]
    return ([], False) if before.strip() else (places, bool(before))


def _names(tokenizer: Tokenizer) -> dict[bool, dict[int, str]]:
    """The names that are one token each, by id, where the tokens hold the blank before a word, and where they do not.

    Vocabularies mark beginnings of words, or pieces within them, each in a way of its own; the tokenizer itself is asked.
    A token without the blank may begin a word or go on with one: the word must be one token behind a blank too.
    """
    ids = sorted(tokenizer.get_vocab().values())
    texts = dict(zip(ids, map(str.strip, tokenizer.decode_batch([[one] for one in ids])), strict=True))
    behind = _single(tokenizer, texts, sorted({text for text in texts.values() if NAME.fullmatch(text)}), _BLANK)
    return {True: behind, False: _single(tokenizer, texts, list(behind.values()), _BARE)}


def _single(tokenizer: Tokenizer, texts: dict[int, str], words: list[str], lead: str) -> dict[int, str]:
    """Those of ``words`` that are one token behind ``lead``, by its id."""
    found = {}
    asked = tokenizer.encode_batch([lead + word for word in words], add_special_tokens=False)
    for word, encoded in zip(words, asked, strict=True):
        places, _ = _covering(encoded, lead + word, len(lead), len(lead + word))
        if len(places) == 1 and texts[encoded.ids[places[0]]] == word:
            found[encoded.ids[places[0]]] = word
    return found


def load_masked_transformer(folder: Path) -> MaskedTransformer:
    """Load a masked language model: safetensors only, no remote code, no network.

    Raises ModelError when the folder is unsafe, incomplete or holds another kind of model, when its tokenizer has no mask,
    and when an answer cannot be computed or is not finite.
    """
    config = validate_folder(folder)
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES:
        said = ascii(kind)[:80]
        raise ModelError(
            f"The model in {folder} is of type {said}, so it is no masked language model; pass one such as a BERT or a RoBERTa."
        )
    model, missing = read_pretrained(folder, AutoModelForMaskedLM)
    if missing:
        raise ModelError(
            f"The model in {folder} lacks the weight {missing[0]}, so it is no masked language model; save it with the head "
            "that it was pre-trained with."
        )
    check_finite(folder, model)
    tokenizer, frame, (mask, pad) = read_tokenizer(folder, config)
    if mask is None:
        raise ModelError(f"tokenizer.json of {folder} has no mask token, expected [MASK] or <mask>; pass a model that has one.")
    # RoBERTa-shaped models keep two positions for padding.
    longest = min(_LONGEST, positions(config) - 2)
    if longest < _SHORTEST:
        raise ModelError(f"The model in {folder} reads {longest} tokens at once, expected {_SHORTEST} or more; pass another one.")
    masked = MaskedTransformer(model, tokenizer, Reading(frame, mask, pad, longest), digest_folder(folder))
    _try(masked, folder, mask, longest)
    return masked


def _try(masked: MaskedTransformer, folder: Path, mask: int, longest: int) -> None:
    """Fill a short and a longest row as a batch; raises ModelError when that fails or gives no finite numbers."""
    try:
        found = list(masked.answers([Row((mask,), (0,)), Row((mask,) * longest, (longest - 1,))]))
        finite = all(bool(torch.isfinite(one).all()) for one in found)
    except Exception as error:  # whatever a foreign architecture raises, the user gets one sentence
        raise ModelError(f"The model in {folder} could not fill a mask ({reason(error)}); mend its configuration.") from error
    if not finite:
        raise ModelError(f"The model in {folder} gives guesses that are not finite; copy or train it again.")
