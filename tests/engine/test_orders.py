"""Orders: followed, already followed, ignored, and by servers that go away."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
import os

from aiohttp import ClientSession, web
import pytest

from custom_components.auralarchive.engine import orders, removal
from custom_components.auralarchive.engine.errors import (
    AuralArchiveError,
    DownloadGoneError,
    FilesNotDeletedError,
    InvalidCategoryError,
    OrderIgnoredError,
    OrderUnverifiedError,
    QbittorrentAuthError,
    QbittorrentFailedError,
    QbittorrentUnreachableError,
)
from custom_components.auralarchive.engine.mirror import Torrent, TorrentState, read_torrent_record
from custom_components.auralarchive.engine.orders import (
    Order,
    Pause,
    Remove,
    Resume,
    SetCategory,
    carry_out,
)
from custom_components.auralarchive.engine.qbittorrent import QbittorrentClient
from custom_components.auralarchive.engine.redact import Redactor
from custom_components.auralarchive.engine.session import Credentials
from scripts.lab.qbittorrent import ApiSession, QBittorrentServer, free_port
from scripts.lab.torrents import MadeTorrent, TorrentKind, make_torrent
from tests.conftest import GENERATIONS, until

from .conftest import Serve

BOOK = make_torrent({"dune.m4b": b"sand" * 20_000, "dune.jpg": b"worm" * 2_000}, name="Dune")
V1 = "a1" * 20
RUNNING = {TorrentState.DOWNLOADING, TorrentState.STALLED, TorrentState.SEEDING}

type MakeOrder = Callable[[QbittorrentClient], Order]
type Record = dict[str, object]


def _set_category(client: QbittorrentClient) -> Order:
    return SetCategory(client, "done")


def _remove(client: QbittorrentClient) -> Order:
    return Remove(client, delete_files=False)


ORDERS = [
    pytest.param(Pause, "paused", id="pause"),
    pytest.param(Resume, "resumed", id="resume"),
    pytest.param(_set_category, "category_set", id="set-category"),
    pytest.param(_remove, "removed", id="remove"),
]


def stopped(is_stopped: bool) -> dict[str, str]:
    """Return an add's fields for a torrent that is to be stopped, or not, in all versions."""
    return {name: str(is_stopped).lower() for name in ("paused", "stopped")}


def add_complete(server: QBittorrentServer, made: MadeTorrent, **fields: str) -> ApiSession:
    """Add a torrent whose files are there."""
    for path, content in made.content.items():
        file = server.downloads / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    session = server.login()
    session.add_file(made.data, skip_checking="true", seedMode="true", **fields)
    return session


