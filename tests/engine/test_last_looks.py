"""What comes, or is called off, while the last things are done about a link."""

import asyncio
from dataclasses import replace

from aiohttp import ClientSession
import pytest

from custom_components.auralarchive.engine.errors import NotSeenError
from custom_components.auralarchive.engine.handover import AddStatus
from custom_components.auralarchive.engine.source import DeliveryMode
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import torrent_file
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import make_torrent
from tests.conftest import GENERATIONS, until

from .conftest import Serve
from .journey import Journey
from .proxy import Proxy

MADE = make_torrent({"The Hollow Tide.m4b": b"x" * 1000})
GOOD = torrent_file(MADE)

pytestmark = pytest.mark.parametrize("generation", GENERATIONS)


@pytest.mark.parametrize("link_seconds", [31.0, 0.2], ids=["in-doubt", "given-up"])
async def test_what_comes_while_we_look_ourselves(
    journey: Journey, monkeypatch: pytest.MonkeyPatch, link_seconds: float
) -> None:
    """Opening the link here may take long; what qBittorrent has got meanwhile has come in time."""
    monkeypatch.setattr("custom_components.auralarchive.engine.handover._EXPLAIN_SECONDS", 0.3)
    journey.link_seconds = link_seconds
    journey.__post_init__()
    asked = 0
    opened = asyncio.Event()

    async def wait() -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            # Ours, which comes to nothing but lets the other one pass.
            opened.set()
            await asyncio.Event().wait()
        await opened.wait()

    source = await journey.source(replace(GOOD, gate=wait))
    delivered = await journey.add(source, DeliveryMode.LINK, seconds=0.3)
    assert delivered.status is AddStatus.ADDED
    assert await journey.delivery.late.settle(await journey.look()) == []
    assert await journey.tags() == []


async def test_a_link_that_is_asked_for_again_when_it_has_come(journey: Journey) -> None:
    """It is there already, and not late any more."""
    opened = asyncio.Event()
    source = await journey.source(replace(GOOD, gate=opened.wait))
    with pytest.raises(NotSeenError):
        await journey.add(source, DeliveryMode.LINK, seconds=0.1)
    opened.set()
    await until(journey.torrents, lambda listed: len(listed) == 1)
    delivered = await journey.add(source, DeliveryMode.LINK)
    assert (delivered.status, delivered.torrent.tags) == (AddStatus.ALREADY_PRESENT, frozenset())
    assert await journey.delivery.late.settle(await journey.look()) == []
    assert await journey.tags() == []


async def test_an_add_that_is_called_off_at_the_very_end(
    http: ClientSession,
    serve: Serve,
    proxy: Proxy,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
) -> None:
    """Its one-off tag is removed with the next poll."""
    journey = Journey(http=http, jackett=jackett, server=qbittorrent, address=await serve(proxy))
    source = await journey.source(GOOD)
    adding = asyncio.create_task(journey.add(source, DeliveryMode.LINK))
    reached = asyncio.Event()

    async def hold() -> None:
        reached.set()
        await asyncio.Event().wait()

    proxy.before("torrents/deleteTags", hold)
    await reached.wait()
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    proxy.before("torrents/deleteTags", _at_once)
    await journey.delivery.late.settle(await journey.look())
    assert await journey.tags() == []


async def test_an_add_that_is_called_off_while_another_looks(journey: Journey) -> None:
    """It waits for an add of the same as a file; its one-off tag is removed all the same."""
    source = await journey.source(GOOD)
    async with journey.delivery._handover._exclusively([MADE.infohash]):
        adding = asyncio.create_task(journey.add(source, DeliveryMode.LINK))
        await until(journey.torrents, lambda listed: len(listed) == 1)
        # Time to see it, and to begin to wait.
        await asyncio.sleep(0.2)
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding
    (arrived,) = await journey.delivery.late.settle(await journey.look())
    assert (arrived.infohash, arrived.tags) == (MADE.infohash, frozenset())
    assert await journey.tags() == []


async def _at_once() -> None:
    """Hold nobody."""
