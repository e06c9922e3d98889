"""Ten thousand torrents: reading and comparing them may take a while, but nobody waits for it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
import gzip
from http.server import BaseHTTPRequestHandler, HTTPServer
import json
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.auralarchive.const import DOMAIN
from scripts.lab.jackett import JackettStandIn
from scripts.lab.loop_probe import LONGEST_CALLBACK, probe

# Looked up before the test plug-in puts its own in this place.
_REAL_WRITE = getattr(Store, "_async_write_data")  # noqa: B009 - it is private, and here replaced
NUMBER = 10_000
ALL = {"rid": 1, "full_update": True, "categories": {}, "server_state": {}}
RECORD = {
    **dict.fromkeys("amount_left availability completed connections_count dl_limit".split(), 0),
    **dict.fromkeys("dlspeed downloaded downloaded_session num_complete num_incomplete".split(), 0),
    **dict.fromkeys("num_leechs num_seeds popularity priority progress ratio".split(), 0),
    **dict.fromkeys("seeding_time time_active total_wasted up_limit uploaded upspeed".split(), 0),
    **dict.fromkeys("max_ratio max_seeding_time pieces_num seen_complete size".split(), 5000),
    **dict.fromkeys("comment created_by download_path infohash_v2 tracker".split(), ""),
    **dict.fromkeys("auto_tmm f_l_piece_prio force_start has_metadata seq_dl".split(), False),
    "category": "auralarchive",
    "completion_on": -1,
    "content_path": "/downloads/audiobooks/Author/Title/Author - Title (Unabridged).m4b",
    "eta": 8640000,
    "magnet_uri": "magnet:?xt=urn:btih:" + "&tr=udp%3A%2F%2Ftracker.example.org%3A1337" * 10,
    "name": "Author - Title \N{EM DASH} Narrated by Somebody \N{BOOKS} [ENG / M4B]",
    "root_path": "/downloads/audiobooks/Author/Title",
    "save_path": "/downloads/audiobooks",
    "state": "stalledDL",
    "tags": "audiobooks, wanted",
}


def torrents(**fields: object) -> dict[str, Any]:
    """Return all records, alike but for what tells torrents apart."""
    return {
        f"{one:040x}": {**RECORD, "infohash_v1": f"{one:040x}", "added_on": 1_770_000_000 + one}
        | fields
        for one in range(NUMBER)
    }


class Stand(HTTPServer):
    """A qBittorrent that answers what it is told to, in a thread of its own."""

    maindata = b""

    def tell(self, **parts: object) -> None:
        """Answer `sync/maindata` so from now on."""
        text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        self.maindata = gzip.compress(text.encode(), compresslevel=1)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Stand

    def do_GET(self) -> None:
        """Answer everything but the list of torrents with a version."""
        is_list = "sync/maindata" in self.path
        body = self.server.maindata if is_list else b"2.11.4"
        self.send_response(200)
        if is_list:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@contextmanager
def serving() -> Iterator[Stand]:
    """Run the server."""
    with Stand(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Do without the debug mode that tests of Home Assistant run in: it doubles the time."""


@pytest.fixture
def real_storage(hass: HomeAssistant, tmp_path: Path) -> Iterator[None]:
    """Write to disk as Home Assistant does, and not in the loop as its tests do."""
    hass.config.config_dir = str(tmp_path)
    with patch.object(Store, "_async_write_data", _REAL_WRITE):
        yield


@pytest.fixture
async def server(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    real_storage: None,
    jackett: JackettStandIn,
) -> AsyncIterator[Stand]:
    """Return the server of an entry that is loaded, without torrents."""
    with serving() as server:
        server.tell(**ALL)
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="AuralArchive",
            data={
                "jackett_url": jackett.url,
                "jackett_api_key": jackett.api_key,
                "qbittorrent_url": f"http://127.0.0.1:{server.server_port}",
            },
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        yield server
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_nobody_waits(hass: HomeAssistant, server: Stand) -> None:
    """Whether all of them are new, the same as before, or other than before."""
    changed = torrents(state="uploading", progress=1, completion_on=1_770_000_000)
    few = {infohash: {"dlspeed": 1} for infohash in list(changed)[:100]}
    for answer, active, completed in (
        ({**ALL, "torrents": torrents()}, NUMBER, 0),
        ({**ALL, "torrents": torrents()}, NUMBER, 0),
        ({"rid": 2}, NUMBER, 0),
        ({"rid": 3, "torrents": few}, NUMBER, 0),
        ({**ALL, "torrents": changed}, 0, NUMBER),
        ({"rid": 4, "torrents_removed": list(changed)}, 0, 0),
    ):
        server.tell(**answer)
        with probe() as busy:
            async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=10))
            await hass.async_block_till_done(wait_background_tasks=True)
        for key, number in (("active_downloads", active), ("completed", completed)):
            state = hass.states.get(f"sensor.auralarchive_{key}")
            assert state is not None
            assert state.state == str(number)
        assert busy.longest < LONGEST_CALLBACK, busy.culprit


async def test_no_state_is_too_large(
    hass: HomeAssistant, server: Stand, every_entity: None
) -> None:
    """However many torrents and categories there are, and however long their names."""
    long = "\N{BOOKS}" * 1000
    categories = {f"{one} {long}": {"savePath": ""} for one in range(NUMBER)}
    server.tell(
        **{**ALL, "categories": categories},
        torrents=torrents(name=long, save_path=long, category=f"auralarchive/{long}"),
    )
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=10))
    await hass.async_block_till_done(wait_background_tasks=True)
    sizes = {state.entity_id: len(state.as_dict_json) for state in hass.states.async_all()}
    assert {one: size for one, size in sizes.items() if size > 16 * 1024} == {}
