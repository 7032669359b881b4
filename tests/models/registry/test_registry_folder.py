from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from models.classify.checkpoint import digest_folder
from models.errors import ModelError, UsageError
from models.registry.entry import Entry, State, expiry, read_entry
from models.registry.folder import AddOptions, Registry, lineage, place
from tests.models.registry.registry_shelf import TODAY, copied

HASH = "0123456789abcdef"


def put(registry: Registry, folder: Path, **told: object):
    return registry.add(folder, AddOptions(**told), TODAY)[0]


def test_a_checkpoint_lies_under_its_content_hash_with_its_files_untouched(registry: Registry, tiny_folder: Path, tmp_path: Path):
    source = copied(tiny_folder, tmp_path / "source")
    (source / "README.md").write_text("# Card")
    (source / "notes.log").write_text("not part of it")
    (source / "registry.json").write_text("of another registry")
    (source / "work").mkdir()
    (source / "work" / "encoded.npz").write_bytes(b"scratch")
    entry, new = registry.add(source, AddOptions("mine", expires=date(2031, 1, 1)), TODAY)
    assert (new, entry.name, entry.kind, entry.digest) == (True, "mine", "transformer", digest_folder(source))
    assert (entry.added, entry.validated, entry.validated_on, entry.last_used) == (TODAY, entry.digest, TODAY, None)
    there = registry.folder(entry)
    belonging = {"config.json", "model.safetensors", "tokenizer.json", "whydiff.json", "train.json", "README.md"}
    assert {path.name for path in there.iterdir()} == belonging | {"registry.json"}
    assert all((there / name).read_bytes() == (source / name).read_bytes() for name in belonging)
    assert read_entry(there) == entry
    assert registry.entries() == (entry,)


def test_the_same_content_again_is_no_error_and_no_copy(registry: Registry, tiny_folder: Path):
    entry, _ = registry.add(tiny_folder, AddOptions("first"), TODAY)
    before = (registry.folder(entry) / "model.safetensors").stat().st_ino
    again, new = registry.add(tiny_folder, AddOptions("second"), TODAY + timedelta(1))
    assert (again, new) == (entry, False)
    assert (registry.folder(entry) / "model.safetensors").stat().st_ino == before


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "-x", "a b", "x" * 65, "default", "é", "a\n", "\x1b[31m"])
def test_a_name_is_no_path_and_no_option(registry: Registry, tiny_folder: Path, name: str):
    with pytest.raises(UsageError, match="Expected a name of 1 to 64 letters"):
        put(registry, tiny_folder, name=name)
    assert not registry.root.exists()


def test_a_name_belongs_to_one_model(registry: Registry, entry: Entry, tiny_folder: Path, tmp_path: Path):
    other = copied(tiny_folder, tmp_path / "other", threshold=0.4)
    with pytest.raises(UsageError, match="The name tiny is that of the model"):
        put(registry, other)
    put(registry, other, name="other")
    assert [one.name for one in registry.entries()] == ["other", "tiny"]


def test_a_name_that_a_checkpoint_brings_is_tidied(registry: Registry, tiny_folder: Path, tmp_path: Path):
    assert put(registry, copied(tiny_folder, tmp_path / "a", name="../my model\x1b!")).name == "my-model"
    assert put(registry, copied(tiny_folder, tmp_path / "b", name="\u202e")).name == "model"


def test_what_validation_refuses_leaves_nothing_behind(registry: Registry, tiny_folder: Path, tmp_path: Path):
    bad = copied(tiny_folder, tmp_path / "bad")
    (bad / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="could not be loaded"):
        put(registry, bad)
    assert registry.entries() == ()
    assert [path.name for path in registry.root.iterdir()] == [".lock"]


def test_lineage_is_read_of_the_checkpoint_and_told_lineage_wins(registry: Registry, tiny_folder: Path, tmp_path: Path):
    source = copied(tiny_folder, tmp_path / "source", parent="abcdef0123456789")
    (source / "state.json").write_text(json.dumps({"data": "d" * 64, "parent": "not hexadecimal"}))
    assert lineage(source) == {"parent": "abcdef0123456789", "data": "d" * 64}
    entry = put(registry, source, parent=HASH)
    assert (entry.parent, entry.data) == (HASH, "d" * 64)
    for nonsense in ("[" * 100_000, "[]", '{"data": 3}', "\x00"):
        (source / "state.json").write_text(nonsense)
        assert lineage(source)["data"] == ""


def test_a_half_written_entry_is_never_listed_and_cleared_by_the_next(registry: Registry, tiny_folder: Path):
    half = registry.root / ".unfinished-1234"
    shutil.copytree(tiny_folder, half)
    (registry.root / ("a" * 16)).mkdir()
    assert registry.entries() == ()
    entry = put(registry, tiny_folder)
    assert registry.entries() == (entry,)
    assert not half.exists()
    assert len(registry.broken()) == 1


def _add_and_die(root: Path, folder: Path) -> None:
    import models.registry.folder as module

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    module.write_entry = die
    module.Registry(root).add(folder, AddOptions(), TODAY)


def test_a_kill_in_the_middle_leaves_nothing_that_counts(registry: Registry, tiny_folder: Path):
    process = multiprocessing.get_context("spawn").Process(target=_add_and_die, args=(registry.root, tiny_folder))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert any(path.name.startswith(".unfinished-") for path in registry.root.iterdir())
    assert (registry.entries(), registry.broken()) == ((), ())
    entry = put(registry, tiny_folder)
    assert {path.name for path in registry.root.iterdir()} == {".lock", entry.digest}


