"""The event entity: each turn of a download is told once, over all restarts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import json
import shutil
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import (
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    EVENT_HOMEASSISTANT_STARTED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.auralarchive import logbook
from custom_components.auralarchive.const import EVENT_DOWNLOAD
from custom_components.auralarchive.history import store_of
from scripts.lab.jackett_model import Release, page
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import MadeTorrent, make_torrent
from tests.conftest import GENERATIONS, until

from .conftest import Action, Lab, Load, Poll, state_of

EVENTS = "event.auralarchive_downloads"
CATEGORY = "auralarchive"

type Told = list[dict[str, Any]]


@pytest.fixture
def told(hass: HomeAssistant) -> Told:
    """Return what the entity tells, oldest first."""
    heard: Told = []
    seen: set[str] = {STATE_UNKNOWN, STATE_UNAVAILABLE}

    @callback
    def hear(event: Event[Any]) -> None:
        new, old = event.data["new_state"], event.data["old_state"]
        is_event = event.data["entity_id"] == EVENTS and new and old
        # After a reload the last one is there again.
        if is_event and "event_type" in new.attributes and new.state not in seen:
            seen.add(new.state)
            heard.append({"at": new.state, **new.attributes})

    hass.bus.async_listen("state_changed", hear)
    return heard


def turns(told: Told) -> list[tuple[str, str]]:
    """Return what became of which download."""
    return [(one["event_type"], one["name"]) for one in told]


def book(lab: Lab, name: str, *, seeded: bool = True) -> MadeTorrent:
    """Return a torrent, with somebody to download it from if it is seeded."""
    seeds = [lab.jackett.seed_url] if seeded else []
    made = make_torrent({f"{name}.m4b": name.encode() * 9000}, name=name, web_seeds=seeds)
    lab.jackett.seed.add(made.content)
    return made


def add(server: QBittorrentServer, made: MadeTorrent, *, stopped: bool = False) -> None:
    """Add a torrent past the integration."""
    is_stopped = str(stopped).lower()
    fields = {"category": CATEGORY, "paused": is_stopped, "stopped": is_stopped}
    server.login().add_file(made.data, **fields)


def start(server: QBittorrentServer, made: MadeTorrent) -> None:
    """Start a torrent past the integration."""
    order = "resume" if server.generation < "5" else "start"
    server.login().call(f"torrents/{order}", {"hashes": made.infohash})


def remove(server: QBittorrentServer, made: MadeTorrent) -> None:
    """Remove a torrent past the integration."""
    server.login().call("torrents/delete", {"hashes": made.infohash, "deleteFiles": "true"})


def lose_files(server: QBittorrentServer, folder: str) -> None:
    """Have files gone behind the server's back; it notices that when it starts."""
    server.stop()
    shutil.rmtree(folder)
    server.start()


def states(server: QBittorrentServer) -> Callable[[], Any]:
    """Return what looks at the torrents' states on the server."""
    session = server.login()

    async def look() -> dict[str, str]:
        listed = json.loads(session.call("torrents/info"))
        return {one["name"]: one["state"] for one in listed}

    return look


