"""The verdict table's group "late": what arrives after its add has given up is told after all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
import json
from typing import Any, Self

from aiohttp import web
from homeassistant.core import HomeAssistant
import pytest

from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import torrent_file
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import MadeTorrent
from tests.conftest import GENERATIONS, until
from tests.integration.odd_servers import serving

from .stage import Book, Played, Stage, gated, late_lines, logged, staged
from .verdicts import ADDED, ALREADY_PRESENT, ANY, Table

pytestmark = [
    pytest.mark.usefixtures("enable_custom_integrations"),
    pytest.mark.parametrize("generation", GENERATIONS),
]

LATE = "late"
NOT_SEEN = "not_seen"


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Do without the debug mode, which doubles the time."""


@pytest.fixture
async def stage(
    hass: HomeAssistant, table: Table, jackett: JackettStandIn, qbittorrent: QBittorrentServer
) -> AsyncIterator[Stage]:
    """Return a stage."""
    async with staged(LATE, hass, table, jackett, qbittorrent) as stage:
        yield stage


@pytest.fixture
async def own_stage(
    hass: HomeAssistant, table: Table, jackett: JackettStandIn, own_server: QBittorrentServer
) -> AsyncIterator[Stage]:
    """Return a stage with a server that may come to harm."""
    async with staged(LATE, hass, table, jackett, own_server) as stage:
        yield stage


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Return a site that is not Jackett's, with links that wait until they are let go on."""
    async with Site() as site:
        yield site


