"""At which address qBittorrent itself reaches Jackett, seen from inside qBittorrent.

There is no call for that, so qBittorrent is given a page of Jackett's to open as if it were a
torrent, and what it makes of it tells. The page costs no tracker anything and holds no key, and no
torrent either, so nothing is added.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import StrEnum
import secrets
import time

from .errors import InvalidTorrentFileError
from .links import Link
from .patience import pauses
from .qbittorrent import (
    API_FETCH_METADATA,
    API_STOP,
    API_TAGS_AT_ADD,
    AddAnswer,
    AddOptions,
    LogRecord,
    QbittorrentClient,
)
from .redact import Redactor
from .server_log import NOT_A_TORRENT, REFUSED_STATUS, ServerLog, is_aside, mentions

# qBittorrent 5 gives an address up after 30 seconds without a byte.
LONG_SECONDS = 33.0
SHORT_SECONDS = 10.0
# Servers in the house answer within milliseconds. Where silence is all that a failure leaves, this
# is waited for each address.
_SILENT_SECONDS = 3.0
# Jackett answers this without a key, too, with a page of XML.
_PAGE = "/api/v2.0/indexers/all/results/torznab/api?t=caps&auralarchive="
# And this, which it does not have, with a 404.
_NO_PAGE = "/auralarchive-"
_FETCH_PAUSES = (0.05, 0.15, 0.4)
_SHORTEST_SECONDS = 0.5
# Where lines do not name the link, so many of them at once are hardly somebody else's.
_COPIES = 5


class Sight(StrEnum):
    """What qBittorrent sees at an address."""

    JACKETT = "jackett"
    WRONG_PATH = "wrong_path"
    SOMETHING_ELSE = "something_else"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What qBittorrent sees at a base address; `sentence` is its own, without secrets."""

    address: str
    sight: Sight
    sentence: str = ""


class _Outcome(StrEnum):
    """What qBittorrent made of a page."""

    CONTENT = "content"
    TORRENT = "torrent"
    MISSING = "missing"
    FAILED = "failed"
    SILENCE = "silence"


