"""The way of a release into qBittorrent: resolve, hand over, verify, explain.

Nothing counts as added that was not seen in the server's list.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
import secrets
import time
from weakref import WeakValueDictionary

from .errors import (
    Attempt,
    AuralArchiveError,
    InvalidCategoryError,
    InvalidMagnetError,
    InvalidTorrentFileError,
    JackettError,
    JackettUnreachableError,
    LinkError,
    LinkNotAllowedError,
    LinkNotTorrentError,
    LinkTooLargeError,
    LinkUnreachableError,
    NotSeenError,
    QbittorrentTooOldError,
    QbittorrentUnreachableError,
    Reason,
    RejectedError,
)
from .late import LateArrivals
from .links import JackettAddresses, Link
from .mirror import Mirror, Torrent, TorrentState
from .opener import LinkOpener
from .qbittorrent import API_STOP, API_TAGS_AT_ADD, AddAnswer, AddOptions, QbittorrentClient
from .redact import Redactor
from .settle import Caution, Warned, settle
from .source import DeliveryMode, HandOver, HandOverLink, OpenLink, Route, Source, Step
from .torrent import Infohashes, Magnet, TorrentFile
from .verification import Expected, LinkIsDuplicate, LinkRefused, Verifier

DEFAULT_SECONDS = 45.0
_TAG_PREFIX = "auralarchive-"
# qBittorrent gives a link up after 30 seconds without a byte; one second for its own work.
_LINK_GIVEN_UP = 31.0
_EXPLAIN_SECONDS = 15.0
_REMEMBERED_LINKS = 500
# Failures of one way, not of the server or of what was asked for.
_ANOTHER_WAY_MAY_WORK = (
    LinkError,
    JackettError,
    RejectedError,
    InvalidMagnetError,
    InvalidTorrentFileError,
)


class AddStatus(StrEnum):
    """What an add that succeeded came to."""

    ADDED = "added"
    ALREADY_PRESENT = "already_present"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """A torrent that was seen in qBittorrent, and how it got there."""

    status: AddStatus
    torrent: Torrent
    route: Route
    link_rewritten: bool
    elapsed_ms: int
    attempts: tuple[Attempt, ...]
    warnings: tuple[Warned, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Handover:
    """What goes to qBittorrent, and under which identity it has to be found there."""

    route: Route
    payload: Magnet | TorrentFile | Link
    infohashes: Infohashes | None = None
    link_rewritten: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """A torrent that the server lists, and whether it was there before."""

    status: AddStatus
    torrent: Torrent


class Delivery:
    """Adds releases to one qBittorrent and proves that they are there."""

    def __init__(
        self,
        client: QbittorrentClient,
        mirror: Mirror,
        opener: LinkOpener,
        addresses: JackettAddresses,
        redactor: Redactor,
    ) -> None:
        """Take the server with its mirror, and what opens links on this side."""
        self._client = client
        self._opener = opener
        self._addresses = addresses
        self._redact = redactor
        self._verifier = Verifier(client, mirror)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._known_links: OrderedDict[str, Infohashes] = OrderedDict()
        self.late = LateArrivals(client, self._verifier)

    async def add(
        self,
        source: Source,
        options: AddOptions,
        *,
        mode: DeliveryMode = DeliveryMode.AUTO,
        seconds: float = DEFAULT_SECONDS,
    ) -> Delivered:
        """Get a torrent into qBittorrent; returns only what was seen there.

        `seconds` bounds the opening of a link and, anew, the wait for the torrent. Raises the error
        of the first way that was tried, with all attempts in it.
        """
        started = time.monotonic()
        if options.category:
            await self._ensure_category(options.category)
        attempts: list[Attempt] = []
        errors: list[AuralArchiveError] = []
        for step in source.steps(mode):
            if errors and not _is_worth_trying(step, errors[0]):
                continue
            route = Route.LINK if isinstance(step, HandOverLink) else Route.FILE
            try:
                handover = await self._resolve(step, source, mode, seconds)
                route = handover.route
                seen = await self._hand_over(handover, source, options, seconds)
            except AuralArchiveError as err:
                attempts.append(Attempt(route=route, outcome=err.code, error=err))
                errors.append(err)
                if isinstance(err, _ANOTHER_WAY_MAY_WORK):
                    continue
                break
            torrent, warnings = await self._settle(seen, handover, options)
            return Delivered(
                status=seen.status,
                torrent=torrent,
                route=route,
                link_rewritten=handover.link_rewritten,
                elapsed_ms=round((time.monotonic() - started) * 1000),
                attempts=(*attempts, Attempt(route=route, outcome=seen.status)),
                warnings=warnings,
            )
        errors[0].attempts = tuple(attempts)
        raise errors[0]

    async def _ensure_category(self, category: str) -> None:
        """Have the category, or raise: an impossible name would be dropped without a word."""
        if not is_valid_category(category):
            raise InvalidCategoryError(category=category)
        if category not in await self._client.categories():
            await self._client.create_category(category)

    async def _resolve(
        self, step: Step, source: Source, mode: DeliveryMode, seconds: float
    ) -> _Handover:
        """Turn a step into what is handed over, opening the link if that is the step."""
        match step:
            case HandOver(payload):
                return _handover(payload)
            case HandOverLink(given):
                link = self._addresses.for_qbittorrent(given, from_search=source.from_search)
                rewritten = link.front != given.front
                return _Handover(route=Route.LINK, payload=link, link_rewritten=rewritten)
            case OpenLink(given):
                link = given
                if source.below_jackett is not None:
                    link = self._addresses.for_home_assistant(given, source.below_jackett)
                found = await self._opener.open(
                    link, seconds=seconds, foreign=mode is DeliveryMode.FILE
                )
                return replace(_handover(found), link_rewritten=link.front != given.front)

    async def _hand_over(
        self, handover: _Handover, source: Source, options: AddOptions, seconds: float
    ) -> _Seen:
        """Add what is not there yet; the same thing only once at a time."""
        known = handover.infohashes
        keys = known.ids if known else frozenset({str(handover.payload)})
        async with self._exclusively(keys):
            # For a link, what an earlier add of it came to, or what the indexer says it is.
            expected = known or self._known_links.get(str(handover.payload)) or source.claimed
            if expected and (torrent := await self._verifier.find(expected.ids)):
                return _Seen(status=AddStatus.ALREADY_PRESENT, torrent=torrent)
            if isinstance(handover.payload, Link):
                seen = await self._add_link(handover.payload, source, options, seconds)
                self._remember(handover.payload, seen.torrent)
                return seen
            return await self._add_known(handover.payload, options, seconds)

    async def _add_known(
        self, payload: Magnet | TorrentFile, options: AddOptions, seconds: float
    ) -> _Seen:
        """Add a magnet or a file, whose infohashes are known."""
        expected = Expected(infohashes=payload.infohashes)
        async with self._surviving_lost_answer() as lost:
            if isinstance(payload, Magnet):
                answer = await self._client.add_link(payload.uri, options)
            else:
                answer = await self._client.add_file(payload, options)
            if answer is AddAnswer.REFUSED:
                # "Nothing of this was added" is also said of what is there already.
                torrent = await self._verifier.find_thoroughly(payload.infohashes.ids)
                if torrent is None:
                    raise RejectedError
                return _Seen(status=AddStatus.ALREADY_PRESENT, torrent=torrent)
        try:
            torrent = await self._verifier.watch(expected, seconds)
        except NotSeenError:
            self.late.expect(expected, options)
            raise lost[0] if lost else NotSeenError(seconds=f"{seconds:g}") from None
        return _Seen(status=AddStatus.ADDED, torrent=torrent)

    async def _add_link(
        self, link: Link, source: Source, options: AddOptions, seconds: float
    ) -> _Seen:
        """Hand a link over, under a tag of its own: what it leads to is not known beforehand."""
        version = await self._client.version()
        if version.api < API_TAGS_AT_ADD:
            raise QbittorrentTooOldError(version=version.app, needed="4.3.1")
        tag = f"{_TAG_PREFIX}{secrets.token_hex(4)}"
        expected = Expected(
            tag=tag, link=str(link), log_position=await self._verifier.log_position()
        )
        async with self._surviving_lost_answer():
            answer = await self._client.add_link(
                str(link), replace(options, tags=(*options.tags, tag))
            )
            if answer is AddAnswer.REFUSED:
                raise RejectedError
        try:
            torrent = await self._verifier.watch(expected, seconds)
        except LinkIsDuplicate as duplicate:
            return _Seen(status=AddStatus.ALREADY_PRESENT, torrent=duplicate.torrent)
        except LinkRefused as refused:
            return await self._explain(link, source, refused.sentence)
        except NotSeenError:
            # Until 4.x the log says nothing of links that failed; once it must have given up, what
            # we see there ourselves tells.
            if version.api < API_STOP and seconds >= _LINK_GIVEN_UP and source.below_jackett:
                return await self._explain(link, source, "")
            self.late.expect(expected, options)
            raise
        await self._delete_tag(tag)
        return _Seen(status=AddStatus.ADDED, torrent=replace(torrent, tags=torrent.tags - {tag}))

    async def _explain(self, link: Link, source: Source, sentence: str) -> _Seen:
        """Raise why a link came to nothing; return the torrent if it was there all along.

        The server's sentence is in its own language. So Home Assistant opens Jackett's link itself:
        if it can, the way from qBittorrent is what failed; if not, its own failure is the cause.
        """
        detail = self._redact(sentence.replace(str(link), link.shown))
        unreachable = LinkUnreachableError(link=link.shown, detail=detail)
        if source.below_jackett is None:
            # This part of the sentence is libtorrent's, which speaks English only.
            if "bencode" in sentence or "bdecode" in sentence:
                raise LinkNotTorrentError(link=link.shown, detail=detail)
            raise unreachable
        own = self._addresses.for_home_assistant(link, source.below_jackett)
        try:
            found = await self._opener.open(own, seconds=_EXPLAIN_SECONDS)
        except JackettUnreachableError, LinkNotAllowedError:
            raise unreachable from None
        if torrent := await self._verifier.find_thoroughly(found.infohashes.ids):
            return _Seen(status=AddStatus.ALREADY_PRESENT, torrent=torrent)
        raise unreachable

    async def _settle(
        self, seen: _Seen, handover: _Handover, options: AddOptions
    ) -> tuple[Torrent, tuple[Warned, ...]]:
        torrent, warnings = await settle(
            self._client,
            self._verifier,
            seen.torrent,
            options,
            was_there=seen.status is AddStatus.ALREADY_PRESENT,
        )
        magnet = handover.payload
        if (
            isinstance(magnet, Magnet)
            and not magnet.has_trackers
            and torrent.state is TorrentState.FETCHING_METADATA
            and not (await self._client.preferences()).get("dht", True)
        ):
            warnings = (*warnings, Warned(caution=Caution.NO_PEER_SOURCE, values={}))
        return torrent, warnings

    async def _delete_tag(self, tag: str) -> None:
        """Delete a one-off tag, now or with the next poll; the add has succeeded either way."""
        try:
            await self._client.delete_tags([tag])
        except QbittorrentUnreachableError:
            self.late.clean_up_later(tag)

    def _remember(self, link: Link, torrent: Torrent) -> None:
        self._known_links[str(link)] = Infohashes(
            v1=torrent.infohash_v1,
            v2=torrent.infohash_v2,
            others=frozenset({torrent.infohash}),
        )
        if len(self._known_links) > _REMEMBERED_LINKS:
            self._known_links.popitem(last=False)

    @asynccontextmanager
    async def _exclusively(self, keys: Iterable[str]) -> AsyncIterator[None]:
        """Hold the locks of all keys, taken in one order so that nobody waits in a circle."""
        async with AsyncExitStack() as stack:
            for key in sorted(keys):
                lock = self._locks.setdefault(key, asyncio.Lock())
                await stack.enter_async_context(lock)
            yield

    @asynccontextmanager
    async def _surviving_lost_answer(
        self,
    ) -> AsyncIterator[list[QbittorrentUnreachableError]]:
        """Go on when the answer to an add was lost: the request may have arrived.

        Yields a list that then holds the error.
        """
        lost: list[QbittorrentUnreachableError] = []
        try:
            yield lost
        except QbittorrentUnreachableError as err:
            if err.reason not in (Reason.CONNECTION_LOST, Reason.TIMED_OUT):
                raise
            lost.append(err)


def is_valid_category(name: str) -> bool:
    """Tell whether qBittorrent accepts a category name, by its own rule; not for empty ones."""
    return not (
        not name.isprintable()
        or "\\" in name
        or "//" in name
        or name.startswith("/")
        or name.endswith("/")
    )


def _handover(payload: Magnet | TorrentFile) -> _Handover:
    route = Route.MAGNET if isinstance(payload, Magnet) else Route.FILE
    return _Handover(route=route, payload=payload, infohashes=payload.infohashes)


def _is_worth_trying(step: Step, first: AuralArchiveError) -> bool:
    """Tell whether a step could do better than the first one, which failed.

    Jackett's link is handed over only where Home Assistant did not get through to Jackett, or kept
    to bounds that qBittorrent does not have. What Jackett said it would say again.
    """
    return not isinstance(step, HandOverLink) or isinstance(
        first, JackettUnreachableError | LinkTooLargeError | LinkNotAllowedError
    )
