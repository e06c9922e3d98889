"""The downloads of a category in figures."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
import math
from operator import attrgetter

from .engine.mirror import Changes, Mirror, Torrent, TorrentState

_GOING_ON = frozenset(
    {
        TorrentState.DOWNLOADING,
        TorrentState.FETCHING_METADATA,
        TorrentState.STALLED,
        TorrentState.QUEUED,
    }
)
# These states do not say whether the download was complete before.
_PASSING = frozenset({TorrentState.CHECKING, TorrentState.MOVING})
# How long a magnet may take to learn what it is of, in seconds.
_METADATA_PATIENCE = 300
# Free space changes with every block; steps of 10 MB are what anybody wants to know.
_FREE_SPACE_STEP = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """A torrent and when something happened to it, in seconds since 1970."""

    name: str
    infohash: str
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloads:
    """The sensors' figures; None is "nothing to say", sizes in bytes, times in seconds.

    After `good_until`, seconds since 1970, they would be others even if nothing has changed.
    """

    active: int
    completed: int
    problems: int
    speed: int
    progress: float | None
    remaining: int | None
    free_space: int | None
    categories: tuple[str, ...]
    last_added: Milestone | None
    last_completed: Milestone | None
    good_until: float = field(compare=False)


def summarise(mirror: Mirror, category: str, *, now: float) -> Downloads:
    """Sum up a category with its sub-categories; `now` in seconds since 1970."""
    torrents = mirror.of_category(category)
    unfinished = [torrent for torrent in torrents if torrent.progress < 1]
    active = [torrent for torrent in torrents if _is_active(torrent)]
    size = sum(torrent.size for torrent in unfinished)
    done = sum(torrent.size * torrent.progress for torrent in unfinished)
    impatient_at = [
        torrent.added_on + _METADATA_PATIENCE
        for torrent in torrents
        if torrent.state is TorrentState.FETCHING_METADATA and torrent.added_on is not None
    ]
    return Downloads(
        active=len(active),
        completed=sum(torrent.is_complete for torrent in torrents),
        problems=sum(torrent.has_problem for torrent in torrents)
        + sum(at < now for at in impatient_at),
        speed=sum(torrent.speed for torrent in torrents),
        progress=round(100 * done / size, 1) if size else None,
        remaining=max((torrent.eta for torrent in active if torrent.eta), default=None),
        free_space=_free_space(mirror),
        categories=_categories(mirror),
        last_added=_latest(torrents, attrgetter("added_on")),
        last_completed=_latest(
            [torrent for torrent in torrents if torrent.progress >= 1], attrgetter("completed_on")
        ),
        good_until=min((at for at in impatient_at if at >= now), default=math.inf),
    )


def still_right(downloads: Downloads, mirror: Mirror, changes: Changes) -> Downloads | None:
    """Return the figures after changes that leave the torrents alone; None after others."""
    if changes.added or changes.updated or changes.removed:
        return None
    if changes.other:
        return replace(downloads, free_space=_free_space(mirror), categories=_categories(mirror))
    return downloads


def _free_space(mirror: Mirror) -> int | None:
    space = mirror.free_space
    return None if space is None else space - space % _FREE_SPACE_STEP


def _categories(mirror: Mirror) -> tuple[str, ...]:
    return tuple(sorted(mirror.categories))


def _is_active(torrent: Torrent) -> bool:
    if torrent.state in _PASSING:
        return torrent.progress < 1
    return torrent.state in _GOING_ON


def _latest(
    torrents: Collection[Torrent], moment: Callable[[Torrent], int | None]
) -> Milestone | None:
    """Return the newest; of those in the same second, always the same one."""
    at = max(filter(None, map(moment, torrents)), default=None)
    if at is None:
        return None
    newest = (torrent for torrent in torrents if moment(torrent) == at)
    torrent = max(newest, key=attrgetter("infohash"))
    return Milestone(name=torrent.name, infohash=torrent.infohash, at=at)