async def listed(client: QbittorrentClient, infohash: str, *states: TorrentState) -> Torrent:
    """Return a torrent once it is listed, in one of some states if any are named."""

    async def look() -> list[Torrent]:
        return await client.torrents(ids=[infohash])

    def is_right(found: list[Torrent]) -> bool:
        return bool(found) and (not states or found[0].state in states)

    return (await until(look, is_right))[0]


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    ("is_complete", "state"),
    [(True, TorrentState.COMPLETED), (False, TorrentState.STOPPED)],
    ids=["complete", "unfinished"],
)
async def test_pause_and_resume(
    client: QbittorrentClient, qbittorrent: QBittorrentServer, is_complete: bool, state: str
) -> None:
    """Each is done once, and is already so the second time."""
    add: dict[bool, Callable[[QBittorrentServer, MadeTorrent], object]] = {
        True: add_complete,
        False: lambda server, made: server.login().add_file(made.data),
    }
    add[is_complete](qbittorrent, BOOK)
    torrent = await listed(client, BOOK.infohash, *RUNNING)
    seen = []
    for make in (Pause, Pause, Resume, Resume):
        ordered = await carry_out(client, make(client), torrent)
        seen.append((ordered.status, ordered.torrent.state in RUNNING))
        torrent = ordered.torrent
    assert seen == [
        ("paused", False),
        ("already_paused", False),
        ("resumed", True),
        ("already_running", True),
    ]
    assert (await carry_out(client, Pause(client), torrent)).torrent.state is state


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("source", ["file", "magnet"])
async def test_right_after_an_add(
    client: QbittorrentClient, qbittorrent: QBittorrentServer, source: str
) -> None:
    """What is still being loaded is stopped, and stays so."""
    session = qbittorrent.login()
    add = {
        "file": lambda: session.add_file(BOOK.data),
        "magnet": lambda: session.call("torrents/add", {"urls": BOOK.magnet()}),
    }
    add[source]()
    torrent = await listed(client, BOOK.infohash)
    assert (await carry_out(client, Pause(client), torrent)).status == "paused"
    assert await client.is_stopped(BOOK.infohash)
    await listed(client, BOOK.infohash, TorrentState.STOPPED)
    assert (await carry_out(client, Resume(client), torrent)).status == "resumed"
    await listed(client, BOOK.infohash, TorrentState.STALLED, TorrentState.FETCHING_METADATA)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_resume_during_a_check(
    client: QbittorrentClient, qbittorrent: QBittorrentServer
) -> None:
    """A stopped torrent runs for its check alone: that is not taken for having been started."""
    made = make_torrent({"long.m4b": os.urandom(1 << 20) * 150})
    session = add_complete(qbittorrent, made, **stopped(True))
    torrent = await listed(client, made.infohash, TorrentState.COMPLETED)
    session.call("torrents/recheck", {"hashes": made.infohash})
    ordered = await carry_out(client, Resume(client), torrent)
    assert (ordered.status, ordered.torrent.state) == ("resumed", TorrentState.SEEDING)
    assert not await client.is_stopped(made.infohash)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_pause_during_a_check(
    client: QbittorrentClient, qbittorrent: QBittorrentServer
) -> None:
    """The check ends, too; what was listed as stopped before it is stopped again."""
    made = make_torrent({"long.m4b": os.urandom(1 << 20) * 150})
    session = add_complete(qbittorrent, made, **stopped(True))
    torrent = await listed(client, made.infohash, TorrentState.COMPLETED)
    session.call("torrents/recheck", {"hashes": made.infohash})
    await listed(client, made.infohash, TorrentState.CHECKING)
    ordered = await carry_out(client, Pause(client), torrent)
    assert ordered.status == "paused"
    assert await client.is_stopped(made.infohash)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_missing_files(client: QbittorrentClient, qbittorrent: QBittorrentServer) -> None:
    """Such a torrent can be stopped; its state stays as it is."""
    qbittorrent.login().add_file(BOOK.data, skip_checking="true", seedMode="true")
    torrent = await listed(client, BOOK.infohash, TorrentState.MISSING_FILES)
    ordered = await carry_out(client, Pause(client), torrent)
    assert (ordered.status, ordered.torrent.state) == ("paused", TorrentState.MISSING_FILES)
    again = await carry_out(client, Pause(client), torrent)
    assert again.status == "already_paused"


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("kind", [TorrentKind.V2, TorrentKind.HYBRID])
async def test_kinds(
    client: QbittorrentClient, qbittorrent: QBittorrentServer, kind: TorrentKind
) -> None:
    """Orders go to the server's own id, which is no v1 infohash here."""
    made = make_torrent({"dune.m4b": b"sand" * 20_000}, kind=kind)
    qbittorrent.login().add_file(made.data)
    torrent = await listed(client, made.infohash)
    statuses = [
        (await carry_out(client, order, torrent)).status
        for order in (Pause(client), Resume(client), _set_category(client), _remove(client))
    ]
    assert statuses == ["paused", "resumed", "category_set", "removed"]
    assert await client.torrents() == []


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_categories(client: QbittorrentClient, qbittorrent: QBittorrentServer) -> None:
    """One is created where needed, sub-categories too; none is possible; a bad name is refused."""
    session = qbittorrent.login()
    session.add_file(BOOK.data, category="books", **stopped(True))
    torrent = await listed(client, BOOK.infohash)
    seen = []
    for category in ("books", "films", "books/done", ""):
        ordered = await carry_out(client, SetCategory(client, category), torrent)
        seen.append((ordered.status, ordered.torrent.category))
    assert seen == [
        ("already_in_category", "books"),
        ("category_set", "films"),
        ("category_set", "books/done"),
        ("category_set", ""),
    ]
    assert {"books", "films", "books/done"} <= set(await client.categories())
    with pytest.raises(InvalidCategoryError):
        await carry_out(client, SetCategory(client, "bad//name"), torrent)
    assert (await listed(client, BOOK.infohash)).category == ""


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_category_with_a_folder(
    client: QbittorrentClient, qbittorrent: QBittorrentServer
) -> None:
    """Under automatic management the files move along."""
    folder = qbittorrent.profile / "done"
    session = add_complete(qbittorrent, BOOK, autoTMM="true", **stopped(True))
    session.call("torrents/createCategory", {"category": "done", "savePath": str(folder)})
    torrent = await listed(client, BOOK.infohash, TorrentState.COMPLETED)
    ordered = await carry_out(client, SetCategory(client, "done"), torrent)
    assert (ordered.status, ordered.torrent.category) == ("category_set", "done")

    async def files() -> set[str]:
        return {path.name for path in folder.rglob("*.*")}

    assert await until(files, lambda seen: len(seen) == 2) == {"dune.m4b", "dune.jpg"}


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("delete_files", [False, True], ids=["keep-files", "delete-files"])
async def test_remove(
    client: QbittorrentClient, qbittorrent: QBittorrentServer, delete_files: bool
) -> None:
    """The torrent goes; its files go only if that is asked for, and then they are gone."""
    add_complete(qbittorrent, BOOK)
    torrent = await listed(client, BOOK.infohash, TorrentState.SEEDING)
    removed = await removal.remove(client, torrent, Redactor(), delete_files=delete_files)
    assert removed.torrent.name == "Dune"
    assert removed.files_deleted is delete_files
    assert await client.torrents() == []
    assert [(qbittorrent.downloads / path).exists() for path in BOOK.content] == [
        not delete_files
    ] * 2


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_remove_a_magnet(client: QbittorrentClient, qbittorrent: QBittorrentServer) -> None:
    """It has no files that would have to be waited for."""
    qbittorrent.login().call("torrents/add", {"urls": BOOK.magnet()})
    torrent = await listed(client, BOOK.infohash, TorrentState.FETCHING_METADATA)
    assert (await removal.remove(client, torrent, Redactor(), delete_files=True)).files_deleted


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_files_that_stay(client: QbittorrentClient, qbittorrent: QBittorrentServer) -> None:
    """The torrent is gone, but that is not all that was asked for."""
    # What stays behind must not be in the way of other tests.
    made = make_torrent({"one.m4b": b"1" * 20_000, "two.m4b": b"2" * 20_000}, name="Stays")
    add_complete(qbittorrent, made)
    torrent = await listed(client, made.infohash, TorrentState.SEEDING)
    file = qbittorrent.downloads / "Stays/one.m4b"
    file.unlink()
    (file / "in-the-way").mkdir(parents=True)
    with pytest.raises(FilesNotDeletedError) as refused:
        await removal.remove(client, torrent, Redactor(), delete_files=True)
    assert refused.value.values["name"] == "Stays"
    assert "directory" in refused.value.values["detail"].lower()
    assert await client.torrents() == []


