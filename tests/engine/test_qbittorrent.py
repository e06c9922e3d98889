"""The client for qBittorrent's Web API, against all generations."""

from collections.abc import Callable
from json import dumps
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.auralarchive.engine.errors import (
    InvalidCategoryError,
    InvalidTorrentFileError,
    NotQbittorrentError,
    QbittorrentError,
    QbittorrentFailedError,
    QbittorrentTooOldError,
)
from custom_components.auralarchive.engine.mirror import Category, Mirror, Torrent, TorrentState
from custom_components.auralarchive.engine.qbittorrent import (
    AddAnswer,
    AddOptions,
    QbittorrentClient,
)
from custom_components.auralarchive.engine.session import Credentials
from custom_components.auralarchive.engine.torrent import TorrentFile, read_torrent
from scripts.lab.jackett import JackettStandIn
from scripts.lab.qbittorrent import QBittorrentServer, free_port
from scripts.lab.torrents import MadeTorrent, MagnetKind, TorrentKind, make_torrent
from tests.conftest import GENERATIONS, until

from .conftest import Serve
from .fake_qbittorrent import VERSIONS, FakeQbittorrent
from .proxy import Proxy

_LOGIN = Credentials(username="admin", password="correct horse")
_NONE = AddOptions()
MADE = make_torrent({"book.m4b": b"x" * 1000})
OTHER = make_torrent({"other.m4b": b"y" * 1000})
HYBRID = make_torrent({"hybrid.m4b": b"z" * 100_000}, kind=TorrentKind.HYBRID)

every_generation = pytest.mark.parametrize("generation", GENERATIONS)


def _file(made: MadeTorrent) -> TorrentFile:
    return read_torrent(made.data)


def _are_stopped(found: list[Torrent]) -> bool:
    return [torrent.state for torrent in found] == [TorrentState.STOPPED] * 2


async def _listed(client: QbittorrentClient, number: int = 1) -> list[Torrent]:
    """Wait for so many torrents."""
    return await until(client.torrents, lambda found: len(found) == number)


@pytest.mark.parametrize(
    ("generation", "app", "api"),
    [("4.5", "v4.5", (2, 8)), ("5.1", "v5.1", (2, 11)), ("5.3", "v5.3", (2, 16))],
)
async def test_versions(client: QbittorrentClient, app: str, api: tuple[int, ...]) -> None:
    """The server's own, and its Web API's as numbers."""
    version = await client.version()
    assert version.app.startswith(app)
    assert version.api[:2] == api


async def test_the_version_is_asked_for_once(
    http: ClientSession, serve: Serve, proxy: Proxy
) -> None:
    """Until the server may have been updated."""
    client = QbittorrentClient(http, await serve(proxy), _LOGIN)
    assert await client.version() == await client.version()
    assert proxy.count("app/webapiVersion") == 1
    client.forget_version()
    await client.version()
    assert proxy.count("app/webapiVersion") == 2


@every_generation
async def test_adding(client: QbittorrentClient) -> None:
    """Whatever words a version has for it."""
    magnet = OTHER.magnet(kind=MagnetKind.BASE32)
    assert await client.add_file(_file(MADE), _NONE) is AddAnswer.ACCEPTED
    assert await client.add_link(magnet, _NONE) is AddAnswer.ACCEPTED
    found = {torrent.infohash: torrent for torrent in await _listed(client, 2)}
    assert set(found) == {MADE.infohash, OTHER.infohash}
    assert found[OTHER.infohash].state is TorrentState.FETCHING_METADATA


@every_generation
async def test_adding_what_is_there(client: QbittorrentClient) -> None:
    """Nothing of it is added."""
    await client.add_file(_file(MADE), _NONE)
    await _listed(client)
    assert await client.add_file(_file(MADE), _NONE) is AddAnswer.REFUSED
    assert await client.add_link(MADE.magnet(), _NONE) is AddAnswer.REFUSED


@every_generation
@pytest.mark.parametrize("magnet", ["magnet:?xt=urn:btih:short", "magnet:?dn=x"])
async def test_adding_a_bad_magnet(client: QbittorrentClient, magnet: str) -> None:
    """Nothing of it is added either."""
    assert await client.add_link(magnet, _NONE) is AddAnswer.REFUSED
    assert await client.torrents() == []


