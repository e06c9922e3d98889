"""Adding to versions of qBittorrent that cannot be had."""

from aiohttp import ClientSession
import pytest

from custom_components.auralarchive.engine.delivery import Delivery
from custom_components.auralarchive.engine.errors import QbittorrentTooOldError, RejectedError
from custom_components.auralarchive.engine.handover import AddStatus
from custom_components.auralarchive.engine.links import JackettAddresses
from custom_components.auralarchive.engine.mirror import Mirror, TorrentState
from custom_components.auralarchive.engine.opener import LinkOpener
from custom_components.auralarchive.engine.qbittorrent import AddOptions, QbittorrentClient
from custom_components.auralarchive.engine.redact import Redactor
from custom_components.auralarchive.engine.session import Credentials
from custom_components.auralarchive.engine.source import Source
from custom_components.auralarchive.engine.torrent import parse_magnet, read_torrent
from scripts.lab.torrents import make_torrent

from .conftest import Serve
from .fake_qbittorrent import VERSIONS, FakeQbittorrent

MADE = make_torrent({"book.m4b": b"x" * 1000})
ADDRESSES = JackettAddresses.of("http://127.0.0.1:1", "http://127.0.0.1:1")
_LOGIN = Credentials(username="admin", password="correct horse")


def _delivery(http: ClientSession, address: str) -> Delivery:
    client = QbittorrentClient(http, address, _LOGIN)
    return Delivery(client, Mirror(), LinkOpener(http, http, ADDRESSES), ADDRESSES, Redactor())


@pytest.mark.parametrize("source", [
    Source(file=read_torrent(MADE.data)),
    Source(magnet=parse_magnet(MADE.magnet())),
], ids=["file", "magnet"])  # fmt: skip
@pytest.mark.parametrize("version", VERSIONS)
async def test_what_any_version_can_do(
    http: ClientSession, serve: Serve, version: str, source: Source
) -> None:
    """Files and magnets are added, seen, and recognised the next time."""
    server = FakeQbittorrent(version=VERSIONS[version])
    delivery = _delivery(http, await serve(server))
    options = AddOptions(category="audiobooks", paused=True)
    delivered = await delivery.add(source, options)
    assert (delivered.status, delivered.torrent.category) == (AddStatus.ADDED, "audiobooks")
    assert delivered.torrent.state is TorrentState.STOPPED
    again = await delivery.add(source, options)
    assert again.status is AddStatus.ALREADY_PRESENT
    endpoints = [endpoint for endpoint, _ in server.calls]
    assert endpoints.count("torrents/add") == 1
    assert endpoints.count("auth/login") == 1


@pytest.mark.parametrize("version", ["4.2", "4.6", "5.0", "5.2"])
async def test_tags(http: ClientSession, serve: Serve, version: str) -> None:
    """They are set afterwards where an add takes none."""
    server = FakeQbittorrent(version=VERSIONS[version])
    delivery = _delivery(http, await serve(server))
    delivered = await delivery.add(Source(file=read_torrent(MADE.data)), AddOptions(tags=("mine",)))
    assert delivered.torrent.tags == {"mine"}


async def test_no_tags_before_4_2(http: ClientSession, serve: Serve) -> None:
    """That is told before anything is added."""
    server = FakeQbittorrent(version=VERSIONS["4.1"])
    delivery = _delivery(http, await serve(server))
    with pytest.raises(QbittorrentTooOldError) as caught:
        await delivery.add(Source(file=read_torrent(MADE.data)), AddOptions(tags=("mine",)))
    assert caught.value.values == {"version": "v4.1.9", "needed": "4.2"}
    assert server.torrents == {}


@pytest.mark.parametrize("version", ["4.1", "4.2"])
async def test_no_links_before_4_3_1(http: ClientSession, serve: Serve, version: str) -> None:
    """What they lead to could not be told apart; the release's magnet does as well."""
    server = FakeQbittorrent(version=VERSIONS[version])
    delivery = _delivery(http, await serve(server))
    source = Source.of_link("https://tracker.example/1.torrent", ADDRESSES)
    with pytest.raises(QbittorrentTooOldError) as caught:
        await delivery.add(source, AddOptions())
    assert caught.value.values["needed"] == "4.3.1"
    both = Source(link=source.link, magnet=parse_magnet(MADE.magnet()))
    delivered = await delivery.add(both, AddOptions())
    outcomes = [attempt.outcome for attempt in delivered.attempts]
    assert outcomes == ["qbittorrent_too_old", "added"]


@pytest.mark.parametrize("text", [MADE.magnet(), "https://tracker.example/1.torrent"])
@pytest.mark.parametrize("version", ["4.6", "5.0", "5.2"])
async def test_a_refusal_is_no_duplicate(
    http: ClientSession, serve: Serve, version: str, text: str
) -> None:
    """The same words are said of both, so the list is looked at."""
    server = FakeQbittorrent(version=VERSIONS[version], refuses=True)
    delivery = _delivery(http, await serve(server))
    with pytest.raises(RejectedError):
        await delivery.add(Source.of_link(text, ADDRESSES), AddOptions())
