"""An add: from the action's call to its verdict, against the first moment others can see it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
import time
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from scripts.benchmarks import feeds
from scripts.benchmarks.apart import Observer, jackett
from scripts.benchmarks.figures import TIMES, Part
from scripts.benchmarks.home import NO_JACKETT, act, home, load, ours
from scripts.benchmarks.magnets import infohash, magnet
from scripts.benchmarks.measure import ratios, spread
from scripts.benchmarks.server import Crowd, running
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import MadeTorrent

_GENERATIONS = ("4.5", "5.1", "5.3")
_ADDS = 15
_REFUSALS = 5
# 4.5 takes seconds for a poll of so many, which adds are not to wait for.
_CROWDS: Mapping[str, Sequence[int]] = {"5.3": (100, 1000, 10_000), "4.5": (10_000,)}
_SHORT_CROWDS: Mapping[str, Sequence[int]] = {"5.3": (50,)}
# Where the magnets of adds begin, beyond those of any crowd.
_FIRST = 1_000_000

# Returns the fields of the action.
type Prepare = Callable[[HomeAssistant, MadeTorrent], Awaitable[Mapping[str, str]]]


@dataclass(slots=True)
class _Times:
    """Seconds since the call: when it was answered, and when others could see the torrent."""

    answered: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)

    def behind(self) -> list[float]:
        """Return by how much the answers came later than others could see it."""
        return [a - b for a, b in zip(self.answered, self.seen, strict=True)]


async def measure(folder: Path, *, short: bool) -> Part:
    """Measure adds."""
    part = Part("add", "An add")
    adds = 2 if short else _ADDS
    for generation in ("5.3",) if short else _GENERATIONS:
        with running(generation, folder / generation) as server:
            await _measure(part, folder / f"home-{generation}", server, adds)
            if generation.startswith("5."):
                await _refuse(part, folder / f"refused-{generation}", server, adds)
    for generation, sizes in (_SHORT_CROWDS if short else _CROWDS).items():
        with running(generation, folder / f"crowd-{generation}") as server:
            crowd = Crowd(server)
            for size in sizes:
                crowd.grow(size)
                place = folder / f"home-{generation}-{size}"
                await _among_many(part, place, server, size, adds)
    part.remarks += [
        (
            "An observer in a process of its own asks the server every 2 ms whether it lists the "
            "torrent. The answer of an add holds what was verified, so it takes at least one more "
            "look than that."
        ),
        "4.5 does not say that a link was refused; see how links are verified.",
    ]
    return part


async def _measure(part: Part, folder: Path, server: QBittorrentServer, adds: int) -> None:
    """Measure adds of every kind on one server."""
    numbers = count()
    times = {name: _Times() for name in _KINDS}
    again: list[float] = []
    with jackett("linked", "0", str(len(_KINDS) * adds)) as url, Observer(server) as observer:
        async with home(folder) as hass:
            await load(hass, ours(server, url))
            for _ in range(adds):
                for name, prepare in _KINDS.items():
                    made = feeds.torrent(next(numbers))
                    fields = await prepare(hass, made)
                    await _add(hass, times[name], observer, made.infohash, fields)
                    began = time.monotonic()
                    answer = await act(hass, "add_torrent", **fields)
                    again.append(time.monotonic() - began)
                    _expect(answer, "already_present")
    for name, taken in times.items():
        _note(part, taken, f"{server.generation}, {name}")
    duplicate = part.note("A duplicate", "ms", server.generation, "answered after", _ms(again))
    part.at_most(
        f"{server.generation}: a duplicate is answered without waiting", duplicate.median, 50, "ms"
    )


async def _by_magnet(_hass: HomeAssistant, made: MadeTorrent) -> Mapping[str, str]:
    return {"link": made.magnet()}


async def _by_file(hass: HomeAssistant, made: MadeTorrent) -> Mapping[str, str]:
    path = Path(hass.config.path(f"{made.infohash}.torrent"))
    await hass.async_add_executor_job(path.write_bytes, made.data)
    return {"torrent_file": str(path)}


async def _by_link(hass: HomeAssistant, made: MadeTorrent) -> Mapping[str, str]:
    title = made.name.removesuffix(".m4b")
    found = await act(hass, "search", query=title)
    (result,) = [one for one in found["results"] if one["title"] == title]
    return {"result_id": result["result_id"], "delivery": "link"}


_KINDS: Mapping[str, Prepare] = {"magnet": _by_magnet, "file": _by_file, "link": _by_link}


async def _add(
    hass: HomeAssistant,
    times: _Times,
    observer: Observer,
    wanted: str,
    fields: Mapping[str, str],
) -> None:
    """Add something that is not there, while the observer looks for it."""
    observer.watch_for(wanted)
    began = time.monotonic()
    answer = await act(hass, "add_torrent", **fields)
    times.answered.append(time.monotonic() - began)
    times.seen.append(observer.seen() - began)
    _expect(answer, "added")


def _expect(answer: Mapping[str, Any], status: str) -> None:
    if answer["status"] != status:
        raise ValueError(f"not {status}: {answer}")


def _note(part: Part, times: _Times, row: str, *, x: float | None = None) -> None:
    part.note("Time of an add", "ms", row, "answered after", _ms(times.answered), x=x)
    part.note("Time of an add", "ms", row, "others see it after", _ms(times.seen), x=x)
    behind = times.behind()
    part.note("Time of an add", "ms", row, "answered later by", _ms(behind))
    part.note("Time of an add", "ms", row, "at most", 1e3 * max(behind))
    share = spread(ratios(times.answered, times.seen)).median
    part.at_most(f"{row}: time until others see it", share, 1.25, TIMES)
    part.at_most(f"{row}: never later than that by", 1e3 * max(behind), 100, "ms")


async def _refuse(part: Part, folder: Path, server: QBittorrentServer, adds: int) -> None:
    """Measure how long after the server's own line a link that it cannot reach is explained."""
    late: list[float] = []
    with jackett("linked", "900", str(adds)) as url, Observer(server) as observer:
        async with home(folder) as hass:
            await load(hass, ours(server, url, jackett_url_for_qbittorrent=NO_JACKETT))
            for number in range(900, 900 + min(adds, _REFUSALS)):
                fields = await _by_link(hass, feeds.torrent(number))
                observer.watch_log_for(NO_JACKETT)
                try:
                    await act(hass, "add_torrent", **fields)
                except HomeAssistantError as err:
                    answered = time.monotonic()
                    if err.translation_key != "link_unreachable":
                        raise
                else:
                    raise ValueError("a link that nobody serves was added")
                late.append(answered - observer.seen())
    explained = part.note(
        "A refused link", "ms", server.generation, "explained after the server's line", _ms(late)
    )
    part.at_most(f"{server.generation}: a refused link is explained", explained.median, 1000, "ms")


async def _among_many(
    part: Part, folder: Path, server: QBittorrentServer, size: int, adds: int
) -> None:
    """Measure adds of magnets to a server that has many torrents."""
    times = _Times()
    with Observer(server) as observer:
        async with home(folder) as hass:
            await load(hass, ours(server))
            for number in range(_FIRST + size, _FIRST + size + adds):
                await _add(hass, times, observer, infohash(number), {"link": magnet(number)})
    row = f"{server.generation}, magnet, among {size} torrents"
    _note(part, times, row, x=size if server.generation == "5.3" else None)


def _ms(seconds: list[float]) -> list[float]:
    return [1e3 * one for one in seconds]