@every_generation
async def test_adding_a_bad_file(client: QbittorrentClient) -> None:
    """The server says that it is none."""
    broken = TorrentFile(data=b"d4:infode", infohashes=_file(MADE).infohashes)
    with pytest.raises(InvalidTorrentFileError):
        await client.add_file(broken, _NONE)


@every_generation
async def test_a_link_is_accepted_whatever_becomes_of_it(client: QbittorrentClient) -> None:
    """The answer says nothing, the server's log may."""
    before = await client.log()
    link = f"http://127.0.0.1:{free_port()}/x"
    assert await client.add_link(link, _NONE) is AddAnswer.ACCEPTED
    assert await client.torrents() == []
    after = await client.log(before[-1].id)
    assert all(record.id > before[-1].id for record in after)


@pytest.mark.parametrize("generation", GENERATIONS[1:])
async def test_the_log_tells_of_links_that_failed(client: QbittorrentClient) -> None:
    """From 5.0 on, as a warning with the whole link in it."""
    link = f"http://127.0.0.1:{free_port()}/x?jackett_apikey=abc"
    before = (await client.log())[-1].id
    await client.add_link(link, _NONE)
    found = await until(
        lambda: client.log(before),
        lambda records: any(record.is_warning and link in record.message for record in records),
    )
    assert [record.id for record in found] == sorted(record.id for record in found)


@every_generation
async def test_how_to_add(client: QbittorrentClient, qbittorrent: QBittorrentServer) -> None:
    """Each option arrives, by whatever name the version knows it."""
    save_path = str(qbittorrent.downloads / "elsewhere")
    options = AddOptions(
        category="a/b", save_path=save_path, tags=("one", "two"), paused=True, sequential=True
    )
    await client.add_file(_file(MADE), options)
    (torrent,) = await _listed(client)
    assert torrent.category == "a/b"
    assert torrent.save_path.rstrip("/") == save_path
    assert torrent.tags == {"one", "two"}
    stopped = await until(
        client.torrents, lambda found: found[0].state is not TorrentState.CHECKING
    )
    assert stopped[0].state is TorrentState.STOPPED


@every_generation
async def test_the_path_of_a_category_is_used(
    client: QbittorrentClient, qbittorrent: QBittorrentServer
) -> None:
    """Without a path of the torrent's own."""
    path = str(qbittorrent.downloads / "books")
    qbittorrent.login().call("torrents/createCategory", {"category": "books", "savePath": path})
    await client.add_file(_file(MADE), AddOptions(category="books"))
    (torrent,) = await _listed(client)
    assert torrent.save_path.rstrip("/") == path
    assert (await client.categories())["books"] == Category(name="books", save_path=path)


@every_generation
async def test_listing(client: QbittorrentClient) -> None:
    """By id, by tag, by category."""
    await client.add_file(_file(MADE), AddOptions(category="a", tags=("mine",)))
    await client.add_file(_file(HYBRID), AddOptions(category="b"))
    await _listed(client, 2)

    async def names(**query: Any) -> list[str]:
        return [torrent.name for torrent in await client.torrents(**query)]

    assert await names(ids=[MADE.infohash, "00" * 20]) == [MADE.name]
    assert await names(ids=["00" * 20]) == []
    assert await names(ids=[HYBRID.infohash]) == [HYBRID.name]
    assert await names(tag="mine") == [MADE.name]
    assert await names(category="b") == [HYBRID.name]
    (hybrid,) = await client.torrents(category="b")
    assert (hybrid.infohash_v1, hybrid.infohash_v2) == (HYBRID.infohash_v1, HYBRID.infohash_v2)


@every_generation
async def test_categories(client: QbittorrentClient) -> None:
    """They are created once; impossible names are told as such."""
    assert await client.categories() == {}
    await client.create_category("audiobooks/german & more")
    await client.create_category("audiobooks/german & more")
    assert set(await client.categories()) >= {"audiobooks/german & more"}
    for name in ("bad//name", "/bad", "bad/", "a\\b", ""):
        with pytest.raises(InvalidCategoryError):
            await client.create_category(name)
    await client.add_file(_file(MADE), _NONE)
    (torrent,) = await _listed(client)
    await client.set_category(torrent.infohash, "audiobooks/german & more")
    (torrent,) = await client.torrents()
    assert torrent.category == "audiobooks/german & more"
    with pytest.raises(InvalidCategoryError):
        await client.set_category(torrent.infohash, "unknown")


