"""Opening links on the side of Home Assistant."""

import _socket
import asyncio
from collections.abc import AsyncIterator
import socket

from aiohttp import ClientSession, web
import pytest

from custom_components.auralarchive.engine.errors import (
    AuralArchiveError,
    JackettAuthError,
    JackettFailedError,
    JackettUnreachableError,
    LinkError,
    LinkGoneError,
    LinkNotAllowedError,
    LinkNotOpenedError,
    LinkNotTorrentError,
    LinkRedirectLoopError,
    LinkTooLargeError,
)
from custom_components.auralarchive.engine.jackett import JackettClient, SearchQuery
from custom_components.auralarchive.engine.links import JackettAddresses, Link
from custom_components.auralarchive.engine.opener import LinkOpener
from custom_components.auralarchive.engine.torrent import MAX_TORRENT_BYTES, Magnet, TorrentFile
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Download, Release, failed, page, redirect, torrent_file
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import free_port
from scripts.lab.torrents import make_torrent

from .conftest import Serve

MADE = make_torrent({"book.m4b": b"x" * 1000})
MAGNET = MADE.magnet()
LARGE = make_torrent({"book.m4b": b"x" * 100_000}, info_extra={"aa": b"y" * 200_000})
_SECONDS = 5.0


@pytest.fixture
def opener(http: ClientSession, jackett: JackettStandIn) -> LinkOpener:
    """Return an opener for the stand-in."""
    return _opener(http, jackett.url)


def _opener(http: ClientSession, address: str) -> LinkOpener:
    return LinkOpener(http, http, JackettAddresses.of(address, "http://jackett:9117"))


async def _link(http: ClientSession, jackett: JackettStandIn, download: Download) -> Link:
    """Have the stand-in hand out a link that behaves so."""
    jackett.add_release(Release(title="The Hollow Tide", download=download))
    client = JackettClient(http, jackett.url, jackett.api_key)
    (release,) = (await client.search(SearchQuery(text="hollow"))).releases
    return Link.parse(release.link or "")


@pytest.mark.parametrize(
    "download",
    [
        torrent_file(MADE),
        torrent_file(LARGE),
        Download(body=MADE.data),
        Download(body=MADE.data, content_type="text/html"),
        *(Download(body=MADE.data, hops=1, hop_status=code) for code in (301, 302, 303, 307, 308)),
        Download(body=MADE.data, hops=20),
        Download(body=MADE.data, hops=2, hop_relative=True),
    ],
    ids=["file", "large", "untyped", "wrong-type", "301", "302", "303", "307", "308", "twenty-hops",
         "relative"],
)  # fmt: skip
async def test_files(
    http: ClientSession, jackett: JackettStandIn, opener: LinkOpener, download: Download
) -> None:
    """The bytes arrive as they are, after as many redirects of any kind as qBittorrent follows."""
    found = await opener.open(await _link(http, jackett, download), seconds=_SECONDS)
    assert isinstance(found, TorrentFile)
    assert found.data == download.body


@pytest.mark.parametrize(
    "download",
    [
        redirect(MAGNET),
        *(redirect(MAGNET, status=code) for code in (301, 303, 307, 308)),
        redirect(f"MAGNET{MAGNET[6:]}"),
        redirect(f" {MAGNET} "),
        Download(status=302, location=MAGNET, hops=2),
        Download(body=MAGNET.encode()),
        Download(body=f"\n MAGNET{MAGNET[6:]}\n".encode(), content_type="text/plain"),
    ],
    ids=["302", "301", "303", "307", "308", "upper", "blanks", "two-hops", "body", "upper-body"],
)
async def test_magnets(
    http: ClientSession, jackett: JackettStandIn, opener: LinkOpener, download: Download
) -> None:
    """A redirect to a magnet is the magnet, and so is one that is written out."""
    found = await opener.open(await _link(http, jackett, download), seconds=_SECONDS)
    assert isinstance(found, Magnet)
    assert (found.uri, found.infohashes.v1) == (MAGNET, MADE.infohash_v1)


