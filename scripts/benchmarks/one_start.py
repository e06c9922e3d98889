"""One start in a fresh interpreter; takes a line of JSON and answers one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import importlib
import json
import logging
from pathlib import Path
import sys
import time
from typing import Any
from unittest.mock import patch

from homeassistant import block_async_io
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
import psutil

from scripts.benchmarks.bare_home import bare_home, entry_of

# As a start has these anyway, they are there before anything is measured.
_THERE = ("binary_sensor", "event", "sensor", "switch")
_PLATFORMS = {
    "auralarchive": ("binary_sensor", "config_flow", "event", "sensor"),
    "qbittorrent": ("config_flow", "sensor", "switch"),
}


class _Blocked(logging.Handler):
    """Collects what Home Assistant says of calls that block its event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "blocking call" in message:
            self.lines.append(message.partition("\n")[0][:300])


@contextmanager
def _watched_writes(domain: str) -> Iterator[list[str]]:
    """Collect the files of a domain that are written."""
    written: list[str] = []
    # All writes come by here.
    write: Any = Store._async_handle_write_data  # noqa: SLF001

    async def noted(self: Store[Any], *arguments: object) -> None:
        if self.key.startswith(domain):
            written.append(self.key)
        await write(self, *arguments)

    with patch.object(Store, "_async_handle_write_data", noted):
        yield written


async def _start(task: dict[str, Any]) -> dict[str, Any]:
    """Start, and return what it took."""
    domain, is_measured = task["domain"], task["mode"] == "measure"
    for name in _THERE:
        importlib.import_module(f"homeassistant.components.{name}")
    blocked = _Blocked()
    logging.getLogger().addHandler(blocked)
    memory = psutil.Process().memory_info
    async with bare_home(Path(task["folder"])) as hass:
        for name in _THERE:
            await async_setup_component(hass, name, {})
        await hass.async_block_till_done()
        before, began = memory().rss, time.perf_counter()
        import_seconds = 0.0
        if is_measured:
            cpu = time.process_time()
            for name in ("", *(f".{platform}" for platform in _PLATFORMS[domain])):
                importlib.import_module(f"{task['package']}{name}")
            import_seconds = time.process_time() - cpu
        else:
            block_async_io.enable()
        cpu = time.process_time()
        with _watched_writes(domain) as written:
            entry = entry_of(domain, task["data"], task["options"])
            entry.add_to_hass(hass)
            is_loaded = await hass.config_entries.async_setup(entry.entry_id)
            setup_seconds, wall = time.process_time() - cpu, time.perf_counter() - began
            await hass.async_block_till_done(wait_background_tasks=True)
            kept = memory().rss - before
            await _end(hass, wait=not is_measured)
    if not is_loaded:
        raise RuntimeError(f"{domain} was not loaded: {entry.reason}")
    return {
        "import": import_seconds,
        "setup": setup_seconds,
        "wall": wall,
        "memory": kept,
        "blocked": blocked.lines,
        "written": len(written),
    }


async def _end(hass: HomeAssistant, *, wait: bool) -> None:
    """Stop; before that, give what is written a few seconds later the time for it."""
    if wait:
        await asyncio.sleep(3)
    await hass.async_stop(force=True)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_start(json.loads(sys.stdin.readline())))), flush=True)
