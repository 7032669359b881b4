"""Languages and components of the files of a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from models.change.component import Components
from models.change.language import language
from models.change.types import Diff, clean

_FOLDERS = Components()


def component(path: str) -> str:
    """The component of a file, its leading folder, as it may be shown."""
    return clean(_FOLDERS.component(path))


def languages(diff: Diff) -> tuple[str, ...]:
    """The languages of the files, each once."""
    return tuple(sorted({language(file.path) for file in diff.files}))


def components(diff: Diff) -> tuple[str, ...]:
    """The components of the files, each once."""
    return tuple(sorted({component(file.path) for file in diff.files}))


def component_names(project: str, components: Sequence[str]) -> list[str]:
    """What components are called among those of other projects."""
    return [f"{project}: {one}" if project else one for one in components]


def main_language(diff: Diff) -> str:
    """The language of most changed lines."""
    lines: Counter[str] = Counter()
    for file in diff.files:
        lines[language(file.path)] += 1 + file.added + file.removed
    return lines.most_common(1)[0][0]
