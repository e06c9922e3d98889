"""Adding: every source, every option, and every way in which it can fail."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.auralarchive.services import ADD_TORRENT_SCHEMA
from scripts.lab.jackett_model import Download, Release, failed, page, redirect, torrent_file
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import TorrentKind, make_torrent
from tests.conftest import GENERATIONS

from .conftest import Action, Fields, Lab, Load, worded

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

BOOK = make_torrent({"Dune/dune.m4b": b"sand" * 5000}, name="Dune")
FIELDS = {
    "status",
    "infohash",
    "name",
    "category",
    "save_path",
    "state",
    "route",
    "link_rewritten",
    "elapsed_ms",
    "attempts",
    "warnings",
}


def torrents(server: QBittorrentServer) -> list[dict[str, Any]]:
    """Return what the server lists, asked without the integration."""
    listed: list[dict[str, Any]] = json.loads(server.login().call("torrents/info"))
    return listed


async def find(act: Action, query: str = "dune") -> str:
    """Return the id of the one search result."""
    (result,) = (await act("search", query=query))["results"]
    result_id: str = result["result_id"]
    return result_id


async def refusal(act: Action, **fields: object) -> HomeAssistantError:
    """Return the error of an add, which must be one, with its text complete."""
    with pytest.raises(HomeAssistantError) as refused:
        await act("add_torrent", **fields)
    worded(refused.value)
    return refused.value


async def a_result(lab: Lab, act: Action, _: Path) -> Fields:
    """Add what a search found."""
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(BOOK)))
    return {"result_id": await find(act)}


async def a_result_with_a_magnet(lab: Lab, act: Action, _: Path) -> Fields:
    """Add what a search found that has no torrent file."""
    lab.jackett.add_release(Release(title="Dune", magnet=BOOK.magnet()))
    return {"result_id": f"\n  {await find(act)}\n"}


async def a_result_that_leads_to_a_magnet(lab: Lab, act: Action, _: Path) -> Fields:
    """Add what a search found whose link redirects to a magnet."""
    lab.jackett.add_release(Release(title="Dune", download=redirect(BOOK.magnet())))
    return {"result_id": await find(act)}


async def a_result_by_link(lab: Lab, act: Action, folder: Path) -> Fields:
    """Add what a search found, and have qBittorrent open the link."""
    return await a_result(lab, act, folder) | {"delivery": "link"}


async def a_magnet(_: Lab, __: Action, ___: Path) -> Fields:
    """Add a magnet."""
    return {"link": f" {BOOK.magnet(upper=True).replace('magnet:', 'MAGNET:')} "}


async def a_link(lab: Lab, _: Action, __: Path) -> Fields:
    """Add the address of a torrent file somewhere."""
    lab.jackett.seed.add({"t/dune.torrent": BOOK.data})
    return {"link": f"{lab.jackett.seed_url}t/dune.torrent"}


async def a_file(_: Lab, __: Action, folder: Path) -> Fields:
    """Add a torrent file."""
    (folder / "dune.torrent").write_bytes(BOOK.data)
    return {"torrent_file": str(folder / "dune.torrent")}


type Source = Callable[[Lab, Action, Path], Awaitable[Fields]]


@pytest.mark.parametrize(
    ("source", "route"),
    [
        (a_result, "file"),
        (a_result_with_a_magnet, "magnet"),
        (a_result_that_leads_to_a_magnet, "magnet"),
        (a_result_by_link, "link"),
        (a_magnet, "magnet"),
        (a_link, "file"),
        (a_file, "file"),
    ],
)
async def test_sources(
    hass: HomeAssistant,
    lab: Lab,
    entry: ConfigEntry,
    act: Action,
    tmp_path: Path,
    source: Source,
    route: str,
) -> None:
    """Each is added once, with the route told; a second time it is there already."""
    hass.config.allowlist_external_dirs.add(str(tmp_path))
    fields = await source(lab, act, tmp_path)
    added = await act("add_torrent", **fields)
    assert set(added) == FIELDS
    assert json.loads(json.dumps(added)) == added
    (torrent,) = torrents(lab.qbittorrent)
    expected = {
        "status": "added",
        "infohash": torrent["hash"],
        "category": "auralarchive",
        "route": route,
        "link_rewritten": False,
        "attempts": [{"route": route, "outcome": "added", "detail": None}],
    }
    assert {name: added[name] for name in expected} == expected
    assert torrent["hash"] == BOOK.infohash
    assert torrent["category"] == "auralarchive"
    assert added["name"] == torrent["name"]
    assert added["save_path"].rstrip("/") == torrent["save_path"].rstrip("/")
    assert torrent["tags"] == ""
    again = await act("add_torrent", **fields)
    assert (again["status"], again["infohash"]) == ("already_present", BOOK.infohash)
    assert len(torrents(lab.qbittorrent)) == 1


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_options(lab: Lab, load: Load, act: Action, generation: str, tmp_path: Path) -> None:
    """All of them arrive."""
    await load()
    options = {
        "category": " talks/new ",
        "save_path": str(tmp_path / "books"),
        "tags": ["sand", " worm ", "sand"],
        "paused": True,
        "sequential": True,
        "timeout": 20,
    }
    added = await act("add_torrent", link=BOOK.magnet(), **options)
    (torrent,) = torrents(lab.qbittorrent)
    assert torrent["save_path"].rstrip("/") == str(tmp_path / "books")
    assert torrent["category"] == added["category"] == "talks/new"
    assert set(torrent["tags"].split(", ")) == {"sand", "worm"}
    assert torrent["state"] in ("pausedDL", "stoppedDL")
    assert torrent["seq_dl"]
    # Both warn of what was not asked for, and all of this was.
    assert (added["state"], added["warnings"]) == ("stopped", [])


async def test_no_category(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """An empty one means none, not the configured one."""
    added = await act("add_torrent", link=BOOK.magnet(), category="")
    assert added["category"] == ""
    assert [torrent["category"] for torrent in torrents(lab.qbittorrent)] == [""]


async def test_an_answer_does_not_wait_for_a_poll(
    hass: HomeAssistant, lab: Lab, load: Load, act: Action
) -> None:
    """With thousands of torrents an old server takes seconds for a poll."""
    proxy = await lab.proxy(lab.qbittorrent.url)
    entry = await load(qbittorrent_url=proxy.url)
    proxy.held = "sync/maindata"
    added = await act("add_torrent", link=BOOK.magnet())
    await proxy.asked.wait()
    assert added["status"] == "added"
    mirror = entry.runtime_data.servers.mirror
    assert not mirror.torrents
    proxy.go.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert mirror.torrents.keys() == {BOOK.infohash}


async def test_without_a_response(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action
) -> None:
    """An automation that does not ask for one gets none, and the sensors know at once."""
    data = {"link": BOOK.magnet()}
    answer = await hass.services.async_call("auralarchive", "add_torrent", data, blocking=True)
    assert answer is None
    assert len(torrents(lab.qbittorrent)) == 1
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.runtime_data.servers.mirror.torrents.keys() == {BOOK.infohash}


@pytest.mark.parametrize("kind", TorrentKind)
async def test_infohashes(
    lab: Lab, entry: ConfigEntry, act: Action, kind: TorrentKind, tmp_path: Path
) -> None:
    """The response names the v1 infohash where there is one."""
    torrent = make_torrent({"dune.m4b": b"sand" * 5000}, kind=kind)
    added = await act("add_torrent", link=torrent.magnet())
    assert added["infohash"] == (torrent.infohash_v1 or torrent.infohash_v2)


WARNINGS: dict[str, tuple[Fields, Fields, str]] = {
    "category": (
        {"category": "talks"},
        {},
        "It was in the category talks and has been moved to auralarchive",
    ),
    "save-path": (
        {"save_path": "/tmp/a"},
        {"save_path": "/tmp/b"},
        "It is saved to /tmp/a, not to /tmp/b",
    ),
    "stopped": ({"paused": True}, {}, "It is stopped"),
    "no-peers": ({}, {}, "the magnet names no tracker"),
}


@pytest.mark.parametrize(("first", "then", "warning"), WARNINGS.values(), ids=WARNINGS)
async def test_warnings(
    lab: Lab, entry: ConfigEntry, act: Action, first: Fields, then: Fields, warning: str
) -> None:
    """What is there and is not as it was asked for is told in words."""
    await act("add_torrent", link=BOOK.magnet(), **first)
    again = await act("add_torrent", link=BOOK.magnet(), **then)
    assert again["status"] == "already_present"
    assert any(warning in line for line in again["warnings"]), again["warnings"]
    assert not any("{" in line for line in again["warnings"])


@pytest.mark.parametrize(
    ("delivery", "we_open_it", "route"),
    [("auto", True, "file"), ("link", False, "link"), ("file", True, "file")],
)
async def test_deliveries(
    lab: Lab, load: Load, act: Action, delivery: str, *, we_open_it: bool, route: str
) -> None:
    """Who opens the link: seen at Jackett, which is called by the one or the other."""
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(BOOK)))
    await load()
    added = await act("add_torrent", result_id=await find(act), delivery=delivery)
    (request,) = lab.jackett.requested("/dl/")
    by_us = "HomeAssistant" in request.headers["User-Agent"]
    assert (by_us, added["route"]) == (we_open_it, route)


async def test_a_failed_way_is_told(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """The magnet is used where the file cannot be had, and both attempts are in the response."""
    release = Release(title="Dune", download=failed(404), magnet=BOOK.magnet())
    lab.jackett.add_release(release)
    added = await act("add_torrent", result_id=await find(act))
    assert added["route"] == "magnet"
    lost, won = added["attempts"]
    assert (lost["route"], lost["outcome"]) == ("file", "link_gone")
    assert "cannot be had: HTTP 404" in lost["detail"]
    assert won == {"route": "magnet", "outcome": "added", "detail": None}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="none"),
        pytest.param({"link": ""}, id="an-empty-one"),
        pytest.param({"link": BOOK.magnet(), "result_id": "x"}, id="link-and-result"),
        pytest.param({"link": BOOK.magnet(), "torrent_file": "x"}, id="link-and-file"),
        pytest.param({"result_id": "x", "torrent_file": "x"}, id="result-and-file"),
    ],
)
async def test_exactly_one_source(entry: ConfigEntry, act: Action, fields: Fields) -> None:
    """More or fewer are refused."""
    error = await refusal(act, **fields)
    assert (type(error), error.translation_key) == (ServiceValidationError, "source_required")


async def test_results_are_kept_for_an_hour(
    lab: Lab, entry: ConfigEntry, act: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then one has to search again."""
    seconds = 0.0
    monkeypatch.setattr(entry.runtime_data.servers.results, "_clock", lambda: seconds)
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(BOOK)))
    result_id = await find(act)
    seconds = 3590
    assert (await act("add_torrent", result_id=result_id))["status"] == "added"
    seconds = 3610
    error = await refusal(act, result_id=result_id)
    assert (type(error), error.translation_key) == (ServiceValidationError, "unknown_result")
    assert result_id in worded(error)


