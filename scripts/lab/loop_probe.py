"""How long the event loop is kept busy by one callback."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import gc
import threading
import time
from typing import Any


@dataclass(slots=True)
class Busy:
    """The longest callback so far, in seconds of the loop thread's own CPU time."""

    longest: float = 0.0
    culprit: str = ""
    callbacks: int = 0
    _collecting: float = 0.0
    _collected: float = 0.0
    _thread: int = field(default_factory=threading.get_ident)

    def note_collection(self, phase: str, _: dict[str, int]) -> None:
        """Leave the garbage collector out: when it runs is up to everything in the process."""
        if threading.get_ident() != self._thread:
            return
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            self._collected += time.thread_time() - self._collecting

    def timed(self, run: Callable[[Any], None]) -> Callable[[Any], None]:
        """Wrap what runs a callback."""

        def run_timed(handle: Any) -> None:
            collected, begun = self._collected, time.thread_time()
            run(handle)
            took = time.thread_time() - begun - (self._collected - collected)
            self.callbacks += 1
            if took > self.longest:
                what = getattr(handle._callback, "__self__", handle)
                self.longest, self.culprit = took, repr(what)

        return run_timed


# Longer than this, and Home Assistant stutters.
LONGEST_CALLBACK = 0.050


@contextmanager
def probe() -> Iterator[Busy]:
    """Measure every callback of the running loop.

    CPU time, not the clock: what other processes and threads do meanwhile does not count.
    """
    busy = Busy()
    handle: Any = asyncio.Handle
    run = handle._run
    handle._run = busy.timed(run)
    gc.callbacks.append(busy.note_collection)
    try:
        yield busy
    finally:
        gc.callbacks.remove(busy.note_collection)
        handle._run = run
