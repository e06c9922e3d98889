"""Diagnostics: enough to help, and nothing that is nobody's business."""

import json
from pathlib import Path
from typing import Any

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.auralarchive.const import DOMAIN
from custom_components.auralarchive.diagnostics import TO_REDACT
from custom_components.auralarchive.preferences import DEFAULT_OPTIONS
from scripts.lab.jackett_model import Release, failed, redirect, torrent_file
from scripts.lab.qbittorrent import free_port
from scripts.lab.torrents import make_torrent

from .conftest import Action, Fields, Lab, Load, Poll
from .odd_servers import Proxy, always

NOWHERE = f"http://127.0.0.1:{free_port()}"
PASSWORD = "correct/horse+battery staple="
PASSKEY = "0123456789abcdef0123456789abcdef"
BOOK = make_torrent(
    {"Sandworms/dune.m4b": b"sand" * 5000},
    name="Sandworms",
    trackers=[f"http://tracker.invalid/{PASSKEY}/announce"],
)


@pytest.fixture
def told(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Any:
    """Return what downloads an entry's diagnostics, as a user does."""

    async def get(entry: ConfigEntry) -> Fields:
        assert await async_setup_component(hass, "diagnostics", {})
        found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
        assert isinstance(found, dict)
        return dict[str, Any](found)

    return get


async def try_to_add(act: Action, **fields: object) -> str | None:
    """Add something; return the key of the error if there is one."""
    try:
        await act("add_torrent", **fields)
    except HomeAssistantError as err:
        return err.translation_key
    return None


def cookies(proxy: Proxy) -> set[str]:
    """Return the values of the cookies that went through a proxy."""
    given = {cookie for exchange in proxy.exchanges for cookie in exchange.cookies}
    return {cookie.partition("=")[2].partition(";")[0] for cookie in given}


async def test_nothing_private(
    hass: HomeAssistant, lab: Lab, load: Load, act: Action, poll: Poll, told: Any
) -> None:
    """After adds that went well and adds that went wrong, a search and an outage."""
    server = lab.server(password=PASSWORD)
    proxy = await lab.proxy(server.url)
    key = lab.jackett.api_key
    entry = await load(
        server,
        qbittorrent_url=proxy.url,
        jackett_url=lab.jackett.url.replace("http://", f"http://guest:{PASSKEY}@"),
        category="audio/private",
        delivery="auto",
    )
    assert entry.state is ConfigEntryState.LOADED
    found = [json.dumps(await told(entry))]
    downloads = {
        "Sandworms": torrent_file(BOOK),
        "Moved": redirect(BOOK.magnet(trackers=[f"http://tracker.invalid/{PASSKEY}/announce"])),
        "Gone": failed(404),
        "Elsewhere": redirect(f"{NOWHERE}/{PASSKEY}/x?passkey={PASSKEY}"),
    }
    for title, download in downloads.items():
        lab.jackett.add_release(Release(title=title, download=download))
    lab.jackett.add_release(Release(title="Other", download=failed()), indexer="other")
    lab.jackett.indexers["other"].failure = f"{key} is unknown to {PASSKEY}"
    for title in downloads:
        (result,) = (await act("search", query=title))["results"]
        for mode in ("auto", "file", "link"):
            await try_to_add(act, result_id=result["result_id"], delivery=mode, timeout=2)
        found.append(json.dumps(await told(entry)))
    await try_to_add(act, link=f"{NOWHERE}/dune.torrent?passkey={PASSKEY}", timeout=2)
    await lab.jackett.stop()
    server.kill()
    await try_to_add(act, link=BOOK.magnet(), timeout=1)
    await poll(seconds=300)
    found.append(json.dumps(await told(entry)))
    await hass.config_entries.async_reload(entry.entry_id)
    found.append(json.dumps(await told(entry)))
    private = {
        key, PASSWORD, PASSKEY, "guest", "audio/private", "127.0.0.1", str(server.downloads),
        "Sandworms", "dune", "Moved", "Elsewhere", "tracker.invalid", BOOK.infohash_v1,
        server.url, lab.jackett.url, *cookies(proxy),
    }  # fmt: skip
    assert cookies(proxy)
    assert [(one[:4], word) for word in private for one in found if str(word) in one] == []


async def test_the_last_adds(
    hass: HomeAssistant, lab: Lab, load: Load, act: Action, told: Any, tmp_path: Path
) -> None:
    """Each with its way, its end and what was tried; faults of the request are none."""
    entry = await load(jackett_url_for_qbittorrent=NOWHERE)
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(BOOK)))
    file = tmp_path / "dune.torrent"
    file.write_bytes(BOOK.data)
    hass.config.allowlist_external_dirs.add(str(tmp_path))
    other = make_torrent({"emma": b"tea"})
    lab.jackett.add_release(Release(title="Emma", download=torrent_file(other)))
    lab.jackett.add_release(Release(title="Gone", download=failed(404)))
    (dune,) = (await act("search", query="dune"))["results"]
    (emma,) = (await act("search", query="emma"))["results"]
    (gone,) = (await act("search", query="gone"))["results"]
    for fields, key in (
        ({"result_id": dune["result_id"]}, None),
        ({"link": BOOK.magnet()}, None),
        ({"torrent_file": str(file)}, None),
        ({"result_id": gone["result_id"]}, "link_gone"),
        ({"result_id": emma["result_id"], "delivery": "link"}, "link_unreachable"),
        ({"result_id": "nonsense"}, "unknown_result"),
        ({}, "source_required"),
    ):
        assert await try_to_add(act, timeout=10, **fields) == key
    adds = (await told(entry))["last_adds"]
    assert [(one["source"], one["delivery"], one["route"], one["outcome"]) for one in adds] == [
        ("result", "auto", "file", "added"),
        ("magnet", "auto", "magnet", "already_present"),
        ("file", "auto", "file", "already_present"),
        ("result", "auto", "file", "link_gone"),
        ("result", "link", "link", "link_unreachable"),
    ]
    assert adds[0]["attempts"] == [{"route": "file", "outcome": "added", "reason": None}]
    assert [attempt["outcome"] for attempt in adds[3]["attempts"]] == ["link_gone"]
    assert (adds[3]["leg"], adds[0]["leg"]) == ("jackett_to_tracker", None)
    assert all(one["elapsed_ms"] >= 0 and one["at"] for one in adds)


