"""Which files and which of their lines are code that a defect can live in."""

from __future__ import annotations

import re
from collections.abc import Sequence
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

_ASIDE = re.compile(
    r"""(?:^|/)(?: _*tests?_* | testing | testdata | test-?utils? | specs? | __mocks__ | fixtures? | e2e | docs? | documentation
          | examples? | demos? | samples? | benchmarks? | benches | vendor | vendored | third[_-]?party | node_modules )/
      | (?:^|/)(?: test_[^/]* | conftest\.py | setup\.py | _?version\.\w+ )$
      | [_.-](?:tests?|spec|bench)\.\w+$ | [a-z0-9](?:Tests?|TestCase|IT|Spec)\.\w+$ | \.(?:min\.js|pb\.go|pb\.cc|pb\.h)$
      | _pb2(?:_grpc)?\.py$ | (?:^|/)zz_generated""",
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
    return is_code(path) and not _ASIDE.search(path)


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
    if not some or lexer is None or sum(map(len, lines)) > _MOST or max(map(len, lines)) > _LONGEST_LINE:
        return some
    kinds = _kinds(lexer, "\n".join(lines) + "\n")
    return [n for n in some if kinds.get(n, True)]


def _kinds(lexer: Lexer, text: str) -> dict[int, bool]:
    """By line number, whether the line holds code; lines of blanks alone are missing."""
    found: dict[int, bool] = {}
    imports: set[int] = set()
    line = 1
    for _, kind, value in lexer.get_tokens_unprocessed(text):
        for n, part in enumerate(value.split("\n")):
            if part.strip() and line + n not in imports:
                if line + n not in found and kind in Keyword.Namespace:
                    imports.add(line + n)
                found[line + n] = found.get(line + n, False) or _is_code(kind)
        line += value.count("\n")
    return found | dict.fromkeys(imports, False)


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