class Site(AsyncExitStack):
    """Serves torrent files to qBittorrent, at addresses that Home Assistant does not know."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.gate = asyncio.Event()
        self._files: dict[str, MadeTorrent] = {}
        self._address = ""

    async def __aenter__(self) -> Self:
        """Listen."""
        self._address = await self.enter_async_context(serving(self._answer))
        return self

    def offer(self, made: MadeTorrent) -> Book:
        """Return a torrent by its link."""
        self._files[f"/{made.infohash}"] = made
        return Book(torrent=made, fields={"link": f"{self._address}/{made.infohash}"})

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        await self.gate.wait()
        return web.Response(body=self._files[request.path].data)


def fields(delivery: str, book: Book) -> dict[str, str]:
    """Return what the action is asked for."""
    return {**book.fields, **({} if delivery == ANY else {"delivery": delivery})}


async def arrival(
    stage: Stage,
    caplog: pytest.LogCaptureFixture,
    cases: Mapping[str, list[tuple[str, Book]]],
    *,
    category: str = "auralarchive",
    tags: tuple[str, ...] = (),
) -> None:
    """Poll until all have been told of; then nothing may be amiss with them, nor told twice."""
    wanted = sorted(logged(book.torrent) for books in cases.values() for _, book in books)

    async def told() -> list[tuple[str, str]]:
        await stage.poll()
        return sorted(late_lines(caplog))

    await until(told, lambda lines: len(lines) >= len(wanted))
    lines = await told()
    every_tag: list[str] = json.loads(stage.server.login().call("torrents/tags"))
    for case, delivery, book in ((case, *one) for case, books in cases.items() for one in books):
        torrent = await stage.observer.find(book.ids)
        lie = ""
        if torrent is None:
            lie = "said that it arrived, but it is not there"
        elif torrent["category"] != category:
            lie = f"said that it arrived, but it is in the category {torrent['category']!r}"
        elif not set(tags) <= set(torrent["tags"].split(", ")):
            lie = f"said that it arrived, but its tags are {torrent['tags']!r}"
        elif "auralarchive-" in torrent["tags"] or any("auralarchive-" in tag for tag in every_tag):
            lie = f"left a tag behind: {every_tag}"
        elif lines.count(logged(book.torrent)) != 1:
            lie = f"logged it {lines.count(logged(book.torrent))} times as a warning"
        stage.record(f"{case}: it arrives", delivery, Played(verdict=ADDED, lie=lie))
    assert lines == wanted


async def test_after_the_time_limit(
    stage: Stage, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """The add has failed, and what comes after all is told and is as it was asked for."""
    gate = asyncio.Event()
    late = {
        "after the time limit": [("link", await stage.offer(gated(gate)))],
        "a link of others, after the time limit": [
            (by, site.offer(stage.torrent())) for by in ("auto", "link")
        ],
    }
    never = [(by, await stage.offer(gated(gate))) for by in ("auto", "file")]
    wishes: dict[str, Any] = {"category": "talks/new", "tags": ["sand", "worm"], "timeout": 1}
    await asyncio.gather(
        *(
            stage.add(case, book, NOT_SEEN, delivery=by, **wishes)
            for case, books in late.items()
            for by, book in books
        ),
        # Nothing was handed over: Home Assistant could not open the link in time.
        *(
            stage.add("Home Assistant waits in vain", book, "link_gone", delivery=by, **wishes)
            for by, book in never
        ),
    )
    await stage.poll()
    assert not late_lines(caplog)
    gate.set()
    site.gate.set()
    await arrival(stage, caplog, late, category="talks/new", tags=("sand", "worm"))
    assert len(await stage.observer.torrents()) == 3


async def test_after_a_poll_that_failed(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """What comes while Home Assistant cannot look is told when it can again."""
    gate = asyncio.Event()
    case = "after a poll that failed"
    book = await stage.offer(gated(gate))
    await stage.add(case, book, NOT_SEEN, delivery="link", timeout=1)
    stage.gateway.is_closed = True
    gate.set()
    await stage.seen(book)
    await stage.poll()
    assert stage.gateway.refused
    assert not stage.entry.runtime_data.downloads.last_update_success
    assert not late_lines(caplog)
    stage.gateway.is_closed = False
    await arrival(stage, caplog, {case: [("link", book)]})


async def test_after_it_was_called_off(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """An automation that was stopped did not hear of it; the log does."""
    gate = asyncio.Event()
    link = await stage.offer(gated(gate))
    books = [*await stage.offers(), (ANY, stage.magnet())]
    at_the_look = asyncio.Event()
    everything = [("link", link), *books]
    held = asyncio.Event()

    async def hold() -> None:
        await stage.seen(*(book for _, book in books))
        at_the_look.set()
        await held.wait()

    stage.gateway.after_adds(len(everything), hold)
    adds = [
        asyncio.create_task(stage.act("add_torrent", **fields(by, book))) for by, book in everything
    ]
    await at_the_look.wait()
    for add in adds:
        add.cancel()
    results = await asyncio.gather(*adds, return_exceptions=True)
    assert {type(result) for result in results} == {asyncio.CancelledError}
    held.set()
    gate.set()
    cases = {"called off while it is fetched": [everything[0]], "called off before the look": books}
    await arrival(stage, caplog, cases)


async def test_while_the_server_is_away(
    own_stage: Stage, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """It took what it was given, and was gone until the time was up."""
    stage = own_stage
    site.gate.set()
    books = [*await stage.offers(), (ANY, stage.magnet())]
    foreign = [("auto", site.offer(stage.torrent()))]
    cases = {"away from the add on": books, "a link of others, away from the add on": foreign}

    async def leave() -> None:
        await stage.kept(*(book for _, book in books + foreign))
        await asyncio.to_thread(stage.server.stop)

    stage.gateway.after_adds(len(books) + 1, leave)
    await asyncio.gather(
        *(
            stage.add(case, book, "unverified", delivery=by, timeout=1)
            for case, those in cases.items()
            for by, book in those
        )
    )
    await asyncio.to_thread(stage.server.start)
    await arrival(stage, caplog, cases)


async def test_while_the_login_is_wrong(own_stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """It took what it was given, and then wanted another password: with that the truth is told."""
    stage = own_stage
    books = [*await stage.offers(), (ANY, stage.magnet())]
    password = "staple battery"

    async def lock_out() -> None:
        await stage.seen(*(book for _, book in books))
        wish = json.dumps({"web_ui_password": password})
        stage.server.login().call("app/setPreferences", {"json": wish})
        await stage.gateway.log_out()

    stage.gateway.after_adds(len(books), lock_out)
    adds = [stage.act("add_torrent", **fields(by, book)) for by, book in books]
    errors = await asyncio.gather(*adds, return_exceptions=True)
    assert {getattr(error, "translation_key", error) for error in errors} == {"unverified"}
    stage.server.password = password
    data = {**stage.entry.data, "qbittorrent_password": password}
    stage.hass.config_entries.async_update_entry(stage.entry, data=data)
    assert await stage.hass.config_entries.async_reload(stage.entry.entry_id)
    await arrival(stage, caplog, {"locked out from the add on": books})


async def test_links_that_are_under_way(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks again is told when it is there; what is late comes as the last one wished."""
    asked = 0
    opened = asyncio.Event()

    async def wait() -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            # Home Assistant itself, which opens the link in vain while qBittorrent gets it.
            opened.set()
            await asyncio.Event().wait()
        await opened.wait()

    case, different, come = (f"asked for again{how}" for how in ("", ", differently", " too late"))
    gates = {one: asyncio.Event() for one in (case, different, come)}
    books = {one: await stage.offer(gated(gate)) for one, gate in gates.items()}
    meanwhile = await stage.offer(lambda made: replace(torrent_file(made), gate=wait))
    first: dict[str, Any] = {"category": "first", "tags": ["one"], "timeout": 1}
    last: dict[str, Any] = {"category": "last", "tags": ["two"], "timeout": 1}
    await asyncio.gather(
        *(
            stage.add(f"{one}: at first", book, NOT_SEEN, delivery="link", **first)
            for one, book in books.items()
        ),
        stage.add("while Home Assistant looks", meanwhile, ADDED, delivery="link", timeout=1),
    )

    gates[come].set()
    await stage.seen(books[come])
    await stage.add(come, books[come], ALREADY_PRESENT, delivery="link", category="first")

    looks = stage.gateway.count("log/main")
    again = asyncio.create_task(stage.add(case, books[case], ADDED, delivery="link"))

    async def looked() -> int:
        return stage.gateway.count("log/main") - looks

    # The first time only to know where the log ends.
    await until(looked, (2).__le__)
    gates[case].set()
    await again

    await stage.add(different, books[different], NOT_SEEN, delivery="link", **last)
    assert not late_lines(caplog)
    gates[different].set()
    late = {different: [("link", books[different])]}
    await arrival(stage, caplog, late, category="last", tags=("two",))


async def test_after_a_reload(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The watch is kept while the entry is loaded anew."""
    gate = asyncio.Event()
    book = await stage.offer(gated(gate))
    case = "after a reload"
    wishes: dict[str, Any] = {"category": "talks", "tags": ["sand"], "timeout": 1}
    await stage.add(case, book, NOT_SEEN, delivery="link", **wishes)
    assert await stage.hass.config_entries.async_reload(stage.entry.entry_id)
    gate.set()
    await arrival(stage, caplog, {case: [("link", book)]}, category="talks", tags=("sand",))
