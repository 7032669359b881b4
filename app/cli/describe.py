"""``whydiff describe``: what was read, without a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from app.cli.console import plain, say, show
from app.cli.inputs import read_diff
from app.cli.options import Source, TextOrJson
from app.cli.output import check_output, dumps, emit
from app.cli.visible import shown

if TYPE_CHECKING:
    from models.change.component import Components
    from models.change.types import Diff, FileDiff

SCHEMA = "whydiff/describe/1"


@dataclass(frozen=True, slots=True)
class How:
    """Flags of describe."""

    format: Annotated[TextOrJson, typer.Option(help="For people or for programs.")] = TextOrJson.TEXT
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.", metavar="FILE")] = None


def describe(source: Source, how: How) -> None:
    """What was read, no model needed: files, languages, components, lines."""
    check_output(how.output)
    data = payload(read_diff(source.input, source.repo), components_of(source.repo))
    if how.format is TextOrJson.JSON:
        emit(dumps(data), how.output)
    elif how.output is not None:
        emit(plain(*_lines(data)), how.output)
    else:
        show(*_lines(data))


def components_of(repo: Path) -> Components:
    """Components by the CODEOWNERS of ``repo``; by folders where it has none or a broken one, which is told."""
    from models.change.component import Components
    from models.errors import UsageError

    try:
        return Components.of_repository(repo)
    except (UsageError, OSError) as error:
        say(f"Components are named by folders, because CODEOWNERS could not be used: {error}")
        return Components()


def payload(diff: Diff, components: Components) -> dict[str, Any]:
    """The JSON of the contract."""
    from models.change.types import clean

    return {
        "schema": SCHEMA,
        "diff_id": diff.id,
        "message": clean(diff.message),
        "files": [_file(file, components) for file in diff.files],
    }


def _file(file: FileDiff, components: Components) -> dict[str, Any]:
    from models.change.language import language
    from models.change.types import clean

    path = clean(file.path)
    return {
        "path": path,
        "old_path": clean(file.old_path),
        "status": file.status.value,
        "binary": file.binary,
        "language": language(path),
        "component": components.component(path),
        "lines_added": file.added,
        "lines_deleted": file.removed,
        "hunks": len(file.hunks),
    }


def _lines(data: dict[str, Any]) -> list[Text | Table]:
    files = data["files"]
    added, deleted = (sum(file[key] for file in files) for key in ("lines_added", "lines_deleted"))
    head = Text(f"{len(files)} file{'' if len(files) == 1 else 's'} changed, {added} lines added, {deleted} deleted")
    head.append(f"   {data['diff_id']}", style="dim")
    subject = data["message"].strip().partition("\n")[0]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("path", "status", "language", "component"):
        table.add_column(name, overflow="fold")
    for name in ("added", "deleted", "hunks"):
        table.add_column(name, justify="right")
    for file in files:
        table.add_row(*_row(file))
    return [*([shown(subject, "bold")] if subject else []), head, Text(), table]


def _row(file: dict[str, Any]) -> list[Text]:
    path = shown(file["path"])
    if file["old_path"] != file["path"] and file["status"] in {"renamed", "copied"}:
        path = Text.assemble(path, " (from ", shown(file["old_path"]), ")")
    status = file["status"] + (", binary" if file["binary"] else "")
    numbers = [Text(str(file["lines_added"]), "green"), Text(str(file["lines_deleted"]), "red"), Text(str(file["hunks"]))]
    return [path, Text(status), shown(file["language"]), shown(file["component"]), *numbers]
