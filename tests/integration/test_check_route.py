"""The action check_route: each leg, what is wrong with it, and what to do."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from scripts.lab.jackett_model import Indexer
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import QBittorrentServer, free_port
from scripts.lab.torrents import make_torrent
from tests.conftest import GENERATIONS, until

from .conftest import Action, Fields, Lab, Load

THERE = "qbittorrent_to_jackett"
NOWHERE = f"http://127.0.0.1:{free_port()}"


def legs(answer: Any) -> dict[str, Fields]:
    """Return the legs by their names; of several settings, the last."""
    return {leg["leg"]: leg for leg in answer["legs"]}


def assert_nothing_left(server: QBittorrentServer) -> None:
    """See that a server has nothing that it did not have."""
    session = server.login()
    for listing in ("torrents/info", "torrents/tags", "torrents/categories"):
        assert not json.loads(session.call(listing)), listing


def set_preferences(server: QBittorrentServer, **preferences: object) -> None:
    """Change settings of a server."""
    server.login().call("app/setPreferences", {"json": json.dumps(preferences)})


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_all_is_well(lab: Lab, load: Load, act: Action) -> None:
    """Every leg says so; the category will come with the first download."""
    server = lab.server(lab.qbittorrent.generation)
    set_preferences(server, dht=True)
    await load(server)

    async def free_space() -> object:
        # A server that has just started does not know it yet.
        await act("get_downloads")
        return legs(await act("check_route"))["disk_space"]["status"]

    await until(free_space, "ok".__eq__)
    answer = await act("check_route")
    found = legs(answer)
    assert answer["ok"] is True
    assert {name: leg["status"] for name, leg in found.items()} == {
        "home_assistant_to_jackett": "ok",
        "home_assistant_to_qbittorrent": "ok",
        THERE: "ok",
        "category": "warning",
        "settings": "ok",
        "disk_space": "ok",
    }
    assert lab.jackett.url in found[THERE]["detail"]
    assert found["category"]["advice"]
    assert_nothing_left(server)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("delivery", ["auto", "link"])
async def test_qbittorrent_does_not_reach_jackett(
    lab: Lab, load: Load, act: Action, delivery: str, generation: str
) -> None:
    """It matters where it has to; an address that works is named."""
    await load(jackett_url_for_qbittorrent=NOWHERE, delivery=delivery)
    answer = await act("check_route")
    leg = legs(answer)[THERE]
    tells = generation != "4.5"
    assert leg["ok"] is (False if tells else None)
    assert NOWHERE in leg["detail"]
    assert ("refused the connection" in leg["detail"]) is tells
    assert lab.jackett.url in leg["advice"]
    assert answer["ok"] is not (tells and delivery == "link")
    assert_nothing_left(lab.qbittorrent)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_path_that_jackett_does_not_have(
    lab: Lab, load: Load, act: Action, generation: str
) -> None:
    """Somebody is there, who says 404."""
    await load(jackett_url_for_qbittorrent=f"{lab.jackett.url}/jackett")
    leg = legs(await act("check_route"))[THERE]
    assert leg["status"] == {"4.5": "unknown"}.get(generation, "failed")


async def test_from_inside_a_network_of_its_own(
    namespace: NetworkNamespace, lab: Lab, load: Load, act: Action
) -> None:
    """What is localhost for Home Assistant is nothing for qBittorrent; the host's address is."""
    await lab.jackett.listen(namespace.host_address)
    server = lab.server(namespace=namespace)
    await load(server, delivery="link")
    answer = await act("check_route")
    leg = legs(answer)[THERE]
    assert (answer["ok"], leg["ok"]) == (False, False)
    assert lab.jackett.url in leg["detail"]
    assert lab.jackett.url_at(namespace.host_address) in leg["advice"]


async def test_jackett_is_down(lab: Lab, load: Load, act: Action) -> None:
    """Then nobody reaches it."""
    await load()
    await lab.jackett.stop()
    answer = await act("check_route")
    assert answer["ok"] is False
    for name in ("home_assistant_to_jackett", THERE):
        assert legs(answer)[name]["status"] == "failed"
        assert legs(answer)[name]["advice"]


async def test_a_key_that_jackett_refuses(lab: Lab, load: Load, act: Action) -> None:
    """Home Assistant does not get through; for qBittorrent the address alone counts."""
    await load()
    lab.jackett.api_key = "x" * 32
    found = legs(await act("check_route"))
    assert found["home_assistant_to_jackett"]["ok"] is False
    assert "API key" in found["home_assistant_to_jackett"]["advice"]
    assert found[THERE]["ok"] is True


