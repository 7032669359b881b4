"""SZZ on planted bugs: who is blamed, who is not, and an oracle that blames line by line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from models.mine.blame import Asked, blame, spans
from models.mine.clone import View, look
from models.mine.history import read_history
from models.mine.szz import Outcome, Trace, Tracer
from tests.models.mine.mine_story import Story, git

LONG = "".join(f"def f{n}(value):\n    total = value * {n} + offset({n})\n    return total\n\n\n" for n in range(8))
BUG = LONG.replace("value * 3", "value - 3")
COMMENTED = BUG.replace("def f3(value):\n", 'def f3(value):\n    """Docs of f3, first."""\n    # a remark, first\n')


def tracer(repo: Path, *never: str, max_deleted: int = 200) -> Tracer:
    view = View.of(look(repo), repo.with_name("view"))
    passed_over = repo.with_name("passed-over")
    passed_over.write_text("".join(f"{one}\n" for one in never))
    return Tracer(view, read_history(view), set(never), passed_over if never else None, max_deleted)


def trace(repo: Path, fix: str, *never: str, max_deleted: int = 200) -> Trace:
    (found,) = tracer(repo, *never, max_deleted=max_deleted).trace([fix])
    assert found.fix == fix
    return found


def culprits(story: Story, repo: Path, *never: str) -> list[str]:
    """The names of those whom the last commit blames."""
    hashes = story.make(repo)
    found = trace(repo, hashes[story.names[-1]], *(hashes[one] for one in never))
    names = {commit: name for name, commit in hashes.items()}
    return sorted(names[one] for one in found.culprits)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return tmp_path / "repo"


def test_the_last_to_touch_the_line_is_blamed_with_its_text(repo: Path) -> None:
    story = Story().commit("root", "Root", {"src/a.py": LONG}).commit("bug", "Simplify", {"src/a.py": BUG})
    story.commit("more", "More", {"src/a.py": BUG + "extra = 1\n"}).commit("fix", "Fix f3", {"src/a.py": LONG + "extra = 1\n"})
    hashes = story.make(repo)
    found = trace(repo, hashes["fix"])
    assert found.outcome is Outcome.TRACED
    assert found.culprits == {hashes["bug"]: [("src/a.py", "total = value - 3 + offset(3)")]}


def test_a_deleted_line_blames_too_and_a_fix_of_two_lines_two(repo: Path) -> None:
    story = Story().commit("root", "Root", {"a.py": LONG}).commit("bug", "Bug", {"a.py": BUG})
    story.commit("worse", "Worse", {"a.py": "cache = compute()\n" + BUG}).commit("fix", "Fix", {"a.py": LONG})
    assert culprits(story, repo) == ["bug", "worse"]


def test_blanks_and_moves_do_not_change_who_is_blamed(repo: Path) -> None:
    first, rest = BUG.split("def f5", 1)
    moved = "def f5" + rest + first
    story = Story().commit("root", "Root", {"a.py": LONG}).commit("bug", "Bug", {"a.py": BUG})
    story.commit("indent", "Indent", {"a.py": BUG.replace("    total", "        total")}).commit("back", "Back", {"a.py": BUG})
    story.commit("moved", "Move f5 up", {"a.py": moved}).commit("renamed", "Rename", {"a.py": "-> b.py"})
    story.commit("split", "Split", {"b.py": "def f5" + rest, "c.py": first})
    story.commit("fix", "Fix", {"c.py": first.replace("value - 3", "value * 3")})
    assert culprits(story, repo) == ["bug"]


def test_a_bug_from_a_branch_is_the_branchs_and_not_the_merges(repo: Path) -> None:
    other = LONG.replace("value * 7", "value + 7")
    both = other.replace("value * 3", "value - 3")
    story = Story().commit("root", "Root", {"a.py": LONG}).commit("bug", "Bug", {"a.py": BUG})
    story.commit("main", "Main", {"a.py": other}, ("root",)).commit("merge", "Merge", {"a.py": both}, ("main", "bug"))
    story.commit("fix", "Fix", {"a.py": other})
    assert culprits(story, repo) == ["bug"]


def test_what_a_merge_wrote_by_hand_blames_nobody(repo: Path) -> None:
    evil = LONG.replace("value * 3", "value // 3")
    story = Story().commit("root", "Root", {"a.py": LONG}).commit("side", "Side", {"b.py": "b = 1\n"})
    story.commit("main", "Main", {"c.py": "c = 1\n"}, ("root",))
    story.commit("merge", "Merge", {"a.py": evil, "b.py": "b = 1\n"}, ("main", "side")).commit("fix", "Fix", {"a.py": LONG})
    hashes = story.make(repo)
    found = trace(repo, hashes["fix"])
    assert (found.outcome, found.culprits) == (Outcome.NOBODY, {})
    assert found.passed == {"lines that a merge wrote": 1}


def test_commits_to_pass_over_are_looked_through(repo: Path) -> None:
    story = Story().commit("root", "Root", {"a.py": LONG}).commit("bug", "Bug", {"a.py": BUG})
    story.commit("style", "Style", {"a.py": BUG.replace("offset(", "offset( ").replace("value - 3 +", "(value - 3) +")})
    story.commit("fix", "Fix", {"a.py": LONG})
    assert culprits(story, repo) == ["style"]
    assert culprits(story, repo, "style") == ["bug"]


def test_a_culprit_dated_after_its_fix_is_none(repo: Path) -> None:
    story = Story().commit("root", "Root", {"a.py": LONG})
    story.skew = 50
    story.commit("bug", "Bug", {"a.py": BUG})
    story.skew = 0
    story.commit("fix", "Fix", {"a.py": LONG})
    hashes = story.make(repo)
    found = trace(repo, hashes["fix"])
    assert (found.outcome, found.passed) == (Outcome.NOBODY, {"lines of commits dated after the fix": 1})


NOTHING = {
    "comments": COMMENTED.replace("a remark, first", "another").replace("Docs of f3, first", "Other docs"),
    "blank lines": COMMENTED.replace("\n\n\n", "\n\n"),
    "indentation": COMMENTED.replace("    total", "\ttotal"),
    "line breaks": COMMENTED.replace("total = value - 3 + offset(3)", "total = value - 3 + offset(\n        3)"),
    "only additions": COMMENTED + "extra = 1\n",
    "moves": "def f5" + COMMENTED.split("def f5", 1)[1] + COMMENTED.split("def f5", 1)[0],
    "deletion": None,
}  # fmt: skip


@pytest.mark.parametrize("what", NOTHING)
def test_what_is_no_change_of_code_blames_nobody(what: str, repo: Path) -> None:
    story = Story().commit("root", "Root", {"a.py": COMMENTED}).commit("fix", "Fix", {"a.py": NOTHING[what], "README": "x"})
    found = trace(repo, story.make(repo)["fix"])
    assert (found.outcome, found.culprits) == (Outcome.NOTHING, {})


@pytest.mark.parametrize("path", ["tests/test_a.py", "README.md", "docs/a.py", "data.json"])
def test_files_without_defects_blame_nobody(path: str, repo: Path) -> None:
    story = Story().commit("root", "Root", {path: "x = 1, 2\n"}).commit("fix", "Fix", {path: "x = 2, 3\n"})
    assert trace(repo, story.make(repo)["fix"]).outcome is Outcome.NOTHING


def test_large_and_first_fixes_are_told_apart(repo: Path) -> None:
    story = Story().commit("root", "Fix all", {"a.py": LONG}).commit("fix", "Fix", {"a.py": LONG.replace("value *", "value +")})
    hashes = story.make(repo)
    assert trace(repo, hashes["root"]).outcome is Outcome.NOTHING
    assert trace(repo, hashes["fix"], max_deleted=8).outcome is Outcome.TRACED
    found = trace(repo, hashes["fix"], max_deleted=7)
    assert (found.outcome, found.culprits) == (Outcome.TANGLED, {})


@pytest.mark.parametrize("path", ["späce d.py", ":(glob)x.py", "-L.py", 'quo\\"te.py', "ta\\tb.py"])
def test_odd_paths(path: str, repo: Path) -> None:
    name = f'"{path}"' if "\\" in path else path
    story = Story().commit("root", "Root", {name: LONG}).commit("bug", "Bug", {name: BUG}).commit("fix", "Fix", {name: LONG})
    hashes = story.make(repo)
    (lines,) = trace(repo, hashes["fix"]).culprits.values()
    assert lines[0][0] == path.replace('\\"', '"').replace("\\t", "\t")


def test_a_share_of_the_lines_makes_a_main_culprit() -> None:
    found = Trace("f", Outcome.TRACED, {"a": [("x", str(n)) for n in range(3)], "b": [("x", "4")]})
    assert [set(found.main(share)) for share in (0, 0.25, 0.26, 0.75, 1)] == [{"a", "b"}, {"a", "b"}, {"a"}, {"a"}, set()]


def test_spans() -> None:
    assert spans([3]) == [(3, 3)]
    assert spans([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]


def test_as_blaming_each_line_alone(repo: Path) -> None:
    """Random edits of lines that look alike in nothing: git's own answer for each single line is the same."""
    chance = random.Random(3)
    lines = [f"name_{n} = call_{chance.randrange(10**9)}()" for n in range(30)]
    story = Story().commit("0", "Root", {"a.py": "\n".join(lines) + "\n"})
    for edit in range(1, 12):
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(lines))
            lines[at : at + chance.randrange(2)] = [f"word_{chance.randrange(10**9)} = make_{chance.randrange(10**9)}()"]
        story.commit(str(edit), "Edit", {"a.py": "\n".join(lines) + "\n"})
    hashes = story.make(repo)
    view = View.of(look(repo), repo.with_name("view"))
    head = hashes["11"]
    wanted = tuple(sorted(chance.sample(range(1, len(lines) + 1), 12)))
    found = list(blame(view, Asked(head, "a.py", wanted, len(lines)), None))
    alone = [git(repo, "blame", "-s", "-l", "-w", "-L", f"{n},{n}", head, "--", "a.py").split(" ")[0].lstrip("^") for n in wanted]
    assert [one.commit[: len(name)] for one, name in zip(found, alone, strict=True)] == alone
    assert [one.text for one in found] == [lines[n - 1] for n in wanted]
    assert len(set(alone)) > 3
