"""Setting up, unloading, reloading: what has to be there, and what has to be gone."""

import asyncio

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import (
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest

from custom_components.auralarchive.const import DOMAIN
from scripts.lab.jackett_model import Release, torrent_file
from scripts.lab.torrents import make_torrent
from tests.conftest import SetUp

from .conftest import Action, Lab, Load, Poll, state_of
from .odd_servers import always

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

QBITTORRENT = "binary_sensor.auralarchive_qbittorrent_connected"
JACKETT = "binary_sensor.auralarchive_jackett_connected"
COMPLETED = "sensor.auralarchive_completed"


def lasting_listeners(hass: HomeAssistant) -> dict[str, int]:
    """Return how many listen to which event, without those who wait to write something to disk."""
    listeners = hass.bus.async_listeners()
    waiting = {EVENT_HOMEASSISTANT_FINAL_WRITE}
    return {str(event): number for event, number in listeners.items() if event not in waiting}


def state(entry: ConfigEntry) -> ConfigEntryState:
    """Return an entry's state; it changes between two looks, which mypy does not expect."""
    return entry.state


async def test_qbittorrent_is_down_at_first(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll
) -> None:
    """Set-up says why and tries again by itself."""
    server = lab.server()
    server.kill()
    entry = await load(server)
    assert state(entry) is ConfigEntryState.SETUP_RETRY
    assert entry.reason is not None
    assert f"{server.url}: nothing answers there" in entry.reason
    server.start()
    await poll(seconds=60)
    assert state(entry) is ConfigEntryState.LOADED
    assert state_of(hass, QBITTORRENT) == STATE_ON


@pytest.mark.parametrize(
    ("status", "told"),
    [(404, "does not look like"), (401, "Host header"), (200, "is not qBittorrent's Web UI")],
)
async def test_something_else_is_there(lab: Lab, load: Load, status: int, told: str) -> None:
    """Whatever it is, set-up is tried again: it may be a proxy that waits for qBittorrent."""
    entry = await load(qbittorrent_url=await lab.site(always(status, "Hello")))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason is not None
    assert told in entry.reason


async def test_a_refused_login_is_not_tried_again(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll
) -> None:
    """Five tries are a ban: only new credentials end the wait, and the form for them is shown."""
    proxy = await lab.proxy(lab.qbittorrent.url)
    entry = await load(qbittorrent_url=proxy.url, qbittorrent_password="incorrect horse")
    await poll(seconds=600)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "qbittorrent_auth"
    assert len(proxy.of("/api/v2/auth/login")) == 1
    (flow,) = hass.config_entries.flow.async_progress()
    assert (flow["context"]["source"], flow["step_id"]) == ("reauth", "reauth_qbittorrent")


async def test_a_login_is_refused_later(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll
) -> None:
    """A password that was changed is asked for, and no more logins are tried meanwhile."""
    server = lab.server()
    proxy = await lab.proxy(server.url)
    await load(qbittorrent_url=proxy.url)
    session = server.login()
    session.call("app/setPreferences", {"json": '{"web_ui_password":"staple battery"}'})
    server.restart()
    for _ in range(3):
        await poll()
    assert state_of(hass, QBITTORRENT) == STATE_OFF
    assert state_of(hass, COMPLETED) == STATE_UNAVAILABLE
    assert len(proxy.of("/api/v2/auth/login")) == 2
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_qbittorrent"


async def test_jackett_is_down(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, caplog: pytest.LogCaptureFixture
) -> None:
    """It hinders neither set-up nor sensors, and is told once."""
    await lab.jackett.stop()
    entry = await load(jackett_url=f"http://127.0.0.1:{lab.jackett.port}")
    assert entry.state is ConfigEntryState.LOADED
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (state_of(hass, QBITTORRENT), state_of(hass, JACKETT)) == (STATE_ON, STATE_OFF)
    assert state_of(hass, COMPLETED) == "0"
    await poll(seconds=300)
    lines = [line for line in caplog.messages if "fetching auralarchive Jackett data:" in line]
    assert len(lines) == 1
    assert "nothing answers there" in lines[0]
    await lab.jackett.restart()
    await poll(seconds=300)
    assert state_of(hass, JACKETT) == STATE_ON


async def test_jackett_never_answers(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """Nobody waits for it, and before it has answered nothing is claimed of it."""
    silence = await lab.silence()
    entry = await load(jackett_url=silence.url, wait=False)
    await silence.asked.wait()
    assert state_of(hass, QBITTORRENT) == STATE_ON
    assert state_of(hass, JACKETT) == "unknown"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_unloading_leaves_nothing_behind(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, act: Action
) -> None:
    """No task, no timer, no listener, no request: and the entities are unavailable."""
    proxy = await lab.proxy(lab.qbittorrent.url)
    entry = await load(qbittorrent_url=proxy.url)
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(make_torrent({"d": b"d"}))))
    (found,) = (await act("search", query="dune"))["results"]
    await act("add_torrent", result_id=found["result_id"])
    data = entry.runtime_data
    listeners = lasting_listeners(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    ours = [state for state in hass.states.async_all() if "auralarchive" in state.entity_id]
    assert ours
    assert {state.state for state in ours} == {STATE_UNAVAILABLE}
    assert not data.downloads._listeners
    assert not data.jackett._listeners
    asked = len(proxy.exchanges), len(lab.jackett.requests)
    await poll(seconds=3600)
    assert (len(proxy.exchanges), len(lab.jackett.requests)) == asked
    assert not [task for task in asyncio.all_tasks() if "auralarchive" in repr(task.get_coro())]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert lasting_listeners(hass) == listeners
    assert state_of(hass, "sensor.auralarchive_last_added") == "d"


async def test_reloading(hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """The entities are the same ones after it, the session is a new one, results are gone."""
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(make_torrent({"d": b"d"}))))
    (found,) = (await act("search", query="dune"))["results"]
    before = set(hass.states.async_entity_ids())
    for _ in range(3):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    assert set(hass.states.async_entity_ids()) == before
    with pytest.raises(ServiceValidationError) as refused:
        await act("add_torrent", result_id=found["result_id"])
    assert refused.value.translation_key == "unknown_result"
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert len(devices) == 1