type Arrange = Callable[[Path], str]


def in_a_forbidden_place(folder: Path) -> str:
    """Name a file that Home Assistant may not read."""
    path = folder / "secret.torrent"
    path.write_bytes(BOOK.data)
    return str(path)


def nothing_in_a_forbidden_place(folder: Path) -> str:
    """Name a file that is not there, where Home Assistant may not look."""
    return str(folder / "missing.torrent")


def out_of_the_allowed_place(folder: Path) -> str:
    """Climb out of the allowed folder."""
    in_a_forbidden_place(folder)
    return str(folder / "allowed/../secret.torrent")


def linked_out_of_the_allowed_place(folder: Path) -> str:
    """Follow a link out of the allowed folder."""
    link = folder / "allowed/link.torrent"
    link.symlink_to(in_a_forbidden_place(folder))
    return str(link)


def no_path_at_all(_: Path) -> str:
    """Name what no path can be."""
    return "/\0.torrent"


def no_folder_at_all(_: Path) -> str:
    """Name a file in what no folder can be."""
    return "/\0/a.torrent"


def too_long_a_path(folder: Path) -> str:
    """Name a path that is longer than any."""
    return str(folder / "allowed" / ("x" * 5000))


def missing(folder: Path) -> str:
    """Name a file that is not there."""
    return str(folder / "allowed/missing.torrent")


