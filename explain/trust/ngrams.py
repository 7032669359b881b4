"""A small n-gram model of code: how surprising a line is (Ray et al. 2016, "On the naturalness of buggy code")."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

ORDER = 3
TOKEN = re.compile(r"\w+|[^\w\s]")
"""A name or number, or one other character."""
_END = "\n"


class NGrams:
    """Counts of all n-grams up to ``order`` of tokens of lines, smoothed by interpolation (Witten and Bell 1991).

    p(w | h) = (c(h w) + t(h) p(w | h')) / (c(h) + t(h)): c counts, t(h) is how many different tokens followed h, h' is h
    without its first token; below single tokens all known ones and one unknown are equally likely.
    """

    def __init__(self, lines: Iterable[str], order: int = ORDER) -> None:
        self.order = order
        self._grams: Counter[tuple[str, ...]] = Counter()
        for line in lines:
            tokens = self._padded(line)
            for end in range(order - 1, len(tokens)):
                self._grams.update(tokens[start : end + 1] for start in range(end - order + 1, end + 1))
        self._totals: Counter[tuple[str, ...]] = Counter()
        self._kinds: Counter[tuple[str, ...]] = Counter()
        for gram, count in self._grams.items():
            self._totals[gram[:-1]] += count
            self._kinds[gram[:-1]] += 1

    def probability(self, token: str, history: Sequence[str]) -> float:
        """How likely ``token`` is after ``history``, of which the last ``order - 1`` tokens count."""
        before = tuple(history)[max(0, len(history) - self.order + 1) :]
        likely = 1 / (self._kinds[()] + 1)
        for start in range(len(before), -1, -1):
            known = before[start:]
            whole = self._totals[known] + self._kinds[known]
            if not whole:
                break
            likely = (self._grams[(*known, token)] + self._kinds[known] * likely) / whole
        return likely

    def surprise(self, line: str) -> float:
        """Bits a token of ``line``, its end included, in the mean."""
        tokens = self._padded(line)
        places = range(self.order - 1, len(tokens))
        return sum(-math.log2(self.probability(tokens[n], tokens[:n][-self.order + 1 :])) for n in places) / len(places)

    def _padded(self, line: str) -> tuple[str, ...]:
        return (*(_END,) * (self.order - 1), *TOKEN.findall(line), _END)
