"""Background jobs: progress, stop, errors, one run a key."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from app.jobs import Jobs
from models.errors import InputError


def counting(cancelled: Callable[[], bool]) -> Iterator[int]:
    yield 1
    yield 2


def test_the_last_item_is_the_answer_and_the_job_is_found_again() -> None:
    jobs: Jobs[int] = Jobs()
    job = jobs.start("a", counting)
    assert job.wait(10)
    assert (job.latest, job.error, jobs.get("a"), jobs.get("b")) == (2, "", job, None)


def test_equal_work_is_started_once_and_stopped_by_a_flag() -> None:
    jobs: Jobs[int] = Jobs()
    going = threading.Event()

    def endless(cancelled: Callable[[], bool]) -> Iterator[int]:
        while not cancelled():
            yield 0
            going.set()
        yield 9

    job = jobs.start("a", endless)
    assert going.wait(10)
    assert jobs.start("a", counting) is job
    assert not job.done
    job.stop()
    assert job.wait(10)
    assert (job.stopping, job.latest) == (True, 9)
    assert jobs.start("a", counting) is not job


def test_an_error_is_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    def broken(error: Exception) -> Callable[[Callable[[], bool]], Iterator[int]]:
        def work(cancelled: Callable[[], bool]) -> Iterator[int]:
            yield 1
            raise error

        return work

    jobs: Jobs[int] = Jobs()
    known, unknown = jobs.start("a", broken(InputError("Mend it."))), jobs.start("b", broken(KeyError("secret")))
    assert known.wait(10)
    assert unknown.wait(10)
    assert known.error == "Mend it."
    assert "secret" not in unknown.error
    assert "secret" in caplog.text


def test_old_jobs_that_are_done_are_forgotten() -> None:
    jobs: Jobs[int] = Jobs(kept=3)
    for n in range(8):
        assert jobs.start(str(n), counting).wait(10)
    assert [jobs.get(str(n)) is not None for n in range(8)] == [False] * 5 + [True] * 3


def test_the_end_of_the_program_stops_what_runs_and_waits_for_it():
    code = """
import sys, time
from app.jobs import Jobs

def work(stopped):
    yield 1
    while not stopped():
        time.sleep(0.01)
    print("stopped", flush=True)

Jobs().start("key", work)
time.sleep(0.2)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "stopped\n", "")


def test_what_nobody_looks_at_ends_and_what_is_looked_at_goes_on() -> None:
    jobs: Jobs[int] = Jobs(patience=0.3)

    def endless(cancelled: Callable[[], bool]) -> Iterator[int]:
        while not cancelled():
            yield 0
            time.sleep(0.01)

    left, watched = jobs.start("left", endless), jobs.start("watched", endless)
    for _ in range(60):
        watched.look()
        time.sleep(0.01)
    assert left.wait(10)
    assert not left.stopping
    assert not watched.done
    watched.stop()
    assert watched.wait(10)
