"""Bringing a torrent into the state that was asked for."""

from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.auralarchive.engine.errors import InvalidCategoryError, RemovedError
from custom_components.auralarchive.engine.mirror import Mirror, Torrent, read_torrent_record
from custom_components.auralarchive.engine.qbittorrent import AddOptions, QbittorrentClient
from custom_components.auralarchive.engine.session import Credentials
from custom_components.auralarchive.engine.settle import Warned, queued_or_not, settle
from custom_components.auralarchive.engine.verification import Verifier

from .conftest import Serve
from .scripted import Record, Scripted

V1 = "a1" * 20


def _record(**fields: Any) -> Record:
    return {"hash": V1, "name": "Dune", "category": "books", "save_path": "/d", **fields}


async def _settled(
    http: ClientSession, address: str, torrent: Torrent, options: AddOptions, *, was_there: bool
) -> tuple[Torrent, tuple[Warned, ...]]:
    client = QbittorrentClient(http, address, Credentials())
    verifier = Verifier(client, Mirror())
    return await settle(client, verifier, torrent, options, was_there=was_there)


@pytest.mark.parametrize(
    ("fields", "options", "cautions"),
    [
        ({}, AddOptions(), []),
        ({}, AddOptions(category="books"), []),
        ({"state": "stoppedDL"}, AddOptions(), ["stopped"]),
        ({"state": "pausedDL"}, AddOptions(), ["stopped"]),
        ({"state": "stoppedDL"}, AddOptions(paused=True), []),
        ({"state": "queuedDL"}, AddOptions(), ["queued"]),
        ({"state": "error"}, AddOptions(), ["torrent_error"]),
        ({"state": "missingFiles"}, AddOptions(), ["torrent_error"]),
        ({"state": "metaDL"}, AddOptions(), []),
        ({"state": "stalledUP"}, AddOptions(), []),
        ({}, AddOptions(save_path="/d"), []),
        ({}, AddOptions(save_path="/d/"), []),
        ({"save_path": "/d/"}, AddOptions(save_path="/d"), []),
        ({}, AddOptions(save_path="/e"), ["save_path_differs"]),
        ({"state": "queuedDL"}, AddOptions(save_path="/e"), ["save_path_differs", "queued"]),
    ],
)
async def test_what_differs(
    http: ClientSession,
    serve: Serve,
    fields: dict[str, str],
    options: AddOptions,
    cautions: list[str],
) -> None:
    """It is told; nothing that is right is touched."""
    server = Scripted()
    torrent = read_torrent_record(_record(**fields))
    found, warnings = await _settled(http, await serve(server), torrent, options, was_there=True)
    assert [warned.caution for warned in warnings] == cautions
    assert found == torrent
    assert server.calls == []


@pytest.mark.parametrize(
    ("before", "was_there", "cautions"),
    [("", True, []), ("", False, []), ("other", False, []), ("other", True, ["category_changed"])],
)
async def test_categories(
    http: ClientSession, serve: Serve, before: str, was_there: bool, cautions: list[str]
) -> None:
    """They are set; what somebody had chosen before is told."""
    server = Scripted(torrents=[_record(category=before)])
    torrent = read_torrent_record(server.torrents[0])
    options = AddOptions(category="books")
    found, warnings = await _settled(
        http, await serve(server), torrent, options, was_there=was_there
    )
    assert found.category == "books"
    assert [warned.caution for warned in warnings] == cautions


async def test_a_category_that_does_not_stick(http: ClientSession, serve: Serve) -> None:
    """The torrent is there, but not as it was asked for."""
    server = Scripted(torrents=[_record(category="")])
    torrent = read_torrent_record(server.torrents[0])
    server.after["torrents/setCategory"] = lambda: server.torrents[0].update(category="")
    with pytest.raises(InvalidCategoryError):
        await _settled(
            http, await serve(server), torrent, AddOptions(category="books"), was_there=False
        )


async def test_a_torrent_that_is_removed_in_this_moment(http: ClientSession, serve: Serve) -> None:
    """It is not there as it was asked for, so it does not count as added."""
    server = Scripted()
    torrent = read_torrent_record(_record(category=""))
    with pytest.raises(RemovedError):
        await _settled(
            http, await serve(server), torrent, AddOptions(category="books"), was_there=False
        )


async def test_tags_are_added_to_those_that_are_there(http: ClientSession, serve: Serve) -> None:
    """Only those that are missing."""
    server = Scripted(torrents=[_record(tags="a")])
    torrent = read_torrent_record(server.torrents[0])
    await _settled(http, await serve(server), torrent, AddOptions(tags=("a", "b")), was_there=True)
    assert server.called("torrents/addTags") == [{"hashes": V1, "tags": "b"}]


@pytest.mark.parametrize(
    ("states", "ends"),
    [
        (["checkingResumeData", "queuedDL", "stalledDL"], "stalled"),
        (["queuedDL", "metaDL"], "fetching_metadata"),
        (["queuedDL"], "queued"),
        (["checkingResumeData", "error"], "error"),
        (["stoppedDL"], "stopped"),
    ],
)
async def test_a_place_in_the_queue(
    http: ClientSession,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    states: list[str],
    ends: str,
) -> None:
    """Everything new is queued for a moment; only what stays so has to wait."""
    monkeypatch.setattr("custom_components.auralarchive.engine.settle._QUEUE_PAUSE", 0.001)
    monkeypatch.setattr("custom_components.auralarchive.engine.settle._QUEUE_SECONDS", 0.1)
    first, *rest = states
    server = Scripted(torrents=[_record(state=first)])

    def pass_on() -> None:
        server.torrents[0]["state"] = rest.pop(0) if rest else server.torrents[0]["state"]

    server.after["torrents/info"] = pass_on
    verifier = Verifier(QbittorrentClient(http, await serve(server), Credentials()), Mirror())
    torrent = read_torrent_record(server.torrents[0])
    assert (await queued_or_not(verifier, torrent)).state == ends


async def test_a_queue_that_does_not_answer(http: ClientSession, serve: Serve) -> None:
    """What was seen stays seen."""
    server = Scripted(failing={"torrents/info": 500})
    verifier = Verifier(QbittorrentClient(http, await serve(server), Credentials()), Mirror())
    torrent = read_torrent_record(_record(state="queuedDL"))
    assert await queued_or_not(verifier, torrent) == torrent


async def test_a_torrent_that_is_removed_from_the_queue(http: ClientSession, serve: Serve) -> None:
    """It is not there any more, so it does not count as added."""
    verifier = Verifier(QbittorrentClient(http, await serve(Scripted()), Credentials()), Mirror())
    with pytest.raises(RemovedError):
        await queued_or_not(verifier, read_torrent_record(_record(state="queuedDL")))
