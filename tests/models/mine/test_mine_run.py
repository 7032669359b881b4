"""Whole runs: the dataset, runs over a history that grows, runs that are stopped, and what is refused."""

from __future__ import annotations

import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from models.data.dataset import COLUMNS as columns
from models.data.dataset import diffs, read
from models.errors import DataError, RevisionError, UsageError
from models.mine import project, store
from models.mine.dataset import COLUMNS
from models.mine.options import Labels, MineOptions
from models.mine.project import Progress, Report
from models.mine.run import mine
from tests.models.mine.mine_story import Story, git

BODY = [f"def f{n}(value):\n    return value * {n} + offset({n})\n" for n in range(12)]
SZZ = MineOptions(jobs=2)
DECLARED = MineOptions(Labels.DECLARED, jobs=2)


def text(*broken: int) -> str:
    return "\n\n".join(part.replace(" * ", " - ") if n in broken else part for n, part in enumerate(BODY))


def told(until: int = 12) -> Story:
    """Round after round somebody breaks a function and somebody mends it, ten days later; the last rounds are young."""
    story = Story().commit("root", "Root", {"src/a.py": text(), "README.md": "Hello\n"})
    go_on(story, 0, until)
    return story


def go_on(story: Story, start: int, until: int) -> None:
    for n in range(start, until):
        story.who = "bob" if n % 2 else "ada"
        story.commit(f"bug{n}", f"Simplify f{n}\n\nSigned-off-by: Bob <bob@example.org>", {"src/a.py": text(n)}, days=20)
        story.commit(f"docs{n}", "Docs", {"README.md": f"Hello {n}\n"})
        story.commit(f"good{n}", f"Add g{n}", {f"src/g{n}.py": f"def g{n}():\n    return {n}\n"}, days=5)
        story.commit(f"fix{n}", f"Fix f{n}", {"src/a.py": text()}, days=5)


def run(repos: Path | Sequence[Path], output: Path, options: MineOptions = SZZ, names: Sequence[str] = ()) -> list[Report]:
    paths = [repos] if isinstance(repos, Path) else repos
    return [item for item in mine(paths, names, output, options) if isinstance(item, Report)]


def rows(output: Path) -> dict[str, dict[str, Any]]:
    return {row["commit"]: row for row in pq.read_table(output).to_pylist()}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return tmp_path / "repo"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "d.parquet"


def test_a_dataset(repo: Path, output: Path) -> None:
    hashes = told().make(repo)
    (report,) = run(repo, output)
    assert (report.project, report.commits, report.rows, report.fixes, report.positive) == ("repo", 49, 37, 12, 12)
    assert (report.horizon_days, report.undecided, report.left_out) == (30, 2, {})
    found = rows(output)
    assert set(found) == {hashes[name] for name in hashes if not name.startswith("docs")}
    assert {commit for commit, row in found.items() if row["label"] == 1} == {hashes[f"bug{n}"] for n in range(12)}
    bug = found[hashes["bug1"]]
    assert (bug["id"], bug["project"], bug["language"]) == (f"repo@{hashes['bug1']}", "repo", "Python")
    assert (bug["lines_added"], bug["lines_deleted"], bug["files_changed"], bug["diff_truncated"]) == (1, 1, 1, False)
    assert bug["files"] == [{"path": "src/a.py", "language": "Python", "status": "M", "lines_added": 1, "lines_deleted": 1}]
    assert (bug["label_kind"], bug["split"], bug["weight"], bug["fixed_by"]) == ("defect:szz", "train", 1.0, [hashes["fix1"]])
    assert bug["defective_lines"] == [{"path": "src/a.py", "change": "added", "text": "return value - 1 + offset(1)"}]
    assert (bug["message"], bug["reference_scores"]) == ("Simplify f1", [])
    metrics = dict(bug["expert_features"])
    assert (metrics["la"], metrics["lt"], metrics["ndev"], metrics["nuc"], metrics["fix"]) == (1, 46, 1, 3, 0)
    assert [row["split"] for row in found.values()].count("train") == 28
    assert all(line["text"] in row["diff"] for row in found.values() for line in row["defective_lines"])


