"""Long work in the background: threads that a page starts, watches and stops, and finds again after a reload."""

from __future__ import annotations

import atexit
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from models.errors import WhydiffError

T = TypeVar("T")
Work = Callable[[Callable[[], bool]], Iterator[T]]
"""Given a function that says whether to stop, yields partial results; the last item is the answer."""

_TURN = 0.2
"""Seconds between two looks at a work that says nothing."""
_PATIENCE = 10.0
"""Seconds that the end of the program waits for jobs."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a job is: ``done`` of ``most``, and in ``words``."""

    done: int
    most: int
    words: str


class _StopError(Exception):
    """The work was asked to end."""


def stepwise(work: Callable[[Callable[[float], None]], T], words: str, cancelled: Callable[[], bool]) -> Iterator[Step | T]:
    """Yield how far ``work`` is, which calls what it is given with the share done, at last its answer; none if ``cancelled``.

    It runs in a thread of its own, so that each such call can be passed on, and ends at the next one once it is cancelled.
    """
    steps: SimpleQueue[Step] = SimpleQueue()

    def tick(done: float) -> None:
        if cancelled():
            raise _StopError
        steps.put(Step(round(100 * done), 100, f"{words}, {100 * done:.0f} % done"))

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work, tick)
        while not running.done():
            try:
                yield steps.get(timeout=_TURN)
            except Empty:
                continue
        try:
            yield running.result()
        except _StopError:
            return


class Job(Generic[T]):
    """One run of a ``Work``. ``latest`` is the last item that it gave; ``error`` one sentence when it failed.

    It is told to end when nobody has looked for ``patience`` seconds: whoever began it has gone on to something else.
    """

    def __init__(self, work: Work[T], patience: float = math.inf) -> None:
        self.latest: T | None = None
        self.error = ""
        self._work = work
        self._patience = patience
        self._seen = time.monotonic()
        self._stop = threading.Event()
        self._done = threading.Event()

    @property
    def done(self) -> bool:
        """Whether the work has ended, in any way."""
        return self._done.is_set()

    @property
    def stopping(self) -> bool:
        """Whether somebody asked the work to stop."""
        return self._stop.is_set()

    def look(self) -> None:
        """Say that somebody still waits for this."""
        self._seen = time.monotonic()

    def stop(self) -> None:
        """Ask the work to end; it does so at its next look."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most ``seconds``; whether it came."""
        return self._done.wait(seconds)

    def _given_up(self) -> bool:
        return self._stop.is_set() or time.monotonic() - self._seen > self._patience

    def run(self) -> None:
        """Do the work in this thread; never raises."""
        try:
            for item in self._work(self._given_up):
                self.latest = item
        except WhydiffError as error:
            self.error = str(error)
        except Exception:
            _log.exception("A background job failed.")
            self.error = "The work failed for a reason that whydiff does not know; the server's log has the details."
        finally:
            self._done.set()


class Jobs(Generic[T]):
    """Jobs by key, at most ``kept`` of them; of those that are done the oldest are forgotten. Safe for many threads.

    A key stands for all that the answer depends on, so that a reloaded page finds its job and equal work is done once.
    """

    def __init__(self, kept: int = 32, at_once: int = 2, patience: float = math.inf) -> None:
        self._kept, self._unseen = kept, patience
        self._turn = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job[T]] = OrderedDict()
        atexit.register(self.end)

    def get(self, key: str) -> Job[T] | None:
        """The job under ``key``, if it is known; counts as a look at it."""
        with self._lock:
            job = self._jobs.get(key)
        if job is not None:
            job.look()
        return job

    def start(self, key: str, work: Work[T]) -> Job[T]:
        """The job under ``key``: the one that runs, or a new one."""
        with self._lock:
            known = self._jobs.get(key)
            if known is not None and not known.done:
                return known
            job = self._jobs[key] = Job(work, self._unseen)
            self._jobs.move_to_end(key)
            self._forget()
        threading.Thread(target=self._take_turn, args=(job,), daemon=True, name=f"whydiff-{key[:24]}").start()
        return job

    def end(self) -> None:
        """Ask every job to stop and wait for them a little: a thread that the interpreter kills inside torch takes it down."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop()
        deadline = time.monotonic() + _PATIENCE
        for job in jobs:
            job.wait(max(0.0, deadline - time.monotonic()))

    def _take_turn(self, job: Job[T]) -> None:
        with self._turn:
            job.run()

    def _forget(self) -> None:
        for key in [key for key, job in self._jobs.items() if job.done][: max(len(self._jobs) - self._kept, 0)]:
            del self._jobs[key]
