"""The actions that change a download: pause, resume, remove, set its category."""

import asyncio
from contextlib import suppress

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .calls import ENTRY, STRIPPED, TEXT, entry_of, errors_of, look_again
from .const import DOMAIN
from .coordinator import AuralArchiveConfigEntry
from .engine.choosing import choose
from .engine.errors import UnknownDownloadError
from .engine.mirror import Torrent
from .engine.orders import Order, Pause, Resume, SetCategory, carry_out
from .engine.patience import pauses
from .engine.removal import remove
from .responses import order_response, removal_response
from .servers import redactor

SERVICE_PAUSE = "pause"
SERVICE_RESUME = "resume"
SERVICE_REMOVE = "remove"
SERVICE_SET_CATEGORY = "set_category"

ATTR_DOWNLOAD = "download"
ATTR_ANY_CATEGORY = "any_category"
ATTR_DELETE_FILES = "delete_files"
ATTR_CATEGORY = "category"

# What has just been added is listed once it is loaded.
_LOADING_SECONDS = 1.0

_FIELDS = {
    **ENTRY,
    vol.Required(ATTR_DOWNLOAD): TEXT,
    vol.Optional(ATTR_ANY_CATEGORY, default=False): cv.boolean,
}
PAUSE_SCHEMA = vol.Schema(_FIELDS)
RESUME_SCHEMA = vol.Schema(_FIELDS)
REMOVE_SCHEMA = vol.Schema({**_FIELDS, vol.Optional(ATTR_DELETE_FILES, default=False): cv.boolean})
SET_CATEGORY_SCHEMA = vol.Schema({**_FIELDS, vol.Required(ATTR_CATEGORY): STRIPPED})


@callback
def async_setup_order_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in (
        (SERVICE_PAUSE, _pause, PAUSE_SCHEMA),
        (SERVICE_RESUME, _resume, RESUME_SCHEMA),
        (SERVICE_REMOVE, _remove, REMOVE_SCHEMA),
        (SERVICE_SET_CATEGORY, _set_category, SET_CATEGORY_SCHEMA),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, schema=schema, supports_response=SupportsResponse.OPTIONAL
        )


async def _pause(call: ServiceCall) -> ServiceResponse:
    """Stop a download."""
    entry = entry_of(call)
    return await _ordered(call, entry, Pause(entry.runtime_data.servers.qbittorrent))


async def _resume(call: ServiceCall) -> ServiceResponse:
    """Let a download go on."""
    entry = entry_of(call)
    return await _ordered(call, entry, Resume(entry.runtime_data.servers.qbittorrent))


async def _set_category(call: ServiceCall) -> ServiceResponse:
    """Put a download into a category."""
    entry = entry_of(call)
    client = entry.runtime_data.servers.qbittorrent
    return await _ordered(call, entry, SetCategory(client, call.data[ATTR_CATEGORY]))


async def _ordered(
    call: ServiceCall, entry: AuralArchiveConfigEntry, order: Order
) -> ServiceResponse:
    """Have an order carried out on the download that a call is for."""
    data = entry.runtime_data
    async with errors_of(data):
        torrent = await _chosen(call, entry)
        try:
            ordered = await carry_out(data.servers.qbittorrent, order, torrent)
        finally:
            # An order that failed may have changed something as well.
            data.downloads.look_soon()
    return order_response(ordered) if call.return_response else None


async def _remove(call: ServiceCall) -> ServiceResponse:
    """Remove a download, with its files if asked to."""
    entry = entry_of(call)
    data = entry.runtime_data
    async with errors_of(data):
        torrent = await _chosen(call, entry)
        try:
            removed = await remove(
                data.servers.qbittorrent,
                torrent,
                redactor(entry.data),
                delete_files=call.data[ATTR_DELETE_FILES],
            )
        finally:
            data.downloads.look_soon()
    return removal_response(removed) if call.return_response else None


async def _chosen(call: ServiceCall, entry: AuralArchiveConfigEntry) -> Torrent:
    """Return the download that a call is for, as the server lists it now."""
    data = entry.runtime_data
    category = None if call.data[ATTR_ANY_CATEGORY] else data.preferences.category
    torrents = data.servers.mirror.torrents

    def chosen() -> Torrent:
        return choose(torrents.values(), call.data[ATTR_DOWNLOAD], category, redactor(entry.data))

    for pause in pauses(_LOADING_SECONDS):
        await look_again(data)
        with suppress(UnknownDownloadError):
            return chosen()
        await asyncio.sleep(pause)
    return chosen()
