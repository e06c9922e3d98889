"""The way of a release into qBittorrent, against every generation."""

import asyncio
from dataclasses import replace
from json import dumps

from aiohttp import ClientSession, web
import pytest

from custom_components.auralarchive.engine import handover
from custom_components.auralarchive.engine.delivery import Delivered, is_valid_category
from custom_components.auralarchive.engine.errors import (
    AuralArchiveError,
    ForeignLinkUnreachableError,
    InvalidCategoryError,
    InvalidTorrentFileError,
    JackettAuthError,
    JackettUnreachableError,
    LinkGoneError,
    LinkNotTorrentError,
    LinkRedirectLoopError,
    LinkTooLargeError,
    LinkUnreachableError,
    NotSeenError,
    QbittorrentFailedError,
    QbittorrentUnreachableError,
)
from custom_components.auralarchive.engine.handover import AddStatus
from custom_components.auralarchive.engine.mirror import TorrentState
from custom_components.auralarchive.engine.qbittorrent import AddOptions
from custom_components.auralarchive.engine.settle import Caution
from custom_components.auralarchive.engine.source import DeliveryMode, Route, Source
from custom_components.auralarchive.engine.torrent import TorrentFile, read_torrent
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import (
    Download,
    Indexer,
    IndexerType,
    failed,
    page,
    redirect,
    torrent_file,
)
from scripts.lab.qbittorrent import QBittorrentServer, free_port
from scripts.lab.torrents import MagnetKind, TorrentKind, make_torrent
from tests.conftest import GENERATIONS, until

from .conftest import Serve, StartServer
from .journey import Journey
from .proxy import Proxy

AUTO, LINK, FILE = DeliveryMode.AUTO, DeliveryMode.LINK, DeliveryMode.FILE
MADE = make_torrent({"The Hollow Tide.m4b": b"x" * 1000})
OTHER = make_torrent({"Another Tide.m4b": b"y" * 1000})
HYBRID = make_torrent({"Hybrid Tide.m4b": b"z" * 100_000}, kind=TorrentKind.HYBRID)
# Larger than what Home Assistant takes, not than what qBittorrent takes.
LARGE = make_torrent({"Large.m4b": b"x"}, extra={"aa": b"y" * 11 * 1024 * 1024})
# Readable, and yet no torrent.
NAMELESS = b"d4:infod6:lengthi1e12:piece lengthi16384e6:pieces20:" + bytes(20) + b"ee"
GOOD = torrent_file(MADE)
MAGNET = MADE.magnet()
_NONE = AddOptions()

pytestmark = pytest.mark.parametrize("generation", GENERATIONS)


def _outcomes(delivered: Delivered | AuralArchiveError) -> list[tuple[str, str]]:
    return [(attempt.route, attempt.outcome) for attempt in delivered.attempts]


def _cautions(delivered: Delivered) -> list[Caution]:
    return [warned.caution for warned in delivered.warnings]


@pytest.mark.parametrize(
    ("mode", "download", "magnet", "outcomes"),
    [
        (AUTO, GOOD, None, ["file added"]),
        (AUTO, redirect(MAGNET), None, ["magnet added"]),
        (AUTO, None, MAGNET, ["magnet added"]),
        (AUTO, None, MADE.magnet(kind=MagnetKind.BASE32), ["magnet added"]),
        (AUTO, GOOD, MAGNET, ["file added"]),
        (AUTO, failed(404), MAGNET, ["file link_gone", "magnet added"]),
        (AUTO, failed(500), MAGNET, ["file jackett_failed", "magnet added"]),
        (AUTO, page(), MAGNET, ["file link_not_torrent", "magnet added"]),
        (AUTO, torrent_file(LARGE), None, ["file link_too_large", "link added"]),
        (LINK, GOOD, None, ["link added"]),
        (LINK, redirect(MAGNET), None, ["link added"]),
        (LINK, GOOD, MAGNET, ["link added"]),
        (LINK, None, MAGNET, ["magnet added"]),
        (FILE, GOOD, MAGNET, ["file added"]),
        (FILE, failed(404), MAGNET, ["file link_gone", "magnet added"]),
    ],
    ids=[
        "auto-file", "auto-redirect", "auto-magnet", "auto-base32", "auto-both",
        "auto-gone-magnet", "auto-failed-magnet", "auto-html-magnet", "auto-too-large", "link-file",
        "link-redirect", "link-both", "link-magnet", "file-both", "file-gone-magnet",
    ],
)  # fmt: skip
async def test_ways(
    journey: Journey,
    mode: DeliveryMode,
    download: Download | None,
    magnet: str | None,
    outcomes: list[str],
) -> None:
    """Each way ends with a torrent that was seen, in its category, and leaves nothing behind."""
    delivered = await journey.add(await journey.source(download, magnet=magnet), mode)
    assert [" ".join(outcome) for outcome in _outcomes(delivered)] == outcomes
    assert delivered.status is AddStatus.ADDED
    assert delivered.route == outcomes[-1].split()[0]
    assert delivered.torrent.category == "audiobooks"
    assert delivered.torrent.tags == frozenset()
    assert await journey.torrents() == [delivered.torrent.infohash]
    assert await journey.tags() == []
    assert not delivered.link_rewritten