async def awaited(poll: Poll, told: Told, number: int) -> list[tuple[str, str]]:
    """Poll until so much has been told, and once more."""

    async def look() -> int:
        await poll()
        return len(told)

    await until(look, lambda heard: heard >= number)
    await poll()
    return turns(told)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_life(lab: Lab, load: Load, poll: Poll, told: Told) -> None:
    """A book comes, is downloaded, and goes; a restart of the server in between is no news."""
    await load()
    emma = book(lab, "Emma")
    add(lab.qbittorrent, emma)
    assert await awaited(poll, told, 2) == [("added", "Emma"), ("completed", "Emma")]
    lab.qbittorrent.restart()
    await poll()
    await until(states(lab.qbittorrent), {"Emma": "stalledUP"}.__eq__)
    await poll()
    remove(lab.qbittorrent, emma)
    assert (await awaited(poll, told, 3))[2:] == [("removed", "Emma")]
    facts = {key: told[-1][key] for key in ("infohash", "category", "size", "reason")}
    assert facts == {
        "infohash": emma.infohash,
        "category": CATEGORY,
        "size": emma.size,
        "reason": None,
    }
    assert told[-1]["save_path"].startswith(str(lab.qbittorrent.downloads))
    times = [one["at"] for one in told]
    assert times == sorted(set(times))


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_while_home_assistant_is_down(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, told: Told
) -> None:
    """What happens then is told once, when it is up again."""
    emma, ivanhoe, kim = (book(lab, name) for name in ("Emma", "Ivanhoe", "Kim"))
    entry = await load()
    add(lab.qbittorrent, emma, stopped=True)
    add(lab.qbittorrent, ivanhoe, stopped=True)
    await awaited(poll, told, 2)
    told.clear()
    assert await hass.config_entries.async_unload(entry.entry_id)
    start(lab.qbittorrent, emma)
    remove(lab.qbittorrent, ivanhoe)
    add(lab.qbittorrent, kim)
    await until(states(lab.qbittorrent), {"Emma": "stalledUP", "Kim": "stalledUP"}.__eq__)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert sorted(await awaited(poll, told, 4)) == [
        ("added", "Kim"),
        ("completed", "Emma"),
        ("completed", "Kim"),
        ("removed", "Ivanhoe"),
    ]
    told.clear()
    assert await hass.config_entries.async_reload(entry.entry_id)
    await poll()
    assert turns(told) == []


async def test_nothing_is_told_before_automations_can_hear_it(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, told: Told
) -> None:
    """They begin to listen when Home Assistant has started."""
    entry = await load()
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    await awaited(poll, told, 1)
    assert await hass.config_entries.async_unload(entry.entry_id)
    told.clear()
    hass.set_state(CoreState.starting)
    remove(lab.qbittorrent, book(lab, "Emma", seeded=False))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await poll()
    assert told == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert told == []
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=6))
    await hass.async_block_till_done()
    assert turns(told) == [("removed", "Emma")]


async def test_what_was_not_told_is_told_by_the_next_set_up(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, told: Told
) -> None:
    """Home Assistant is stopped, or the entry reloaded, before automations could hear it."""
    entry = await load()
    hass.set_state(CoreState.starting)
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    await until(states(lab.qbittorrent), {"Emma": "stalledDL"}.__eq__)
    await hass.config_entries.async_reload(entry.entry_id)
    await poll()
    await hass.config_entries.async_unload(entry.entry_id)
    assert told == []
    hass.set_state(CoreState.running)
    await hass.config_entries.async_setup(entry.entry_id)
    assert await awaited(poll, told, 1) == [("added", "Emma")]


async def test_what_was_not_told_is_not_written(
    hass: HomeAssistant, hass_storage: dict[str, Any], lab: Lab, load: Load, poll: Poll, told: Told
) -> None:
    """Neither when Home Assistant stops nor by what was scheduled before."""
    entry = await load()
    await hass.config_entries.async_reload(entry.entry_id)
    (key,) = (key for key in hass_storage if key.endswith(".downloads"))
    hass.set_state(CoreState.starting)
    await hass.config_entries.async_reload(entry.entry_id)
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    await until(states(lab.qbittorrent), {"Emma": "stalledDL"}.__eq__)
    await poll()
    await poll(1000)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert (told, hass_storage[key]["data"]["torrents"]) == ([], {})
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    await poll()
    await poll()
    assert turns(told) == [("added", "Emma")]
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert len(hass_storage[key]["data"]["torrents"]) == 1


async def test_a_set_up_that_failed_writes_nothing_later(
    hass: HomeAssistant, hass_storage: dict[str, Any], lab: Lab, load: Load, poll: Poll
) -> None:
    """It has seen the torrents, and then something went wrong."""
    failing = patch.object(hass.config_entries, "async_forward_entry_setups", side_effect=OSError)
    with failing:
        entry = await load()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    await poll(1000)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert not [key for key in hass_storage if key.endswith(".downloads")]


async def test_an_add_that_outlives_a_reload(
    hass: HomeAssistant, lab: Lab, load: Load, act: Action, told: Told
) -> None:
    """Its failure is told by the entry as it is then."""
    entry = await load()
    lab.jackett.add_release(Release(title="Emma", download=replace(page(), delay=60)))
    (result,) = (await act("search", query="emma"))["results"]
    adding = asyncio.create_task(
        act("add_torrent", result_id=result["result_id"], delivery="file", timeout=2)
    )

    async def asked() -> bool:
        return any("/dl/" in str(request) for request in lab.jackett.requests)

    await until(asked, bool)
    await hass.config_entries.async_reload(entry.entry_id)
    with pytest.raises(HomeAssistantError):
        await adding
    assert turns(told) == [("failed", "Emma")]


