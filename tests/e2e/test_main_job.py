"""The main job on every generation: set up, search, add, downloaded, seen by the observer."""

from homeassistant.core import HomeAssistant
import pytest

from scripts.lab import catalogue
from scripts.lab.jackett import JackettStandIn
from scripts.lab.qbittorrent import QBittorrentServer
from tests.conftest import GENERATIONS, SetUp, until

from .conftest import Action, Observer

pytestmark = pytest.mark.parametrize("generation", GENERATIONS)


async def test_search_add_and_download(
    hass: HomeAssistant,
    jackett: JackettStandIn,
    qbittorrent: QBittorrentServer,
    set_up: SetUp,
    act: Action,
    observer: Observer,
) -> None:
    """A book is found on two indexers, added, and arrives byte for byte."""
    jackett.add(*catalogue.indexers(jackett.seed_url))
    jackett.seed.add(catalogue.everything())
    await set_up(jackett.url, jackett.api_key, qbittorrent)

    found = await act("search", query="pride and prejudice")
    best = found["results"][0]
    assert (best["book"], best["author"], best["format"]) == (
        "Pride and Prejudice",
        "Jane Austen",
        "m4b",
    )
    assert best["also_on"]
    assert {outcome["status"] for outcome in found["indexers"]} == {"ok"}

    added = await act("add_torrent", result_id=best["result_id"])
    torrent = observer.torrents()[added["infohash"]]
    assert (added["status"], added["route"]) == ("added", "file")
    assert torrent["category"] == added["category"] == "auralarchive"
    assert torrent["save_path"].rstrip("/") == added["save_path"].rstrip("/")
    assert not observer.tags()

    async def downloads() -> dict[str, object]:
        listed = await act("get_downloads")
        return {one["infohash"]: (one["progress"], one["state"]) for one in listed["downloads"]}

    # For a moment everything is there and the server has not said yet that it is complete.
    await until(downloads, {added["infohash"]: (100.0, "seeding")}.__eq__)
    book = catalogue.torrent(catalogue.BOOKS[0], jackett.seed_url)
    for path, content in book.content.items():
        assert (qbittorrent.downloads / "auralarchive" / path).read_bytes() == content
    await hass.async_block_till_done()
    assert hass.states.is_state("sensor.auralarchive_completed", "1")
    assert hass.states.is_state("sensor.auralarchive_last_completed", torrent["name"])

    again = await act("add_torrent", result_id=best["result_id"])
    assert (again["status"], again["infohash"]) == ("already_present", added["infohash"])