class Scout:
    """Looks at addresses from inside one qBittorrent. Its calls raise `QbittorrentError`."""

    def __init__(self, client: QbittorrentClient, redactor: Redactor) -> None:
        """Take the server, and what masks the secrets in its log."""
        self._client = client
        self._redact = redactor
        self._log = ServerLog(client)
        self._one_at_a_time = asyncio.Lock()

    async def look(self, address: str, seconds: float = SHORT_SECONDS) -> Seen:
        """Return what the server sees at a base address within `seconds`.

        Up to 4.6 a server says nothing of what it could not open: then only what it could is known.
        """
        api = (await self._client.version()).api
        if api < API_TAGS_AT_ADD:
            return Seen(address=address, sight=Sight.UNKNOWN)
        if api >= API_STOP:
            return await self._look(address, seconds)
        # Its lines do not name the link, so only one may be under way.
        async with self._one_at_a_time:
            return await self._look(address, min(seconds, _SILENT_SECONDS))

    async def find(
        self, addresses: Sequence[str], seconds: float = SHORT_SECONDS
    ) -> AsyncGenerator[Seen]:
        """Look at several addresses and yield what is seen there, in their order."""
        api = (await self._client.version()).api
        if api < API_STOP:
            for address in addresses:
                yield await self.look(address, seconds)
            return
        # Read once to its end, the log is short for all of them.
        await self._log.position()
        looks = [asyncio.create_task(self.look(address, seconds)) for address in addresses]
        try:
            for look in looks:
                yield await look
        finally:
            for look in looks:
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)

    async def _look(self, address: str, seconds: float) -> Seen:
        """Have a page opened that Jackett has, and if that works one that it does not have.

        A server that has both is something else, or a login page in front of Jackett.
        """
        nonce = secrets.token_hex(4)
        started = time.monotonic()
        tells = (await self._client.version()).api >= API_STOP
        page = f"{address}{_PAGE}{nonce}"
        outcome, sentence = await self._fetch(page) or await self._open(page, seconds)
        if outcome is _Outcome.CONTENT:
            # Where silence is an answer: to this it takes the server no longer than to the other.
            short = max(3 * (time.monotonic() - started), _SHORTEST_SECONDS)
            patience = seconds if tells else short
            control, _ = await self._open(f"{address}{_NO_PAGE}{nonce}", patience)
            if control in (_Outcome.CONTENT, _Outcome.TORRENT):
                return Seen(address=address, sight=Sight.SOMETHING_ELSE)
            if tells and control is _Outcome.SILENCE:
                return Seen(address=address, sight=Sight.UNKNOWN)
            if not tells:
                # Once may have been somebody else's links.
                outcome, _ = await self._open(f"{page}-again", patience)
        sight = {
            _Outcome.CONTENT: Sight.JACKETT,
            _Outcome.TORRENT: Sight.SOMETHING_ELSE,
            _Outcome.MISSING: Sight.WRONG_PATH,
            _Outcome.FAILED: Sight.NOTHING,
            _Outcome.SILENCE: Sight.UNKNOWN,
        }[outcome]
        told = sentence if sight in (Sight.WRONG_PATH, Sight.NOTHING) else ""
        return Seen(address=address, sight=sight, sentence=told)

    async def _open(self, page: str, seconds: float) -> tuple[_Outcome, str]:
        """Hand a page over; return what came of it, and what the log says.

        In several copies where that does not name the link.
        """
        position = await self._log.position()
        tag = f"auralarchive-{secrets.token_hex(4)}"
        nameless = (await self._client.version()).api < API_STOP
        copies = [f"{page}-{number}" for number in range(_COPIES)] if nameless else [page]
        options = AddOptions(paused=True, tags=(tag,))
        answer = await self._client.add_link("\n".join(copies), options)
        if answer is AddAnswer.REFUSED:
            return _Outcome.SILENCE, ""
        for pause in pauses(seconds):
            told = [
                (outcome, record)
                for record in await self._client.log(position)
                if (outcome := _read(record, page, nameless=nameless)) is not None
            ]
            if len(told) >= len(copies):
                outcome, record = told[0]
                return outcome, self._shown(record, page)
            await asyncio.sleep(pause)
        return (_Outcome.TORRENT if await self._remove(tag) else _Outcome.SILENCE), ""

    async def _fetch(self, page: str) -> tuple[_Outcome, str] | None:
        """Have a page fetched, which 5.2 and later do without adding; None unless that works.

        It tells no more than success: the reasons for a failure are only in the log.
        """
        if (await self._client.version()).api < API_FETCH_METADATA:
            return None
        for pause in (*_FETCH_PAUSES, 0):
            try:
                if await self._client.fetch_metadata(page):
                    return _Outcome.TORRENT, ""
            except InvalidTorrentFileError:
                return _Outcome.CONTENT, ""
            await asyncio.sleep(pause)
        return None

    async def _remove(self, tag: str) -> bool:
        """Remove what came after all, if somebody serves a torrent there; tell whether one did."""
        found = [one for one in await self._client.torrents(tag=tag) if tag in one.tags]
        for torrent in found:
            await self._client.delete(torrent.infohash, delete_files=True)
        if found:
            await self._client.delete_tags([tag])
        return bool(found)

    def _shown(self, record: LogRecord, page: str) -> str:
        return self._redact(record.message.replace(page, Link.parse(page).shown))


def _read(record: LogRecord, page: str, *, nameless: bool) -> _Outcome | None:
    """Return what a line of the log says became of a page; None if it is not about that.

    Nameless are the lines of 4.x: they tell only of what is no torrent, and not from which link.
    """
    rest = record.message.replace(page, "")
    is_about = record.is_warning and (nameless or mentions(record, page))
    if not is_about or is_aside(record, page):
        return None
    if NOT_A_TORRENT.search(rest):
        return _Outcome.CONTENT
    if nameless:
        return None
    return _Outcome.MISSING if REFUSED_STATUS.search(rest) else _Outcome.FAILED
