"""Would fewer bits speed up the search: ``python -m scripts.flips.precision DATASET --rows 20``.

Everything that whydiff's search asks about flagged rows is asked again, in the same calls, of the same checkpoint with its
network in float32, in bfloat16, and with dynamically quantized int8 layers, each loaded anew for every row.
"""

from __future__ import annotations

import argparse
import copy
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

import torch
from torch import Tensor, nn

from explain.counterfactual.hints import first_order
from explain.counterfactual.search import search
from explain.trial import flagged_rows
from models.change.types import Diff
from models.classify.diff_transformer import DiffTransformerClassifier, Parts, read_parts
from models.classify.load import load
from models.classify.protocol import Classifier, Prediction
from models.errors import WhydiffError
from models.registry.resolve import resolve
from scripts.flips.measure import Settings, searching
from scripts.flips.rows import Row, frame_of
from scripts.flips.tables import table

KINDS = ("float32", "bfloat16", "int8")


class Asked:
    """A classifier that keeps what it was asked, call by call."""

    def __init__(self, classifier: Classifier) -> None:
        self.name, self.digest, self.threshold = classifier.name, classifier.digest, classifier.threshold
        self._inside = classifier
        self.calls: list[tuple[Diff, ...]] = []

    def predict(self, diffs: Sequence[Diff]) -> tuple[Prediction, ...]:
        """What the classifier inside says."""
        self.calls.append(tuple(diffs))
        return self._inside.predict(diffs)


class Clocked(nn.Module):
    """An encoder in another precision, with float32 on both sides and a clock: ``seconds`` of processor time inside."""

    def __init__(self, encoder: nn.Module, kind: str) -> None:
        super().__init__()
        self.dtype = torch.bfloat16 if kind == "bfloat16" else torch.float32
        self.embeddings = encoder.embeddings
        self.seconds = 0.0
        inside = copy.deepcopy(encoder).to(self.dtype)
        if kind == "int8":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what torch says of its quantization's future
                inside = torch.ao.quantization.quantize_dynamic(inside, {nn.Linear}, dtype=torch.qint8)  # type: ignore[no-untyped-call]
        self.inside = inside

    def forward(self, inputs_embeds: Tensor, attention_mask: Tensor) -> Any:
        """The encoder's output, its last hidden state in float32."""
        started = process_time()
        found = self.inside(inputs_embeds=inputs_embeds.to(self.dtype), attention_mask=attention_mask)
        found.last_hidden_state = found.last_hidden_state.float()
        self.seconds += process_time() - started
        return found


@dataclass
class Measured:
    """Processor seconds of all calls and of those the encoder's, and the logits."""

    seconds: float = 0.0
    encoder: float = 0.0
    logits: list[float] = field(default_factory=list)
    flagged: list[bool] = field(default_factory=list)


def answered(parts: Parts, kind: str, calls: Sequence[Sequence[Diff]], into: Measured) -> None:
    """Ask a model that remembers nothing yet, in that precision, and add what came out."""
    clocked = Clocked(parts.network.encoder, kind)
    network = copy.deepcopy(parts.network)
    network.encoder = clocked  # type: ignore[assignment]
    model = DiffTransformerClassifier(network, parts.linear, parts.tokenizer, parts.settings, "")
    started = process_time()
    answers = [one for call in calls for one in model.predict(call)]
    into.seconds += process_time() - started
    into.encoder += clocked.seconds
    into.logits += [one.logit for one in answers]
    into.flagged += [one.flagged for one in answers]


def measured(folder: Path, rows: Sequence[Row]) -> dict[str, Measured]:
    """What the searches on ``rows`` asked for, in every precision."""
    parts = read_parts(folder)
    found = {kind: Measured() for kind in KINDS}
    for _, _, diff in rows:
        asked = Asked(load(folder))
        for _ in search(diff, asked, searching(Settings("", "line")), order=first_order(diff, load(folder))):
            pass
        for kind in KINDS:
            answered(parts, kind, asked.calls, found[kind])
    return found


def report(found: dict[str, Measured]) -> str:
    """The table; times beside those of float32."""
    plain = found["float32"]
    rows = []
    for kind, one in found.items():
        off = max((abs(a - b) for a, b in zip(one.logits, plain.logits, strict=True)), default=0.0)
        turned = sum(a != b for a, b in zip(one.flagged, plain.flagged, strict=True))
        rows.append(
            (kind, f"{one.seconds / plain.seconds:.2f}", f"{one.encoder / plain.encoder:.2f}", f"{one.encoder / one.seconds:.0%}",
             f"{off:.3f}", f"{turned} of {len(one.logits)}")
        )  # fmt: skip
    return table(
        ("network in", "time of all scorings", "of the encoder", "encoder's share", "logit off by at most", "verdicts turned"),
        rows,
    )


def main(arguments: Sequence[str]) -> int:
    """Print the table; exit code 2 when the dataset or the model cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m scripts.flips.precision", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("datasets", type=Path, nargs="*", metavar="DATASET", help="Parquet files or folders of them")
    parser.add_argument("--rows", type=int, default=20, help="flagged diffs")
    parser.add_argument("--model", default="", help="the folder of a diff transformer; the shipped one if left out")
    given = parser.parse_args(arguments)
    try:
        folder = resolve(given.model)
        rows = list(flagged_rows(frame_of(given.datasets), load(folder), given.rows))
        found = measured(folder, rows)
    except WhydiffError as error:
        print(error, file=sys.stderr)
        return 2
    print(report(found) if rows else "No row of the valid split is flagged.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
