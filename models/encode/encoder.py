"""``Diff`` to token ids, each with its place, and a list of what did not fit."""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import Tokenizer

from models.change.types import METRICS_FILE, Diff, Unit
from models.encode.bounded import BoundedTokenizer, Spans
from models.encode.pieces import Piece, pieces
from models.encode.types import EncodedDiff, Side
from models.encode.vocabulary import HUNK, MARKERS, size_tokens, token_id


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How a diff is read; part of the checkpoint.

    ``markers``: structure as special tokens of our own vocabulary; otherwise "+", "-" and " " as text, as a patch
    has them, for models that were trained on nothing else. ``message_length``, ``path_length`` and ``line_length``
    bound the tokens of the whole message, one path or section, one line; ``context`` is how many lines around a change are read.
    """

    max_length: int = 512
    markers: bool = True
    metrics: bool = True
    message_length: int = 64
    path_length: int = 24
    line_length: int = 64
    context: int = 1


@dataclass(frozen=True, slots=True)
class _Run:
    """One piece as the tokenizer gets it: the marker's id or None, how many tokens the text has, how many are kept."""

    piece: Piece
    text: str
    marker: int | None
    tokens: int
    kept: int

    @property
    def length(self) -> int:
        return self.kept + (self.marker is not None)

    @property
    def full_length(self) -> int:
        return self.tokens + (self.marker is not None)


_TEXT_MARKERS = {Side.ADDED: "+", Side.REMOVED: "-", Side.CONTEXT: " "}