async def test_jackett_without_indexers(lab: Lab, load: Load, act: Action) -> None:
    """There is nothing to search."""
    await load()
    lab.jackett.indexers["lab"].configured = False
    leg = legs(await act("check_route"))["home_assistant_to_jackett"]
    assert leg["ok"] is False
    assert "indexer" in leg["advice"]


async def test_failing_indexers(lab: Lab, load: Load, act: Action) -> None:
    """Jackett knows that there are some; after a search, we know which."""
    lab.jackett.add(Indexer(id="other", name="Other"))
    await load()
    lab.jackett.indexers["other"].status = "failing"
    leg = legs(await act("check_route"))["home_assistant_to_jackett"]
    assert (leg["status"], leg["ok"]) == ("warning", True)
    lab.jackett.indexers["other"].failure = "Login failed"
    await act("search", query="dune")
    leg = legs(await act("check_route"))["home_assistant_to_jackett"]
    assert leg["status"] == "warning"
    assert "Other (Login failed)" in leg["detail"]
    assert "Lab" not in leg["detail"]


async def test_qbittorrent_is_down(lab: Lab, load: Load, act: Action) -> None:
    """Nothing can be said of what lies behind it."""
    server = lab.server()
    await load(server)
    server.kill()
    answer = await act("check_route")
    assert [(leg["leg"], leg["ok"]) for leg in answer["legs"]] == [
        ("home_assistant_to_jackett", True),
        ("home_assistant_to_qbittorrent", False),
        (THERE, None),
        ("category", None),
        ("settings", None),
        ("disk_space", None),
    ]


CATEGORIES = {
    "plain": ("dune", "ok", "default folder"),
    "with-path": ("dune/sand", "ok", "/somewhere/sand"),
    "missing": ("emma", "warning", "does not exist"),
    "invalid": ("emma//", "failed", "does not accept"),
}


@pytest.mark.parametrize(("category", "status", "words"), CATEGORIES.values(), ids=CATEGORIES)
async def test_categories(
    lab: Lab, load: Load, act: Action, category: str, status: str, words: str
) -> None:
    """A category exists, with a folder or without; or will; or cannot."""
    await load()
    session = lab.qbittorrent.login()
    session.call("torrents/createCategory", {"category": "dune", "savePath": ""})
    session.call(
        "torrents/createCategory", {"category": "dune/sand", "savePath": "/somewhere/sand"}
    )
    leg = legs(await act("check_route", category=category))["category"]
    assert leg["status"] == status
    assert words in leg["detail"]
    assert (leg["advice"] is None) is (status == "ok")


SETTINGS: dict[str, tuple[Fields, str]] = {
    "added-stopped": ({"add_stopped_enabled": True, "start_paused_enabled": True}, "starting"),
    "stop-condition": ({"torrent_stop_condition": "MetadataReceived"}, "MetadataReceived"),
    "queue": ({"queueing_enabled": True, "max_active_downloads": 0}, "queue"),
    "dht": ({"dht": False}, "DHT"),
    "removed": (
        {"max_ratio_enabled": True, "max_ratio": 1, "max_ratio_act": 1},
        "removes torrents by itself",
    ),
    "files-removed": (
        {"max_seeding_time_enabled": True, "max_seeding_time": 60, "max_ratio_act": 3},
        "together with their files",
    ),
}


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(("changed", "words"), SETTINGS.values(), ids=SETTINGS)
async def test_settings(
    lab: Lab, load: Load, act: Action, generation: str, changed: Fields, words: str
) -> None:
    """Each that makes qBittorrent take a torrent and not start it, or not keep it."""
    server = lab.server(generation)
    set_preferences(server, **{"dht": True, **changed})
    await load(server)
    leg = legs(await act("check_route"))["settings"]
    assert (leg["status"], leg["ok"]) == ("warning", True)
    assert words in leg["detail"]
    assert leg["advice"]


async def test_a_queue_that_is_full(hass: HomeAssistant, lab: Lab, load: Load, act: Action) -> None:
    """It counts what is active, not the limit alone."""
    server = lab.server()
    set_preferences(server, dht=True, queueing_enabled=True, max_active_downloads=1)
    await load(server)
    assert legs(await act("check_route"))["settings"]["status"] == "ok"
    book = make_torrent({"dune.m4b": b"sand" * 5000}, name="Dune")
    await act("add_torrent", link=book.magnet())
    await hass.async_block_till_done(wait_background_tasks=True)
    leg = legs(await act("check_route"))["settings"]
    assert leg["status"] == "warning"
    assert "1 downloads are active, and 1 are allowed" in leg["detail"]
