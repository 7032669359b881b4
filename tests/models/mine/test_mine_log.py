"""Reading clones: what they are called, which are refused, and what their logs say."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from models.errors import RevisionError
from models.mine import log
from models.mine.blobs import Blobs, LineCounts, lines_in
from models.mine.clone import View, look, project_of
from models.mine.history import DAY, read_history
from models.mine.log import read_log
from tests.models.mine.mine_story import START, Story, git

MOST = 1_000_000


def view_of(repo: Path, tmp_path: Path) -> View:
    return View.of(look(repo), tmp_path / "view")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/pallets/click.git", "pallets/click"),
        ("https://user:secret@host.org/o/n", "o/n"),
        ("https://user:secret@host.org/n", "n"),
        ("git@github.com:pallets/click.git", "pallets/click"),
        ("ssh://git@host:22/a/b/c/", "b/c"),
        ("host:o/n.git", "o/n"),
        ("file:///x/y/z.git", "z"),
        ("/x/y/z", "z"),
        ("../w", "w"),
        ("https://h/o/n x<b>", "o/n-x-b"),
        ("https://github.com/", ""),
        ("", ""),
    ],
)
def test_the_project_is_read_from_the_remote(url: str, name: str) -> None:
    assert project_of(url) == name


def test_a_project_without_a_remote_is_called_as_its_folder(tmp_path: Path) -> None:
    repo = tmp_path / "thing.git"
    hashes = Story().commit("one", "One", {"a.py": "a\n"}).make(repo)
    assert (look(repo).project, look(repo).head, look(repo, "mine").project) == ("thing", hashes["one"], "mine")
    git(tmp_path, "clone", "-q", str(repo), "checkout")
    (tmp_path / "checkout" / "sub").mkdir()
    assert look(tmp_path / "checkout" / "sub").project == "thing"
    git(tmp_path / "checkout", "remote", "set-url", "origin", "https://h.org/owner/name.git")
    assert look(tmp_path / "checkout").project == "owner/name"
    git(tmp_path / "checkout", "remote", "remove", "origin")
    assert look(tmp_path / "checkout").project == "checkout"


def test_what_cannot_be_mined_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RevisionError, match="cannot be read as a git repository"):
        look(tmp_path / "nowhere")
    with pytest.raises(RevisionError, match="cannot be read as a git repository"):
        look(tmp_path)
    git(tmp_path, "init", "-q", "empty")
    with pytest.raises(RevisionError, match="no commit at HEAD"):
        look(tmp_path / "empty")
    Story().commit("one", "One", {"a": "a"}).commit("two", "Two", {"a": "b"}).make(tmp_path / "full")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path}/full", "shallow")
    with pytest.raises(RevisionError, match="shallow"):
        look(tmp_path / "shallow")


def test_missing_objects_are_told(tmp_path: Path) -> None:
    hashes = Story().commit("one", "One", {"a.py": "a\n"}).make(tmp_path / "repo")
    view = view_of(tmp_path / "repo", tmp_path)
    (view.folder / "objects" / "info" / "alternates").write_text("/nowhere\n")
    with pytest.raises(RevisionError, match="partial clone, or damaged"):
        list(read_log(view, [hashes["one"]], MOST))
    with Blobs.of(view) as blobs, pytest.raises(RevisionError, match="it lacks"):
        blobs.read("0" * 40)


def test_odd_places_and_hashes(tmp_path: Path) -> None:
    odd = tmp_path / 'od"d\\ #é\nplace'
    odd.mkdir()
    hashes = Story().commit("one", "One", {"a.py": "a\n"}).make(odd / "repo")
    assert [one.id for one in read_history(view_of(odd / "repo", tmp_path)).commits] == [hashes["one"]]
    git(tmp_path, "init", "-q", "--bare", "--object-format=sha256", "long")
    tree = git(tmp_path / "long", "mktree", stdin=b"")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    commit = git(tmp_path / "long", *who, "commit-tree", "-m", "x", tree)
    git(tmp_path / "long", "update-ref", "HEAD", commit)
    history = read_history(View.of(look(tmp_path / "long"), tmp_path / "long view"))
    assert [one.id for one in history.commits] == [commit]
    assert len(commit) == 64


def test_the_history_is_in_order_and_knows_nobody(tmp_path: Path) -> None:
    story = Story().commit("root", "Root", {"a": "1"})
    story.who = "bob"
    story.commit("side", "Side", {"b": "1"})
    story.who = "ADA"
    story.commit("main", "Main", {"c": "1"}, parents=("root",))
    story.commit("merge", "Merge", {"b": "1"}, parents=("main", "side"))
    hashes = story.make(tmp_path / "repo")
    history = read_history(view_of(tmp_path / "repo", tmp_path))
    assert [one.id for one in history.commits] == [hashes[name] for name in ("root", "side", "main", "merge")]
    assert [one.id for one in history.changes] == [hashes[name] for name in ("root", "side", "main")]
    root, side, main, merge = history.commits
    assert merge.parents == (main.id, side.id)
    assert root.author == main.author != side.author
    assert (root.written, root.committed) == (START + DAY, START + DAY)
    assert history.newest == START + 4 * DAY
    assert b"example" not in repr(history).encode()
    again = read_history(view_of(tmp_path / "repo", tmp_path))
    assert again.commits[0].author != root.author, "the key must be drawn anew"
    assert history.matching(root.id[:8]) == [root.id]
    assert len(history.matching("")) == 2
    assert history.matching("zzz") == []


def test_a_log_entry(tmp_path: Path) -> None:
    names = ["plain.py", '"quo\\"ted \\t.py"', "späce d.py", ":colon.py"]
    body = "".join(f"line {n}\n" for n in range(40))
    story = Story().commit("root", "Root", {"old.py": body, "gone.py": "x\n", "bin": b"\0\1", **dict.fromkeys(names, "a\nb\n")})
    story.commit(
        "two",
        "Two\n\nwith a body\n",
        {"old.py": "-> new name.py", "gone.py": None, "bin": b"\0\2", **dict.fromkeys(names, "a\nc\nd")},
    )
    story.commit("empty", "Nothing", {})
    hashes = story.make(tmp_path / "repo")
    view = view_of(tmp_path / "repo", tmp_path)
    empty, two = read_log(view, [hashes["empty"], hashes["two"]], MOST)
    assert (empty.files, empty.patch, empty.message) == ((), b"", "Nothing")
    assert (two.id, two.message) == (hashes["two"], "Two\n\nwith a body")
    assert {(one.path, one.old_path, one.status, one.added, one.deleted) for one in two.files} == {
        ("plain.py", "plain.py", "M", 2, 1), ('quo"ted \t.py', 'quo"ted \t.py', "M", 2, 1),
        ("späce d.py", "späce d.py", "M", 2, 1), (":colon.py", ":colon.py", "M", 2, 1),
        ("new name.py", "old.py", "R", 0, 0), ("gone.py", "gone.py", "D", 0, 1),
        ("bin", "bin", "M", None, None),
    }  # fmt: skip
    plain = git(tmp_path / "repo", "-c", "core.quotePath=false", "show", "-M", "--abbrev=10", "--format=", hashes["two"])
    assert two.patch.decode().strip() == plain
    (cut,) = read_log(view, [hashes["two"]], 30)
    assert cut.patch == two.patch[:30]


def test_contents_and_messages_forge_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log.secrets, "token_hex", lambda _n: "f" * 32)
    forged = "e" * 32 + "\0" + "1" * 40 + "\0Forged\0\0\n:100644 100644 0 0 M\0x\0"
    text = b"x" * 9000 + b"\n" + forged.encode() + b"\n"
    message = "Real\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
    story = Story().commit("one", message, {"a.py": text}).commit("two", "Two", {"a.py": text + b"y\n", "b.py": "b\n"})
    hashes = story.make(tmp_path / "repo")
    one, two = read_log(view_of(tmp_path / "repo", tmp_path), [hashes["one"], hashes["two"]], MOST)
    assert [entry.message.partition("\n")[0] for entry in (one, two)] == ["Real", "Two"]
    assert [[file.path for file in entry.files] for entry in (one, two)] == [["a.py"], ["a.py", "b.py"]]
    assert forged.partition("\n")[0].encode() in one.patch


@pytest.mark.parametrize("block", [1, 7, 33, 1000])
def test_records_are_found_wherever_blocks_end(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_BLOCK", block)
    token = b"0123456789abcdef"
    parts = [b"first", b"", b"0123" * 20, b"last0123"]
    stream = io.BytesIO(b"".join(token + part for part in parts))
    assert list(log._records(stream, token)) == parts
    monkeypatch.setattr(log, "_MOST", 6)
    assert [len(one) <= 6 + len(token) for one in log._records(io.BytesIO(stream.getvalue()), token)] == [True] * 4


def test_line_counts_follow_the_changes(tmp_path: Path) -> None:
    story = Story().commit("root", "Root", {"a.py": "1\n2\n3", "b.py": ""}).commit("left", "Left", {"a.py": "1\n2\n3\n4\n"})
    story.commit("right", "Right", {"a.py": "0\n1\n2\n3"}, parents=("root",))
    story.commit("merge", "Merge", {"a.py": "by hand\n" * 9}, parents=("left", "right"))
    story.commit("last", "Last", {"a.py": "-> c.py", "b.py": "x\n", "bin": b"\0"}).commit(
        "end", "End", {"c.py": None, "bin": b"\0\1"}
    )
    hashes = story.make(tmp_path / "repo")
    view = view_of(tmp_path / "repo", tmp_path)
    order = [hashes[name] for name in ("root", "left", "right", "last", "end")]
    with Blobs.of(view) as blobs:
        counts = LineCounts(blobs)
        found = [
            dict(zip((file.old_path for file in one.files), counts.before(one.files), strict=True))
            for one in read_log(view, order, MOST)
        ]
    assert found == [{"a.py": 0, "b.py": 0}, {"a.py": 3}, {"a.py": 3}, {"a.py": 9, "b.py": 0, "bin": 0}, {"c.py": 9, "bin": 0}]
    assert [lines_in(one) for one in (b"", b"a", b"a\n", b"a\nb")] == [0, 1, 1, 2]
