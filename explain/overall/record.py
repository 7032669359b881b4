"""What comes out for one change of a set."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from explain.survey.feature import Feature


class By(StrEnum):
    """What slices are made by. A change counts in every component (leading folder) that it touches."""

    LANGUAGE = "language"
    COMPONENT = "component"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class Part:
    """What one feature adds to the output of one change, in logits; ``place`` is where it adds most, either way."""

    feature: Feature
    value: float
    place: str


@dataclass(frozen=True, slots=True)
class Explained:
    """The attribution of one change, added up by feature.

    ``mass`` is the sum of the absolute values of its tokens. The parts of the feature ``side`` sum to
    ``output - baseline_output`` exactly; so do those of ``language`` and of ``component``, and those of all words, parts of
    paths and numbers together with what has no place in the text.
    """

    id: str
    diff_id: str
    project: str
    language: str
    components: tuple[str, ...]
    split: str
    label: int | None
    score: float
    threshold: float
    method: str
    baseline: str
    output: float
    baseline_output: float
    mass: float
    converged: bool
    steps: int
    seconds: float
    parts: tuple[Part, ...]

    @property
    def shift(self) -> float:
        """The change of the output from the baseline, in logits."""
        return self.output - self.baseline_output
