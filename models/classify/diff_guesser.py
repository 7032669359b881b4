"""The pre-trained encoder of diffs as a masked language model. Needs torch.

What a classifier's network was before it learnt labels is kept beside it (``guesser.safetensors``): learning labels, it
forgets how to guess tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from models.change.types import Diff, Level, Unit
from models.classify.checkpoint import DIFF_TRANSFORMER, GUESSES, check_folder, digest_folder, read_settings, unfinished
from models.classify.diff_transformer import GUESSER, NETWORK, read_shape, read_tokenizer
from models.classify.guesses import NAME
from models.classify.network import DiffNetwork, Guesser, batch_of
from models.encode.encoder import DiffEncoder
from models.encode.segments import Ints, Layout, lay_out, marks_of
from models.encode.types import EncodedDiff
from models.encode.vocabulary import CLS, SEP, token_id
from models.errors import ModelError

UNUSED = ("query.", "key.", "value.", "inner.", "outer.", "norm.")
"""Parts of the network that judge; guessing needs none of them."""
SCALE = ".scale"
"""How the name of what the rows of a table are multiplied by ends."""
_STRIDE = 6
"""Of the tokens of a line every sixth is hidden at once."""
_SEGMENTS = 32
"""Segments read in one go."""
_REMEMBERED = 64
"""Questions about a diff whose answers are kept."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A row of ids with hidden places, all in one segment."""

    row: Ints
    layout: Layout
    segment: Ints
    places: Ints


class DiffGuesser:
    """A ``MaskedModel``: reads each segment of a change by itself, as it was pre-trained to. Threads may share it."""

    def __init__(self, network: DiffNetwork, guesser: Guesser, tokenizer: Tokenizer, encoder: DiffEncoder, digest: str) -> None:
        self._digest = digest
        self._network = network.eval().requires_grad_(False)
        self._guesser = guesser.eval().requires_grad_(False)
        self._marks = marks_of(tokenizer)
        self._encoder = encoder
        self._known: dict[tuple[str, tuple[Unit, ...], int], tuple[tuple[str, ...], ...]] = {}
        # As text: the vocabulary writes letters for bytes that are none, such as blanks.
        self._texts = tokenizer.decode_batch([[i] for i in range(network.shape.vocabulary)])
        named = [(i, text) for i, text in enumerate(self._texts) if NAME.fullmatch(text.removeprefix(" "))]
        self._named = {
            blank: torch.tensor([i for i, text in named if text.startswith(" ") is blank], dtype=torch.long)
            for blank in (False, True)
        }

    @property
    def digest(self) -> str:
        """See ``MaskedModel``."""
        return self._digest

    def fill(self, diff: Diff, words: Sequence[Unit], most: int) -> tuple[tuple[str, ...], ...]:
        """See ``MaskedModel``; answers are remembered, because search, check and output ask for the same."""
        question = (diff.id, tuple(words), most)
        found = self._known.get(question)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known = {}
            found = self._known[question] = self._filled(diff, words, most)
        return found

    def _filled(self, diff: Diff, words: Sequence[Unit], most: int) -> tuple[tuple[str, ...], ...]:
        encoded = self._encoder.encode(diff)
        ids, lines = np.array(encoded.ids), _by_line(encoded)
        asked: dict[int, tuple[_Asked, bool, int]] = {}
        for n, word in enumerate(words):
            places, blank = _covering(encoded, lines.get(word.at(Level.LINE), ()), word)
            # A name of several tokens stands behind one mask: the rest of it goes.
            for one in self._hidden(np.delete(ids, places[1:]), places[:1]):
                asked[n] = one, blank, int(ids[places[0]]) if len(places) == 1 else -1
        answers = self._log_probabilities([one for one, *_ in asked.values()])
        found = {
            n: self._likeliest(answer[0], blank, own, most)
            for (n, (_, blank, own)), answer in zip(asked.items(), answers, strict=True)
        }
        return tuple(found.get(n, ()) for n in range(len(words)))

    def _likeliest(self, answer: Tensor, blank: bool, own: int, most: int) -> tuple[str, ...]:
        """The likeliest names but the token ``own``, of tokens that begin with a blank or not."""
        named = self._named[blank]
        best = named[answer[named].topk(min(most + 1, len(named))).indices].tolist()
        return tuple(self._texts[i].removeprefix(" ") for i in best if i != own)[:most]

    def likelihood(self, diff: Diff, lines: Sequence[Unit]) -> float | None:
        """See ``MaskedModel``."""
        encoded = self._encoder.encode(diff)
        ids, by_line = np.array(encoded.ids), _by_line(encoded)
        tokens = [place for line in lines for place in by_line.get(line, ())]
        asked = [one for start in range(min(_STRIDE, len(tokens))) for one in self._hidden(ids, tokens[start::_STRIDE])]
        total = count = 0.0
        for one, answer in zip(asked, self._log_probabilities(asked), strict=True):
            truth = torch.from_numpy(ids[one.places])
            total += float(answer.gather(1, truth.unsqueeze(1)).sum())
            count += len(truth)
        return total / count if count else None

    def _hidden(self, ids: Ints, places: Sequence[int]) -> list[_Asked]:
        """``ids`` with ``places`` hidden, once for each segment that has some of them; places in none are not read."""
        row = ids.copy()
        row[list(places)] = self._marks.mask
        layout = lay_out(row, self._marks, self._network.shape.segment)
        found = []
        for segment in layout.segments if len(places) else ():
            mine = segment[np.isin(segment, places)]
            found += [_Asked(row, layout, segment, mine)] if len(mine) else []
        return found

    def _log_probabilities(self, asked: Sequence[_Asked]) -> Iterator[Tensor]:
        """For each of ``asked`` the log-probabilities at its places, shape (places, vocabulary)."""
        with torch.inference_mode():
            for start in range(0, len(asked), _SEGMENTS):
                some = asked[start : start + _SEGMENTS]
                states = self._states(some)
                ends = np.cumsum([len(one.segment) for one in some])
                for one, end in zip(some, ends, strict=True):
                    at = end - len(one.segment) + np.flatnonzero(np.isin(one.segment, one.places))
                    yield self._guesser(states[at], self._network.embeddings.weight).log_softmax(-1)

    def _states(self, asked: Sequence[_Asked]) -> Tensor:
        """The last hidden states of all segments, one after the other, shape (tokens, width)."""
        ids = np.concatenate([one.row[one.segment] for one in asked])
        ends = np.cumsum([len(one.segment) for one in asked])
        sides, files, hunks = (
            np.concatenate([getattr(one.layout, name)[one.segment] for one in asked]) for name in ("sides", "files", "hunks")
        )
        runs = tuple(np.arange(end - len(one.segment), end) for end, one in zip(ends, asked, strict=True))
        batch = batch_of(self._network.embeddings(torch.from_numpy(ids)), [Layout(sides, files, hunks, np.arange(0), runs)])
        states = torch.empty(len(ids), self._network.shape.width)
        for group, state in zip(batch.groups, self._network.hidden(batch), strict=True):
            states[group[group >= 0]] = state[group >= 0]
        return states


