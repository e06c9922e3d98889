"""What qBittorrent sees at an address, asked of real servers."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
import json

from aiohttp import ClientSession, web
import pytest

from custom_components.auralarchive.engine import route
from custom_components.auralarchive.engine.qbittorrent import QbittorrentClient
from custom_components.auralarchive.engine.reachability import Scout, Seen, Sight
from custom_components.auralarchive.engine.redact import Redactor
from custom_components.auralarchive.engine.session import Credentials
from scripts.lab.jackett import JackettStandIn
from scripts.lab.qbittorrent import QBittorrentServer, free_port
from scripts.lab.torrents import make_torrent
from tests.conftest import GENERATIONS

from .conftest import Serve, StartServer

pytestmark = pytest.mark.parametrize("generation", GENERATIONS)

MADE = make_torrent({"dune.m4b": b"sand" * 5000}, name="Dune")
# What a generation cannot tell.
SILENT = {"4.5": Sight.UNKNOWN}

type Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@pytest.fixture
def scout(client: QbittorrentClient) -> Scout:
    """Return a scout in the running server."""
    return Scout(client, Redactor(["hidden-word"]))


@pytest.fixture(autouse=True)
def nothing_left_behind(qbittorrent: QBittorrentServer, scout: Scout) -> object:
    """See that there are no torrents, tags or categories afterwards."""
    yield
    session = qbittorrent.login()
    for listing in ("torrents/info", "torrents/tags", "torrents/categories"):
        assert not json.loads(session.call(listing)), listing


async def test_jackett(scout: Scout, jackett: JackettStandIn) -> None:
    """It is seen, without its key and without a search."""
    assert await scout.look(jackett.url) == Seen(address=jackett.url, sight=Sight.JACKETT)
    assert not any(jackett.api_key in request.target for request in jackett.requests)
    assert not jackett.indexers["lab"].searches


async def test_jackett_below_a_path(scout: Scout, jackett: JackettStandIn) -> None:
    """The base path is part of the address."""
    jackett.base_path = "/jackett"
    assert (await scout.look(jackett.url)).sight is Sight.JACKETT


async def test_a_wrong_path(scout: Scout, jackett: JackettStandIn, generation: str) -> None:
    """Somebody is there, and says 404."""
    seen = await scout.look(f"{jackett.url}/nowhere", seconds=2)
    assert seen.sight is SILENT.get(generation, Sight.WRONG_PATH)


async def test_nobody_there(scout: Scout, generation: str) -> None:
    """The server says why, and what is secret in that does not get out."""
    address = f"http://127.0.0.1:{free_port()}/hidden-word"
    seen = await scout.look(address.replace("//", "//me:hidden-word@"), seconds=2)
    assert seen.sight is SILENT.get(generation, Sight.NOTHING)
    assert ("refused the connection" in seen.sentence) is (generation not in SILENT)
    assert "hidden-word" not in seen.sentence


async def test_a_name_that_nobody_knows(scout: Scout, generation: str) -> None:
    """As that of Docker's host, where there is no Docker."""
    seen = await scout.look("http://jackett.invalid:9117", seconds=5)
    assert seen.sight is SILENT.get(generation, Sight.NOTHING)


def _page(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="<html>Please log in</html>", content_type="text/html")


def _torrent(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=MADE.data)


@pytest.mark.parametrize("answer", [_page, _torrent], ids=["page", "torrent"])
async def test_something_else(
    scout: Scout, serve: Serve, answer: Callable[[web.BaseRequest], web.StreamResponse]
) -> None:
    """What has an answer to everything is not Jackett; a torrent from there does not stay."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return answer(request)

    assert (await scout.look(await serve(handler), seconds=2)).sight is Sight.SOMETHING_ELSE


async def test_a_login_page_that_takes_its_time(
    scout: Scout, serve: Serve, generation: str
) -> None:
    """It is waited for where the server tells how a look ends."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if "/api/" not in request.path:
            await asyncio.sleep(1)
        return _page(request)

    seen = await scout.look(await serve(handler), seconds=5)
    assert generation in SILENT or seen.sight is Sight.SOMETHING_ELSE


async def test_bad_links_of_somebody_else(
    scout: Scout, serve: Serve, qbittorrent: QBittorrentServer
) -> None:
    """They are not taken for what is seen at an address where nobody is."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return _page(request)

    site, session = await serve(handler), qbittorrent.login()

    async def add() -> None:
        for number in count():
            await asyncio.to_thread(session.call, "torrents/add", {"urls": f"{site}/{number}"})
            await asyncio.sleep(1.2)

    adding = asyncio.create_task(add())
    seen = await scout.look(f"http://127.0.0.1:{free_port()}")
    adding.cancel()
    assert seen.sight in (Sight.NOTHING, Sight.UNKNOWN)


async def test_in_chinese(
    http: ClientSession, jackett: JackettStandIn, start_server: StartServer, generation: str
) -> None:
    """Whose brackets are others."""
    server = start_server()
    server.login().call("app/setPreferences", {"json": json.dumps({"locale": "zh_CN"})})
    server.restart()
    login = Credentials(username=server.username, password=server.password)
    scout = Scout(QbittorrentClient(http, server.url, login), Redactor())
    seen = await scout.look(f"{jackett.url}/nowhere", seconds=2)
    assert seen.sight is SILENT.get(generation, Sight.WRONG_PATH)
    assert ("\uff08404\uff09" in seen.sentence) is (generation not in SILENT)
    assert (await scout.look(jackett.url)).sight is Sight.JACKETT


async def test_several(scout: Scout, jackett: JackettStandIn) -> None:
    """They come in their order."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    seen = [one async for one in scout.find([nowhere, jackett.url], seconds=1)]
    assert [one.address for one in seen] == [nowhere, jackett.url]
    assert [one.sight is Sight.JACKETT for one in seen] == [False, True]


async def test_the_first_that_works(
    client: QbittorrentClient,
    scout: Scout,
    jackett: JackettStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What comes after it is given up."""
    others = [f"http://127.0.0.1:{free_port()}" for _ in range(3)]
    monkeypatch.setattr(route, "candidates", lambda *_: [jackett.url, *others])
    seen = await route.find_jackett(scout, jackett.url, "http://127.0.0.1:1", besides=others[:1])
    assert seen is not None
    assert seen.address == jackett.url
    assert not [task for task in asyncio.all_tasks() if "Scout" in repr(task.get_coro())]
