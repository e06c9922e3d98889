"""What Home Assistant says of an integration that uses something it is going to remove."""

from collections.abc import Iterator
from contextlib import contextmanager
import logging
import re
from typing import override

from custom_components.auralarchive.const import DOMAIN

# Its frame helper, its helpers for what is deprecated, and its watch over blocking calls.
_SAID = re.compile(
    r"Detected (that|code that|blocking call)"
    r"|\bdeprecated\b"
    r"|\bDeprecationWarning\b"
    r"|will stop working in Home Assistant"
    r"|will be removed in (HA Core|Home Assistant)"
)
# What it cannot trace back to an integration may still be ours.
_NOBODYS = re.compile(r"Detected code that|The deprecated \w+ \S+ was \w+\.")


def is_about_us(record: str) -> bool:
    """Tell whether a record of the log, with its logger's name, is such a complaint about us."""
    return bool(_NOBODYS.search(record) or (DOMAIN in record and _SAID.search(record)))


class _Watch(logging.Handler):
    def __init__(self, seen: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._seen = seen

    @override
    def emit(self, record: logging.LogRecord) -> None:
        text = f"[{record.name}] {record.getMessage()}"
        if is_about_us(text):
            self._seen.append(text)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect the complaints about us that are logged meanwhile."""
    seen: list[str] = []
    watch = _Watch(seen)
    root = logging.getLogger()
    root.addHandler(watch)
    try:
        yield seen
    finally:
        root.removeHandler(watch)
