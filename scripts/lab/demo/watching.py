"""The demo's last chapters: the sensors, the dashboard, and a house that goes on."""

import asyncio
from typing import NoReturn

from . import dashboard, stock
from .house import DemoError, House
from .terminal import Transcript

# Slow enough for a look around.
_LIVE_PACE = 400_000


async def show_sensors(house: House, transcript: Transcript, entry_id: str) -> dict[str, str]:
    """Print the entities' states, check them, and return their ids."""
    ids = await house.client.entity_ids(entry_id)
    states = await house.client.states()
    # Diagnostic entities that are disabled have an id and no state.
    shown = {key: states[entity] for key, entity in sorted(ids.items()) if entity in states}
    transcript.table(
        ("entity", "state"), [(state.entity_id, state.text) for state in shown.values()]
    )
    expected = {
        "active_downloads": "0",
        "completed": "2",
        "problems": "0",
        "jackett_connected": "on",
        "qbittorrent_connected": "on",
    }
    found = {key: shown[key].state for key in expected}
    if found != expected:
        raise DemoError(f"the entities say {found}")
    if issues := await house.client.issues("auralarchive"):
        raise DemoError(f"something is to be repaired: {issues}")
    transcript.good("", "two books complete, nothing active, no problem, both servers connected")
    return ids


async def make_dashboard(house: House, transcript: Transcript, ids: dict[str, str]) -> str:
    """Create the dashboard and return its address."""
    address = await house.client.save_dashboard(
        dashboard.PATH, title="Audiobooks", icon="mdi:book-music", config=dashboard.config(ids)
    )
    views = (await house.client.dashboard(dashboard.PATH))["views"]
    if not views:
        raise DemoError("the dashboard is empty")
    transcript.good("Dashboard", address)
    return address


async def go_on(house: House, transcript: Transcript) -> None:
    """Add larger books that take their time, so that there is something to watch."""
    house.jackett.seed.bytes_per_second = _LIVE_PACE
    for title in stock.SLOW:
        found = await house.client.call("auralarchive.search", query=title.partition(" by ")[0])
        result = next(one for one in found["results"] if one["title"] == title)
        added = await house.client.call("auralarchive.add_torrent", result_id=result["result_id"])
        if added["status"] != "added":
            raise DemoError(f"the add of {title} came to {added}")
        transcript.good("Added", title)


def show_servers(house: House, transcript: Transcript) -> None:
    """Print what the integration's forms ask for; all of it is the demo's own."""
    server = house.qbittorrent
    transcript.does("Jackett", f"{house.jackett_url}, API key {house.jackett.api_key}")
    login = f"user {server.username}, password {server.password}"
    transcript.does("qBittorrent", f"{server.url}  ({login})")
    transcript.does("Jackett's address for qBittorrent", house.jackett_url_for_qbittorrent)


async def watch(house: House) -> NoReturn:
    """Stay until cancelled, or raise when a server has ended."""
    while True:
        await asyncio.sleep(0.5)
        if not house.running:
            raise DemoError("one of the servers has ended by itself")
