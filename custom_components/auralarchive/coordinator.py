"""Polling: qBittorrent's torrents every few seconds, Jackett's health every few minutes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
import time
from typing import override
from weakref import WeakKeyDictionary

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import TimestampDataUpdateCoordinator, UpdateFailed
from homeassistant.util.hass_dict import HassKey

from .announcer import Announcer
from .const import DOMAIN, LOGGER
from .downloads import Downloads, still_right, summarise
from .engine.errors import (
    AuralArchiveError,
    JackettAuthError,
    QbittorrentAuthError,
    QbittorrentError,
    UnverifiedError,
)
from .engine.late import Watches
from .engine.mirror import Changes
from .engine.qbittorrent import LogRecord
from .engine.server_log import is_about, warnings_of
from .engine.torznab import Indexer
from .engine.transitions import Transition, Transitions
from .history import History
from .issues import EntryIssues
from .journal import Journal
from .preferences import Preferences
from .problems import placeholders
from .servers import Servers

type AuralArchiveConfigEntry = ConfigEntry[AuralArchiveData]

_DOWNLOADS_EVERY = timedelta(seconds=10)
_JACKETT_EVERY = timedelta(minutes=5)
_WATCHES: HassKey[WeakKeyDictionary[ConfigEntry, Watches]] = HassKey(f"{DOMAIN}_watches")


@dataclass(frozen=True, kw_only=True, slots=True)
class AuralArchiveData:
    """What an entry has while it is loaded."""

    servers: Servers
    preferences: Preferences
    downloads: QbittorrentCoordinator
    jackett: JackettCoordinator
    issues: EntryIssues
    journal: Journal

    async def look_after(self, err: AuralArchiveError) -> None:
        """Let the server that refused something be looked at: if it is the login, it is asked for.

        Only that look knows: an older link of Jackett's may hold another key.
        """
        cause = err.cause if isinstance(err, UnverifiedError) else err
        if is_refusal(cause):
            coordinator = self.jackett if isinstance(cause, JackettAuthError) else self.downloads
            await coordinator.async_refresh()


class ServerCoordinator[DataT](TimestampDataUpdateCoordinator[DataT]):
    """Polls one of the two servers."""

    config_entry: AuralArchiveConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: AuralArchiveConfigEntry, server: str, every: timedelta
    ) -> None:
        """Poll a server, named for the log, at an interval."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{DOMAIN} {server}",
            update_interval=every,
            # Data compare by value: where nothing changed, no state is written.
            always_update=False,
        )
        self._asked = False
        # Whether it refused the key or login when it was last asked.
        self.refused = False
        self._failure: str | None = None

    @property
    def answered(self) -> bool | None:
        """Tell whether the server answered when it was last asked; None before that."""
        return self.last_update_success if self._asked else None

    @override
    async def _async_update_data(self) -> DataT:
        """Ask the server; every failure becomes an `UpdateFailed` with its text."""
        try:
            data = await self._ask()
        except AuralArchiveError as err:
            self.refused = is_refusal(err)
            if isinstance(err, QbittorrentError) and self.refused:
                # Trying again would end in a ban: somebody has to correct the login first.
                raise ConfigEntryAuthFailed(
                    translation_domain=DOMAIN,
                    translation_key=err.code,
                    translation_placeholders=placeholders(err),
                ) from err
            if self.refused:
                # Jackett bans nobody, and may take the key again: polling goes on.
                self.config_entry.async_start_reauth(self.hass)
            raise update_failed(err) from err
        finally:
            self._asked = True
        self.refused = False
        return data

    @callback
    def look_soon(self) -> None:
        """Poll after something has been done, and keep nobody waiting for it.

        With thousands of torrents an old server takes seconds for a poll.
        """
        self.config_entry.async_create_background_task(
            self.hass, self.async_request_refresh(), f"look at {self.name}"
        )

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        """Tell the listeners of a failure that has become another one, too."""
        super()._async_refresh_finished()
        failure = self.last_exception if not self.last_update_success else None
        before, self._failure = self._failure, getattr(failure, "translation_key", None)
        if None not in (before, self._failure) and before != self._failure:
            self.async_update_listeners()

    async def _ask(self) -> DataT:
        raise NotImplementedError