async def test_what_was_there_at_the_first_set_up_is_no_news(
    lab: Lab, load: Load, poll: Poll, told: Told
) -> None:
    """Whoever has a thousand books is not told of each."""
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    await until(states(lab.qbittorrent), {"Emma": "stalledDL"}.__eq__)
    await load()
    add(lab.qbittorrent, book(lab, "Kim", seeded=False))
    assert await awaited(poll, told, 1) == [("added", "Kim")]


@pytest.mark.parametrize("source", ["torrent", "magnet"])
async def test_a_stall(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, told: Told, source: str
) -> None:
    """No progress for the time that the options say, metadata included, is told once."""
    # A few seconds: no form takes less than a minute.
    await load(stalled_after=0.02)
    emma = book(lab, "Emma", seeded=False)
    lab.qbittorrent.login().call(
        "torrents/add", {"urls": emma.magnet(), "category": CATEGORY}
    ) if source == "magnet" else add(lab.qbittorrent, emma)
    told_turns = await awaited(poll, told, 2)
    assert [turn for turn, _ in told_turns] == ["added", "stalled"]
    assert {name for _, name in told_turns} <= {"Emma", emma.infohash}


async def test_lost_files(lab: Lab, load: Load, poll: Poll, told: Told) -> None:
    """A failure has its reason."""
    await load()
    add(lab.qbittorrent, book(lab, "Emma"))
    await awaited(poll, told, 2)
    lose_files(lab.qbittorrent, told[0]["save_path"])
    assert (await awaited(poll, told, 3))[-1] == ("failed", "Emma")
    assert "missing" in told[-1]["reason"]


