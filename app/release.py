"""Which whydiff this is."""

from __future__ import annotations

from importlib import metadata

NAME = "whydiff"


def own_version() -> str:
    """The version of whydiff; "0" where it runs without having been installed."""
    try:
        return metadata.version(NAME)
    except metadata.PackageNotFoundError:
        return "0"
