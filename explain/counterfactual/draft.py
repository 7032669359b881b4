"""A change edited by hand: versions of it, each a set of edits of the original, in a tree that can be walked both ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from explain.counterfactual.effects import Effect, realise
from explain.counterfactual.operators import effect_of
from explain.counterfactual.steps import place, replaced, restored, taken_back
from explain.counterfactual.types import Edit
from explain.counterfactual.wording import describe
from models.change.types import Diff, Level, Unit, clean
from models.classify.protocol import Prediction
from models.errors import UsageError

ORIGINAL = "the original"
LONGEST_NAME = 60
MOST_VERSIONS = 1000
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a change that is edited by hand.

    Promise: ``diff`` is ``realise(original, effect)``, and has a file left. ``parent`` is the number of the version that it came
    from by ``step`` (words for people, not yet safe to show); None for the original. ``name`` is "" unless somebody pinned it.
    ``prediction`` is None until ``Draft.scored`` gave the model's answer for ``diff``.
    """

    parent: int | None
    step: str
    effect: Effect
    diff: Diff
    prediction: Prediction | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A change and its versions; ``at`` is the current one. Version 0 is the original, and a parent comes before its children.

    Every step gives a new Draft and loses no version: a step after ``undo`` or ``go`` starts a branch. A step that would change
    nothing gives the same draft. Steps that cannot be done raise UsageError, also those that would leave nothing of the change:
    what is left would be no patch. ``undone`` are the versions that ``redo`` goes to, the next one last.
    """

    versions: tuple[Version, ...]
    at: int = 0
    undone: tuple[int, ...] = ()

    @classmethod
    def of(cls, diff: Diff) -> Draft:
        """A draft of ``diff`` in which nothing is edited yet."""
        return cls((Version(None, ORIGINAL, Effect(), diff),))

    @property
    def original(self) -> Diff:
        """The change as it was; units are addresses in it."""
        return self.versions[0].diff

    @property
    def current(self) -> Version:
        """The version that the next step starts from."""
        return self.versions[self.at]

    def has_back(self, unit: Unit) -> bool:
        """Whether all that ``take_back`` would take back at ``unit`` is taken back in the current version."""
        return taken_back(self.original, self.current.effect, unit) == self.current.effect

    def take_back(self, unit: Unit) -> Draft:
        """The changed line, hunk or file at ``unit`` taken back: what was added goes, what was removed stays."""
        effect = taken_back(self.original, self.current.effect, unit)
        return self._after(effect, f"took back {place(self.original, unit)}")

    def restore(self, unit: Unit) -> Draft:
        """The line (also of the message), hunk or file at ``unit`` as in the original: not taken back, and with its own words."""
        effect = restored(self.original, self.current.effect, unit)
        return self._after(effect, f"restored {place(self.original, unit)}")

    def replace(self, unit: Unit, text: str) -> Draft:
        """``text`` in place of the words at a token unit, or of a whole line, of the added lines and the message; "" deletes."""
        effect = replaced(self.original, self.current.effect, unit, text)
        line = unit.at(Level.LINE)
        new = dict(effect.words - self.current.effect.words)
        where = place(self.original, line)
        if not new:
            return self._after(effect, f"restored words of {where}")
        ((at, put),) = new.items()
        before = _quoted(self._text(line)[at.start : at.end])
        return self._after(effect, f"replaced {before} by {_quoted(put)} in {where}" if put else f"deleted {before} from {where}")

    def start_from(self, edits: Sequence[Edit]) -> Draft:
        """A version made of the original by ``edits``, such as those of a counterfactual; its parent is the original."""
        effect = effect_of(self.original, edits)
        if effect is None:
            raise UsageError("Expected edits that do not put different text in one place; leave one of them out.")
        return self.go(0)._after(effect, f"started from: {describe(self.original, edits)}")

    def undo(self) -> Draft:
        """Back to the version that the current one came from."""
        parent = self.current.parent
        if parent is None:
            raise UsageError("Expected a step to undo, but this is the original; take the first step.")
        return replace(self, at=parent, undone=(*self.undone, self.at))

    def redo(self) -> Draft:
        """Forth again to the version that was undone last."""
        if not self.undone:
            raise UsageError("Expected a step that was undone, but there is none; undo one first.")
        return replace(self, at=self.undone[-1], undone=self.undone[:-1])

    def go(self, number: int) -> Draft:
        """To any version; the next step from there starts a branch."""
        self.version(number)
        return self if number == self.at else replace(self, at=number, undone=())

    def pin(self, number: int, name: str) -> Draft:
        """The version under a name that no other one has, or without a name for ""."""
        version = self.version(number)
        name = name.strip()
        if len(name) > LONGEST_NAME or len(name.splitlines()) > 1:
            raise UsageError(f"Expected a name of one line, at most {LONGEST_NAME} characters, but got {len(name)}; shorten it.")
        if any(name and one.name == name and one is not version for one in self.versions):
            raise UsageError(f"Expected a name for one version, but another one is called {name!r}; choose another name.")
        return self._with(number, replace(version, name=name))

    def scored(self, number: int, prediction: Prediction) -> Draft:
        """The version with the model's answer for its diff."""
        return self._with(number, replace(self.version(number), prediction=prediction))

    def version(self, number: int) -> Version:
        """The version of that number."""
        if not 0 <= number < len(self.versions):
            raise UsageError(f"Expected a version from 0 to {len(self.versions) - 1}, but got {number}; choose one of the list.")
        return self.versions[number]

    def _with(self, number: int, version: Version) -> Draft:
        return replace(self, versions=(*self.versions[:number], version, *self.versions[number + 1 :]))

    def _text(self, line: Unit) -> str:
        """The text of an added line or of a line of the message."""
        return self.original.message.split("\n")[line.line] if line.file < 0 else self.original.line(line).text

    def _after(self, effect: Effect, step: str) -> Draft:
        if effect == self.current.effect:
            return self
        return self.with_version(effect, step)

    def with_version(self, effect: Effect, step: str) -> Draft:
        """One more version, made of the original by ``effect``, as a child of the current one, and gone to."""
        if len(self.versions) >= MOST_VERSIONS:
            raise UsageError(f"Expected at most {MOST_VERSIONS} versions, but this would be one more; start a new draft.")
        diff = realise(self.original, effect)
        if not diff.files:
            raise UsageError("Expected a step that leaves a part of the change, but this takes all back; restore a part first.")
        return Draft((*self.versions, Version(self.at, step, effect, diff)), len(self.versions))


def _quoted(text: str) -> str:
    shown = clean(text)
    return f'"{shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"}"'
