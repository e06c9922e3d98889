"""A poll: what it costs with few and with many torrents, when little, much or nothing changes."""

from collections.abc import Mapping
from dataclasses import dataclass
import gc
from pathlib import Path
import time
import tracemalloc

from aiohttp import ClientSession
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from scripts.benchmarks.figures import TIMES, Part
from scripts.benchmarks.home import coordinator_of, data_of, home, load, ours, own
from scripts.benchmarks.measure import Candidate, Sample, alternate, ratios, spread
from scripts.benchmarks.progress import tell
from scripts.benchmarks.server import Crowd, Scales, running
from scripts.lab.qbittorrent import QBittorrentServer

_MANY = 10_000
_MB = 1e6
# After a change the server writes, for longer than anybody wants to wait if all have changed.
_CALM_SECONDS = 6.0
FLOOR, OURS, FEW, ALL, OWN = (
    "floor",
    "ours, nothing changed",
    "ours, 1 % changed",
    "ours, all changed",
    "Home Assistant's own",
)
_WRITING = "writing down what was told"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Which sizes a generation is measured with, in how many rounds, and with how many idle polls.

    One idle poll alone is hardly more than the clocks' own grain. Where all torrents change, the
    server writes for seconds, so that is done only once with the largest number.
    """

    generation: str
    rounds: Mapping[int, int]
    idle_polls: int = 20

    @property
    def largest(self) -> int:
        """Return the largest number of torrents."""
        return max(self.rounds)


_PLANS = (
    _Plan(generation="5.3", rounds={100: 5, 1000: 5, _MANY: 3, 50_000: 2}),
    _Plan(generation="5.1", rounds={_MANY: 2}),
    # It puts together everything for each answer, even an empty one: that takes it seconds.
    _Plan(generation="4.5", rounds={_MANY: 2}, idle_polls=1),
)
_SHORT = (_Plan(generation="5.3", rounds={50: 1, 100: 1}),)

type Samples = dict[str, list[Sample]]


async def measure(folder: Path, *, short: bool) -> Part:
    """Measure polls."""
    part = Part("poll", "A poll")
    measured: dict[tuple[str, int], Samples] = {}
    for plan in _SHORT if short else _PLANS:
        with running(plan.generation, folder / plan.generation) as server:
            crowd = Crowd(server)
            for size in plan.rounds:
                tell(f"poll: {plan.generation}, {size} torrents")
                crowd.grow(size)
                async with home(folder / f"home-{plan.generation}-{size}") as hass:
                    measured[plan.generation, size] = await _measure(
                        part, hass, server, crowd, plan
                    )
    _set_targets(part, measured)
    part.remarks += [
        (
            "All torrents are stopped magnets in the category that the integration looks after: "
            "the most that it can have to do. The floor is the same request with the same aiohttp "
            "session, its answer thrown away. Ours is from the "
            "tick of the coordinator to the last state."
        ),
        (
            "1 % or all changed: tags come or go, and the newest torrent changes its category, so "
            "that a state is written and an event told. Seconds later that is written down."
        ),
        (
            "Memory is what Python has allocated and keeps after the set-up of the entry with "
            "its first poll. Of the server's CPU psutil knows steps of 10 ms only."
        ),
    ]
    return part


async def _measure(
    part: Part,
    hass: HomeAssistant,
    server: QBittorrentServer,
    crowd: Crowd,
    plan: _Plan,
) -> Samples:
    """Measure a server with as many torrents as there are."""
    size = crowd.size
    rounds = plan.rounds[size]
    few = max(size // 100, 1)
    once = 1 if size == plan.largest and rounds > 1 else None
    entry, rival = ours(server), own(server)
    await load(hass, entry)
    await load(hass, rival)
    coordinator = data_of(entry).downloads
    floor = Floor(data_of(entry).servers.session, server)
    await floor.log_in()
    writing: list[float] = []

    async def change(number: int) -> None:
        crowd.change(number)
        # Or the server's writing would be taken for a part of the poll.
        crowd.calm_down(_CALM_SECONDS)

    async def write() -> None:
        await hass.async_block_till_done(wait_background_tasks=True)
        began = time.process_time()
        await coordinator.history.write()
        writing.append(time.process_time() - began)

    samples = await alternate(
        {
            FLOOR: Candidate(do=floor.poll, before=floor.poll, times=plan.idle_polls),
            OURS: Candidate(do=coordinator.async_refresh, times=plan.idle_polls),
            OWN: Candidate(
                do=coordinator_of(rival).async_refresh, rounds=once if size > _MANY else None
            ),
            FEW: Candidate(do=coordinator.async_refresh, before=lambda: change(few), after=write),
            ALL: Candidate(
                do=coordinator.async_refresh,
                before=lambda: change(size),
                after=write,
                rounds=once,
            ),
        },
        rounds,
        other_cpu=lambda: crowd.cpu,
        # Thousands of torrents take long, and few have warmed everything up already.
        warm_up=size < _MANY,
    )
    weights = _weigh(Scales(server), crowd, few)
    memory = {OURS: await _memory(hass, entry)}
    # Its full answers of more than that take ten seconds each.
    if size <= _MANY:
        memory[OWN] = await _memory(hass, rival)
    await hass.config_entries.async_unload(rival.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)

    row = f"{server.generation}, {size} torrents"
    x = size if server.generation == "5.3" else None
    for name, taken in samples.items():
        cpu = [1e3 * one.cpu for one in taken]
        part.note("CPU of Home Assistant", "ms", row, name, cpu, x=x)
        part.note("Time", "ms", row, name, [1e3 * one.wall for one in taken], x=x)
        of_server = sum(one.other_cpu for one in taken) / len(taken)
        part.note("CPU of qBittorrent", "ms", row, name, 1e3 * of_server, x=x)
    part.note("CPU of Home Assistant", "ms", row, _WRITING, [1e3 * one for one in writing], x=x)
    for name, weight in weights.items():
        part.note("Answer on the wire", "kB", row, name, weight / 1e3, x=x)
    for name, size_kept in memory.items():
        part.note("Memory that stays", "MB", row, name, size_kept / _MB, x=x)
    return samples


def _weigh(scales: Scales, crowd: Crowd, few: int) -> dict[str, int]:
    """Return the bytes of the answers."""
    full = scales.weigh(full=True)
    empty = scales.weigh()
    crowd.change(few)
    after_few = scales.weigh()
    crowd.change(crowd.size)
    return {FLOOR: empty, OURS: empty, FEW: after_few, ALL: scales.weigh(), OWN: full}


async def _memory(hass: HomeAssistant, entry: MockConfigEntry) -> int:
    """Return the bytes that an entry keeps once it is loaded and has polled."""
    await hass.config_entries.async_unload(entry.entry_id)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await load(hass, entry)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before


class Floor:
    """What no client of aiohttp can be cheaper than: the round trip, with a login of its own."""

    def __init__(self, session: ClientSession, server: QBittorrentServer) -> None:
        """Take the session, which keeps no cookies."""
        self._session = session
        self._server = server
        self._url = URL(f"{server.url}/api/v2/sync/maindata")
        self._headers: dict[str, str] = {}
        self._rid = 0

    async def log_in(self) -> None:
        """Log in, and ask for everything once."""
        url = f"{self._server.url}/api/v2/auth/login"
        form = {"username": self._server.username, "password": self._server.password}
        async with self._session.post(url, data=form) as answer:
            self._headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
        await self.poll()

    async def poll(self) -> None:
        """Ask for what is new; the server counts up by one, as long as all answers arrive."""
        query = {"rid": str(self._rid)}
        async with self._session.get(self._url, params=query, headers=self._headers) as answer:
            await answer.read()
        self._rid += 1


def _set_targets(part: Part, measured: Mapping[tuple[str, int], Samples]) -> None:
    """Compare what was measured with what is to be reached."""
    sizes = sorted(size for generation, size in measured if generation == "5.3")
    many = measured["5.3", _MANY if _MANY in sizes else sizes[-1]]
    few = [sample.cpu for sample in measured["5.3", sizes[0]][OURS]]
    most = [sample.cpu for sample in measured["5.3", sizes[-1]][OURS]]

    def ratio(over: str, under: str) -> float:
        pairs = [sample.cpu for sample in many[over]], [sample.cpu for sample in many[under]]
        return spread(ratios(*pairs)).median

    kept = next(
        figure.value.median
        for figure in part.figures
        if figure.table == "Memory that stays"
        and figure.column == OURS
        and figure.x in {_MANY, sizes[-1]}
    )
    part.at_least(
        "idle, 10 000 torrents: less CPU than the full poll", ratio(OWN, OURS), 200, TIMES
    )
    part.at_most("idle, 10 000 torrents: CPU of the floor", ratio(OURS, FLOOR), 2, TIMES)
    part.at_least("1 % changed: less CPU than the full poll", ratio(OWN, FEW), 20, TIMES)
    part.at_most("memory for 10 000 torrents", kept, 15, "MB")
    part.at_most(
        "idle: CPU with the most torrents, to that with the fewest",
        spread(most).median / spread(few).median,
        1.3,
        TIMES,
    )
