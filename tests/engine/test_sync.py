"""Keeping up with a server although answers get lost, on real ones of all generations."""

from itertools import count

from aiohttp import ClientSession, web
import pytest

from custom_components.auralarchive.engine.errors import QbittorrentError
from custom_components.auralarchive.engine.mirror import Mirror
from custom_components.auralarchive.engine.qbittorrent import QbittorrentClient
from custom_components.auralarchive.engine.session import Credentials
from scripts.lab.qbittorrent import ApiSession, QBittorrentServer
from scripts.lab.torrents import make_torrent
from tests.conftest import GENERATIONS, until

from .conftest import Serve
from .proxy import Proxy

pytestmark = pytest.mark.parametrize("generation", GENERATIONS)

MADE = make_torrent({"book.m4b": b"x" * 1000})
MAINDATA = "sync/maindata"


class Follower:
    """Follows a server through a proxy."""

    def __init__(self, client: QbittorrentClient, proxy: Proxy) -> None:
        """Know nothing yet."""
        self.client = client
        self.proxy = proxy
        self.mirror = Mirror()

    async def look(self) -> Mirror:
        """Bring the mirror up to date."""
        self.mirror.apply(await self.client.maindata(self.mirror.rid))
        return self.mirror

    async def look_in_vain(self) -> None:
        """Try to, while answers get lost."""
        with self.proxy.losing(MAINDATA), pytest.raises(QbittorrentError):
            await self.look()

    async def is_right(self) -> None:
        """Look once, and compare with a listing."""
        mirror = await self.look()
        assert list(mirror.torrents.values()) == await self.client.torrents()


@pytest.fixture
async def follower(
    http: ClientSession, serve: Serve, proxy: Proxy, credentials: Credentials
) -> Follower:
    """Return one that knows nothing yet."""
    return Follower(QbittorrentClient(http, await serve(proxy), credentials), proxy)


@pytest.fixture
async def somebody(qbittorrent: QBittorrentServer, client: QbittorrentClient) -> ApiSession:
    """Return a session of somebody else, who has added a torrent."""
    session = qbittorrent.login()
    session.add_file(MADE.data, stopped="true", paused="true")
    session.call("torrents/createCategory", {"category": "c", "savePath": ""})
    await until(client.torrents, lambda found: len(found) == 1)
    return session


async def test_an_answer_is_lost(follower: Follower, somebody: ApiSession) -> None:
    """And the same torrent changes again: 5.1 then tells the second change only."""
    await until(follower.look, lambda mirror: len(mirror.torrents) == 1)
    somebody.call("torrents/setCategory", {"hashes": MADE.infohash, "category": "c"})
    await follower.look_in_vain()
    somebody.call("torrents/addTags", {"hashes": MADE.infohash, "tags": "t"})
    await follower.is_right()
    torrent = follower.mirror.torrents[MADE.infohash]
    assert (torrent.category, set(torrent.tags)) == ("c", {"t"})


async def test_a_new_session_and_lost_answers(follower: Follower, somebody: ApiSession) -> None:
    """The server counts from 1 again, takes our 2 for its own, and its first answers for known."""
    await follower.look()
    await follower.look()
    assert follower.mirror.rid == 2
    # As after a restart, of which nothing else is noticed.
    follower.client._session._headers.pop("Cookie")
    somebody.call("torrents/delete", {"hashes": MADE.infohash, "deleteFiles": "true"})
    await until(follower.client.torrents, [].__eq__)
    asked = follower.proxy.count(MAINDATA)
    # aiohttp has tried twice.
    await follower.look_in_vain()
    assert follower.proxy.count(MAINDATA) == asked + 2
    await follower.is_right()


async def test_nothing_is_asked_twice(follower: Follower, somebody: ApiSession) -> None:
    """Everything is asked for in the beginning, and changes from then on."""
    await until(follower.look, lambda mirror: len(mirror.torrents) == 1)
    asked = follower.proxy.count(MAINDATA)
    for _ in range(5):
        await follower.look()
    assert follower.proxy.count(MAINDATA) == asked + 5


async def test_cookies_of_a_proxy(
    http: ClientSession, serve: Serve, proxy: Proxy, credentials: Credentials
) -> None:
    """A new one with every answer is no new session of the server."""
    numbers = count()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = await proxy(request)
        response.headers.add("Set-Cookie", f"PHPSESSID={next(numbers)}; path=/")
        return response

    follower = Follower(QbittorrentClient(http, await serve(answer), credentials), proxy)
    await follower.look()
    asked = proxy.count(MAINDATA)
    for _ in range(3):
        await follower.look()
    assert proxy.count(MAINDATA) == asked + 3
    assert "PHPSESSID" in proxy.cookies[-1]
