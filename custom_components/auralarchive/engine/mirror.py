"""The torrents of a server, kept up to date by the deltas of `sync/maindata`."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
import sys
from typing import Any, Never

from .errors import QbittorrentFailedError
from .torrent import Infohashes

NOT_EXPECTED = "The answer is not the JSON that was expected"
# What the server sends for "unknown": 100 days in seconds.
_UNKNOWN_ETA = 8_640_000
# The server counts in 64 bits; larger numbers than that can do harm where they are added up.
_LARGEST = 2**63 - 1
# How many records are read at a stretch: a few milliseconds' worth.
_TURN = 200
# How many different sets of tags are kept once each; households have a dozen.
_FEW = 256
_NUMBERS = (int, float)


class TorrentState(StrEnum):
    """What a torrent does, in words that do not change with the server's version."""

    DOWNLOADING = "downloading"
    FETCHING_METADATA = "fetching_metadata"
    STALLED = "stalled"
    QUEUED = "queued"
    CHECKING = "checking"
    STOPPED = "stopped"
    MOVING = "moving"
    SEEDING = "seeding"
    COMPLETED = "completed"
    ERROR = "error"
    MISSING_FILES = "missing_files"
    UNKNOWN = "unknown"


# qBittorrent's own names, 4.1 to 5.3; 5.0 renamed paused to stopped.
_STATES = {
    "error": TorrentState.ERROR,
    "missingFiles": TorrentState.MISSING_FILES,
    "allocating": TorrentState.DOWNLOADING,
    "downloading": TorrentState.DOWNLOADING,
    "forcedDL": TorrentState.DOWNLOADING,
    "metaDL": TorrentState.FETCHING_METADATA,
    "forcedMetaDL": TorrentState.FETCHING_METADATA,
    "stalledDL": TorrentState.STALLED,
    "queuedDL": TorrentState.QUEUED,
    "pausedDL": TorrentState.STOPPED,
    "stoppedDL": TorrentState.STOPPED,
    "checkingDL": TorrentState.CHECKING,
    # Its files are there, but a check may still find them damaged.
    "checkingUP": TorrentState.CHECKING,
    "checkingResumeData": TorrentState.CHECKING,
    "moving": TorrentState.MOVING,
    "uploading": TorrentState.SEEDING,
    "forcedUP": TorrentState.SEEDING,
    "stalledUP": TorrentState.SEEDING,
    "queuedUP": TorrentState.SEEDING,
    "pausedUP": TorrentState.COMPLETED,
    "stoppedUP": TorrentState.COMPLETED,
}
COMPLETE_STATES = frozenset({TorrentState.SEEDING, TorrentState.COMPLETED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Torrent:
    """A torrent as the server lists it.

    Sizes in bytes, speed in bytes per second, `eta` in seconds, times in seconds since 1970; None
    is "not known" or "not yet". `infohash` is the server's own id of it.
    """

    infohash: str
    infohash_v1: str | None
    infohash_v2: str | None
    name: str
    state: TorrentState
    progress: float
    size: int
    downloaded: int
    speed: int
    eta: int | None
    seeders: int
    ratio: float
    category: str
    save_path: str
    tags: frozenset[str]
    added_on: int | None
    completed_on: int | None

    @property
    def ids(self) -> frozenset[str]:
        """Return every id that means this torrent."""
        return Infohashes(
            v1=self.infohash_v1, v2=self.infohash_v2, others=frozenset({self.infohash})
        ).ids

    @property
    def is_complete(self) -> bool:
        """Tell whether the download is done and its files lie where they belong."""
        return self.state in COMPLETE_STATES

    @property
    def has_problem(self) -> bool:
        """Tell whether it will not go on by itself."""
        return self.state in (TorrentState.ERROR, TorrentState.MISSING_FILES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """A category of the server; an empty `save_path` means the default one."""

    name: str
    save_path: str = ""


@dataclass(slots=True)
class Changes:
    """What a delta changed: infohashes by kind, and whether anything else did.

    `completed` are those of `updated` that were unfinished before.
    """

    added: set[str]
    updated: set[str]
    removed: set[str]
    completed: set[str] = field(default_factory=set)
    other: bool = False

    def __bool__(self) -> bool:
        """Tell whether anything changed at all."""
        return bool(self.added or self.updated or self.removed or self.other)


class Mirror:
    """A copy of the server's torrents and categories; `rid` is where the next delta starts."""

    def __init__(self) -> None:
        """Start empty; the first answer has to be a full one."""
        self.rid = 0
        self.torrents: dict[str, Torrent] = {}
        self.categories: dict[str, Category] = {}
        self.free_space: int | None = None

    def apply(self, answer: Mapping[str, Any]) -> Changes:
        """Take over an answer of `sync/maindata`, full or delta.

        Raises `QbittorrentFailedError` for one that is not made as such answers are. Nothing of it
        is taken over then, and the next answer is asked for as a full one.
        """
        self.rid = 0
        records = _records(answer, "torrents")
        read = {infohash: self._read(infohash, records[infohash], answer) for infohash in records}
        return self._take(answer, read)

    async def apply_in_turns(self, answer: Mapping[str, Any]) -> Changes:
        """Do as `apply` does, but let others have their turn while a long list is read.

        Until all is read the mirror stays as it was. Nothing else may be applied meanwhile.
        """
        self.rid = 0
        records = _records(answer, "torrents")
        read: dict[str, Torrent] = {}
        for number, infohash in enumerate(records, 1):
            read[infohash] = self._read(infohash, records[infohash], answer)
            if number % _TURN == 0:
                await asyncio.sleep(0)
        return self._take(answer, read)

    def _take(self, answer: Mapping[str, Any], torrents: Mapping[str, Torrent]) -> Changes:
        """Take over an answer whose torrents have been read."""
        changes = Changes(added=set(), updated=set(), removed=set())
        removed: Iterable[str] = _names(answer, "torrents_removed")
        categories = _records(answer, "categories")
        gone: Iterable[str] = _names(answer, "categories_removed")
        server_state = _part(answer, "server_state", dict)
        if answer.get("full_update"):
            removed = self.torrents.keys() - torrents.keys()
            gone = self.categories.keys() - categories.keys()
        for infohash, torrent in torrents.items():
            known = self.torrents.get(infohash)
            if torrent is not known:
                self.torrents[infohash] = torrent
                (changes.added if known is None else changes.updated).add(infohash)
                if known is not None and torrent.is_complete and not known.is_complete:
                    changes.completed.add(infohash)
        for infohash in removed:
            if self.torrents.pop(infohash, None):
                changes.removed.add(infohash)
        changes.other |= self._take_categories(categories, gone)
        free = server_state.get("free_space_on_disk")
        if isinstance(free, int) and 0 <= free <= _LARGEST and free != self.free_space:
            self.free_space = free
            changes.other = True
        self.rid = _whole(answer.get("rid"))
        return changes

    def _take_categories(
        self, categories: Mapping[str, Mapping[str, Any]], gone: Iterable[str]
    ) -> bool:
        """Take over categories; tell whether anything changed."""
        has_changed = False
        for name, record in categories.items():
            before = self.categories.get(name)
            save_path = before.save_path if before else ""
            if (path := record.get("savePath")) is not None:
                save_path = _text(path)
            self.categories[name] = Category(name=name, save_path=save_path)
            has_changed |= self.categories[name] != before
        for name in gone:
            has_changed |= self.categories.pop(name, None) is not None
        return has_changed

    def find(self, ids: frozenset[str]) -> Torrent | None:
        """Return the torrent that any of the ids means."""
        for infohash in ids:
            if torrent := self.torrents.get(infohash):
                return torrent
        # A hybrid is listed under its v2 id and may be asked for by its v1 one.
        candidates = (found for found in self.torrents.values() if found.infohash_v2)
        return next((found for found in candidates if found.ids & ids), None)

    def of_category(self, category: str) -> list[Torrent]:
        """Return the torrents of a category and its sub-categories."""
        return [found for found in self.torrents.values() if is_within(found.category, category)]

    def _read(self, infohash: str, record: Mapping[str, Any], answer: Mapping[str, Any]) -> Torrent:
        """Return a torrent as an answer has it: the very one that is known if nothing changed."""
        before = self.torrents.get(infohash)
        if before is None or answer.get("full_update"):
            after = read_torrent_record({**record, "hash": infohash})
        else:
            named = {key: read for key, read in _FIELDS.items() if key in record}
            fields = {name: read(record[key]) for key, (name, read) in named.items()}
            after = replace(before, **fields)
        return before if before is not None and before == after else after


def is_within(category: str, parent: str) -> bool:
    """Tell whether a category is the parent or one of its sub-categories."""
    return category == parent or category.startswith(f"{parent}/")


def read_torrent_record(record: Mapping[str, Any]) -> Torrent:
    """Read a record of `torrents/info` or, with its hash added, of `sync/maindata`."""
    fields = {name: read(record.get(key)) for key, (name, read) in _FIELDS.items()}
    return Torrent(infohash=_shared(record.get("hash")), **fields)


def _part[T](answer: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """Return a part of an answer, empty where it is left out; raise for one of another kind."""
    part = answer.get(name) or kind()
    if not isinstance(part, kind):
        _unexpected()
    return part


def _records(answer: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """Return a part that holds records by their names."""
    records: dict[str, Any] = _part(answer, name, dict)
    return {key: _part(records, key, dict) for key in records}


def _names(answer: Mapping[str, Any], part: str) -> list[str]:
    """Return a part that lists names."""
    names: list[Any] = _part(answer, part, list)
    if not all(isinstance(name, str) for name in names):
        _unexpected()
    return names


def _unexpected() -> Never:
    raise QbittorrentFailedError(detail=NOT_EXPECTED)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _shared(value: object) -> str:
    """Read a text that many torrents have alike, or one torrent twice, and keep it once."""
    return sys.intern(_text(value))


def _digits(value: object) -> str | None:
    return _shared(value) or None


def _whole(value: object) -> int:
    # In this order a NaN, which JSON may hold as well as an infinity, becomes 0.
    return int(min(_LARGEST, max(0, value))) if isinstance(value, _NUMBERS) else 0


def _fraction(value: object) -> float:
    return float(min(_LARGEST, max(0, value))) if isinstance(value, _NUMBERS) else 0.0


def _time(value: object) -> int | None:
    """Read a time; -1, 0 and 2^32-1 have all been used for "never"."""
    seconds = _whole(value)
    return seconds if 0 < seconds < 2**32 - 1 else None


def _eta(value: object) -> int | None:
    seconds = _whole(value)
    return seconds if 0 < seconds < _UNKNOWN_ETA else None


def _tags(value: object) -> frozenset[str]:
    return _read_tags(_text(value))


@lru_cache(maxsize=_FEW)
def _read_tags(text: str) -> frozenset[str]:
    """Read the names of tags; a set of its own for each torrent would be a fifth of its memory."""
    return frozenset(tag for part in text.split(",") if (tag := part.strip()))


def _state(value: object) -> TorrentState:
    return _STATES.get(_text(value), TorrentState.UNKNOWN)


_FIELDS: dict[str, tuple[str, Any]] = {
    "infohash_v1": ("infohash_v1", _digits),
    "infohash_v2": ("infohash_v2", _digits),
    "name": ("name", _text),
    "state": ("state", _state),
    "progress": ("progress", _fraction),
    "size": ("size", _whole),
    "completed": ("downloaded", _whole),
    "dlspeed": ("speed", _whole),
    "eta": ("eta", _eta),
    "num_seeds": ("seeders", _whole),
    "ratio": ("ratio", _fraction),
    "category": ("category", _shared),
    "save_path": ("save_path", _shared),
    "tags": ("tags", _tags),
    "added_on": ("added_on", _time),
    "completion_on": ("completed_on", _time),
}
