"""An independent check of a counterfactual and its certificate.

Shares no code with the search: the edits that a diff offers are counted out anew (``recount``), patches are read back from
their text, and every score is asked for again. What it does share with the search is what a promise is about: the types,
``revert``, ``rewrite``, ``parse``, ``render`` and ``SyntaxJudge``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice

from explain.counterfactual.core import Core
from explain.counterfactual.recount import Change, Key, along, applied, contradictory, offered, touches
from explain.counterfactual.syntax import SyntaxJudge
from explain.counterfactual.types import Counterfactual, Minimality, Syntax
from models.change.edit import revert
from models.change.parse import parse
from models.change.render import render
from models.change.types import Diff, Unit
from models.classify.protocol import Classifier, Prediction
from models.errors import InputError

_CLEAR = 0.9e-3
"""The search's guard of 0.001, less what scoring in another batch may change."""
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: ``ok`` exactly when ``reasons`` is empty; ``checked`` is the number of smaller sets looked at."""

    ok: bool
    reasons: tuple[str, ...]
    checked: int


def verify(diff: Diff, counterfactual: Counterfactual, classifier: Classifier, most: int = 100_000) -> Verification:
    """Check every promise of ``counterfactual``, found for ``diff``, against ``classifier``.

    Checked are: the edits are of one operator, which ``diff`` offers, all different, and touch nothing protected; the patch
    text parses back to the edited diff and equals the edits applied again; the syntax is what is claimed; the original and
    the patch, each scored alone, get the predictions that are claimed, other verdicts, and a margin further than 0.001 from
    the threshold; the smaller sets that the certificate speaks of keep the verdict, as clearly, and are as many as it says.

    Queries: 2 and one for each different text among the smaller sets, which is no more than the search that scored them
    all; a certificate over more than ``most`` sets is refused. A broken counterfactual is reported, never raised.
    """
    protected = counterfactual.certificate.rules.protected
    edits = offered(diff, counterfactual.certificate.operator).items()
    check = _Check(diff, counterfactual, classifier, {key: edit for key, edit in edits if not touches(edit, protected)})
    check.edits()
    if not check.reasons:
        check.patch()
    if not check.reasons:
        check.scores()
        check.certificate(most)
    return Verification(not check.reasons, tuple(check.reasons), check.checked)


@dataclass(slots=True)
class _Check:
    original: Diff
    claim: Counterfactual
    classifier: Classifier
    offered: Mapping[Key, Change]
    reasons: list[str] = field(default_factory=list)
    checked: int = 0
    judge: SyntaxJudge = field(init=False)

    def __post_init__(self) -> None:
        self.judge = SyntaxJudge(self.original)

    def expect(self, holds: bool, reason: str) -> None:
        """Note ``reason`` unless it ``holds``."""
        if not holds:
            self.reasons.append(reason)

    def edits(self) -> None:
        """The edits are such as the original offers, of the operator that the certificate speaks of."""
        edits, operator = self.claim.edits, self.claim.certificate.operator
        self.expect(bool(edits), "There is no edit.")
        self.expect(len({edit.unit for edit in edits}) == len(edits), "A unit is edited twice.")
        for edit in edits:
            self.expect(edit.operator == operator, f"{edit.operator} is not {operator}, of which the certificate speaks.")
            known = (edit.unit, edit.replacement) in self.offered
            self.expect(known, f"{operator} offers no edit of {edit.unit} to {edit.replacement!r} in the original diff.")

    def patch(self) -> None:
        """The text is a diff, the one that the edits lead to."""
        text = self.claim.patch
        self.expect(bool(self.claim.diff.files), "Nothing is left of the change.")
        same = (text, self.claim.diff.message) == (render(self.original), self.original.message)
        self.expect(not same, "The patch is the original.")
        again = applied(self.original, [self.offered[edit.unit, edit.replacement] for edit in self.claim.edits])
        self.expect(render(again) == text, "The edits applied again give another text.")
        self.expect(again.message == self.claim.diff.message, "The edits applied again give another message.")
        syntax = self._syntax([(edit.unit, edit.replacement) for edit in self.claim.edits])
        self.expect(self.claim.syntax in {syntax, Syntax.UNKNOWN}, f"The syntax is {syntax}, not {self.claim.syntax}.")
        try:
            self.expect(parse(text, again.message) == self.claim.diff, "The patch reads back as another diff.")
        except InputError as error:
            self.reasons.append(f"The patch is no valid diff: {error}")

    def scores(self) -> None:
        """Both predictions are what the classifier says, and the verdict is clearly turned."""
        before = self.classifier.predict([self.original])[0]
        after = self.classifier.predict([parse(self.claim.patch, self.claim.diff.message)])[0]
        self.expect(_same(before, self.claim.before), "The original scores differently from what is claimed.")
        self.expect(_same(after, self.claim.after), "The edited diff scores differently from what is claimed.")
        self.expect(after.flagged != before.flagged, "The verdict is not turned.")
        self.expect(abs(after.margin) > _CLEAR, f"The margin {after.margin:.2g} is too close to the threshold.")

    def certificate(self, most: int) -> None:
        """The smaller sets that the certificate speaks of were counted rightly and keep the verdict."""
        certificate, size = self.claim.certificate, len(self.claim.edits)
        self.expect(certificate.size == size, f"The certificate speaks of {certificate.size} edits, there are {size}.")
        texts: dict[tuple[str, str], Diff] = {}
        for n, keys in enumerate(self._smaller_sets(size)):
            if n == most:
                self.reasons.append(f"The certificate speaks of more than {most} smaller sets; raise the limit to check it.")
                return
            changes = [self.offered[key] for key in keys]
            if contradictory(changes):
                continue
            edited = applied(self.original, changes)
            if edited.files and not (certificate.rules.keep_syntax and self._syntax(keys) is Syntax.INVALID):
                self.checked += 1
                texts.setdefault((render(edited), edited.message), edited)
        counted = certificate.checked == self.checked
        self.expect(counted, f"The certificate says {certificate.checked} smaller sets were checked, it takes {self.checked}.")
        answers = self._answers(list(texts.values()))
        turned = sum(answer.flagged != self.claim.before.flagged for answer in answers)
        self.expect(not turned, f"{turned} smaller set{'' if turned == 1 else 's'} flip the verdict too.")
        near = sum(not abs(answer.margin) > _CLEAR for answer in answers)
        self.expect(bool(turned) or not near, f"{near} smaller set{'' if near == 1 else 's'} come too close to the threshold.")

    def _syntax(self, keys: Sequence[Key]) -> Syntax:
        changes = [self.offered[key] for key in keys]
        words = {unit: text for change in changes for unit, text in change.words.items()}
        return self.judge.after({unit for change in changes for unit in change.back}, words)

    def _smaller_sets(self, size: int) -> Iterator[tuple[Key, ...]]:
        """The sets that the kind of certificate speaks of, the empty one among them where it does."""
        claimed = self.claim.certificate
        if claimed.minimality is Minimality.ONE:
            yield from combinations([(edit.unit, edit.replacement) for edit in self.claim.edits], size - 1)
        elif claimed.minimality is Minimality.CARDINALITY:
            for smaller in range(size):
                yield from combinations(self.offered, smaller)

    def _answers(self, diffs: Sequence[Diff]) -> list[Prediction]:
        """The predictions for ``diffs``, asked for in batches."""
        batches = (diffs[start : start + _BATCH] for start in range(0, len(diffs), _BATCH))
        return [answer for batch in batches for answer in self.classifier.predict(batch)]


def verify_core(diff: Diff, core: Core, classifier: Classifier, most: int = 100_000) -> Verification:
    """Check every promise of ``core``, found for ``diff``, against ``classifier``, as ``verify`` does of a counterfactual.

    Checked are: what stays are changed parts of ``diff``; all else taken back gives the core's text, which reads back; both
    predictions, each asked for alone, and that the verdict is the same and clear; the smaller parts that the claim speaks
    of have the other verdict, as clearly, and are as many as it says.
    """
    reasons: list[str] = []
    units = _parts(diff)
    kept = frozenset(core.kept)
    for unit in sorted(kept - units):
        reasons.append(f"{unit} is no changed part of the original diff.")
    if not kept:
        reasons.append("Nothing stays.")
    if reasons:
        return Verification(False, tuple(reasons), 0)
    text = render(core.diff)
    if render(revert(diff, along(diff, units - kept))) != text or parse(text, diff.message) != core.diff:
        return Verification(False, ("All else taken back, the change would give another text.",), 0)
    before, after = (classifier.predict([one])[0] for one in (diff, parse(text, diff.message)))
    if not (_same(before, core.before) and _same(after, core.after)):
        reasons.append("The change or its part scores differently from what is claimed.")
    if after.flagged != before.flagged or not abs(after.margin) > _CLEAR:
        reasons.append("The part has another verdict, or one too close to the threshold.")
    smaller = (revert(diff, along(diff, units - part)) for part in islice(_smaller_parts(core, units), most + 1))
    edited = [one for one in smaller if one.files]
    if core.checked != len(edited):
        reasons.append(f"The claim says {core.checked} smaller parts were checked, it takes {len(edited)}.")
    answers = [one for start in range(0, len(edited), _BATCH) for one in classifier.predict(edited[start : start + _BATCH])]
    wrong = sum(one.flagged == before.flagged or not abs(one.margin) > _CLEAR for one in answers)
    if wrong:
        reasons.append(f"{wrong} smaller part{'' if wrong == 1 else 's'} keep the verdict too, or come too close.")
    return Verification(not reasons, tuple(reasons), len(edited))


def _parts(diff: Diff) -> frozenset[Unit]:
    """The changed lines, and the files that a change of all their lines back would leave in the diff."""
    lines = frozenset(unit for unit, line in diff.lines() if line.changed)
    files = (Unit(f) for f in range(len(diff.files)))
    alone = {file: [unit for unit in lines if unit.file == file.file] for file in files}
    return lines | frozenset(file for file, its in alone.items() if len(revert(diff, its).files) == len(diff.files))


def _smaller_parts(core: Core, units: frozenset[Unit]) -> Iterator[frozenset[Unit]]:
    if core.minimality is Minimality.ONE:
        yield from (frozenset(core.kept) - {unit} for unit in core.kept)
    elif core.minimality is Minimality.CARDINALITY:
        for size in range(1, len(core.kept)):
            yield from map(frozenset, combinations(sorted(units), size))


def _same(one: Prediction, other: Prediction) -> bool:
    """Equal up to the rounding that batches bring (not a number equals nothing)."""
    pairs = ((one.margin, other.margin), (one.score, other.score), (one.logit, other.logit))
    return one.flagged == other.flagged and all(math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-3) for a, b in pairs)
