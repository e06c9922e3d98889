"""Searching Jackett."""

import asyncio
from collections.abc import Iterator
import gc
import time
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.auralarchive.engine.errors import (
    InvalidLinkError,
    JackettAuthError,
    JackettError,
    JackettFailedError,
    JackettNoIndexersError,
    JackettRedirectError,
    JackettUnreachableError,
    JackettWrongPathError,
    NotJackettError,
    UnknownIndexerError,
)
from custom_components.auralarchive.engine.jackett import (
    IndexerStatus,
    JackettClient,
    SearchAnswer,
    SearchQuery,
    read_jackett_address,
)
from custom_components.auralarchive.engine.torznab import Indexer as TorznabIndexer, parse_feed
from scripts.lab import catalogue
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Indexer, IndexerType, Release, torrent_file
from scripts.lab.qbittorrent import free_port

from .conftest import Serve

KEY = "m4q8zt1xw7c0y5k2n9b3v6h8j1d4f7gs"
TIDE = Release(title="The Hollow Tide [M4B]", download=torrent_file(b"d4:infode"), seeders=3)
QUERY = SearchQuery(text="hollow tide")


def _client(http: ClientSession, jackett: JackettStandIn, key: str | None = None) -> JackettClient:
    return JackettClient(http, jackett.url, jackett.api_key if key is None else key)


def _statuses(answer: SearchAnswer) -> dict[str, str]:
    return {outcome.id: outcome.status for outcome in answer.outcomes}


@pytest.mark.parametrize(
    ("text", "address", "key"),
    [
        ("jackett:9117", "http://jackett:9117", None),
        (" http://jackett:9117/ ", "http://jackett:9117", None),
        ("http://jackett:9117/UI/Dashboard", "http://jackett:9117", None),
        ("http://jackett:9117/UI/Dashboard#search=x&apikey=y", "http://jackett:9117", None),
        ("http://jackett:9117/UI/Login?ReturnUrl=%2Fapi", "http://jackett:9117", None),
        ("http://jackett:9117/ui", "http://jackett:9117", None),
        ("http://jackett:9117/index.html", "http://jackett:9117", None),
        ("http://jackett:9117/health", "http://jackett:9117", None),
        ("https://host/jackett/UI/Dashboard", "https://host/jackett", None),
        ("https://host/jackett/", "https://host/jackett", None),
        ("HTTPS://Host:443/JK", "https://host/JK", None),
        (
            f"http://jackett:9117/api/v2.0/indexers/all/results/torznab/?apikey={KEY}&t=search",
            "http://jackett:9117",
            KEY,
        ),
        (
            f"http://[::1]:9117/jk/api/v2.0/indexers/all/results/torznab?t=caps&apikey={KEY}",
            "http://[::1]:9117/jk",
            KEY,
        ),
        (f"jackett:9117/torznab/all/?apikey={KEY} ", "http://jackett:9117", KEY),
        (f"jackett:9117/potato/all/api?passkey={KEY}", "http://jackett:9117", KEY),
        (f"http://jackett:9117/dl/x/?jackett_apikey={KEY}&path=y", "http://jackett:9117", KEY),
        ("http://u:p@jackett:9117/UI/Dashboard", "http://u:p@jackett:9117", None),
        ("http://health:9117/", "http://health:9117", None),
        ("http://ui/", "http://ui", None),
        ("http://dl/torznab", "http://dl/torznab", None),
        ("http://jackett:9117/?" + "a=b&" * 2000, "http://jackett:9117", None),
    ],
)
def test_addresses_as_they_are_pasted(text: str, address: str, key: str | None) -> None:
    """The dashboard's address and copied feeds are taken, with the key in them."""
    assert read_jackett_address(text) == (address, key)


@pytest.mark.parametrize(
    "text", ["", " ", "http://[::1", "ftp://jackett", "http://jackett:port", "a b", "http://\n"]
)
def test_no_addresses(text: str) -> None:
    """What is none is refused."""
    with pytest.raises(InvalidLinkError):
        read_jackett_address(text)


