"""The Jackett stand-in, held against what is known of Jackett."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, fromstring

from aiohttp import ClientError, ClientSession, DummyCookieJar
import pytest

from scripts.lab import catalogue
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import (
    Download,
    Indexer,
    IndexerType,
    Release,
    failed,
    page,
    redirect,
    torrent_file,
)

pytestmark = pytest.mark.usefixtures("socket_enabled")

MAGNET = "magnet:?xt=urn:btih:" + "ab" * 20
BOTH = Release(title="The Hollow Tide [M4B]", download=torrent_file(b"d4:infode"), magnet=MAGNET)


@pytest.fixture
async def jackett(socket_enabled: None) -> AsyncIterator[JackettStandIn]:
    """Run a stand-in with one indexer of each temper."""
    indexers = [
        Indexer(id="good", releases=[BOTH]),
        Indexer(id="bad", failure="The tracker is down"),
        Indexer(id="busy", retry_after=90),
        Indexer(id="off", configured=False),
        Indexer(id="plain", modes={"search": ("q",)}, type=IndexerType.PRIVATE),
    ]
    async with JackettStandIn(indexers) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    """Open a client without cookies."""
    async with ClientSession(cookie_jar=DummyCookieJar()) as session:
        yield session


def _torznab(jackett: JackettStandIn, indexer: str, **query: str) -> tuple[str, dict[str, str]]:
    url = f"{jackett.url}/api/v2.0/indexers/{indexer}/results/torznab/api"
    return url, {"apikey": jackett.api_key} | query


async def _feed(
    http: ClientSession, jackett: JackettStandIn, indexer: str, **query: str
) -> Element:
    url, params = _torznab(jackett, indexer, **query)
    async with http.get(url, params=params) as response:
        return fromstring(await response.text())


async def _results(http: ClientSession, jackett: JackettStandIn, indexer: str, **query: str) -> Any:
    url = f"{jackett.url}/api/v2.0/indexers/{indexer}/results"
    async with http.get(url, params={"apikey": jackett.api_key} | query) as response:
        return await response.json()


@pytest.mark.parametrize(
    ("indexer", "query", "status", "code", "text"),
    [
        ("good", {"apikey": "no"}, 200, "100", "Invalid API Key"),
        ("unknown", {"apikey": "no"}, 200, "100", "Invalid API Key"),
        ("off", {}, 200, "201", "Indexer is not configured"),
        ("tag:none", {}, 200, "201", "Indexer is not configured"),
        ("plain", {"t": "book"}, 200, "201", "plain does not support"),
        ("good", {"t": "Search"}, 200, "201", "good does not support"),
        ("bad", {}, 400, "900", "Jackett.Common.IndexerException: Exception (b"),
        ("busy", {}, 429, "900", "The request rate limit was reached"),
    ],
)
async def test_torznab_errors(
    jackett: JackettStandIn,
    http: ClientSession,
    indexer: str,
    query: dict[str, str],
    status: int,
    code: str,
    text: str,
) -> None:
    """Errors are XML, mostly with HTTP 200."""
    url, params = _torznab(jackett, indexer, **query)
    async with http.get(url, params=params) as response:
        assert (response.status, response.content_type) == (status, "application/xml")
        error = fromstring(await response.text())
    assert (error.tag, error.get("code")) == ("error", code)
    assert (error.get("description") or "").startswith(text)


@pytest.mark.parametrize(
    ("indexer", "query"),
    [
        ("unknown", {}),
        ("Good", {}),
        ("status:foo", {}),
        ("good", {"cat": "audio"}),
        ("good", {"year": "mcmx"}),
        ("good", {"limit": "many"}),
    ],
)
async def test_internal_errors_are_json(
    jackett: JackettStandIn, http: ClientSession, indexer: str, query: dict[str, str]
) -> None:
    """What makes Jackett throw is a 500 in JSON, even on the XML route."""
    url, params = _torznab(jackett, indexer, **query)
    async with http.get(url, params=params) as response:
        assert response.status == 500
        assert (await response.json())["result"] == "error"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("HEAD", "/health", 200),
        ("GET", "/", 301),
        ("GET", "/api", 404),
        ("GET", "/jackett/health", 404),
        ("GET", "/api/v2.0/indexers", 302),
        ("GET", "/api/v2.0/server/config", 302),
        ("GET", "/torznab/good?apikey=no", 200),
        ("GET", "/API/v2.0/Indexers/good/Results?apikey=no", 401),
        ("HEAD", "/torznab/good", 405),
        ("POST", "/api/v2.0/indexers/good/results", 405),
        ("GET", "/dl/good/?path=x", 401),
    ],
)
async def test_routes(
    jackett: JackettStandIn, http: ClientSession, method: str, path: str, status: int
) -> None:
    """Every route has its own way to say no."""
    async with http.request(method, jackett.url + path, allow_redirects=False) as response:
        assert response.status == status


async def test_all_hides_failures_and_json_tells_them(
    jackett: JackettStandIn, http: ClientSession
) -> None:
    """Only the JSON route names the indexers that failed."""
    feed = await _feed(http, jackett, "all", q="hollow")
    assert [title.text for title in feed.iter("title")][1:] == [BOTH.title]
    answer = await _results(http, jackett, "all", Query="hollow")
    status = {one["ID"]: one["Status"] for one in answer["Indexers"]}
    assert status == {"good": 2, "bad": 1, "busy": 1, "plain": 2}


async def test_all_is_cut_and_goes_on_in_the_background(http: ClientSession) -> None:
    """A slow member is missing, and there the next time."""
    gate = asyncio.Event()
    slow = Indexer(id="slow", releases=[BOTH], gate=gate.wait)
    async with JackettStandIn([slow], meta_timeout=0.05) as jackett:
        assert (await _feed(http, jackett, "all")).find("channel/item") is None
        gate.set()
        assert (await _feed(http, jackett, "all")).find("channel/item") is not None
        assert slow.searches == 1


async def test_the_cache_keeps_empty_lists(jackett: JackettStandIn, http: ClientSession) -> None:
    """Nothing found stays nothing found, unless Torznab is asked not to use the cache."""
    assert (await _feed(http, jackett, "plain", q="tide")).find("channel/item") is None
    jackett.add_release(BOTH, indexer="plain")
    assert (await _feed(http, jackett, "plain", q="tide")).find("channel/item") is None
    fresh = await _feed(http, jackett, "plain", q="tide", cache="false")
    assert fresh.find("channel/item") is not None


async def test_links_change_and_stay_valid(jackett: JackettStandIn, http: ClientSession) -> None:
    """Each answer has new links; old ones work until the keys are lost."""
    links = [(await _results(http, jackett, "good"))["Results"][0]["Link"] for _ in range(2)]
    assert links[0] != links[1]
    assert "&path=Q2ZESjh" in links[0]
    for link in links:
        async with http.get(link) as response:
            assert (response.status, await response.read()) == (200, b"d4:infode")
            assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    jackett.new_volume()
    async with http.get(links[0]) as response:
        assert (response.status, await response.read()) == (404, b"")


@pytest.mark.parametrize(
    ("headers", "json_base", "xml_base"),
    [
        ({"Host": "box:9117"}, "http://box:9117/jk/", "http://box:9117/jk/"),
        ({"Host": "box"}, "http://box:/jk/", "http://box/jk/"),
        ({"X-Forwarded-Host": "a.example"}, "http://a.example:/jk/", "http://a.example/jk/"),
        (
            {"Host": "box", "X-Forwarded-Proto": "https"},
            "https://box:443/jk/",
            "https://box/jk/",
        ),
    ],
)
async def test_links_carry_the_host_of_the_request(
    http: ClientSession, headers: dict[str, str], json_base: str, xml_base: str
) -> None:
    """Links point to where the client believes Jackett is."""
    async with JackettStandIn([Indexer(id="one", releases=[BOTH])], base_path="/jk") as jackett:
        path = "/api/v2.0/indexers/one/results"
        key = {"apikey": jackett.api_key}
        for url in (jackett.url, jackett.url.removesuffix("/jk")):
            async with http.get(url + path, params=key, headers=headers) as response:
                answer = await response.json()
            assert answer["Results"][0]["Link"].startswith(json_base + "dl/one/")
        async with http.get(f"{url}{path}/torznab", params=key, headers=headers) as response:
            feed = fromstring(await response.text())
        assert (feed.findtext("channel/item/link") or "").startswith(xml_base + "dl/one/")


async def test_peers_and_dates_differ_between_the_routes(
    jackett: JackettStandIn, http: ClientSession
) -> None:
    """Torznab counts seeders as peers, JSON does not; JSON dates may lack a zone."""
    release = Release(title="x", seeders=5, leechers=2, published=datetime(2026, 3, 14, 17, 10))  # noqa: DTZ001
    jackett.add_release(release, indexer="plain")
    feed = await _feed(http, jackett, "plain")
    values = {attr.get("name"): attr.get("value") for attr in feed.iter() if attr.get("name")}
    assert (values["seeders"], values["peers"]) == ("5", "7")
    result = (await _results(http, jackett, "plain"))["Results"][0]
    assert (result["Seeders"], result["Peers"]) == (5, 2)
    assert result["PublishDate"] == "2026-03-14T17:10:00"


@pytest.mark.parametrize(
    ("download", "status", "location"),
    [
        (redirect("MAGNET:?xt=urn:btih:ab"), 302, "MAGNET:?xt=urn:btih:ab"),
        (redirect("file:///etc/passwd", status=307), 307, "file:///etc/passwd"),
        (failed(401), 401, None),
        (failed(), 404, None),
        (failed(500), 500, None),
        (page(), 200, None),
        (Download(hops=2, hop_status=308, body=b"x"), 308, "/hop/plain/"),
        (Download(hops=None), 302, "/hop/plain/"),
    ],
)
async def test_download_answers(
    jackett: JackettStandIn,
    http: ClientSession,
    download: Download,
    status: int,
    location: str | None,
) -> None:
    """A download link can do all that a tracker or a proxy does."""
    jackett.add_release(Release(title="x", download=download), indexer="plain")
    link = (await _results(http, jackett, "plain"))["Results"][0]["Link"]
    async with http.get(link, allow_redirects=False) as response:
        assert response.status == status
        assert (location or "") in response.headers.get("Location", "")


@pytest.mark.parametrize(
    "download",
    [
        Download(body=b"x" * 1000, cut_after=10),
        Download(body=b"x" * 1000, stall_after=10),
    ],
    ids=["cut", "stalled"],
)
async def test_broken_bodies(
    jackett: JackettStandIn, http: ClientSession, download: Download
) -> None:
    """A body can end early, or never."""
    jackett.add_release(Release(title="x", download=download), indexer="plain")
    link = (await _results(http, jackett, "plain"))["Results"][0]["Link"]
    async with http.get(link) as response:
        with pytest.raises((ClientError, TimeoutError)):
            async with asyncio.timeout(0.1):
                await response.read()


async def test_requests_are_recorded_byte_for_byte(
    jackett: JackettStandIn, http: ClientSession
) -> None:
    """A test can see who fetched what."""
    link = (await _results(http, jackett, "good"))["Results"][0]["Link"]
    async with http.get(link):
        recorded = await jackett.wait_for("/dl/")
    parts = urlsplit(link)
    assert recorded.target == f"{parts.path}?{parts.query}"
    assert (recorded.method, recorded.peer) == ("GET", "127.0.0.1")


async def test_the_catalogue_is_served(http: ClientSession) -> None:
    """The same book on two trackers has one infohash, and two titles."""
    async with JackettStandIn() as jackett:
        jackett.add(*catalogue.indexers(jackett.seed_url))
        answer = await _results(http, jackett, "all", Query="pride prejudice")
    found = answer["Results"]
    assert len({one["InfoHash"] for one in found}) == 1
    assert len({one["Title"] for one in found}) == 2
