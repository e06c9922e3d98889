"""The verdict table's magnets, files and categories."""

from collections.abc import AsyncIterator
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest

from scripts.lab.torrents import make_torrent

from .cases import categories, files, magnets
from .cases.bench import Bench, private_jackett
from .verdicts import ANY

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Do without the debug mode, which doubles the time."""


@pytest.fixture
async def near_bench(bench: Bench) -> AsyncIterator[Bench]:
    """Return a bench with a server of each generation, beside Jackett."""
    async with private_jackett() as stand_in:
        for place in bench.beside():
            await bench.load(place, "plain", stand_in)
        yield bench


async def test_magnets(near_bench: Bench) -> None:
    """Every spelling of every kind."""
    await near_bench.run({magnets.GROUP: magnets.CASES}, [ANY])


async def test_files(hass: HomeAssistant, near_bench: Bench, tmp_path: Path) -> None:
    """Good ones, hostile ones, and none."""
    allowed, forbidden = tmp_path / "allowed", tmp_path / "forbidden.torrent"
    allowed.mkdir()
    forbidden.write_bytes(make_torrent({"forbidden": b"x"}).data)
    hass.config.allowlist_external_dirs.add(str(allowed))
    await near_bench.run({files.GROUP: files.cases(allowed, forbidden)}, [ANY])


async def test_categories(near_bench: Bench) -> None:
    """By each delivery, as links and files take a category to the server in different ways."""
    await near_bench.run({categories.GROUP: categories.CASES})
