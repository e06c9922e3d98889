"""AuralArchive: finds audiobooks through Jackett and proves that they arrive in qBittorrent."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .coordinator import (
    AuralArchiveConfigEntry,
    AuralArchiveData,
    JackettCoordinator,
    QbittorrentCoordinator,
)
from .servers import connect
from .services import async_setup_services

PLATFORMS = (Platform.BINARY_SENSOR, Platform.SENSOR)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, which are there whether or not an entry is loaded."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: AuralArchiveConfigEntry) -> bool:
    """Set up a pair of Jackett and qBittorrent."""
    servers = connect(hass, {**entry.data, **entry.options})

    @callback
    def close() -> None:
        # Nobody waits for it: an add may take its time.
        hass.async_create_background_task(servers.close(), "end the session with qBittorrent")

    # Also called when the set-up fails.
    entry.async_on_unload(close)
    downloads = QbittorrentCoordinator(hass, entry, servers)
    jackett = JackettCoordinator(hass, entry, servers)
    entry.runtime_data = AuralArchiveData(servers=servers, downloads=downloads, jackett=jackett)
    await downloads.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    # Jackett is needed for searches only: nothing has to wait for it.
    entry.async_create_background_task(hass, jackett.async_refresh(), "look for Jackett")
    return True


async def async_unload_entry(hass: HomeAssistant, entry: AuralArchiveConfigEntry) -> bool:
    """Unload an entry."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