class DiffEncoder:
    """Reads the message, then every file in order: its path, then changed lines first, then nearby context.

    The message takes at most ``message_length`` tokens, and no line of it more than half of the room that is left; its
    trailers are never read.
    Changed lines are taken in order until the length is reached, then context lines while there is room; the
    tokens keep the order of the diff. Guarantee: every line of the diff either has all its tokens in the result
    or is in ``unread``.
    """

    def __init__(self, tokenizer: Tokenizer, options: EncodeOptions, frame: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
        """``frame``: ids that stand before and after the content, e.g. ([CLS], [SEP])."""
        # What the text of a diff spells, such as [PAD], is text: only the encoder itself places structure.
        tokenizer.encode_special_tokens = True
        self.tokenizer = tokenizer
        self.options = options
        self.frame = frame
        self._bounded = BoundedTokenizer(tokenizer)

    def encode(self, diff: Diff, max_length: int | None = None) -> EncodedDiff:
        """The ids of ``diff``, at most ``max_length`` of them (by default the checkpoint's own length)."""
        runs = self._runs(list(pieces(diff, self.options.context)))
        sizes = self._sizes(diff)
        room = (max_length or self.options.max_length) - len(self.frame[0]) - len(self.frame[1]) - len(sizes)
        taken = _choose(runs, room)
        ids: list[int] = [*self.frame[0], *sizes]
        units: list[Unit | None] = [None] * len(self.frame[0]) + [Unit(METRICS_FILE)] * len(sizes)
        sides = [Side.SPECIAL] * len(self.frame[0]) + [Side.METRICS] * len(sizes)
        unread: list[Unit] = []
        for run, take in zip(runs, taken, strict=True):
            if not take:
                unread += [run.piece.unit] if run.full_length else []
                continue
            read, spans = self._read(run)
            ids += read
            units += [run.piece.unit] * (run.marker is not None) + [_token_unit(run.piece, span) for span in spans[: run.kept]]
            sides += [run.piece.side] * run.length
            unread += [_token_unit(run.piece, (start, len(run.piece.text))) for start, _ in spans[run.kept :]]
        ids += self.frame[1]
        units += [None] * len(self.frame[1])
        sides += [Side.SPECIAL] * len(self.frame[1])
        framing = len(self.frame[0]) + len(self.frame[1]) + len(sizes)
        total = framing + sum(run.full_length for run in runs)
        return EncodedDiff(tuple(ids), tuple(units), tuple(sides), tuple(unread), total)

    def _sizes(self, diff: Diff) -> list[int]:
        if not self.options.metrics:
            return []
        tokens = size_tokens(diff.added, diff.removed, len(diff.files))
        return [token_id(self.tokenizer, token) for token in tokens]

    def _runs(self, parts: list[Piece]) -> list[_Run]:
        texts = [self._text(part) for part in parts]
        runs = []
        left = self.options.message_length
        for part, text, tokens in zip(parts, texts, self._bounded.count(texts), strict=True):
            run = _Run(part, text, self._marker(part), tokens, min(self._limit(part, left), tokens))
            left -= run.length if part.side is Side.MESSAGE and part.near else 0
            runs.append(run)
        return runs

    def _read(self, run: _Run) -> tuple[list[int], Spans]:
        """The ids that are read, marker first, and the spans of the kept tokens and of the first that is not."""
        ids, offsets = self._bounded.head(run.text, run.kept + 1)
        shift = 0 if self.options.markers else len(run.text) - len(run.piece.text) - 1
        marker = [] if run.marker is None else [run.marker]
        return [*marker, *ids[: run.kept]], _spans(offsets, shift, len(run.piece.text))

    def _text(self, part: Piece) -> str:
        if self.options.markers:
            return part.text
        if not part.text and part.unit.line < 0:
            return ""
        return (_TEXT_MARKERS.get(part.side, "") if part.unit.line >= 0 else "") + part.text + "\n"

    def _marker(self, part: Piece) -> int | None:
        if not self.options.markers:
            return None
        is_section = part.side is Side.CONTEXT and part.unit.line < 0
        return token_id(self.tokenizer, HUNK if is_section else MARKERS[part.side])

    def _limit(self, part: Piece, left: int) -> int:
        if part.side is Side.MESSAGE:
            return max(0, left - self.options.markers) if part.near else 0
        return self.options.line_length if part.unit.line >= 0 else self.options.path_length


def _spans(offsets: Spans, shift: int, length: int) -> Spans:
    if not shift:
        return offsets
    return tuple((min(max(a - shift, 0), length), min(max(b - shift, 0), length)) for a, b in offsets)


def _token_unit(piece: Piece, span: tuple[int, int]) -> Unit:
    unit = piece.unit
    return Unit(unit.file, unit.hunk, unit.line, *span)


def _choose(runs: list[_Run], room: int) -> list[bool]:
    """Which runs are read: message first, then changed lines with their file and hunk, then nearby context."""
    taken = [False] * len(runs)
    heads: dict[Unit, int] = {run.piece.unit: i for i, run in enumerate(runs) if run.piece.unit.line < 0}
    full = False
    for i, run in enumerate(runs):
        side = run.piece.side
        if full or side in {Side.CONTEXT, Side.PATH}:
            continue
        if side is Side.MESSAGE and not run.kept:
            continue
        unit = run.piece.unit
        need = [i] + [heads[u] for u in (Unit(unit.file), Unit(unit.file, unit.hunk)) if u in heads and not taken[heads[u]]]
        cost = sum(runs[n].length for n in need)
        # A message may take half of what is left, so that it never keeps the change itself from being read.
        fits = cost <= (room // 2 if side is Side.MESSAGE else room)
        full = not fits and side is not Side.MESSAGE
        if fits:
            room -= cost
            for n in need:
                taken[n] = True
    for i, run in enumerate(runs):
        if taken[i] or run.length > room or not run.piece.near or run.piece.side not in {Side.CONTEXT, Side.PATH}:
            continue
        unit = run.piece.unit
        parent = Unit(unit.file, unit.hunk) if unit.line >= 0 else Unit(unit.file)
        if unit.hunk < 0 or taken[heads[parent]]:
            room -= run.length
            taken[i] = True
    return taken
