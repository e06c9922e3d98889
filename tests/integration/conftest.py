"""What the tests of the integration share."""

from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
import ssl
from typing import Any, Protocol, cast

from aiohttp.resolver import AsyncResolver
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER, HassAsyncDNSResolver
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.auralarchive.const import DOMAIN
from custom_components.auralarchive.preferences import DEFAULT_OPTIONS
from scripts.lab.jackett import JackettStandIn
from scripts.lab.qbittorrent import QBittorrentServer

from .odd_servers import Handler, Proxy, Silence, proxying, self_signed, serving, silence
from .shown_texts import watch_texts

type Fields = dict[str, Any]


class Action(Protocol):
    """Calls one of the integration's actions."""

    async def __call__(self, action: str, **data: object) -> Any:
        """Return the action's response."""


class Poll(Protocol):
    """Lets time pass for Home Assistant's timers."""

    async def __call__(self, seconds: float = 10) -> None:
        """Do what is due within so many seconds, and wait for its end."""


class Load(Protocol):
    """Loads an entry without the config flow."""

    async def __call__(
        self, server: QBittorrentServer | None = None, *, wait: bool = True, **fields: object
    ) -> MockConfigEntry:
        """Return the entry for the lab's servers; `fields` are data that are to be different."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A good Jackett, a good qBittorrent, and whatever else a test wants to put in their place."""

    jackett: JackettStandIn
    qbittorrent: QBittorrentServer
    profiles: Path
    certificate: ssl.SSLContext
    _running: ExitStack
    _serving: AsyncExitStack

    def server(self, generation: str = "5.3", **options: Any) -> QBittorrentServer:
        """Start a qBittorrent of the test's own."""
        number = len(list(self.profiles.iterdir()))
        profile = self.profiles / f"profile-{number}"
        profile.mkdir()
        server = QBittorrentServer(generation, profile, **options)
        return self._running.enter_context(server)

    async def site(self, handler: Handler, *, tls: bool = False) -> str:
        """Serve something else, and return its address."""
        context = self.certificate if tls else None
        return await self._serving.enter_async_context(serving(handler, context))

    async def proxy(self, target: str, *, keeps_host: bool = False, tls: bool = False) -> Proxy:
        """Put a proxy in front of a server."""
        context = self.certificate if tls else None
        proxy = proxying(target, keeps_host=keeps_host, ssl_context=context)
        return await self._serving.enter_async_context(proxy)

    async def silence(self) -> Silence:
        """Listen without ever answering."""
        return await self._serving.enter_async_context(silence())

    async def secure_jackett(self) -> JackettStandIn:
        """Start a Jackett with a certificate of its own."""
        jackett = JackettStandIn()
        await jackett.start(ssl_context=self.certificate)
        self._serving.push_async_callback(jackett.stop)
        return jackett


@pytest.fixture(autouse=True)
def missing_texts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect what is shown without a text, which is none of a test's business but its failure."""
    missing: list[str] = []
    watch_texts(monkeypatch, missing)
    yield missing
    assert missing == []


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return what serves with a certificate that nobody vouches for."""
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
async def lab(
    hass: HomeAssistant,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
    tmp_path: Path,
    certificate: ssl.SSLContext,
) -> AsyncIterator[Lab]:
    """Return the servers of a test."""
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    report = hass.loop.get_exception_handler()
    assert report is not None

    def report_other_errors(loop: AbstractEventLoop, context: Fields) -> None:
        # That a client left a secure server is no error of Home Assistant.
        if "for incoming connection" not in context["message"]:
            report(loop, context)

    hass.loop.set_exception_handler(report_other_errors)
    async with AsyncExitStack() as sites:
        with ExitStack() as servers:
            yield Lab(jackett, qbittorrent, profiles, certificate, servers, sites)


@pytest.fixture
async def names(hass: HomeAssistant) -> AsyncIterator[None]:
    """Look up host names as Home Assistant does, by c-ares.

    The test plug-in's own resolver belongs to another event loop.
    """
    resolver = AsyncResolver()
    hass.data[DATA_RESOLVER] = cast("HassAsyncDNSResolver", resolver)
    yield
    await resolver.close()


@pytest.fixture
def load(hass: HomeAssistant, enable_custom_integrations: None, lab: Lab) -> Load:
    """Return what loads an entry, or tries to."""

    async def load(
        server: QBittorrentServer | None = None, *, wait: bool = True, **fields: object
    ) -> MockConfigEntry:
        qbittorrent = server or lab.qbittorrent
        options: Fields = {"delivery": "auto", "category": "auralarchive"}
        options |= {name: fields.pop(name) for name in DEFAULT_OPTIONS.keys() & fields.keys()}
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="AuralArchive",
            data={
                "jackett_url": lab.jackett.url,
                "jackett_api_key": lab.jackett.api_key,
                "jackett_verify_ssl": True,
                "qbittorrent_url": qbittorrent.url,
                "qbittorrent_username": qbittorrent.username,
                "qbittorrent_password": qbittorrent.password,
                "qbittorrent_verify_ssl": True,
                "jackett_url_for_qbittorrent": lab.jackett.url,
                **fields,
            },
            options=options,
        )
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=wait)
        return entry

    return load


@pytest.fixture
async def entry(load: Load) -> ConfigEntry:
    """Return an entry that is loaded."""
    return await load()


@pytest.fixture
def act(hass: HomeAssistant) -> Action:
    """Return what calls an action and gives its response."""

    async def call(action: str, **data: object) -> Any:
        return await hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=True
        )

    return call


@pytest.fixture
def poll(hass: HomeAssistant) -> Poll:
    """Return what lets time pass."""

    async def pass_time(seconds: float = 10) -> None:
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
        await hass.async_block_till_done(wait_background_tasks=True)

    return pass_time


def worded(error: HomeAssistantError) -> str:
    """Return an error's text, which must be there and have a value for everything it names."""
    text = str(error)
    assert error.translation_domain == DOMAIN
    assert text != error.translation_key
    assert "{" not in text
    return text


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's state."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state.state
