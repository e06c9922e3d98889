"""A Home Assistant object for measuring, with entries that are loaded and polled by hand."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.auralarchive.const import DOMAIN
from custom_components.auralarchive.coordinator import AuralArchiveConfigEntry, AuralArchiveData
from custom_components.auralarchive.preferences import DEFAULT_OPTIONS
from scripts.benchmarks.bare_home import bare_home, entry_of
from scripts.lab.jackett_api import API_KEY
from scripts.lab.qbittorrent import QBittorrentServer

OWN = "qbittorrent"
CATEGORY = str(DEFAULT_OPTIONS["category"])
# Where nobody listens: polls of qBittorrent do not need Jackett.
NO_JACKETT = "http://127.0.0.1:9"


class HomeError(Exception):
    """An entry does not do what a measurement needs."""


@asynccontextmanager
async def home(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant in a folder of its own, and stop it."""
    async with bare_home(folder) as hass:
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


def ours(
    server: QBittorrentServer,
    jackett: str = NO_JACKETT,
    *,
    polls_itself: bool = False,
    **data: object,
) -> MockConfigEntry:
    """Return an entry of the integration, not loaded yet."""
    settings = {
        "jackett_url": jackett,
        "jackett_api_key": API_KEY,
        "jackett_verify_ssl": True,
        "qbittorrent_url": server.url,
        "qbittorrent_username": server.username,
        "qbittorrent_password": server.password,
        "qbittorrent_verify_ssl": True,
        "jackett_url_for_qbittorrent": jackett,
        **data,
    }
    return entry_of(DOMAIN, settings, DEFAULT_OPTIONS, polls_itself=polls_itself)


def own(server: QBittorrentServer) -> MockConfigEntry:
    """Return an entry of Home Assistant's own integration of qBittorrent, not loaded yet."""
    settings = {
        "url": server.url,
        "username": server.username,
        "password": server.password,
        "verify_ssl": True,
    }
    return entry_of(OWN, settings, {})


async def load(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigEntry[Any]:
    """Set an entry up; polls after the first one are done by hand, unless the entry says other."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    if entry.state is not ConfigEntryState.LOADED:
        raise HomeError(f"{entry.domain} is not loaded: {entry.reason}")
    return entry


def data_of(entry: ConfigEntry[Any]) -> AuralArchiveData:
    """Return what an entry of ours has while it is loaded."""
    return cast("AuralArchiveConfigEntry", entry).runtime_data


def coordinator_of(entry: ConfigEntry[Any]) -> DataUpdateCoordinator[Any]:
    """Return what polls qBittorrent for an entry, ours or Home Assistant's own."""
    coordinator: DataUpdateCoordinator[Any] = (
        data_of(entry).downloads if entry.domain == DOMAIN else entry.runtime_data
    )
    return coordinator


async def act(hass: HomeAssistant, action: str, **data: object) -> Mapping[str, Any]:
    """Call one of our actions and return its response."""
    response = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    return cast("Mapping[str, Any]", response)
