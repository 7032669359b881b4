"""What must stay of a change for its verdict, with the independent check, in the forms of ``whydiff flip --ask sufficient``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rich.text import Text

from app.cli.explanation import percent, verdict_payload
from app.cli.places import MARKERS, Places
from app.cli.visible import shown
from explain.counterfactual.core import CoreResult
from explain.counterfactual.types import StopReason
from explain.counterfactual.verify import Verification
from models.change.render import render
from models.change.types import Diff, Unit, clean

SCHEMA = "whydiff/core/1"
_SHOWN_LINES = 60
_STOPPED = {
    StopReason.BUDGET: "The budget of {budget:,} queries was spent: a smaller part may do. ",
    StopReason.TIME: "The time was over: a smaller part may do. ",
    StopReason.CANCELLED: "The search was cancelled: a smaller part may do. ",
}


@dataclass(frozen=True)
class Cored:
    """The result of a search for what must stay, and its check (None where there is no part to check)."""

    diff: Diff
    result: CoreResult
    check: Verification | None
    model: dict[str, str]

    @cached_property
    def places(self) -> Places:
        """The units of the original diff in words."""
        return Places(self.diff)

    @property
    def sentence(self) -> str:
        """The answer in a sentence or two."""
        core = self.result.core
        if core is None:
            return "The verdict on this change is on the threshold itself, so no part of it can be said to keep it."
        verdict = "flagged" if core.before.flagged else "not flagged"
        whole = self.diff.added + self.diff.removed
        kept = f"{len(core.kept)} of its {whole:,} changed lines" if len(core.kept) < whole else "all of its lines"
        scores = f"score {core.before.score:.3f}, with these alone {core.after.score:.3f}, threshold {core.after.threshold:.3f}"
        stopped = _STOPPED.get(self.result.stopped, "").format(budget=self.result.budget)
        return f"The change would still be {verdict} if only {kept} stayed: {scores}. {stopped}{core.statement}"

    def payload(self) -> dict[str, Any]:
        """The JSON of the contract."""
        result, core = self.result, self.result.core
        known: dict[str, Any] = {"before": None, "kept": [], "patch": None, "after": None, "certificate": None, "verified": None}
        if core is not None:
            known = {
                "before": verdict_payload(core.before),
                "kept": [{"unit": self.places.payload(unit), "text": self.places.source(unit)} for unit in core.kept],
                "patch": clean(self.patch),
                "after": {"score": core.after.score, "flagged": core.after.flagged},
                "certificate": {"minimality": core.minimality.value, "checked": core.checked},
                "verified": self.check is not None and self.check.ok,
            }
        end = {"queries": result.queries, "budget": result.budget, "stopped": result.stopped.value}
        return {
            "schema": SCHEMA,
            "model": self.model,
            "diff_id": self.diff.id,
            **known,
            **end,
            "seconds": round(result.seconds, 3),
        }

    @property
    def patch(self) -> str:
        """What stays, as a patch; empty where nothing was found."""
        return render(self.result.core.diff) if self.result.core is not None else ""

    @property
    def lossy(self) -> bool:
        """Whether the patch has bytes that JSON cannot hold."""
        return clean(self.patch) != self.patch

    def parts(self) -> Iterator[Text]:
        """The answer in words, the lines that must stay, and what was checked."""
        core, check = self.result.core, self.check
        yield shown(self.sentence, "bold", most=2000)
        if core is None or check is None:
            return
        yield Text()
        yield from self._lines(core.kept)
        if check.ok:
            yield Text("Checked again independently: it holds.", "green")
        else:
            yield shown(f"Checked again independently: it does NOT hold. {' '.join(check.reasons)}", "bold red", most=2000)
        yield Text(
            f"Score {percent(core.before.score)}, threshold {percent(core.before.threshold)}. {self.result.queries:,} of "
            f"{self.result.budget:,} queries, {self.result.seconds:.1f} s, stopped: {self.result.stopped}."
        )

    def _lines(self, kept: tuple[Unit, ...]) -> Iterator[Text]:
        last = None
        for unit in kept[:_SHOWN_LINES]:
            if unit.file != last:
                last = unit.file
                yield shown(self.places.path(unit) or "", "bold cyan")
            if unit.line < 0:
                yield Text("    the file itself: its rename, mode or binary content")
                continue
            old, new = self.places.numbers(unit)
            line = self.diff.line(unit)
            number = (f"{new if new is not None else old:>6} ", "dim")
            yield Text.assemble(number, shown(f"{MARKERS[line.kind]}{clean(line.text)}", "green" if new is not None else "red"))
        if len(kept) > _SHOWN_LINES:
            yield Text(f"    … {len(kept) - _SHOWN_LINES:,} more lines; --format patch has them all", "dim")
