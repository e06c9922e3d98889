"""A namespace is a container's network: its loopback is its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from json import loads
from pathlib import Path

import pytest
import pytest_socket

from scripts.lab.cache import qbittorrent_binary
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Indexer, Release, torrent_file
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import ApiSession, QBittorrentServer
from scripts.lab.torrents import make_torrent

MADE = make_torrent({"book.m4b": b"book" * 10_000})


@pytest.fixture
def namespace() -> Iterator[NetworkNamespace]:
    """Make a namespace that tests may connect to."""
    possible, reason = NetworkNamespace.available()
    if not possible:
        pytest.skip(reason)
    with NetworkNamespace() as made:
        # In this order: the list of hosts belongs to the class that enabling brings back.
        pytest_socket.enable_socket()
        pytest_socket.socket_allow_hosts(["127.0.0.1", made.address], allow_unix_socket=True)
        yield made


@pytest.fixture
async def jackett(namespace: NetworkNamespace) -> AsyncIterator[JackettStandIn]:
    """Run a stand-in that listens on loopback and towards the namespace."""
    running = JackettStandIn()
    await running.start(["127.0.0.1", namespace.host_address])
    running.add(Indexer(id="one"))
    running.add_release(Release(title="Book", download=torrent_file(MADE)), indexer="one")
    async with running:
        yield running


@pytest.fixture
def session(namespace: NetworkNamespace, tmp_path: Path) -> Iterator[ApiSession]:
    """Log in to a server inside."""
    if qbittorrent_binary("5.1") is None:
        pytest.skip("qBittorrent 5.1 is not here")
    with QBittorrentServer("5.1", tmp_path, namespace=namespace) as server:
        yield server.login()


async def test_localhost_links_fail_inside(
    namespace: NetworkNamespace, jackett: JackettStandIn, session: ApiSession
) -> None:
    """The link that the host can open fails; the same link by the link's address works."""
    token = jackett.protection.seal(jackett.indexers["one"].releases[0].tracker_link or "")
    path = f"dl/one/?jackett_apikey={jackett.api_key}&path={token}&file=Book"
    local = f"http://localhost:{jackett.port}/{path}"
    await asyncio.to_thread(session.call, "torrents/add", {"urls": local})
    async with asyncio.timeout(10):
        while local not in await asyncio.to_thread(session.call, "log/main?normal=false"):
            pass
    assert jackett.requests == []
    linked = f"{jackett.url_at(namespace.host_address)}/{path}"
    await asyncio.to_thread(session.call, "torrents/add", {"urls": linked})
    async with asyncio.timeout(10):
        while not (torrents := loads(await asyncio.to_thread(session.call, "torrents/info"))):
            pass
    assert torrents[0]["hash"] == MADE.infohash
    assert [request.peer for request in jackett.requests] == [namespace.address]