@dataclass
class Stubborn:
    """A server that lists one torrent; it follows the order with number `hears`, -1 is never.

    Endpoints in `answers` answer with that status, after having done what they are asked for, and
    those in `after_order` do so once the first order has been answered.
    """

    record: Record
    hears: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    after_order: dict[str, int] = field(default_factory=dict)
    ordered: asyncio.Event = field(default_factory=asyncio.Event)
    shows_state: bool = True
    is_stopped: bool = False
    is_there: bool = True
    log: list[Record] = field(default_factory=list)
    after_removal: list[Record] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        endpoint = request.path.partition("/api/v2/")[2]
        fields = {name: str(value) for name, value in (await request.post()).items()}
        if endpoint in {
            "torrents/stop",
            "torrents/start",
            "torrents/delete",
            "torrents/setCategory",
        }:
            self.given.append(endpoint)
            if len(self.given) - 1 == self.hears:
                self._follow(endpoint, fields)
        status = self.answers.get(endpoint)
        if self.given and not self.ordered.is_set():
            self.answers |= self.after_order
            self.ordered.set()
        if status:
            return web.Response(status=status)
        return self._answer(endpoint, dict(request.query))

    def _follow(self, endpoint: str, fields: dict[str, str]) -> None:
        match endpoint:
            case "torrents/stop":
                self.is_stopped = True
                self.record |= {"state": "stoppedDL"} if self.shows_state else {}
            case "torrents/start":
                self.is_stopped = False
                self.record |= {"state": "downloading"} if self.shows_state else {}
            case "torrents/delete":
                self.is_there = False
                self.log += self.after_removal
            case _:
                self.record["category"] = fields["category"]

    def _answer(self, endpoint: str, query: dict[str, str]) -> web.Response:
        if endpoint == "app/version":
            return web.Response(text="v5.3.0")
        if endpoint == "app/webapiVersion":
            return web.Response(text="2.16.2")
        if endpoint == "log/main":
            known = int(query["last_known_id"])
            return web.json_response([one for one in self.log if int(str(one["id"])) > known])
        hidden = "filter" in query and not self.is_stopped
        is_listed = self.is_there and not hidden
        return web.json_response([self.record] if is_listed else [])


