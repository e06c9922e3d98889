"""The turns that downloads take are told once each, and none that they do not take."""

import asyncio
from collections.abc import Mapping
import json
from typing import Any

import pytest

from custom_components.auralarchive.engine.mirror import Mirror
from custom_components.auralarchive.engine.transitions import Transition, Transitions, Turn

HOUR = 3600.0
A, B = "a" * 40, "b" * 40

type Record = dict[str, Any]


def record(state: str, **fields: Any) -> Record:
    """Return a torrent as the server lists it."""
    complete = state.endswith("UP")
    return {
        "name": "Emma",
        "category": "books",
        "state": state,
        "progress": 1.0 if complete else 0.4,
        "completed": 1000 if complete else 400,
        "size": 1000,
        "save_path": "/downloads",
        "added_on": 1000,
        **fields,
    }


class Server:
    """A server's answers, and who follows them."""

    def __init__(self, category: str = "books") -> None:
        """Begin without torrents."""
        self.address = "http://a"
        self.category = category
        self.now = 2000.0
        self.records: dict[str, Record] = {}
        self.begin()
        self._rid = 0

    def begin(self, saved: dict[str, Any] | None = None) -> None:
        """Start the follower's side anew."""
        self.mirror = Mirror()
        self.transitions = Transitions(self.address, self.category, stalled_after=HOUR)
        if saved is not None:
            self.transitions.restore(saved)

    def saved(self) -> dict[str, Any]:
        """Return what is kept, having been a file."""
        kept: dict[str, Any] = json.loads(json.dumps(self.transitions.saved()))
        return kept

    async def look(
        self,
        torrents: Mapping[str, Record | None] | None = None,
        *,
        seconds: float = 10,
        full: bool = False,
    ) -> list[Transition]:
        """Change torrents, None removes one, and return what is told of it."""
        torrents = torrents or {}
        for infohash, fields in torrents.items():
            self.records[infohash] = {**self.records.get(infohash, {}), **(fields or {})}
        gone = [infohash for infohash, fields in torrents.items() if fields is None]
        for infohash in gone:
            del self.records[infohash]
        self._rid += 1
        whole = full or not self.mirror.rid
        changes = self.mirror.apply(
            {
                "rid": self._rid,
                "full_update": whole,
                "torrents": self.records
                if whole
                else {one: fields for one, fields in torrents.items() if fields},
                "torrents_removed": gone,
            }
        )
        self.now += seconds
        return await self.transitions.follow(self.mirror, changes, seconds=seconds, now=self.now)

    async def turns(
        self,
        torrents: Mapping[str, Record | None] | None = None,
        *,
        seconds: float = 10,
        full: bool = False,
    ) -> list[str]:
        """Do as `look` does, and return the names of the turns."""
        told = await self.look(torrents, seconds=seconds, full=full)
        return [one.turn.value for one in told]


@pytest.fixture
async def server() -> Server:
    """Return a server that is looked at for the second time."""
    server = Server()
    await server.look()
    return server


async def test_a_life(server: Server) -> None:
    """A book comes, is downloaded, and goes."""
    assert await server.turns({A: record("metaDL", name=A, progress=0, completed=0)}) == ["added"]
    assert await server.turns({A: record("downloading")}) == []
    assert await server.turns({A: record("moving", progress=1)}) == []
    assert await server.turns({A: record("checkingUP")}) == []
    (completed,) = await server.look({A: record("stalledUP")})
    assert completed == Transition(
        turn=Turn.COMPLETED,
        name="Emma",
        infohash=A,
        category="books",
        size=1000,
        save_path="/downloads",
    )
    assert await server.turns({A: record("stoppedUP")}) == []
    (removed,) = await server.look({A: None})
    assert (removed.turn, removed.name) == (Turn.REMOVED, "Emma")
    assert await server.turns() == []


async def test_what_is_there_at_first_is_no_news() -> None:
    """Without a history, nobody knows since when it has been so."""
    server = Server()
    torrents = {A: record("stalledUP"), B: record("error")}
    assert await server.turns(torrents) == []
    assert await server.turns({A: None, B: record("missingFiles")}) == ["removed"]


@pytest.mark.parametrize(
    ("state", "turns"),
    [
        ("downloading", ["added"]),
        ("stalledUP", ["added", "completed"]),
        ("error", ["added", "failed"]),
        ("checkingUP", ["added"]),
    ],
)
async def test_what_comes_as_more_than_new(server: Server, state: str, turns: list[str]) -> None:
    """A small book may be complete before anybody looks."""
    assert await server.turns({A: record(state)}) == turns
    assert await server.turns() == []


async def test_other_categories_are_others_business(server: Server) -> None:
    """Coming into the category is being added, leaving it is nothing, and so is the name alone."""
    assert await server.turns({A: record("stalledUP", category="films")}) == []
    assert await server.turns({A: {"category": "books/new"}}) == ["added"]
    assert await server.turns({A: {"category": "bookshelf"}}) == []
    assert await server.turns({A: None}) == []