def a_directory(folder: Path) -> str:
    """Name a folder."""
    (folder / "allowed/folder").mkdir()
    return str(folder / "allowed/folder")


def garbage(folder: Path) -> str:
    """Name a file that is no torrent."""
    (folder / "allowed/a").write_bytes(b"<html></html>")
    return str(folder / "allowed/a")


def cut_off(folder: Path) -> str:
    """Name half a torrent."""
    (folder / "allowed/a").write_bytes(BOOK.data[:-100])
    return str(folder / "allowed/a")


def too_large(folder: Path) -> str:
    """Name a file that is larger than any torrent file."""
    with (folder / "allowed/a").open("wb") as file:
        file.truncate(10 * 1024 * 1024 + 1)
    return str(folder / "allowed/a")


@pytest.mark.parametrize(
    ("arrange", "code", "told"),
    [
        (in_a_forbidden_place, "torrent_file_not_allowed", "may not read"),
        (nothing_in_a_forbidden_place, "torrent_file_not_allowed", "may not read"),
        (out_of_the_allowed_place, "torrent_file_not_allowed", "may not read"),
        (linked_out_of_the_allowed_place, "torrent_file_not_allowed", "may not read"),
        (no_path_at_all, "torrent_file_not_allowed", "may not read"),
        (no_folder_at_all, "torrent_file_not_allowed", "may not read"),
        (too_long_a_path, "invalid_torrent_file", "it cannot be read"),
        (missing, "invalid_torrent_file", "there is no such file"),
        (a_directory, "invalid_torrent_file", "it cannot be read"),
        (garbage, "invalid_torrent_file", "it is not a torrent file"),
        (cut_off, "invalid_torrent_file", "it is incomplete"),
        (too_large, "invalid_torrent_file", "larger than 10 MiB"),
    ],
)
async def test_files_that_are_refused(
    hass: HomeAssistant,
    entry: ConfigEntry,
    act: Action,
    tmp_path: Path,
    arrange: Arrange,
    code: str,
    told: str,
) -> None:
    """What lies in a forbidden place is not even looked at."""
    (tmp_path / "allowed").mkdir()
    hass.config.allowlist_external_dirs.add(str(tmp_path / "allowed"))
    error = await refusal(act, torrent_file=arrange(tmp_path))
    assert (type(error), error.translation_key) == (ServiceValidationError, code)
    assert told in worded(error)


