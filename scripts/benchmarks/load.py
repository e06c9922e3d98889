"""Load: hundreds of searches and adds within a minute, with thousands of torrents present."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Plan:
    """How many torrents are there, and how often both actions are called in how many seconds."""

    torrents: int
    number: int
    seconds: float


_PLANS = (_Plan(100, 33, 10.0), _Plan(1000, 33, 10.0), _Plan(10_000, 200, 60.0))

type Deed = Callable[[int], Awaitable[bool]]


async def measure(folder: Path, *, short: bool) -> Part:
    """Measure load."""
    part = Part("load", "Load")
    plans = (_Plan(200, 10, 3.0),) if short else _PLANS
    with (
        running("5.3", folder / "server") as server,
        jackett("many", str(_INDEXERS), str(_SCALE), "40") as url,
    ):
        crowd = Crowd(server)
        first = _FIRST
        for plan in plans:
            crowd.grow(plan.torrents)
            async with home(folder / f"home-{plan.torrents}") as hass:
                # It polls every ten seconds, as it does in real life.
                await load(hass, ours(server, url, polls_itself=True))
                await _measure(part, hass, server, plan, first)
            first += plan.number
    last = plans[-1]
    part.remarks.append(
        f"{last.number} searches of {_INDEXERS} indexers, of which one fails, and {last.number} "
        f"adds of magnets in {last.seconds:g} s, evenly, while {last.torrents} torrents are there "
        "and polls go on; with fewer torrents as many a second, for a shorter time. True is a "
        "search whose every indexer is named with its outcome, and an add that a session of its "
        "own finds in the end."
    )
    return part


async def _measure(
    part: Part, hass: HomeAssistant, server: QBittorrentServer, plan: _Plan, first: int
) -> None:
    """Call both actions so many times each, one of each with every tick."""
    number, every = plan.number, plan.seconds / plan.number
    loop = hass.loop
    outcomes = {f"indexer-{one}": "ok" for one in range(_INDEXERS)} | {"indexer-1": "failed"}

    async def search(_: int) -> bool:
        answer = await act(hass, "search", query=WORD)
        return {one["id"]: one["status"] for one in answer["indexers"]} == outcomes

    async def add(one: int) -> bool:
        answer = await act(hass, "add_torrent", link=magnet(first + one))
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
    arrived = sum(infohash(first + one) in listed for one in range(number))
    row, x = f"{plan.torrents} torrents", plan.torrents
    for name, taken in done.items():
        seconds = [1e3 * took for _, took in taken]
        table = f"Time of {name}"
        part.note(table, "ms", row, "median", seconds, x=x)
        part.note(table, "ms", row, "99 %", percentile(seconds, 0.99), x=x)
        true = sum(is_true for is_true, _ in taken)
        if name == "adds":
            true = min(true, arrived)
        part.at_least(f"{row}: {name} answered truly", true, number)
    for column, late_by in (
        ("a timer is late by (median)", percentile(late.seconds, 0.5)),
        ("99 %", percentile(late.seconds, 0.99)),
        ("at most", max(late.seconds)),
        (BESIDES, max(late.besides)),
        ("CPU of the longest callback", busy.longest),
    ):
        part.note("The event loop", "ms", row, column, 1e3 * late_by, x=x)
    part.at_most(f"{row}: the longest callback", 1e3 * busy.longest, 50, "ms")
    if late.collections:
        part.remarks.append(
            f"With {row}, {late.collections} of the waits were full collections of Python's "
            "garbage collector."
        )
