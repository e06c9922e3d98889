"""By how much the event loop is late, by the clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
import gc
import time

_EVERY = 0.001
_OLDEST = 2
BESIDES = "full garbage collections left out, at most"


@dataclass(slots=True)
class Late:
    """By how many seconds a timer is late, every millisecond.

    Other processes and threads make it late, too. `seconds` is all of it; `besides` is what is left
    without the full collections of Python's garbage collector, of which there were `collections`:
    they stop all threads, and when one is due depends on all that the process has ever done.
    """

    seconds: list[float] = field(default_factory=list)
    besides: list[float] = field(default_factory=list)
    collections: int = 0
    _began: float = 0.0
    _collecting: float = 0.0

    def note_collection(self, phase: str, about: dict[str, int]) -> None:
        """Note how long a full collection takes."""
        if about["generation"] < _OLDEST:
            return
        if phase == "start":
            self._began = time.monotonic()
        else:
            self._collecting += time.monotonic() - self._began
            self.collections += 1

    async def look(self) -> None:
        """Look until this is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due, collected = loop.time() + _EVERY, self._collecting
            await asyncio.sleep(_EVERY)
            late = loop.time() - due
            self.seconds.append(late)
            self.besides.append(max(0.0, late - (self._collecting - collected)))


@asynccontextmanager
async def lags(late: Late) -> AsyncIterator[None]:
    """Collect by how much a timer is late."""
    gc.callbacks.append(late.note_collection)
    task = asyncio.create_task(late.look())
    try:
        yield
    finally:
        gc.callbacks.remove(late.note_collection)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