@pytest.mark.parametrize("passing", ["checkingResumeData", "checkingUP", "moving", "stalledDL"])
async def test_complete_is_told_once(server: Server, passing: str) -> None:
    """What a restart of the server shows for a moment is not believed."""
    await server.look({A: record("stalledUP")})
    assert await server.turns({A: record(passing, progress=0)}, full=True) == []
    assert await server.turns({A: record("stalledUP")}) == []
    assert server.saved()["torrents"][A][8] is True


async def test_complete_is_told_again_if_it_was_not(server: Server) -> None:
    """A recheck found it damaged, and it was repaired."""
    await server.look({A: record("stalledUP")})
    await server.look({A: record("stalledDL")})
    await server.look()
    assert await server.turns({A: record("stalledUP")}) == ["completed"]


@pytest.mark.parametrize("problem", ["error", "missingFiles"])
async def test_failures(server: Server, problem: str) -> None:
    """A problem is told when it begins, and again after it was over."""
    await server.look({A: record("downloading")})
    (failed,) = await server.look({A: record(problem)})
    assert (failed.turn, failed.cause) == (
        Turn.FAILED,
        {"error": "error", "missingFiles": "missing_files"}[problem],
    )
    assert await server.turns({A: record(problem, size=7)}) == []
    assert await server.turns({A: record("checkingDL")}) == []
    assert await server.turns({A: record(problem)}) == []
    await server.look({A: record("downloading")})
    assert await server.turns({A: record(problem)}) == ["failed"]


async def test_a_complete_book_that_loses_its_files(server: Server) -> None:
    """That is told; that it is complete, which was told before, is not told again."""
    await server.look({A: record("stalledUP")})
    assert await server.turns({A: record("missingFiles", progress=0)}) == ["failed"]
    assert await server.turns({A: record("stalledUP")}) == []


@pytest.mark.parametrize("state", ["metaDL", "stalledDL", "downloading"])
async def test_stalls(server: Server, state: str) -> None:
    """Trying in vain for the whole time is told once; after progress it may be told again."""
    await server.look({A: record(state)})
    assert await server.turns(seconds=HOUR - 1) == []
    assert await server.turns(seconds=1) == ["stalled"]
    assert await server.turns(seconds=HOUR) == []
    assert await server.turns({A: record("stalledDL", completed=500)}) == []
    assert await server.turns(seconds=HOUR) == ["stalled"]


async def test_the_longest_in_vain_is_the_first_to_stall(server: Server) -> None:
    """Each has its own time."""
    await server.look({A: record("stalledDL")})
    await server.look({B: record("stalledDL")}, seconds=HOUR / 2)
    (stalled,) = await server.look(seconds=HOUR / 2)
    assert stalled.infohash == A
    (stalled,) = await server.look(seconds=HOUR / 2)
    assert stalled.infohash == B


@pytest.mark.parametrize("state", ["stoppedDL", "queuedDL", "stalledUP", "error"])
async def test_what_does_not_try_does_not_stall(server: Server, state: str) -> None:
    """Stopped, queued or complete is not stalled, however long; it counts from the resumption."""
    await server.look({A: record("stalledDL")})
    await server.look({A: record(state)}, seconds=HOUR / 2)
    assert await server.turns(seconds=2 * HOUR) == []
    await server.look({A: record("stalledDL")})
    await server.look()
    assert await server.turns(seconds=HOUR / 2) == []
    assert await server.turns(seconds=HOUR) == ["stalled"]


async def test_a_check_does_not_stall(server: Server) -> None:
    """Checking takes long, and after it the time begins anew."""
    await server.look({A: record("stalledDL")})
    await server.look({A: record("checkingDL")})
    assert await server.turns(seconds=2 * HOUR) == []
    assert await server.turns({A: record("stalledDL")}) == []
    assert await server.turns(seconds=HOUR) == ["stalled"]


async def test_metadata_is_progress(server: Server) -> None:
    """What it is of is the first thing that a magnet learns."""
    await server.look({A: record("metaDL", completed=0)})
    await server.look({A: record("stalledDL", completed=0)}, seconds=HOUR - 1)
    assert await server.turns(seconds=HOUR - 1) == []


async def test_time_without_the_server_does_not_count(server: Server) -> None:
    """Nothing can get on while nothing runs."""
    await server.look({A: record("stalledDL")})
    await server.look(seconds=HOUR - 1)
    assert await server.turns(seconds=0) == []
    assert await server.turns(seconds=1) == ["stalled"]


@pytest.mark.parametrize(
    ("before", "after", "turns"),
    [
        pytest.param(record("downloading"), record("stalledUP"), ["completed"], id="completed"),
        pytest.param(record("stalledUP"), record("stalledUP"), [], id="still-complete"),
        pytest.param(record("downloading"), record("error"), ["failed"], id="failed"),
        pytest.param(record("error"), record("error"), [], id="still-failed"),
        pytest.param(record("stalledUP"), None, ["removed"], id="removed"),
        pytest.param(None, record("downloading"), ["added"], id="added"),
        pytest.param(
            None,
            record("stalledUP", added_on=2100),
            ["added", "completed"],
            id="added-and-completed",
        ),
        pytest.param(
            None,
            record("stalledUP", completion_on=2100),
            ["added", "completed"],
            id="completed-and-moved-here",
        ),
        pytest.param(None, record("stalledUP", completion_on=1100), ["added"], id="moved-here"),
    ],
)
async def test_while_nobody_looked(
    server: Server, before: Record | None, after: Record | None, turns: list[str]
) -> None:
    """It is told once, when somebody looks again."""
    await server.look({one: fields for one, fields in {A: before}.items() if fields})
    saved = server.saved()
    server.records = {one: fields for one, fields in {A: after}.items() if fields}
    server.begin(saved)
    assert await server.turns() == turns
    server.begin(server.saved())
    assert await server.turns() == []


