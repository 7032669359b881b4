"""Which files and which of their lines are code that a defect can live in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class
from pygments.token import Comment, Keyword, String, _TokenType

from models.change.language import language

LANGUAGES = frozenset({
    "AspectJ", "Assembly", "Astro", "Batchfile", "C", "C#", "C++", "CUDA", "Clojure", "CoffeeScript", "Crystal", "Cython",
    "Dart", "Delphi", "Elixir", "Elm", "Erlang", "F#", "Fish", "Fortran", "GDScript", "Gleam", "Go", "Groovy", "HLSL", "Haskell",
    "Idris", "Java", "JavaScript", "Julia", "Kotlin", "Lean", "Lua", "Luau", "Magik", "Metal", "Nimrod", "Nushell", "OCaml",
    "Objective-C", "PHP", "Perl", "PowerShell", "Proto", "PureScript", "Python", "R", "Ruby", "Rust", "SQL", "Scala", "Scheme",
    "Shell", "Solidity", "Svelte", "Swift", "System verilog", "Thrift", "TypeScript", "Vala", "VimL", "Vue", "Zig", "verilog",
    "vhdl",
})  # fmt: skip
"""Languages (names of ``models.change.language``) that programs are written in, unlike data, markup and build settings."""

_TESTS = re.compile(
    r"""(?:^|/)(?: _*tests?_* | testing | testdata | test-?utils? | specs? | __mocks__ | fixtures? | e2e )/
      | (?:^|/)(?: test_[^/]* | conftest\.py )$
      | [_.-](?:tests?|spec)\.\w+$ | [a-z0-9](?:Tests?|TestCase|IT|Spec)\.\w+$""",
    re.VERBOSE,
)
_DOCS = re.compile(r"(?:^|/)(?:docs?|documentation)/")
_ASIDE = re.compile(
    r"""(?:^|/)(?: examples? | demos? | samples? | benchmarks? | benches | vendor | vendored | third[_-]?party | node_modules )/
      | (?:^|/)(?: setup\.py | _?version\.\w+ )$
      | [_.-]bench\.\w+$ | \.(?:min\.js|pb\.go|pb\.cc|pb\.h)$ | _pb2(?:_grpc)?\.py$ | (?:^|/)zz_generated""",
    re.VERBOSE,
)
_SHAPE = re.compile(r"""[\s,;()'"`\\]+""")
_BARE = re.compile(r"[^\w(]*\w*[^\w(]*")
_LONGEST_LINE, _LONGEST_COMMENT = 2000, 200
_MOST = 500_000


def is_code(path: str) -> bool:
    """Whether ``path`` is written in a programming language (tests included)."""
    return language(path) in LANGUAGES


def may_hold_defects(path: str) -> bool:
    """Whether ``path`` is code that ships: no test, no documentation, no example, nothing copied or generated."""
    return is_code(path) and not (is_test(path) or _DOCS.search(path) or _ASIDE.search(path))


def is_test(path: str) -> bool:
    """Whether ``path`` is a test, or stands in a folder of tests."""
    return _TESTS.search(path) is not None


def is_docs(path: str) -> bool:
    """Whether ``path`` is documentation: by its folder, or written for people (Markdown, plain text)."""
    return _DOCS.search(path) is not None or language(path) == "Docs"


def unspaced(lines: Sequence[str]) -> str:
    """``lines`` without blanks and line breaks."""
    return "".join("".join(lines).split())


def shape(lines: Sequence[str]) -> str:
    """``lines`` without all that formatters change: blanks, line breaks, commas, semicolons, parentheses, quotes."""
    return _SHAPE.sub("", "".join(lines))


def code_lines(path: str, content: bytes, wanted: Sequence[int]) -> list[int]:
    """Those of the line numbers ``wanted`` (from 1) that hold code: no comment, docstring, import, and more than one word.

    (A line such as ``else:`` or ``});`` tells nothing, and blame takes it for another of its kind.) What a comment is, the
    language's own lexer says. A file that it cannot be trusted with (very large, very long lines) keeps its other lines.
    """
    end = max(wanted, default=0) + _LONGEST_COMMENT
    lines = content.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")[:end]
    some = [n for n in wanted if n <= len(lines) and not _BARE.fullmatch(lines[n - 1])]
    lexer = _lexer(language(path))
    if not some or lexer is None or not _lexable(lines):
        return some
    kinds = _kinds(lexer, "\n".join(lines) + "\n")
    return [n for n in some if kinds.get(n, True)]


def silent_lines(path: str, lines: Sequence[str]) -> frozenset[int]:
    """Indexes of those of ``lines`` that are blank or hold a comment and nothing else.

    ``lines`` are neighbours somewhere in the file ``path``, such as one side of a hunk. Where such a part begins inside a
    docstring, code looks like one: docstrings between triple quotes are therefore no comments here.
    """
    blank = frozenset(n for n, line in enumerate(lines) if not line.strip())
    lexer = _lexer(language(path))
    if lexer is None or len(blank) == len(lines) or not _lexable(lines):
        return blank
    text = "\n".join(lines) + "\n"
    opened, closed = text.find("/*"), text.find("*/")
    inside = closed >= 0 and not 0 <= opened < closed and _stars(lexer)
    quoted = '"""' in text or "'''" in text
    silent: dict[int, bool] = {}
    for n, kind in _marks(lexer, "/*" * inside + text):
        silent[n - 1] = silent.get(n - 1, True) and _is_comment(kind, quoted)
    return blank | {n for n, only in silent.items() if only}


def _is_comment(kind: _TokenType, quoted: bool) -> bool:
    if kind in Comment:
        return not (kind in Comment.Preproc or kind in Comment.PreprocFile or kind in Comment.Hashbang)
    return kind in String.Doc and not quoted


def _stars(lexer: Lexer) -> bool:
    """Whether a comment of the language may stand between slashes and stars."""
    return all(kind in Comment or kind in String.Doc for _, kind in _marks(lexer, "/*\na b\n*/\n"))


def _lexable(lines: Sequence[str]) -> bool:
    return sum(map(len, lines)) <= _MOST and max(map(len, lines)) <= _LONGEST_LINE


def _kinds(lexer: Lexer, text: str) -> dict[int, bool]:
    """By line number, whether the line holds code; lines of blanks alone are missing."""
    found: dict[int, bool] = {}
    imports: set[int] = set()
    for n, kind in _marks(lexer, text):
        if n not in imports:
            if n not in found and kind in Keyword.Namespace:
                imports.add(n)
            found[n] = found.get(n, False) or _is_code(kind)
    return found | dict.fromkeys(imports, False)


def _marks(lexer: Lexer, text: str) -> Iterator[tuple[int, _TokenType]]:
    """(line number, kind) of every part of a token on one line that is not blank."""
    line = 1
    for _, kind, value in lexer.get_tokens_unprocessed(text):
        for n, part in enumerate(value.split("\n")):
            if part.strip():
                yield line + n, kind
        line += value.count("\n")


def _is_code(kind: _TokenType) -> bool:
    if kind in Comment:
        return kind in Comment.Preproc or kind in Comment.PreprocFile
    return kind not in String.Doc and kind not in Keyword.Namespace


@lru_cache(maxsize=64)
def _lexer(name: str) -> Lexer | None:
    kind = find_lexer_class(_LEXERS.get(name, name))
    return None if kind is None else kind()


_LEXERS = {"Assembly": "GAS", "Shell": "Bash", "Proto": "Protocol Buffer", "R": "S", "Astro": "JavaScript"}
"""Pygments' names for languages that ``models.change.language`` names otherwise."""
