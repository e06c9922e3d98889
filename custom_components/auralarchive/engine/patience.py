"""Looking again and again, often at first."""

from collections.abc import Iterator
import time

# Files and magnets are listed after 2 to 10 ms, links to a local server after 5 to 11 ms.
_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 1.0
_GROWTH = 1.6


def pauses(seconds: float) -> Iterator[float]:
    """Yield growing pauses until the time is up, with one last look at the end."""
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while (remaining := deadline - time.monotonic()) > 0:
        yield min(pause, remaining)
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
    yield 0
