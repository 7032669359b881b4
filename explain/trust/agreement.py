"""Do other methods, other seeds and harmless variants of the change give the same lines?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from explain.attribution.registry import MethodCard, fitting, method
from explain.attribution.types import Attribution
from explain.counterfactual.words import neutral, own_names
from explain.ranks import spearman
from explain.trust.types import Agreement
from models.change.rewrite import rewrite
from models.change.types import Diff, Level, Unit
from models.classify.protocol import Classifier

OTHERS = ("integrated-gradients", "occlusion", "gradient", "exact", "shapley")
"""Methods that an explanation is compared with, the first two that fit and are not its own."""
_TOP = 5
Values = Mapping[Unit, float]


def others(attribution: Attribution, classifier: Classifier) -> list[MethodCard]:
    """The methods to compare with."""
    fit = [card.name for card in fitting(classifier)]
    return [method(name) for name in OTHERS if name in fit and name != attribution.method][:2]


def beside(other: str, own: Attribution, found: Attribution, moved: Mapping[int, int] | None = None) -> Agreement:
    """``own`` beside ``found``, by line; ``moved`` gives the places in ``found`` of the files of ``own``."""
    mine = {_moved(unit, moved): value for unit, value in lines(own).items()}
    return compared(other, mine, lines(found))


def lines(attribution: Attribution) -> dict[Unit, float]:
    """Value by line; messages' lines, paths, sections and the size count as lines."""
    return {one.unit: one.value for one in attribution.at(Level.LINE)}


def compared(other: str, mine: Values, theirs: Values) -> Agreement:
    """Spearman's correlation over the lines of both, and the overlap of the strongest."""
    both = sorted(set(mine) & set(theirs))
    a, b = [mine[unit] for unit in both], [theirs[unit] for unit in both]
    known = len(both) >= 3 and len(set(a)) > 1 and len(set(b)) > 1
    correlation = spearman(a, b) if known else None
    top = min(_TOP, len(both))
    strongest = [set(sorted(both, key=lambda unit: -abs(values[unit]))[:top]) for values in (mine, theirs)]
    return Agreement(other, correlation, len(strongest[0] & strongest[1]) / top if top else 1.0)


def variants(diff: Diff) -> Iterator[tuple[str, Diff, Mapping[int, int] | None]]:
    """Up to two versions of ``diff`` that do the same: (what was done, the version, where its files went).

    The most frequent of its own names renamed throughout, and its files in the opposite order.
    """
    names = own_names(diff)
    frequent = sorted(names, key=lambda name: -len(names[name]))[:1]
    for name, plain in zip(frequent, neutral(diff, frequent), strict=True):
        yield f"{name} renamed to {plain}", rewrite(diff, dict.fromkeys(names[name], plain)), None
    if len(diff.files) > 1 and not any(file.lead for file in diff.files):
        last = len(diff.files) - 1
        yield "files in the opposite order", replace(diff, files=diff.files[::-1]), {f: last - f for f in range(last + 1)}


def _moved(unit: Unit, moved: Mapping[int, int] | None) -> Unit:
    return replace(unit, file=moved.get(unit.file, unit.file)) if moved else unit
