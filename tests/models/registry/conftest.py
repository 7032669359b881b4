"""A registry that holds one tiny checkpoint, called tiny; it is validated once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.registry.entry import Entry
from models.registry.folder import AddOptions, Registry
from tests.models.registry.registry_shelf import TODAY


@pytest.fixture(scope="session")
def stocked(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stocked")
    Registry(root).add(tiny_folder, AddOptions(), TODAY)
    return root


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


@pytest.fixture
def entry(registry: Registry, stocked: Path) -> Entry:
    shutil.copytree(stocked, registry.root)
    return registry.entries()[0]