async def test_only_ten_adds_are_kept(load: Load, act: Action, told: Any) -> None:
    """The oldest are forgotten."""
    entry = await load()
    await try_to_add(act, link=BOOK.magnet())
    for _ in range(10):
        await try_to_add(act, link=BOOK.magnet())
    adds = (await told(entry))["last_adds"]
    assert [one["outcome"] for one in adds] == ["already_present"] * 10


async def test_an_add_in_doubt(lab: Lab, load: Load, act: Action, told: Any) -> None:
    """It says what stood in the way of knowing, and that it is watched for."""
    proxy = await lab.proxy(lab.qbittorrent.url)
    entry = await load(qbittorrent_url=proxy.url)

    def edit(path: str, body: bytes) -> bytes:
        added = any(one.path.endswith("torrents/add") for one in proxy.exchanges)
        return b"?" if added and path.endswith("torrents/info") else body

    proxy.edit = edit
    assert await try_to_add(act, link=BOOK.magnet(), timeout=2) == "unverified"
    found = await told(entry)
    (noted,) = found["last_adds"]
    assert (noted["outcome"], noted["cause"]) == ("unverified", "qbittorrent_failed")
    assert found["watched_for"] == 1


async def test_the_figures(lab: Lab, load: Load, act: Action, poll: Poll, told: Any) -> None:
    """What is there, without a name of it."""
    session = lab.qbittorrent.login()
    session.add_file(BOOK.data, category="auralarchive", stopped="true")
    session.add_file(make_torrent({"emma": b"tea"}).data, category="others", stopped="true")
    entry = await load()
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(BOOK)))
    await act("search", query="dune")
    await poll()
    found = await told(entry)
    torrents = found["torrents"]
    assert sum(torrents["all"].values()) == 2
    assert sum(torrents["in_category"].values()) == 1
    assert (torrents["categories"], torrents["category_exists"]) == (2, True)
    assert found["kept_results"] == 1
    (searched,) = found["last_search"]
    elapsed_ms = searched.pop("elapsed_ms")
    assert elapsed_ms >= 0
    assert searched == {"indexer": "lab", "status": "ok", "results": 1}
    qbittorrent = found["qbittorrent"]
    assert qbittorrent["version"].removeprefix("v").startswith(lab.qbittorrent.generation)
    assert qbittorrent["api"].startswith("2.")
    assert qbittorrent["answers"] is True
    assert qbittorrent["last_success"]
    assert qbittorrent["last_error"] is None
    assert found["jackett"]["indexers"] == ["lab"]
    assert (qbittorrent["interval_seconds"], found["jackett"]["interval_seconds"]) == (10, 300)
    assert found["issues"] == []
    assert found["entry"]["options"]["timeout"] == entry.options["timeout"]
    shown = {key for key, value in found["entry"]["data"].items() if value != REDACTED}
    assert shown == {"jackett_verify_ssl", "qbittorrent_verify_ssl"}


