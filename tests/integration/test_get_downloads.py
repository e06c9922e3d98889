"""Listing the downloads, as they are at this moment."""

from datetime import UTC, datetime
import json
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.exceptions import HomeAssistantError
import pytest

from scripts.lab.qbittorrent import ApiSession
from scripts.lab.torrents import make_torrent
from tests.conftest import until

from .conftest import Action, Fields, Lab, Load, worded

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

FIELDS = {
    "infohash",
    "name",
    "state",
    "progress",
    "size",
    "downloaded",
    "speed",
    "eta",
    "seeders",
    "ratio",
    "category",
    "save_path",
    "added_on",
    "completed_on",
}
CATEGORIES = {
    "Dune": "auralarchive",
    "Emma": "auralarchive/classics",
    "Worm": "auralarchives",
    "Kim": "talks",
    "Ivanhoe": "",
}


async def until_listed(session: ApiSession, number: int) -> None:
    """Wait until the server lists so many torrents, all of them checked."""

    async def states() -> list[str]:
        return [one["state"] for one in json.loads(session.call("torrents/info"))]

    await until(states, lambda seen: len(seen) == number and "checking" not in "".join(seen))


@pytest.fixture
async def shelf(lab: Lab) -> None:
    """Put a book into each of several categories."""
    session = lab.qbittorrent.login()
    for name, category in CATEGORIES.items():
        torrent = make_torrent({f"{name}.m4b": name.encode() * 5000})
        session.add_file(torrent.data, category=category, stopped="true", rename=name)
    await until_listed(session, len(CATEGORIES))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, "Dune Emma", id="the-entry's-with-those-below"),
        pytest.param({"category": "auralarchive/classics"}, "Emma", id="one-below"),
        pytest.param({"category": " talks\n"}, "Kim", id="another"),
        pytest.param({"category": ""}, "Ivanhoe", id="without"),
        pytest.param({"category": "all"}, "Dune Emma Ivanhoe Kim Worm", id="all"),
        pytest.param({"category": "nothing"}, "", id="none"),
    ],
)
@pytest.mark.usefixtures("shelf")
async def test_categories(entry: ConfigEntry, act: Action, fields: Fields, expected: str) -> None:
    """The category with those below it; the server's categories are listed anyway."""
    response = await act("get_downloads", **fields)
    assert set(response) == {"downloads", "categories"}
    assert " ".join(sorted(found["name"] for found in response["downloads"])) == expected
    assert response["categories"] == [
        {"name": name, "save_path": None}
        for name in ("auralarchive", "auralarchive/classics", "auralarchives", "talks")
    ]


async def test_the_response(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """It has the fields that automations rely on, no others, and is of this moment."""
    session = lab.qbittorrent.login()
    made = make_torrent({"dune.m4b": b"sand" * 5000})
    lab.qbittorrent.downloads.mkdir(exist_ok=True)
    (lab.qbittorrent.downloads / "dune.m4b").write_bytes(made.content["dune.m4b"])
    session.add_file(made.data, category="auralarchive", skip_checking="true", seedMode="true")
    magnet = make_torrent({"emma.m4b": b"emma"}).magnet()
    session.call("torrents/add", {"urls": magnet, "category": "auralarchive", "stopped": "true"})

    async def completed() -> list[int]:
        torrents = json.loads(session.call("torrents/info"))
        return [one["completion_on"] for one in torrents if one["hash"] == made.infohash]

    await until_listed(session, 2)
    await until(completed, lambda seen: min(seen, default=0) > 0)
    response = await act("get_downloads")
    assert json.loads(json.dumps(response)) == response
    downloads: dict[str, Any] = {found["name"]: found for found in response["downloads"]}
    records = {one["name"]: one for one in json.loads(session.call("torrents/info"))}
    assert downloads.keys() == records.keys() == {"dune.m4b", "emma.m4b"}
    assert all(set(found) == FIELDS for found in downloads.values())
    dune, emma = downloads["dune.m4b"], downloads["emma.m4b"]
    expected = {
        "infohash": made.infohash,
        "progress": 100.0,
        "size": 20_000,
        "downloaded": 20_000,
        "speed": 0,
        "eta": None,
        "ratio": 0.0,
        "category": "auralarchive",
        "save_path": str(lab.qbittorrent.downloads),
    }
    assert {name: dune[name] for name in expected} == expected
    assert (emma["state"], emma["progress"], emma["completed_on"]) == ("stopped", 0.0, None)
    for key, time in (("added_on", "added_on"), ("completed_on", "completion_on")):
        assert dune[key] == datetime.fromtimestamp(records["dune.m4b"][time], UTC).isoformat()


async def test_a_category_with_a_path(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """The path is told."""
    session = lab.qbittorrent.login()
    session.call("torrents/createCategory", {"category": "talks", "savePath": "/data/talks"})
    listed = (await act("get_downloads"))["categories"]
    assert {"name": "talks", "save_path": "/data/talks"} in listed


async def test_the_newest_comes_first(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """By the time it was added."""
    session = lab.qbittorrent.login()
    for name in ("Dune", "Emma"):
        torrent = make_torrent({f"{name}.m4b": name.encode()})
        session.add_file(torrent.data, category="auralarchive", stopped="true")
    await until_listed(session, 2)
    listed = (await act("get_downloads"))["downloads"]
    times = [found["added_on"] for found in listed]
    assert times == sorted(times, reverse=True)
    assert len(listed) == 2


async def test_the_server_is_down(lab: Lab, load: Load, act: Action) -> None:
    """No list of yesterday, but an error; and a list again once the server is back."""
    server = lab.server()
    await load(server)
    server.kill()
    with pytest.raises(HomeAssistantError) as refused:
        await act("get_downloads")
    assert refused.value.translation_key == "qbittorrent_unreachable"
    assert server.url in worded(refused.value)
    server.start()
    assert (await act("get_downloads"))["downloads"] == []
