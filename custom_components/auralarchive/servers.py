"""The engine's parts for one entry, made from its settings."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, DummyCookieJar
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import (
    async_create_clientsession,
    async_get_clientsession,
)

from .const import (
    CONF_JACKETT_API_KEY,
    CONF_JACKETT_URL,
    CONF_JACKETT_URL_FOR_QBITTORRENT,
    CONF_JACKETT_VERIFY_SSL,
    CONF_QBITTORRENT_API_KEY,
    CONF_QBITTORRENT_PASSWORD,
    CONF_QBITTORRENT_URL,
    CONF_QBITTORRENT_USERNAME,
    CONF_QBITTORRENT_VERIFY_SSL,
)
from .engine.delivery import Delivery
from .engine.jackett import JackettClient
from .engine.links import JackettAddresses
from .engine.mirror import Mirror
from .engine.opener import LinkOpener
from .engine.qbittorrent import QbittorrentClient
from .engine.reachability import Scout
from .engine.redact import Redactor
from .engine.results import ResultStore
from .engine.route import Endpoints
from .engine.session import Credentials
from .engine.source import DeliveryMode
from .engine.transport import origin_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """Jackett and qBittorrent of an entry, and what the engine does with them."""

    jackett: JackettClient
    qbittorrent: QbittorrentClient
    qbittorrent_address: str
    mirror: Mirror
    addresses: JackettAddresses
    delivery: Delivery
    scout: Scout
    results: ResultStore
    redact: Redactor
    session: ClientSession

    async def close(self) -> None:
        """End the session with qBittorrent once the adds under way have their verdicts."""
        await self.delivery.wait_until_idle()
        self.session.detach()

    def endpoints(self, mode: DeliveryMode, category: str) -> Endpoints:
        """Return what a check of the route needs, for a way of delivery and a category."""
        return Endpoints(
            jackett=self.jackett,
            jackett_address=str(self.addresses.home_assistant),
            jackett_for_qbittorrent=str(self.addresses.qbittorrent),
            qbittorrent=self.qbittorrent,
            qbittorrent_address=self.qbittorrent_address,
            scout=self.scout,
            mirror=self.mirror,
            mode=mode,
            category=category,
        )


def connect(hass: HomeAssistant, settings: Mapping[str, Any]) -> Servers:
    """Make an entry's parts; `Servers.close` ends them."""
    jackett_session = jackett_session_for(hass, settings)
    session = qbittorrent_session_for(hass, settings)
    qbittorrent = qbittorrent_client(session, settings)
    addresses = JackettAddresses.of(
        settings[CONF_JACKETT_URL],
        settings.get(CONF_JACKETT_URL_FOR_QBITTORRENT) or settings[CONF_JACKETT_URL],
        settings[CONF_JACKETT_API_KEY],
    )
    mirror = Mirror()
    return Servers(
        jackett=jackett_client(jackett_session, settings),
        qbittorrent=qbittorrent,
        qbittorrent_address=origin_text(settings[CONF_QBITTORRENT_URL]),
        mirror=mirror,
        addresses=addresses,
        delivery=Delivery(
            qbittorrent,
            mirror,
            LinkOpener(jackett_session, async_get_clientsession(hass), addresses),
            addresses,
            redactor(settings),
        ),
        scout=Scout(qbittorrent, redactor(settings)),
        results=ResultStore(),
        redact=redactor(settings),
        session=session,
    )


def redactor(settings: Mapping[str, Any]) -> Redactor:
    """Return what masks the secrets of these settings."""
    return Redactor(
        settings.get(key)
        for key in (CONF_JACKETT_API_KEY, CONF_QBITTORRENT_PASSWORD, CONF_QBITTORRENT_API_KEY)
    )


def jackett_session_for(hass: HomeAssistant, settings: Mapping[str, Any]) -> ClientSession:
    """Return the session for Jackett."""
    return async_get_clientsession(hass, verify_ssl=settings.get(CONF_JACKETT_VERIFY_SSL, True))


def jackett_client(session: ClientSession, settings: Mapping[str, Any]) -> JackettClient:
    """Make a client for the Jackett of these settings."""
    return JackettClient(session, settings[CONF_JACKETT_URL], settings[CONF_JACKETT_API_KEY])


def qbittorrent_session_for(hass: HomeAssistant, settings: Mapping[str, Any]) -> ClientSession:
    """Make a session for qBittorrent, to be detached when it is not needed any more.

    The client keeps the cookie itself: aiohttp's jar drops those of bare IP addresses.
    """
    return async_create_clientsession(
        hass,
        verify_ssl=settings.get(CONF_QBITTORRENT_VERIFY_SSL, True),
        auto_cleanup=False,
        cookie_jar=DummyCookieJar(),
    )


def qbittorrent_client(session: ClientSession, settings: Mapping[str, Any]) -> QbittorrentClient:
    """Make a client for the qBittorrent of these settings."""
    return QbittorrentClient(
        session,
        settings[CONF_QBITTORRENT_URL],
        Credentials(
            username=settings.get(CONF_QBITTORRENT_USERNAME) or "",
            password=settings.get(CONF_QBITTORRENT_PASSWORD) or "",
            api_key=settings.get(CONF_QBITTORRENT_API_KEY) or "",
        ),
    )


@asynccontextmanager
async def trial_qbittorrent(
    hass: HomeAssistant, settings: Mapping[str, Any]
) -> AsyncIterator[QbittorrentClient]:
    """Make a client to try settings with, gone after the trial."""
    session = qbittorrent_session_for(hass, settings)
    try:
        yield qbittorrent_client(session, settings)
    finally:
        session.detach()
