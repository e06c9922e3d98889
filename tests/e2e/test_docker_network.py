"""The reported bug: qBittorrent in a network of its own, where localhost is not Jackett's host.

Reproduced for real in a network namespace, which to a link is what a container is.
"""

from xml.etree import ElementTree

from aiohttp import ClientSession
import pytest

from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Release, torrent_file
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import make_torrent
from tests.conftest import GENERATIONS, SetUp, until

from .conftest import Action, Observer

pytestmark = pytest.mark.parametrize("generation", GENERATIONS)

DUNE = make_torrent({"dune.m4b": b"sand" * 5000}, name="Dune")
CONTROL = make_torrent({"control.m4b": b"here" * 5000}, name="Control")
ANSWERS = {"4.5": "Ok.", "5.1": "Ok.", "5.3": '"pending_count":1'}


@pytest.fixture
async def link(jackett: JackettStandIn, namespace: NetworkNamespace) -> str:
    """Return a release's link as Jackett gives it to somebody who calls it localhost."""
    await jackett.listen(namespace.host_address)
    jackett.add_release(
        Release(title="Dune by Frank Herbert [ENG / M4B]", seeders=5, download=torrent_file(DUNE))
    )
    feed = f"{localhost(jackett)}/api/v2.0/indexers/lab/results/torznab/api"
    query = {"apikey": jackett.api_key, "t": "search", "q": "dune"}
    async with ClientSession() as session, session.get(feed, params=query) as response:
        item = ElementTree.fromstring(await response.read()).find("channel/item")
    assert item is not None
    return item.findtext("link", "")


def localhost(jackett: JackettStandIn) -> str:
    """Return Jackett's address as somebody on its machine would enter it."""
    return f"http://localhost:{jackett.port}"


@pytest.fixture
async def entry(
    jackett: JackettStandIn,
    namespace: NetworkNamespace,
    contained: QBittorrentServer,
    real_names: None,
    set_up: SetUp,
    link: str,
) -> None:
    """Set up the integration: Jackett is localhost for it, and not for qBittorrent."""
    await set_up(
        localhost(jackett),
        jackett.api_key,
        contained,
        jackett_url_for_qbittorrent=jackett.url_at(namespace.host_address),
    )


@pytest.mark.parametrize("delivery", ["auto", "link", "file"])
@pytest.mark.usefixtures("entry")
async def test_a_localhost_link_is_lost_by_hand_and_arrives_by_us(
    jackett: JackettStandIn,
    namespace: NetworkNamespace,
    contained: QBittorrentServer,
    act: Action,
    link: str,
    delivery: str,
) -> None:
    """The bare API says yes and nothing is there; each delivery gets the release there."""
    observer = Observer(contained)
    assert link.startswith(f"http://localhost:{jackett.port}/dl/lab/")
    assert ANSWERS[contained.generation] in observer.hand_over(link)
    # Another one, by an address that is right, shows when the first must have been tried.
    jackett.seed.add({"control.torrent": CONTROL.data})
    observer.hand_over(f"{jackett.seed_url_at(namespace.host_address)}control.torrent")
    await until(observer.hashes, {CONTROL.infohash}.__eq__)
    assert jackett.requested("/dl/") == []

    found = await act("search", query="dune")
    added = await act("add_torrent", result_id=found["results"][0]["result_id"], delivery=delivery)
    torrent = observer.torrents()[DUNE.infohash]
    assert added["status"] == "added"
    assert added["route"] == {"auto": "file", "link": "link", "file": "file"}[delivery]
    assert added["link_rewritten"] is (delivery == "link")
    assert torrent["category"] == "auralarchive"
    assert observer.tags() == []
    fetched_by = {request.peer for request in jackett.requested("/dl/")}
    assert (contained.host in fetched_by) is (delivery == "link")


@pytest.mark.usefixtures("entry")
async def test_a_pasted_localhost_link_arrives(
    contained: QBittorrentServer, act: Action, link: str
) -> None:
    """The link itself works, too, for those who have it from elsewhere."""
    added = await act("add_torrent", link=link)
    assert added["status"] == "added"
    assert DUNE.infohash in Observer(contained).torrents()
