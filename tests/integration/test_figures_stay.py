"""The figures of the downloads are reckoned anew only when they could have become others."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
import pytest

from custom_components.auralarchive.downloads import still_right, summarise
from custom_components.auralarchive.engine.mirror import Mirror
from scripts.lab.torrents import make_torrent
from tests.conftest import until

from .conftest import Lab, Poll

NOW = 1_800_000_000
CATEGORY = "auralarchive"
TORRENT = {"category": CATEGORY, "name": "Dune", "state": "metaDL", "added_on": NOW - 100}
FULL: dict[str, Any] = {
    "rid": 1,
    "full_update": True,
    "torrents": {"a" * 40: TORRENT},
    "categories": {CATEGORY: {"savePath": ""}},
    "server_state": {"free_space_on_disk": 50_000_000},
}


@pytest.fixture
def mirror() -> Mirror:
    """Return the mirror of a server with a magnet that is looking for its metadata."""
    mirror = Mirror()
    mirror.apply(FULL)
    return mirror


@pytest.mark.parametrize(
    "delta",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"server_state": {"free_space_on_disk": 90_000_000}}, id="free space"),
        pytest.param({"server_state": {"free_space_on_disk": 50_000_001}}, id="a byte of it"),
        pytest.param({"categories": {"new": {"savePath": ""}}}, id="a category"),
        pytest.param({"categories_removed": [CATEGORY]}, id="a category less"),
    ],
)
def test_without_a_sum(mirror: Mirror, delta: dict[str, Any]) -> None:
    """What leaves the torrents alone needs no sum, and gives what a sum would."""
    before = summarise(mirror, CATEGORY, now=NOW)
    changes = mirror.apply({"rid": 2, **delta})
    assert still_right(before, mirror, changes) == summarise(mirror, CATEGORY, now=NOW)


@pytest.mark.parametrize(
    "delta",
    [
        pytest.param({"torrents": {"b" * 40: TORRENT}}, id="one more"),
        pytest.param({"torrents": {"a" * 40: {"dlspeed": 5}}}, id="another speed"),
        pytest.param({"torrents_removed": ["a" * 40]}, id="one less"),
    ],
)
def test_with_a_sum(mirror: Mirror, delta: dict[str, Any]) -> None:
    """What changes torrents does."""
    before = summarise(mirror, CATEGORY, now=NOW)
    changes = mirror.apply({"rid": 2, **delta})
    assert still_right(before, mirror, changes) is None


def test_until_time_alone_changes_them(mirror: Mirror) -> None:
    """A magnet that has looked for its metadata for five minutes is a problem, not before."""
    figures = summarise(mirror, CATEGORY, now=NOW)
    assert (figures.problems, figures.good_until) == (0, NOW + 200)
    assert summarise(mirror, CATEGORY, now=figures.good_until) == figures
    later = summarise(mirror, CATEGORY, now=figures.good_until + 1)
    assert (later.problems, later.good_until) == (1, float("inf"))


async def test_an_idle_poll(hass: HomeAssistant, lab: Lab, entry: ConfigEntry, poll: Poll) -> None:
    """A poll that brings nothing leaves the very same figures; a new torrent brings others."""
    coordinator = entry.runtime_data.downloads

    async def stayed() -> bool:
        before = coordinator.data
        await poll()
        return before is coordinator.data

    await until(stayed, bool)
    before = coordinator.data
    made = make_torrent({"Dune.m4b": b"dune" * 1000})
    lab.qbittorrent.login().add_file(made.data, category=CATEGORY, stopped="true")

    async def last_added() -> object:
        await poll()
        return coordinator.data.last_added

    assert before.last_added is None
    await until(last_added, bool)
