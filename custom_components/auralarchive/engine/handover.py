"""Hand one thing over to qBittorrent, and see it there or find out why not."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
import re
import secrets
import time
from weakref import WeakValueDictionary

from .errors import (
    ForeignLinkUnreachableError,
    JackettError,
    JackettUnreachableError,
    LinkError,
    LinkGoneError,
    LinkNotAllowedError,
    LinkNotTorrentError,
    LinkRedirectLoopError,
    LinkTooLargeError,
    LinkUnreachableError,
    NotSeenError,
    QbittorrentError,
    QbittorrentFailedError,
    QbittorrentUnreachableError,
    Reason,
    RejectedError,
    UnverifiedError,
)
from .late import LateArrivals
from .links import Link
from .mirror import Torrent
from .opener import LinkOpener
from .qbittorrent import API_STOP, API_TAGS_AT_ADD, AddAnswer, AddOptions, QbittorrentClient
from .redact import Redactor
from .server_log import NOT_A_TORRENT, REFUSED_STATUS, TOO_LARGE, TOO_MANY_REDIRECTS
from .torrent import Infohashes, Magnet, TorrentFile
from .verification import (
    IS_ONE_OFF,
    ONE_OFF_TAG,
    Expected,
    LinkIsDuplicate,
    LinkRefused,
    Verifier,
)

# qBittorrent 5 gives a link up after 30 seconds without a byte; one second for its own work. 4.5
# may take longer, so what is concluded then stays under watch.
LINK_SECONDS = 31.0
# What of that it must have waited to have given up waiting: its timers are coarse.
_WAITED_SHARE = 0.9
_EXPLAIN_SECONDS = 15.0
_REMEMBERED_LINKS = 500
_SIGNS: dict[re.Pattern[str], type[LinkError]] = {
    REFUSED_STATUS: LinkGoneError,
    NOT_A_TORRENT: LinkNotTorrentError,
    TOO_MANY_REDIRECTS: LinkRedirectLoopError,
    TOO_LARGE: LinkTooLargeError,
}


class AddStatus(StrEnum):
    """What an add that succeeded came to."""

    ADDED = "added"
    ALREADY_PRESENT = "already_present"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A torrent that the server lists, and whether it was there before."""

    status: AddStatus
    torrent: Torrent


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkHandover:
    """A link for qBittorrent to open, and what is known of it.

    `own` is the same link as Home Assistant opens it, None for links that it does not fetch.
    `claimed` is what the indexer says the infohash is: a reason to look, not proof.
    """

    link: Link
    own: Link | None = None
    claimed: Infohashes | None = None


