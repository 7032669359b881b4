"""What must stay: against planted rules and exhaustive search, and never more claimed than was scored."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from explain.counterfactual.core import Core, CoreResult, find_core
from explain.counterfactual.types import CLEAR_MARGIN, Minimality, Progress, SearchOptions, StopReason
from explain.counterfactual.verify import verify_core
from models.change.edit import changed_units, revert
from models.change.types import Diff, Level, Unit
from tests.explain.counterfactual.toys import Toy, diff_of, linear, lines_of, words

FILES = {"a.c": [["+one", "-two", "+three"], ["+four"]], "b.c": [["+five", "+six"]]}


def core_of(diff: Diff, toy: Toy, options: SearchOptions | None = None) -> CoreResult:
    *steps, last = find_core(diff, toy, options)
    assert all(isinstance(step, Progress) for step in steps)
    assert isinstance(last, CoreResult)
    assert last.queries == len(toy.seen) == len(set(toy.seen)) <= last.budget
    return last


def found(result: CoreResult) -> Core:
    assert result.core is not None
    return result.core


def parts(diff: Diff, size: int) -> Iterator[Diff]:
    lines = changed_units(diff, Level.LINE)
    for kept in combinations(lines, size):
        yield revert(diff, set(lines) - set(kept))


@pytest.mark.parametrize("cause", ["one", "-two", "four", "six"])
def test_a_single_cause_is_what_must_stay(cause: str) -> None:
    diff = diff_of(FILES)
    core = found(core_of(diff, Toy(lambda there: 1.0 if cause in there else -1.0)))
    assert words(core.diff) == {cause}
    assert (core.minimality, core.checked) == (Minimality.CARDINALITY, 0)
    assert core.statement == "No part is smaller than a single line."


def test_causes_that_are_needed_together_stay_together() -> None:
    diff = diff_of(FILES)
    core = found(core_of(diff, Toy(lambda there: 1.0 if {"one", "six"} <= there else -1.0)))
    assert words(core.diff) == {"one", "six"}
    assert (core.minimality, core.checked) == (Minimality.CARDINALITY, 6)
    assert core.statement == "No part of fewer lines keeps the verdict (all 6 scored)."


def test_of_redundant_causes_one_is_enough() -> None:
    diff = diff_of(FILES)
    core = found(core_of(diff, Toy(lambda there: 1.0 if there & {"one", "six"} else -1.0)))
    assert words(core.diff) in ({"one"}, {"six"})


def test_what_is_not_flagged_has_a_core_too() -> None:
    diff = diff_of(FILES)
    core = found(core_of(diff, Toy(lambda there: -1.0 if "four" in there else 1.0)))
    assert words(core.diff) == {"four"}
    assert not core.after.flagged


@pytest.mark.parametrize("seed", range(40))
def test_against_exhaustive_search(seed: int) -> None:
    rng = random.Random(seed)
    names = [f"{rng.choice('+-')}{n}" for n in range(rng.randint(1, 6))]
    diff = diff_of({"a.c": [names]})
    toy = Toy(lambda there: random.Random(f"{seed}:{sorted(there)}").gauss(0.3, 1.0))
    before = toy.predict([diff])[0]
    toy.seen.clear()
    core = found(core_of(diff, toy, SearchOptions(batch=rng.choice([1, 3, 16]))))

    def keeps(part: Diff) -> bool:
        answer = toy.predict([part])[0]
        return answer.flagged == before.flagged and abs(answer.margin) > CLEAR_MARGIN

    least = next(size for size in range(1, len(names) + 1) if any(keeps(part) for part in parts(diff, size)))
    assert keeps(core.diff)
    assert len(core.kept) == len(words(core.diff)) == least
    assert core.minimality is Minimality.CARDINALITY
    assert verify_core(diff, core, toy).reasons == ()


@pytest.mark.parametrize("budget", [1, 2, 3, 5, 9, 20, 60])
@pytest.mark.parametrize("seed", range(6))
def test_no_claim_goes_further_than_what_was_scored(seed: int, budget: int) -> None:
    diff = lines_of(*(f"line {n}" for n in range(9)))
    toy = Toy(lambda there: random.Random(f"{seed}:{sorted(there)}").gauss(0.2 + len(there) / 9, 0.7))
    result = core_of(diff, toy, SearchOptions(budget=budget, batch=4))
    scored = set(toy.seen)
    core = found(result)
    assert verify_core(diff, core, toy).reasons == ()
    assert result.stopped in {StopReason.FOUND, StopReason.BUDGET}
    if core.minimality is Minimality.ONE:
        lines = set(changed_units(diff, Level.LINE))
        drops = [revert(diff, lines - (set(core.kept) - {unit})) for unit in core.kept]
        assert {part.id for part in drops} <= scored
        assert {toy.predict([part])[0].flagged for part in drops} == {not core.before.flagged}
    if core.minimality is Minimality.CARDINALITY:
        for size in range(1, len(core.kept)):
            assert {part.id for part in parts(diff, size)} <= scored


FORGED = [
    ({"kept": (Unit(0, 0, 1), Unit(0, 0, 3))}, "give another text"),
    ({"kept": ()}, "Nothing stays"),
    ({"kept": (Unit(0, 0, 0), Unit(1, 0, 2))}, "is no changed part"),
    ({"checked": 5}, "it takes 6"),
    ({"minimality": Minimality.ONE}, "it takes 2"),
    ({"minimality": Minimality.NONE}, "it takes 0"),
]


@pytest.mark.parametrize(("change", "reason"), FORGED)
def test_the_verifier_catches_forgeries(change: dict[str, Any], reason: str) -> None:
    diff, toy = diff_of(FILES), Toy(lambda there: 1.0 if {"one", "six"} <= there else -1.0)
    core = found(core_of(diff, toy))
    assert verify_core(diff, core, toy).ok
    assert reason in " ".join(verify_core(diff, replace(core, **change), toy).reasons)


def test_the_verifier_asks_the_model_again() -> None:
    diff, toy = diff_of(FILES), Toy(lambda there: 1.0 if {"one", "six"} <= there else -1.0)
    core = found(core_of(diff, toy))
    either = Toy(lambda there: 1.0 if there & {"one", "six"} else -1.0)
    assert "4 smaller parts keep the verdict" not in " ".join(verify_core(diff, core, toy).reasons)
    assert "smaller part" in " ".join(verify_core(diff, core, either).reasons)
    assert "another verdict" in " ".join(verify_core(diff, core, Toy(lambda there: 1.0 if len(there) > 5 else -1.0)).reasons)
    assert "scores differently" in " ".join(verify_core(diff, core, Toy(lambda there: 2.0)).reasons)


def test_of_equally_small_parts_the_one_whose_lines_were_tried_is_given() -> None:
    diff = lines_of(*(f"line {n}" for n in range(16)))
    toy = Toy(lambda there: len(there) - 7.5 + 0.1 * ("line 0" in there))
    result = core_of(diff, toy)
    assert (len(found(result).kept), result.stopped) == (8, StopReason.FOUND)
    assert (found(result).minimality, found(result).checked) == (Minimality.ONE, 8)


def test_a_long_change_takes_few_queries() -> None:
    diff = lines_of(*(f"line {n}" for n in range(200)))
    toy = Toy(lambda there: 1.0 if {"line 17", "line 140"} <= there else -1.0)
    result = core_of(diff, toy)
    assert words(found(result).diff) == {"line 17", "line 140"}
    assert found(result).minimality in {Minimality.ONE, Minimality.CARDINALITY}
    assert result.queries <= 150 + 200


def test_a_verdict_on_the_threshold_has_no_core() -> None:
    result = core_of(lines_of("a", "b"), Toy(lambda there: 0.0005))
    assert (result.core, result.stopped, result.queries) == (None, StopReason.EXHAUSTED, 1)
    assert core_of(Diff(()), linear({}, 1.0)).core is None


def test_files_that_are_more_than_lines_are_units() -> None:
    from models.change.parse import parse
    from models.change.render import render
    from tests.explain.counterfactual.toys import predicted

    text = "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n"
    diff = parse(text + render(diff_of(FILES)))
    toy = Toy(lambda there: 0.0)
    toy.predict = lambda diffs: tuple(predicted(1.0 if "rename to y" in render(one) else -1.0) for one in diffs)  # type: ignore[method-assign]
    *_, last = find_core(diff, toy)
    assert isinstance(last, CoreResult)
    assert found(last).kept == (Unit(0),)
    assert render(found(last).diff) == text


def test_cancelling_keeps_the_smallest_part_so_far() -> None:
    asked = iter([False, False, True])
    diff = lines_of(*"abcdefgh")
    *_, last = find_core(
        diff, Toy(lambda there: 1.0 if "a" in there else -1.0), SearchOptions(batch=1), lambda: next(asked, True)
    )
    assert isinstance(last, CoreResult)
    assert last.stopped is StopReason.CANCELLED
    assert found(last).minimality is Minimality.NONE
    assert "a" in words(found(last).diff)