def test_the_columns_are_those_of_the_corpus(repo: Path, output: Path) -> None:
    told(3).make(repo)
    run(repo, output)
    schema = pq.read_schema(output)
    assert schema.equals(COLUMNS, check_metadata=False)
    assert [f"{one.name} {one.type}" for one in schema if one.name not in {"files", "defective_lines"}] == [
        "id string", "project string", "commit string", "author_date timestamp[ms, tz=UTC]", "language string", "message string",
        "lines_added int32", "lines_deleted int32", "files_changed int32", "diff string", "diff_truncated bool", "label int8",
        "label_kind string", "split string", "weight float",
        "expert_features map<string, float ('expert_features')>", "reference_scores map<string, float ('reference_scores')>",
        "fixed_by list<element: string>",
    ]  # fmt: skip
    assert pq.ParquetFile(output).metadata.row_group(0).column(0).compression == "ZSTD"


def test_training_never_takes_the_young_for_sound(repo: Path, output: Path) -> None:
    hashes = told().make(repo)
    run(repo, output)
    frame = read([output], [*columns, "label_kind"])
    young = frame[frame["split"] == "young"]
    assert set(young["id"]) == {f"repo@{hashes[name]}" for name in ("bug11", "good11", "fix11")}
    kinds = dict(zip(young["label_kind"], young["label"], strict=False))
    assert kinds == {"defect:szz": 1, "defect:undecided": 0}
    assert not frame.loc[frame["split"] != "young", "label_kind"].str.contains("undecided").any()
    for split in ("train", "valid", "test"):
        assert (frame["split"] == split).any()
    dates = frame.groupby("split")["author_date"]
    assert dates.max()["train"] < dates.min()["valid"] <= dates.max()["valid"] < dates.min()["test"]
    assert dates.max()["test"] < dates.min()["young"]
    assert len(list(diffs(frame))) == len(frame)


def test_a_run_over_a_grown_history_gives_what_one_over_all_of_it_gives(
    repo: Path, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "AT_ONCE", 7)
    story = told(5)
    story.make(repo)
    (first,) = run(repo, output)
    go_on(story, 5, 12)
    story.make(repo)
    (second,) = run(repo, output)
    assert (first.new_commits, second.new_commits, second.commits) == (21, 28, 49)
    run(repo, tmp_path / "whole.parquet")
    assert rows(output) == rows(tmp_path / "whole.parquet")
    (third,) = run(repo, output)
    assert third.new_commits == 0
    assert rows(output) == rows(tmp_path / "whole.parquet")


def test_a_stopped_run_goes_on(repo: Path, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "AT_ONCE", 10)
    monkeypatch.setattr(project, "_FIXES_AT_ONCE", 5)
    told().make(repo)
    for phase, least in (("reading", 20), ("tracing fixes", 5)):
        for item in mine([repo], (), output, SZZ):
            if isinstance(item, Progress) and item.phase == phase and item.done >= least:
                break
        assert not output.exists()
    state = tmp_path / "d.parquet.state"
    assert len(list(state.rglob("facts-*"))) == 5
    traces = next(state.rglob("traces.jsonl"))
    traces.write_bytes(traces.read_bytes()[:-20])
    (state / "dataset.part").write_bytes(b"half")
    told_of = [item for item in mine([repo], (), output, SZZ) if isinstance(item, Progress)]
    assert [item.phase for item in told_of] == ["tracing fixes"] * 2
    run(repo, tmp_path / "whole.parquet")
    assert rows(output) == rows(tmp_path / "whole.parquet")
    assert not list(state.rglob("*.part"))


def test_commits_that_the_history_lost_leave_the_dataset(repo: Path, output: Path) -> None:
    hashes = told().make(repo)
    run(repo, output)
    git(repo, "update-ref", "refs/heads/main", hashes["fix8"])
    (report,) = run(repo, output)
    assert (report.commits, report.new_commits) == (37, 0)
    assert hashes["bug9"] not in rows(output)


def test_projects_are_added_and_others_stay(repo: Path, output: Path, tmp_path: Path) -> None:
    told(4).make(repo)
    told(6).make(tmp_path / "other.git")
    run(repo, output)
    before = rows(output)
    run(tmp_path / "other.git", output)
    found = pq.read_table(output).to_pylist()
    assert [row for row in found if row["project"] == "repo"] == list(before.values())
    assert sum(row["project"] == "other" for row in found) == 19
    about = json.loads(pq.read_schema(output).metadata[b"whydiff/mine"])
    assert set(about["projects"]) == {"repo", "other"}


