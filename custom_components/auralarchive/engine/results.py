"""Releases handed out under opaque ids, so that no link, with its key, has to leave the house."""

from collections import OrderedDict
from collections.abc import Callable
import secrets
import time

from .torznab import Release

KEPT_SECONDS = 3600.0
KEPT_RESULTS = 2000


class ResultStore:
    """The releases of recent searches, the oldest dropped first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the clock by which results grow old, in seconds."""
        self._clock = clock
        self._results: OrderedDict[str, tuple[float, Release]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._results)

    def put(self, release: Release) -> str:
        """Keep a release and return its id."""
        result_id = secrets.token_urlsafe(9)
        self._results[result_id] = (self._clock() + KEPT_SECONDS, release)
        while len(self._results) > KEPT_RESULTS:
            self._results.popitem(last=False)
        return result_id

    def get(self, result_id: str) -> Release | None:
        """Return the release, or None when the id is unknown or too old."""
        expires, release = self._results.get(result_id, (0.0, None))
        if release is None or expires <= self._clock():
            self._results.pop(result_id, None)
            return None
        return release
