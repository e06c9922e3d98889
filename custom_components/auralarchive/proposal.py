"""What the forms propose as Jackett's address for qBittorrent, and what they say of it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import (
    CONF_JACKETT_URL,
    CONF_JACKETT_URL_FOR_QBITTORRENT,
    CONF_QBITTORRENT_URL,
    DOMAIN,
)
from .engine.errors import QbittorrentError
from .engine.links import Link, suggest_address_for_qbittorrent
from .engine.qbittorrent import API_STOP
from .engine.reachability import Scout, Sight
from .engine.route import find_jackett
from .servers import redactor, trial_qbittorrent


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """An address, what is said of it, and whether qBittorrent has opened Jackett there."""

    address: str = ""
    finding: str = ""
    works: bool = False


async def propose(hass: HomeAssistant, settings: Mapping[str, Any]) -> Proposal:
    """Propose the first address that works, else the likeliest, and say how sure that is."""
    jackett, qbittorrent = settings[CONF_JACKETT_URL], settings[CONF_QBITTORRENT_URL]
    found = None
    try:
        async with trial_qbittorrent(hass, settings) as client:
            scout = Scout(client, redactor(settings))
            found = await find_jackett(scout, jackett, qbittorrent)
            tells = (await client.version()).api >= API_STOP
    except QbittorrentError:
        tells = False
    if found is not None:
        return await _proposal(hass, "address_found", found.address, works=True)
    likeliest = suggest_address_for_qbittorrent(jackett, qbittorrent)
    return await _proposal(hass, "address_not_found" if tells else "address_unknown", likeliest)


async def propose_change(
    hass: HomeAssistant, settings: Mapping[str, Any], present: Mapping[str, Any]
) -> Proposal:
    """Propose an address for an entry that is being changed; `present` is how it is so far.

    Its address stays where it works, and also where both servers are where they were: somebody has
    chosen it for them.
    """
    jackett, qbittorrent = settings[CONF_JACKETT_URL], settings[CONF_QBITTORRENT_URL]
    used = present.get(CONF_JACKETT_URL_FOR_QBITTORRENT) or present[CONF_JACKETT_URL]
    has_moved = jackett != present[CONF_JACKETT_URL]
    found = None
    with suppress(QbittorrentError):
        async with trial_qbittorrent(hass, settings) as client:
            scout = Scout(client, redactor(settings))
            if not has_moved and await _opens(scout, used):
                return await _proposal(hass, "address_found", used, works=True)
            found = await find_jackett(scout, jackett, qbittorrent)
            # Where Jackett was may still be one: only what has just been entered is surely this.
            is_sure = found is not None and found.address == jackett
            if has_moved and not is_sure and await _opens(scout, used):
                return await _proposal(hass, "address_still_opens", used, works=True)
    values = {"used": _shown(used), "found": _shown(found.address) if found else ""}
    if not has_moved and _host(settings) == _host(present):
        key = "address_kept_though" if found else "address_kept"
        return await _proposal(hass, key, used, values=values)
    if found is None:
        likeliest = suggest_address_for_qbittorrent(jackett, qbittorrent)
        return await _proposal(hass, "address_unknown", likeliest)
    key = "address_found" if found.address == used else "address_replaced"
    return await _proposal(hass, key, found.address, works=True, values=values)


async def _opens(scout: Scout, address: str) -> bool:
    """Tell whether qBittorrent opens Jackett at an address."""
    return (await scout.look(address)).sight is Sight.JACKETT


async def _proposal(
    hass: HomeAssistant,
    key: str,
    address: str,
    *,
    works: bool = False,
    values: Mapping[str, str] | None = None,
) -> Proposal:
    """Return a proposal with its text in Home Assistant's language."""
    texts = await async_get_translations(hass, hass.config.language, "exceptions", [DOMAIN])
    text = texts[f"component.{DOMAIN}.exceptions.{key}.message"]
    return Proposal(address=address, finding=text.format(**values or {}), works=works)


def _host(settings: Mapping[str, Any]) -> str:
    """Return the host that qBittorrent runs on."""
    return Link.parse(settings[CONF_QBITTORRENT_URL]).host


def _shown(address: str) -> str:
    """Return an address without what logs in to it."""
    return Link.parse(address).shown
