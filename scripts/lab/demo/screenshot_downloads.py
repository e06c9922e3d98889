"""What becomes of downloads: on the device's page, in the activity, on the dashboard."""

import asyncio
import time

from . import adding, stock
from .house import DemoError
from .screenshot_walk import Walk
from .watching import go_on, make_dashboard

_ENOUGH = 40
_ANIMATION_SECONDS = 3
_PATIENCE_SECONDS = 300
_POLL_SECONDS = 1


async def download(walk: Walk) -> None:
    """Add two books, each in its own way, and wait until both are complete."""
    house, transcript = walk.house, walk.transcript
    best = await adding.search(house, transcript)
    infohash = await adding.add(house, transcript, best)
    await adding.download(house, transcript, infohash, stock.BEST)
    infohash = await adding.add_by_link(house, transcript)
    await adding.download(house, transcript, infohash, stock.PRIVATE)


async def show_activity(walk: Walk) -> None:
    """Look up what the event entity has told."""
    visitor = walk.visitor
    ids = await walk.client.entity_ids((await walk.entry())["entry_id"])
    await visitor.page.resize(1280, 560)
    await visitor.visit(f"/logbook?entity_id={ids['downloads']}")
    turns = "entity.event.downloads.state_attributes.event_type.state"
    await visitor.reads(
        *(walk.texts(f"{turns}.{turn}") for turn in ("added", "completed")),
        within="ha-logbook-renderer",
    )
    walk.keep("logbook", await visitor.picture("ha-panel-logbook", scale=1.5))


async def download_more(walk: Walk) -> None:
    """Add larger books, which stay on their way for a while."""
    await go_on(walk.house, walk.transcript)


async def show_device(walk: Walk) -> None:
    """Look at the device while books are on their way."""
    visitor, texts = walk.visitor, walk.texts
    entry = await walk.entry()
    device = next(
        one
        for one in await walk.client.command("config/device_registry/list")
        if one["config_entry_id"] == entry["entry_id"]
    )
    await _wait_for_forecast(walk, entry["entry_id"])
    await visitor.page.resize(1280, 1060)
    await visitor.visit(f"/config/devices/device/{device['id']}")
    await visitor.reads(
        texts.ui("panel.config.devices.open_configuration_url"),
        texts("entity.sensor.active_downloads.name"),
        texts("entity.event.downloads.name"),
        texts("entity.binary_sensor.jackett_connected.name"),
        next(reversed(stock.SLOW)).partition(" [")[0],
    )
    # It lives: two pictures in a row are never the same, so there is no rest to wait for.
    await asyncio.sleep(_ANIMATION_SECONDS)
    walk.keep("device", await visitor.glimpse("hass-subpage", scale=1.25))


async def show_dashboard(walk: Walk) -> None:
    """Look at the demo's dashboard once even the slowest download shows something."""
    visitor = walk.visitor
    ids = await walk.client.entity_ids((await walk.entry())["entry_id"])
    address = await make_dashboard(walk.house, walk.transcript, ids)
    await visitor.page.resize(1280, 720)
    await visitor.visit(address.removeprefix(visitor.url))
    await visitor.reads(*(title.partition(" [")[0] for title in stock.SLOW))
    await _wait_for_progress(walk)
    # Gauges move for a moment.
    await asyncio.sleep(_ANIMATION_SECONDS)
    walk.keep("dashboard", await visitor.page.screenshot())


async def _wait_for_forecast(walk: Walk, entry_id: str) -> None:
    """Wait until the speed is steady enough to tell how long the rest takes, more or less."""
    ids = await walk.client.entity_ids(entry_id)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        states = await walk.client.states()
        told = [states[ids[key]].state for key in ("progress", "time_remaining")]
        if all(state.replace(".", "").isdecimal() and float(state) > 0 for state in told):
            return
        if time.monotonic() > deadline:
            raise DemoError(f"the sensors tell no progress: {told}")
        await asyncio.sleep(_POLL_SECONDS)


async def _wait_for_progress(walk: Walk) -> None:
    """Wait until even the slowest download shows something."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        listed = (await walk.client.call("auralarchive.get_downloads"))["downloads"]
        slowest = min(one["progress"] for one in listed)
        if slowest >= _ENOUGH:
            return
        if time.monotonic() > deadline:
            raise DemoError(f"a download has come no further than {slowest} %")
        await asyncio.sleep(_POLL_SECONDS)
