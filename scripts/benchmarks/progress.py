"""Telling what goes on, beside what is printed in the end."""

import sys
import time

_BEGAN = time.monotonic()


def tell(line: str) -> None:
    """Tell something, with the seconds since the beginning."""
    print(f"bench: {time.monotonic() - _BEGAN:3.0f} s: {line}", file=sys.stderr, flush=True)
