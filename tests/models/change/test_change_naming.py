"""Language and component of a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.change.component import ROOT, Components
from models.change.language import UNKNOWN, language
from models.errors import UsageError


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b.py", "Python"), ("b.pyi", "Python"), ("X.java", "Java"), ("x.c", "C"), ("x.h", "C"), ("x.hpp", "C++"),
        ("x.cc", "C++"), ("x.js", "JavaScript"), ("x.jsx", "JavaScript"), ("x.ts", "TypeScript"), ("x.tsx", "TypeScript"),
        ("x.rs", "Rust"), ("x.md", "Docs"), ("x.rst", "Docs"), ("x.txt", "Docs"), ("x.json", "JSON"), ("x.groovy", "Groovy"),
        ("x.xml", "XML"), ("pom.xml", "XML"), ("x.yml", "YAML"), ("x.sh", "Shell"), ("x.bash", "Shell"), ("x.html", "HTML"),
        ("x.toml", "TOML"), ("Cargo.toml", "TOML"), ("x.css", "CSS"), ("x.pl", "Perl"), ("x.ini", "Config"), ("x.vue", "Vue"),
        ("x.proto", "Proto"), ("x.m4", "M4"), ("x.scala", "Scala"), ("x.s", "Assembly"), ("x.po", "PO"), ("x.rb", "Ruby"),
        ("x.cs", "C#"), ("Makefile", "Makefile"), ("x.go", "Go"), ("x.png", "Binary"), ("x.qqq", UNKNOWN), ("noname", UNKNOWN),
        ("", UNKNOWN), ("dir/", UNKNOWN), ("\udcff.py", "Python"), ("go.mod", "Go mod"),
    ],
)  # fmt: skip
def test_language(path: str, name: str) -> None:
    assert language(path) == name


def test_components_by_folder() -> None:
    assert [Components().component(path) for path in ("a/b/c.py", "x", "/a/b", "../a/b", "")] == ["a", ROOT, "a", "a", ROOT]
    assert Components(depth=2).component("a/b/c.py") == "a/b"
    assert Components(depth=2).component("a/c.py") == "a"
    with pytest.raises(UsageError, match="at least 1"):
        Components(depth=0)


OWNERS = "# who\n*.py @org/python\n/docs/ @org/docs joe@x.org\nsp\\ ace/ @space\nfree/\n[Section]\n*.c @c\n"


def test_components_by_owner() -> None:
    components = Components.from_codeowners(OWNERS)
    paths = ("a/b.py", "docs/x.py", "sp ace/q", "free/x", "other/x", "a/x.c")
    expected = ["@org/python", "@org/docs, joe@x.org", "@space", "free", "other", "@c"]
    assert [components.component(path) for path in paths] == expected


def test_the_last_rule_wins_and_names_may_hold_blanks() -> None:
    components = Components([("src/**", "the rest"), ("src/net/", "the network"), ("my dir/*", "mine")])
    paths = ("src/a", "src/net/x", "my dir/x", "z/x")
    assert [components.component(path) for path in paths] == ["the rest", "the network", "mine", "z"]


def test_the_file_of_a_checkout_is_found(tmp_path: Path) -> None:
    assert Components.of_repository(tmp_path).component("a/b.py") == "a"
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/CODEOWNERS").write_text(OWNERS)
    assert Components.of_repository(tmp_path).component("a/b.py") == "@org/python"


def test_a_broken_pattern_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="broken pattern"):
        Components.from_codeowners("[ab @x\n")
    with pytest.raises(UsageError, match="broken pattern"):
        Components([("x[y", "name")])