@pytest.mark.parametrize(
    ("download", "error", "reason"),
    [
        (failed(), LinkGoneError, None),
        (failed(401), JackettAuthError, None),
        (failed(403), JackettAuthError, None),
        (failed(410), LinkGoneError, None),
        (failed(429), JackettFailedError, None),
        (failed(500), JackettFailedError, None),
        (failed(503), JackettFailedError, None),
        (Download(status=302), LinkGoneError, None),
        (Download(status=204), LinkGoneError, None),
        (page(), LinkNotTorrentError, "html"),
        (page("\n <HTML>"), LinkNotTorrentError, "html"),
        (Download(body=b""), LinkNotTorrentError, "empty"),
        (Download(body=b" \n"), LinkNotTorrentError, "empty"),
        (Download(body=b'{"error":1}'), LinkNotTorrentError, "not_bencoded"),
        (Download(body=MADE.data[:-9]), LinkNotTorrentError, "truncated"),
        (Download(body=LARGE.data[:-9]), LinkNotTorrentError, "truncated"),
        (Download(body=b"magnet:" + b"x" * 5000), LinkNotTorrentError, "not_bencoded"),
        (Download(body=b"magnet:?dn=x"), LinkNotTorrentError, "no_infohash"),
        (redirect("magnet:?xt=urn:btih:short"), LinkNotTorrentError, "bad_infohash"),
        (redirect("file:///etc/passwd"), LinkNotTorrentError, "redirect"),
        (redirect("ftp://host/x"), LinkNotTorrentError, "redirect"),
        (redirect("http://[bad"), LinkNotTorrentError, "redirect"),
        (redirect("http://"), LinkRedirectLoopError, None),
        (Download(hops=21, body=MADE.data), LinkRedirectLoopError, None),
        (Download(hops=None), LinkRedirectLoopError, None),
        (Download(hops=None, hop_relative=True), LinkRedirectLoopError, None),
        (Download(total=MAX_TORRENT_BYTES + 1), LinkTooLargeError, None),
        (Download(total=10**9), LinkTooLargeError, None),
        (Download(total=10**9, declared=False), LinkTooLargeError, None),
        (Download(body=MADE.data, cut_after=20), LinkGoneError, "connection_lost"),
        (redirect("http://127.0.0.1:1/x"), LinkNotAllowedError, None),
        (redirect("http://127.0.0.1:1/dl/x/?path=y"), LinkNotAllowedError, None),
        (redirect("http://localhost:1/x"), LinkNotAllowedError, None),
        (redirect("http://192.0.2.1/x"), LinkNotAllowedError, None),
        (redirect("//192.0.2.1/x"), LinkNotAllowedError, None),
    ],
    ids=[
        "404", "401", "403", "410", "429", "500", "503", "no-location", "no-content", "html",
        "upper-html", "empty", "blank", "json", "truncated", "truncated-large", "long-magnet",
        "no-magnet", "bad-magnet", "file-scheme", "ftp-scheme", "bad-host", "no-host", "more-hops",
        "loop", "relative-loop", "too-large", "huge", "undeclared", "cut", "loopback",
        "like-jackett", "localhost", "foreign", "scheme-relative",
    ],
)  # fmt: skip
async def test_what_goes_wrong(
    http: ClientSession,
    jackett: JackettStandIn,
    opener: LinkOpener,
    download: Download,
    error: type[AuralArchiveError],
    reason: str | None,
) -> None:
    """Each has its own error, in which there is no key."""
    link = await _link(http, jackett, download)
    with pytest.raises(error) as caught:
        await opener.open(link, seconds=_SECONDS)
    assert caught.value.reason == reason
    assert jackett.api_key not in f"{caught.value!r} {caught.value.values}"


async def test_the_link_of_an_error_is_shown_without_its_query(
    http: ClientSession, jackett: JackettStandIn, opener: LinkOpener
) -> None:
    """With what the server said."""
    with pytest.raises(LinkGoneError) as caught:
        await opener.open(await _link(http, jackett, failed()), seconds=_SECONDS)
    assert caught.value.values == {"link": f"{jackett.url}/dl/lab/", "detail": "HTTP 404"}


async def test_a_body_that_stalls(
    http: ClientSession, jackett: JackettStandIn, opener: LinkOpener
) -> None:
    """It is waited for no longer than allowed."""
    opened = asyncio.Event()
    download = Download(body=MADE.data, stall_after=20, gate=opened.wait)
    with pytest.raises(LinkGoneError) as caught:
        await opener.open(await _link(http, jackett, download), seconds=0.1)
    opened.set()
    assert caught.value.reason == "timed_out"


async def test_jackett_is_gone(
    http: ClientSession, jackett: JackettStandIn, opener: LinkOpener
) -> None:
    """That is Jackett's error, not the link's."""
    link = await _link(http, jackett, torrent_file(MADE))
    await jackett.stop()
    with pytest.raises(JackettUnreachableError) as caught:
        await opener.open(link, seconds=_SECONDS)
    assert caught.value.values == {"address": jackett.url}


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/x",
        "http://127.0.0.1:1/dl/x/?path=y",
        "http://localhost:1/x",
        "http://LOCALHOST.:1/x",
        "http://[::1]:1/x",
        "http://[::ffff:127.0.0.1]:1/x",
        "http://[::ffff:169.254.1.1]/x",
        "http://0.0.0.0:1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/x",
        "http://224.0.0.1/x",
        "http://[ff02::1]/x",
    ],
)
async def test_this_machine_is_never_opened(opener: LinkOpener, link: str) -> None:
    """Not even when links of others are."""
    with pytest.raises(LinkNotAllowedError):
        await opener.open(Link.parse(link), seconds=_SECONDS, foreign=True)