def _server(make: MakeOrder, **fields: object) -> Stubborn:
    """Return a server on which an order still has everything to do."""
    is_stopped = make is Resume
    state = "stoppedDL" if is_stopped else "downloading"
    record = {"hash": V1, "name": "Dune", "state": state, "category": "books", "size": 1, **fields}
    return Stubborn(record, is_stopped=is_stopped)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after a moment."""
    monkeypatch.setattr(orders, "_ORDER_SECONDS", 0.1)


async def _client(http: ClientSession, serve: Serve, server: Stubborn) -> QbittorrentClient:
    return QbittorrentClient(http, await serve(server), Credentials())


@pytest.mark.parametrize(("make", "status"), ORDERS)
async def test_an_order_that_was_lost(
    http: ClientSession,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    make: MakeOrder,
    status: str,
) -> None:
    """It is given again, and counts once it has had its effect."""
    monkeypatch.setattr(orders, "_FIRST_REPEAT", 0.01)
    server = _server(make)
    server.hears = 2
    client = await _client(http, serve, server)
    torrent = read_torrent_record(server.record)
    ordered = await carry_out(client, make(client), torrent)
    assert ordered.status == status
    assert len(server.given) == 3


@pytest.mark.parametrize(("make", "status"), ORDERS)
@pytest.mark.usefixtures("impatient")
async def test_an_order_that_is_ignored(
    http: ClientSession, serve: Serve, make: MakeOrder, status: str
) -> None:
    """That the server says 200 is no proof; what is seen instead is told."""
    server = _server(make)
    server.hears = -1
    client = await _client(http, serve, server)
    torrent = read_torrent_record(server.record)
    with pytest.raises(OrderIgnoredError) as refused:
        await carry_out(client, make(client), torrent)
    assert refused.value.values == {
        "name": "Dune",
        "seconds": "0.1",
        "state": torrent.state,
        "category": "books",
    }
    assert server.given


@pytest.mark.parametrize("answered", [HTTPStatus.BAD_GATEWAY, HTTPStatus.INTERNAL_SERVER_ERROR])
@pytest.mark.parametrize(("make", "status"), ORDERS)
async def test_an_order_whose_answer_is_lost(
    http: ClientSession, serve: Serve, make: MakeOrder, status: str, answered: int
) -> None:
    """What was seen counts, not what was said."""
    server = _server(make)
    endpoints = ("stop", "start", "delete", "setCategory")
    server.answers = {f"torrents/{name}": answered for name in endpoints}
    client = await _client(http, serve, server)
    ordered = await carry_out(client, make(client), read_torrent_record(server.record))
    assert ordered.status == status


@pytest.mark.usefixtures("impatient")
async def test_an_order_that_is_refused(http: ClientSession, serve: Serve) -> None:
    """The server's error is told."""
    server = _server(Pause)
    server.hears = -1
    server.answers = {"torrents/stop": HTTPStatus.INTERNAL_SERVER_ERROR}
    client = await _client(http, serve, server)
    with pytest.raises(QbittorrentFailedError) as refused:
        await carry_out(client, Pause(client), read_torrent_record(server.record))
    assert refused.value.values == {"detail": "HTTP 500 (torrents/stop)"}


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        pytest.param(HTTPStatus.BAD_GATEWAY, QbittorrentFailedError, id="away"),
        pytest.param(HTTPStatus.FORBIDDEN, QbittorrentAuthError, id="login"),
    ],
)
@pytest.mark.usefixtures("impatient")
async def test_a_server_that_goes_after_the_order(
    http: ClientSession, serve: Serve, status: int, cause: type[AuralArchiveError]
) -> None:
    """Whether the order was followed is not known, and that is said."""
    server = _server(Pause)
    server.after_order = {"torrents/info": status}
    client = await _client(http, serve, server)
    with pytest.raises(OrderUnverifiedError) as refused:
        await carry_out(client, Pause(client), read_torrent_record(server.record))
    assert isinstance(refused.value.cause, cause)


