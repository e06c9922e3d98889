"""Set up what one of the project's commands needs."""

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
import sys

from . import qbittorrent, venvs
from .layout import CACHE, SetupError, one_at_a_time, say

_ENVIRONMENTS = {
    "demo": ("latest",),
    "test": ("newest", "floor", "latest"),
    "lint": ("newest",),
    "fuzz": ("fuzz",),
    "bench": ("bench",),
    "all": ("newest", "floor", "latest", "fuzz", "bench"),
}
_SERVERS: dict[str, tuple[Callable[[], None], ...]] = {
    "demo": (qbittorrent.provide_for_demo,),
    "test": (qbittorrent.provide_generations,),
    "lint": (),
    "fuzz": (),
    "bench": (qbittorrent.provide_generations,),
    "all": (qbittorrent.provide_generations, qbittorrent.provide_for_demo),
}


def _provide_all(jobs: Sequence[Callable[[], None]]) -> None:
    for job in jobs:
        job()


def main() -> int:
    """Set up and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/setup",
        description="Fetch what the project's commands need into a cache; nothing is installed.",
        epilog=f"The cache is {CACHE}; AURALARCHIVE_CACHE names another.",
    )
    parser.add_argument("--for", dest="purpose", choices=_ENVIRONMENTS, default="all")
    purpose = parser.parse_args().purpose
    environments = [partial(venvs.provide, name) for name in _ENVIRONMENTS[purpose]]
    try:
        with one_at_a_time(), ThreadPoolExecutor(max_workers=2) as pool:
            # Servers and environments come from different places: fetch both at once.
            work = [pool.submit(_provide_all, jobs) for jobs in (environments, _SERVERS[purpose])]
            for done in work:
                done.result()
    except SetupError as err:
        say(f"failed: {err}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
