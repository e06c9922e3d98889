"""Polling: qBittorrent's torrents every few seconds, Jackett's health every few minutes."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
import time
from typing import override
from weakref import WeakKeyDictionary

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, LOGGER
from .downloads import Downloads, summarise
from .engine.errors import AuralArchiveError, QbittorrentAuthError
from .engine.late import Watches
from .engine.torznab import Indexer
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


class ServerCoordinator[DataT](DataUpdateCoordinator[DataT]):
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

    @property
    def answered(self) -> bool | None:
        """Tell whether the server answered when it was last asked; None before that."""
        return self.last_update_success if self._asked else None

    @override
    async def _async_update_data(self) -> DataT:
        """Ask the server; every failure becomes an `UpdateFailed` with its text."""
        try:
            return await self._ask()
        except AuralArchiveError as err:
            # A login that is taken is right: what refuses the rest, a proxy mostly, may pass.
            if not isinstance(err, QbittorrentAuthError) or err.reason == "session_refused":
                raise update_failed(err) from err
            # Trying again would end in a ban: somebody has to correct the login first.
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN,
                translation_key=err.code,
                translation_placeholders=placeholders(err),
            ) from err
        finally:
            self._asked = True

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
        # One delta at a time: two answers to the same `rid` would be applied in any order.
        self._lock = asyncio.Lock()
        self.version = ""
        # What is late may come after the entry was reloaded, with another password for instance.
        watches = hass.data.setdefault(_WATCHES, WeakKeyDictionary())
        servers.delivery.late.go_on_with(watches.setdefault(entry, Watches()))

    @override
    async def _ask(self) -> Downloads:
        servers = self._servers
        async with self._lock:
            # Asked for once, and again when the server has been away: it may be an update.
            if not self.last_update_success:
                servers.qbittorrent.forget_version()
            self.version = (await servers.qbittorrent.version()).app
            await servers.mirror.apply_in_turns(
                await servers.qbittorrent.maindata(servers.mirror.rid)
            )
            arrived = await servers.delivery.late.settle(servers.mirror)
        for torrent in arrived:
            # A warning, as its add has ended with an error.
            LOGGER.warning("Arrived in qBittorrent after its add had given up: %s", torrent.name)
        # With thousands of torrents that takes a while too: others have their turn before it.
        await asyncio.sleep(0)
        return summarise(servers.mirror, self._preferences.category, now=time.time())


class JackettCoordinator(ServerCoordinator[tuple[Indexer, ...]]):
    """Looks whether Jackett answers and takes the key; its data are the indexers."""

    def __init__(
        self, hass: HomeAssistant, entry: AuralArchiveConfigEntry, servers: Servers
    ) -> None:
        """Start without knowing."""
        super().__init__(hass, entry, "Jackett", _JACKETT_EVERY)
        self._jackett = servers.jackett

    @override
    async def _ask(self) -> tuple[Indexer, ...]:
        return await self._jackett.indexers() or ()


def update_failed(err: AuralArchiveError) -> UpdateFailed:
    """Return the error that tells a coordinator's entities to be unavailable."""
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=err.code,
        translation_placeholders=placeholders(err),
    )
