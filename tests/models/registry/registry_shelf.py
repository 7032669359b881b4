"""A registry in a test's folder, and checkpoints to put there."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

TODAY = date(2030, 5, 17)


def copied(folder: Path, to: Path, **settings: object) -> Path:
    """A copy of a checkpoint; ``settings`` change its ``whydiff.json``, and so its content hash."""
    shutil.copytree(folder, to)
    path = to / "whydiff.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))
    return to
