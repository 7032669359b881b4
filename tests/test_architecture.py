"""The house stays as docs/architecture.md draws it. Every check runs on the project and on a small tree that breaks its rule."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.third_party import DISTRIBUTIONS, THIRD_PARTY

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {"app": {"app", "explain", "models"}, "explain": {"explain", "models"}, "models": {"models"}}
DATA_PACKAGES = {"sample_diffs", "models.default"}
"""Packages of data files, with or without an __init__.py."""
MAX_BODY, MAX_FILE = 60, 400
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}

DEFERRED = {("models.change.types", "models.change.render")}
"""Imports inside functions that would close a circle: a Diff's id is a hash of its rendered text."""


@dataclass(frozen=True)
class Import:
    """``module`` imports ``target``, a dotted name; ``level`` counts the dots of a relative import."""

    module: str
    target: str
    level: int


@dataclass(frozen=True)
class Tree:
    """The Python files of a project folder, by module name."""

    root: Path
    files: dict[str, Path]
    parsed: dict[str, ast.Module]

    @property
    def imports(self) -> list[Import]:
        return [one for module, parsed in self.parsed.items() for one in _imports(module, parsed, self.files)]


@cache
def read_tree(root: Path) -> Tree:
    files: dict[str, Path] = {}
    for layer in LAYERS:
        for path in sorted((root / layer).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return Tree(root, files, {name: ast.parse(path.read_text("utf-8")) for name, path in files.items()})


def _imports(module: str, parsed: ast.Module, files: dict[str, Path]) -> Iterator[Import]:
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            yield from (Import(module, alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            for alias in node.names:
                deeper = f"{base}.{alias.name}"
                yield Import(module, deeper if deeper in files else base, node.level)


def _functions(tree: Tree) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for module, parsed in tree.parsed.items():
        for node in ast.walk(parsed):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield module, node


def _below(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


def _third_party(tree: Tree) -> Iterator[tuple[str, str]]:
    for one in tree.imports:
        top = one.target.split(".")[0]
        if one.level == 0 and top not in LAYERS and top not in DATA_PACKAGES and top not in sys.stdlib_module_names:
            yield one.module, top


def upward_imports(tree: Tree) -> list[str]:
    """Imports of a layer above."""
    return [
        f"{one.module} imports {one.target}"
        for one in tree.imports
        if (top := one.target.split(".")[0]) in LAYERS and top not in LAYERS[one.module.split(".")[0]]
    ]


def relative_imports(tree: Tree) -> list[str]:
    """Imports with leading dots."""
    return [f"{one.module} imports {'.' * one.level}{one.target}" for one in tree.imports if one.level]


def import_circles(tree: Tree) -> list[str]:
    """Modules that import themselves through others, imports inside functions included."""
    edges: dict[str, set[str]] = {module: set() for module in tree.files}
    for one in tree.imports:
        if one.target in edges and one.target != one.module and (one.module, one.target) not in DEFERRED:
            edges[one.module].add(one.target)
    free: set[str] = set()
    while loose := {module for module, targets in edges.items() if module not in free and targets <= free}:
        free |= loose
    return [f"{module} is part of a circle or leads into one" for module in edges if module not in free]


def misplaced_third_party(tree: Tree) -> list[str]:
    """Third-party packages imported where the table does not allow it."""
    return [
        f"{module} imports {top}, allowed in {THIRD_PARTY.get(top, 'no module')}"
        for module, top in _third_party(tree)
        if not _below(module, THIRD_PARTY.get(top, ()))
    ]


def declared(tree: Tree) -> set[str]:
    """The distributions that pyproject.toml depends on, on this platform."""
    project = tomllib.loads((tree.root / "pyproject.toml").read_text("utf-8"))["project"]
    found = map(Requirement, project["dependencies"])
    return {one.name.lower() for one in found if one.marker is None or one.marker.evaluate()}


def undeclared_third_party(tree: Tree) -> list[str]:
    """Third-party packages that are imported but not declared, or the other way round."""
    used = {DISTRIBUTIONS.get(top, top) for _, top in _third_party(tree)}
    return sorted(f"{name} is imported or declared, not both" for name in used ^ declared(tree))


def long_functions(tree: Tree) -> list[str]:
    """Functions whose body, without the docstring, is longer than it may be."""
    found = []
    for module, node in _functions(tree):
        body = node.body[1:] if ast.get_docstring(node) else node.body
        length = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
        if length > MAX_BODY:
            found.append(f"{module}.{node.name} has {length} lines")
    return found


def long_files(tree: Tree) -> list[str]:
    """Files longer than they may be."""
    counted = {module: len(path.read_text("utf-8").splitlines()) for module, path in tree.files.items()}
    return [f"{module} has {count} lines" for module, count in counted.items() if count > MAX_FILE]


def vague_names(tree: Tree) -> list[str]:
    """Modules and packages whose name says nothing."""
    return [module for module in tree.files if VAGUE & set(module.split("."))]


@cache
def installed() -> frozenset[str]:
    """The top-level names that installed packages take."""
    return frozenset(packages_distributions())


def shadowing_names(tree: Tree) -> list[str]:
    """What stands directly in app/, which Streamlit puts first on the path, and bears another package's name."""
    taken = set(LAYERS) | DATA_PACKAGES | {"tests"} | sys.stdlib_module_names | installed()
    names = {path.stem for path in (tree.root / "app").iterdir() if path.suffix == ".py" or path.is_dir()}
    return sorted(f"app/{name} hides {name}" for name in names & taken)


def package_list(tree: Tree) -> list[str]:
    """Differences between the packages on disk and those that pyproject.toml lists."""
    setuptools = tomllib.loads((tree.root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    listed = set(setuptools["packages"]) - DATA_PACKAGES
    folders = {path.parent for path in tree.files.values()}
    on_disk = {".".join(folder.relative_to(tree.root).parts) for folder in folders} - DATA_PACKAGES
    bare = [f"{folder.relative_to(tree.root)} has no __init__.py" for folder in folders if not (folder / "__init__.py").exists()]
    return bare + [f"{name} is listed or on disk, not both" for name in sorted(listed ^ on_disk)]


def unpackaged_files(tree: Tree) -> list[str]:
    """Data files inside the packages that an installation would lack."""
    patterns = tomllib.loads((tree.root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    shipped = {
        path for package, globs in patterns.items() for one in globs for path in (tree.root / package.replace(".", "/")).glob(one)
    }
    data = {path for top in [*LAYERS, "sample_diffs"] for path in (tree.root / top).rglob("*") if path.is_file()}
    return sorted(str(path.relative_to(tree.root)) for path in data - shipped if path.suffix not in {".py", ".pyc", ""})


def undocumented(tree: Tree) -> list[str]:
    """Public modules, classes, functions and methods without a docstring."""
    found = []
    for module, parsed in tree.parsed.items():
        if parsed.body and not ast.get_docstring(parsed):
            found.append(module)
        found += [f"{module}.{name}" for name in _undocumented(parsed, "")]
    return found


def _undocumented(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not child.name.startswith("_"):
            if not ast.get_docstring(child):
                yield prefix + child.name
            if isinstance(child, ast.ClassDef):
                yield from _undocumented(child, f"{prefix}{child.name}.")


def loaded_by(module: str, folder: Path) -> set[str]:
    """The top-level modules that a fresh interpreter in ``folder`` holds after importing ``module``."""
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def _lines(count: int) -> str:
    return "    x = 1\n" * count


PYPROJECT = '[project]\ndependencies = []\n[tool.setuptools]\npackages = ["app", "explain", "models"]\n'
PYPROJECT += '[tool.setuptools.package-data]\napp = ["*.toml"]\n'

BROKEN: list[tuple[Callable[[Tree], list[str]], dict[str, str], str]] = [
    (upward_imports, {"explain/why.py": "def f():\n    import app.cli"}, "explain.why imports app.cli"),
    (upward_imports, {"models/what.py": "from explain import why"}, "models.what imports explain"),
    (relative_imports, {"models/a.py": "from . import b", "models/b.py": ""}, "models.a imports ."),
    (import_circles, {"models/a.py": "import models.b", "models/b.py": "def f():\n    from models import a"}, "models.a is"),
    (misplaced_third_party, {"models/a.py": "import streamlit"}, "models.a imports streamlit"),
    (misplaced_third_party, {"app/cli.py": "import plotly.express"}, "app.cli imports plotly"),
    (undeclared_third_party, {"models/a.py": "from sklearn.metrics import auc"}, "scikit-learn is imported or declared"),
    (undeclared_third_party, {"pyproject.toml": '[project]\ndependencies = ["torch>=2"]'}, "torch is imported or declared"),
    (long_functions, {"models/a.py": f"def f():\n{_lines(61)}"}, "models.a.f has 61 lines"),
    (long_functions, {"models/a.py": f"class A:\n  async def f(self):\n{_lines(61)}"}, "models.a.f has 61 lines"),
    (long_files, {"models/a.py": "\n" * 401}, "models.a has 401 lines"),
    (vague_names, {"explain/utils/__init__.py": ""}, "explain.utils"),
    (vague_names, {"app/helpers.py": ""}, "app.helpers"),
    (shadowing_names, {"app/models.py": ""}, "app/models hides models"),
    (shadowing_names, {"app/json.py": ""}, "app/json hides json"),
    (shadowing_names, {"app/pytest/__init__.py": ""}, "app/pytest hides pytest"),
    (package_list, {"models/new/__init__.py": ""}, "models.new is listed or on disk, not both"),
    (package_list, {"models/new/a.py": ""}, "models/new has no __init__.py"),
    (unpackaged_files, {"app/a.css": ""}, "app/a.css"),
    (unpackaged_files, {"app/.streamlit/config.toml": ""}, "app/.streamlit/config.toml"),
    (undocumented, {"models/a.py": '"""M."""\ndef f(): ...'}, "models.a.f"),
    (undocumented, {"models/a.py": '"""M."""\nclass A:\n    """A."""\n    def f(self): ...'}, "models.a.A.f"),
    (undocumented, {"models/a.py": "import os"}, "models.a"),
]

CHECKS = list(dict.fromkeys(check for check, _, _ in BROKEN))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_project_keeps_the_rule(check: Callable[[Tree], list[str]]) -> None:
    assert check(read_tree(ROOT)) == []


@pytest.mark.parametrize(("check", "files", "message"), BROKEN)
def test_check_notices_a_broken_rule(
    check: Callable[[Tree], list[str]], files: dict[str, str], message: str, tmp_path: Path
) -> None:
    sound = {f"{layer}/__init__.py": "" for layer in LAYERS} | {"pyproject.toml": PYPROJECT}
    for name, text in (sound | files).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert any(found.startswith(message) for found in check(read_tree(tmp_path)))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_check_is_silent_on_a_sound_tree(check: Callable[[Tree], list[str]], tmp_path: Path) -> None:
    for layer in LAYERS:
        (tmp_path / layer).mkdir()
        (tmp_path / layer / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    assert check(read_tree(tmp_path)) == []


def test_table_of_third_party_packages_has_no_row_that_nothing_needs() -> None:
    used = set(_third_party(read_tree(ROOT)))
    rows = {(prefix, package) for package, prefixes in THIRD_PARTY.items() for prefix in prefixes}
    needed = {(prefix, top) for prefix, package in rows for module, top in used if top == package and _below(module, (prefix,))}
    assert rows - needed == set()


def test_deferred_imports_are_still_there_and_still_deferred() -> None:
    tree = read_tree(ROOT)
    for module, target in DEFERRED:
        top_level = ast.Module([node for node in tree.parsed[module].body if isinstance(node, ast.Import | ast.ImportFrom)], [])
        assert target in {one.target for one in tree.imports if one.module == module}
        assert target not in {one.target for one in _imports(module, top_level, tree.files)}


@pytest.mark.parametrize("module", ["app.cli.main", "explain.counterfactual.search"])
def test_module_loads_without_the_heavy_packages(module: str) -> None:
    assert loaded_by(module, ROOT) & {"torch", "transformers", "captum", "sklearn", "xgboost", "streamlit", "plotly"} == set()


def test_loaded_modules_are_seen(tmp_path: Path) -> None:
    (tmp_path / "torch.py").touch()
    (tmp_path / "heavy.py").write_text("import torch", "utf-8")
    assert {"heavy", "torch"} <= loaded_by("heavy", tmp_path)
