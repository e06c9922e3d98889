"""Start: what the integration adds to that of Home Assistant."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from scripts.benchmarks.apart import Apart
from scripts.benchmarks.figures import Part
from scripts.benchmarks.home import OWN, ours, own
from scripts.benchmarks.measure import spread
from scripts.benchmarks.server import Crowd, running
from scripts.lab.qbittorrent import QBittorrentServer

_ROUNDS = {10: 4, 1000: 2, 10_000: 2}
_SHORT = {10: 1}
OURS, OTHER = "ours", "Home Assistant's own"


async def measure(folder: Path, *, short: bool) -> Part:
    """Measure starts."""
    part = Part("start", "Start")
    sizes = _SHORT if short else _ROUNDS
    with running("5.3", folder / "server") as server:
        crowd = Crowd(server)
        for size, rounds in sizes.items():
            crowd.grow(size)
            started: dict[str, list[Mapping[str, Any]]] = {OURS: [], OTHER: []}
            for number in range(rounds):
                for name, taken in started.items():
                    place = folder / f"{size}-{number}-{name == OURS}"
                    taken.append(_start(server, place, name, "measure"))
            _note(part, started, size)
        again = None if short else _start_twice(server, folder / "twice")
    blocked = again["blocked"] if again else ()
    part.at_most(
        "calls that block the event loop during a start", len(blocked) if again else None, 0
    )
    part.at_most(
        "files of ours written by a start where nothing has changed",
        again["written"] if again else None,
        0,
    )
    part.remarks += [
        (
            "Each start is a fresh interpreter that has Home Assistant and the kinds of entities "
            "imported and set up, to which the integration is added: its import, and the set-up of "
            "an entry with its first poll. Alternating with Home Assistant's own integration of "
            "qBittorrent, which imports its client library."
        ),
        *(f"Blocked the event loop: {line}" for line in blocked),
    ]
    return part


def _start_twice(server: QBittorrentServer, place: Path) -> Mapping[str, Any]:
    """Return what was seen of a start after which nothing was left to be noted."""
    first = _start(server, place, OURS, "watch")
    if not first["written"]:
        raise ValueError("the first start has written nothing: the watch is blind")
    return _start(server, place, OURS, "watch")


def _start(server: QBittorrentServer, place: Path, name: str, mode: str) -> Mapping[str, Any]:
    """Start once, and return what was measured."""
    entry = ours(server) if name == OURS else own(server)
    task = {
        "folder": str(place),
        "mode": mode,
        "domain": entry.domain,
        "package": f"homeassistant.components.{OWN}"
        if name == OTHER
        else f"custom_components.{entry.domain}",
        "data": dict(entry.data),
        "options": dict(entry.options),
    }
    with Apart("one_start") as process:
        process.say(json.dumps(task))
        found: dict[str, Any] = json.loads(process.hear())
    return found


def _note(part: Part, started: Mapping[str, list[Mapping[str, Any]]], size: int) -> None:
    row = f"{size} torrents"
    for name, taken in started.items():
        total = [one["import"] + one["setup"] for one in taken]
        for table, values in (
            ("CPU of the import", [one["import"] for one in taken]),
            ("CPU of the set-up", [one["setup"] for one in taken]),
            ("CPU of a start", total),
            ("Time of a start", [one["wall"] for one in taken]),
        ):
            part.note(table, "ms", row, name, [1e3 * one for one in values], x=size)
        memory = [one["memory"] / 1e6 for one in taken]
        part.note("Memory after a start", "MB", row, name, memory, x=size)
        if name == OURS and size == min(_ROUNDS):
            part.at_most("CPU that a start costs", 1e3 * spread(total).median, 150, "ms")