async def test_what_went_wrong(lab: Lab, load: Load, poll: Poll, told: Any) -> None:
    """It is told in codes, and what was known before stays."""
    server = lab.server()
    entry = await load(server)
    server.kill()
    await lab.jackett.stop()
    await poll(seconds=300)
    found = await told(entry)
    for name in ("qbittorrent", "jackett"):
        assert found[name]["answers"] is False
        assert found[name]["last_success"]
        assert found[name]["last_error"] == {"code": f"{name}_unreachable", "reason": "refused"}
    assert found["issues"] == ["category_missing"]
    entry.runtime_data.jackett.async_set_update_error(ValueError("not foreseen"))
    assert (await told(entry))["jackett"]["last_error"] == {"code": "ValueError"}


async def test_a_set_up_that_fails(lab: Lab, load: Load, told: Any) -> None:
    """It is told why, in as far as it has got."""
    old = await lab.site(always(body="1.25"))
    entry = await load(qbittorrent_url=old)
    found = await told(entry)
    assert found["entry"]["state"] == "setup_retry"
    assert found["qbittorrent"]["last_error"] == {
        "code": "qbittorrent_too_old",
        "reason": None,
        "version": "1.25",
    }
    assert (found["qbittorrent"]["api"], found["qbittorrent"]["last_success"]) == (None, None)
    assert found["jackett"]["answers"] is None
    assert found["issues"] == ["qbittorrent_too_old"]


async def test_an_entry_that_is_not_loaded(hass: HomeAssistant, load: Load, told: Any) -> None:
    """There are its settings still."""
    entry = await load()
    await hass.config_entries.async_unload(entry.entry_id)
    found = await told(entry)
    assert set(found) == {"entry", "addresses"}
    assert found["entry"]["state"] == "not_loaded"


ADDRESSES: dict[str, tuple[str, Fields | None]] = {
    "loopback": (
        "http://localhost:9117",
        {"scheme": "http", "host": "loopback", "port": 9117, "has_path": False},
    ),
    "loopback-6": (
        "http://[::1]:9117/jackett",
        {"scheme": "http", "host": "loopback", "port": 9117, "has_path": True},
    ),
    "private": (
        "https://192.168.1.5",
        {"scheme": "https", "host": "private_address", "port": 443, "has_path": False},
    ),
    "shared": (
        "http://100.64.0.1:9117",
        {"scheme": "http", "host": "private_address", "port": 9117, "has_path": False},
    ),
    "public": (
        "http://9.9.9.9:9117",
        {"scheme": "http", "host": "public_address", "port": 9117, "has_path": False},
    ),
    "container": (
        "http://jackett:9117",
        {"scheme": "http", "host": "short_name", "port": 9117, "has_path": False},
    ),
    "name": (
        "http://me:secret@nas.local:9117",
        {"scheme": "http", "host": "name", "port": 9117, "has_path": False},
    ),
    "unreadable": ("nonsense", None),
}


@pytest.mark.parametrize(("address", "described"), ADDRESSES.values(), ids=ADDRESSES)
async def test_addresses(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    told: Any,
    address: str,
    described: Fields | None,
) -> None:
    """They are described: kind of host, port, and what else makes a difference."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        data={"jackett_url": address, "jackett_api_key": PASSKEY, "qbittorrent_url": address},
        options=dict(DEFAULT_OPTIONS),
    )
    assert await async_setup_component(hass, DOMAIN, {})
    # Only now, so that nothing is set up.
    entry.add_to_hass(hass)
    found = await told(entry)
    expected = described and {**described, "has_login": "@" in address}
    assert found["addresses"]["jackett_url"] == expected
    assert found["addresses"]["jackett_url_for_qbittorrent"] is None
    assert found["addresses"]["jackett_and_qbittorrent_share_host"] is True
    assert address not in json.dumps(found)
    assert found["entry"]["category_is_default"] is True


def test_every_setting_has_been_thought_of() -> None:
    """A new one is either harmless or hidden: it has to be written down here."""
    harmless = {
        "delivery",
        "timeout",
        "search_categories",
        "indexers",
        "min_seeders",
        "preferred_formats",
        "preferred_languages",
        "stalled_after",
    }
    assert set(DEFAULT_OPTIONS) - TO_REDACT == harmless
