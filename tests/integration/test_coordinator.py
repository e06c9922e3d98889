"""Polling: by deltas, without a word where nothing changed, and through outages."""

import asyncio
from dataclasses import replace
import json
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    EVENT_STATE_REPORTED,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.auralarchive.const import LOGGER
from scripts.lab.jackett_model import Release, torrent_file
from scripts.lab.torrents import make_torrent
from tests.conftest import until

from .conftest import Action, Lab, Load, Poll, state_of, worded
from .odd_servers import Exchange

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "every_entity")

MAINDATA = "/api/v2/sync/maindata"
QBITTORRENT = "binary_sensor.auralarchive_qbittorrent_connected"
JACKETT = "binary_sensor.auralarchive_jackett_connected"
ACTIVE = "sensor.auralarchive_active_downloads"
CATEGORIES = "sensor.auralarchive_categories"
LAST_ADDED = "sensor.auralarchive_last_added"
BOOK = make_torrent({"Dune/dune.m4b": b"sand" * 5000}, name="Dune")
WORM = make_torrent({"Worm/worm.m4b": b"worm" * 5000}, name="Worm")


def answer(exchange: Exchange) -> dict[str, Any]:
    """Return what the server said."""
    told: dict[str, Any] = json.loads(exchange.body)
    return told


async def test_only_changes_are_asked_for(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll
) -> None:
    """The first answer is everything, each further one what has changed since."""
    proxy = await lab.proxy(lab.qbittorrent.url)
    await load(qbittorrent_url=proxy.url)
    lab.qbittorrent.login().add_file(BOOK.data, category="auralarchive", stopped="true")

    async def added() -> list[str]:
        await poll()
        return [one for exchange in proxy.of(MAINDATA)[1:] for one in answer(exchange)]

    await until(added, lambda keys: "torrents" in keys)
    first, *rest = proxy.of(MAINDATA)
    assert answer(first)["full_update"]
    assert not any("full_update" in answer(exchange) for exchange in rest)
    asked = [exchange.query["rid"] for exchange in (first, *rest)]
    told = [str(answer(exchange)["rid"]) for exchange in (first, *rest)]
    assert asked == ["0", *told[:-1]]
    assert len(proxy.of("/api/v2/auth/login")) == 1
    assert len(proxy.of("/api/v2/app/version")) == 2
    assert state_of(hass, LAST_ADDED) == "Dune"


async def test_nothing_new_is_not_written(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll
) -> None:
    """A poll that brings nothing touches no state."""
    proxy = await lab.proxy(lab.qbittorrent.url)
    await load(qbittorrent_url=proxy.url)
    written: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        written.append(event.data["entity_id"])

    @callback
    def every(_: Any) -> bool:
        return True

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    hass.bus.async_listen(EVENT_STATE_REPORTED, note, event_filter=every)

    async def look() -> dict[str, Any]:
        written.clear()
        await poll()
        return answer(proxy.of(MAINDATA)[-1])

    nothing = await until(look, lambda told: list(told) == ["rid"])
    assert nothing["rid"] > 1
    assert not written
    lab.qbittorrent.login().call("torrents/createCategory", {"category": "new", "savePath": ""})
    await until(look, lambda told: "categories" in told)
    assert CATEGORIES in written


async def test_polls_go_on_every_ten_seconds(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll
) -> None:
    """Also when an action has refreshed in between."""
    proxy = await lab.proxy(lab.qbittorrent.url)
    entry = await load(qbittorrent_url=proxy.url)
    for seconds, polls in ((8, 1), (10, 2), (10, 3)):
        await poll(seconds)
        assert len(proxy.of(MAINDATA)) == polls
    await entry.runtime_data.downloads.async_refresh()
    await poll(8)
    assert len(proxy.of(MAINDATA)) == 4
    await poll(10)
    assert len(proxy.of(MAINDATA)) == 5


