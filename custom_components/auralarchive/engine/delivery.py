"""The way of a release into qBittorrent: resolve, hand over, verify, explain.

Nothing counts as added that was not seen in the server's list.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import re
import time
from typing import Any

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
    QbittorrentError,
    QbittorrentTooOldError,
    Reason,
    RejectedError,
    UnverifiedError,
)
from .handover import LINK_SECONDS, AddStatus, Handover, LinkHandover, Seen
from .late import LateArrivals
from .links import JackettAddresses
from .mirror import Mirror, Torrent, TorrentState
from .opener import LinkOpener
from .qbittorrent import API_TAGS, AddOptions, QbittorrentClient
from .redact import Redactor
from .settle import PASSING_STATES, Caution, Warned, queued_or_not, settle
from .source import DeliveryMode, HandOver, HandOverLink, OpenLink, Route, Source, Step
from .torrent import Infohashes, Magnet, TorrentFile
from .verification import Expected, Verifier

DEFAULT_SECONDS = 45.0
_PREFERENCES_SECONDS = 60.0
# Control characters, and what would make an empty level.
_NO_CATEGORY = re.compile(r"[\x00-\x1f\x7f\\]|//|^/|/$")
# Failures of one way, not of the server or of what was asked for.
_ANOTHER_WAY_MAY_WORK = (
    LinkError,
    JackettError,
    RejectedError,
    InvalidMagnetError,
    InvalidTorrentFileError,
    QbittorrentTooOldError,
)


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


@dataclass(frozen=True, slots=True)
class _Job:
    """What was asked for."""

    source: Source
    options: AddOptions
    mode: DeliveryMode
    seconds: float


@dataclass(slots=True)
class _Tried:
    """How far a step got: what it found, and in which form that went to qBittorrent."""

    route: Route = Route.FILE
    payload: Magnet | TorrentFile | None = None
    link: str | None = None
    link_rewritten: bool = False


class Delivery:
    """Adds releases to one qBittorrent and proves that they are there."""

    def __init__(
        self,
        client: QbittorrentClient,
        mirror: Mirror,
        opener: LinkOpener,
        addresses: JackettAddresses,
        redactor: Redactor,
        *,
        link_seconds: float = LINK_SECONDS,
    ) -> None:
        """Take the server with its mirror, and what opens links on this side.

        After `link_seconds` the server must have given a link up.
        """
        self._client = client
        self._opener = opener
        self._addresses = addresses
        self._verifier = Verifier(client, mirror)
        self.late = LateArrivals(client, self._verifier)
        self._handover = Handover(
            client, self._verifier, opener, redactor, self.late, link_seconds=link_seconds
        )
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._preferences: dict[str, Any] = {}
        self._preferences_until = 0.0

    async def wait_until_idle(self) -> None:
        """Return when no add is under way."""
        await self._idle.wait()

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def add(
        self,
        source: Source,
        options: AddOptions,
        *,
        mode: DeliveryMode = DeliveryMode.AUTO,
        seconds: float = DEFAULT_SECONDS,
    ) -> Delivered:
        """Get a torrent into qBittorrent; returns only what was seen there.

        `seconds` bounds the opening of a link and, anew, the wait for the torrent. Raises what no
        other way could cure, else the error of the first way that was tried; with all attempts in
        it.
        """
        with self._busy():
            return await self._add(_Job(source, options, mode, seconds))

    async def _add(self, job: _Job) -> Delivered:
        """Take step after step until one gets there."""
        started = time.monotonic()
        if job.options.category:
            await self._ensure_category(job.options.category)
        if job.options.tags:
            await self._client.require(API_TAGS, "4.2")
        attempts: list[Attempt] = []
        errors: list[AuralArchiveError] = []
        for step in job.source.steps(job.mode):
            if errors and not _is_worth_trying(step, errors[0]):
                continue
            tried = _Tried()
            try:
                seen = await self._take(step, job, tried)
                torrent, warnings = await self._settle(seen, job.options, tried)
            except AuralArchiveError as err:
                error = _as_step_error(step, err)
                attempts.append(Attempt(route=tried.route, outcome=error.code, error=error))
                errors.append(error)
                if isinstance(error, _ANOTHER_WAY_MAY_WORK):
                    continue
                # Decisive: whatever failed before, this is what the user has to see to.
                error.attempts = tuple(attempts)
                raise error from None
            self.late.forget(torrent, tried.link)
            return Delivered(
                status=seen.status,
                torrent=torrent,
                route=tried.route,
                link_rewritten=tried.link_rewritten,
                elapsed_ms=round((time.monotonic() - started) * 1000),
                attempts=(*attempts, Attempt(route=tried.route, outcome=seen.status)),
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

    async def _take(self, step: Step, job: _Job, tried: _Tried) -> Seen:
        """Take a step, opening the link if that is the step; `tried` tells how far it got."""
        match step:
            case HandOver(payload):
                return await self._hand_over(payload, job, tried)
            case HandOverLink(given):
                tried.route = Route.LINK
                link = self._addresses.for_qbittorrent(given, from_search=job.source.from_search)
                tried.link_rewritten = link.front != given.front
                tried.link = str(link)
                below = job.source.below_jackett
                handover = LinkHandover(
                    link=link,
                    own=self._addresses.for_home_assistant(link, below) if below else None,
                    claimed=job.source.claimed,
                )
                return await self._handover.link(handover, job.options, job.seconds)
            case OpenLink(given):
                link = given
                if job.source.below_jackett is not None:
                    link = self._addresses.for_home_assistant(given, job.source.below_jackett)
                tried.link_rewritten = link.front != given.front
                found = await self._opener.open(
                    link, seconds=job.seconds, foreign=job.mode is DeliveryMode.FILE
                )
                return await self._hand_over(found, job, tried)

    async def _hand_over(self, payload: Magnet | TorrentFile, job: _Job, tried: _Tried) -> Seen:
        tried.payload = payload
        tried.route = Route.MAGNET if isinstance(payload, Magnet) else Route.FILE
        return await self._handover.known(payload, job.options, job.seconds)

    async def _settle(
        self, seen: Seen, options: AddOptions, tried: _Tried
    ) -> tuple[Torrent, tuple[Warned, ...]]:
        """Repair what differs, and add the warnings that only the server's settings explain."""
        was_there = seen.status is AddStatus.ALREADY_PRESENT
        found = seen.torrent if was_there else await self._queued_or_not(seen.torrent)
        try:
            torrent, warnings = await settle(
                self._client, self._verifier, found, options, was_there=was_there
            )
        except QbittorrentError as err:
            # It is there; what else it was to get, it gets when the server can be asked again.
            self.late.expect(Expected(infohashes=Infohashes(others=found.ids)), options)
            raise UnverifiedError(cause=err) from err
        caution = None
        # An answer that does not come is no reason to doubt what was seen.
        with suppress(QbittorrentError):
            caution = await self._caution(torrent, options, tried)
        return torrent, (*warnings, Warned(caution=caution, values={})) if caution else warnings

    async def _queued_or_not(self, torrent: Torrent) -> Torrent:
        """Return a new torrent as it is when it is known whether it has to wait."""
        with suppress(QbittorrentError):
            if torrent.state in PASSING_STATES and (await self._settings()).get("queueing_enabled"):
                return await queued_or_not(self._verifier, torrent)
        return torrent

    async def _caution(
        self, torrent: Torrent, options: AddOptions, tried: _Tried
    ) -> Caution | None:
        """Return what the server's settings will do to a torrent that has just come."""
        if torrent.state is TorrentState.CHECKING and not options.paused:
            settings = await self._settings()
            if settings.get("add_stopped_enabled") or settings.get("start_paused_enabled"):
                return Caution.STOPPED
        magnet = tried.payload
        if (
            torrent.state is TorrentState.FETCHING_METADATA
            and isinstance(magnet, Magnet)
            and not magnet.has_trackers
            and not (await self._settings()).get("dht", True)
        ):
            return Caution.NO_PEER_SOURCE
        return None

    async def _settings(self) -> dict[str, Any]:
        """Return the server's settings, at most a minute old."""
        if time.monotonic() >= self._preferences_until:
            self._preferences = await self._client.preferences()
            self._preferences_until = time.monotonic() + _PREFERENCES_SECONDS
        return self._preferences


def is_valid_category(name: str) -> bool:
    """Tell whether qBittorrent accepts a category name, by its own rule; not for empty ones."""
    return not _NO_CATEGORY.search(name)


def _as_step_error(step: Step, err: AuralArchiveError) -> AuralArchiveError:
    """Return an error as it looks from where the torrent came from.

    A file that the server cannot read is the caller's fault only where the caller gave it.
    """
    if isinstance(step, OpenLink) and isinstance(err, InvalidTorrentFileError):
        return LinkNotTorrentError(link=step.link.shown, reason=err.reason)
    return err


def _is_worth_trying(step: Step, first: AuralArchiveError) -> bool:
    """Tell whether a step could do better than the first one, which failed.

    Jackett's link is handed over only where Home Assistant did not get through to Jackett, or kept
    to bounds that qBittorrent does not have. What Jackett said it would say again, if it said it to
    the end.
    """
    if not isinstance(step, HandOverLink) or first.reason == Reason.CONNECTION_LOST:
        return True
    return isinstance(first, JackettUnreachableError | LinkTooLargeError | LinkNotAllowedError)
