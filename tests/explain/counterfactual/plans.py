"""Hypothesis draws changes around planted words, and rules over what can be read of them."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from tests.explain.counterfactual.planted import File, Plan, Row, Rule

PLANTED = ("alpha", "bravo", "charlie", "delta")
NOISE = ("x", "if", "naïve", "größe", "変数", "Ⅷ", "y2", "42", "_t_", "Élan")
PATHS = ("a.c", "src/b c.py", "src/é.go", "deep/er/z", "d", "src/変.rs")
WORDS = st.lists(st.sampled_from((*PLANTED, *PLANTED, *NOISE)), min_size=1, max_size=3).map(tuple)


def _bare(rows: list[Row], old: bool, new: bool) -> tuple[Row, ...]:
    """``rows``, at the end of a file, whose sides end without a line feed where that is asked for."""
    last = rows[-1]
    if last.mark == " ":
        return (*rows[:-1], Row(" ", last.words, old and new))
    tail = max((n for n, row in enumerate(rows) if row.mark == " "), default=-1)
    ends = {mark: max((n for n, row in enumerate(rows) if row.mark == mark and n > tail), default=-1) for mark in "+-"}
    bare = {ends["-"]} if old else set()
    bare |= {ends["+"]} if new else set()
    return tuple(Row(row.mark, row.words, n in bare) for n, row in enumerate(rows))


@st.composite
def hunks(draw: st.DrawFn, marks: str, last: bool) -> tuple[Row, ...]:
    """Rows with a change among them; context stands before, and after too where the file goes on."""
    some = draw(st.lists(st.sampled_from(marks), min_size=1, max_size=4).filter(lambda some: set(some) != {" "}))
    if " " not in marks:
        return _bare([Row(mark, draw(WORDS)) for mark in some], *draw(st.tuples(st.booleans(), st.booleans())))
    rows = [Row(mark, draw(WORDS)) for mark in (" ", *some, *([] if last and draw(st.booleans()) else [" "]))]
    return _bare(rows, *draw(st.tuples(st.booleans(), st.booleans()))) if last else tuple(rows)


@st.composite
def files(draw: st.DrawFn, path: str) -> File:
    kind = draw(st.sampled_from(["modified", "modified", "modified", "renamed", "added", "deleted", "mode"]))
    if kind in {"added", "deleted"}:
        return File(path, (draw(hunks("+" if kind == "added" else "-", last=True)),), kind)
    count = draw(st.integers(0 if kind != "modified" else 1, 2))
    return File(path, tuple(draw(hunks(" ++-", last=n == count - 1)) for n in range(count)), kind)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to three files, and a message in the patch or apart."""
    paths = draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3, unique=True))
    message = draw(st.lists(WORDS, max_size=2).map(tuple))
    return Plan(tuple(draw(files(path)) for path in paths), message, draw(st.booleans()))


@st.composite
def rules(draw: st.DrawFn, plan: Plan, operators: Iterable[str]) -> Rule:
    """A rule over facts that the operators can change, and others."""
    facts = sorted(plan.left(()) or ())
    each = [plan.left(effect) or frozenset() for name in operators for effect in plan.offers(name).values()]
    within = sorted({fact for left in each for fact in facts if fact not in left}) or facts
    some = draw(st.lists(st.sampled_from(within), min_size=min(2, len(within)), max_size=4, unique=True))
    shape = draw(st.sampled_from(["any", "all", "pairs", "needle", "medley"]))
    if shape == "any":
        terms = [(fact,) for fact in some]
    elif shape == "all":
        terms = [tuple(some)]
    elif shape == "pairs":
        terms = [tuple(some[:2]), tuple(some[2:] or some[:1])]
    elif shape == "needle":  # turned only where all of them go and another stays: not by taking everything back
        terms = [*((fact,) for fact in some[:3]), (f"!{draw(st.sampled_from(facts))}",)]
    else:
        atoms = st.sampled_from(within) | st.sampled_from(facts) | st.sampled_from([f"!{fact}" for fact in facts])
        terms = draw(st.lists(st.lists(atoms, min_size=1, max_size=2, unique=True).map(tuple), min_size=1, max_size=3))
    return Rule(tuple(terms), draw(st.booleans()), draw(st.booleans()))
