"""By how much the event loop is late, by the clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_EVERY = 0.001


@asynccontextmanager
async def lags() -> AsyncIterator[list[float]]:
    """Give a list that collects by how many seconds a timer is late, every millisecond.

    Other processes and threads make it late, too.
    """
    late: list[float] = []
    loop = asyncio.get_running_loop()

    async def look() -> None:
        while True:
            due = loop.time() + _EVERY
            await asyncio.sleep(_EVERY)
            late.append(loop.time() - due)

    task = asyncio.create_task(look())
    try:
        yield late
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
