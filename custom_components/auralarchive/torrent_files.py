"""Torrent files on Home Assistant's disk, from the folders that it allows."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from .const import DOMAIN
from .engine.errors import InvalidTorrentFileError
from .engine.torrent import MAX_TORRENT_BYTES, TorrentFile, read_torrent


async def read_allowed_torrent_file(hass: HomeAssistant, path: str) -> TorrentFile:
    """Read a torrent file; a relative path is one below the configuration folder.

    Raises `InvalidTorrentFileError`, or `ServiceValidationError` for a path that Home Assistant
    does not allow (`allowlist_external_dirs`).
    """
    return await hass.async_add_executor_job(_read, hass, hass.config.path(path))


def _read(hass: HomeAssistant, path: str) -> TorrentFile:
    # Asked first: what lies in a forbidden place is nobody's business, not even whether it exists.
    if not _is_allowed(hass, path):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="torrent_file_not_allowed",
            translation_placeholders={"path": path},
        )
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_TORRENT_BYTES + 1)
    except FileNotFoundError:
        raise InvalidTorrentFileError(reason="missing") from None
    except OSError, ValueError:
        # A directory, or one without the right to read it.
        raise InvalidTorrentFileError(reason="unreadable") from None
    return read_torrent(data)


def _is_allowed(hass: HomeAssistant, path: str) -> bool:
    try:
        return hass.config.is_allowed_path(path)
    except OSError, ValueError:
        # No path at all: too long, or with a zero byte in it.
        return False
