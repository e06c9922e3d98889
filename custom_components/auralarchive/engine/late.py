"""Torrents that arrive after their add has given up waiting."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
import time

from .errors import InvalidCategoryError, QbittorrentError, RemovedError
from .mirror import Mirror, Torrent
from .qbittorrent import AddOptions, QbittorrentClient
from .settle import settle
from .verification import IS_ONE_OFF, Expected, Verifier

# A link may be tried for half a minute and wait behind others; after an hour it will not come.
_WATCHED_SECONDS = 3600.0

type _Key = str | frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _LateAdd:
    expected: Expected
    options: AddOptions
    until: float


@dataclass(slots=True)
class Watches:
    """What is watched for, and what is left to clean up; keep it to go on with in another life."""

    adds: dict[_Key, _LateAdd] = field(default_factory=dict)
    leftover_tags: set[str] = field(default_factory=set)


class LateArrivals:
    """Keeps watch for the torrents of adds that ended in doubt."""

    def __init__(
        self,
        client: QbittorrentClient,
        verifier: Verifier,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with nothing to wait for; the clock tells seconds."""
        self._client = client
        self._verifier = verifier
        self._clock = clock
        self._watches = Watches()
        self._has_looked = False

    def go_on_with(self, watches: Watches) -> None:
        """Keep these from now on, and note there what comes."""
        self._watches = watches

    @property
    def watched(self) -> int:
        """Return how many torrents are watched for."""
        return len(self._watches.adds)

    def expect(self, expected: Expected, options: AddOptions) -> None:
        """Watch for a torrent from now on; of several adds of the same the last one counts."""
        until = self._clock() + _WATCHED_SECONDS
        add = _LateAdd(expected=expected, options=options, until=until)
        self._watches.adds[_key(expected)] = add

    def tags_of(self, link: str) -> tuple[str, ...]:
        """Return the one-off tags under which a link may still arrive."""
        add = self._watches.adds.get(link)
        return add.expected.tags if add else ()

    def forget(self, torrent: Torrent, link: str | None) -> None:
        """Stop watching for what has been added since, by its link or as the torrent it is."""
        if link is not None:
            self._watches.adds.pop(link, None)
        for key, add in tuple(self._watches.adds.items()):
            if add.expected.infohashes and add.expected.infohashes.ids & torrent.ids:
                del self._watches.adds[key]

    def clean_up_later(self, tags: Iterable[str]) -> None:
        """Delete one-off tags at the next opportunity."""
        self._watches.leftover_tags.update(tags)

    async def settle(self, mirror: Mirror) -> list[Torrent]:
        """Return the torrents that have arrived since the last look, category and tags repaired.

        What cannot be repaired now comes up again with the next look.
        """
        if not self._has_looked:
            self._has_looked = True
            self.clean_up_later(_stale_tags(mirror, time.time()))
        arrived = []
        for key, add in tuple(self._watches.adds.items()):
            found = _find(mirror, add.expected)
            torrent = await self._repair(found, add) if found else None
            if torrent is not None:
                arrived.append(torrent)
            elif self._clock() < add.until:
                continue
            if self._watches.adds.get(key) is add:
                del self._watches.adds[key]
            self.clean_up_later(add.expected.tags)
        if tags := self._watches.leftover_tags.copy():
            try:
                await self._client.delete_tags(sorted(tags))
            except QbittorrentError:
                pass
            else:
                self._watches.leftover_tags -= tags
        return arrived

    async def _repair(self, found: Torrent, add: _LateAdd) -> Torrent | None:
        """Return the torrent as it was asked for, None if that did not work."""
        try:
            torrent, _ = await settle(
                self._client, self._verifier, found, add.options, was_there=False
            )
        except QbittorrentError, InvalidCategoryError, RemovedError:
            return None
        return replace(torrent, tags=torrent.tags - set(add.expected.tags))


def _key(expected: Expected) -> _Key:
    return expected.link or (expected.infohashes.ids if expected.infohashes else frozenset())


def _find(mirror: Mirror, expected: Expected) -> Torrent | None:
    if expected.infohashes:
        return mirror.find(expected.infohashes.ids)
    tags = set(expected.tags)
    return next((found for found in mirror.torrents.values() if tags & found.tags), None)


def _stale_tags(mirror: Mirror, now: float) -> set[str]:
    """Return the one-off tags that adds left behind whose Home Assistant was stopped meanwhile.

    A fresh one may be in use: by another entry, or another Home Assistant.
    """
    return {
        tag
        for torrent in mirror.torrents.values()
        if torrent.added_on is not None and now - torrent.added_on > _WATCHED_SECONDS
        for tag in torrent.tags
        if IS_ONE_OFF.fullmatch(tag)
    }
