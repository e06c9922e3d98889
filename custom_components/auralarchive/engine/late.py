"""Torrents that arrive after their add has given up waiting."""

from collections.abc import Callable
from dataclasses import dataclass, replace
import time

from .mirror import Mirror, Torrent
from .qbittorrent import AddOptions, QbittorrentClient
from .settle import settle
from .verification import Expected, Verifier

# A link may be tried for half a minute and wait behind others; after an hour it will not come.
_WATCHED_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _LateAdd:
    expected: Expected
    options: AddOptions
    until: float


class LateArrivals:
    """Keeps watch for the torrents of adds that ended as "not seen"."""

    def __init__(
        self,
        client: QbittorrentClient,
        verifier: Verifier,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with nothing to wait for."""
        self._client = client
        self._verifier = verifier
        self._clock = clock
        self._adds: list[_LateAdd] = []
        self._leftover_tags: list[str] = []

    def expect(self, expected: Expected, options: AddOptions) -> None:
        """Watch for a torrent from now on."""
        until = self._clock() + _WATCHED_SECONDS
        self._adds.append(_LateAdd(expected=expected, options=options, until=until))

    def clean_up_later(self, tag: str) -> None:
        """Delete a one-off tag at the next opportunity."""
        self._leftover_tags.append(tag)

    async def settle(self, mirror: Mirror) -> list[Torrent]:
        """Return the torrents that have arrived since the last look, category and tags repaired."""
        arrived = []
        for add in self._adds.copy():
            found = _find(mirror, add.expected)
            if found is None and self._clock() < add.until:
                continue
            if found is not None:
                torrent, _ = await settle(
                    self._client, self._verifier, found, add.options, was_there=False
                )
                arrived.append(replace(torrent, tags=torrent.tags - {add.expected.tag}))
            # Only now: what could not be repaired comes up again with the next look.
            self._adds.remove(add)
            if add.expected.tag:
                self.clean_up_later(add.expected.tag)
        if tags := self._leftover_tags.copy():
            await self._client.delete_tags(tags)
            # More may have come meanwhile.
            self._leftover_tags = self._leftover_tags[len(tags) :]
        return arrived


def _find(mirror: Mirror, expected: Expected) -> Torrent | None:
    if expected.infohashes:
        return mirror.find(expected.infohashes.ids)
    return next((found for found in mirror.torrents.values() if expected.tag in found.tags), None)
