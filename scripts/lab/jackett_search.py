"""How the Jackett stand-in runs searches: members at once, cut, cached, failing."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
import time

from scripts.lab.jackett_model import Indexer, Release
from scripts.lab.jackett_query import Query, for_members, matching


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one indexer made of a query."""

    indexer: Indexer
    releases: tuple[Release, ...] = ()
    failure: str | None = None
    retry_after: int | None = None
    milliseconds: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A release and the indexer that found it."""

    indexer: Indexer
    release: Release


class Searcher:
    """Runs queries against indexers, through a cache that keeps empty lists too."""

    def __init__(
        self, *, meta_timeout: float, cache_seconds: float, clock: Callable[[], float]
    ) -> None:
        """Prepare; the clock only ages the cache."""
        self.meta_timeout = meta_timeout
        self.cache_seconds = cache_seconds
        self._clock = clock
        self._cache: dict[tuple[str, Query], tuple[float, tuple[Release, ...]]] = {}
        self._running: set[asyncio.Task[Outcome]] = set()

    def clear_cache(self) -> None:
        """Forget all results, as a restart does."""
        self._cache.clear()

    async def one(self, indexer: Indexer, query: Query, *, cached: bool = True) -> Outcome:
        """Ask one indexer, without any cut."""
        entry = self._cache.get((indexer.id, query))
        if cached and entry is not None and entry[0] > self._clock():
            return Outcome(indexer=indexer, releases=entry[1])
        started = time.monotonic()
        indexer.searches += 1
        await asyncio.sleep(indexer.delay)
        if indexer.gate is not None:
            await indexer.gate()
        if indexer.failure is not None or indexer.retry_after is not None:
            indexer.status = "failing"
            return Outcome(
                indexer=indexer,
                failure=indexer.failure or "The request rate limit was reached",
                retry_after=indexer.retry_after,
            )
        indexer.status = "healthy"
        releases = tuple(matching(indexer, query))
        self._cache[indexer.id, query] = (self._clock() + self.cache_seconds, releases)
        elapsed = int((time.monotonic() - started) * 1000)
        return Outcome(indexer=indexer, releases=releases, milliseconds=elapsed)

    async def meta(
        self, indexers: Iterable[Indexer], query: Query, *, cached: bool = True
    ) -> list[Hit]:
        """Ask all at once; slow and failed members are silently missing, best gain first."""
        inner = for_members(query)
        if inner is None:
            return []
        tasks = [self._start(indexer, inner, cached=cached) for indexer in indexers]
        # The slow ones go on: a later query finds their results in the cache.
        done = (await asyncio.wait(tasks, timeout=self.meta_timeout))[0] if tasks else set()
        hits = [
            Hit(task.result().indexer, release)
            for task in tasks
            if task in done
            for release in task.result().releases
        ]
        hits.sort(key=lambda hit: -hit.release.gain)
        return hits[: query.limit] if query.limit else hits

    async def every(self, indexers: Iterable[Indexer], query: Query) -> list[Outcome]:
        """Ask all at once and wait for the slowest; failures are told."""
        return list(
            await asyncio.gather(
                *(self._start(indexer, query, cached=True) for indexer in indexers)
            )
        )

    async def stop(self) -> None:
        """Cancel what still runs in the background."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, indexer: Indexer, query: Query, *, cached: bool) -> asyncio.Task[Outcome]:
        task = asyncio.create_task(self.one(indexer, query, cached=cached))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task