class QbittorrentCoordinator(ServerCoordinator[Downloads]):
    """Keeps the mirror of qBittorrent up to date, and sums it up."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AuralArchiveConfigEntry,
        servers: Servers,
        preferences: Preferences,
    ) -> None:
        """Start with an empty mirror."""
        super().__init__(hass, entry, "qBittorrent", _DOWNLOADS_EVERY)
        self._servers = servers
        self._preferences = preferences
        self._transitions = Transitions(
            servers.qbittorrent_address,
            preferences.category,
            stalled_after=preferences.stalled_after,
        )
        self.history = History(hass, entry.entry_id, self._transitions, self._has_told_all)
        self.announcer = Announcer(hass, lambda: self.history.note(turns=True))
        self._looked_at = hass.loop.time()
        # One delta at a time: two answers to the same `rid` would be applied in any order.
        self._lock = asyncio.Lock()
        # What the mirror comes to, None if that has to be reckoned anew.
        self._summary: Downloads | None = None
        self.version = ""
        # What is late may come after the entry was reloaded, with another password for instance.
        watches = hass.data.setdefault(_WATCHES, WeakKeyDictionary())
        servers.delivery.late.go_on_with(watches.setdefault(entry, Watches()))

    @override
    async def _async_setup(self) -> None:
        """Take up what was told before Home Assistant was restarted."""
        await self.history.load()

    @override
    async def _ask(self) -> Downloads:
        servers = self._servers
        async with self._lock:
            # Asked for once, and again when the server has been away: it may be an update.
            if not self.last_update_success:
                servers.qbittorrent.forget_version()
            self.version = (await servers.qbittorrent.version()).app
            changes = await servers.mirror.apply_in_turns(
                await servers.qbittorrent.maindata(servers.mirror.rid)
            )
            if self._summary is not None:
                self._summary = still_right(self._summary, servers.mirror, changes)
            await self._follow(changes)
            arrived = await servers.delivery.late.settle(servers.mirror)
        for torrent in arrived:
            # A warning, as its add has ended with an error.
            LOGGER.warning("Arrived in qBittorrent after its add had given up: %s", torrent.name)
        now = time.time()
        if self._summary is None or now > self._summary.good_until:
            # With thousands of torrents that takes a while too: others have their turn before it.
            await asyncio.sleep(0)
            self._summary = summarise(servers.mirror, self._preferences.category, now=now)
        return self._summary

    async def _follow(self, changes: Changes) -> None:
        """Tell what has become of the downloads."""
        now = self.hass.loop.time()
        # While the server was away, nothing could get on.
        seconds = now - self._looked_at if self.last_update_success else 0.0
        self._looked_at = now
        turns = await self._transitions.follow(
            self._servers.mirror, changes, seconds=seconds, now=time.time()
        )
        if not turns and not self._transitions.is_saved and self.announcer.has_told_all:
            self.history.note(turns=False)
        self.announcer.keep(turns)
        if any(turn.cause for turn in turns):
            # It may be called off meanwhile: then they are told next time, without the reasons.
            warnings = await warnings_of(self._servers.qbittorrent)
            self.announcer.exchange(lambda turn: self._explained(turn, warnings))
        self.announcer.tell()

    def _explained(self, turn: Transition, warnings: Sequence[LogRecord]) -> Transition:
        """Return a failure with the server's last word on it, any other turn as it is."""
        if turn.cause is None:
            return turn
        words = (one.message for one in reversed(warnings) if is_about(one, turn.name))
        word = next(words, None)
        return replace(turn, reason=word and self._servers.redact(word))

    def _has_told_all(self) -> bool:
        return self._transitions.is_settled and self.announcer.has_told_all


class JackettCoordinator(ServerCoordinator[tuple[Indexer, ...]]):
    """Looks whether Jackett answers and takes the key; its data are the indexers."""

    def __init__(
        self, hass: HomeAssistant, entry: AuralArchiveConfigEntry, servers: Servers
    ) -> None:
        """Start without knowing."""
        super().__init__(hass, entry, "Jackett", _JACKETT_EVERY)
        self._jackett = servers.jackett
        self._lists = False

    @property
    def has_no_indexers(self) -> bool:
        """Tell whether Jackett said that none is configured; servers without a list do not."""
        return self.last_update_success and self._lists and not self.data

    @override
    async def _ask(self) -> tuple[Indexer, ...]:
        listed = await self._jackett.indexers()
        self._lists = listed is not None
        return listed or ()


def is_refusal(err: AuralArchiveError) -> bool:
    """Tell whether a server did not let Home Assistant in, which another key or login may cure.

    A login that is taken is right: what refuses the rest, a proxy mostly, may pass.
    """
    if isinstance(err, QbittorrentAuthError):
        return err.reason != "session_refused"
    return isinstance(err, JackettAuthError)


def update_failed(err: AuralArchiveError) -> UpdateFailed:
    """Return the error that tells a coordinator's entities to be unavailable."""
    failed = UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=err.code,
        translation_placeholders=placeholders(err),
    )
    failed.__cause__ = err
    return failed
