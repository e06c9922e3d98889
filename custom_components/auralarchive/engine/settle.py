"""Bring a torrent that was seen into the state that was asked for, and say what differs."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
import time

from .errors import InvalidCategoryError, QbittorrentError, RemovedError
from .mirror import Torrent, TorrentState
from .qbittorrent import AddOptions, QbittorrentClient
from .verification import Verifier

# With queueing on, whatever is new waits until the server next decides who may be active, which it
# does twice a second. Only who waits longer than that has no place.
_QUEUE_SECONDS = 1.5
_QUEUE_PAUSE = 0.1
PASSING_STATES = frozenset({TorrentState.CHECKING, TorrentState.QUEUED})


class Caution(StrEnum):
    """What the user should know of an add that succeeded."""

    CATEGORY_CHANGED = "category_changed"
    SAVE_PATH_DIFFERS = "save_path_differs"
    STOPPED = "stopped"
    QUEUED = "queued"
    TORRENT_ERROR = "torrent_error"
    NO_PEER_SOURCE = "no_peer_source"


@dataclass(frozen=True, kw_only=True, slots=True)
class Warned:
    """A caution with the values that its text names."""

    caution: Caution
    values: dict[str, str]


async def settle(
    client: QbittorrentClient,
    verifier: Verifier,
    torrent: Torrent,
    options: AddOptions,
    *,
    was_there: bool,
) -> tuple[Torrent, tuple[Warned, ...]]:
    """Repair category and tags, and return the torrent as it is then, with what to warn of.

    An add of a torrent that is there already changes nothing by itself, so the category and the
    tags that were asked for are set here. `save_path` and the like stay as they are. Raises
    `InvalidCategoryError` when the torrent does not get its category, `RemovedError` when it is
    gone by then.
    """
    warnings: list[Warned] = []
    has_category = torrent.category == options.category or not options.category
    missing = [tag for tag in options.tags if tag not in torrent.tags]
    if not has_category:
        await _set_category(client, torrent, options.category)
        if was_there and torrent.category:
            values = {"before": torrent.category, "category": options.category}
            warnings.append(Warned(caution=Caution.CATEGORY_CHANGED, values=values))
    if missing:
        await client.add_tags(torrent.infohash, missing)
    if missing or not has_category:
        now = await verifier.find(torrent.ids)
        if now is None:
            raise RemovedError
        if not has_category and now.category != options.category:
            raise InvalidCategoryError(category=options.category)
        torrent = now
    return torrent, (*warnings, *_differences(torrent, options))


async def queued_or_not(verifier: Verifier, torrent: Torrent) -> Torrent:
    """Return a new torrent as it is when the server's queue has decided about it.

    Raises `RemovedError` when it is gone by then.
    """
    deadline = time.monotonic() + _QUEUE_SECONDS
    # An answer that does not come is no reason to doubt what was seen.
    with suppress(QbittorrentError):
        while torrent.state in PASSING_STATES and time.monotonic() < deadline:
            await asyncio.sleep(_QUEUE_PAUSE)
            now = await verifier.find(torrent.ids)
            if now is None:
                raise RemovedError
            torrent = now
    return torrent


async def _set_category(client: QbittorrentClient, torrent: Torrent, category: str) -> None:
    """Set a category, which somebody may have deleted since it was made sure of."""
    try:
        await client.set_category(torrent.infohash, category)
    except InvalidCategoryError:
        await client.create_category(category)
        await client.set_category(torrent.infohash, category)


def _differences(torrent: Torrent, options: AddOptions) -> list[Warned]:
    """Return what is not as it was asked for, or keeps the download from starting."""
    warnings = []
    wished = options.save_path.rstrip("/\\")
    if wished and torrent.save_path.rstrip("/\\") != wished:
        values = {"wished": wished, "save_path": torrent.save_path}
        warnings.append(Warned(caution=Caution.SAVE_PATH_DIFFERS, values=values))
    caution = {
        TorrentState.STOPPED: None if options.paused else Caution.STOPPED,
        TorrentState.QUEUED: Caution.QUEUED,
        TorrentState.ERROR: Caution.TORRENT_ERROR,
        TorrentState.MISSING_FILES: Caution.TORRENT_ERROR,
    }.get(torrent.state)
    if caution is not None:
        warnings.append(Warned(caution=caution, values={}))
    return warnings