def test_several_repositories_at_once(repo: Path, output: Path, tmp_path: Path) -> None:
    told(4).make(repo)
    told(6).make(tmp_path / "other.git")
    items = list(mine([repo, tmp_path / "other.git"], ("a/b", "c/d"), output, SZZ))
    assert [item.project for item in items if isinstance(item, Report)] == ["a/b", "c/d"]
    assert {item.project for item in items if isinstance(item, Progress)} == {"a/b", "c/d"}
    assert [row["project"] for row in pq.read_table(output).to_pylist()] == ["a/b"] * 13 + ["c/d"] * 19
    Story().commit("one", "One", {"a.py": "a\n"}).make(tmp_path / "none")
    with pytest.raises(DataError, match="No commit of none can be labelled"):
        run([repo, tmp_path / "none"], tmp_path / "new.parquet")
    assert not (tmp_path / "new.parquet").exists()


def test_developers_declare(repo: Path, output: Path) -> None:
    story = told(3)
    hashes = story.make(repo)
    later = "f" * 40
    story.commit("m1", "Note\n\nFixes: " + hashes["bug0"][:10], {"src/b.py": "b = 1\n"})
    story.commit("m2", f"Note\n\nFixes: {later}\nFixes: {hashes['docs0']}", {"src/b.py": "b = 2\n"})
    story.commit("m3", f'Revert "Add g1"\n\nThis reverts commit {hashes["good1"]}.', {"src/g1.py": None}, days=40)
    hashes = story.make(repo)
    story.commit("m4", f'Revert "Revert"\n\nThis reverts commit {hashes["m3"]}.', {"src/g1.py": "g = 1\n"}, days=60)
    hashes = story.make(repo)
    (report,) = run(repo, output, DECLARED)
    found = rows(output)
    positive = {commit: row["fixed_by"] for commit, row in found.items() if row["label"]}
    assert positive == {hashes["bug0"]: [hashes["m1"]], hashes["good1"]: [hashes["m3"]]}
    assert {row["label_kind"] for row in found.values()} == {"defect:declared", "defect:undecided"}
    assert report.left_out == {
        "names of commits that the history does not hold": 1,
        "reverts of reverts": 1,
        "culprits that change no code": 1,
    }


def test_only_performance(repo: Path, output: Path) -> None:
    story = told(3)
    hashes = story.make(repo)
    story.commit("slow", "Simplify", {"src/a.py": text(7)}, days=3).commit("fast", "Speed up f7", {"src/a.py": text()}, days=3)
    story.commit("note", f"Fix slow start\n\nFixes: {hashes['good1']}", {"src/c.py": "c = 1\n"}, days=99)
    hashes = story.make(repo)
    run(repo, output, MineOptions(Labels.PERFORMANCE))
    found = rows(output)
    kinds = {commit: row["label_kind"] for commit, row in found.items() if row["label"]}
    assert kinds == {hashes["slow"]: "performance:szz", hashes["good1"]: "performance:declared"}
    others = {row["label_kind"] for row in found.values() if not row["label"]}
    assert others == {"performance:declared+szz", "performance:undecided"}


def test_the_projects_own_list_of_commits_to_pass_over(repo: Path, output: Path) -> None:
    story = told(3)
    tidy = text(7).replace("return value - 7", "return (value) - 7")
    story.commit("bug", "Simplify", {"src/a.py": text(7)}).commit("tidy", "Tidy", {"src/a.py": tidy})
    story.commit("fix", "Fix f7", {"src/a.py": text()})
    hashes = story.make(repo)
    run(repo, output)
    assert rows(output)[hashes["tidy"]]["label"] == 1
    story.commit("list", "List", {".git-blame-ignore-revs": f"# style\n{hashes['tidy']}\n{'0' * 40}\nnonsense\n"})
    story.make(repo)
    run(repo, output)
    assert (rows(output)[hashes["tidy"]]["label"], rows(output)[hashes["bug"]]["label"]) == (0, 1)


