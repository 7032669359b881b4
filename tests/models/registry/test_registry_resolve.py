from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from models.classify.checkpoint import digest_folder
from models.classify.load import shipped
from models.errors import ModelError, UsageError
from models.registry.entry import Entry
from models.registry.folder import AddOptions, Registry
from models.registry.listing import card, described, listed
from models.registry.resolve import Found, digest_of, find, resolve, use, warnings
from tests.models.registry.registry_shelf import TODAY, copied


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")


def test_the_shipped_model_is_called_default(registry: Registry, tiny_folder: Path):
    assert find("", registry) == find("default", registry) == Found(shipped())
    shutil.copytree(tiny_folder, "default")
    assert find("default", registry) == Found(Path("default"))


def test_a_model_is_found_by_name_and_by_the_beginning_of_its_hash(registry: Registry, entry: Entry):
    for text in ("tiny", entry.digest, entry.digest[:4], entry.digest[:11]):
        assert resolve(text, registry) == registry.folder(entry)
    for text in (entry.digest[:3], entry.digest.upper() + "0", entry.digest + "0", "tin"):
        with pytest.raises(ModelError, match=r"no registered model has that name or hash \(there are: default, tiny\)"):
            find(text, registry)


def test_a_folder_wins_over_a_name_and_a_name_over_a_hash(registry: Registry, entry: Entry, tiny_folder: Path, tmp_path: Path):
    other, _ = registry.add(copied(tiny_folder, tmp_path / "b", threshold=0.3), AddOptions(entry.digest[:6]), TODAY)
    assert find(entry.digest[:6], registry).entry == other
    assert find(entry.digest[:7], registry).entry == entry
    shutil.copytree(tiny_folder, "tiny")
    assert find("tiny", registry) == Found(Path("tiny"))


def test_a_file_hides_no_name(registry: Registry, entry: Entry):
    Path("tiny").touch()
    Path("other").touch()
    assert find("tiny", registry).entry == entry
    assert find("other", registry) == Found(Path("other"))
    for odd in ("x" * 5000, "a\0b"):
        with pytest.raises(ModelError, match="no registered model has that name"):
            find(odd, registry)


def test_what_has_a_separator_is_a_path(registry: Registry, entry: Entry, tmp_path: Path):
    assert find("./tiny", registry) == Found(Path("./tiny"))
    assert resolve(str(tmp_path / "none"), registry) == tmp_path / "none"


def test_the_beginning_of_several_hashes_names_them(registry: Registry, entry: Entry):
    twin = registry.root / (entry.digest[:8] + "00000000")
    shutil.copytree(registry.folder(entry), twin)
    record = json.loads((twin / "registry.json").read_text()) | {"digest": twin.name, "name": "twin"}
    (twin / "registry.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match=f"several are: .*{entry.digest} \\(tiny\\)") as caught:
        find(entry.digest[:5], registry)
    assert f"{twin.name} (twin)" in str(caught.value)
    assert find(entry.digest, registry).entry == entry


def test_an_entry_that_is_not_what_was_validated_is_refused(registry: Registry, entry: Entry):
    path = registry.folder(entry) / "registry.json"
    path.write_text(path.read_text().replace(f'"validated": "{entry.digest}"', '"validated": ""'))
    with pytest.raises(ModelError, match="The model tiny was not validated; run whydiff models validate tiny first"):
        resolve("tiny", registry)
    registry.validate(find("tiny", registry).entry, TODAY)
    assert resolve("tiny", registry) == registry.folder(entry)
    weights = registry.folder(entry) / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ModelError, match="files of the model tiny were changed since it was added"):
        use("tiny", TODAY, registry)


def test_use_notes_the_day_and_passes_warnings_on(registry: Registry, tiny_folder: Path):
    entry, _ = registry.add(tiny_folder, AddOptions(expires=TODAY), TODAY)
    assert use("tiny", TODAY, registry).warnings == ()
    assert registry.entries()[0].last_used == TODAY
    later = TODAY + timedelta(1)
    assert use("tiny", later, registry).warnings == warnings("tiny", later, registry)
    assert warnings("tiny", later, registry) == (f"The model tiny expired on {TODAY}; train or add a newer one.",)
    registry.retire(entry, "noisy", later, now=False)
    assert len(use("tiny", later, registry).warnings) == 2
    assert warnings("", later, registry) == warnings(str(tiny_folder), later, registry) == ()


def test_the_hash_of_whatever_is_called_so(registry: Registry, entry: Entry, tiny_folder: Path, tmp_path: Path):
    assert digest_of("tiny", registry) == digest_of(str(tiny_folder), registry) == entry.digest
    assert digest_of("", registry) == digest_folder(shipped())
    assert digest_of("0123456789", registry) == "0123456789"
    for wrong in ("nobody", str(tmp_path / "none")):
        with pytest.raises(ModelError):
            digest_of(wrong, registry)


def test_the_list_begins_with_the_shipped_model(registry: Registry, entry: Entry):
    first, *rest = listed(registry)
    assert (first.name, first.digest, first.state(TODAY)) == ("default", digest_folder(shipped()), "ok")
    assert rest == [entry]


def test_a_folder_that_is_not_registered_is_described_by_its_files(registry: Registry, tiny_folder: Path, tmp_path: Path):
    one = described(Found(tiny_folder))
    assert (one.digest, one.kind, one.state(TODAY)) == (digest_folder(tiny_folder), "transformer", "not validated")
    with pytest.raises(ModelError, match="does not exist"):
        described(Found(tmp_path / "none"))


def test_a_card_is_text_of_bounded_size(tmp_path: Path):
    assert card(tmp_path) == ""
    (tmp_path / "README.md").write_bytes(b"# \xff" + b"x" * 300_000)
    assert card(tmp_path).startswith("# \N{REPLACEMENT CHARACTER}x")
    assert len(card(tmp_path)) <= 200_000
    (tmp_path / "CARD.md").write_text("the card")
    assert card(tmp_path) == "the card"
