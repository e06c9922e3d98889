"""The search: its response, what filters and sorts it, and what goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import json
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.auralarchive.services import SEARCH_SCHEMA
from scripts.lab import catalogue
from scripts.lab.jackett_api import API_KEY
from scripts.lab.jackett_model import Indexer, Release, torrent_file
from scripts.lab.torrents import make_torrent

from .conftest import Action, Fields, Lab, Load, worded
from .odd_servers import always

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

BOOK = make_torrent({"dune.m4b": b"sand" * 5000})
RESULT = {
    "result_id",
    "title",
    "author",
    "book",
    "narrator",
    "format",
    "indexer",
    "indexer_id",
    "also_on",
    "categories",
    "size",
    "seeders",
    "leechers",
    "grabs",
    "published",
    "freeleech",
    "infohash",
    "score",
    "score_parts",
    "in_qbittorrent",
}
OUTCOME = {"id", "name", "status", "results", "elapsed_ms", "error"}


def titles(response: Any) -> list[str]:
    """Return the titles of the results in their order."""
    return [result["title"] for result in response["results"]]


async def test_the_response(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """It has the fields that automations rely on, no others, and JSON can hold it."""
    published = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    lab.jackett.add_release(
        Release(
            title="Dune by Frank Herbert, read by Scott Brick (Unabridged) [ENG / M4B] 64 kbps",
            download=torrent_file(BOOK),
            hash_text=BOOK.infohash.upper(),
            categories=(3030, 100041),
            size=412_316_860,
            seeders=31,
            leechers=2,
            grabs=88,
            published=published,
            download_volume_factor=0.0,
        )
    )
    response = await act("search", query="  dune frank herbert ")
    assert set(response) == {"query", "total", "took_ms", "results", "indexers", "filtered"}
    assert json.loads(json.dumps(response)) == response
    assert (response["query"], response["total"]) == ("dune frank herbert", 1)
    assert 0 <= response["took_ms"] < 20_000
    assert response["filtered"] == {}
    (result,) = response["results"]
    assert set(result) == RESULT
    expected = {
        "author": "Frank Herbert",
        "book": "Dune",
        "narrator": "Scott Brick",
        "format": "m4b",
        "indexer": "Lab",
        "indexer_id": "lab",
        "also_on": [],
        "categories": [3030, 100041],
        "size": 412_316_860,
        "seeders": 31,
        "leechers": 2,
        "grabs": 88,
        "published": published.isoformat(),
        "freeleech": True,
        "infohash": BOOK.infohash,
        "in_qbittorrent": False,
    }
    assert {name: result[name] for name in expected} == expected
    assert result["score"] == pytest.approx(sum(result["score_parts"].values()), abs=0.01)
    (outcome,) = response["indexers"]
    assert set(outcome) == OUTCOME
    assert outcome.pop("elapsed_ms") < 20_000
    assert outcome == {"id": "lab", "name": "Lab", "status": "ok", "results": 1, "error": None}


async def test_what_the_indexer_does_not_say(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """It is null, not zero and not made up."""
    lab.jackett.add_release(Release(title="Dune", size=0, link="https://tracker.invalid/1"))
    (result,) = (await act("search", query="dune"))["results"]
    unknown = ("author", "narrator", "format", "size", "seeders", "leechers", "grabs", "infohash")
    assert {name: result[name] for name in unknown} == dict.fromkeys(unknown)
    assert not result["in_qbittorrent"]


async def test_no_link_and_no_key_in_it(lab: Lab, load: Load, act: Action) -> None:
    """Whatever an indexer writes where: an id is all that leaves the house."""
    lab.jackett.add(*catalogue.indexers(lab.jackett.seed_url))
    lab.jackett.add_release(
        Release(
            title="Emma",
            magnet=BOOK.magnet(trackers=["http://t.invalid/0123456789abcdef0123/announce"]),
            cover="https://tracker.invalid/emma.jpg",
            details="https://tracker.invalid/emma",
        )
    )
    lab.jackett.add(Indexer(id="broken", failure=f"GET /?apikey={lab.jackett.api_key} failed"))
    await load()
    text = json.dumps(await act("search", query="emma", categories=[], max_results=200))
    assert "Emma" in text
    for secret in (lab.jackett.api_key, "://", "magnet:", "/dl/", "apikey=m", "0123456789abcdef"):
        assert secret not in text


async def test_what_qbittorrent_has(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action
) -> None:
    """A result that is there already says so, after an add at once."""
    lab.jackett.add_release(
        Release(title="Dune", download=torrent_file(BOOK), hash_text=BOOK.infohash)
    )
    (result,) = (await act("search", query="dune"))["results"]
    assert not result["in_qbittorrent"]
    await act("add_torrent", result_id=result["result_id"])
    await hass.async_block_till_done(wait_background_tasks=True)
    (result,) = (await act("search", query="dune"))["results"]
    assert result["in_qbittorrent"]


async def test_each_indexer_tells_how_it_went(lab: Lab, load: Load, act: Action) -> None:
    """The good ones answer, whatever the others do."""
    release = Release(title="Dune", link="https://tracker.invalid/1")
    lab.jackett.indexers.clear()
    lab.jackett.add(
        Indexer(id="good", releases=[release]),
        Indexer(id="none"),
        Indexer(id="broken", failure="Login failed"),
        Indexer(id="busy", retry_after=90),
        Indexer(id="slow", gate=asyncio.Event().wait),
        Indexer(id="unused", configured=False),
    )
    await load()
    started = time.monotonic()
    response = await act("search", query="dune", deadline=1)
    assert 1 <= time.monotonic() - started < 10
    assert titles(response) == ["Dune"]
    outcomes = {outcome["id"]: outcome for outcome in response["indexers"]}
    assert {name: outcome["status"] for name, outcome in outcomes.items()} == {
        "good": "ok",
        "none": "ok",
        "broken": "failed",
        "busy": "rate_limited",
        "slow": "timed_out",
    }
    assert (outcomes["good"]["results"], outcomes["none"]["results"]) == (1, 0)
    assert "Login failed" in outcomes["broken"]["error"]
    assert "90" in outcomes["busy"]["error"]
    assert outcomes["slow"]["elapsed_ms"] >= 900


async def test_one_release_on_two_indexers(lab: Lab, load: Load, act: Action) -> None:
    """It is one result, which names the other."""
    shared = Release(title="Dune", link="https://tracker.invalid/1", hash_text=BOOK.infohash)
    lab.jackett.add_release(shared)
    lab.jackett.add(Indexer(id="other", name="Other", releases=[shared]))
    await load()
    response = await act("search", query="dune")
    (result,) = response["results"]
    assert {result["indexer"], *result["also_on"]} == {"Lab", "Other"}
    assert response["filtered"] == {"duplicate": 1}


def shelf(lab: Lab) -> None:
    """Offer a handful of releases."""
    now = datetime.now(UTC)
    for title, seeders, size, days in (
        ("Dune by Frank Herbert [M4B]", 5, 300, 9),
        ("Dune Messiah by Frank Herbert [MP3]", 500, 200, 5),
        ("Dune by Frank Herbert (Abridged) [MP3]", 50, 400, 1),
        ("Children of Dune by Frank Herbert [M4B]", None, 100, 7),
        ("Dune by Frank Herbert [EPUB]", 9000, 1, 2),
    ):
        lab.jackett.add_release(
            Release(
                title=title,
                link=f"https://tracker.invalid/{seeders}",
                seeders=seeders,
                size=size,
                published=now - timedelta(days=days),
            )
        )


@pytest.mark.parametrize(
    ("options", "expected", "filtered"),
    [
        pytest.param({}, "5 500 50 None", {"not_audiobook": 1}, id="relevance"),
        pytest.param({"sort": "seeders"}, "500 50 5 None", {"not_audiobook": 1}, id="seeders"),
        pytest.param({"sort": "size"}, "50 5 500 None", {"not_audiobook": 1}, id="size"),
        pytest.param({"sort": "age"}, "50 500 None 5", {"not_audiobook": 1}, id="age"),
        pytest.param(
            {"min_seeders": 50, "sort": "seeders"},
            "500 50 None",
            {"not_audiobook": 1, "min_seeders": 1},
            id="enough-seeders",
        ),
        pytest.param(
            {"max_results": 1}, "5", {"not_audiobook": 1, "max_results": 3}, id="only-the-best"
        ),
        pytest.param(
            {"categories": [3030, 7000], "sort": "seeders"}, "9000 500 50 5 None", {}, id="books"
        ),
        pytest.param({"categories": [7020]}, "", {}, id="another-category"),
        pytest.param({"categories": "3030", "max_results": "2"}, "5 500", None, id="as-text"),
        pytest.param({"indexers": ["lab"]}, "5 500 50 None", None, id="this-indexer"),
        pytest.param({"indexers": ["other"]}, "", {}, id="another-indexer"),
    ],
)
async def test_filters_and_order(
    lab: Lab,
    load: Load,
    act: Action,
    options: Fields,
    expected: str,
    filtered: dict[str, int] | None,
) -> None:
    """What is left out is counted with its reason; an unknown number of seeders is none."""
    shelf(lab)
    lab.jackett.add(Indexer(id="other"))
    await load()
    response = await act("search", query="dune", **options)
    assert " ".join(str(result["seeders"]) for result in response["results"]) == expected
    assert filtered in (None, response["filtered"])
    cut = response["filtered"].get("max_results", 0)
    assert response["total"] == len(response["results"]) + cut


async def test_many_results(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """Hundreds are ranked beside the event loop, and the limit is the asked one."""
    for number in range(300):
        title = f"Dune part {number}"
        lab.jackett.add_release(Release(title=title, link=f"https://tracker.invalid/{number}"))
    response = await act("search", query="dune")
    assert (len(response["results"]), response["total"]) == (50, 300)
    assert response["filtered"] == {"max_results": 250}
    assert len({result["result_id"] for result in response["results"]}) == 50


async def test_fresh_results(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """Jackett's cache keeps answers, empty ones too, until one asks past it."""
    assert (await act("search", query="dune"))["total"] == 0
    lab.jackett.add_release(Release(title="Dune", link="https://tracker.invalid/1"))
    assert (await act("search", query="dune"))["total"] == 0
    assert (await act("search", query="dune", fresh=True))["total"] == 1


