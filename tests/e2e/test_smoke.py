"""The newest real Home Assistant, as a user runs it: no test harness between us and it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
import re

from aiohttp import ClientSession
import pytest

from scripts.lab import catalogue
from scripts.lab.cache import CACHE, hass_executable
from scripts.lab.hass import CONFIGURATION, HassServer
from scripts.lab.hass_client import HassClient
from scripts.lab.jackett import JackettStandIn
from scripts.lab.qbittorrent import QBittorrentServer
from tests.conftest import until
from tests.deprecations import is_about_us

_LOG_EVERYTHING = """\
logger:
  default: warning
  logs:
    custom_components.auralarchive: debug
"""
_RECORD = re.compile(r"^\S+ \S+ (?=[A-Z]+ \()", re.MULTILINE)
# Home Assistant says this of every custom integration.
_UNTESTED = "We found a custom integration auralarchive which has not been tested"


@pytest.fixture
async def server(
    socket_enabled: None, tmp_path: Path, missing: Callable[[str], None]
) -> AsyncIterator[HassServer]:
    """Return a Home Assistant that has been started in an empty folder."""
    if hass_executable() is None:
        missing("no Home Assistant to run here: run scripts/setup")
    async with HassServer(
        tmp_path / "home-assistant",
        configuration=CONFIGURATION + _LOG_EVERYTHING,
        python_warnings="default",
    ) as started:
        yield started


async def test_a_real_home_assistant(
    server: HassServer, jackett: JackettStandIn, qbittorrent: QBittorrentServer
) -> None:
    """Set up over REST, search, add, download, unload and reload, and nothing in the log."""
    jackett.add(*catalogue.indexers(jackett.seed_url))
    jackett.seed.add(catalogue.everything())
    async with ClientSession() as session:
        client = await server.log_in(session)
        entry_id = await _set_up(client, jackett, qbittorrent)

        found = await client.call("auralarchive.search", query="pride and prejudice")
        best = found["results"][0]
        added = await client.call("auralarchive.add_torrent", result_id=best["result_id"])
        assert added["status"] == "added"
        assert added["infohash"] == catalogue.torrent(catalogue.BOOKS[0], "").infohash

        async def progress() -> float:
            listed = await client.call("auralarchive.get_downloads")
            return float(listed["downloads"][0]["progress"])

        await until(progress, (100.0).__eq__)
        assert await _states(client, entry_id) == {
            "completed": "1",
            "active_downloads": "0",
            "jackett_connected": "on",
            "qbittorrent_connected": "on",
        }

        await client.disable_entry(entry_id, disabled=True)
        assert (await client.entry(entry_id))["state"] == "not_loaded"
        await client.disable_entry(entry_id, disabled=False)
        await client.reload_entry(entry_id)
        assert (await client.entry(entry_id))["state"] == "loaded"
        assert (await _states(client, entry_id))["completed"] == "1"
        assert await client.issues("auralarchive") == []

    await server.stop()
    log = server.log()
    assert "DEBUG (MainThread) [custom_components.auralarchive]" in log
    assert _complaints(log) == []
    assert jackett.api_key not in log
    assert qbittorrent.password not in log


async def _set_up(
    client: HassClient, jackett: JackettStandIn, qbittorrent: QBittorrentServer
) -> str:
    """Go through the forms, and return the id of the entry."""
    step = await client.start_flow("auralarchive")
    step = await client.submit(step, jackett_url=jackett.url, jackett_api_key=jackett.api_key)
    step = await client.submit(
        step,
        qbittorrent_url=qbittorrent.url,
        qbittorrent_username=qbittorrent.username,
        qbittorrent_password=qbittorrent.password,
    )
    step = await client.submit(step, **step.suggested, delivery="auto", category="auralarchive")
    assert step.kind == "create_entry", step
    assert step.entry["state"] == "loaded", step
    return str(step.entry["entry_id"])


async def _states(client: HassClient, entry_id: str) -> dict[str, str]:
    """Return the states that matter, by the entities' keys."""
    ids = await client.entity_ids(entry_id)
    states = await client.states()
    keys = ("completed", "active_downloads", "jackett_connected", "qbittorrent_connected")
    return {key: states[ids[key]].state for key in keys}


def _complaints(log: str) -> list[str]:
    """Return the warnings and errors that have to do with us, tracebacks included.

    Python's warnings are among them, and what Home Assistant says of a use that is deprecated.
    """
    # Tracebacks name files of the cache, which is called as we are.
    records = _RECORD.split(log.replace(str(CACHE), ""))
    assert any(_UNTESTED in record for record in records), "this is not the log"
    return [
        record
        for record in records
        if is_about_us(record)
        or (
            "auralarchive" in record
            and not record.startswith(("DEBUG", "INFO"))
            and _UNTESTED not in record
        )
    ]