async def test_a_file_that_is_given(journey: Journey) -> None:
    """It needs no Jackett."""
    delivered = await journey.add(Source(file=read_torrent(MADE.data)))
    assert (delivered.route, delivered.torrent.infohash) == (Route.FILE, MADE.infohash)
    assert delivered.elapsed_ms < 5000


@pytest.mark.parametrize("mode", [AUTO, LINK])
async def test_links_are_rewritten(
    http: ClientSession, jackett: JackettStandIn, qbittorrent: QBittorrentServer, mode: DeliveryMode
) -> None:
    """Whoever opens a link gets Jackett's address as he reaches it."""
    journey = Journey(
        http=http,
        jackett=jackett,
        server=qbittorrent,
        jackett_there=jackett.url.replace("127.0.0.1", "localhost"),
    )
    jackett.base_url_override = "https://jackett.example"
    source = await journey.source(GOOD)
    delivered = await journey.add(source, mode)
    assert delivered.link_rewritten
    (request,) = jackett.requested("/dl/")
    host = {AUTO: "127.0.0.1", LINK: "localhost"}[mode]
    assert request.headers["Host"] == f"{host}:{jackett.port}"
    assert request.target == f"{source.link.path}{source.link.query}" if source.link else ""


async def test_options_arrive(journey: Journey) -> None:
    """By any way, with the user's own tags."""
    save_path = str(journey.server.downloads / "tide")
    options = AddOptions(category="a/b", save_path=save_path, tags=("mine", "too"), paused=True)
    for made, mode in ((MADE, AUTO), (OTHER, LINK)):
        source = await journey.source(torrent_file(made))
        delivered = await journey.add(source, mode, options=options)
        assert delivered.torrent.tags == {"mine", "too"}
        assert delivered.torrent.category == "a/b"
        assert delivered.torrent.save_path.rstrip("/") == save_path
        assert delivered.warnings == ()
    assert await journey.tags() == ["mine", "too"]


@pytest.mark.parametrize("tag", ["auralarchive-books", "auralarchive-20260101"])
async def test_a_tag_that_looks_like_ours(journey: Journey, tag: str) -> None:
    """It does not make a torrent that has just come one that a link has brought."""
    options = AddOptions(tags=(tag,))
    delivered = await journey.add(Source(file=read_torrent(MADE.data)), options=options)
    assert delivered.status is AddStatus.ADDED
    assert delivered.torrent.tags == {tag}


@pytest.mark.parametrize(
    ("mode", "download", "magnet"),
    [
        (AUTO, GOOD, None),
        (AUTO, redirect(MAGNET), None),
        (AUTO, None, MAGNET),
        (LINK, GOOD, None),
        (LINK, redirect(MAGNET), None),
    ],
    ids=["file", "redirect", "magnet", "link", "link-redirect"],
)
async def test_what_is_there_already(
    http: ClientSession,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
    mode: DeliveryMode,
    download: Download | None,
    magnet: str | None,
) -> None:
    """It is found, and brought into the category that was asked for."""
    jackett.add(Indexer(id="private", type=IndexerType.PRIVATE))
    journey = Journey(http=http, jackett=jackett, server=qbittorrent, link_seconds=0.3)
    await journey.add(Source(file=read_torrent(MADE.data)), options=_NONE)
    source = await journey.source(download, magnet=magnet, indexer="private")
    delivered = await journey.add(
        source, mode, options=AddOptions(category="audiobooks", tags=("mine",)), seconds=0.5
    )
    assert delivered.status is AddStatus.ALREADY_PRESENT
    assert delivered.torrent.category == "audiobooks"
    assert delivered.torrent.tags == {"mine"}
    assert delivered.warnings == ()
    assert await journey.tags() == ["mine"]
    assert await journey.torrents() == [MADE.infohash]


