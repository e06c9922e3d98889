"""Pause, resume, remove and set_category: carried out for real, and seen to be."""

from collections.abc import Callable
import json
from typing import Any

from aiohttp import ClientSession, DummyCookieJar, web
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from multidict import CIMultiDict
import pytest
import voluptuous as vol

from custom_components.auralarchive.const import DOMAIN
from custom_components.auralarchive.engine import orders
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import MadeTorrent, TorrentKind, make_torrent
from tests.conftest import GENERATIONS, until

from .conftest import Action, Fields, Lab, Load, state_of, worded
from .odd_servers import Handler
from .test_get_downloads import FIELDS

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

DUNE = make_torrent({"dune.m4b": b"sand" * 20_000, "dune.jpg": b"worm" * 2_000}, name="Dune")
HYBRID = make_torrent({"emma.m4b": b"emma" * 20_000}, name="Emma", kind=TorrentKind.HYBRID)
ORDERS: list[Any] = [
    pytest.param("pause", {}, id="pause"),
    pytest.param("resume", {}, id="resume"),
    pytest.param("remove", {}, id="remove"),
    pytest.param("set_category", {"category": "done"}, id="set_category"),
]


def records(server: QBittorrentServer) -> dict[str, dict[str, Any]]:
    """Return what the server lists, by name, asked without the integration."""
    listed: list[dict[str, Any]] = json.loads(server.login().call("torrents/info"))
    return {one["name"]: one for one in listed}


async def shelve(server: QBittorrentServer, made: MadeTorrent, **fields: str) -> None:
    """Add a torrent whose files are there, and wait until it is loaded."""
    for path, content in made.content.items():
        file = server.downloads / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    fields = {"category": "auralarchive", "skip_checking": "true", "seedMode": "true", **fields}
    session = server.login()
    session.add_file(made.data, **fields)

    async def states() -> list[str]:
        found = json.loads(session.call(f"torrents/info?hashes={made.infohash}"))
        return [one["state"] for one in found]

    await until(states, lambda seen: bool(seen) and not seen[0].startswith("checking"))


def deaf(target: str) -> Handler:
    """Return what passes everything on to a server but the orders to stop, and says 200 to them."""

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path.endswith("/torrents/stop"):
            return web.Response()
        headers = {key: value for key, value in request.headers.items() if key != "Host"}
        async with (
            ClientSession(cookie_jar=DummyCookieJar()) as session,
            session.request(
                request.method,
                f"{target}{request.path_qs}",
                data=await request.read(),
                headers=headers,
            ) as passed,
        ):
            cookies = passed.headers.getall("Set-Cookie", [])
            kept = [("Set-Cookie", cookie) for cookie in cookies]
            body = await passed.read()
            return web.Response(status=passed.status, body=body, headers=CIMultiDict(kept))

    return answer


