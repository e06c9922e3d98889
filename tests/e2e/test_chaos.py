"""A day of polling through everything that networks, proxies and servers do to it.

Home Assistant's time passes quickly, the rest is real: a qBittorrent server whose torrents somebody
else changes, behind a proxy that fails. What is claimed is compared with what the server tells an
observer. The course of a day follows from its seed: `AURALARCHIVE_CHAOS_SEED` sets another.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
import os
from pathlib import Path
from random import Random

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.auralarchive.const import DOMAIN
from custom_components.auralarchive.engine import session
from scripts.lab.cache import qbittorrent_binary
from scripts.lab.jackett import JackettStandIn
from scripts.lab.loop_probe import LONGEST_CALLBACK, probe
from scripts.lab.qbittorrent import QBittorrentServer

from .chaos import Day
from .chaos_notes import Clock
from .faulty_proxy import FaultyProxy
from .library import Library

SEED = int(os.environ.get("AURALARCHIVE_CHAOS_SEED", "1877"))


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Do without the debug mode that tests of Home Assistant run in: it doubles the time."""


@pytest.fixture
def server(
    socket_enabled: None, generation: str, tmp_path: Path, missing: Callable[[str], None]
) -> Iterator[QBittorrentServer]:
    """Return a server of the test's own: it is restarted and killed."""
    if qbittorrent_binary(generation) is None:
        missing(f"no qBittorrent {generation} here: run scripts/setup")
    with QBittorrentServer(generation, tmp_path) as server:
        yield server


@pytest.fixture
async def day(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    server: QBittorrentServer,
    jackett: JackettStandIn,
    seed: int,
    torrents: int,
    generation: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Day]:
    """Return a day that has just begun, with an entry that reaches its server by the proxy."""
    clock = Clock()
    monkeypatch.setattr(session, "time", clock)
    random = Random(f"{seed} {generation}")
    library = Library(server, random)
    await asyncio.to_thread(library.fill, torrents)
    await asyncio.to_thread(library.settle)
    async with FaultyProxy(server).running() as proxy:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="AuralArchive",
            data={
                "jackett_url": jackett.url,
                "jackett_api_key": jackett.api_key,
                "qbittorrent_url": proxy.url,
                "qbittorrent_username": server.username,
                "qbittorrent_password": server.password,
            },
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        with Day(hass, entry, proxy, library, random, clock) as day:
            await day.begin()
            yield day
            assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [SEED])
@pytest.mark.parametrize(
    ("generation", "torrents", "polls", "quiet"),
    # The oldest takes a tenth of a second for each poll of 300.
    [("5.3", 300, 8640, 160), ("5.1", 300, 400, 8), ("4.5", 30, 400, 8)],
)
async def test_a_day(day: Day, polls: int, quiet: int) -> None:
    """What is claimed is true after every fault, told once, and nobody waits for it."""
    with probe() as busy:
        await day.pass_by(polls, quiet)
    assert day.proxy.hits > 30
    assert day.outages > 5
    assert busy.longest < LONGEST_CALLBACK, busy.culprit