async def test_another_category_is_changed_and_told(journey: Journey) -> None:
    """The user may have sorted it there himself."""
    source = Source(file=read_torrent(MADE.data))
    await journey.add(source, options=AddOptions(category="mine"))
    delivered = await journey.add(source)
    assert delivered.status is AddStatus.ALREADY_PRESENT
    (warned,) = delivered.warnings
    assert warned.caution is Caution.CATEGORY_CHANGED
    assert warned.values == {"before": "mine", "category": "audiobooks"}


@pytest.mark.parametrize("kind", [MagnetKind.V1, MagnetKind.V2, MagnetKind.HYBRID])
@pytest.mark.parametrize("polled", [False, True], ids=["unseen", "polled"])
async def test_a_hybrid_is_known_by_each_of_its_hashes(
    journey: Journey, kind: MagnetKind, polled: bool
) -> None:
    """The server lists it by one of them only."""
    await journey.add(Source(file=read_torrent(HYBRID.data)))
    for _ in range(polled):
        await journey.look()
    source = await journey.source(magnet=HYBRID.magnet(kind=kind))
    delivered = await journey.add(source)
    assert delivered.status is AddStatus.ALREADY_PRESENT
    assert delivered.torrent.infohash == HYBRID.infohash
    assert await journey.torrents() == [HYBRID.infohash]


async def test_what_the_indexer_claims_is_looked_into(journey: Journey) -> None:
    """What may be there is recognised before qBittorrent is given the link."""
    await journey.add(Source(file=read_torrent(MADE.data)))
    source = await journey.source(GOOD, hash_text=(MADE.infohash_v1 or "").upper())
    delivered = await journey.add(replace(source, magnet=None), LINK)
    assert delivered.status is AddStatus.ALREADY_PRESENT
    (request,) = journey.jackett.requested("/dl/")
    assert "aiohttp" in request.headers["User-Agent"]


async def test_what_the_indexer_claims_is_no_proof(journey: Journey) -> None:
    """Another torrent that is there is not the one that was asked for."""
    await journey.add(Source(file=read_torrent(MADE.data)))
    source = await journey.source(torrent_file(OTHER), hash_text=MADE.infohash_v1)
    delivered = await journey.add(replace(source, magnet=None), LINK)
    assert (delivered.status, delivered.torrent.infohash) == (AddStatus.ADDED, OTHER.infohash)


async def test_what_the_indexer_claims_and_cannot_deliver(
    journey: Journey, generation: str
) -> None:
    """Nothing is there that was asked for."""
    await journey.add(Source(file=read_torrent(MADE.data)))
    source = await journey.source(failed(404), hash_text=MADE.infohash_v1)
    with pytest.raises({"4.5": NotSeenError}.get(generation, LinkGoneError)):
        await journey.add(replace(source, magnet=None), LINK, seconds=0.3)


async def test_a_link_is_known_by_what_it_came_to(journey: Journey) -> None:
    """The same link need not be opened twice."""
    source = await journey.source(GOOD)
    assert (await journey.add(source, LINK)).status is AddStatus.ADDED
    assert (await journey.add(source, LINK)).status is AddStatus.ALREADY_PRESENT
    assert len(journey.jackett.requested("/dl/")) == 1


@pytest.mark.parametrize("mode", [AUTO, LINK])
async def test_the_same_at_once(journey: Journey, mode: DeliveryMode) -> None:
    """One of them adds it, the others find it there."""
    source = await journey.source(GOOD)
    every = await asyncio.gather(*(journey.add(source, mode) for _ in range(4)))
    statuses = [delivered.status for delivered in every]
    assert sorted(statuses) == [AddStatus.ADDED, *[AddStatus.ALREADY_PRESENT] * 3]
    assert await journey.torrents() == [MADE.infohash]
    assert await journey.tags() == []