@pytest.mark.parametrize("base_path", ["", "/jk"])
async def test_configured_indexers_are_listed(http: ClientSession, base_path: str) -> None:
    """With one request that asks no tracker anything."""
    indexers = [
        Indexer(id="b", name="B tracker", type=IndexerType.PRIVATE, language="de-DE"),
        Indexer(id="off", configured=False),
        Indexer(id="a", name="A & tracker"),
    ]
    async with JackettStandIn(indexers, base_path=base_path) as jackett:
        assert await _client(http, jackett).indexers() == (
            TorznabIndexer(id="b", name="B tracker", type="private", language="de-DE"),
            TorznabIndexer(id="a", name="A & tracker", type="public", language="en-US"),
        )
        (request,) = jackett.requests
    assert request.query == {"t": "indexers", "configured": "true", "apikey": jackett.api_key}
    assert [indexer.searches for indexer in indexers] == [0, 0, 0]


async def test_a_search_asks_each_indexer_by_itself(http: ClientSession) -> None:
    """With the words as they are, and in the wanted categories."""
    async with JackettStandIn() as jackett:
        jackett.add(*catalogue.indexers(jackett.seed_url))
        answer = await _client(http, jackett).search(SearchQuery(text="Dracula & Stoker"))
        requests = jackett.requested("/api/v2.0/indexers/")[1:]
    asked = {request.path.split("/")[4]: request.query for request in requests}
    assert sorted(asked) == ["inkwell", "lantern", "openshelf"]
    assert asked["lantern"] == {
        "t": "search",
        "q": "Dracula & Stoker",
        "cat": "3030",
        "apikey": jackett.api_key,
    }
    assert [release.title for release in answer.releases] == [
        "Dracula by Bram Stoker [ENG / M4B]",
    ]
    assert [(one.name, one.status, one.results) for one in answer.outcomes] == [
        ("Inkwell", "ok", 0),
        ("The Lantern Library", "ok", 1),
        ("Open Shelf", "ok", 0),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (SearchQuery(text="x", categories=()), {}),
        (SearchQuery(text="x", categories=(3030, 7020)), {"cat": "3030,7020"}),
        (SearchQuery(text="x", fresh=True), {"cat": "3030", "cache": "false"}),
    ],
    ids=["any-category", "categories", "fresh"],
)
async def test_what_is_asked_for(
    http: ClientSession, jackett: JackettStandIn, query: SearchQuery, expected: dict[str, str]
) -> None:
    """Nothing that was not wanted."""
    await _client(http, jackett).search(query)
    common = {"t": "search", "q": "x", "apikey": jackett.api_key}
    assert jackett.requests[-1].query == common | expected


async def test_every_indexer_is_accounted_for(http: ClientSession) -> None:
    """One that is slow, failing, limited or empty keeps nobody else from answering."""
    opened = asyncio.Event()
    indexers = [
        Indexer(id="good", releases=[TIDE]),
        Indexer(id="slow", releases=[TIDE], gate=opened.wait),
        Indexer(id="failing", failure="Challenge detected but FlareSolverr is not configured"),
        Indexer(id="limited", retry_after=90),
        Indexer(id="empty"),
        Indexer(id="mute", modes={"book": ("q",)}),
    ]
    async with JackettStandIn(indexers) as jackett:
        client = _client(http, jackett)
        await client.indexers()
        started = time.monotonic()
        answer = await client.search(SearchQuery(text="tide", deadline=0.3))
        assert time.monotonic() - started < 5
        found = [release.title for release in answer.releases]
        opened.set()
    assert found == [TIDE.title]
    outcomes = {outcome.id: outcome for outcome in answer.outcomes}
    assert {name: (outcome.status, outcome.error) for name, outcome in outcomes.items()} == {
        "good": (IndexerStatus.OK, None),
        "slow": (IndexerStatus.TIMED_OUT, None),
        "failing": (
            IndexerStatus.FAILED,
            "Challenge detected but FlareSolverr is not configured",
        ),
        "limited": (IndexerStatus.RATE_LIMITED, "Rate limited, try again in 90 s"),
        "empty": (IndexerStatus.OK, None),
        "mute": (
            IndexerStatus.FAILED,
            (
                "mute does not support the requested query. Please check the capabilities"
                " (t=caps) and make sure the search mode and parameters are supported."
            ),
        ),
    }
    assert outcomes["good"].results == 1
    assert 300 <= outcomes["slow"].elapsed_ms < 5000