class Handover:
    """Hands over magnets, files and links; the same thing only once at a time."""

    def __init__(
        self,
        client: QbittorrentClient,
        verifier: Verifier,
        opener: LinkOpener,
        redactor: Redactor,
        late: LateArrivals,
        *,
        link_seconds: float,
    ) -> None:
        """Take the server, what looks there and what opens links on this side.

        After `link_seconds` the server must have given a link up.
        """
        self._client = client
        self._verifier = verifier
        self._opener = opener
        self._redact = redactor
        self._late = late
        self._link_seconds = link_seconds
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._known_links: OrderedDict[str, Infohashes] = OrderedDict()

    async def known(
        self, payload: Magnet | TorrentFile, options: AddOptions, seconds: float
    ) -> Seen:
        """Add a magnet or a file, whose infohashes are known, unless it is there."""
        ids = payload.infohashes.ids
        async with self._exclusively(ids):
            if torrent := await self._verifier.find(ids):
                return Seen(status=AddStatus.ALREADY_PRESENT, torrent=torrent)
            expected = Expected(infohashes=payload.infohashes)
            with self._watched_for(expected, options):
                async with _surviving_lost_answer() as lost:
                    if isinstance(payload, Magnet):
                        answer = await self._client.add_link(payload.uri, options)
                    else:
                        answer = await self._client.add_file(payload, options)
                    if answer is AddAnswer.REFUSED:
                        # "Nothing of this was added" is also said of what is there already, or is
                        # just coming by another way.
                        torrent = await self._verifier.find_refused(ids)
                        if torrent is None:
                            raise RejectedError
                        return Seen(status=AddStatus.ALREADY_PRESENT, torrent=torrent)
                try:
                    with _handed_over():
                        torrent = await self._verifier.watch(expected, seconds)
                except NotSeenError as err:
                    raise lost[0] if lost else err from None
        # A link that leads to the same may have been quicker; then this add changed nothing.
        by_link = set(filter(IS_ONE_OFF.fullmatch, torrent.tags.difference(options.tags)))
        return Seen(
            status=AddStatus.ALREADY_PRESENT if by_link else AddStatus.ADDED,
            torrent=replace(torrent, tags=torrent.tags - by_link),
        )

    async def link(self, handover: LinkHandover, options: AddOptions, seconds: float) -> Seen:
        """Let qBittorrent open a link, unless what it leads to is there."""
        link = str(handover.link)
        async with self._exclusively([link]):
            if torrent := await self._find_known(handover) or await self._find_late(link):
                return Seen(status=AddStatus.ALREADY_PRESENT, torrent=torrent)
            seen = await self._add_link(handover, options, seconds)
        # The address of a link of others may lead to something else tomorrow.
        if handover.own is not None:
            self._remember(link, seen.torrent)
        return seen

    async def _find_known(self, handover: LinkHandover) -> Torrent | None:
        """Return what the link leads to if it is known and there."""
        if known := self._known_links.get(str(handover.link)):
            return await self._verifier.find(known.ids)
        if handover.claimed is None or handover.own is None:
            return None
        if not await self._verifier.find(handover.claimed.ids):
            return None
        # Indexers err; the file itself does not.
        try:
            return await self._open_and_find(handover.own, _EXPLAIN_SECONDS)
        except LinkError, JackettError:
            return None

    async def _find_late(self, link: str) -> Torrent | None:
        """Return what an earlier add of the link has brought since it gave up."""
        tags = self._late.tags_of(link)
        if not tags:
            return None
        try:
            torrent = await self._verifier.watch(Expected(tags=tags), 0)
        except NotSeenError:
            return None
        await self._delete_tags(tags)
        return replace(torrent, tags=torrent.tags - set(tags))

    async def _add_link(self, handover: LinkHandover, options: AddOptions, seconds: float) -> Seen:
        """Hand a link over under a tag of its own: what it leads to is not known beforehand."""
        version = await self._client.require(API_TAGS_AT_ADD, "4.3.1")
        link = str(handover.link)
        tag = f"{ONE_OFF_TAG}{secrets.token_hex(4)}"
        expected = Expected(
            # An earlier add of the link may be in flight still: then this one is swallowed, and the
            # torrent comes under the earlier tag.
            tags=(tag, *self._late.tags_of(link)),
            link=link,
            log_position=await self._verifier.log_position(),
        )
        started = time.monotonic()
        with self._watched_for(expected, options):
            async with _surviving_lost_answer() as lost:
                answer = await self._client.add_link(
                    link, replace(options, tags=(*options.tags, tag))
                )
                if answer is AddAnswer.REFUSED:
                    raise RejectedError
            try:
                with _handed_over():
                    torrent = await self._verifier.watch(expected, seconds)
            except LinkIsDuplicate as duplicate:
                torrent = duplicate.torrent
            except LinkRefused as refused:
                waited = time.monotonic() - started >= self._link_seconds * _WAITED_SHARE
                torrent = await self._explain(handover, refused.sentence, waited=waited)
            except NotSeenError as err:
                if lost:
                    raise lost[0] from None
                # In doubt, whatever is concluded now.
                self._late.expect(expected, options)
                # Before 5.0 the log says nothing of links that failed. Once the server must have
                # given up, what we see there ourselves tells.
                gave_up = version.api < API_STOP and seconds >= self._link_seconds
                try:
                    if gave_up and handover.own is not None:
                        torrent = await self._explain(handover, "", in_doubt=err)
                    else:
                        torrent = await self._look_ourselves(handover, err, seconds)
                except LinkError, JackettError, NotSeenError:
                    arrived = await self._come_meanwhile(expected)
                    if arrived is None:
                        raise
                    torrent = arrived
            # Who is adding the same as a file has to see them.
            async with self._exclusively(torrent.ids):
                await self._delete_tags(expected.tags)
        ours = torrent.tags & set(expected.tags)
        return Seen(
            status=AddStatus.ADDED if ours else AddStatus.ALREADY_PRESENT,
            torrent=replace(torrent, tags=torrent.tags - ours),
        )

    async def _look_ourselves(
        self, handover: LinkHandover, not_seen: NotSeenError, seconds: float
    ) -> Torrent:
        """Open a link of which nothing was heard, and return its torrent if it is there.

        A duplicate is passed over in silence before 5.0, and after that its line may name nothing
        that is unique. `seconds` is how long the caller was willing to wait.
        """
        found = None
        if handover.own is not None:
            with suppress(LinkError, JackettError):
                found = await self._open_and_find(handover.own, min(seconds, _EXPLAIN_SECONDS))
        if found is None:
            raise not_seen
        return found

    async def _come_meanwhile(self, expected: Expected) -> Torrent | None:
        """Return what has come while we looked ourselves, which may take long."""
        with suppress(NotSeenError, QbittorrentError):
            # Without the link: the log has been read.
            return await self._verifier.watch(replace(expected, link=None), 0)
        return None

    async def _explain(
        self,
        handover: LinkHandover,
        sentence: str,
        *,
        waited: bool = False,
        in_doubt: NotSeenError | None = None,
    ) -> Torrent:
        """Raise why a link came to nothing; return the torrent if it was there all along.

        The server's sentence is in its own language. So Home Assistant opens Jackett's link itself:
        if it can, the way from qBittorrent is what failed; if not, its own failure is the cause.
        What takes too long for us says nothing, unless qBittorrent has `waited` in vain, too. Nor
        does what we must not open to the end. Without a sentence, both leave the doubt.
        """
        link = handover.link
        rest = sentence.replace(str(link), "")
        detail = self._redact(sentence.replace(str(link), link.shown))
        kind = ForeignLinkUnreachableError if handover.own is None else LinkUnreachableError
        unreachable = kind(link=link.shown, detail=detail)
        signs = [error for words, error in _SIGNS.items() if words.search(rest)]
        told = signs[0](link=link.shown, detail=detail) if signs else unreachable
        if handover.own is None:
            raise told
        try:
            found = await self._open_and_find(handover.own, _EXPLAIN_SECONDS)
        except LinkNotAllowedError, LinkTooLargeError:
            raise in_doubt or told from None
        except LinkGoneError as err:
            if err.reason == Reason.TIMED_OUT and not waited:
                raise in_doubt or unreachable from None
            raise
        except JackettUnreachableError as err:
            if err.reason == Reason.CONNECTION_LOST:
                raise LinkGoneError(link=link.shown, reason=err.reason) from None
            raise unreachable from None
        if found is not None:
            return found
        if "[libtorrent:" in rest:
            raise LinkNotTorrentError(link=link.shown, detail=detail)
        raise unreachable

    async def _open_and_find(self, own: Link, seconds: float) -> Torrent | None:
        """Open Jackett's link here, and return its torrent if the server has it."""
        found = await self._opener.open(own, seconds=seconds)
        return await self._verifier.find_thoroughly(found.infohashes.ids)

    async def _delete_tags(self, tags: Iterable[str]) -> None:
        """Delete one-off tags, now or with the next poll; the add has succeeded either way."""
        try:
            await self._client.delete_tags(tags)
        except QbittorrentError:
            self._late.clean_up_later(tags)
        except asyncio.CancelledError:
            self._late.clean_up_later(tags)
            raise

    def _remember(self, link: str, torrent: Torrent) -> None:
        self._known_links[link] = Infohashes(others=torrent.ids)
        if len(self._known_links) > _REMEMBERED_LINKS:
            self._known_links.popitem(last=False)

    @contextmanager
    def _watched_for(self, expected: Expected, options: AddOptions) -> Iterator[None]:
        """Have a late arrival noticed when an add ends without a verdict, or is cancelled.

        Not seen is in doubt, and so is everything that keeps us from looking.
        """
        try:
            yield
        except NotSeenError, UnverifiedError, QbittorrentError, asyncio.CancelledError:
            self._late.expect(expected, options)
            raise

    @asynccontextmanager
    async def _exclusively(self, keys: Iterable[str]) -> AsyncIterator[None]:
        """Hold the locks of all keys, taken in one order so that nobody waits in a circle."""
        async with AsyncExitStack() as stack:
            for key in sorted(keys):
                lock = self._locks.setdefault(key, asyncio.Lock())
                await stack.enter_async_context(lock)
            yield


@asynccontextmanager
async def _surviving_lost_answer() -> AsyncIterator[list[QbittorrentError]]:
    """Go on when the answer to an add was lost, here or by a proxy: the request may have arrived.

    Yields a list that then holds the error.
    """
    lost: list[QbittorrentError] = []
    try:
        yield lost
    except (QbittorrentUnreachableError, QbittorrentFailedError) as err:
        if err.reason not in (Reason.CONNECTION_LOST, Reason.TIMED_OUT):
            raise
        lost.append(err)


@contextmanager
def _handed_over() -> Iterator[None]:
    """Say of what has been handed over that it could not be verified, if that is so."""
    try:
        yield
    except QbittorrentError as err:
        raise UnverifiedError(cause=err) from err