async def test_many_at_once(journey: Journey) -> None:
    """Each finds its own."""
    made = [make_torrent({f"{number}.m4b": bytes([number])}) for number in range(12)]
    sources = [await journey.source(torrent_file(one)) for one in made]
    modes = [AUTO, LINK] * 6
    pairs = zip(sources, modes, strict=True)
    every = await asyncio.gather(*(journey.add(source, mode) for source, mode in pairs))
    assert [one.torrent.infohash for one in every] == [one.infohash for one in made]
    assert {one.status for one in every} == {AddStatus.ADDED}
    assert await journey.tags() == []


async def test_a_stranger_is_never_taken_for_ours(
    http: ClientSession,
    serve: Serve,
    proxy: Proxy,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
) -> None:
    """Somebody else adds a torrent in the very moment in which our link leads nowhere."""
    journey = Journey(
        http=http,
        jackett=jackett,
        server=qbittorrent,
        address=await serve(proxy),
        link_seconds=0.3,
    )

    async def intrude() -> None:
        await asyncio.to_thread(qbittorrent.login().add_file, OTHER.data, category="audiobooks")

    proxy.before("torrents/add", intrude)
    source = await journey.source(failed(404))
    with pytest.raises(LinkGoneError):
        await journey.add(source, LINK, seconds=0.5)
    assert await journey.torrents() == [OTHER.infohash]


@pytest.mark.parametrize(
    ("mode", "download", "error"),
    [
        (LINK, failed(404), LinkGoneError),
        (LINK, failed(401), JackettAuthError),
        (LINK, page(), LinkNotTorrentError),
        (AUTO, failed(404), LinkGoneError),
        (AUTO, failed(401), JackettAuthError),
        (AUTO, page(), LinkNotTorrentError),
        (FILE, failed(404), LinkGoneError),
    ],
    ids=["link-404", "link-401", "link-html", "404", "401", "html", "file-404"],
)
async def test_a_release_that_cannot_be_had(
    http: ClientSession,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
    mode: DeliveryMode,
    download: Download,
    error: type[AuralArchiveError],
) -> None:
    """The error is the cause, whoever met it, and nothing is left behind."""
    journey = Journey(http=http, jackett=jackett, server=qbittorrent, link_seconds=0.3)
    with pytest.raises(error) as caught:
        await journey.add(await journey.source(download), mode, seconds=0.5)
    assert len(caught.value.attempts) == 1
    assert jackett.api_key not in f"{caught.value!r} {caught.value.attempts}"
    assert await journey.torrents() == []
    assert await journey.tags() == []


async def test_qbittorrent_does_not_reach_jackett(
    http: ClientSession, jackett: JackettStandIn, qbittorrent: QBittorrentServer
) -> None:
    """The reported bug: accepted, and never seen again. Now it is explained."""
    journey = Journey(
        http=http,
        jackett=jackett,
        server=qbittorrent,
        jackett_there=f"http://127.0.0.1:{free_port()}",
        link_seconds=0.3,
    )
    with pytest.raises(LinkUnreachableError) as caught:
        await journey.add(await journey.source(GOOD), LINK, seconds=0.5)
    values = caught.value.values
    assert values["link"] == f"{journey.jackett_there}/dl/lab/"
    assert jackett.api_key not in values["detail"]
    assert await journey.tags() == []
    # Home Assistant can open it, so it does.
    delivered = await journey.add(await journey.source(GOOD))
    assert (delivered.route, delivered.status) == (Route.FILE, AddStatus.ADDED)


@pytest.mark.parametrize(
    ("link_seconds", "error"),
    [(31.0, LinkUnreachableError), (0.0, LinkGoneError)],
    ids=["at-once", "after-its-own-wait"],
)
async def test_a_link_that_is_too_slow_for_us(
    http: ClientSession,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
    monkeypatch: pytest.MonkeyPatch,
    generation: str,
    link_seconds: float,
    error: type[AuralArchiveError],
) -> None:
    """It explains a failure only where qBittorrent has waited, too; 4.5 leaves that in doubt."""
    monkeypatch.setattr(handover, "_EXPLAIN_SECONDS", 0.3)
    journey = Journey(
        http=http,
        jackett=jackett,
        server=qbittorrent,
        jackett_there=f"http://127.0.0.1:{free_port()}",
        link_seconds=link_seconds,
    )
    source = await journey.source(Download(body=MADE.data, stall_after=0))
    with pytest.raises({"4.5": NotSeenError}.get(generation, error)):
        await journey.add(source, LINK, seconds=0.5)


