"""What a method may ask: sets of the units of one diff, scored once for all methods and counted for each as if it ran alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explain.counterfactual.effects import realise, together
from explain.counterfactual.operators import OPERATORS
from explain.counterfactual.types import CLEAR_MARGIN
from models.change.types import Diff
from models.classify.protocol import Classifier, Prediction

Members = frozenset[int]
AT_ONCE = 32
"""Most texts in one call of the model, whoever asks."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says of a set: ``gain`` is the margin towards the other verdict, ``score`` the original verdict's share.

    ``text`` is the id of the edited diff, "" where nothing of the change is left, which is no edit and is never asked for.
    """

    text: str
    gain: float
    score: float

    @property
    def flips(self) -> bool:
        """Whether the verdict is clearly the other one."""
        return self.gain > CLEAR_MARGIN


NOTHING = Answer("", float("-inf"), 1.0)


class SpentError(Exception):
    """A method has asked for all it may ask."""


class Memory:
    """A classifier that asks the one inside for every text once, at most ``AT_ONCE`` a call."""

    def __init__(self, classifier: Classifier) -> None:
        self.inside = classifier
        self._known: dict[str, Prediction] = {}

    @property
    def name(self) -> str:
        """The name of the classifier inside."""
        return self.inside.name

    @property
    def digest(self) -> str:
        """The digest of the classifier inside."""
        return self.inside.digest

    @property
    def threshold(self) -> float:
        """The threshold of the classifier inside."""
        return self.inside.threshold

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """The predictions, those known already from memory."""
        ids = [diff.id for diff in diffs]
        new = {one: diff for one, diff in zip(ids, diffs, strict=True) if one not in self._known}
        names, texts = list(new), list(new.values())
        for start in range(0, len(new), AT_ONCE):
            answers = self.inside.predict(texts[start : start + AT_ONCE])
            self._known.update(zip(names[start : start + AT_ONCE], answers, strict=True))
        return tuple(self._known[one] for one in ids)


class Game:
    """The sets of one operator's edits of one diff, by their indexes, and what the model says of them."""

    def __init__(self, diff: Diff, operator: str, classifier: Classifier) -> None:
        offers = OPERATORS.get(operator).offers(diff)
        self.diff = diff
        self.operator = operator
        self.edits = tuple(offers)
        self.memory = Memory(classifier)
        self.before = self.memory.predict([diff])[0]
        self.start = Answer(diff.id, *self._towards(self.before))
        self._effects = tuple(offers.values())
        self._texts: dict[Members, str] = {}
        self._made: dict[str, Diff] = {}
        self._answers = {"": NOTHING, diff.id: self.start}

    def edited(self, members: Members) -> Diff | None:
        """The diff with these units edited; None where they contradict each other."""
        effect = together(self._effects[n] for n in sorted(members))
        return None if effect is None else realise(self.diff, effect)

    def text(self, members: Members) -> str:
        """The id of the edited diff, "" where nothing is left of the change."""
        if members not in self._texts:
            edited = self.edited(members)
            found = edited.id if edited is not None and edited.files else ""
            self._texts[members] = found
            if edited is not None and found not in self._answers:
                self._made[found] = edited
        return self._texts[members]

    def answers(self, sets: Sequence[Members]) -> list[Answer]:
        """What the model says of each set."""
        texts = [self.text(members) for members in sets]
        new = [text for text in dict.fromkeys(texts) if text not in self._answers]
        for text, prediction in zip(new, self.memory.predict([self._made.pop(text) for text in new]), strict=True):
            self._answers[text] = Answer(text, *self._towards(prediction))
        return [self._answers[text] for text in texts]

    def everything(self) -> Answer:
        """What the model says when every unit is edited, also where that leaves nothing but the message."""
        members = frozenset(range(len(self.edits)))
        edited = self.edited(members)
        if edited is None or edited.files:
            return self.answers([members])[0]
        return Answer(edited.id, *self._towards(self.memory.predict([edited])[0]))

    def _towards(self, prediction: Prediction) -> tuple[float, float]:
        """(margin towards the other verdict, share of the original's)."""
        if self.before.flagged:
            return -prediction.margin, prediction.score
        return prediction.margin, 1.0 - prediction.score


class Player:
    """One method at one game: it sees answers, and its queries and calls are counted with a cache of its own.

    A query is a text that it had not asked for before; the original, with which everyone starts, is one. A call holds at
    most ``AT_ONCE`` of the texts that were asked for together. After ``most`` queries SpentError is raised.
    """

    def __init__(self, game: Game, most: int) -> None:
        self.units = range(len(game.edits))
        self.start = game.start
        self.queries = 1
        self.calls = 1
        self.first = 0
        """Queries after which a flip had been seen; 0 while there was none."""
        self.smallest: Members = frozenset()
        """The smallest flip seen."""
        self._game = game
        self._most = most
        self._seen = {"", game.start.text}

    def ask(self, sets: Sequence[Members]) -> list[Answer]:
        """What the model says of each set; raises SpentError, having asked for what it could, when that is not all."""
        affordable, new = 0, dict[str, None]()
        for members in sets:
            text = self._game.text(members)
            if text not in self._seen and text not in new:
                if self.queries + len(new) >= self._most:
                    break
                new[text] = None
            affordable += 1
        answers = self._game.answers(sets[:affordable])
        self._count(list(new))
        self._note(sets, answers)
        if affordable < len(sets):
            raise SpentError
        return answers

    def one(self, members: Members) -> Answer:
        """What the model says of one set, asked for alone."""
        return self.ask([members])[0]

    def everything(self) -> Answer:
        """What the model says when every unit is edited, also where that leaves nothing and so is no answer."""
        members = frozenset(self.units)
        if self._game.text(members):
            return self.one(members)
        answer = self._game.everything()
        self._count([answer.text])
        return answer

    def _count(self, new: Sequence[str]) -> None:
        self._seen.update(new)
        self.queries += len(new)
        self.calls += -(-len(new) // AT_ONCE)

    def _note(self, sets: Sequence[Members], answers: Sequence[Answer]) -> None:
        flips = [members for members, answer in zip(sets, answers, strict=False) if answer.flips]
        if flips:
            self.first = self.first or self.queries
            self.smallest = min((*([self.smallest] if self.smallest else []), *flips), key=len)