async def test_failures_of_old_versions(http: ClientSession) -> None:
    """They came with status 200."""
    failing = Indexer(id="failing", failure="The tracker is down")
    async with JackettStandIn([failing], errors_with_200=True) as jackett:
        answer = await _client(http, jackett).search(QUERY)
    (outcome,) = answer.outcomes
    assert (outcome.status, outcome.error) == (IndexerStatus.FAILED, "The tracker is down")


@pytest.mark.parametrize(
    ("indexers", "statuses"),
    [
        ((), {"a": "ok", "b": "ok"}),
        (("b",), {"b": "ok"}),
        (("b", "a", "b"), {"b": "ok", "a": "ok"}),
    ],
    ids=["all", "one", "each-once"],
)
async def test_chosen_indexers(
    http: ClientSession, indexers: tuple[str, ...], statuses: dict[str, str]
) -> None:
    """Only those that were asked for are searched."""
    async with JackettStandIn([Indexer(id="a"), Indexer(id="b")]) as jackett:
        answer = await _client(http, jackett).search(SearchQuery(text="x", indexers=indexers))
    assert _statuses(answer) == statuses


async def test_an_indexer_configured_a_moment_ago_is_found(http: ClientSession) -> None:
    """The list that was kept is asked for again before anybody is told that it is not there."""
    async with JackettStandIn([Indexer(id="a")]) as jackett:
        client = _client(http, jackett)
        await client.search(SearchQuery(text="x"))
        jackett.add(Indexer(id="b"))
        answer = await client.search(SearchQuery(text="x", indexers=("b",)))
    assert _statuses(answer) == {"b": "ok"}


async def test_an_unknown_indexer_is_named(http: ClientSession) -> None:
    """With those that there are."""
    async with JackettStandIn([Indexer(id="a"), Indexer(id="b")]) as jackett:
        with pytest.raises(UnknownIndexerError) as caught:
            await _client(http, jackett).search(SearchQuery(text="x", indexers=("a", "c")))
    assert caught.value.values == {"indexer": "c", "available": "a, b"}


async def test_nothing_to_search(http: ClientSession) -> None:
    """A fresh Jackett has no indexers: an answer to a check, an error to a search."""
    async with JackettStandIn([Indexer(id="off", configured=False)]) as jackett:
        assert await _client(http, jackett).indexers() == ()
        with pytest.raises(JackettNoIndexersError):
            await _client(http, jackett).search(QUERY)


async def test_the_list_of_indexers_is_asked_for_once(http: ClientSession) -> None:
    """A search right after another needs no second one."""
    async with JackettStandIn([Indexer(id="a")]) as jackett:
        client = _client(http, jackett)
        await client.search(QUERY)
        await client.search(QUERY)
        asked = [request.query["t"] for request in jackett.requests]
    assert asked == ["indexers", "search", "search"]


@pytest.mark.parametrize("key", ["", "wrong", "M4Q8ZT1XW7C0Y5K2N9B3V6H8J1D4F7GS"])
async def test_a_wrong_key(http: ClientSession, jackett: JackettStandIn, key: str) -> None:
    """It is told as such by the check and by a search."""
    client = _client(http, jackett, key)
    with pytest.raises(JackettAuthError):
        await client.indexers()
    with pytest.raises(JackettAuthError):
        await client.search(QUERY)


