"""Proof that a torrent is in qBittorrent: look for it, and watch the server's log for its link."""

import asyncio
from dataclasses import dataclass, field
import re
import time

from .errors import (
    NotQbittorrentError,
    NotSeenError,
    QbittorrentError,
    QbittorrentFailedError,
    QbittorrentUnreachableError,
)
from .mirror import Mirror, Torrent
from .patience import pauses
from .qbittorrent import LogRecord, QbittorrentClient
from .server_log import ServerLog, is_aside, mentions
from .torrent import Infohashes

# What the tags begin with by which links are told apart, and all of such a tag: what else begins so
# is somebody's own.
ONE_OFF_TAG = "auralarchive-"
IS_ONE_OFF = re.compile(rf"{ONE_OFF_TAG}[0-9a-f]{{8}}")
# The log is worth a look only once a link could have failed.
_LOG_AFTER = 0.03
# A torrent is listed milliseconds after it was taken; a server with much to do may need longer.
_LOADING_SECONDS = 1.0
# A proxy in front of a server that restarts answers with errors and pages of its own.
_AWAY = (QbittorrentUnreachableError, QbittorrentFailedError, NotQbittorrentError)
_INFOHASH = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What to look for: infohashes, or else the one-off tags that a link was given."""

    infohashes: Infohashes | None = None
    tags: tuple[str, ...] = ()
    # The link as it was handed over, where the log may speak of it, and where the log began then.
    link: str | None = field(default=None, repr=False)
    log_position: int = -1


class LinkRefused(Exception):
    """The server's log says that the link failed; `sentence` is its own, link included."""

    def __init__(self, sentence: str) -> None:
        """Keep the sentence."""
        super().__init__("refused")
        self.sentence = sentence


class LinkIsDuplicate(Exception):
    """The server's log says that the link is of a torrent that is there already."""

    def __init__(self, torrent: Torrent) -> None:
        """Keep the torrent."""
        super().__init__("duplicate")
        self.torrent = torrent


class Verifier:
    """Looks things up on the server, never in what somebody said about it."""

    def __init__(self, client: QbittorrentClient, mirror: Mirror) -> None:
        """Take the server, and the mirror that is kept of it: good for hints, not for proof."""
        self._client = client
        self._mirror = mirror
        self._log = ServerLog(client)

    async def find(self, ids: frozenset[str]) -> Torrent | None:
        """Return the torrent with one of the ids as the server lists it now."""
        hint = self._mirror.find(ids)
        wanted = ids | {hint.infohash} if hint else ids
        return _match(await self._client.torrents(ids=sorted(wanted)), ids)

    async def find_thoroughly(self, ids: frozenset[str]) -> Torrent | None:
        """Return the same from the whole list: the server's filter knows one id of each torrent."""
        return await self.find(ids) or _match(await self._client.torrents(), ids)

    async def find_refused(self, ids: frozenset[str]) -> Torrent | None:
        """Return what was refused for being there: what is just being loaded is not listed yet."""
        for pause in pauses(_LOADING_SECONDS):
            if torrent := await self.find_thoroughly(ids):
                return torrent
            await asyncio.sleep(pause)
        return None

    async def log_position(self) -> int:
        """Return the id of the log's newest line."""
        return await self._log.position()

    async def watch(self, expected: Expected, seconds: float) -> Torrent:
        """Return the torrent as soon as it is listed.

        Raises `LinkRefused` or `LinkIsDuplicate` when the log says so, `NotSeenError` when the time
        is up, `QbittorrentError` if the server gives no proper answer by then.
        """
        started = time.monotonic()
        away: QbittorrentError | None = None
        for pause in pauses(seconds):
            try:
                if torrent := await self._look(expected):
                    return torrent
                if expected.link and time.monotonic() - started > _LOG_AFTER:
                    await self._read_log(expected.link, expected.log_position)
                away = None
            except _AWAY as err:
                # It may be restarting: what it accepted is there when it is back.
                away = err
            await asyncio.sleep(pause)
        if away is not None:
            raise away
        raise NotSeenError(seconds=f"{seconds:g}")

    async def _look(self, expected: Expected) -> Torrent | None:
        if expected.infohashes:
            return await self.find(expected.infohashes.ids)
        for tag in expected.tags:
            found = await self._client.torrents(tag=tag)
            # A server that does not know the filter lists everything.
            if torrent := next((torrent for torrent in found if tag in torrent.tags), None):
                return torrent
        return None

    async def _read_log(self, link: str, position: int) -> None:
        """Raise what the log says of the link, if it says anything."""
        for record in await self._client.log(position):
            if not mentions(record, link) or is_aside(record, link):
                continue
            if record.is_warning:
                raise LinkRefused(record.message)
            if torrent := await self._duplicate(record, link):
                raise LinkIsDuplicate(torrent)

    async def _duplicate(self, record: LogRecord, link: str) -> Torrent | None:
        """Return the existing torrent that a line about our link names, by infohash or by name.

        The sentence is in the server's language, so names are matched, not words, and only behind
        the link: that it is being downloaded is said of every link.
        """
        _, _, rest = record.message.partition(link)
        if infohashes := _INFOHASH.findall(rest.lower()):
            return await self.find_thoroughly(Infohashes(others=frozenset(infohashes)).ids)
        named = [
            found
            for found in await self._client.torrents()
            # A name of punctuation alone would be found in any sentence.
            if found.name in rest and any(map(str.isalnum, found.name))
        ]
        longest = max(named, key=lambda found: len(found.name), default=None)
        # "Dune" stands in "Dune Messiah" too; anything else that fits makes it a guess.
        others = [found for found in named if found is not longest]
        if longest is None or any(
            found.name == longest.name or found.name not in longest.name for found in others
        ):
            return None
        return longest


def _match(torrents: list[Torrent], ids: frozenset[str]) -> Torrent | None:
    return next((torrent for torrent in torrents if torrent.ids & ids), None)
