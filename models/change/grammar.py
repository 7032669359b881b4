"""Syntax errors in a piece of code, counted by tree-sitter's grammars."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from functools import cache, lru_cache
from textwrap import dedent
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language

GRAMMARS: Mapping[str, str] = MappingProxyType(
    {
        "C": "c", "C++": "cpp", "C#": "csharp", "CSS": "css", "Go": "go", "Groovy": "groovy", "HTML": "html", "Java": "java",
        "JavaScript": "javascript", "JSON": "json", "Kotlin": "kotlin", "Lua": "lua", "Objective-C": "objc", "PHP": "php",
        "Perl": "perl", "Python": "python", "Ruby": "ruby", "Rust": "rust", "SQL": "sql", "Scala": "scala", "Shell": "bash",
        "Swift": "swift", "TOML": "toml", "TypeScript": "typescript", "YAML": "yaml",
    }
)  # fmt: skip
"""Grammar of each language, by the names of ``models.change.language``."""
MOST_CHARACTERS = 100_000
"""Longer text is not parsed: about 20 ms."""


@lru_cache(maxsize=65536)
def count_errors(language: str, text: str) -> int | None:
    """How many ERROR and MISSING nodes tree-sitter finds in ``text``; None for an unknown language or too long a text.

    Common indentation is taken away first, for the grammars that read it. Python in which the lenient grammar finds none
    (it takes blocks without lines and lines indented by chance) counts one where the compiler refuses it. Threads may ask
    at once.
    """
    if language not in GRAMMARS or len(text) > MOST_CHARACTERS:
        return None
    text = dedent(text)
    from tree_sitter import Parser

    # A parser of its own for each call, because one is not to be shared by threads; it costs microseconds.
    root = Parser(_grammar(GRAMMARS[language])).parse(text.encode("utf-8", "replace")).root_node
    if not root.has_error:
        return int(language == "Python" and not _compiles(text))
    found, waiting = 0, [root]
    while waiting:
        node = waiting.pop()
        found += node.is_error or node.is_missing
        waiting.extend(child for child in node.children if child.has_error)
    return found


@cache
def _grammar(name: str) -> Language:
    from tree_sitter_language_pack import get_language

    return get_language(name)  # type: ignore[arg-type]


def _compiles(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes and the like in code that is not ours
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
