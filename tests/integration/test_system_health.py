"""System health: what the coordinators know, one value for all entries."""

from typing import Any

from homeassistant.components.system_health import get_info
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.auralarchive.const import DOMAIN
from scripts.lab.qbittorrent import free_port

from .conftest import Lab, Load, Poll
from .package_files import TEXTS

NOWHERE = f"http://127.0.0.1:{free_port()}"

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")


async def health(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is told; everything has a name."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info: dict[str, Any] = (await get_info(hass))[DOMAIN]
    assert set(info) <= set(TEXTS["system_health"]["info"])
    return info


async def test_all_is_well(hass: HomeAssistant, load: Load, lab: Lab) -> None:
    """Everything answers, and nothing is asked for it."""
    await load()
    asked = len(lab.jackett.requests)
    info = await health(hass)
    version = info.pop("qbittorrent_version")
    assert version.startswith(lab.qbittorrent.generation)
    assert info == {"entries": 1, "qbittorrent": "ok", "jackett": "ok", "delivery": "auto"}
    assert set(TEXTS["system_health"]["info"]) == {*info, "qbittorrent_version"}
    assert len(lab.jackett.requests) == asked


async def test_outages(hass: HomeAssistant, load: Load, lab: Lab, poll: Poll) -> None:
    """They are told as soon as they are noticed; the version is the last one known."""
    server = lab.server()
    await load(server)
    before = await health(hass)
    server.kill()
    await lab.jackett.stop()
    await poll(seconds=300)
    assert await health(hass) == {
        **before,
        "qbittorrent": "Failed: unreachable",
        "jackett": "Failed: unreachable",
    }


async def test_what_is_wrong_but_answers(hass: HomeAssistant, load: Load) -> None:
    """It is told by its code, also where the set-up failed."""
    await load(jackett_api_key="x" * 32)
    await load(qbittorrent_password="wrong")
    info = await health(hass)
    assert info["jackett"] == "Failed: jackett_auth, unknown"
    assert info["qbittorrent"] == "Failed: ok, qbittorrent_auth"


async def test_several_entries(hass: HomeAssistant, load: Load, lab: Lab) -> None:
    """Each has its place; disabled ones have none."""
    server = lab.server("4.5")
    await load(delivery="file")
    entry = await load(qbittorrent_url=NOWHERE, delivery="link")
    unloaded = await load(server)
    await hass.config_entries.async_unload(unloaded.entry_id)
    disabled = await load(server)
    await hass.config_entries.async_set_disabled_by(disabled.entry_id, ConfigEntryDisabler.USER)
    info = await health(hass)
    version = info.pop("qbittorrent_version")
    assert version.startswith(lab.qbittorrent.generation)
    assert version.endswith(", unknown, unknown")
    assert info == {
        "entries": 3,
        "qbittorrent": "Failed: ok, unreachable, not loaded",
        "jackett": "ok, unknown, not loaded",
        "delivery": "file, link, not loaded",
    }
    assert await hass.config_entries.async_remove(entry.entry_id)


async def test_no_entry(hass: HomeAssistant, load: Load) -> None:
    """There is nothing to tell when the last one has gone."""
    entry = await load()
    await hass.config_entries.async_remove(entry.entry_id)
    assert await health(hass) == {"entries": 0}
