"""Made-up changes are changes, their labels follow the rule, and their causes are where they are said to be."""

from __future__ import annotations

from random import Random

import pytest

from explain.trust.sanity_diffs import LANGUAGES, sketch
from explain.trust.sanity_planted import FEW, FIRST, MANY, RULES, SECOND, Rule
from models.change.parse import parse
from models.change.render import render
from models.change.types import METRICS_FILE, Diff, LineKind

ALL = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def words(diff: Diff) -> list[tuple[int, str]]:
    """(hunk, word) of every planted word."""
    return [(unit.hunk, word) for unit, line in diff.lines() for word in (FIRST, SECOND) if word in line.text]


def truth(rule: str, diff: Diff) -> bool:
    """The label by an own reading of the rule."""
    found = {word for _, word in words(diff)}
    return {
        "one cause": FIRST in found,
        "two redundant causes": bool(found),
        "two causes together": found == {FIRST, SECOND},
        "position": (0, FIRST) in words(diff),
        "length": diff.added >= MANY[0],
    }[rule]


@ALL
def test_labels_follow_the_rule_and_are_even(rule: Rule) -> None:
    examples = rule.examples(60, seed=3)
    assert [one.label for one in examples] == [truth(rule.name, one.diff) for one in examples]
    assert sum(one.label for one in examples) == 30


@ALL
def test_twins_have_the_labels_of_the_rule(rule: Rule) -> None:
    for one in rule.questions(30, seed=3):
        assert one.label
        assert truth(rule.name, one.diff)
        assert one.twins
        assert [label for _, label in one.twins] == [truth(rule.name, diff) for diff, _ in one.twins]
        assert not all(label for _, label in one.twins)


@ALL
def test_causes_are_where_they_are_said_to_be(rule: Rule) -> None:
    for one in rule.questions(30, seed=5):
        for cause in one.causes:
            for unit in cause:
                if unit.file == METRICS_FILE:
                    assert rule.name == "length"
                    continue
                line = one.diff.line(unit)
                assert line.kind is LineKind.ADDED
                assert unit.start < 0 or line.text[unit.start : unit.end] in {FIRST, SECOND}
        assert len(one.causes) == (2 if rule.name.startswith("two") else 1)


@ALL
def test_every_change_reads_back(rule: Rule) -> None:
    for one in [*rule.examples(20, 1), *rule.questions(20, 1)]:
        for diff in [one.diff, *(twin for twin, _ in one.twins)]:
            assert parse(render(diff), diff.message) == diff
            assert len(diff.files) == 1


@ALL
def test_the_seed_decides(rule: Rule) -> None:
    assert rule.examples(12, 1) == rule.examples(12, 1)
    assert rule.examples(12, 1) != rule.examples(12, 2)
    learnt = {render(one.diff) for one in rule.examples(100, 1)}
    assert not learnt & {render(one.diff) for one in rule.questions(100, 1)}


def test_every_language_comes_up_and_no_name_holds_a_planted_word() -> None:
    random = Random(1)
    diffs = [sketch(random).diff() for _ in range(200)]
    assert {diff.files[0].path.rpartition(".")[2] for diff in diffs} == {one.ending for one in LANGUAGES}
    assert not any(words(diff) for diff in diffs)


@pytest.mark.parametrize("added", [1, *FEW, *MANY])
def test_as_many_lines_are_added_as_asked_for(added: int) -> None:
    whole = sketch(Random(2), added)
    assert whole.diff().added == added
    assert whole.only(1).diff().added == 1
