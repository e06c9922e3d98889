"""Removing a download, and what the server's log says of its files."""

import asyncio
from dataclasses import dataclass

from .errors import FilesNotDeletedError, QbittorrentError
from .mirror import Torrent
from .orders import Remove, carry_out
from .patience import pauses
from .qbittorrent import API_STOP, QbittorrentClient
from .redact import Redactor
from .server_log import ServerLog, is_about

# Files go after the torrent has gone from the list; many of them take their time.
_FILES_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """A torrent as it was before; `files_deleted` is None if the log tells nothing of them."""

    torrent: Torrent
    files_deleted: bool | None


async def remove(
    client: QbittorrentClient, torrent: Torrent, redact: Redactor, *, delete_files: bool
) -> Removed:
    """Remove a torrent, and its files if asked to; return once it is gone.

    Raises what `carry_out` raises, and `FilesNotDeletedError` when the log says that files stay.
    """
    log = ServerLog(client)
    position = await log.position() if delete_files else -1
    ordered = await carry_out(client, Remove(client, delete_files=delete_files), torrent)
    files_deleted: bool | None = delete_files
    # Without its metadata it has no files.
    if delete_files and ordered.torrent.size:
        files_deleted = await _are_files_gone(client, ordered.torrent, position, redact)
    return Removed(torrent=ordered.torrent, files_deleted=files_deleted)


async def _are_files_gone(
    client: QbittorrentClient, torrent: Torrent, position: int, redact: Redactor
) -> bool | None:
    """Read in the log whether the files are gone; None if it does not say so in time."""
    try:
        # Up to 4.x the log says it in one line; later the torrent has one, and its files another.
        lines = 2 if (await client.version()).api >= API_STOP else 1
        for pause in pauses(_FILES_SECONDS):
            said = [one for one in await client.log(position) if is_about(one, torrent.name)]
            if failed := next((one for one in said if one.is_warning), None):
                detail = redact(failed.message)
                raise FilesNotDeletedError(name=torrent.name, detail=detail)
            if len(said) >= lines:
                return True
            await asyncio.sleep(pause)
    except QbittorrentError:
        # The torrent was seen to be gone; that much is certain.
        return None
    return None