async def test_a_server_that_is_away_for_a_moment(http: ClientSession, serve: Serve) -> None:
    """It may be restarting: the order counts if it is seen to have been followed."""
    server = _server(Pause)
    server.after_order = {"torrents/info": HTTPStatus.SERVICE_UNAVAILABLE}
    client = await _client(http, serve, server)
    async with asyncio.TaskGroup() as group:
        ordered = group.create_task(
            carry_out(client, Pause(client), read_torrent_record(server.record))
        )
        await asyncio.wait_for(server.ordered.wait(), 5)
        server.answers.clear()
    assert ordered.result().status == "paused"


async def test_a_server_that_is_down(http: ClientSession) -> None:
    """Nothing was ordered, so it is the server's absence that is told."""
    client = QbittorrentClient(http, f"http://127.0.0.1:{free_port()}", Credentials())
    with pytest.raises(QbittorrentUnreachableError):
        await carry_out(client, Pause(client), read_torrent_record({"hash": V1}))


@pytest.mark.parametrize("make", [Pause, Resume, _set_category])
async def test_a_download_that_is_gone(http: ClientSession, serve: Serve, make: MakeOrder) -> None:
    """Somebody else removed it; unknown infohashes would be fine with the server."""
    server = _server(make)
    server.is_there = False
    client = await _client(http, serve, server)
    with pytest.raises(DownloadGoneError) as refused:
        await carry_out(client, make(client), read_torrent_record(server.record))
    assert refused.value.values == {"name": "Dune"}
    assert server.given == []


async def test_another_id(http: ClientSession, serve: Serve) -> None:
    """A magnet's torrent may turn out to be a hybrid, which has another id: it is not gone."""
    server = _server(Pause, size=0)
    torrent = read_torrent_record(server.record)
    server.record |= {"hash": "b2" * 20, "infohash_v1": V1, "infohash_v2": "b2" * 32}
    client = await _client(http, serve, server)
    ordered = await carry_out(client, Pause(client), torrent)
    assert ordered.torrent.infohash == "b2" * 20


