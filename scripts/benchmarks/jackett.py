"""A stand-in of Jackett in a process of its own, so that its work is not taken for ours.

python -m scripts.benchmarks.jackett large
python -m scripts.benchmarks.jackett many NUMBER SCALE CUT [hangs]
python -m scripts.benchmarks.jackett linked FIRST NUMBER
"""

import asyncio
from collections.abc import Sequence
import sys

from scripts.benchmarks import feeds
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Indexer

# Searches are repeated: what is measured is not Jackett's cache.
_NO_CACHE = 0.0


def _made(scenario: str, values: Sequence[str]) -> JackettStandIn:
    """Return the stand-in of a scenario."""
    match scenario:
        case "large":
            return JackettStandIn(feeds.large(), cache_seconds=_NO_CACHE)
        case "many":
            count, scale, cut, *rest = values
            indexers = feeds.many(int(count), float(scale), hangs="hangs" in rest)
            return JackettStandIn(indexers, cache_seconds=_NO_CACHE, meta_timeout=float(cut))
        case _:
            first, number = map(int, values)
            indexer = Indexer(id="lab", releases=feeds.linked(first, number))
            return JackettStandIn([indexer])


async def _serve(scenario: str, values: Sequence[str]) -> None:
    async with _made(scenario, values) as stand_in:
        print(stand_in.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2:]))