@pytest.fixture
def real_lookups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo the test plug-in's own way to look up names."""
    monkeypatch.setattr(socket, "getaddrinfo", _socket.getaddrinfo)


@pytest.mark.usefixtures("real_lookups")
@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "0"])
async def test_odd_spellings_of_this_machine(opener: LinkOpener, host: str) -> None:
    """What counts is where a name leads."""
    with pytest.raises(LinkNotAllowedError):
        await opener.open(Link.parse(f"http://{host}:1/x"), seconds=_SECONDS, foreign=True)


@pytest.mark.usefixtures("real_lookups")
async def test_a_host_that_is_no_name(opener: LinkOpener) -> None:
    """It cannot be looked up."""
    link = Link.parse(f"http://{'a' * 64}.example/x")
    with pytest.raises(LinkNotOpenedError) as caught:
        await opener.open(link, seconds=_SECONDS, foreign=True)
    assert caught.value.reason == "cannot_resolve"


@pytest.fixture
async def foreign(namespace: NetworkNamespace) -> AsyncIterator[JackettStandIn]:
    """Return a server at an address that is not this machine's own."""
    stand_in = JackettStandIn()
    await stand_in.start(namespace.host_address)
    async with stand_in:
        yield stand_in


async def test_links_of_others_are_opened_only_when_told_to(
    http: ClientSession, opener: LinkOpener, foreign: JackettStandIn
) -> None:
    """Home Assistant does not fetch whatever it is given."""
    link = await _link(http, foreign, torrent_file(MADE))
    before = len(foreign.requests)
    with pytest.raises(LinkNotAllowedError):
        await opener.open(link, seconds=_SECONDS)
    assert len(foreign.requests) == before
    found = await opener.open(link, seconds=_SECONDS, foreign=True)
    assert isinstance(found, TorrentFile)


@pytest.mark.parametrize(
    ("download", "error"),
    [
        (failed(404), LinkGoneError),
        (failed(401), LinkGoneError),
        (failed(500), LinkGoneError),
        (Download(body=MADE.data, cut_after=20), LinkNotOpenedError),
        (redirect("http://127.0.0.1:1/x"), LinkNotAllowedError),
        (redirect("http://169.254.169.254/x"), LinkNotAllowedError),
        (redirect("http://[::1]/dl/x/"), LinkNotAllowedError),
    ],
    ids=["404", "401", "500", "cut", "to-loopback", "to-link-local", "to-likeness"],
)
async def test_what_goes_wrong_elsewhere(
    http: ClientSession,
    opener: LinkOpener,
    foreign: JackettStandIn,
    download: Download,
    error: type[LinkError],
) -> None:
    """It is never Jackett's error, and no way into this machine."""
    link = await _link(http, foreign, download)
    with pytest.raises(error):
        await opener.open(link, seconds=_SECONDS, foreign=True)


async def test_nobody_there(
    http: ClientSession, namespace: NetworkNamespace, opener: LinkOpener
) -> None:
    """Nobody listens at that port."""
    link = Link.parse(f"http://{namespace.host_address}:{free_port()}/x?passkey=secret")
    with pytest.raises(LinkNotOpenedError) as caught:
        await opener.open(link, seconds=_SECONDS, foreign=True)
    assert (caught.value.reason, caught.value.values["link"]) == ("refused", link.shown)


async def test_a_name_is_looked_up_once(
    http: ClientSession,
    namespace: NetworkNamespace,
    opener: LinkOpener,
    foreign: JackettStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was looked at is what is opened, though the name's owner may have changed his mind.

    No name server is at hand whose answers change, so the look-up is a stand-in.
    """
    answers = [[namespace.address, namespace.host_address], ["127.0.0.1"]]

    def look_up(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        assert host == "xn--bcher-kva.example"
        return [(2, 1, 6, "", (address, port)) for address in answers.pop(0)]

    link = await _link(http, foreign, torrent_file(MADE))
    named = Link.parse(str(link).replace(link.host, "bücher.example"))
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    found = await opener.open(named, seconds=_SECONDS, foreign=True)
    assert isinstance(found, TorrentFile)
    assert answers == [["127.0.0.1"]]
    assert foreign.requested("/dl/")[-1].headers["Host"] == f"xn--bcher-kva.example:{link.port}"


async def test_jackett_may_live_on_this_machine_under_a_path(
    http: ClientSession, serve: Serve
) -> None:
    """Its own address is allowed, whatever it is; the user in it logs in to its proxy."""
    seen: list[str] = []

    async def proxy(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(f"{request.headers.get('Authorization')} {request.raw_path}")
        return web.Response(body=MADE.data)

    address = (await serve(proxy)).replace("http://", "http://user:pw@")
    opener = _opener(http, f"{address}/jk")
    await opener.open(Link.parse(f"{address}/jk/dl/x/?path=a%2Bb+c"), seconds=_SECONDS)
    assert seen == ["Basic dXNlcjpwdw== /jk/dl/x/?path=a%2Bb+c"]
