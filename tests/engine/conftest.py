"""What the tests of the engine share."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import ClientSession, DummyCookieJar, web
from aiohttp.test_utils import RawTestServer
from hypothesis import settings
import pytest

from custom_components.auralarchive.engine.qbittorrent import QbittorrentClient
from custom_components.auralarchive.engine.session import Credentials
from scripts.lab.cache import qbittorrent_binary
from scripts.lab.jackett import JackettStandIn
from scripts.lab.qbittorrent import QBittorrentServer

from .journey import Journey
from .proxy import Proxy

# How long an example takes says more about the machine than about the code.
settings.register_profile("engine", deadline=None, max_examples=200)
settings.load_profile("engine")

type Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
type StartServer = Callable[..., QBittorrentServer]
type Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Do without the debug mode that tests of Home Assistant run in: it doubles the time."""


@pytest.fixture
async def http(socket_enabled: None) -> AsyncIterator[ClientSession]:
    """Return a session like those that the engine is given: without a cookie jar."""
    async with ClientSession(cookie_jar=DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def serve(socket_enabled: None) -> AsyncIterator[Serve]:
    """Return what starts an HTTP server with one handler, and returns its address."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler) -> str:
            server = await stack.enter_async_context(RawTestServer(handler, host="127.0.0.1"))
            return str(server.make_url("")).rstrip("/")

        yield start


@pytest.fixture
def start_server(
    socket_enabled: None, generation: str, tmp_path: Path, missing: Callable[[str], None]
) -> Iterator[StartServer]:
    """Return what starts a server with settings of its own."""
    if qbittorrent_binary(generation) is None:
        missing(f"no qBittorrent {generation} here")
    servers: list[QBittorrentServer] = []

    def start(*, local_auth: bool = True, failures: int = 5) -> QBittorrentServer:
        preferences = {"Preferences": {"WebUI\\MaxAuthenticationFailCount": str(failures)}}
        server = QBittorrentServer(
            generation, tmp_path, local_auth=local_auth, extra_preferences=preferences
        )
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def credentials(qbittorrent: QBittorrentServer) -> Credentials:
    """Return the right ones."""
    return Credentials(username=qbittorrent.username, password=qbittorrent.password)


@pytest.fixture
def client(
    http: ClientSession, qbittorrent: QBittorrentServer, credentials: Credentials
) -> QbittorrentClient:
    """Return a client of the running server."""
    return QbittorrentClient(http, qbittorrent.url, credentials)


@pytest.fixture
async def proxy(http: ClientSession, qbittorrent: QBittorrentServer) -> Proxy:
    """Return a proxy before the running server, which `serve` has yet to start."""
    return Proxy(http, qbittorrent.url)


@pytest.fixture
def journey(
    http: ClientSession, jackett: JackettStandIn, qbittorrent: QBittorrentServer
) -> Journey:
    """Return the usual one: all on one machine, nothing in between."""
    return Journey(http=http, jackett=jackett, server=qbittorrent)