@pytest.mark.parametrize("state", ["checkingUP", "moving", "error", "somethingNew"])
async def test_states_that_hide_the_stop(
    http: ClientSession, serve: Serve, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """They are shown on, so the server is asked whether it is stopped; one order is enough."""
    monkeypatch.setattr(orders, "_LAG_SECONDS", 0.02)
    server = _server(Pause, state=state)
    server.shows_state = False
    client = await _client(http, serve, server)
    ordered = await carry_out(client, Pause(client), read_torrent_record(server.record))
    assert ordered.status == "paused"
    assert server.given == ["torrents/stop"]


@pytest.mark.parametrize("state", ["checkingUP", "error", "missingFiles"])
@pytest.mark.usefixtures("impatient")
async def test_states_that_are_not_running(http: ClientSession, serve: Serve, state: str) -> None:
    """What is started and stays so does not run, or may stop again at once."""
    server = _server(Resume, state=state)
    server.shows_state = False
    client = await _client(http, serve, server)
    with pytest.raises(OrderIgnoredError):
        await carry_out(client, Resume(client), read_torrent_record(server.record))


@pytest.mark.parametrize("state", ["moving", "queuedDL", "metaDL"])
async def test_states_that_are_running(http: ClientSession, serve: Serve, state: str) -> None:
    """The server goes on with it when it can."""
    server = _server(Pause, state=state)
    client = await _client(http, serve, server)
    ordered = await carry_out(client, Resume(client), read_torrent_record(server.record))
    assert ordered.status == "already_running"
    assert server.given == []


def _line(number: int, message: str, kind: int = 1) -> Record:
    return {"id": number, "message": message, "type": kind}


@pytest.mark.parametrize(
    ("lines", "files_deleted"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([_line(1, 'Torrent removed. Torrent: "Dune"')], None, id="torrent-only"),
        pytest.param(
            [_line(1, 'Removed "Dune"'), _line(2, 'Removed "Dune Messiah"')], None, id="another"
        ),
        pytest.param([_line(1, "Entfernt: „Dune“"), _line(2, "„Dune“ weg")], True, id="german"),
        pytest.param(
            [_line(1, "«\xa0Dune\xa0» 1"), _line(2, "«\xa0Dune\xa0» 2")], True, id="french"
        ),
        pytest.param(
            [_line(1, '"Dune"'), _line(2, "Dune is a word", 4), _line(3, '"Dune"')],
            True,
            id="word-of-a-warning",
        ),
    ],
)
async def test_what_the_log_says_of_files(
    http: ClientSession,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[Record],
    files_deleted: bool | None,
) -> None:
    """Only what it says of exactly this torrent counts; silence is not taken for success."""
    monkeypatch.setattr(removal, "_FILES_SECONDS", 0.05)
    server = _server(_remove)
    server.log = [_line(0, 'Failed to remove torrent content. Torrent: "Dune"', 4)]
    server.after_removal = lines
    client = await _client(http, serve, server)
    torrent = read_torrent_record(server.record)
    removed = await removal.remove(client, torrent, Redactor(), delete_files=True)
    assert removed.files_deleted is files_deleted


async def test_a_log_that_cannot_be_read(http: ClientSession, serve: Serve) -> None:
    """The torrent was seen to be gone; of its files nothing is known."""
    server = _server(_remove)
    server.after_order = {"log/main": HTTPStatus.INTERNAL_SERVER_ERROR}
    client = await _client(http, serve, server)
    torrent = read_torrent_record(server.record)
    removed = await removal.remove(client, torrent, Redactor(), delete_files=True)
    assert removed.files_deleted is None


async def test_secrets_in_the_log(http: ClientSession, serve: Serve) -> None:
    """The server's sentence is told without them."""
    server = _server(_remove)
    server.after_removal = [_line(1, '"Dune": passkey=0123456789abcdef', 4)]
    client = await _client(http, serve, server)
    torrent = read_torrent_record(server.record)
    with pytest.raises(FilesNotDeletedError) as refused:
        await removal.remove(client, torrent, Redactor(), delete_files=True)
    assert refused.value.values == {"name": "Dune", "detail": '"Dune": passkey=***'}