@every_generation
async def test_tags(client: QbittorrentClient, qbittorrent: QBittorrentServer) -> None:
    """They are made where needed, and deleted without a trace."""
    await client.add_file(_file(MADE), AddOptions(tags=("first",)))
    await _listed(client)
    await client.add_tags(MADE.infohash, ["second", "third"])
    assert (await client.torrents())[0].tags == {"first", "second", "third"}
    await client.delete_tags(["first", "third", "unknown"])
    assert (await client.torrents())[0].tags == {"second"}
    assert qbittorrent.login().call("torrents/tags") == dumps(["second"])


@every_generation
async def test_stopping_starting_deleting(client: QbittorrentClient) -> None:
    """By the names of the version."""
    await client.add_link(MADE.magnet(), _NONE)
    await _listed(client)

    def is_in(state: TorrentState) -> Callable[[list[Torrent]], bool]:
        return lambda found: found[0].state is state

    await client.stop(MADE.infohash)
    await until(client.torrents, is_in(TorrentState.STOPPED))
    await client.start(MADE.infohash)
    await until(client.torrents, is_in(TorrentState.FETCHING_METADATA))
    await client.delete(MADE.infohash, delete_files=True)
    await _listed(client, 0)


@every_generation
async def test_preferences(client: QbittorrentClient) -> None:
    """Under the server's own names."""
    assert (await client.preferences())["dht"] is False


@every_generation
async def test_the_mirror_follows_the_server(
    client: QbittorrentClient, qbittorrent: QBittorrentServer
) -> None:
    """Deltas come to the same as a fresh listing, whatever happens in between."""
    mirror = Mirror()
    mirror.apply(await client.maindata(0))
    await client.create_category("books")
    await client.add_file(_file(MADE), AddOptions(category="books", tags=("x",), paused=True))
    await client.add_file(_file(HYBRID), AddOptions(paused=True))
    await until(client.torrents, _are_stopped)
    mirror.apply(await client.maindata(mirror.rid))
    await client.set_category(HYBRID.infohash, "books")
    await client.delete(MADE.infohash)
    await _listed(client)

    async def both() -> tuple[list[Torrent], list[Torrent]]:
        mirror.apply(await client.maindata(mirror.rid))
        return list(mirror.torrents.values()), await client.torrents()

    # Its new category moves it, and it may be on its way between the two answers.
    mirrored, _ = await until(both, lambda seen: seen[0] == seen[1])
    assert [torrent.infohash for torrent in mirrored] == [HYBRID.infohash]
    assert mirror.categories == await client.categories()
    # A rid that the server does not know, as after its restart.
    mirror.rid = 9999
    assert not mirror.apply(await client.maindata(mirror.rid)).removed
    assert list(mirror.torrents.values()) == await client.torrents()


async def test_fetching_metadata(client: QbittorrentClient, jackett: JackettStandIn) -> None:
    """The newest servers can be asked to open a link."""
    jackett.seed.add({"one": MADE.data, "two": b"<html>"})

    async def fetch() -> dict[str, Any] | None:
        return await client.fetch_metadata(f"{jackett.seed_url}one?a=%2B+b&c=d")

    metadata = await until(fetch, bool)
    assert (metadata or {})["infohash_v1"] == MADE.infohash_v1
    assert jackett.requested("/seed/one")[-1].target == "/seed/one?a=%2B+b&c=d"

    async def fail() -> bool:
        try:
            await client.fetch_metadata(f"{jackett.seed_url}two")
        except InvalidTorrentFileError:
            return True
        return False

    assert await until(fail, bool)


@pytest.mark.parametrize("generation", GENERATIONS[:-1])
async def test_old_servers_fetch_no_metadata(client: QbittorrentClient) -> None:
    """They are not even asked."""
    with pytest.raises(QbittorrentTooOldError) as caught:
        await client.fetch_metadata("http://127.0.0.1/")
    assert caught.value.values["needed"] == "5.2"