async def test_qbittorrents_own_words(
    http: ClientSession, jackett: JackettStandIn, qbittorrent: QBittorrentServer, generation: str
) -> None:
    """From 5.0 on its log says why a link failed."""
    there = f"http://127.0.0.1:{free_port()}"
    journey = Journey(
        http=http, jackett=jackett, server=qbittorrent, jackett_there=there, link_seconds=0.1
    )
    with pytest.raises(LinkUnreachableError) as caught:
        await journey.add(await journey.source(GOOD), LINK, seconds=2)
    sentence = (
        f'Failed to add torrent. Source: "{there}/dl/lab/". Reason: "The remote server refused the'
        ' connection"'
    )
    assert caught.value.values["detail"] == {"4.5": ""}.get(generation, sentence)


async def test_home_assistant_does_not_reach_jackett(
    http: ClientSession, jackett: JackettStandIn, qbittorrent: QBittorrentServer
) -> None:
    """Then qBittorrent is given the link, which may reach it."""
    journey = Journey(
        http=http,
        jackett=jackett,
        server=qbittorrent,
        jackett_here=f"http://127.0.0.1:{free_port()}",
    )
    delivered = await journey.add(await journey.source(GOOD))
    assert _outcomes(delivered) == [("file", "jackett_unreachable"), ("link", "added")]


async def test_jackett_breaks_off(
    http: ClientSession, jackett: JackettStandIn, qbittorrent: QBittorrentServer
) -> None:
    """Who knows what came between: qBittorrent, which might get all of it, tries as well."""
    journey = Journey(http=http, jackett=jackett, server=qbittorrent, link_seconds=0.3)
    source = await journey.source(Download(body=MADE.data, cut_after=20))
    with pytest.raises(LinkGoneError) as caught:
        await journey.add(source, seconds=0.5)
    assert caught.value.reason == "connection_lost"
    assert _outcomes(caught.value) == [("file", "link_gone"), ("link", "link_gone")]


async def test_nobody_reaches_jackett(
    http: ClientSession, jackett: JackettStandIn, qbittorrent: QBittorrentServer
) -> None:
    """The first error is the one that is told, with all attempts."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    journey = Journey(
        http=http,
        jackett=jackett,
        server=qbittorrent,
        jackett_here=nowhere,
        jackett_there=nowhere,
        link_seconds=0.3,
    )
    with pytest.raises(JackettUnreachableError) as caught:
        await journey.add(await journey.source(GOOD), seconds=0.5)
    assert _outcomes(caught.value) == [
        ("file", "jackett_unreachable"),
        ("link", "link_unreachable"),
    ]


async def test_a_redirect_that_home_assistant_does_not_follow(
    journey: Journey, serve: Serve
) -> None:
    """To an address that is not Jackett's: qBittorrent may follow it."""

    async def tracker(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=MADE.data)

    source = await journey.source(redirect(f"{await serve(tracker)}/t/1.torrent"))
    delivered = await journey.add(source)
    assert _outcomes(delivered) == [("file", "link_not_allowed"), ("link", "added")]


@pytest.mark.parametrize(
    ("download", "errors"),
    [
        (Download(body=MADE.data, cut_after=20), {}),
        (redirect("http://127.0.0.1:{}/404"), {"4.5": NotSeenError}),
        (redirect("http://127.0.0.1:{}/html"), {"4.5": NotSeenError,
                                                "5.1": LinkNotTorrentError,
                                                "5.3": LinkNotTorrentError}),
        (Download(body=NAMELESS), {"4.5": LinkUnreachableError, "5.1": LinkNotTorrentError,
                                   "5.3": LinkNotTorrentError}),
        (Download(total=101 * 1024 * 1024), {"4.5": NotSeenError, "5.1": LinkTooLargeError,
                                             "5.3": LinkTooLargeError}),
    ],
    ids=["cut", "elsewhere-404", "elsewhere-html", "nameless", "too-large"],
)  # fmt: skip
async def test_links_that_only_qbittorrent_can_tell_of(
    http: ClientSession,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
    serve: Serve,
    generation: str,
    download: Download,
    errors: dict[str, type[AuralArchiveError]],
) -> None:
    """Home Assistant does not get so far, or sees nothing wrong."""

    async def elsewhere(request: web.BaseRequest) -> web.StreamResponse:
        return {"/html": web.Response(text="<html>")}.get(request.path, web.Response(status=404))

    port = (await serve(elsewhere)).rpartition(":")[2]
    location = download.location and download.location.format(port)
    journey = Journey(http=http, jackett=jackett, server=qbittorrent, link_seconds=0.3)
    source = await journey.source(replace(download, location=location))
    with pytest.raises(errors.get(generation, LinkGoneError)):
        await journey.add(source, LINK, seconds=0.5)
    assert await journey.tags() == []