async def test_an_outage(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, caplog: pytest.LogCaptureFixture
) -> None:
    """The sensors are unavailable, the connection is off, and the log says so once."""
    server = lab.server()
    await load(server)
    server.login().add_file(BOOK.data, category="auralarchive", stopped="true")

    async def last_added() -> str:
        await poll()
        return state_of(hass, LAST_ADDED)

    await until(last_added, "Dune".__eq__)
    assert state_of(hass, QBITTORRENT) == STATE_ON
    changes: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        changes.extend([event.data["new_state"].state] * (event.data["entity_id"] == QBITTORRENT))

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    server.kill()
    for _ in range(3):
        await poll()
    assert changes == [STATE_OFF]
    sensors = hass.states.async_all("sensor")
    assert len(sensors) == 10
    assert {state.state for state in sensors} == {STATE_UNAVAILABLE}
    server.start()
    for _ in range(2):
        await poll()
    assert changes == [STATE_OFF, STATE_ON]
    assert STATE_UNAVAILABLE not in {state.state for state in hass.states.async_all("sensor")}
    records = [record for record in caplog.records if record.name == LOGGER.name]
    failed, recovered = [record.getMessage() for record in records if record.levelname != "DEBUG"]
    assert failed.startswith("Error fetching auralarchive qBittorrent data: ")
    assert f"cannot reach qBittorrent at {server.url}" in failed
    assert recovered == "Fetching auralarchive qBittorrent data recovered"


@pytest.mark.parametrize("generation", ["4.5", "5.1", "5.3"])
async def test_a_restart(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, generation: str
) -> None:
    """Between two polls it is not even seen: the session and the numbering begin anew."""
    server = lab.server(generation)
    entry = await load(server)
    server.login().add_file(BOOK.data, category="auralarchive", paused="true", stopped="true")
    await poll()
    server.restart()
    session = server.login()
    session.call("torrents/delete", {"hashes": BOOK.infohash, "deleteFiles": "true"})
    session.add_file(WORM.data, category="auralarchive", paused="true", stopped="true")

    async def last_added() -> str:
        await poll()
        return state_of(hass, LAST_ADDED)

    await until(last_added, "Worm".__eq__)
    assert state_of(hass, QBITTORRENT) == STATE_ON
    assert list(entry.runtime_data.servers.mirror.torrents) == [WORM.infohash]


async def test_another_version_after_an_outage(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll
) -> None:
    """A server that was away may have been updated."""
    old = lab.server("4.5")
    entry = await load(old)
    assert entry.runtime_data.downloads.version.startswith("v4.5")
    old.stop()
    await poll()
    lab.server("5.3", port=old.port)
    await poll()
    assert entry.runtime_data.downloads.version.startswith("v5.3")
    assert state_of(hass, QBITTORRENT) == STATE_ON


async def test_a_search_tells_that_jackett_is_away(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action
) -> None:
    """Whoever finds out first tells it, and the next search that works tells the opposite."""
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(BOOK)))
    await lab.jackett.stop()
    with pytest.raises(HomeAssistantError):
        await act("search", query="dune")
    assert (state_of(hass, JACKETT), state_of(hass, QBITTORRENT)) == (STATE_OFF, STATE_ON)
    await lab.jackett.restart()
    assert (await act("search", query="dune"))["total"] == 1
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, JACKETT) == STATE_ON


async def test_a_late_arrival(
    hass: HomeAssistant,
    lab: Lab,
    entry: ConfigEntry,
    act: Action,
    poll: Poll,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A link that takes too long is an error, but what it brings in the end is settled."""
    gate = asyncio.Event()
    slow = replace(torrent_file(BOOK), gate=gate.wait)
    lab.jackett.add_release(Release(title="Dune", download=slow))
    (found,) = (await act("search", query="dune"))["results"]
    adding = {"result_id": found["result_id"], "delivery": "link", "tags": ["sand"], "timeout": 1}
    with pytest.raises(HomeAssistantError) as refused:
        await act("add_torrent", **adding)
    assert refused.value.translation_key == "not_seen"
    assert "within 1 seconds" in worded(refused.value)
    session = lab.qbittorrent.login()
    assert session.call("torrents/info") == "[]"
    gate.set()

    async def last_added() -> str:
        await poll()
        return state_of(hass, LAST_ADDED)

    await until(last_added, "Dune".__eq__)
    await poll()
    (torrent,) = json.loads(session.call("torrents/info"))
    assert (torrent["category"], torrent["tags"]) == ("auralarchive", "sand")
    assert json.loads(session.call("torrents/tags")) == ["sand"]
    (arrived,) = [line for line in caplog.records if line.msg.startswith("Arrived in qBittorrent")]
    assert arrived.levelname == "WARNING"
    assert arrived.getMessage() == "Arrived in qBittorrent after its add had given up: Dune"