def test_many_may_add_at_once(registry: Registry, tiny_folder: Path, tmp_path: Path):
    other = copied(tiny_folder, tmp_path / "other", threshold=0.4, name="other")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda folder: registry.add(folder, AddOptions(), TODAY), [tiny_folder, other] * 2))
    assert sorted(new for _, new in done) == [False, False, True, True]
    assert [one.name for one in registry.entries()] == ["other", "tiny"]


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "other"}, {"name": "a/b"}, {"name": None}, {"digest": HASH}, {"added": "yesterday"}, {"expires": 5},
        {"reason": ["x"]},
    ],
)  # fmt: skip
def test_a_broken_record_spoils_no_other(registry: Registry, entry: Entry, change: dict[str, object]):
    other = registry.root / HASH
    shutil.copytree(registry.folder(entry), other)
    record = json.loads((other / "registry.json").read_text()) | {"digest": HASH, "name": "other"}
    (other / "registry.json").write_text(json.dumps(record))
    assert len(registry.entries()) == 2
    (other / "registry.json").write_text(json.dumps(record | change | ({"digest": "f" * 16} if "digest" in change else {})))
    assert registry.entries() == (entry,)
    (said,) = registry.broken()
    assert str(other) in said
    assert said.endswith("add the model again.")


@pytest.mark.parametrize(
    ("days", "state"), [(None, "ok"), (31, "ok"), (30, "expires soon"), (0, "expires soon"), (-1, "expired")]
)
def test_how_a_model_stands_is_a_matter_of_days(days: int | None, state: str):
    expires = TODAY + timedelta(days) if days is not None else None
    entry = Entry("tiny", HASH, "transformer", validated=HASH, expires=expires)
    assert entry.state(TODAY) == state
    assert bool(entry.warnings(TODAY)) == (state == "expired")
    if expires:
        assert entry.state(expires + timedelta(1)) is State.EXPIRED
        assert entry.warnings(expires + timedelta(1)) == (f"The model tiny expired on {expires}; train or add a newer one.",)


def test_a_day_is_a_date_or_a_number_of_days():
    assert expiry("90", TODAY) == TODAY + timedelta(90)
    assert expiry("0", TODAY) == TODAY
    assert expiry(" 2031-02-03 ", TODAY) == date(2031, 2, 3)
    assert expiry("9" * 400, TODAY) > TODAY
    for wrong in ("soon", "2031-02-30", "-1", "1e3", "9" * 5000):
        with pytest.raises(UsageError, match="Expected a date such as"):
            expiry(wrong, TODAY)
    with pytest.raises(UsageError, match="not over yet, but got 2029-01-01"):
        expiry("2029-01-01", TODAY)


def test_retiring_first_warns_and_deletes_only_when_told(registry: Registry, entry: Entry):
    with pytest.raises(UsageError, match="retire it first without --now"):
        registry.retire(entry, "", TODAY, now=True)
    marked = registry.retire(entry, "too old.", TODAY, now=False)
    assert marked.state(TODAY) is State.RETIRED
    assert marked.warnings(TODAY) == (f"The model tiny was retired on {TODAY} (too old); choose another one.",)
    later = registry.retire(marked, "", TODAY + timedelta(3), now=False)
    assert (later.retired, later.reason) == (TODAY, "too old.")
    registry.retire(later, "", TODAY, now=True)
    assert registry.entries() == ()
    assert [path.name for path in registry.root.iterdir()] == [".lock"]


def test_validation_is_for_one_content(registry: Registry, entry: Entry):
    later = TODAY + timedelta(9)
    assert registry.validate(entry, later).digest == entry.digest
    assert registry.entries()[0].validated_on == later
    settings = registry.folder(entry) / "whydiff.json"
    settings.write_text(settings.read_text().replace('"threshold": 0.5', '"threshold": 0.4'))
    with pytest.raises(ModelError, match="files of the model tiny were changed"):
        registry.validate(entry, later)


def test_another_tokenizer_is_refused_by_name(registry: Registry, entry: Entry):
    path = registry.folder(entry) / "tokenizer.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(ModelError, match="The tokenizer of the model tiny is not the one that was registered"):
        registry.validate(entry, TODAY)


def test_use_is_noted_once_a_day_and_never_in_the_way(registry: Registry, entry: Entry):
    record = registry.folder(entry) / "registry.json"
    registry.touch(entry, TODAY)
    (noted,) = registry.entries()
    assert noted.last_used == TODAY
    written = record.stat().st_ino
    registry.touch(noted, TODAY)
    assert record.stat().st_ino == written
    with (registry.root / ".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        registry.touch(noted, TODAY + timedelta(1))
    assert registry.entries() == (noted,)
    shutil.rmtree(registry.root)
    registry.touch(noted, TODAY + timedelta(1))
    assert not registry.root.exists()


def test_the_place_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("WHYDIFF_MODELS", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place() == tmp_path / ".local" / "share" / "whydiff" / "models"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert place() == tmp_path / ".local" / "share" / "whydiff" / "models"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert place() == tmp_path / "data" / "whydiff" / "models"
    monkeypatch.setenv("WHYDIFF_MODELS", str(tmp_path / "here"))
    assert place() == tmp_path / "here"
    assert Registry().entries() == ()