@pytest.mark.parametrize(
    ("status", "body", "errors"),
    [
        (200, MADE.data, {}),
        (404, b"", {"4.5": NotSeenError, "5.1": LinkGoneError, "5.3": LinkGoneError}),
        (403, b"", {"4.5": NotSeenError, "5.1": LinkGoneError, "5.3": LinkGoneError}),
        (302, b"", {"4.5": NotSeenError, "5.1": LinkRedirectLoopError,
                    "5.3": LinkRedirectLoopError}),
        (500, b"", {"4.5": NotSeenError, "5.1": ForeignLinkUnreachableError,
                    "5.3": ForeignLinkUnreachableError}),
        (200, b"<html>", {"4.5": NotSeenError, "5.1": LinkNotTorrentError,
                          "5.3": LinkNotTorrentError}),
    ],
    ids=["good", "404", "403", "loop", "500", "html"],
)  # fmt: skip
async def test_links_of_others(
    journey: Journey,
    serve: Serve,
    generation: str,
    status: int,
    body: bytes,
    errors: dict[str, type[AuralArchiveError]],
) -> None:
    """QBittorrent opens them, and what is known of their failures is what its log says."""

    async def tracker(request: web.BaseRequest) -> web.StreamResponse:
        headers = {"Location": request.path} if status == 302 else {}
        return web.Response(status=status, body=body, headers=headers)

    link = f"{await serve(tracker)}/t/1.torrent?passkey=secret"
    source = Source.of_link(link, journey.addresses)
    (outcome,) = await asyncio.gather(journey.add(source, seconds=0.5), return_exceptions=True)
    assert isinstance(outcome, errors.get(generation, Delivered))
    assert "secret" not in f"{outcome!r} {getattr(outcome, 'attempts', '')}"
    assert await journey.tags() == []


@pytest.mark.parametrize("endpoint", ["torrents/add", "torrents/deleteTags"])
@pytest.mark.parametrize("mode", [AUTO, LINK])
async def test_answers_that_get_lost(
    http: ClientSession,
    serve: Serve,
    proxy: Proxy,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
    mode: DeliveryMode,
    endpoint: str,
) -> None:
    """What arrived has arrived."""
    journey = Journey(http=http, jackett=jackett, server=qbittorrent, address=await serve(proxy))
    source = await journey.source(GOOD)
    with proxy.losing(endpoint):
        delivered = await journey.add(source, mode)
    assert (delivered.status, delivered.torrent.infohash) == (AddStatus.ADDED, MADE.infohash)
    await journey.delivery.late.settle(await journey.look())
    assert await journey.tags() == []


@pytest.mark.parametrize("status", [502, 504])
@pytest.mark.parametrize("mode", [AUTO, LINK])
async def test_answers_that_a_proxy_loses(
    http: ClientSession,
    serve: Serve,
    proxy: Proxy,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
    mode: DeliveryMode,
    status: int,
) -> None:
    """It has a page for that, and what arrived has arrived all the same."""

    async def losing(request: web.BaseRequest) -> web.StreamResponse:
        answer = await proxy(request)
        is_add = request.path.endswith("torrents/add")
        return web.Response(status=status, text="<html>") if is_add else answer

    journey = Journey(http=http, jackett=jackett, server=qbittorrent, address=await serve(losing))
    delivered = await journey.add(await journey.source(GOOD), mode)
    assert (delivered.status, delivered.torrent.infohash) == (AddStatus.ADDED, MADE.infohash)
    nothing = await journey.source(Download(stall_after=0, body=OTHER.data))
    with pytest.raises(QbittorrentFailedError) as caught:
        await journey.add(nothing, LINK, seconds=0.2)
    assert str(status) in caught.value.values["detail"]