async def test_a_path_below_the_configuration_folder(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action, tmp_path: Path
) -> None:
    """That is what a relative path means."""
    hass.config.config_dir = str(tmp_path)
    hass.config.allowlist_external_dirs.add(str(tmp_path / "books"))
    (tmp_path / "books").mkdir()
    (tmp_path / "books/dune.torrent").write_bytes(BOOK.data)
    added = await act("add_torrent", torrent_file="books/dune.torrent")
    assert added["infohash"] == BOOK.infohash


FAULTS: dict[str, tuple[Fields, str, str]] = {
    "ftp": ({"link": "ftp://host/a.torrent"}, "invalid_link", "of this kind are not supported"),
    "no-scheme": ({"link": "dune.torrent"}, "invalid_link", "it is damaged"),
    "no-port": ({"link": "http://host:99999/a"}, "invalid_link", "it is damaged"),
    "nameless-magnet": ({"link": "magnet:?dn=Dune"}, "invalid_magnet", "does not name a torrent"),
    "cut-magnet": ({"link": "magnet:?xt=urn:btih:12345"}, "invalid_magnet", "infohash is damaged"),
    "slash-first": ({"category": "/talks"}, "invalid_category", "the category /talks"),
    "two-slashes": ({"category": "talks//new"}, "invalid_category", "the category talks//new"),
    "backslash": ({"category": "talks\\new"}, "invalid_category", "the category talks\\new"),
}


