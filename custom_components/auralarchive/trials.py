"""What is entered into the forms, tried on the servers before it is accepted."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant

from .const import (
    CONF_JACKETT_API_KEY,
    CONF_JACKETT_URL,
    CONF_QBITTORRENT_API_KEY,
    CONF_QBITTORRENT_PASSWORD,
    CONF_QBITTORRENT_URL,
    CONF_QBITTORRENT_USERNAME,
)
from .engine.delivery import is_valid_category
from .engine.errors import InvalidCategoryError, LinkUnreachableError, QbittorrentAuthError
from .engine.jackett import read_jackett_address
from .engine.links import Link, normalise_address
from .engine.qbittorrent import QbittorrentClient
from .engine.reachability import Scout, Sight
from .servers import jackett_client, jackett_session_for, trial_qbittorrent

LOGIN_FIELDS = (CONF_QBITTORRENT_USERNAME, CONF_QBITTORRENT_PASSWORD, CONF_QBITTORRENT_API_KEY)


async def try_jackett(
    hass: HomeAssistant, entered: Mapping[str, Any], *, kept_key: str = ""
) -> dict[str, Any]:
    """Return Jackett's settings in their final form, or raise what is wrong with them.

    `kept_key` is the API key where none is entered.
    """
    address, key_in_address = read_jackett_address(entered[CONF_JACKETT_URL])
    settings = {
        **entered,
        CONF_JACKETT_URL: address,
        CONF_JACKETT_API_KEY: _copied(entered.get(CONF_JACKETT_API_KEY, ""))
        or key_in_address
        or kept_key,
    }
    await jackett_client(jackett_session_for(hass, settings), settings).indexers()
    return settings


async def try_qbittorrent(
    hass: HomeAssistant, entered: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Return qBittorrent's settings in their final form, and its categories; else raise."""
    settings = {
        **entered,
        CONF_QBITTORRENT_URL: normalise_address(entered[CONF_QBITTORRENT_URL]),
        CONF_QBITTORRENT_API_KEY: _copied(entered.get(CONF_QBITTORRENT_API_KEY, "")),
    }
    async with trial_qbittorrent(hass, settings) as client:
        await client.version()
        return settings, list(await client.categories())


def login(entered: Mapping[str, Any], kept: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the login that a form means; secrets that are left empty stay as in `kept`.

    An API key stands for itself, and so do a name and password: whichever is entered replaces the
    other. Raises `QbittorrentAuthError` for a name that is to replace a key without a password.
    """
    before = {key: (kept or {}).get(key, "") for key in LOGIN_FIELDS}
    name, password, api_key = (entered.get(key, "") for key in LOGIN_FIELDS)
    api_key = _copied(api_key)
    if api_key:
        return dict(zip(LOGIN_FIELDS, ("", "", api_key), strict=True))
    if not password and before[CONF_QBITTORRENT_API_KEY]:
        if name not in ("", before[CONF_QBITTORRENT_USERNAME]):
            raise QbittorrentAuthError(reason="login_needed")
        return before
    if name and not password:
        password = before[CONF_QBITTORRENT_PASSWORD]
    return dict(zip(LOGIN_FIELDS, (name, password, ""), strict=True))


def _copied(key: str) -> str:
    """Return a key without what copying leaves in it, which would be no header."""
    return "".join(key.split())


def valid_category(name: str) -> str:
    """Return a category's name without blanks around it; raise unless qBittorrent takes it."""
    name = name.strip()
    if not name or not is_valid_category(name):
        raise InvalidCategoryError(category=name)
    return name


async def make_category(client: QbittorrentClient, name: str) -> str:
    """Return the name of a category that exists, created if it did not."""
    name = valid_category(name)
    await client.create_category(name)
    return name


async def try_address(scout: Scout, address: str) -> None:
    """Raise what keeps qBittorrent from opening Jackett at an address."""
    seen = await scout.look(address)
    if seen.sight in (Sight.NOTHING, Sight.WRONG_PATH):
        raise LinkUnreachableError(link=Link.parse(address).shown, detail=seen.sentence)