async def test_an_answer_that_gets_lost_with_all_that_was_sent(
    http: ClientSession,
    serve: Serve,
    proxy: Proxy,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
) -> None:
    """If nothing is seen afterwards, the connection is to blame."""
    journey = Journey(http=http, jackett=jackett, server=qbittorrent, address=await serve(proxy))
    broken = TorrentFile(data=OTHER.data, infohashes=read_torrent(MADE.data).infohashes)
    with proxy.losing("torrents/add"), pytest.raises(QbittorrentUnreachableError):
        await journey.add(Source(file=broken), seconds=0.2)
    source = await journey.source(Download(stall_after=0, body=MADE.data))
    with proxy.losing("torrents/add"), pytest.raises(QbittorrentUnreachableError):
        await journey.add(source, LINK, seconds=0.2)


async def test_a_server_that_is_not_there(
    http: ClientSession, jackett: JackettStandIn, start_server: StartServer
) -> None:
    """Nothing else is tried."""
    server = start_server()
    journey = Journey(http=http, jackett=jackett, server=server)
    source = await journey.source(GOOD, magnet=MAGNET)
    server.stop()
    with pytest.raises(QbittorrentUnreachableError) as caught:
        await journey.add(source, options=_NONE)
    assert _outcomes(caught.value) == [("file", "qbittorrent_unreachable")]


@pytest.mark.parametrize("name", ["bad//name", "/bad", "bad/", "a\\b", "new\nline"])
async def test_impossible_categories(journey: Journey, name: str) -> None:
    """Nothing is added, since it would be added without any."""
    with pytest.raises(InvalidCategoryError):
        await journey.add(Source(file=read_torrent(MADE.data)), options=AddOptions(category=name))
    assert await journey.torrents() == []
    assert not is_valid_category(name)


@pytest.mark.parametrize("name", ["audiobooks", "a/b/c", "with blank", "ü & more", "a.b", "-"])
async def test_possible_categories(journey: Journey, name: str) -> None:
    """The server's own rule is the same."""
    source = Source(file=read_torrent(MADE.data))
    delivered = await journey.add(source, options=AddOptions(category=name))
    assert delivered.torrent.category == name
    assert is_valid_category(name)


async def test_a_file_that_the_server_refuses(journey: Journey) -> None:
    """It is the caller's fault only where the caller gave it."""
    with pytest.raises(InvalidTorrentFileError):
        await journey.add(Source(file=read_torrent(NAMELESS)))
    with pytest.raises(LinkNotTorrentError):
        await journey.add(await journey.source(Download(body=NAMELESS)))
    delivered = await journey.add(await journey.source(Download(body=NAMELESS), magnet=MAGNET))
    assert _outcomes(delivered) == [("file", "link_not_torrent"), ("magnet", "added")]


async def test_a_category_that_somebody_deletes_meanwhile(
    http: ClientSession,
    serve: Serve,
    proxy: Proxy,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
) -> None:
    """It is made once more."""
    journey = Journey(http=http, jackett=jackett, server=qbittorrent, address=await serve(proxy))
    source = Source(file=read_torrent(MADE.data))
    await journey.add(source, options=_NONE)
    observer = await asyncio.to_thread(qbittorrent.login)

    async def delete() -> None:
        await asyncio.to_thread(
            observer.call, "torrents/removeCategories", {"categories": "audiobooks"}
        )
        proxy.before("torrents/setCategory", _nothing)

    proxy.before("torrents/setCategory", delete)
    assert (await journey.add(source)).torrent.category == "audiobooks"


async def _nothing() -> None:
    """Do nothing."""


async def test_a_server_that_adds_everything_stopped(
    http: ClientSession, jackett: JackettStandIn, start_server: StartServer
) -> None:
    """It is told, unless that was asked for."""
    server = start_server()
    wish = {"start_paused_enabled": True, "add_stopped_enabled": True}
    server.login().call("app/setPreferences", {"json": dumps(wish)})
    journey = Journey(http=http, jackett=jackett, server=server)
    for made, paused, cautions in ((MADE, True, []), (OTHER, False, [Caution.STOPPED])):
        options = AddOptions(paused=paused)
        delivered = await journey.add(Source(file=read_torrent(made.data)), options=options)
        assert _cautions(delivered) == cautions