@pytest.mark.parametrize(("fields", "code", "told"), FAULTS.values(), ids=FAULTS)
async def test_faults_of_the_caller(
    lab: Lab, entry: ConfigEntry, act: Action, fields: Fields, code: str, told: str
) -> None:
    """They are told as such, and nothing is added."""
    error = await refusal(act, **({"link": BOOK.magnet()} | fields))
    assert (type(error), error.translation_key) == (ServiceValidationError, code)
    assert told in worded(error)
    assert not torrents(lab.qbittorrent)


async def endless(lab: Lab) -> Download:
    """Redirect for ever."""
    return Download(hops=None)


async def gone(lab: Lab) -> Download:
    """Have lost the torrent."""
    return failed(404)


async def a_page(lab: Lab) -> Download:
    """Show a login page."""
    return page()


async def empty(lab: Lab) -> Download:
    """Say nothing."""
    return Download(content_type="application/x-bittorrent")


async def enormous(lab: Lab) -> Download:
    """Send more than any torrent file holds."""
    return Download(body=BOOK.data, total=11 * 1024 * 1024)


async def error_500(lab: Lab) -> Download:
    """Fail."""
    return failed(500)


async def to_a_bad_magnet(lab: Lab) -> Download:
    """Redirect to a magnet without an infohash."""
    return redirect("magnet:?dn=Dune")


async def to_this_machine(lab: Lab) -> Download:
    """Redirect to what only this machine can see."""
    return redirect("http://127.0.0.1:1/secret")


async def to_another_scheme(lab: Lab) -> Download:
    """Redirect to a file of this machine."""
    return redirect("file:///etc/passwd")


async def silent(lab: Lab) -> Download:
    """Stop in the middle."""
    return replace(torrent_file(BOOK), stall_after=10)


async def hung_up(lab: Lab) -> Download:
    """Close the connection in the middle."""
    return replace(torrent_file(BOOK), cut_after=10)


@pytest.mark.parametrize(
    ("download", "code", "told"),
    [
        (gone, "link_gone", "HTTP 404"),
        (a_page, "link_not_torrent", "a web page came"),
        (empty, "link_not_torrent", "nothing came"),
        (enormous, "link_too_large", "10 MiB"),
        (endless, "link_redirect_loop", "redirects on and on"),
        (error_500, "jackett_failed", "HTTP 500"),
        (to_a_bad_magnet, "link_not_torrent", "does not name a torrent"),
        (to_this_machine, "link_not_allowed", "http://127.0.0.1:1/secret"),
        (to_another_scheme, "link_not_torrent", "cannot be opened"),
        (silent, "link_gone", "no answer in time"),
        (hung_up, "link_gone", "closed before the answer was complete"),
    ],
)
async def test_links_that_fail(
    lab: Lab,
    load: Load,
    act: Action,
    download: Callable[[Lab], Awaitable[Download]],
    code: str,
    told: str,
) -> None:
    """Each has its own code and reason; the link is shown without its key."""
    lab.jackett.add_release(Release(title="Dune", download=await download(lab)))
    await load()
    error = await refusal(act, result_id=await find(act), delivery="file", timeout=1)
    assert error.translation_key == code
    assert told in worded(error)
    assert lab.jackett.api_key not in worded(error)
    assert not torrents(lab.qbittorrent)


@pytest.mark.parametrize(
    ("download", "code", "told"),
    [
        (gone, "link_gone", "HTTP 404"),
        (a_page, "link_not_torrent", "a web page came"),
        (endless, "link_redirect_loop", "redirects on and on"),
    ],
)
async def test_links_that_fail_in_qbittorrent(
    lab: Lab,
    load: Load,
    act: Action,
    download: Callable[[Lab], Awaitable[Download]],
    code: str,
    told: str,
) -> None:
    """Its answer is "accepted"; what came of it is an error."""
    lab.jackett.add_release(Release(title="Dune", download=await download(lab)))
    await load()
    error = await refusal(act, result_id=await find(act), delivery="link", timeout=20)
    assert error.translation_key == code
    assert told in worded(error)
    assert lab.jackett.api_key not in worded(error)
    assert not torrents(lab.qbittorrent)


