"""An attribution added up by what its tokens stand on: sides, words, parts of paths, numbers, languages, components."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

from explain.attribution.types import Attribution, UnitValue
from explain.overall.record import Part
from explain.survey.feature import Feature, ending
from explain.survey.files import component
from models.change.addresses import Addresses
from models.change.language import language
from models.change.types import METRICS_FILE, Diff, Level, Unit
from models.encode.pieces import pieces
from models.encode.types import Side
from models.encode.words import LINE, LONGEST

SIDE, LANGUAGE, COMPONENT, ENDING = "side", "language", "component", "ending"
WORDS = (Side.ADDED.value, Side.REMOVED.value, Side.CONTEXT.value, Side.MESSAGE.value, Side.PATH.value, Side.METRICS.value)
"""Where words stand; ``path``: folders and file names, ``metrics``: numbers taken of the change as a whole."""
SPECIAL, LEFT = "special tokens", "left unexplained"
"""What an output's change has besides the values of units: tokens such as [CLS], and the completeness gap."""
OUTSIDE = "(in no file)"
BLANK, AS_SUCH = "(blank)", "(as such)"
"""For tokens of blanks alone, and for what has no span of text: the sign of a line, a whole line."""
_WORD = re.compile(r"[^\W\d]\w*|\d\w*|[^\w\s]")
_OVERALL = "(size)"
_Span = tuple[int, int, Feature]


def parts(diff: Diff, attribution: Attribution) -> tuple[Part, ...]:
    """Every feature of ``diff`` that has a token with a value, with the sum of these values, largest part of it first.

    A token that covers several words counts for the one it covers most of, the first of equals; so nothing counts twice:
    the values of one of ``SIDE``, ``LANGUAGE`` and ``COMPONENT`` sum to the change of the output, and those of all
    ``WORDS`` to it less ``SPECIAL`` and ``LEFT``. ``ENDING`` counts a share of the paths once more.
    """
    texts = _Texts(diff, attribution.names)
    sums: dict[Feature, float] = {}
    largest: dict[Feature, UnitValue] = {}
    for token in attribution.tokens:
        for feature in texts.features(token):
            sums[feature] = sums.get(feature, 0.0) + token.value
            if feature not in largest or abs(token.value) > abs(largest[feature].value):
                largest[feature] = token
    where = Addresses(diff, attribution.names)
    found = [Part(feature, value, where.label(largest[feature].unit)) for feature, value in sums.items()]
    return (*found, *_rest(attribution, sums))


def _rest(attribution: Attribution, sums: dict[Feature, float]) -> Iterator[Part]:
    """What is no value of a unit: for every way of adding up that leaves nothing out."""
    rest = attribution.special + attribution.completeness_gap
    yield Part(Feature(SIDE, SPECIAL), attribution.special, "")
    yield Part(Feature(SIDE, LEFT), attribution.completeness_gap, "")
    for where in (LANGUAGE, COMPONENT):
        yield Part(Feature(where, f"{SPECIAL} and {LEFT}"), rest, "")


class _Texts:
    """The features of tokens, by their places."""

    def __init__(self, diff: Diff, names: Sequence[str]) -> None:
        self._paths = [file.path for file in diff.files]
        self._texts = {piece.unit: piece.text for piece in pieces(diff, 0)}
        self._names = names
        self._spans: dict[tuple[Unit, str], list[_Span]] = {}

    def features(self, token: UnitValue) -> Iterator[Feature]:
        """What ``token`` counts for."""
        unit, side = token.unit, token.side.value
        yield Feature(SIDE, side)
        yield Feature(LANGUAGE, _language(self._paths[unit.file]) if unit.file >= 0 else OUTSIDE)
        yield Feature(COMPONENT, _component(self._paths[unit.file]) if unit.file >= 0 else OUTSIDE)
        if unit.file == METRICS_FILE:
            named = 0 <= unit.line < len(self._names)
            yield Feature(side, self._names[unit.line].partition(":")[0] if named else _OVERALL)
        elif unit.start < 0:
            yield Feature(side, AS_SUCH)
        else:
            yield self._owner(unit, side) or Feature(side, BLANK)
            last = self._owner(unit, ENDING) if side == Side.PATH else None
            if last is not None and last.where == ENDING:
                yield last

    def _owner(self, unit: Unit, side: str) -> Feature | None:
        """What ``unit`` covers most of."""
        key = unit.at(Level.LINE), side
        if key not in self._spans:
            self._spans[key] = list(_spans(self._texts.get(key[0], "")[:LINE], side))
        spans, start, end = self._spans[key], unit.start, max(unit.end, unit.start + 1)
        at = bisect_right(spans, start, key=lambda one: one[1])
        best, covered = None, 0
        while at < len(spans) and spans[at][0] < end:
            first, last, feature = spans[at]
            overlap = min(end, last) - max(start, first)
            if overlap > covered:
                best, covered = feature, overlap
            at += 1
        return best


def _spans(text: str, side: str) -> Iterator[_Span]:
    """The features of a text with their first and last characters, in order; they do not overlap."""
    if side in {Side.PATH, ENDING}:
        yield from _path_spans(text, side)
        return
    for match in _WORD.finditer(text):
        word = match[0][:LONGEST]
        yield match.start(), match.end(), Feature(side, word.lower() if side == Side.MESSAGE else word)


def _path_spans(path: str, side: str) -> Iterator[_Span]:
    """Folders and the file name; or, for ``ENDING``, the file name in two: before its ending, which is a name, and that."""
    start = 0
    *folders, name = path.split("/")
    for folder in folders:
        end = start + len(folder) + 1
        yield start, end, Feature(Side.PATH.value, path[start:end])
        start = end
    cut = len(path) - len(ending(name)) + 1 if side == ENDING and ending(name) else len(path)
    if start < cut:
        yield start, cut, Feature(Side.PATH.value, name)
    if cut < len(path):
        yield cut, len(path), Feature(ENDING, ending(name))


@lru_cache(maxsize=4096)
def _language(path: str) -> str:
    return language(path)


@lru_cache(maxsize=4096)
def _component(path: str) -> str:
    return component(path)
