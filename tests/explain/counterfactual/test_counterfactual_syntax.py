"""Edits that keep the syntax come first; what breaks it is said to."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explain.counterfactual.operators import apply, effect_of
from explain.counterfactual.search import search
from explain.counterfactual.syntax import SyntaxJudge
from explain.counterfactual.types import Counterfactual, Edit, Minimality, SearchOptions, Syntax
from explain.counterfactual.verify import verify
from models.change.grammar import count_errors
from models.change.types import Diff, LineKind, Unit
from tests.explain.counterfactual.toys import Toy, diff_of, linear, run

OPENED = diff_of({"a.py": [["+x = f(", "+    1,", "+)", "+y = 2"]]})
"""Its first and third line belong together."""
LINES = SearchOptions(operators=("revert-line",))


def _line(number: int) -> Unit:
    return Unit(0, 0, number)


@pytest.mark.parametrize(
    ("reverted", "said"),
    [({1}, Syntax.INVALID), ({1, 2, 3}, Syntax.VALID), ({4}, Syntax.VALID), ({2}, Syntax.VALID), ({1, 4}, Syntax.INVALID),
     ({1, 2, 3, 4}, Syntax.VALID), (set(), Syntax.VALID)],
)  # fmt: skip
def test_a_bracket_that_is_left_open(reverted: set[int], said: Syntax) -> None:
    assert SyntaxJudge(OPENED).after({_line(n) for n in reverted}, {}) is said


def test_other_words_are_read_too() -> None:
    judge = SyntaxJudge(OPENED)
    assert judge.after((), {Unit(0, 0, 4, 4, 5): "3"}) is Syntax.VALID
    assert judge.after((), {Unit(0, 0, 4, 4, 5): "("}) is Syntax.INVALID
    assert judge.after((), {Unit(-1, -1, 0, 0, 1): "("}) is Syntax.VALID


def test_a_fragment_may_have_the_errors_that_it_has_anyway() -> None:
    ends = diff_of({"a.c": [["-  b();", "+  c();", "+  d();", " }", " }"]]})
    assert count_errors("C", "}\n}\n") not in {0, None}
    assert SyntaxJudge(ends).after({_line(2)}, {}) is Syntax.VALID
    assert SyntaxJudge(ends).after((), {Unit(0, 0, 2, 3, 4): "(("}) is Syntax.INVALID


def test_hunks_and_files_as_a_whole_leave_old_code() -> None:
    judge = SyntaxJudge(OPENED)
    assert judge.after({_line(1), Unit(0, 0)}, {}) is Syntax.VALID
    assert judge.after({_line(1), Unit(0)}, {}) is Syntax.VALID


def test_without_a_grammar_nothing_is_said() -> None:
    assert SyntaxJudge(diff_of({"a.txt": [["+(", "+)"]]})).after({_line(1)}, {}) is Syntax.UNKNOWN
    both = diff_of({"a.txt": [["+(", "+)"]], "b.py": [["+x = (", "+1)"]]})
    assert SyntaxJudge(both).after({_line(1), Unit(1, 0, 1)}, {}) is Syntax.INVALID


def test_the_answer_leaves_code_that_parses() -> None:
    """The first line alone turns the verdict, but leaves a bracket open; the call as a whole is the answer."""
    diff, toy = OPENED, linear({"x = f(": 2.0}, -1.0)
    result = run(search(diff, toy, LINES))[1]
    best = result.counterfactuals[0]
    assert [edit.unit.line for edit in best.edits] == [1, 2, 3]
    assert best.syntax is Syntax.VALID
    assert best.certificate.minimality is Minimality.CARDINALITY
    assert best.certificate.rules.keep_syntax
    assert "that keeps the syntax" in best.certificate.statement
    assert result.skipped > 0
    assert verify(diff, best, toy).ok
    free = run(search(diff, toy, replace(LINES, syntax="any")))[1].counterfactuals[0]
    assert [edit.unit.line for edit in free.edits] == [1]
    assert free.syntax is Syntax.INVALID
    assert not free.certificate.rules.keep_syntax
    assert verify(diff, free, toy).ok


def test_where_only_broken_code_turns_the_verdict_it_is_reported_as_such() -> None:
    there = {"x = f(", "    1,", ")", "y = 2"}
    toy = Toy(lambda now: -1.0 if now == there - {"x = f("} else 1.0)
    best = run(search(OPENED, toy, LINES))[1].counterfactuals[0]
    assert [edit.unit.line for edit in best.edits] == [1]
    assert best.syntax is Syntax.INVALID
    assert verify(OPENED, best, toy).ok


def test_the_verifier_refuses_a_wrong_word_on_the_syntax() -> None:
    toy = linear({"x = f(": 2.0}, -1.0)
    free = run(search(OPENED, toy, replace(LINES, syntax="any")))[1].counterfactuals[0]
    assert verify(OPENED, replace(free, syntax=Syntax.VALID), toy).reasons == ("The syntax is invalid, not valid.",)
    kept = run(search(OPENED, toy, LINES))[1].counterfactuals[0]
    wider = replace(kept.certificate, rules=replace(kept.certificate.rules, keep_syntax=False), checked=15)
    assert not verify(OPENED, replace(kept, certificate=wider), toy).ok


@given(st.lists(st.sampled_from(["x = (", ")", "a", "f(", "]", "b = 1"]), min_size=2, max_size=5, unique=True), st.integers(0, 9))
def test_what_is_claimed_under_the_rule_agrees_with_all_sets(texts: list[str], table: int) -> None:
    """Exhaustive: of all sets that keep the syntax by the judge's word, none is smaller and flips."""
    diff = diff_of({"a.py": [["+" + text for text in texts]]})
    toy = Toy(lambda now: -1.0 if (hash_of(now) + table) % 3 == 0 and len(now) < len(texts) else 1.0)
    for one in run(search(diff, toy, LINES))[1].counterfactuals:
        assert verify(diff, one, toy).ok
        if one.syntax is Syntax.INVALID:
            assert not _flips(diff, toy, one, Syntax.VALID, 2)
        elif one.certificate.minimality is Minimality.CARDINALITY:
            assert not _flips(diff, toy, one, Syntax.VALID, len(one.edits) - 1)


def hash_of(texts: frozenset[str]) -> int:
    """The same in every run."""
    return sum(ord(character) * (n + 3) for n, character in enumerate("".join(sorted(texts))))


def _flips(diff: Diff, toy: Toy, one: Counterfactual, syntax: Syntax, most: int) -> list[tuple[Edit, ...]]:
    edits = [Edit("revert-line", unit) for unit, line in diff.lines() if line.kind is LineKind.ADDED]
    found = []
    for size in range(1, most + 1):
        for chosen in combinations(edits, size):
            effect = effect_of(diff, chosen)
            edited = apply(diff, chosen)
            assert effect is not None
            same = SyntaxJudge(diff).after(effect.reverted, dict(effect.words)) is syntax
            if edited.files and same and toy.predict([edited])[0].flagged != one.before.flagged:
                found.append(chosen)
    return found
