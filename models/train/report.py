"""What a training run says on its way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """One line of progress: share done in [0, 1], the mean loss since the last line, tokens a second, AUC if measured.

    ``stage`` names the part of the run. A number that a kind of model has not is NaN. ``step`` counts batches, rounds or
    rows, whatever the run goes by.
    """

    done: float
    step: int
    loss: float
    tokens_per_second: float
    seconds_left: float
    auc: float | None = None
    stage: str = ""
