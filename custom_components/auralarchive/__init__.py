"""AuralArchive: finds audiobooks through Jackett and proves that they arrive in qBittorrent."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN, ENTRY_MINOR_VERSION, ENTRY_VERSION
from .coordinator import (
    AuralArchiveConfigEntry,
    AuralArchiveData,
    JackettCoordinator,
    QbittorrentCoordinator,
)
from .findings import watch_for_issues
from .history import store_of
from .issues import EntryIssues, async_setup_issues
from .journal import Journal
from .preferences import DEFAULT_OPTIONS, Preferences
from .servers import connect
from .services import async_setup_services

PLATFORMS = (Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what is there whether or not an entry is loaded: the actions, the issues' end."""
    async_setup_services(hass)
    async_setup_issues(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: AuralArchiveConfigEntry) -> bool:
    """Set up a pair of Jackett and qBittorrent."""
    servers = connect(hass, entry.data)
    preferences = Preferences.of(entry.options)

    @callback
    def close() -> None:
        # Nobody waits for it: an add may take its time.
        hass.async_create_background_task(servers.close(), "end the session with qBittorrent")

    # Also called when the set-up fails.
    entry.async_on_unload(close)
    downloads = QbittorrentCoordinator(hass, entry, servers, preferences)
    jackett = JackettCoordinator(hass, entry, servers)
    entry.runtime_data = AuralArchiveData(
        servers=servers,
        preferences=preferences,
        downloads=downloads,
        jackett=jackett,
        issues=EntryIssues(hass, entry),
        journal=Journal(),
    )
    watch_for_issues(hass, entry)
    # What a set-up that failed had scheduled must not overwrite what the next one keeps.
    entry.async_on_unload(downloads.history.close)
    await downloads.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    downloads.announcer.open()
    # Jackett is needed for searches only: nothing has to wait for it.
    entry.async_create_background_task(hass, jackett.async_refresh(), "look for Jackett")
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: AuralArchiveConfigEntry) -> bool:
    """Bring an entry of an earlier version up to date; one of a later major version stays."""
    if entry.version > ENTRY_VERSION:
        return False
    if entry.minor_version < ENTRY_MINOR_VERSION:
        # Before 1.2 only delivery and category could be chosen.
        hass.config_entries.async_update_entry(
            entry,
            options={**DEFAULT_OPTIONS, **entry.options},
            minor_version=ENTRY_MINOR_VERSION,
        )
    return True


async def async_unload_entry(hass: HomeAssistant, entry: AuralArchiveConfigEntry) -> bool:
    """Unload an entry."""
    downloads = entry.runtime_data.downloads
    # What happens from now on, the next set-up tells.
    downloads.announcer.close()
    is_unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if is_unloaded:
        await downloads.history.write()
    else:
        downloads.announcer.open()
    return is_unloaded


async def async_remove_entry(hass: HomeAssistant, entry: AuralArchiveConfigEntry) -> None:
    """Forget what was told of a removed entry's downloads."""
    await store_of(hass, entry.entry_id).async_remove()