async def test_a_key_that_is_refused_later(http: ClientSession, jackett: JackettStandIn) -> None:
    """When every indexer is refused, it is no indexer's fault."""
    client = _client(http, jackett)
    await client.indexers()
    jackett.api_key = "another"
    with pytest.raises(JackettAuthError):
        await client.search(QUERY)


async def test_a_jackett_that_is_gone_later(http: ClientSession, jackett: JackettStandIn) -> None:
    """Nor is a connection that nobody accepts."""
    client = _client(http, jackett)
    await client.indexers()
    await jackett.stop()
    with pytest.raises(JackettUnreachableError) as caught:
        await client.search(QUERY)
    assert (caught.value.reason, caught.value.values) == ("refused", {"address": jackett.url})


async def test_it_recovers_by_itself(http: ClientSession, jackett: JackettStandIn) -> None:
    """Nothing is held against a server that was away."""
    client = _client(http, jackett)
    await jackett.stop()
    with pytest.raises(JackettUnreachableError):
        await client.search(QUERY)
    await jackett.start("127.0.0.1", jackett.port)
    assert _statuses(await client.search(QUERY)) == {"lab": "ok"}


async def test_nobody_listens(http: ClientSession) -> None:
    """The reason says what happened; user and password of the address stay out of it."""
    port = free_port()
    client = JackettClient(http, f"http://user:secret@127.0.0.1:{port}/jk", KEY)
    with pytest.raises(JackettUnreachableError) as caught:
        await client.indexers()
    assert caught.value.reason == "refused"
    assert caught.value.values == {"address": f"http://127.0.0.1:{port}/jk"}
    assert KEY not in repr(caught.value)


async def test_plain_http_is_no_https(http: ClientSession, jackett: JackettStandIn) -> None:
    """A wrong scheme is a matter of TLS."""
    client = JackettClient(http, jackett.url.replace("http:", "https:"), KEY)
    with pytest.raises(JackettUnreachableError) as caught:
        await client.indexers()
    assert caught.value.reason == "tls"


async def test_a_jackett_that_does_not_answer(http: ClientSession, serve: Serve) -> None:
    """A search waits no longer than it was told to, even for the list of indexers."""
    opened = asyncio.Event()

    async def silence(request: web.BaseRequest) -> web.StreamResponse:
        await opened.wait()
        return web.Response()

    client = JackettClient(http, await serve(silence), KEY)
    with pytest.raises(JackettUnreachableError) as caught:
        await client.search(SearchQuery(text="x", deadline=0.05))
    opened.set()
    assert caught.value.reason == "timed_out"


async def test_a_connection_that_breaks(http: ClientSession, serve: Serve) -> None:
    """Half an answer is none."""

    async def hang_up(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"<indexers>")
        assert request.transport is not None
        request.transport.close()
        return response

    with pytest.raises(JackettUnreachableError) as caught:
        await JackettClient(http, await serve(hang_up), KEY).indexers()
    assert caught.value.reason == "connection_lost"


def _xml(body: str, **options: Any) -> web.Response:
    return web.Response(text=body, content_type="application/xml", **options)


_NO_KEY = '<error code="100" description="Invalid API Key" />'
_NO_FUNCTION = '<error code="202" description="No such function" />'
_HTML = "<!DOCTYPE html><html><body>Login</body></html>"
_THROWN = '{"result":"error","error":"Unknown indexer: x\\nmore","stacktrace":"   at x"}'


