"""The torrents of a server, kept up to date by the deltas of `sync/maindata`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .torrent import Infohashes

# What the server sends for "unknown": 100 days in seconds.
_UNKNOWN_ETA = 8_640_000


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
    """What a delta changed: infohashes by kind, and whether anything else did."""

    added: set[str]
    updated: set[str]
    removed: set[str]
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
        """Take over an answer of `sync/maindata`, full or delta."""
        changes = Changes(added=set(), updated=set(), removed=set())
        records: Mapping[str, Mapping[str, Any]] = answer.get("torrents") or {}
        removed: Iterable[str] = answer.get("torrents_removed") or ()
        categories: Mapping[str, Mapping[str, Any]] = answer.get("categories") or {}
        gone: Iterable[str] = answer.get("categories_removed") or ()
        if answer.get("full_update"):
            removed = self.torrents.keys() - records.keys()
            gone = self.categories.keys() - categories.keys()
        for infohash, record in records.items():
            self._apply_torrent(infohash, record, changes)
        for infohash in removed:
            if self.torrents.pop(infohash, None):
                changes.removed.add(infohash)
        for name, record in categories.items():
            before = self.categories.get(name)
            path = record.get("savePath")
            self.categories[name] = Category(
                name=name,
                save_path=str(path) if path is not None else before.save_path if before else "",
            )
            changes.other |= self.categories[name] != before
        for name in gone:
            changes.other |= self.categories.pop(name, None) is not None
        free = (answer.get("server_state") or {}).get("free_space_on_disk")
        if isinstance(free, int) and free >= 0 and free != self.free_space:
            self.free_space = free
            changes.other = True
        self.rid = int(answer.get("rid") or 0)
        return changes

    def find(self, ids: frozenset[str]) -> Torrent | None:
        """Return the torrent that any of the ids means."""
        for infohash in ids:
            if torrent := self.torrents.get(infohash):
                return torrent
        # A hybrid is listed under its v2 id and may be asked for by its v1 one.
        return next((found for found in self.torrents.values() if found.ids & ids), None)

    def of_category(self, category: str) -> list[Torrent]:
        """Return the torrents of a category and its sub-categories."""
        return [found for found in self.torrents.values() if is_within(found.category, category)]

    def _apply_torrent(self, infohash: str, record: Mapping[str, Any], changes: Changes) -> None:
        before = self.torrents.get(infohash)
        if before is None:
            self.torrents[infohash] = read_torrent_record({"hash": infohash, **record})
            changes.added.add(infohash)
            return
        fields = {name: read(record[key]) for key, (name, read) in _FIELDS.items() if key in record}
        after = replace(before, **fields)
        if after != before:
            self.torrents[infohash] = after
            changes.updated.add(infohash)


def is_within(category: str, parent: str) -> bool:
    """Tell whether a category is the parent or one of its sub-categories."""
    return category == parent or category.startswith(f"{parent}/")


def read_torrent_record(record: Mapping[str, Any]) -> Torrent:
    """Read a record of `torrents/info` or, with its hash added, of `sync/maindata`."""
    fields = {name: read(record.get(key)) for key, (name, read) in _FIELDS.items()}
    return Torrent(infohash=_text(record.get("hash")), **fields)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _digits(value: object) -> str | None:
    return _text(value) or None


def _whole(value: object) -> int:
    return max(int(value), 0) if isinstance(value, int | float) else 0


def _fraction(value: object) -> float:
    return max(float(value), 0.0) if isinstance(value, int | float) else 0.0


def _time(value: object) -> int | None:
    """Read a time; -1, 0 and 2^32-1 have all been used for "never"."""
    seconds = int(value) if isinstance(value, int | float) else 0
    return seconds if 0 < seconds < 2**32 - 1 else None


def _eta(value: object) -> int | None:
    seconds = _whole(value)
    return seconds if 0 < seconds < _UNKNOWN_ETA else None


def _tags(value: object) -> frozenset[str]:
    return frozenset(tag for part in _text(value).split(",") if (tag := part.strip()))


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
    "category": ("category", _text),
    "save_path": ("save_path", _text),
    "tags": ("tags", _tags),
    "added_on": ("added_on", _time),
    "completion_on": ("completed_on", _time),
}
