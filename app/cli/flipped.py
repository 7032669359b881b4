"""What a search for counterfactuals found, with the independent check of each, in the forms of ``whydiff flip``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.text import Text

from app.cli.explanation import percent, verdict_payload
from app.cli.places import Places, shortened
from app.cli.visible import shown
from explain.counterfactual.effects import Effect
from explain.counterfactual.operators import effect_of
from explain.counterfactual.proof import PROOF_SECONDS, left_to_score, proof_budget
from explain.counterfactual.types import Counterfactual, Edit, SearchResult, Syntax
from explain.counterfactual.verify import Verification
from explain.counterfactual.wording import SYNTAX, guessed_by, plausible, sentence
from models.change.types import MESSAGE_FILE, Level, Line, LineKind, Unit, clean

SCHEMA = "whydiff/flip/1"
_SHOWN_LINES = 60


@dataclass(frozen=True, slots=True)
class Way:
    """One counterfactual with the outcome of its check."""

    counterfactual: Counterfactual
    verification: Verification


@dataclass(frozen=True)
class Flipped:
    """The result of a search and the checked ways out; ``masked`` is the masked language model, None for the shipped one."""

    result: SearchResult
    ways: tuple[Way, ...]
    model: dict[str, str]
    masked: dict[str, str] | None = None

    @cached_property
    def places(self) -> Places:
        """The units of the original diff in words."""
        return Places(self.result.diff)

    @property
    def lossy(self) -> bool:
        """Whether a patch has bytes that JSON cannot hold."""
        return any(clean(way.counterfactual.patch) != way.counterfactual.patch for way in self.ways)

    def payload(self) -> dict[str, Any]:
        """The JSON of the contract."""
        result = self.result
        closest = result.closest
        return {
            "schema": SCHEMA,
            "model": self.model,
            "masked_model": self.masked,
            "diff_id": result.diff.id,
            "before": verdict_payload(result.before),
            "counterfactuals": [self._way(way) for way in self.ways],
            "closest": {"score": closest[1].score, "edits": self._edits(closest[0])} if closest else None,
            "queries": result.queries,
            "budget": result.budget,
            "stopped": result.stopped.value,
            "seconds": round(result.seconds, 3),
        }

    def _way(self, way: Way) -> dict[str, Any]:
        found = way.counterfactual
        return {
            "edits": self._edits(found.edits),
            "patch": clean(found.patch),
            "message": clean(found.diff.message) if found.diff.message != self.result.diff.message else None,
            "after": {"score": found.after.score, "flagged": found.after.flagged},
            "certificate": {"minimality": found.certificate.minimality.value, "checked": found.certificate.checked},
            "claim": clean(found.certificate.statement),
            "plausibility": None if found.plausibility is None else round(found.plausibility, 4),
            "syntax": found.syntax.value,
            "verified": way.verification.ok,
        }

    def _edits(self, edits: Sequence[Edit]) -> list[dict[str, Any]]:
        return [
            {
                "operator": edit.operator,
                "unit": self.places.payload(edit.unit),
                "before": self.places.source(edit.unit),
                "after": self._after(edit),
            }
            for edit in edits
        ]

    def _after(self, edit: Edit) -> str | None:
        """What stands in the patch instead: other words, or a kept line as context; None where nothing is left or more goes."""
        if edit.replacement is not None:
            return edit.replacement
        if edit.operator != "revert-line":
            return None
        line = self.result.diff.line(edit.unit)
        return " " + shortened(clean(line.text)) if line.kind is LineKind.REMOVED else None


def parts(found: Flipped) -> Iterator[Text]:
    """The answer in words, then for each way a diff of the diff, its certificate and check, and what it cost."""
    result = found.result
    yield shown(sentence(result), "bold", most=2000)
    for number, way in enumerate(found.ways, 1):
        yield Text()
        yield from _way_parts(found, way, number)
    yield Text()
    yield Text(
        f"Score before: {percent(result.before.score)}, threshold {percent(result.before.threshold)}. "
        f"{result.queries:,} of {result.budget:,} queries, {result.seconds:.1f} s, stopped: {result.stopped}."
    )
    budget = proof_budget(result)
    if budget:
        left = left_to_score(result, result.counterfactuals[0])
        enough = f"--budget {budget} --seconds {PROOF_SECONDS:g}"
        yield Text(f"At most {left:,} more queries would look through all sets of edits smaller than way 1: {enough}.")
    yield from told(found.masked)


def told(masked: dict[str, str] | None) -> Iterator[Text]:
    """Which masked language model was asked, where it is not the shipped one."""
    if masked is not None:
        yield shown(guessed_by(Path(masked["path"]).name, masked["id"]))


def _way_parts(found: Flipped, way: Way, number: int) -> Iterator[Text]:
    one = way.counterfactual
    verdict = "flagged" if one.after.flagged else "not flagged"
    yield Text(f"Way {number}: {percent(one.after.score)}, {verdict}. What to change, as a diff of the diff:", "bold")
    yield from _diff_of_diff(found, one.edits)
    yield shown(one.certificate.statement)
    yield shown(SYNTAX[one.syntax], "bold red" if one.syntax is Syntax.INVALID else "")
    yield shown(plausible(one.plausibility))
    if way.verification.ok:
        yield Text("Checked again independently: it holds.", "green")
    else:
        yield shown(f"Checked again independently: it does NOT hold. {' '.join(way.verification.reasons)}", "bold red", most=2000)


def _diff_of_diff(found: Flipped, edits: Sequence[Edit]) -> Iterator[Text]:
    effect = effect_of(found.result.diff, edits) or Effect()
    units = sorted(effect.lines)
    last = None
    for unit in units[:_SHOWN_LINES]:
        if unit.file != last:
            last = unit.file
            yield shown(found.places.path(unit) or "message", "bold cyan")
        yield from _changed(found, unit, effect)
    if len(units) > _SHOWN_LINES:
        yield Text(f"    … {len(units) - _SHOWN_LINES:,} more lines; --format patch has them all", "dim")


def _changed(found: Flipped, unit: Unit, effect: Effect) -> Iterator[Text]:
    """What happens to a line, or to a file as a whole."""
    words = {place: text for place, text in effect.words if place.at(Level.LINE) == unit}
    if words:
        before = found.places.text(unit)
        after = before
        for place in sorted(words, reverse=True):
            after = after[: place.start] + words[place] + after[place.end :]
        number = found.places.numbers(unit)[1]
        marker = "" if unit.file == MESSAGE_FILE else "+"
        place_shown = f"{number if number is not None else '':>6} "
        yield Text.assemble((place_shown, "dim"), shown(f"-{marker}{before}", "red"))
        yield Text.assemble((place_shown, "dim"), shown(f"+{marker}{after}", "green"))
    elif unit.line < 0:
        yield Text("    - the whole file: its rename, mode or binary content", "red")
    else:
        yield from _reverted(found.result.diff.line(unit), found.places.numbers(unit))


def _reverted(line: Line, numbers: tuple[int | None, int | None]) -> Iterator[Text]:
    """An added line goes from the patch; a removed line stays in the file, so it becomes context."""
    place = f"{numbers[1] if numbers[1] is not None else numbers[0]:>6} "
    removed = line.kind is LineKind.REMOVED
    yield Text.assemble((place, "dim"), shown(f"-{'-' if removed else '+'}{clean(line.text)}", "red"))
    if removed:
        yield Text.assemble((place, "dim"), shown(f"+ {clean(line.text)}", "green"))