@pytest.mark.parametrize(
    ("response", "error", "values"),
    [
        (web.Response(status=404), JackettWrongPathError, {"address": "{}"}),
        (web.Response(status=401), JackettAuthError, {}),
        (web.Response(status=403), JackettAuthError, {}),
        (_xml(_NO_KEY), JackettAuthError, {}),
        (_xml(_NO_KEY, status=401), JackettAuthError, {}),
        (_xml(_NO_KEY, status=400), JackettAuthError, {}),
        (_xml('<error code="900" description="Oh no" />'), JackettFailedError,
         {"detail": "Oh no"}),
        (_xml('<error code="900" description="Oh no" />', status=400), JackettFailedError,
         {"detail": "Oh no"}),
        (_xml(f'<error code="900" description="at {KEY}" />'), JackettFailedError,
         {"detail": "at ***"}),
        (web.Response(status=429, headers={"Retry-After": "5"}), JackettFailedError,
         {"detail": "Rate limited, try again in 5 s"}),
        (web.Response(status=429, headers={"Retry-After": "soon"}), JackettFailedError,
         {"detail": "Rate limited, try again in 60 s"}),
        (web.Response(status=500, text=_THROWN), JackettFailedError,
         {"detail": "Unknown indexer: x"}),
        (web.Response(status=500, text=f'{{"error":"{KEY}"}}'), JackettFailedError,
         {"detail": "***"}),
        (web.Response(status=500, text='{"error":[]}'), JackettFailedError,
         {"detail": "HTTP 500"}),
        (web.Response(status=500, text="[]"), JackettFailedError, {"detail": "HTTP 500"}),
        (web.Response(status=502, text=_HTML), JackettFailedError, {"detail": "HTTP 502"}),
        (web.Response(status=204), NotJackettError, {"address": "{}"}),
        (web.Response(), NotJackettError, {"address": "{}"}),
        (web.Response(text=_HTML), NotJackettError, {"address": "{}"}),
        (web.Response(text="OK"), NotJackettError, {"address": "{}"}),
        (_xml("<rss/>"), NotJackettError, {"address": "{}"}),
        (web.Response(status=302, headers={"Location": f"https://h:1/jk/?apikey={KEY}"}),
         JackettRedirectError, {"location": "https://h:1/jk"}),
        (web.Response(status=307, headers={"Location": "/login"}), NotJackettError,
         {"address": "{}"}),
        (web.Response(status=302, headers={"Location": "http://[bad"}), NotJackettError,
         {"address": "{}"}),
        (web.Response(status=304), NotJackettError, {"address": "{}"}),
    ],
    ids=[
        "404", "401", "403", "bad-key", "bad-key-401", "bad-key-400", "failure", "failure-400",
        "failure-with-key", "limited", "limited-oddly", "thrown", "thrown-key", "thrown-oddly",
        "json", "proxy", "no-content", "empty", "html", "text", "other-xml", "redirect",
        "redirect-here", "redirect-nowhere", "not-modified",
    ],
)  # fmt: skip
async def test_odd_servers(
    http: ClientSession,
    serve: Serve,
    response: web.Response,
    error: type[JackettError],
    values: dict[str, str],
) -> None:
    """Each has its own name, and no secret in it."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return response

    address = await serve(answer)
    with pytest.raises(error) as caught:
        await JackettClient(http, address, KEY).indexers()
    assert caught.value.values == {name: text.format(address) for name, text in values.items()}


async def test_an_endless_answer_is_cut(http: ClientSession, serve: Serve) -> None:
    """No server can fill the memory."""
    ended = asyncio.Event()

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 1024 * 1024)
        finally:
            ended.set()

    with pytest.raises(JackettFailedError) as caught:
        await JackettClient(http, await serve(endless), KEY).indexers()
    await ended.wait()
    assert caught.value.values == {"detail": "The answer is larger than 32 MiB"}


class _OtherServer:
    """Speaks Torznab, but cannot list its indexers."""

    def __init__(self, search: str) -> None:
        self.search = search
        self.status = 200
        self.asked: list[str] = []

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(f"{request.path.split('/')[4]} {request.query['t']}")
        answers = {"indexers": _xml(_NO_FUNCTION)}
        return answers.get(request.query["t"], _xml(self.search, status=self.status))


_FEED = "<rss><channel><item><title>The Hollow Tide</title></item></channel></rss>"


@pytest.mark.parametrize(
    ("indexers", "asked"),
    [((), ["all search"]), (("a", "b"), ["a search", "b search"])],
    ids=["all", "named"],
)
async def test_a_server_without_a_list(
    http: ClientSession, serve: Serve, indexers: tuple[str, ...], asked: list[str]
) -> None:
    """It is searched as a whole, or by the names that it is given."""
    server = _OtherServer(_FEED)
    client = JackettClient(http, await serve(server), KEY)
    assert await client.indexers() is None
    server.asked.clear()
    answer = await client.search(SearchQuery(text="x", indexers=indexers))
    assert sorted(server.asked) == asked
    assert {release.title for release in answer.releases} == {"The Hollow Tide"}
    assert all(outcome.status is IndexerStatus.OK for outcome in answer.outcomes)


@pytest.mark.parametrize(
    ("search", "error"),
    [
        (_NO_KEY, JackettAuthError),
        (_NO_FUNCTION, JackettFailedError),
        (_HTML, NotJackettError),
    ],
    ids=["key", "function", "html"],
)
async def test_a_server_without_a_list_is_checked_by_a_search(
    http: ClientSession, serve: Serve, search: str, error: type[JackettError]
) -> None:
    """Since that is what it has to be able to do."""
    client = JackettClient(http, await serve(_OtherServer(search)), KEY)
    with pytest.raises(error):
        await client.indexers()


@pytest.mark.parametrize(
    ("search", "status", "text"),
    [
        (_HTML, 200, "The answer is not Torznab XML"),
        (f'<error code="900" description="{KEY}"/>', 200, "***"),
        ('{"error":"Object reference not set"}', 500, "Object reference not set"),
        (_HTML, 502, "HTTP 502"),
    ],
    ids=["html", "key-in-text", "thrown", "proxy"],
)
async def test_an_indexer_that_answers_oddly(
    http: ClientSession, serve: Serve, search: str, status: int, text: str
) -> None:
    """It has failed, and says no secret."""
    server = _OtherServer(_FEED)
    client = JackettClient(http, await serve(server), KEY)
    await client.indexers()
    server.search, server.status = search, status
    (outcome,) = (await client.search(QUERY)).outcomes
    assert (outcome.status, outcome.error) == (IndexerStatus.FAILED, text)


@pytest.fixture
def frozen_heap() -> Iterator[None]:
    """Spare the garbage collector what others have left behind: its pauses are not ours."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen_heap")