def test_nobody_is_named_on_disk(repo: Path, output: Path, tmp_path: Path) -> None:
    told(3).make(repo)
    run(repo, output)
    state = tmp_path / "d.parquet.state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    stored = [str(pq.read_table(path).to_pylist()).encode() for path in [output, *state.rglob("*.parquet")]]
    stored += [path.read_bytes() for path in state.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    assert not [word for one in stored for word in (b"example.org", b"Bob", b"Ada", b"bob@") if word in one]


def test_what_is_refused(repo: Path, output: Path, tmp_path: Path) -> None:
    told(3).make(repo)
    with pytest.raises(RevisionError, match="cannot be read"):
        run(tmp_path / "nowhere", output)
    assert not output.with_name("d.parquet.state").exists()
    run(repo, output)
    with pytest.raises(UsageError, match="begun with --labels szz; use the same"):
        run(repo, output, DECLARED)
    with pytest.raises(UsageError, match=r"begun with --max-deleted 200, --min-share 0\.5"):
        run(repo, output, MineOptions(max_deleted=9, min_share=0.1))
    with pytest.raises(UsageError, match="one --project for each of the 1 repositories, but got 2"):
        run(repo, output, names=("a", "b"))
    with pytest.raises(UsageError, match="both called repo"):
        run([repo, repo], output)
    foreign = tmp_path / "foreign.parquet"
    foreign.write_bytes(b"no")
    with pytest.raises(UsageError, match="was not made by whydiff mine"):
        run(repo, foreign)
    assert foreign.read_bytes() == b"no"


def test_a_project_of_the_same_name_with_another_past_is_refused(repo: Path, output: Path, tmp_path: Path) -> None:
    told(3).make(repo)
    run(repo, output)
    story = Story().commit("other", "Another", {"b.py": "b = 1\n"})
    go_on(story, 0, 2)
    (tmp_path / "x").mkdir()
    story.make(tmp_path / "x" / "repo")
    before = rows(output)
    with pytest.raises(DataError, match="another history than"):
        run(tmp_path / "x" / "repo", output)
    assert rows(output) == before


def test_state_that_does_not_belong_is_refused(repo: Path, output: Path, tmp_path: Path) -> None:
    told(3).make(repo)
    run(repo, output)
    state = tmp_path / "d.parquet.state"
    moved = state.rename(tmp_path / "away")
    with pytest.raises(UsageError, match="its state is gone"):
        run(repo, output)
    run(repo, tmp_path / "e.parquet")
    (tmp_path / "e.parquet.state").rename(state)
    with pytest.raises(UsageError, match="another dataset or version"):
        run(repo, output)
    (state / "state.json").write_text("{")
    with pytest.raises(UsageError, match="is broken"):
        run(repo, output)
    state.rename(tmp_path / "away too")
    moved.rename(state)
    with store.opened(output, SZZ), pytest.raises(UsageError, match="Another run is writing"):
        run(repo, output)
    next(state.rglob("facts-*")).write_bytes(b"no")
    with pytest.raises(DataError, match="is broken; delete"):
        run(repo, output)


def test_nothing_to_learn_is_said(repo: Path, output: Path) -> None:
    Story().commit("one", "One", {"a.py": "a\n"}).commit("two", "Fix typo", {"a.py": "b\n"}).make(repo)
    with pytest.raises(DataError, match="none of its 0 fixes leads to an earlier change"):
        run(repo, output)
    assert not output.exists()


CANARIES = (
    "diff.external", "diff.spy.textconv", "diff.spy.command", "core.fsmonitor", "core.pager", "pager.log", "pager.blame",
    "gpg.program", "core.editor", "core.sshCommand", "filter.spy.clean", "filter.spy.smudge", "core.alternateRefsCommand",
    "remote.origin.uploadpack", "merge.spy.driver", "alias.log", "alias.blame",
)  # fmt: skip


def test_no_program_of_the_repository_runs(tmp_path: Path, output: Path) -> None:
    told(3).make(tmp_path / "bare")
    git(tmp_path, "clone", "-q", str(tmp_path / "bare"), "repo")
    repo, canary, spy = tmp_path / "repo", tmp_path / "canary", tmp_path / "spy"
    run(repo, tmp_path / "before.parquet")
    spy.write_text(f'#!/bin/sh\necho "$@" >> {canary}\ncat "$@" 2>/dev/null\n')
    spy.chmod(0o755)
    for name in CANARIES:
        git(repo, "config", name, f"!{spy}" if name.startswith("alias") else str(spy))
    git(repo, "config", "core.hooksPath", str(tmp_path))
    git(repo, "config", "blame.ignoreRevsFile", "/nowhere")
    git(repo, "config", "diff.renames", "no")
    (repo / ".gitattributes").write_text("* diff=spy filter=spy\n*.py -diff\n")
    (repo / ".git" / "info" / "attributes").write_text("* diff=spy\n*.py binary\n")
    git(repo, "show", "HEAD:src/a.py", "--textconv")
    git(repo, "log", "-p", "-3")
    assert canary.exists(), "the canary is dead: plain git must run it"
    canary.unlink()
    run(repo, output)
    assert not canary.exists()
    assert rows(output) == rows(tmp_path / "before.parquet")
