"""Torrents that arrive after their add has given up waiting."""

import time
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.auralarchive.engine.late import LateArrivals, Watches
from custom_components.auralarchive.engine.mirror import Mirror, read_torrent_record
from custom_components.auralarchive.engine.qbittorrent import AddOptions, QbittorrentClient
from custom_components.auralarchive.engine.session import Credentials
from custom_components.auralarchive.engine.torrent import Infohashes
from custom_components.auralarchive.engine.verification import Expected, Verifier

from .conftest import Serve
from .scripted import Record, Scripted

V1, OTHER = "a1" * 20, "b2" * 20
TAG = "auralarchive-0123abcd"
LINK = "http://jackett:9117/dl/x/?path=y"
BY_TAG = Expected(tags=(TAG, "auralarchive-00000000"), link=LINK)
BY_HASH = Expected(infohashes=Infohashes(v1=V1))
BOOKS = AddOptions(category="books")


class _Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _record(**fields: Any) -> Record:
    return {"hash": V1, "name": "Dune", "category": "", "tags": "", **fields}


def _mirror(*records: Record) -> Mirror:
    mirror = Mirror()
    mirror.apply({"full_update": True, "torrents": {one["hash"]: one for one in records}})
    return mirror


@pytest.fixture
def server() -> Scripted:
    """Return a server without torrents."""
    return Scripted()


@pytest.fixture
def clock() -> _Clock:
    """Return a clock."""
    return _Clock()


@pytest.fixture
async def late(http: ClientSession, serve: Serve, server: Scripted, clock: _Clock) -> LateArrivals:
    """Return a watch that is kept on the server."""
    client = QbittorrentClient(http, await serve(server), Credentials())
    return LateArrivals(client, Verifier(client, Mirror()), clock)


@pytest.mark.parametrize(
    ("expected", "tags", "cleaned"),
    [
        (BY_HASH, "mine", []),
        (BY_TAG, f"mine, {TAG}", [f"auralarchive-00000000,{TAG}"]),
        (BY_TAG, "mine, auralarchive-00000000", [f"auralarchive-00000000,{TAG}"]),
    ],
    ids=["infohash", "tag", "earlier-tag"],
)
async def test_an_arrival(
    late: LateArrivals, server: Scripted, expected: Expected, tags: str, cleaned: list[str]
) -> None:
    """It is told once, repaired, and its one-off tags are deleted."""
    late.expect(expected, BOOKS)
    stranger = _record(hash=OTHER, tags="auralarchive-ffffffff")
    assert await late.settle(_mirror(stranger)) == []
    server.torrents = [_record(tags=tags)]
    (torrent,) = await late.settle(_mirror(stranger, *server.torrents))
    assert (torrent.infohash, torrent.category) == (V1, "books")
    assert torrent.tags == {"mine"}
    assert [fields["tags"] for fields in server.called("torrents/deleteTags")] == cleaned
    assert await late.settle(_mirror(stranger, *server.torrents)) == []


@pytest.mark.parametrize(("seconds", "arrived"), [(3599, 1), (3600, 0)])
async def test_the_watch_ends(
    late: LateArrivals, server: Scripted, clock: _Clock, seconds: float, arrived: int
) -> None:
    """After an hour nothing is expected any more."""
    late.expect(BY_TAG, BOOKS)
    clock.now += seconds
    assert await late.settle(_mirror()) == []
    server.torrents = [_record(tags=TAG)]
    assert len(await late.settle(_mirror(*server.torrents))) == arrived
    assert len(server.called("torrents/deleteTags")) == 1


async def test_a_look_that_comes_late(late: LateArrivals, server: Scripted, clock: _Clock) -> None:
    """What has arrived by then counts, however long nobody looked."""
    late.expect(BY_TAG, BOOKS)
    clock.now += 9999
    server.torrents = [_record(tags=TAG)]
    assert len(await late.settle(_mirror(*server.torrents))) == 1