async def reloaded(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Reload an entry."""
    await hass.config_entries.async_reload(entry.entry_id)


async def left_alone(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Do nothing with it."""


@pytest.mark.parametrize("once_more", [reloaded, left_alone])
async def test_a_poll_that_is_called_off(
    hass: HomeAssistant,
    lab: Lab,
    load: Load,
    act: Action,
    poll: Poll,
    told: Told,
    once_more: Callable[[HomeAssistant, ConfigEntry], Awaitable[None]],
) -> None:
    """What it has seen is told all the same, though perhaps without qBittorrent's own words."""
    proxy = await lab.proxy(lab.qbittorrent.url)
    entry = await load(qbittorrent_url=proxy.url)
    add(lab.qbittorrent, book(lab, "Emma"))
    await awaited(poll, told, 2)
    lose_files(lab.qbittorrent, told[0]["save_path"])
    await until(states(lab.qbittorrent), {"Emma": "missingFiles"}.__eq__)
    proxy.held = "log/main"
    call = asyncio.create_task(act("get_downloads"))
    await proxy.asked.wait()
    call.cancel()
    await asyncio.wait([call])
    proxy.held = None
    proxy.go.set()
    await once_more(hass, entry)
    assert (await awaited(poll, told, 3))[2:] == [("failed", "Emma")]


async def test_the_reason_is_its_own(lab: Lab, load: Load, poll: Poll, told: Told) -> None:
    """Not that of another whose name, or link, has this name in it."""
    await load()
    add(lab.qbittorrent, book(lab, "Emma"))
    await awaited(poll, told, 2)
    lose_files(lab.qbittorrent, told[0]["save_path"])
    await until(states(lab.qbittorrent), {"Emma": "missingFiles"}.__eq__)
    session = lab.qbittorrent.login()
    session.call("torrents/add", {"urls": f"{lab.jackett.url}/0123456789abcdef/Emma and Emma"})

    async def log() -> str:
        return session.call("log/main")

    await until(log, lambda lines: "0123456789abcdef" in lines)
    assert (await awaited(poll, told, 3))[2:] == [("failed", "Emma")]
    assert "0123456789abcdef" not in told[2]["reason"]


async def test_an_add_that_fails(
    hass: HomeAssistant, lab: Lab, load: Load, act: Action, told: Told
) -> None:
    """It is told under the name of the search's result, with the error's sentence."""
    await load()
    release = Release(title="Emma [M4B]", download=page())
    lab.jackett.indexers["lab"].releases.append(release)
    (result,) = (await act("search", query="emma"))["results"]
    with pytest.raises(HomeAssistantError) as failed:
        await act("add_torrent", result_id=result["result_id"])
    assert turns(told) == [("failed", "Emma [M4B]")]
    assert told[0]["reason"] == str(failed.value)
    assert told[0]["category"] == CATEGORY


@pytest.mark.parametrize("fields", [{"link": "ftp://x.example/y"}, {"result_id": "unknown"}])
async def test_a_request_that_cannot_be_meant_is_no_event(
    hass: HomeAssistant, load: Load, act: Action, told: Told, fields: dict[str, str]
) -> None:
    """That is between the caller and the action."""
    await load()
    with pytest.raises(HomeAssistantError):
        await act("add_torrent", **fields)
    assert told == []


async def test_an_add_without_qbittorrent(
    hass: HomeAssistant, lab: Lab, load: Load, act: Action, told: Told
) -> None:
    """The entity stays to tell that, too."""
    server = lab.server()
    await load(server)
    server.stop()
    with pytest.raises(HomeAssistantError):
        await act("add_torrent", link=book(lab, "Emma").magnet())
    assert state_of(hass, EVENTS) == told[0]["at"]
    assert told[0]["event_type"] == "failed"
    assert told[0]["infohash"] == book(lab, "Emma").infohash


async def test_one_that_is_switched_off(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, told: Told
) -> None:
    """Then nothing is told, and nothing is told later either."""
    entry = await load()
    registry = er.async_get(hass)
    registry.async_update_entity(EVENTS, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.config_entries.async_reload(entry.entry_id)
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    await until(states(lab.qbittorrent), {"Emma": "stalledDL"}.__eq__)
    await poll()
    registry.async_update_entity(EVENTS, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await poll()
    assert told == []


async def test_a_removed_entry_leaves_nothing_behind(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, told: Told
) -> None:
    """What was told is forgotten with it."""
    entry = await load()
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    await awaited(poll, told, 1)
    await hass.config_entries.async_unload(entry.entry_id)
    assert await store_of(hass, entry.entry_id).async_load()
    await hass.config_entries.async_remove(entry.entry_id)
    assert await store_of(hass, entry.entry_id).async_load() is None


async def test_nothing_is_written_where_nothing_changed(
    hass: HomeAssistant, hass_storage: dict[str, Any], lab: Lab, load: Load, poll: Poll, told: Told
) -> None:
    """Neither at a poll nor when the entry is reloaded."""
    entry = await load()
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    await awaited(poll, told, 1)
    await hass.config_entries.async_reload(entry.entry_id)
    (key,) = (key for key in hass_storage if key.endswith(".downloads"))
    written = hass_storage[key]
    await poll()
    await hass.config_entries.async_reload(entry.entry_id)
    assert hass_storage[key] is written


LINES = [
    ("added", "has been added to qBittorrent"),
    ("completed", "is complete"),
    ("stalled", "makes no progress"),
    ("failed", "failed: The disk is full"),
    ("removed", "has been removed from qBittorrent"),
]


@pytest.mark.parametrize(("turn", "line"), LINES, ids=dict(LINES))
@pytest.mark.parametrize(("name", "shown"), [("Emma", "Emma"), ("", "A download")])
async def test_logbook(
    hass: HomeAssistant, entry: ConfigEntry, turn: str, line: str, name: str, shown: str
) -> None:
    """Each turn has its line, under the download's name, at the entity."""
    described: dict[str, Callable[[Event[Any]], dict[str, str]]] = {}
    logbook.async_describe_events(
        hass, lambda _, event, describe: described.update({event: describe})
    )
    data = {"entity_id": EVENTS, "type": turn, "name": name, "reason": "The disk is full"}
    assert described[EVENT_DOWNLOAD](Event(EVENT_DOWNLOAD, data)) == {
        "name": "AuralArchive",
        "message": f"{shown} {line}",
        "entity_id": EVENTS,
    }
