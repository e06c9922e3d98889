"""The machine that was measured on, without its name."""

from importlib.metadata import version
import os
from pathlib import Path
import platform
import re

import psutil

_PACKAGES = ("homeassistant", "aiohttp", "qbittorrent-api", "feedparser", "torznab")


def described() -> dict[str, str]:
    """Return what the figures depend on."""
    memory = psutil.virtual_memory().total / 2**30
    return {
        "Processor": f"{_processor()}, {os.process_cpu_count()} cores",
        "Memory": f"{memory:.0f} GiB",
        "System": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }


def load() -> float:
    """Return how many processes have wanted to run within the last minute."""
    return os.getloadavg()[0]


def _processor() -> str:
    """Return the processor's name where the system tells it."""
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.machine()