async def test_two_searches_at_once(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """Each gets its own answer."""
    for name in ("Dune", "Emma"):
        lab.jackett.add_release(Release(title=name, link=f"https://tracker.invalid/{name}"))
    both = await asyncio.gather(act("search", query="dune"), act("search", query="emma"))
    assert [titles(response) for response in both] == [["Dune"], ["Emma"]]


async def stopped(lab: Lab) -> None:
    """Take Jackett away."""
    await lab.jackett.stop()


async def other_key(lab: Lab) -> None:
    """Give Jackett another key."""
    lab.jackett.api_key = "a" * 32


async def no_indexers(lab: Lab) -> None:
    """Take Jackett's indexers away."""
    lab.jackett.indexers.clear()


async def as_it_is(_: Lab) -> None:
    """Leave all as it is."""


@pytest.mark.parametrize(
    ("arrange", "options", "kind", "code", "told"),
    [
        pytest.param(
            stopped, {}, HomeAssistantError, "jackett_unreachable", "nothing answers", id="down"
        ),
        pytest.param(other_key, {}, HomeAssistantError, "jackett_auth", "API key", id="key"),
        pytest.param(
            no_indexers, {}, HomeAssistantError, "jackett_no_indexers", "at least one", id="empty"
        ),
        pytest.param(
            as_it_is,
            {"indexers": ["lab", "nope"]},
            HomeAssistantError,
            "unknown_indexer",
            "id nope. Configured are: lab",
            id="unknown-indexer",
        ),
    ],
)
async def test_what_goes_wrong(
    lab: Lab,
    load: Load,
    act: Action,
    arrange: Callable[[Lab], Awaitable[None]],
    options: Fields,
    kind: type[HomeAssistantError],
    code: str,
    told: str,
) -> None:
    """Each has its own code and says what to do."""
    url = lab.jackett.url
    await arrange(lab)
    await load(jackett_url=url, jackett_api_key=API_KEY)
    with pytest.raises(HomeAssistantError) as refused:
        await act("search", query="dune", **options)
    assert (type(refused.value), refused.value.translation_key) == (kind, code)
    assert told in worded(refused.value)


async def test_jackett_is_silent(lab: Lab, load: Load, act: Action) -> None:
    """The deadline holds for the list of indexers, too."""
    silence = await lab.silence()
    entry = await load(jackett_url=silence.url, wait=False)
    with pytest.raises(HomeAssistantError) as refused:
        await act("search", query="dune", deadline=1)
    assert refused.value.translation_key == "jackett_unreachable"
    assert f"{silence.url}: there was no answer in time" in worded(refused.value)
    assert entry.runtime_data.jackett.last_update_success is False


@pytest.mark.parametrize(
    ("status", "body", "code", "told"),
    [
        pytest.param(200, "<html></html>", "not_jackett", "is not Jackett", id="web-page"),
        pytest.param(404, "", "jackett_wrong_path", "base path", id="wrong-path"),
        pytest.param(500, "", "jackett_failed", "HTTP 500", id="error"),
        pytest.param(
            200,
            '<error code="900" description="Jackett.Common.X: gone&#xA; at Y" />',
            "jackett_failed",
            "gone",
            id="torznab-error",
        ),
    ],
)
async def test_something_else_is_there(
    lab: Lab, load: Load, act: Action, status: int, body: str, code: str, told: str
) -> None:
    """An address that has come to mean something else is told as that."""
    await load(jackett_url=await lab.site(always(status, body)))
    with pytest.raises(HomeAssistantError) as refused:
        await act("search", query="dune")
    assert refused.value.translation_key == code
    assert told in worded(refused.value)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="no-query"),
        pytest.param({"query": "  "}, id="blank-query"),
        pytest.param({"query": "x" * 501}, id="long-query"),
        pytest.param({"query": "x", "max_results": 0}, id="no-results"),
        pytest.param({"query": "x", "max_results": 201}, id="too-many-results"),
        pytest.param({"query": "x", "min_seeders": -1}, id="negative-seeders"),
        pytest.param({"query": "x", "deadline": 0.5}, id="too-short"),
        pytest.param({"query": "x", "deadline": 121}, id="too-long"),
        pytest.param({"query": "x", "sort": "title"}, id="unknown-order"),
        pytest.param({"query": "x", "categories": ["audio"]}, id="category-name"),
        pytest.param({"query": "x", "limit": 5}, id="unknown-field"),
    ],
)
def test_fields_that_are_refused(fields: Fields) -> None:
    """Before anybody is asked anything."""
    with pytest.raises(vol.Invalid):
        SEARCH_SCHEMA(fields)


async def test_it_is_for_its_response(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Without one, it is a mistake."""
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call("auralarchive", "search", {"query": "x"}, blocking=True)