async def refusal(act: Action, action: str, **fields: object) -> HomeAssistantError:
    """Return the error of an action, which must be one, with its text complete."""
    with pytest.raises(HomeAssistantError) as refused:
        await act(action, **fields)
    worded(refused.value)
    return refused.value


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_pause_and_resume(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action
) -> None:
    """The download is told as `get_downloads` does it; the second time nothing is done."""
    await shelve(lab.qbittorrent, DUNE)
    seen = []
    for action in ("pause", "pause", "resume", "resume"):
        response = await act(action, download="dune")
        assert set(response) == {"status", "download"}
        assert set(response["download"]) == FIELDS
        assert json.loads(json.dumps(response)) == response
        seen.append((response["status"], response["download"]["state"]))
    assert seen == [
        ("paused", "completed"),
        ("already_paused", "completed"),
        ("resumed", "seeding"),
        ("already_running", "seeding"),
    ]
    assert records(lab.qbittorrent)["Dune"]["state"] in {"stalledUP", "uploading"}


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("delete_files", [False, True], ids=["keep-files", "delete-files"])
async def test_remove(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action, delete_files: bool
) -> None:
    """It is told as it was; what is on the disk is as the response says; the sensors know."""
    await shelve(lab.qbittorrent, DUNE)
    response = await act("remove", download=DUNE.infohash.upper(), delete_files=delete_files)
    assert set(response) == {"status", "download", "files_deleted"}
    assert (response["status"], response["files_deleted"]) == ("removed", delete_files)
    assert (response["download"]["name"], response["download"]["state"]) == ("Dune", "seeding")
    assert records(lab.qbittorrent) == {}
    files = [lab.qbittorrent.downloads / path for path in DUNE.content]
    assert [file.exists() for file in files] == [not delete_files] * 2
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, "sensor.auralarchive_completed") == "0"


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_categories(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """A new one is created; what has left the entry's category is not touched unasked any more."""
    await shelve(lab.qbittorrent, DUNE)
    seen = []
    for category, fields in (
        (" auralarchive ", {}),
        ("auralarchive/finished", {}),
        ("archive", {}),
        ("", {"any_category": True}),
    ):
        response = await act("set_category", download="Dune", category=category, **fields)
        seen.append((response["status"], response["download"]["category"]))
    assert seen == [
        ("already_in_category", "auralarchive"),
        ("category_set", "auralarchive/finished"),
        ("category_set", "archive"),
        ("category_set", ""),
    ]
    assert records(lab.qbittorrent)["Dune"]["category"] == ""
    listed = (await act("get_downloads"))["categories"]
    assert {"archive", "auralarchive/finished"} <= {one["name"] for one in listed}


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_category_with_a_folder(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """Under automatic management qBittorrent moves the files."""
    folder = lab.qbittorrent.profile / "archive"
    session = lab.qbittorrent.login()
    session.call("torrents/createCategory", {"category": "archive", "savePath": str(folder)})
    await shelve(lab.qbittorrent, DUNE, autoTMM="true", category="")
    fields = {"download": "Dune", "category": "archive", "any_category": True}
    assert (await act("set_category", **fields))["status"] == "category_set"

    async def files() -> set[str]:
        return {path.name for path in folder.rglob("*.*")}

    assert await until(files, lambda seen: len(seen) == 2) == {"dune.m4b", "dune.jpg"}


async def test_a_category_name_that_cannot_be(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """It is the caller's fault, and nothing has changed."""
    await shelve(lab.qbittorrent, DUNE)
    error = await refusal(act, "set_category", download="Dune", category="bad//name")
    assert isinstance(error, ServiceValidationError)
    assert error.translation_key == "invalid_category"
    assert "bad//name" in worded(error)
    assert records(lab.qbittorrent)["Dune"]["category"] == "auralarchive"


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    "named",
    [
        pytest.param(lambda made: made.infohash_v1, id="v1"),
        pytest.param(lambda made: made.infohash_v2.upper(), id="v2"),
        pytest.param(lambda made: made.infohash, id="the-server's-own"),
        pytest.param(lambda made: f"\n {made.name.upper()} ", id="name"),
    ],
)
async def test_a_hybrid(
    lab: Lab, entry: ConfigEntry, act: Action, named: Callable[[MadeTorrent], str]
) -> None:
    """Whichever of its infohashes is known; the response has the one that other actions have."""
    await shelve(lab.qbittorrent, HYBRID)
    download = (await act("pause", download=named(HYBRID)))["download"]
    assert (download["infohash"], download["state"]) == (HYBRID.infohash_v1, "completed")
    assert (await act("get_downloads"))["downloads"][0]["infohash"] == download["infohash"]


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_right_after_an_add(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """What nobody has listed yet is found on the server, and the order is not lost."""
    session = lab.qbittorrent.login()
    session.add_file(DUNE.data, category="auralarchive")
    assert (await act("pause", download=DUNE.infohash))["status"] == "paused"

    async def states() -> list[str]:
        return [one["state"] for one in json.loads(session.call("torrents/info"))]

    await until(states, lambda seen: seen[0] in {"pausedDL", "stoppedDL"})
    added = await act("add_torrent", link=HYBRID.magnet())
    assert (await act("pause", download=added["infohash"]))["status"] == "paused"
    assert (await act("remove", download=added["name"], delete_files=True))["files_deleted"]


@pytest.fixture
async def crowd(lab: Lab) -> None:
    """Put books of the same and of other names on several shelves."""
    shelves = (
        ("Kim", "auralarchive"),
        ("Kim", "auralarchive/classics"),
        ("Ivanhoe", "auralarchive"),
        ("Ivanhoe", "films"),
        ("Worm", "films"),
        ("Emma", ""),
    )
    for number, (name, category) in enumerate(shelves):
        content = f"{number}{name}".encode() * 5000
        made = make_torrent({f"{number}-{name}.m4b": content}, name=name)
        await shelve(lab.qbittorrent, made, category=category)


@pytest.mark.parametrize(("action", "extra"), ORDERS)
@pytest.mark.parametrize(
    ("fields", "key", "told"),
    [
        pytest.param({"download": "Dune"}, "unknown_download", ["Dune"], id="unknown"),
        pytest.param({"download": "Ivan"}, "unknown_download", ["Ivan"], id="part-of-a-name"),
        pytest.param({"download": "a" * 40}, "unknown_download", ["a" * 40], id="infohash"),
        pytest.param({"download": "KIM"}, "ambiguous_download", ["2", "infohash"], id="several"),
        pytest.param(
            {"download": "ivanhoe", "any_category": True},
            "ambiguous_download",
            ["2"],
            id="several-anywhere",
        ),
        pytest.param(
            {"download": "Worm"}, "other_category", ["films", "any_category"], id="elsewhere"
        ),
        pytest.param({"download": "Emma"}, "no_category", ["any_category"], id="in-none"),
    ],
)
@pytest.mark.usefixtures("crowd")
async def test_which_is_meant(
    lab: Lab,
    entry: ConfigEntry,
    act: Action,
    action: str,
    extra: Fields,
    fields: Fields,
    key: str,
    told: list[str],
) -> None:
    """Nothing is guessed: the caller is told what is missing, and nothing has changed."""
    session = lab.qbittorrent.login()

    def shelves() -> dict[str, str]:
        listed = json.loads(session.call("torrents/info"))
        return {one["hash"]: one["category"] for one in listed}

    before = shelves()
    error = await refusal(act, action, **fields, **extra)
    assert isinstance(error, ServiceValidationError)
    assert error.translation_key == key
    assert [text for text in told if text not in worded(error)] == []
    assert shelves() == before
    assert len(before) == 6


@pytest.mark.usefixtures("crowd")
async def test_strangers(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """One of the same name elsewhere does no harm; any_category reaches the others."""
    ours = await act("pause", download="Ivanhoe")
    assert ours["download"]["category"] == "auralarchive"
    theirs = await act("pause", download="worm", any_category=True)
    assert theirs["download"]["category"] == "films"
    without = await act("pause", download="Emma", any_category="yes")
    assert without["download"]["category"] == ""


@pytest.mark.parametrize(("action", "extra"), ORDERS)
async def test_without_response(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, action: str, extra: Fields
) -> None:
    """Nobody has to ask for one."""
    await shelve(lab.qbittorrent, DUNE)
    assert (
        await hass.services.async_call(DOMAIN, action, {"download": "Dune", **extra}, blocking=True)
        is None
    )


@pytest.mark.parametrize(("action", "extra"), ORDERS)
@pytest.mark.parametrize("fields", [{}, {"download": " \n"}], ids=["none", "blank"])
async def test_nothing_is_named(
    entry: ConfigEntry, act: Action, action: str, extra: Fields, fields: Fields
) -> None:
    """An empty template must not mean anything."""
    with pytest.raises(vol.Invalid):
        await act(action, **fields, **extra)


async def test_a_category_is_named(entry: ConfigEntry, act: Action) -> None:
    """One that is left out by mistake must not take the download out of its category."""
    with pytest.raises(vol.Invalid):
        await act("set_category", download="Dune")


@pytest.mark.parametrize(("action", "extra"), ORDERS)
async def test_the_server_is_down(
    lab: Lab, load: Load, act: Action, action: str, extra: Fields
) -> None:
    """That is told, not that the download is unknown."""
    server = lab.server()
    await load(server)
    server.kill()
    error = await refusal(act, action, download="Dune", **extra)
    assert error.translation_key == "qbittorrent_unreachable"
    assert not isinstance(error, ServiceValidationError)


@pytest.mark.parametrize(("action", "extra"), ORDERS)
async def test_the_entry_is_not_loaded(
    hass: HomeAssistant, entry: ConfigEntry, act: Action, action: str, extra: Fields
) -> None:
    """The actions are there, and say so."""
    await hass.config_entries.async_unload(entry.entry_id)
    fields = {"download": "Dune", "config_entry_id": entry.entry_id, **extra}
    with pytest.raises(ServiceValidationError):
        await act(action, **fields)


async def test_a_server_that_ignores_orders(
    lab: Lab, load: Load, act: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its "200" is no proof, so it ends with an error of what is there instead."""
    monkeypatch.setattr(orders, "_ORDER_SECONDS", 0.2)
    await shelve(lab.qbittorrent, DUNE)
    await load(qbittorrent_url=await lab.site(deaf(lab.qbittorrent.url)))
    error = await refusal(act, "pause", download="Dune")
    assert error.translation_key == "order_ignored"
    assert not isinstance(error, ServiceValidationError)
    assert "seeding" in worded(error)
    assert records(lab.qbittorrent)["Dune"]["state"] == "stalledUP"


async def test_files_that_stay(lab: Lab, load: Load, act: Action) -> None:
    """The download is gone, but its files are not: that is no success."""
    server = lab.server()
    await load(server)
    await shelve(server, DUNE)
    file = server.downloads / "Dune/dune.m4b"
    file.unlink()
    (file / "in-the-way").mkdir(parents=True)
    error = await refusal(act, "remove", download="Dune", delete_files=True)
    assert error.translation_key == "files_not_deleted"
    assert "Dune" in worded(error)
    assert (await act("get_downloads"))["downloads"] == []


async def test_no_secrets(lab: Lab, entry: ConfigEntry, act: Action) -> None:
    """A link that is taken for a name is told without its key."""
    link = f"{lab.jackett.url}/dl/lab/?jackett_apikey={lab.jackett.api_key}&path=x"
    error = await refusal(act, "pause", download=link)
    assert error.translation_key == "unknown_download"
    assert lab.jackett.api_key not in worded(error)
