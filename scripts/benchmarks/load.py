"""Load: hundreds of searches and adds within a minute, with thousands of torrents present."""

import asyncio
from collections.abc import Awaitable, Callable
import json
from pathlib import Path

from homeassistant.core import HomeAssistant

from scripts.benchmarks.apart import jackett
from scripts.benchmarks.feeds import WORD
from scripts.benchmarks.figures import Part
from scripts.benchmarks.home import act, home, load, ours
from scripts.benchmarks.lag import BESIDES, Late, lags
from scripts.benchmarks.magnets import infohash, magnet
from scripts.benchmarks.measure import percentile
from scripts.benchmarks.server import Crowd, running
from scripts.lab.loop_probe import probe
from scripts.lab.qbittorrent import QBittorrentServer

_INDEXERS = 10
# The slow one takes 12 s in real life, 0.6 s here.
_SCALE = 0.05
# Beyond the crowd.
_FIRST = 2_000_000

type Deed = Callable[[int], Awaitable[bool]]


async def measure(folder: Path, *, short: bool) -> Part:
    """Measure load."""
    part = Part("load", "Load")
    torrents, number, seconds = (200, 10, 3.0) if short else (10_000, 200, 60.0)
    with (
        running("5.3", folder / "server") as server,
        jackett("many", str(_INDEXERS), str(_SCALE), "40") as url,
    ):
        crowd = Crowd(server)
        crowd.grow(torrents)
        async with home(folder / "home") as hass:
            # It polls every ten seconds, as it does in real life.
            await load(hass, ours(server, url, polls_itself=True))
            await _measure(part, hass, server, number, seconds / number)
    part.remarks.append(
        f"{number} searches of {_INDEXERS} indexers, of which one fails, and {number} adds of "
        f"magnets in {seconds:g} s, evenly, while {torrents} torrents are there and polls go on. "
        "True is a search whose every indexer is named with its outcome, and an add that a session "
        "of its own finds in the end."
    )
    return part


async def _measure(
    part: Part, hass: HomeAssistant, server: QBittorrentServer, number: int, every: float
) -> None:
    """Call both actions so many times each, one of each with every tick."""
    loop = hass.loop
    outcomes = {f"indexer-{one}": "ok" for one in range(_INDEXERS)} | {"indexer-1": "failed"}

    async def search(_: int) -> bool:
        answer = await act(hass, "search", query=WORD)
        return {one["id"]: one["status"] for one in answer["indexers"]} == outcomes

    async def add(one: int) -> bool:
        answer = await act(hass, "add_torrent", link=magnet(_FIRST + one))
        return bool(answer["status"] == "added")

    async def timed(deed: Deed, one: int, due: float) -> tuple[bool, float]:
        await asyncio.sleep(due - loop.time())
        began = loop.time()
        return await deed(one), loop.time() - began

    began = loop.time()
    late = Late()
    with probe() as busy:
        async with lags(late):
            work = {
                name: [
                    asyncio.create_task(timed(deed, one, began + one * every))
                    for one in range(number)
                ]
                for name, deed in (("searches", search), ("adds", add))
            }
            done = {name: await asyncio.gather(*tasks) for name, tasks in work.items()}
    listed = {one["hash"] for one in json.loads(server.login().call("torrents/info"))}
    arrived = sum(infohash(_FIRST + one) in listed for one in range(number))
    for name, taken in done.items():
        seconds = [1e3 * took for _, took in taken]
        part.note("Time of an answer", "ms", name, "median", seconds)
        part.note("Time of an answer", "ms", name, "99 %", percentile(seconds, 0.99))
        true = sum(is_true for is_true, _ in taken)
        if name == "adds":
            true = min(true, arrived)
        part.at_least(f"{name} answered truly", true, number)
    row = "a timer is late by"
    part.note("The event loop", "ms", row, "median", 1e3 * percentile(late.seconds, 0.5))
    part.note("The event loop", "ms", row, "99 %", 1e3 * percentile(late.seconds, 0.99))
    part.note("The event loop", "ms", row, "at most", 1e3 * max(late.seconds))
    part.note("The event loop", "ms", row, BESIDES, 1e3 * max(late.besides))
    if late.collections:
        part.remarks.append(
            f"{late.collections} of the waits were full collections of Python's garbage collector."
        )
    part.note("The event loop", "ms", "CPU of the longest callback", "at most", 1e3 * busy.longest)
    part.at_most("the longest callback", 1e3 * busy.longest, 50, "ms")