@pytest.mark.parametrize("version", VERSIONS)
async def test_versions_that_cannot_be_had(http: ClientSession, serve: Serve, version: str) -> None:
    """The same client works with each of them."""
    server = FakeQbittorrent(version=VERSIONS[version])
    client = QbittorrentClient(http, await serve(server), _LOGIN)
    assert (await client.version()).app == VERSIONS[version].app
    options = AddOptions(category="books", tags=("mine",), paused=True)
    assert await client.add_file(_file(MADE), options) is AddAnswer.ACCEPTED
    assert await client.add_file(_file(MADE), options) is AddAnswer.REFUSED
    assert await client.add_link(OTHER.magnet(), _NONE) is AddAnswer.ACCEPTED
    assert await client.add_link("magnet:?x", _NONE) is AddAnswer.REFUSED
    found = {torrent.infohash: torrent for torrent in await client.torrents()}
    assert set(found) == {MADE.infohash, OTHER.infohash}
    assert all(infohash in torrent.ids for infohash, torrent in found.items())
    assert found[MADE.infohash].state is TorrentState.STOPPED
    await client.stop(MADE.infohash)
    await client.start(MADE.infohash)
    names = [endpoint.removeprefix("torrents/") for endpoint, _ in server.calls]
    assert names[-2:] == [VERSIONS[version].stop, VERSIONS[version].start]
    (first, *_) = [fields for endpoint, fields in server.calls if endpoint == "torrents/add"]
    assert first == {
        "category": "books",
        "tags": "mine",
        "autoTMM": "true",
        "sequentialDownload": "false",
        "paused": "true",
        "stopped": "true",
    }


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (200, "Ok.", AddAnswer.ACCEPTED),
        (200, "Ok.\n", AddAnswer.ACCEPTED),
        (200, "Fails.", AddAnswer.REFUSED),
        (202, '{"pending_count":1,"success_count":0}', AddAnswer.ACCEPTED),
        (200, '{"added_torrent_ids":["x"],"success_count":1}', AddAnswer.ACCEPTED),
        (200, '{"pending_count":1}', AddAnswer.ACCEPTED),
        (200, '{"success_count":0,"failure_count":1}', AddAnswer.REFUSED),
        (200, "[]", AddAnswer.REFUSED),
        (409, "Conflict", AddAnswer.REFUSED),
        (409, '{"failure_count":1}', AddAnswer.REFUSED),
    ],
)
async def test_answers_to_an_add(
    http: ClientSession, serve: Serve, status: int, text: str, expected: AddAnswer
) -> None:
    """What one version says is never taken for what another means."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, text=text)

    client = QbittorrentClient(http, await serve(answer), _LOGIN)
    assert await client.add_link("magnet:?x", _NONE) is expected


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (200, "<html>Welcome</html>", QbittorrentFailedError),
        (200, "", QbittorrentFailedError),
        (500, "Ok.", QbittorrentFailedError),
        (415, "Error: 'a' is not a valid torrent file.", InvalidTorrentFileError),
    ],
    ids=["html", "empty", "500", "415"],
)
async def test_odd_answers_to_an_add(
    http: ClientSession,
    serve: Serve,
    status: int,
    text: str,
    error: type[QbittorrentError | InvalidTorrentFileError],
) -> None:
    """What nobody can know is no success."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, text=text)

    client = QbittorrentClient(http, await serve(answer), _LOGIN)
    with pytest.raises(error):
        await client.add_link("magnet:?x", _NONE)


@pytest.mark.parametrize("text", ["", "<html>1.2</html>", "Welcome", "2" * 30, "v2.8"])
async def test_what_is_no_version(http: ClientSession, serve: Serve, text: str) -> None:
    """Something answers there, but not qBittorrent."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=text)

    with pytest.raises(NotQbittorrentError):
        await QbittorrentClient(http, await serve(answer), _LOGIN).version()


async def test_a_version_before_4_1(http: ClientSession, serve: Serve) -> None:
    """It had another Web API."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="1.18")

    with pytest.raises(QbittorrentTooOldError) as caught:
        await QbittorrentClient(http, await serve(answer), _LOGIN).version()
    assert caught.value.values["needed"] == "4.1"


@pytest.mark.parametrize("text", ["", "<html>", "5", "null", '"x"'])
async def test_what_is_not_the_json_that_was_expected(
    http: ClientSession, serve: Serve, text: str
) -> None:
    """It is an error, whatever was asked for."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=text)

    client = QbittorrentClient(http, await serve(answer), _LOGIN)
    for call in (client.torrents, client.categories, client.log, client.preferences):
        with pytest.raises(QbittorrentFailedError):
            await call()


async def test_odd_entries_are_passed_over(http: ClientSession, serve: Serve) -> None:
    """What is readable counts."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text='[1, {}, {"id": 5, "message": "x", "type": 4, "hash": "ab"}]')

    client = QbittorrentClient(http, await serve(answer), _LOGIN)
    assert [record.id for record in await client.log()] == [5]
    assert [torrent.infohash for torrent in await client.torrents()] == ["", "ab"]