async def test_a_stall_survives_a_restart(server: Server) -> None:
    """The time in vain goes on where it stood, and what was told is not told again."""
    await server.look({A: record("stalledDL")})
    await server.look({B: record("stalledDL")}, seconds=HOUR - 10)
    server.begin(server.saved())
    await server.look(seconds=0)
    assert [one.infohash for one in await server.look(seconds=10)] == [A]
    server.begin(server.saved())
    assert await server.turns(seconds=HOUR - 11) == []
    assert [one.infohash for one in await server.look(seconds=11)] == [B]


async def test_another_category_begins_anew(server: Server) -> None:
    """What is in it was there before it was chosen."""
    await server.look({A: record("downloading"), B: record("stalledUP", category="films")})
    saved = server.saved()
    server.category = "films"
    server.begin(saved)
    assert await server.turns() == []
    assert await server.turns({B: None}) == ["removed"]


@pytest.mark.parametrize(
    "new", [{"infohash_v1": A, "infohash_v2": B + "c" * 24}, {"infohash_v1": A}], ids=["both", "v1"]
)
async def test_a_hybrid_changes_its_id(server: Server, new: Record) -> None:
    """A magnet that names one of two infohashes becomes the torrent that it is of."""
    await server.look({A: record("metaDL", infohash_v1=A)})
    assert await server.turns({A: None, B: record("downloading", **new)}) == []
    assert await server.turns({B: None}) == ["removed"]


async def test_a_server_that_starts_anew(server: Server) -> None:
    """All of its torrents are told again, and none of them is news."""
    await server.look({A: record("stalledUP"), B: record("downloading")})
    assert await server.turns(seconds=0, full=True) == []
    del server.records[A]
    assert await server.turns(seconds=0, full=True) == ["removed"]


async def test_many_torrents_let_others_have_their_turn() -> None:
    """And none is left out."""
    server = Server()
    server.begin({"server": "http://a", "category": "books", "at": 0, "torrents": {}})
    many = {f"{one:040x}": record("downloading") for one in range(1200)}
    assert await server.turns(many) == ["added"] * 1200


@pytest.mark.parametrize(
    ("there", "turns"),
    [
        pytest.param({B: record("stalledUP")}, [], id="another"),
        pytest.param({A: record("stalledUP")}, ["completed"], id="the-same-one-has-moved"),
    ],
)
async def test_a_server_at_another_address(
    server: Server, there: dict[str, Record], turns: list[str]
) -> None:
    """Another server's torrents are no news, nor is it that those of the first are not there."""
    await server.look({A: record("downloading")})
    saved = server.saved()
    server.address = "http://b"
    server.records = there
    server.begin(saved)
    assert await server.turns() == turns
    assert await server.turns({**dict.fromkeys(there)}) == ["removed"]


async def test_a_look_that_is_called_off(server: Server) -> None:
    """It is gone on with by the next one, and nothing is lost or told twice."""
    many = {f"{one:040x}": record("downloading") for one in range(1200)}
    looking = asyncio.create_task(server.turns(many))
    await asyncio.sleep(0)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert not server.transitions.is_settled
    assert await server.turns() == ["added"] * 1200
    assert server.transitions.is_settled


async def test_a_turn_tells_what_is_so_now(server: Server) -> None:
    """A magnet that found metadata and was complete within one poll has its name and size."""
    await server.look({A: record("metaDL", name=A, size=0, save_path="/temp", completed=0)})
    (completed,) = await server.look({A: record("stalledUP")})
    assert (completed.name, completed.size, completed.save_path) == ("Emma", 1000, "/downloads")


@pytest.mark.parametrize("state", ["stalledUP", "stalledDL"])
async def test_removed_and_added_again(server: Server, state: str) -> None:
    """It is another one, though nobody saw that it was gone."""
    await server.look({A: record("stalledUP")})
    again = await server.turns({A: record(state, added_on=2500)})
    assert again[:2] == ["removed", "added"]
    await server.turns()
    assert again[2:] + await server.turns({A: record("stalledUP", added_on=2500)}) == ["completed"]


@pytest.mark.parametrize(
    ("before", "turns"), [("stalledDL", ["added", "completed"]), ("stalledUP", ["added"])]
)
async def test_complete_when_it_changes_its_category(
    server: Server, before: str, turns: list[str]
) -> None:
    """It is news only if it was not so before."""
    await server.look({A: record(before, category="films")})
    assert await server.turns({A: record("stalledUP")}) == turns