@pytest.mark.parametrize("endpoint", ["torrents/setCategory", "torrents/info"])
async def test_a_repair_that_fails(late: LateArrivals, server: Scripted, endpoint: str) -> None:
    """It is tried again with the next look, and told only when it is done."""
    late.expect(BY_HASH, BOOKS)
    server.torrents = [_record()]
    server.failing[endpoint] = 500
    mirror = _mirror(_record())
    assert await late.settle(mirror) == []
    server.failing.clear()
    assert [torrent.category for torrent in await late.settle(mirror)] == ["books"]


async def test_tags_that_cannot_be_deleted_now(late: LateArrivals, server: Scripted) -> None:
    """They are deleted later, with those that have come meanwhile."""
    server.failing["torrents/deleteTags"] = 500
    server.after["torrents/deleteTags"] = lambda: late.clean_up_later(["c"])
    late.clean_up_later(["a", "b"])
    await late.settle(_mirror())
    server.failing.clear()
    server.after.clear()
    await late.settle(_mirror())
    await late.settle(_mirror())
    tags = [fields["tags"] for fields in server.called("torrents/deleteTags")]
    assert tags == ["a,b", "a,b,c"]


@pytest.mark.parametrize(
    ("link", "infohash", "expected", "arrived"),
    [
        (LINK, OTHER, BY_TAG, 0),
        (None, V1, BY_HASH, 0),
        (None, OTHER, BY_TAG, 1),
        ("http://other/", OTHER, BY_TAG, 1),
        (None, OTHER, BY_HASH, 1),
    ],
    ids=["same-link", "same-torrent", "another", "another-link", "another-torrent"],
)
async def test_what_has_been_added_since(
    late: LateArrivals,
    server: Scripted,
    link: str | None,
    infohash: str,
    expected: Expected,
    arrived: int,
) -> None:
    """It is no late arrival any more."""
    late.expect(expected, BOOKS)
    late.forget(read_torrent_record(_record(hash=infohash)), link)
    server.torrents = [_record(tags=TAG)]
    assert len(await late.settle(_mirror(*server.torrents))) == arrived


async def test_of_several_adds_of_the_same_the_last_one_counts(
    late: LateArrivals, server: Scripted
) -> None:
    """One torrent is one arrival."""
    late.expect(BY_HASH, AddOptions(category="first"))
    late.expect(BY_HASH, AddOptions(category="last"))
    server.torrents = [_record()]
    assert [one.category for one in await late.settle(_mirror(_record()))] == ["last"]


async def test_the_tags_of_a_link(late: LateArrivals) -> None:
    """Under which it may still arrive."""
    assert late.tags_of(LINK) == ()
    late.expect(BY_TAG, BOOKS)
    assert late.tags_of(LINK) == BY_TAG.tags


async def test_tags_of_another_life(late: LateArrivals, server: Scripted) -> None:
    """Those that a stop of Home Assistant left behind are deleted, once they are old."""
    now = int(time.time())
    old = _record(tags=f"{TAG}, mine, auralarchive-mine", added_on=now - 4000)
    fresh = _record(hash=OTHER, tags="auralarchive-ffffffff", added_on=now - 10)
    await late.settle(_mirror(old, fresh))
    await late.settle(_mirror(old, fresh))
    assert server.called("torrents/deleteTags") == [{"tags": TAG}]


async def test_watches_in_another_life(
    http: ClientSession, serve: Serve, server: Scripted, clock: _Clock
) -> None:
    """What was watched for, and was to be cleaned up, still is; what is noted late, too."""
    client = QbittorrentClient(http, await serve(server), Credentials())
    watches = Watches()
    before, after = (LateArrivals(client, Verifier(client, Mirror()), clock) for _ in range(2))
    before.go_on_with(watches)
    before.expect(BY_TAG, BOOKS)
    before.clean_up_later(["a"])
    after.go_on_with(watches)
    # By an add that was under way meanwhile.
    before.expect(BY_HASH, BOOKS)
    server.torrents = [_record(tags=TAG)]
    assert len(await after.settle(_mirror(*server.torrents))) == 2
    assert server.called("torrents/deleteTags") == [{"tags": f"a,auralarchive-00000000,{TAG}"}]
    assert await before.settle(_mirror(*server.torrents)) == []