@pytest.mark.parametrize(
    ("trackers", "cautions"),
    [([], [Caution.NO_PEER_SOURCE]), (["udp://127.0.0.1:9"], [])],
    ids=["none", "one"],
)
async def test_a_magnet_without_anybody_to_ask(
    journey: Journey, trackers: list[str], cautions: list[Caution]
) -> None:
    """Without DHT, which is off here, it needs a tracker."""
    source = await journey.source(magnet=MADE.magnet(trackers=trackers))
    delivered = await journey.add(source)
    assert delivered.torrent.state is TorrentState.FETCHING_METADATA
    assert _cautions(delivered) == cautions


async def test_a_link_that_is_slow(journey: Journey) -> None:
    """It is not given up as long as there is time."""
    opened = asyncio.Event()
    source = await journey.source(replace(GOOD, gate=opened.wait))
    adding = asyncio.create_task(journey.add(source, LINK))
    await journey.jackett.wait_for("/dl/")
    opened.set()
    assert (await adding).status is AddStatus.ADDED


async def test_a_link_that_comes_too_late(journey: Journey) -> None:
    """It is found afterwards, put into its category, and its tag removed."""
    opened = asyncio.Event()
    source = await journey.source(replace(GOOD, gate=opened.wait))
    options = AddOptions(category="audiobooks", tags=("mine",))
    with pytest.raises(NotSeenError) as caught:
        await journey.add(source, LINK, options=options, seconds=0.1)
    assert caught.value.values["seconds"] == "0.1"
    late = journey.delivery.late
    assert await late.settle(await journey.look()) == []
    opened.set()
    await until(journey.look, lambda mirror: bool(mirror.torrents))
    (torrent,) = await late.settle(journey.mirror)
    assert (torrent.infohash, torrent.category) == (MADE.infohash, "audiobooks")
    assert torrent.tags == {"mine"}
    assert await journey.tags() == ["mine"]
    assert await late.settle(await journey.look()) == []


async def test_a_link_that_is_tried_again_while_it_is_under_way(journey: Journey) -> None:
    """The server swallows the second request; the torrent comes under the first one's tag."""
    opened = asyncio.Event()
    source = await journey.source(replace(GOOD, gate=opened.wait))
    with pytest.raises(NotSeenError):
        await journey.add(source, LINK, seconds=0.1)
    again = asyncio.create_task(journey.add(source, LINK))
    await until(journey.look, lambda mirror: mirror.rid > 3)
    opened.set()
    delivered = await again
    assert (delivered.status, delivered.torrent.tags) == (AddStatus.ADDED, frozenset())
    assert await journey.delivery.late.settle(await journey.look()) == []
    assert await journey.tags() == []


@pytest.mark.parametrize("mode", [AUTO, LINK])
async def test_an_add_that_is_called_off(journey: Journey, mode: DeliveryMode) -> None:
    """What arrives all the same is put into order."""
    opened = asyncio.Event()
    source = await journey.source(replace(GOOD, gate=opened.wait))
    adding = asyncio.create_task(journey.add(source, mode))
    await journey.jackett.wait_for("/dl/")
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    opened.set()
    arrived = {AUTO: 0, LINK: 1}[mode]
    await until(journey.look, lambda mirror: len(mirror.torrents) == arrived)
    settled = await journey.delivery.late.settle(journey.mirror)
    assert [torrent.category for torrent in settled] == ["audiobooks"] * arrived
    assert await journey.tags() == []


async def test_a_duplicate_whose_name_says_nothing(
    http: ClientSession, jackett: JackettStandIn, qbittorrent: QBittorrentServer
) -> None:
    """Two torrents have it; which one the log means is found out by opening the link."""
    journey = Journey(http=http, jackett=jackett, server=qbittorrent)
    twin = make_torrent({MADE.name: b"something else"})
    for made in (MADE, twin):
        await journey.add(Source(file=read_torrent(made.data)))
    jackett.add(Indexer(id="private", type=IndexerType.PRIVATE))
    source = await journey.source(GOOD, indexer="private")
    delivered = await journey.add(source, LINK, seconds=0.4)
    assert delivered.status is AddStatus.ALREADY_PRESENT
    assert delivered.torrent.infohash == MADE.infohash
    assert await journey.tags() == []
