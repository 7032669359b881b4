"""The training loop that every network of ours goes through: schedule, averaged weights, checkpoints, early stopping, reports."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.errors import ModelError
from models.files import write_whole
from models.train.pace import Pace
from models.train.report import Report

Ints = NDArray[np.int64]
WORK = "work"
_LINE = 20
"""Steps between two lines of progress."""
_AHEAD = 0.01
_PROBE = 512


class Task(Protocol):
    """What is learnt: rows, a loss, and a measure that is higher when the model is better."""

    name: str
    model: nn.Module
    tokens_in_epoch: float

    def batches(self, epoch: int) -> Sequence[Ints]:
        """The rows of each batch of an epoch, in order; a function of the seed and the epoch alone."""
        ...

    def loss(self, rows: Ints, random: np.random.Generator) -> tuple[Tensor, int]:
        """(mean loss, tokens read) of a batch."""
        ...

    def measure(self) -> float:
        """How good the model is on rows that are not learnt from."""
        ...


def best_device() -> torch.device:
    """A GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def bfloat16_pays(device: torch.device) -> bool:
    """Whether this machine multiplies matrices faster in bfloat16 than in float32: without hardware for it, it is slower."""
    seconds = {}
    for kind in (torch.float32, torch.bfloat16):
        one = torch.ones(_PROBE, _PROBE, dtype=kind, device=device)
        times = []
        for _ in range(5):
            started = time.perf_counter()
            float((one @ one)[0, 0])  # reading a number waits for the device
            times.append(time.perf_counter() - started)
        seconds[kind] = min(times)
    return seconds[torch.bfloat16] < seconds[torch.float32]


@dataclass
class State:
    """Counters of a run: steps, tokens, seconds, the best measure so far with its step, checkpoints since then.

    ``bfloat16``: what the probe said when the run began (None: not asked yet); a run that goes on keeps to it.
    """

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best: float = -math.inf
    best_step: int = 0
    since_best: int = 0
    finished: bool = False
    bfloat16: bool | None = None


