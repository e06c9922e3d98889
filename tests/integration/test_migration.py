"""Entries of other versions: earlier ones are completed, later ones are left alone."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.auralarchive.const import DOMAIN, ENTRY_MINOR_VERSION, ENTRY_VERSION
from custom_components.auralarchive.preferences import DEFAULT_OPTIONS

from .conftest import Fields, Lab

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")


async def loaded(
    hass: HomeAssistant, lab: Lab, version: int, minor_version: int, options: Fields
) -> MockConfigEntry:
    """Load an entry of a version, or try to."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        version=version,
        minor_version=minor_version,
        data={
            "jackett_url": lab.jackett.url,
            "jackett_api_key": lab.jackett.api_key,
            "jackett_verify_ssl": True,
            "qbittorrent_url": lab.qbittorrent.url,
            "qbittorrent_username": lab.qbittorrent.username,
            "qbittorrent_password": lab.qbittorrent.password,
            "qbittorrent_verify_ssl": True,
            "jackett_url_for_qbittorrent": lab.jackett.url,
        },
        options=options,
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


async def test_an_earlier_version(hass: HomeAssistant, lab: Lab) -> None:
    """What had been chosen stays, and what could not be chosen yet is as for a new entry."""
    chosen = {"delivery": "file", "category": "books/audio"}
    entry = await loaded(hass, lab, 1, 1, chosen)
    assert entry.state is ConfigEntryState.LOADED
    assert (entry.version, entry.minor_version) == (ENTRY_VERSION, ENTRY_MINOR_VERSION)
    assert entry.options == {**DEFAULT_OPTIONS, **chosen}
    assert entry.runtime_data.preferences.category == "books/audio"


async def test_a_later_minor_version(hass: HomeAssistant, lab: Lab) -> None:
    """It can be read, and what it has more is kept for when that version comes back."""
    options = {**DEFAULT_OPTIONS, "category": "talks", "of_tomorrow": True}
    later = ENTRY_MINOR_VERSION + 1
    entry = await loaded(hass, lab, ENTRY_VERSION, later, options)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.minor_version == later
    assert entry.options == options


async def test_a_later_major_version(hass: HomeAssistant, lab: Lab) -> None:
    """It is not touched: what it means is not known."""
    options = {"unheard": "of"}
    entry = await loaded(hass, lab, ENTRY_VERSION + 1, 1, options)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert entry.version == ENTRY_VERSION + 1
    assert entry.options == options