def _by_line(encoded: EncodedDiff) -> dict[Unit, list[int]]:
    """The places of the tokens of every line that are text."""
    found: dict[Unit, list[int]] = {}
    for place, unit in enumerate(encoded.units):
        if unit is not None and unit.level is Level.TOKEN:
            found.setdefault(unit.at(Level.LINE), []).append(place)
    return found


def _covering(encoded: EncodedDiff, places: Sequence[int], word: Unit) -> tuple[list[int], bool]:
    """(the tokens that ``word`` is made of, whether the first has the blank before it); none where they hold more."""
    spans = {place: unit for place in places if (unit := encoded.units[place])}
    inside = [place for place, unit in spans.items() if unit.start < word.end and unit.end > word.start]
    if not inside:
        return [], False
    before = word.start - spans[inside[0]].start
    if before not in {0, 1} or spans[inside[-1]].end != word.end:
        return [], False
    return inside, before == 1


def load_diff_guesser(folder: Path) -> DiffGuesser:
    """The masked language model of a checkpoint of our own kind; raises ModelError where there is none, or a broken one."""
    check_folder(folder, DIFF_TRANSFORMER)
    settings = read_settings(folder, 65_536)
    if settings is None:
        raise unfinished(folder)
    shape, _ = read_shape(folder)
    tensors = _read(folder / GUESSES)
    network, guesser = DiffNetwork(shape), Guesser(shape)
    for module, part in ((network, NETWORK), (guesser, GUESSER)):
        given = {name.removeprefix(part): value for name, value in tensors.items() if name.startswith(part)}
        unused = UNUSED if module is network else ()
        wanted = {name: value for name, value in module.state_dict().items() if not name.startswith(unused)}
        lacks = next((name for name, value in wanted.items() if name not in given or given[name].shape != value.shape), None)
        if lacks:
            raise ModelError(f"{GUESSES} of {folder} lacks the weight {part}{lacks}, or has another shape; copy it again.")
        module.load_state_dict({name: given[name] for name in wanted}, strict=False)
    tokenizer = read_tokenizer(folder, shape)
    frame = ((token_id(tokenizer, CLS),), (token_id(tokenizer, SEP),))
    digest = digest_folder(folder, guesses=True)
    return DiffGuesser(network, guesser, tokenizer, DiffEncoder(tokenizer, settings.encode, frame), digest)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        stored = load_file(path)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise ModelError(f"The masked language model {path} could not be read ({error}); copy the checkpoint again.") from error
    tensors = {}
    for name, value in stored.items():
        if not name.endswith(SCALE):
            scale = stored.get(name + SCALE)
            tensors[name] = value.float() if scale is None else value.float() * scale.float().unsqueeze(1)
    return tensors