@dataclass
class Loop:
    """One run of one task in one folder; goes on with what the folder holds.

    Rows, order and masks depend on the seed and the step alone, so that a run that was cut off gives the weights of a whole
    one (to rounding, where sums depend on the number of threads).
    """

    task: Task
    pace: Pace
    folder: Path
    state: State = field(default_factory=State)

    def __post_init__(self) -> None:
        self.device = next(self.task.model.parameters()).device
        parameters = [(name, p) for name, p in self.task.model.named_parameters() if p.requires_grad]
        self.names = [name for name, _ in parameters]
        groups = [
            {"params": [p for _, p in parameters if p.ndim > 1], "weight_decay": self.pace.weight_decay},
            {"params": [p for _, p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=self.pace.learning_rate, betas=(0.9, 0.98))
        self.average = {name: p.detach().clone() for name, p in parameters}
        self._restore()
        if self.state.bfloat16 is None:
            self.state.bfloat16 = self.pace.bfloat16 and bfloat16_pays(self.device)

    @property
    def path(self) -> Path:
        """The file that the run goes on from."""
        return self.folder / WORK / f"{self.task.name}.safetensors"

    def go(self) -> Iterator[Report]:
        """Run to the end, yielding progress; the model then has the best averaged weights."""
        started, saved = time.monotonic() - self.state.seconds, time.monotonic()
        losses: list[float] = []
        shown = self.state.tokens, time.monotonic()
        for epoch, step, rows in self._batches():
            self.state.seconds = time.monotonic() - started
            done = self._done()
            if self.state.finished or done >= 1:
                break
            losses.append(self._step(rows, np.random.default_rng((self.pace.seed, epoch, step)), done))
            if self.state.step % _LINE == 0:
                now = time.monotonic()
                speed = (self.state.tokens - shown[0]) / (now - shown[1])
                yield self._report(done, float(np.mean(losses)), speed)
                losses, shown = [], (self.state.tokens, now)
            if time.monotonic() - saved > self.pace.checkpoint_minutes * 60:
                yield self._checkpoint(done)
                saved = time.monotonic()
        if not self.state.finished:
            self.state.finished = True
            yield self._checkpoint(1.0)
        self._load(self._file("best"))

    def _batches(self) -> Iterator[tuple[int, int, Ints]]:
        epoch, step = 0, 0
        while True:
            for rows in self.task.batches(epoch):
                step += 1
                if step > self.state.step:
                    yield epoch, step, rows
            epoch += 1

    def _done(self) -> float:
        """The share of the run that is over: by tokens, or by the clock once it is clearly ahead of them.

        A run that is not short of time must not depend on the clock, or the same seed gives other weights.
        """
        by_tokens = self.state.tokens / (self.pace.epochs * self.task.tokens_in_epoch)
        by_clock = self.state.seconds / (self.pace.minutes * 60)
        return float(by_clock if by_clock > by_tokens + _AHEAD else by_tokens)

    def _rate(self, done: float) -> float:
        warm = min(1.0, done / self.pace.warmup) if self.pace.warmup else 1.0
        return self.pace.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def _step(self, rows: Ints, random: np.random.Generator, done: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate(done)
        self.task.model.train()
        with self._autocast():
            loss, tokens = self.task.loss(rows, random)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.task.model.parameters(), 1.0)
        self.optimizer.step()
        self.state.step += 1
        self.state.tokens += tokens
        decay = min(self.pace.average, (1 + self.state.step) / (10 + self.state.step))
        with torch.no_grad():
            for name, parameter in self._parameters():
                self.average[name].lerp_(parameter, 1 - decay)
        return float(loss.detach())

    def _parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        return ((name, p) for name, p in self.task.model.named_parameters() if name in self.average)

    def _checkpoint(self, done: float) -> Report:
        """Measure the averaged weights, keep them if they are the best, keep all that going on needs."""
        with self._averaged(), self._autocast():
            self.task.model.eval()
            measure = self.task.measure()
        self.state.since_best += 1
        if not measure <= self.state.best:  # what cannot be measured is kept
            self.state.best, self.state.best_step, self.state.since_best = measure, self.state.step, 0
            best = {name: value.contiguous() for name, value in self.average.items()}
            write_whole(self._file("best"), lambda path: save_file(best, path))
        if self.pace.patience and self.state.since_best >= self.pace.patience:
            self.state.finished = True
        self._save()
        return self._report(done, math.nan, math.nan, measure)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=bool(self.state.bfloat16))

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        held = {name: p.detach().clone() for name, p in self._parameters()}
        self._put(self.average)
        try:
            yield
        finally:
            self._put(held)

    def _put(self, values: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self._parameters():
                parameter.copy_(values[name])

    def _report(self, done: float, loss: float, speed: float, measure: float | None = None) -> Report:
        left = self.state.seconds / max(done, 1e-6) * (1 - done)
        return Report(done, self.state.step, loss, speed, left, measure, self.task.name)

    def _file(self, what: str) -> Path:
        return self.folder / WORK / f"{self.task.name}-{what}.safetensors"

    def _save(self) -> None:
        tensors = {f"model.{name}": p.detach() for name, p in self._parameters()}
        tensors |= {f"average.{name}": value for name, value in self.average.items()}
        for index, one in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in one.items()}
        laid = {name: value.contiguous() for name, value in tensors.items()}
        about = {"state": json.dumps(asdict(self.state))}
        write_whole(self.path, lambda path: save_file(laid, path, metadata=about))

    def _restore(self) -> None:
        if not self.path.exists():
            return
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}}
        states: dict[int, dict[str, Any]] = {}
        try:
            with safe_open(self.path, framework="pt", device=str(self.device)) as stored:
                self.state = State(**json.loads(stored.metadata()["state"]))
                for name in stored.keys():  # noqa: SIM118 - the file is no mapping
                    kind, rest = name.split(".", 1)
                    if kind in parts:
                        parts[kind][rest] = stored.get_tensor(name)
                    else:
                        index, key = rest.split(".", 1)
                        states.setdefault(int(index), {})[key] = stored.get_tensor(name)
            self._put(parts["model"])
            self.average = {name: parts["average"][name] for name in self.average}
        except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
            raise ModelError(
                f"{self.path} could not be read ({str(error)[:200]}); delete {self.folder / WORK} to begin anew."
            ) from error
        self.optimizer.load_state_dict({"state": states, "param_groups": self.optimizer.state_dict()["param_groups"]})

    def _load(self, path: Path) -> None:
        """Put the weights of ``path`` into the model; the run was finished before if there is none to put."""
        with safe_open(path, framework="pt", device=str(self.device)) as stored:
            self._put({name: stored.get_tensor(name) for name in stored.keys()})  # noqa: SIM118