async def test_the_loop_goes_on_while_a_large_feed_is_read(
    http: ClientSession, serve: Serve
) -> None:
    """Reading a feed of megabytes must not stop Home Assistant."""
    items = "".join(
        f"<item><title>The Hollow Tide {number}</title><guid>{number}</guid><size>{number}</size>"
        f"<description>{'x' * 400}</description></item>"
        for number in range(20_000)
    )
    feed = f"<rss><channel>{items}</channel></rss>"
    started = time.perf_counter()
    assert len(parse_feed(feed.encode(), TorznabIndexer(id="a", name="A"))) == 20_000
    at_once = time.perf_counter() - started
    server = _OtherServer(_FEED)
    client = JackettClient(http, await serve(server), KEY)
    await client.indexers()
    server.search = feed
    search = asyncio.create_task(client.search(SearchQuery(text="x", deadline=60)))
    longest, last = 0.0, time.perf_counter()
    while not search.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert len((await search).releases) == 20_000
    assert longest < at_once / 2


async def test_a_search_that_is_called_off(http: ClientSession) -> None:
    """Nothing of it goes on."""
    opened = asyncio.Event()
    async with JackettStandIn([Indexer(id="slow", gate=opened.wait)]) as jackett:
        client = _client(http, jackett)
        search = asyncio.create_task(client.search(QUERY))
        await jackett.wait_for("/api/v2.0/indexers/slow/")
        search.cancel()
        with pytest.raises(asyncio.CancelledError):
            await search
        opened.set()