async def test_qbittorrent_cannot_reach_jackett(lab: Lab, load: Load, act: Action) -> None:
    """Home Assistant can: so the address for qBittorrent is what has to be corrected."""
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(BOOK)))
    await load(jackett_url_for_qbittorrent="http://127.0.0.1:1")
    error = await refusal(act, result_id=await find(act), delivery="link", timeout=20)
    assert error.translation_key == "link_unreachable"
    assert "http://127.0.0.1:1/dl/lab/" in worded(error)
    assert "The remote server refused the connection" in worded(error)


async def test_qbittorrent_is_down(lab: Lab, load: Load, act: Action) -> None:
    """Nothing was added, and it says so."""
    server = lab.server()
    await load(server)
    server.kill()
    error = await refusal(act, link=BOOK.magnet())
    assert (type(error), error.translation_key) == (HomeAssistantError, "qbittorrent_unreachable")


async def test_qbittorrent_goes_when_it_has_been_given_something(
    lab: Lab, load: Load, act: Action
) -> None:
    """Nobody knows whether it is there, so neither is said."""
    server = lab.server()
    gate = asyncio.Event()
    book = Download(body=BOOK.data, stall_after=0, gate=gate.wait)
    lab.jackett.add_release(Release(title="Dune", download=book))
    await load(server)
    adding = asyncio.create_task(
        refusal(act, result_id=await find(act), delivery="link", timeout=2)
    )
    await lab.jackett.wait_for("/dl/")
    server.kill()
    error = await adding
    assert (type(error), error.translation_key) == (HomeAssistantError, "unverified")
    assert "cannot reach qBittorrent" in worded(error)


async def test_the_entry_is_reloaded_meanwhile(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action
) -> None:
    """Whoever asked gets the answer all the same."""
    gate = asyncio.Event()
    book = Download(body=BOOK.data, stall_after=0, gate=gate.wait)
    lab.jackett.add_release(Release(title="Dune", download=book))
    adding = asyncio.create_task(
        act("add_torrent", result_id=await find(act), delivery="link", timeout=20)
    )
    await lab.jackett.wait_for("/dl/")
    assert await hass.config_entries.async_reload(entry.entry_id)
    gate.set()
    assert (await adding)["status"] == "added"


async def test_a_file_that_qbittorrent_refuses(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action, tmp_path: Path
) -> None:
    """It looks like a torrent to us, but not to the one who has to download it."""
    hass.config.allowlist_external_dirs.add(str(tmp_path))
    (tmp_path / "a").write_bytes(b"d4:infod6:pieces1:xee")
    error = await refusal(act, torrent_file=str(tmp_path / "a"))
    assert error.translation_key == "invalid_torrent_file"
    assert "qBittorrent cannot read it" in worded(error)
    assert not torrents(lab.qbittorrent)


async def test_the_same_thing_twice_at_once(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """One adds, the other finds it there; both are told the truth."""
    link = BOOK.magnet()
    both = await asyncio.gather(act("add_torrent", link=link), act("add_torrent", link=link))
    assert sorted(answer["status"] for answer in both) == ["added", "already_present"]
    assert len(torrents(lab.qbittorrent)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"tags": ["a,b"]}, id="comma-in-tag"),
        pytest.param({"tags": [" "]}, id="blank-tag"),
        pytest.param({"delivery": "pigeon"}, id="unknown-delivery"),
        pytest.param({"timeout": 0}, id="no-time"),
        pytest.param({"timeout": 601}, id="too-much-time"),
        pytest.param({"url": "magnet:"}, id="unknown-field"),
    ],
)
def test_fields_that_are_refused(fields: Fields) -> None:
    """Before anybody is asked anything."""
    with pytest.raises(vol.Invalid):
        ADD_TORRENT_SCHEMA(fields)
