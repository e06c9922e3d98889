"""What the end-to-end tests share: a qBittorrent in a network of its own, and an observer."""

from collections.abc import Callable, Iterator
import json
from pathlib import Path
from typing import Any, Protocol

from homeassistant.core import HomeAssistant
import pytest

from scripts.lab.cache import qbittorrent_binary
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import QBittorrentServer
from tests.conftest import ServerFactory

from .cases.bench import Bench
from .verdicts import Table


class Action(Protocol):
    """Calls one of the integration's actions."""

    async def __call__(self, action: str, **data: object) -> Any:
        """Return the action's response."""


class Observer:
    """Reads a server's list by a session of its own, never with the product's client."""

    def __init__(self, server: QBittorrentServer) -> None:
        """Log in."""
        self._session = server.login()

    def torrents(self) -> dict[str, dict[str, Any]]:
        """Return the server's torrents by hash."""
        records = json.loads(self._session.call("torrents/info"))
        return {record["hash"]: record for record in records}

    async def hashes(self) -> set[str]:
        """Return the hashes alone, to be waited for."""
        return set(self.torrents())

    def tags(self) -> list[str]:
        """Return the server's tags."""
        return list(json.loads(self._session.call("torrents/tags")))

    def hand_over(self, link: str) -> str:
        """Add a link as a bare API call does, and return the answer."""
        return self._session.call("torrents/add", {"urls": link})


@pytest.fixture
def act(hass: HomeAssistant) -> Action:
    """Return what calls an action and gives its response."""

    async def call(action: str, **data: object) -> Any:
        return await hass.services.async_call(
            "auralarchive", action, data, blocking=True, return_response=True
        )

    return call


@pytest.fixture
def observer(qbittorrent: QBittorrentServer) -> Observer:
    """Return an observer of the server beside us."""
    return Observer(qbittorrent)


@pytest.fixture
def own_server(
    socket_enabled: None, generation: str, tmp_path: Path, missing: Callable[[str], None]
) -> Iterator[QBittorrentServer]:
    """Return a server of the test's own, to be harmed."""
    if qbittorrent_binary(generation) is None:
        missing(f"no qBittorrent {generation} here: run scripts/setup")
    with QBittorrentServer(generation, tmp_path / "own") as server:
        yield server


@pytest.fixture
def contained(
    namespace: NetworkNamespace, generation: str, tmp_path: Path, missing: Callable[[str], None]
) -> Iterator[QBittorrentServer]:
    """Return a server in a network namespace: its localhost is its own, as in a container."""
    if qbittorrent_binary(generation) is None:
        missing(f"no qBittorrent {generation} here: run scripts/setup")
    with QBittorrentServer(generation, tmp_path / "contained", namespace=namespace) as server:
        yield server


@pytest.fixture
def bench(
    socket_enabled: None, hass: HomeAssistant, table: Table, server_factory: ServerFactory
) -> Bench:
    """Return what runs the verdict table's cases."""
    return Bench(hass, table, server_factory)


@pytest.fixture(scope="session")
def table(request: pytest.FixtureRequest) -> Table:
    """Return what the verdicts of a run are recorded in."""
    return Table(request.config.getoption("--verdicts"))
