"""The verdict table: what the action said of an add, against what an observer sees in qBittorrent.

Every cell is one add through the real action. A verdict is right when "added" and
"already_present" are said of torrents that are there, in the right category, and of no others, and
when a failure names its true cause. Anything else is a lie.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
import json
from pathlib import Path
from typing import Any

import qbittorrentapi

from scripts.lab.qbittorrent import QBittorrentServer

ADDED = "added"
ALREADY_PRESENT = "already_present"
SUCCESSES = (ADDED, ALREADY_PRESENT)
# Says neither that it is there nor that it is not.
UNVERIFIED = "unverified"
# The delivery of a cell for which it makes no difference.
ANY = "any"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One add: a row (`group` and `case`), a column (`generation` and `delivery`), what came of it.

    `verdict` is the status that the action returned, or the code of its error; it is empty as long
    as the cell is only announced. `lie` says in words what is wrong with it; it is empty for a
    verdict that is right.
    """

    group: str
    case: str
    generation: str
    delivery: str
    verdict: str = ""
    elapsed_ms: int = 0
    lie: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """What is to be right for one add.

    `ids` are the infohashes (v1, v2 or both, in full) of the torrent that the source leads to,
    empty for a source that leads to none. `verdicts` are the right ones of this cell, mostly one.
    `warning` is a part of what a success has to warn of.
    """

    verdicts: Collection[str]
    ids: Collection[str] = ()
    category: str = "auralarchive"
    warning: str = ""


class TruthObserver:
    """Reads a server's list through `qbittorrent-api`, never through the product's client."""

    def __init__(self, server: QBittorrentServer) -> None:
        """Prepare to log in; the calls run in threads."""
        self._client = qbittorrentapi.Client(
            host=server.url,
            username=server.username,
            password=server.password,
            REQUESTS_ARGS={"timeout": 30},
            # Plain values: many cells look at long lists.
            SIMPLE_RESPONSES=True,
        )
        # Its session is not made for several threads at once.
        self._lock = asyncio.Lock()

    async def torrents(self) -> list[Mapping[str, Any]]:
        """Return the server's list as it is now."""
        async with self._lock:
            return await asyncio.to_thread(lambda: list(self._client.torrents_info()))

    async def find(self, ids: Collection[str]) -> Mapping[str, Any] | None:
        """Return the torrent with one of these infohashes, whichever of its own it is listed by."""
        return among(await self.torrents(), ids) if ids else None


def among(torrents: Iterable[Mapping[str, Any]], ids: Collection[str]) -> Mapping[str, Any] | None:
    """Return the torrent with one of these infohashes from a server's list."""
    wanted = {text.lower() for text in ids}
    return next((torrent for torrent in torrents if _ids(torrent) & wanted), None)


def _ids(torrent: Mapping[str, Any]) -> set[str]:
    listed = {str(torrent.get(name, "")) for name in ("hash", "infohash_v1", "infohash_v2")}
    # A v2 infohash is listed whole or cut to 40 digits.
    return {text for full in listed for text in (full, full[:40]) if text}


def judge(
    verdict: str,
    truth: Truth,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    warnings: Iterable[str] = (),
) -> str:
    """Return what is wrong with a verdict, empty if it is right.

    `before` and `after` are the torrent as the observer saw it before and after the action,
    `warnings` what the action warned of.
    """
    if verdict in SUCCESSES:
        if after is None:
            return f"said {verdict}, but it is not there"
        if after["category"] != truth.category:
            return f"said {verdict}, but it is in the category {after['category']!r}"
        if verdict == ADDED and before is not None:
            return "said added, but it was there before"
        if truth.warning and not any(truth.warning in text for text in warnings):
            return f"said {verdict} without the warning {truth.warning!r}"
    elif before is None and after is not None and verdict != UNVERIFIED:
        return f"said {verdict}, but it is there"
    if verdict not in truth.verdicts:
        return f"said {verdict}, but right is {' or '.join(truth.verdicts)}"
    return ""


class Table:
    """Gathers the cells of a run; with a path, each becomes a line of JSON there."""

    def __init__(self, path: Path | None) -> None:
        """Begin with nothing."""
        self._path = path

    def announce(self, cells: Iterable[Cell]) -> None:
        """Say which cells are to come, in the order of their rows: one that stays out is missed."""
        self._write(cells)

    def record(self, cell: Cell) -> None:
        """Take a cell; processes may write to one file at once."""
        self._write([cell])

    def _write(self, cells: Iterable[Cell]) -> None:
        if self._path is not None:
            with self._path.open("a") as file:
                file.write("".join(json.dumps(asdict(cell)) + "\n" for cell in cells))
