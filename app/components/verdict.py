"""The verdict in words: the score against the threshold, and how much of the change was read."""

from __future__ import annotations

from typing import Any

from models.change.types import Diff, clean
from models.classify.bands import Band
from models.classify.protocol import Prediction


def card(diff: Diff, prediction: Prediction, model_name: str, band: Band | None = None) -> dict[str, Any]:
    """The data of the verdict's component; all of it is text or numbers."""
    return {
        "flagged": prediction.flagged,
        "word": "Flagged" if prediction.flagged else "Not flagged",
        "percent": percent(prediction.score),
        "score": prediction.score,
        "threshold": prediction.threshold,
        "thresholdLabel": f"threshold {percent(prediction.threshold)}",
        "spoken": f"score {percent(prediction.score)}, threshold {percent(prediction.threshold)}",
        "sentence": sentence(prediction, band),
        "facts": facts(diff, prediction, model_name),
        "notes": [clean(note) for note in diff.notes],
    }


def sentence(prediction: Prediction, band: Band | None = None) -> str:
    """What the calibrated score means, on which side of the threshold it is, and what became of past changes of this risk."""
    side = "at or above" if prediction.flagged else "below"
    return (
        f"Of 100 changes that score like this one, about {_of_hundred(prediction.score)} are of the class that the model flags. "
        f"It flags from {percent(prediction.threshold)} on, and this one is {side} that."
        + (f" {band.sentence().capitalize()}." if band else "")
    )


def facts(diff: Diff, prediction: Prediction, model_name: str) -> list[tuple[str, str]]:
    """Name and value of what is to be known beside the score."""
    share = prediction.tokens_read / max(prediction.tokens_total, 1)
    count = len(diff.files)
    read = f"{prediction.tokens_read:,} of {prediction.tokens_total:,} tokens ({share:.0%})"
    return [
        ("Model", clean(model_name)),
        (
            "Read",
            read
            + (
                f", {len(prediction.unread):,} line{'' if len(prediction.unread) == 1 else 's'} not or not wholly"
                if prediction.unread
                else ""
            ),
        ),
        ("Margin", f"{prediction.margin:+.2f} logits"),
        ("Change", f"{count} file{'' if count == 1 else 's'}, +{diff.added} −{diff.removed}"),
    ]


def percent(share: float) -> str:
    """A share in [0, 1] as percent, with a digit more near the ends."""
    return f"{share:.1%}" if share < 0.1 or share > 0.9 else f"{share:.0%}"


def _of_hundred(score: float) -> str:
    return "fewer than 1" if score < 0.01 else "more than 99" if score > 0.99 else f"{100 * score:.0f}"
