"""What all tests share: real qBittorrent servers, a Jackett stand-in, and how to set up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
import time
from typing import Any, Protocol

from aiohttp import ThreadedResolver
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER
from homeassistant.helpers.entity import Entity
import pytest
import pytest_socket

# Imported before the test plug-in's own `custom_components` can take the name.
from custom_components.auralarchive.const import DOMAIN
from scripts.lab.cache import qbittorrent_binary
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Indexer
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import QBittorrentServer

from .deprecations import watched

GENERATIONS = ("4.5", "5.1", "5.3")

type ServerFactory = Callable[[str], QBittorrentServer]

_PATIENCE_SECONDS = 30.0


class SetUp(Protocol):
    """Sets up an entry by walking through the config flow."""

    async def __call__(
        self, jackett_url: str, api_key: str, server: QBittorrentServer, **delivery: str
    ) -> ConfigEntry:
        """Return the entry; `delivery` are fields of the last form that are not as suggested."""


async def until[T](look: Callable[[], Awaitable[T]], is_right: Callable[[T], bool]) -> T:
    """Look again and again until what is seen is right; fail with the last sight of it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_right(seen := await look()):
        if time.monotonic() > deadline:
            pytest.fail(f"still {seen!r}")
        await asyncio.sleep(0.02)
    return seen


async def past_progress(hass: HomeAssistant, step: ConfigFlowResult) -> ConfigFlowResult:
    """Return a config flow's next step once it shows no progress any more."""
    while step["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        step = await hass.config_entries.flow.async_configure(step["flow_id"])
    return step


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that makes a missing qBittorrent a failure."""
    parser.addoption(
        "--require-qbittorrent",
        action="store_true",
        help="fail, instead of skip, where a real qBittorrent or a network namespace is missing",
    )
    parser.addoption(
        "--verdicts", type=Path, help="append the verdict table's cells to this file, as JSON lines"
    )


@pytest.fixture(autouse=True)
def deprecations() -> Iterator[list[str]]:
    """Collect what Home Assistant says of our use of what it will remove: that fails every test."""
    with watched() as seen:
        yield seen
    assert seen == []


@pytest.fixture(scope="session")
def missing(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Skip a test for want of something real, or fail it if that was asked for."""
    return pytest.fail if request.config.getoption("--require-qbittorrent") else pytest.skip


@pytest.fixture(scope="session")
def server_factory(
    tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], None]
) -> Iterator[ServerFactory]:
    """Start each generation's server when it is first asked for, and keep it for the session."""
    running: dict[str, QBittorrentServer] = {}
    with ExitStack() as stack:

        def get(generation: str) -> QBittorrentServer:
            if qbittorrent_binary(generation) is None:
                missing(f"no qBittorrent {generation} here: run scripts/setup")
            if generation not in running:
                profile = tmp_path_factory.mktemp(f"qbittorrent-{generation}")
                running[generation] = stack.enter_context(QBittorrentServer(generation, profile))
            return running[generation]

        yield get


@pytest.fixture
def generation() -> str:
    """Return the generation of qBittorrent to test with; parametrise it for others."""
    return GENERATIONS[-1]


@pytest.fixture
def qbittorrent(
    socket_enabled: None, server_factory: ServerFactory, generation: str
) -> QBittorrentServer:
    """Return a running server without torrents, categories and tags."""
    server = server_factory(generation)
    server.wipe()
    return server


@pytest.fixture
async def jackett(socket_enabled: None) -> AsyncIterator[JackettStandIn]:
    """Return a Jackett with one indexer that has nothing yet."""
    async with JackettStandIn([Indexer(id="lab", name="Lab")]) as stand_in:
        yield stand_in


class _Resolver(ThreadedResolver):
    """A resolver that Home Assistant closes by its own name for that."""

    real_close = ThreadedResolver.close


@pytest.fixture
async def real_names(hass: HomeAssistant) -> None:
    """Look host names up for real.

    The test plug-in's own resolver is made once, on an event loop that no test has.
    """
    hass.data[str(DATA_RESOLVER)] = _Resolver()


@pytest.fixture
def namespace(socket_enabled: None, missing: Callable[[str], None]) -> Iterator[NetworkNamespace]:
    """Return a network namespace, which tests may talk to."""
    available, reason = NetworkNamespace.available()
    if not available:
        missing(reason)
    with NetworkNamespace() as made:
        # `localhost` may be looked up as either of the two loopback addresses.
        pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", made.address, made.host_address])
        yield made


@pytest.fixture
def every_entity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch on what begins switched off."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture
def set_up(hass: HomeAssistant, enable_custom_integrations: None) -> SetUp:
    """Return what sets up an entry by walking through the config flow."""

    async def walk(
        jackett_url: str, api_key: str, server: QBittorrentServer, **delivery: str
    ) -> ConfigEntry:
        flow = hass.config_entries.flow

        async def enter(form: ConfigFlowResult, fields: dict[str, Any]) -> ConfigFlowResult:
            return await past_progress(hass, await flow.async_configure(form["flow_id"], fields))

        form = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        form = await enter(form, {"jackett_url": jackett_url, "jackett_api_key": api_key})
        assert form["step_id"] == "qbittorrent", form
        login = {
            "qbittorrent_url": server.url,
            "qbittorrent_username": server.username,
            "qbittorrent_password": server.password,
        }
        form = await enter(form, login)
        assert form["step_id"] == "delivery", form
        schema = form["data_schema"]
        assert schema is not None
        suggested = {
            str(field): field.description["suggested_value"]
            for field in schema.schema
            if field.description
        }
        created = await enter(form, {**suggested, **delivery})
        assert created["type"] is FlowResultType.CREATE_ENTRY, created
        await hass.async_block_till_done(wait_background_tasks=True)
        return created["result"]

    return walk
