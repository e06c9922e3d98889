"""What becomes of the torrents of a category: each turn that one takes is told once.

What has been told is kept (`saved`) and taken up again (`restore`), so that a turn taken while
nobody looked is told at the next look, and none is told twice.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import takewhile
from operator import attrgetter
from typing import Any, Self

from .mirror import Changes, Mirror, Torrent, TorrentState, is_within

# How many torrents are looked at before others have their turn: a few milliseconds' worth.
_AT_A_STRETCH = 500
# The server counts whole seconds, and its clock may be behind.
_SKEW = 10.0
# The torrent would go on if there were somebody to go on with.
_TRYING = frozenset(
    {TorrentState.DOWNLOADING, TorrentState.FETCHING_METADATA, TorrentState.STALLED}
)
_UNFINISHED = _TRYING | {TorrentState.QUEUED, TorrentState.STOPPED}


class Turn(StrEnum):
    """What can become of a download."""

    ADDED = "added"
    COMPLETED = "completed"
    STALLED = "stalled"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """A turn that a download has taken; `size` in bytes. Of an add that failed, less is known.

    Why it failed is told by `cause`, the torrent's state (`error` or `missing_files`), or by
    `reason`, a sentence.
    """

    turn: Turn
    name: str
    infohash: str | None
    category: str
    size: int | None
    save_path: str
    cause: TorrentState | None = None
    reason: str | None = None


@dataclass(slots=True)
class _Known:
    """A torrent as it was last seen, and what has been told of it."""

    name: str
    infohash: str
    category: str
    size: int
    save_path: str
    added_on: int | None
    downloaded: int
    has_metadata: bool
    is_complete: bool
    trouble: Turn | None = None

    @classmethod
    def of(cls, torrent: Torrent) -> Self:
        """Note a torrent of which nothing has been told."""
        return cls(
            name=torrent.name,
            infohash=torrent.infohash_v1 or torrent.infohash_v2 or torrent.infohash,
            category=torrent.category,
            size=torrent.size,
            save_path=torrent.save_path,
            added_on=torrent.added_on,
            downloaded=torrent.downloaded,
            has_metadata=torrent.state is not TorrentState.FETCHING_METADATA,
            is_complete=torrent.is_complete,
        )

    def note(self, torrent: Torrent) -> None:
        """Keep what tells of it, for the day when it is gone."""
        self.name = torrent.name
        self.infohash = torrent.infohash_v1 or torrent.infohash_v2 or torrent.infohash
        self.category = torrent.category
        self.size = torrent.size
        self.save_path = torrent.save_path

    def is_another(self, torrent: Torrent) -> bool:
        """Tell whether a torrent has been removed and added again meanwhile."""
        return None not in (self.added_on, torrent.added_on) and self.added_on != torrent.added_on

    def has_gone_on(self, torrent: Torrent) -> bool:
        """Tell whether it has got on since the last time that it was asked, and note how far."""
        has_metadata = torrent.state is not TorrentState.FETCHING_METADATA
        before = (self.downloaded, self.has_metadata)
        self.downloaded, self.has_metadata = torrent.downloaded, has_metadata
        return before != (torrent.downloaded, has_metadata)

    def took(self, turn: Turn, cause: TorrentState | None = None) -> Transition:
        """Return a turn of it."""
        return Transition(
            turn=turn,
            name=self.name,
            infohash=self.infohash,
            category=self.category,
            size=self.size,
            save_path=self.save_path,
            cause=cause,
        )


# What is kept of each, in the order in which it is taken up again.
_fields_of = attrgetter(*(one.name for one in fields(_Known)))


class Transitions:
    """Follows the torrents of a category with its sub-categories.

    A look costs as much as has changed since the last one, however many torrents there are.
    `is_saved` tells whether `saved` would return what it returned before.
    """

    def __init__(self, server: str, category: str, *, stalled_after: float) -> None:
        """Begin with nothing known; `server` is its address, `stalled_after` is in seconds."""
        self._server = server
        self._category = category
        self._stalled_after = stalled_after
        self._known: dict[str, _Known] = {}
        # Time for which somebody has been looking, in seconds.
        self._clock = 0.0
        # Since when on that clock each torrent has been trying in vain, the longest first.
        self._trying: dict[str, float] = {}
        # Complete ones that did not look so when last seen: a restart of the server does that.
        self._doubtful: set[str] = set()
        # What has not been looked at, or not been handed on, because a look was called off.
        self._new: set[str] = set()
        self._completed: set[str] = set()
        self._changed: set[str] = set()
        self._gone: set[str] = set()
        self._turns: list[Transition] = []
        self._is_first = True
        # When the history was kept, in seconds since 1970. Without one, what is there now was there
        # before.
        self._since = 0.0
        self._now = 0.0
        self._has_history = False
        self._has_moved = False
        self.is_saved = False

    @property
    def is_settled(self) -> bool:
        """Tell whether no look was called off before it came to its end."""
        return not (self._changed or self._gone or self._turns)

    async def follow(
        self, mirror: Mirror, changes: Changes, *, seconds: float, now: float
    ) -> list[Transition]:
        """Return the turns that the torrents have taken.

        `changes` are those that the mirror has just taken over, `seconds` the time since the last
        look, 0 if the server was away meanwhile, `now` in seconds since 1970. A look that is called
        off is gone on with by the next one.
        """
        self._clock += seconds
        self._now = now
        self._new |= changes.added
        self._completed |= changes.completed
        self._changed |= changes.added | changes.updated | self._doubtful
        self._gone |= changes.removed
        if self._has_moved and 2 * len(self._known.keys() & mirror.torrents) < len(self._known):
            # That is another server, of which nothing is known.
            self._known.clear()
            self._trying.clear()
            self._has_history = False
        self._has_moved = False
        if self._is_first:
            self._gone |= self._known.keys() - mirror.torrents.keys()
        async for infohash in _in_turns(self._changed):
            if torrent := mirror.torrents.get(infohash):
                self._turns += self._look(torrent, mirror)
        async for infohash in _in_turns(self._gone):
            if infohash not in mirror.torrents and (known := self._forget(infohash)):
                self._turns.append(known.took(Turn.REMOVED))
        async for infohash in _in_turns(self._waiting_too_long()):
            self._turns += self._stalled(infohash, mirror)
        self._new.clear()
        self._completed.clear()
        self._is_first = False
        turns, self._turns = self._turns, []
        self.is_saved &= not turns
        return turns

    def _look(self, torrent: Torrent, mirror: Mirror) -> list[Transition]:
        """Return the turns of a torrent that is new or has changed."""
        infohash = torrent.infohash
        if not is_within(torrent.category, self._category):
            # Somebody else's from now on.
            self._forget(infohash)
            return []
        is_new = infohash in self._new
        known = self._known.get(infohash) or (self._take_over(torrent, mirror) if is_new else None)
        before = _fields_of(known) if known else None
        turns: list[Transition] = []
        if known is not None and known.is_another(torrent):
            turns.append(known.took(Turn.REMOVED))
            self._forget(infohash)
            self._new.add(infohash)
            known = None
        if known is None:
            known = self._known[infohash] = _Known.of(torrent)
            turns += self._first_turns(torrent, known)
        else:
            known.note(torrent)
            turns += self._next_turns(torrent, known)
        self._watch(torrent, known)
        self.is_saved &= _fields_of(known) == before
        return turns

    def _first_turns(self, torrent: Torrent, known: _Known) -> list[Transition]:
        """Return the turns of a torrent that was not known."""
        if torrent.has_problem:
            known.trouble = Turn.FAILED
        if self._is_first and not self._has_history:
            return []
        turns = [known.took(Turn.ADDED)]
        if known.is_complete and self._has_just_completed(torrent):
            turns.append(known.took(Turn.COMPLETED))
        if torrent.has_problem:
            turns.append(known.took(Turn.FAILED, torrent.state))
        return turns

    def _has_just_completed(self, torrent: Torrent) -> bool:
        """Tell whether a torrent that is complete when it is first seen has become so just now.

        It may have been so quick. But one that was in another category has been complete for long,
        unless it was seen to be unfinished there, or nobody looked when it came and was completed.
        """
        if not self._is_first:
            return torrent.infohash in self._new | self._completed
        return self._since - _SKEW < max(torrent.added_on or 0, torrent.completed_on or 0)

    def _next_turns(self, torrent: Torrent, known: _Known) -> list[Transition]:
        """Return the turns of a torrent since it was last seen.

        What is being checked or moved takes none: it may go either way.
        """
        infohash = torrent.infohash
        if torrent.is_complete:
            was_complete, known.is_complete, known.trouble = known.is_complete, True, None
            self._doubtful.discard(infohash)
            return [] if was_complete else [known.took(Turn.COMPLETED)]
        if torrent.has_problem:
            was_told, known.trouble = known.trouble is Turn.FAILED, Turn.FAILED
            return [] if was_told else [known.took(Turn.FAILED, torrent.state)]
        if torrent.state in _UNFINISHED:
            if known.trouble is Turn.FAILED or torrent.state is TorrentState.STOPPED:
                known.trouble = None
            # Believed when it is seen twice.
            if known.is_complete and infohash not in self._doubtful:
                self._doubtful.add(infohash)
            else:
                self._doubtful.discard(infohash)
                known.is_complete = False
        return []

    def _watch(self, torrent: Torrent, known: _Known) -> None:
        """Watch whether a torrent gets on, as long as it tries to."""
        infohash = torrent.infohash
        if torrent.state in (TorrentState.CHECKING, TorrentState.MOVING, TorrentState.UNKNOWN):
            return
        has_gone_on = known.has_gone_on(torrent)
        if torrent.state not in _TRYING or known.is_complete:
            self._trying.pop(infohash, None)
            return
        if has_gone_on and known.trouble is Turn.STALLED:
            known.trouble = None
        if known.trouble is None and (has_gone_on or infohash not in self._trying):
            # To the end: what has just got on has waited least.
            self._trying.pop(infohash, None)
            self._trying[infohash] = self._clock

    def _waiting_too_long(self) -> set[str]:
        """Return the torrents that have waited for longer than they may."""
        until = self._clock - self._stalled_after
        waiting = takewhile(lambda item: item[1] <= until, self._trying.items())
        return {infohash for infohash, _ in waiting}

    def _stalled(self, infohash: str, mirror: Mirror) -> list[Transition]:
        """Return the turn of a torrent that has waited for too long, if it has been trying."""
        torrent, known = mirror.torrents.get(infohash), self._known.get(infohash)
        self._trying.pop(infohash, None)
        if known is None:
            return []
        if torrent is None or torrent.state not in _TRYING:
            # It is being checked or moved, and begins anew after that.
            self._trying[infohash] = self._clock
            return []
        known.trouble = Turn.STALLED
        return [known.took(Turn.STALLED)]

    def _take_over(self, torrent: Torrent, mirror: Mirror) -> _Known | None:
        """Return what is known of a torrent under an id that it had before.

        That of a hybrid changes when a magnet that names only one of its hashes finds metadata.
        """
        for before in torrent.ids:
            if before not in mirror.torrents and (known := self._forget(before)):
                self._known[torrent.infohash] = known
                return known
        return None

    def _forget(self, infohash: str) -> _Known | None:
        self._trying.pop(infohash, None)
        self._doubtful.discard(infohash)
        self.is_saved &= infohash not in self._known
        return self._known.pop(infohash, None)

    def _waited(self, infohash: str) -> int | None:
        """Return for how many seconds a torrent has been trying in vain, None if it is not."""
        since = self._trying.get(infohash)
        return None if since is None else round(self._clock - since)

    def saved(self) -> dict[str, Any]:
        """Return what is known, as plain JSON."""
        self.is_saved = True
        return {
            "at": self._now,
            "server": self._server,
            "category": self._category,
            "torrents": {
                infohash: [*_fields_of(known), self._waited(infohash)]
                for infohash, known in self._known.items()
            },
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on with what was known, before the first look; of another category that is nothing."""
        if saved["category"] != self._category:
            return
        self._has_history = self.is_saved = True
        self._since = saved["at"]
        self._has_moved = saved["server"] != self._server
        waits = {}
        for infohash, (*told, trouble, waited) in saved["torrents"].items():
            known = self._known[infohash] = _Known(*told)
            known.trouble = Turn(trouble) if trouble else None
            if waited is not None:
                waits[infohash] = -float(waited)
        self._trying = dict(sorted(waits.items(), key=lambda item: item[1]))


async def _in_turns(infohashes: set[str]) -> AsyncIterator[str]:
    """Take all out of a set, and let others have their turn in between."""
    taken = 0
    while infohashes:
        yield infohashes.pop()
        taken += 1
        if taken % _AT_A_STRETCH == 0:
            await asyncio.sleep(0)
