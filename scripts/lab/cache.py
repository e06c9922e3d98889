"""What set-up keeps in its cache, for the tools that use it."""

from pathlib import Path

from scripts.provision import layout
from scripts.provision.qbittorrent import PROGRAM

CACHE: Path = layout.CACHE


def qbittorrent_binary(generation: str) -> Path | None:
    """Return the server of a generation (`4.5`, `5.1`, `5.3`) or of the `demo`, if it is there."""
    return _existing(layout.QBITTORRENT / generation / PROGRAM)


def hass_executable() -> Path | None:
    """Return the newest real Home Assistant, if it is there."""
    return _existing(layout.VENVS / "latest/bin/hass")


def _existing(program: Path) -> Path | None:
    return program if program.is_file() else None
