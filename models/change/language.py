"""The language of a file, by its name."""

from __future__ import annotations

from functools import cache, lru_cache

from identify.identify import tags_from_filename

UNKNOWN = "unknown"

# Tags that say how a file is stored, not what it is written in.
_STORAGE = frozenset({"text", "header", "executable", "non-executable", "symlink", "directory", "file"})
# identify's tags whose lexer has no name, or another one than people (and the corpus) use.
_NAMES = {
    "asciidoc": "Docs", "asm": "Assembly", "bazel": "Bazel", "binary": "Binary", "dockerfile": "Dockerfile", "ini": "Config",
    "jsx": "JavaScript", "m4": "M4", "markdown": "Docs", "plain-text": "Docs", "pofile": "PO", "proto": "Proto", "pyi": "Python",
    "r": "R", "rst": "Docs", "shell": "Shell", "tsx": "TypeScript",
}  # fmt: skip


@lru_cache(maxsize=16384)
def language(path: str) -> str:
    """The language's usual name ("Python", "C++", "Docs"), or "unknown" where the name does not tell.

    A name that may be several ("x.h" is C and C++) gives the first of them in the alphabet.
    """
    try:
        tags = tags_from_filename(path) - _STORAGE
    except ValueError:
        return UNKNOWN
    if "binary" in tags:
        return _NAMES["binary"]
    return _display(min(tags, key=_rank)) if tags else UNKNOWN


def _rank(tag: str) -> tuple[bool, bool, str]:
    """A tag that names a language comes before one for a use of it ("toml" before "cargo")."""
    return tag not in _NAMES, tag not in _lexers(), tag


@lru_cache(maxsize=1024)
def _display(tag: str) -> str:
    return _NAMES.get(tag) or _lexers().get(tag) or tag.replace("-", " ").capitalize()


@cache
def _lexers() -> dict[str, str]:
    from pygments.lexers import get_all_lexers

    return {alias: name for name, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases}