async def test_removing(hass: HomeAssistant, lab: Lab, entry: ConfigEntry) -> None:
    """Nothing remains: no entity, no device."""
    assert await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not [state for state in hass.states.async_all() if "auralarchive" in state.entity_id]
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("search", {"query": "dune"}),
        ("add_torrent", {"link": "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a"}),
        ("get_downloads", {}),
    ],
)
async def test_actions_without_an_entry(
    hass: HomeAssistant, act: Action, action: str, data: dict[str, str]
) -> None:
    """They are there, so that automations can be written, and say what is missing."""
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(ServiceValidationError) as refused:
        await act(action, **data)
    assert refused.value.translation_domain == "homeassistant"
    with pytest.raises(ServiceValidationError):
        await act(action, config_entry_id="nonsense", **data)


async def test_actions_with_an_entry_that_is_not_loaded(
    hass: HomeAssistant, entry: ConfigEntry, act: Action
) -> None:
    """They say so."""
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as refused:
        await act("get_downloads", config_entry_id=entry.entry_id)
    assert refused.value.translation_key == "service_config_entry_not_loaded"


async def test_two_entries(lab: Lab, set_up: SetUp, act: Action) -> None:
    """With two, an action has to be told which; each talks to its own server."""
    first = await set_up(lab.jackett.url, lab.jackett.api_key, lab.qbittorrent)
    second = await set_up(lab.jackett.url, lab.jackett.api_key, lab.server())
    magnet = make_torrent({"dune.m4b": b"sand"}).magnet()
    with pytest.raises(ServiceValidationError):
        await act("add_torrent", link=magnet)
    assert (first.title, second.title) == ("AuralArchive", "AuralArchive (127.0.0.1)")
    another = lab.server()
    third = await set_up(lab.jackett.url, lab.jackett.api_key, another)
    assert third.title == f"AuralArchive (127.0.0.1:{another.port})"
    await act("add_torrent", link=magnet, config_entry_id=second.entry_id)

    async def counts() -> list[int]:
        lists = [
            await act("get_downloads", config_entry_id=entry.entry_id) for entry in (first, second)
        ]
        return [len(listed["downloads"]) for listed in lists]

    assert await counts() == [0, 1]
