"""Configurations: what ships can be read, what is wrong is named."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from models.errors import UsageError
from models.train.config import read_config, shipped_config
from models.train.tiers import TIERS


@pytest.mark.parametrize("kind", TIERS)
def test_every_kind_ships_the_file_it_was_trained_by(kind: str):
    config = read_config(None, kind)
    values = tomllib.loads(shipped_config(kind).read_text())
    assert config.tier.kind == values.pop("kind") == kind
    assert {name: getattr(config.options, name) for name in values} == values


def test_without_a_word_it_is_ours():
    assert read_config(None, None).tier.kind == "diff-transformer"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "name its kind"),
        ("kind = 3", "name its kind"),
        ("kind = 'forest'", "one of size, bag, transformer, diff-transformer"),
        ("kind = 'bag'\nlayers = 3", "has no option 'layers'; it has c, "),
        ("kind = 'bag'\nmin_df = 'ten'", "Expected min_df to be of type int, but got 'ten'"),
        ("kind = 'bag'\nmin_df = 0", "Expected min_df between 1 and"),
        ("kind = 'bag'\nc = true", "of type float"),
        ("kind = ", "no TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, text: str, said: str):
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(UsageError, match=said.replace(".", "[.]")):
        read_config(tmp_path / "a.toml", None)


def test_a_kind_that_is_not_the_files_own_is_refused(tmp_path: Path):
    (tmp_path / "a.toml").write_text("kind = 'bag'")
    with pytest.raises(UsageError, match="for the kind bag"):
        read_config(tmp_path / "a.toml", "size")


@pytest.mark.parametrize(
    ("change", "name", "value"), [("c=1", "c", 1.0), ("weighted=false", "weighted", False), ("seed=4", "seed", 4)]
)
def test_changes_are_made_to_it(change: str, name: str, value: object):
    assert getattr(read_config(None, "bag", [change]).options, name) == value
