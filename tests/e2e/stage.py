"""A stage for verdicts: a server that comes to harm in time, and adds that are judged."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from itertools import count
import logging
import time
from typing import Any

from aiohttp import ClientError, ClientSession, DummyCookieJar, web
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.auralarchive.const import DOMAIN
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Download, Release, torrent_file
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import MadeTorrent, make_torrent
from tests.conftest import until
from tests.engine.proxy import Proxy
from tests.integration.odd_servers import serving

from .verdicts import ANY, SUCCESSES, Cell, Table, Truth, TruthObserver, judge

DELIVERIES = ("auto", "link", "file")
# More than anything takes that works.
PATIENCE = 20
# Where qBittorrent keeps its torrents, below its profile.
RESUME_DATA = "qBittorrent/data/BT_backup"
_ADD = "torrents/add"
_LOGGER = "custom_components.auralarchive"

type Deed = Callable[[], Awaitable[object]]


class Gateway(Proxy):
    """The way to qBittorrent: harm is done between an add's answer and the first look after it."""

    def __init__(self, session: ClientSession, server: QBittorrentServer) -> None:
        """Take the server, which may be stopped and started at will."""
        super().__init__(session, server.url)
        self.refused = 0
        self.is_closed = False
        self._harm: Deed | None = None
        self._awaited = 0
        self._done = asyncio.Event()

    def after_adds(self, number: int, harm: Deed) -> None:
        """Hold the answers of so many adds back until all are there and the harm is done."""
        self._harm, self._awaited, self._done = harm, number, asyncio.Event()

    async def log_out(self) -> None:
        """End Home Assistant's session, as the server does when it has expired."""
        headers = {"Cookie": next(cookie for cookie in reversed(self.cookies) if cookie)}
        async with self._session.post(f"{self._server}/api/v2/auth/logout", headers=headers):
            pass
        url = f"{self._server}/api/v2/app/version"
        async with self._session.get(url, headers=headers) as answer:
            assert answer.status == 403

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Hand a request on; where nobody answers, hang up."""
        response = None
        if not self.is_closed:
            with suppress(ClientError):
                response = await super().__call__(request)
        if response is None:
            self.refused += 1
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=502)
        if request.path.endswith(_ADD) and (harm := self._harm) is not None:
            self._awaited -= 1
            if not self._awaited:
                self._harm = None
                try:
                    await harm()
                finally:
                    self._done.set()
            await self._done.wait()
        return response


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """A torrent, and the field by which the action is asked for it."""

    torrent: MadeTorrent
    fields: Mapping[str, str]

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the infohashes."""
        both = (self.torrent.infohash_v1, self.torrent.infohash_v2)
        return tuple(infohash for infohash in both if infohash)


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """What an add came to, and what is wrong with that."""

    verdict: str
    elapsed_ms: int = 0
    lie: str = ""


@dataclass(kw_only=True)
class Stage:
    """One generation of qBittorrent behind a gateway, Home Assistant before it, and a judge."""

    group: str
    hass: HomeAssistant
    table: Table
    jackett: JackettStandIn
    server: QBittorrentServer
    gateway: Gateway
    address: str
    observer: TruthObserver
    entry: MockConfigEntry = field(init=False)
    lies: list[str] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    async def load(self, **data: object) -> None:
        """Load an entry, which the acts that follow are played with."""
        self.entry = MockConfigEntry(
            domain=DOMAIN,
            title="AuralArchive",
            data={
                "jackett_url": self.jackett.url,
                "jackett_api_key": self.jackett.api_key,
                "jackett_verify_ssl": True,
                "qbittorrent_url": self.address,
                "qbittorrent_username": self.server.username,
                "qbittorrent_password": self.server.password,
                "qbittorrent_verify_ssl": True,
                "jackett_url_for_qbittorrent": self.jackett.url,
                **data,
            },
            options={"delivery": "auto", "category": "auralarchive"},
        )
        self.entry.add_to_hass(self.hass)
        assert await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    def torrent(self, **options: Any) -> MadeTorrent:
        """Make a torrent unlike all others."""
        name = f"Tale number{next(self._numbers)}"
        return make_torrent({f"{name}.m4b": name.encode() * 1000}, **options)

    async def offer(
        self,
        download: Download | Callable[[MadeTorrent], Download] = torrent_file,
        torrent: MadeTorrent | None = None,
    ) -> Book:
        """Have Jackett offer a torrent, and find it there."""
        torrent = torrent or self.torrent()
        answer = download if isinstance(download, Download) else download(torrent)
        title = torrent.name.removesuffix(".m4b")
        self.jackett.add_release(Release(title=title, download=answer))
        found = await self.act("search", query=title)
        (result,) = [result for result in found["results"] if result["title"] == title]
        return Book(torrent=torrent, fields={"result_id": result["result_id"]})

    async def offers(
        self, download: Download | Callable[[MadeTorrent], Download] = torrent_file, number: int = 1
    ) -> list[tuple[str, Book]]:
        """Have so many torrents for each delivery offered."""
        return [(by, await self.offer(download)) for by in DELIVERIES for _ in range(number)]

    def magnet(self) -> Book:
        """Return a magnet link; with a tracker, so that it may find peers."""
        torrent = self.torrent()
        magnet = torrent.magnet(trackers=["http://127.0.0.1:1/announce"])
        return Book(torrent=torrent, fields={"link": magnet})

    async def act(self, action: str, **data: object) -> Any:
        """Call an action for the entry."""
        return await self.hass.services.async_call(
            DOMAIN,
            action,
            {"config_entry_id": self.entry.entry_id, **data},
            blocking=True,
            return_response=True,
        )

    async def add(self, case: str, book: Book, *verdicts: str, **asked: Any) -> str:
        """Add a torrent, record what the action said of it, and return that; see `play`."""
        delivery = asked.get("delivery", ANY)
        self.table.announce([self._cell(case, delivery)])
        played = await self.play(book, *verdicts, **asked)
        self.record(case, delivery, played)
        return played.verdict

    async def play(
        self,
        book: Book,
        *verdicts: str,
        delivery: str = ANY,
        warning: str | None = None,
        **fields: Any,
    ) -> Played:
        """Add a torrent, and judge what the action said of it.

        `verdicts` are the right ones. With `warning`, a success must warn of that, else of nothing.
        """
        asked = {"timeout": PATIENCE, **book.fields, **fields}
        if delivery != ANY:
            asked["delivery"] = delivery
        before = await self.observer.find(book.ids)
        started = time.monotonic()
        answer: Mapping[str, Any] = {}
        try:
            answer = await self.act("add_torrent", **asked)
            verdict = str(answer["status"])
        except HomeAssistantError as err:
            verdict = str(err.translation_key)
        elapsed_ms = round((time.monotonic() - started) * 1000)
        # In a server that is down nobody sees anything.
        after = await self.observer.find(book.ids) if self.server.running else None
        wished = fields.get("category", "auralarchive")
        truth = Truth(verdicts=verdicts, ids=book.ids, category=wished)
        lie = judge(verdict, truth, before=before, after=after)
        if not lie and verdict in SUCCESSES:
            lie = _misled(answer, book, warning)
        return Played(verdict=verdict, elapsed_ms=elapsed_ms, lie=lie)

    def record(self, case: str, delivery: str, played: Played) -> None:
        """Record a cell."""
        cell = self._cell(case, delivery, **asdict(played))
        self.table.record(cell)
        if played.lie:
            self.lies.append(f"{case}, {cell.generation}, {delivery}: {played.lie}")

    def _cell(self, case: str, delivery: str, **found: Any) -> Cell:
        generation = self.server.generation
        return Cell(group=self.group, case=case, generation=generation, delivery=delivery, **found)

    async def seen(self, *books: Book) -> None:
        """Wait until the observer sees all of these."""

        async def listed() -> set[str]:
            return {str(torrent["hash"]) for torrent in await self.observer.torrents()}

        await until(listed, {book.torrent.infohash for book in books}.issubset)

    async def kept(self, *books: Book) -> None:
        """Wait until the server has these on disk too, and will have them after a restart."""
        await self.seen(*books)

        async def on_disk() -> set[str]:
            return {path.stem for path in self.server.profile.glob(f"{RESUME_DATA}/*.fastresume")}

        await until(on_disk, {book.torrent.infohash for book in books}.issubset)

    async def poll(self) -> None:
        """Let Home Assistant look at the server."""
        async_fire_time_changed(self.hass, dt_util.utcnow() + timedelta(seconds=10))
        await self.hass.async_block_till_done(wait_background_tasks=True)


def _misled(answer: Mapping[str, Any], book: Book, warning: str | None) -> str:
    """Return what is wrong with the details of a success."""
    if answer["infohash"] not in book.ids:
        return f"said {answer['status']}, but of another torrent"
    warnings = answer["warnings"]
    if warning is None:
        return f"warned without need: {warnings}" if warnings else ""
    right = any(warning in sentence for sentence in warnings)
    return "" if right else f"did not warn, or of something else: {warnings}"


@asynccontextmanager
async def staged(
    group: str,
    hass: HomeAssistant,
    table: Table,
    jackett: JackettStandIn,
    server: QBittorrentServer,
) -> AsyncIterator[Stage]:
    """Load an entry for a server behind a gateway; at the end, no verdict may have been a lie."""
    async with ClientSession(cookie_jar=DummyCookieJar()) as session:
        gateway = Gateway(session, server)
        async with serving(gateway) as address:
            observer = TruthObserver(server)
            # Logs in, before the server may come to harm.
            await observer.torrents()
            stage = Stage(
                group=group,
                hass=hass,
                table=table,
                jackett=jackett,
                server=server,
                gateway=gateway,
                address=address,
                observer=observer,
            )
            await stage.load()
            yield stage
            assert not stage.lies


def gated(gate: asyncio.Event) -> Callable[[MadeTorrent], Download]:
    """Return a download that begins when the gate is opened."""
    return lambda made: replace(torrent_file(made), gate=gate.wait)


def late_lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return level and text of what has been logged of late arrivals."""
    return [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == _LOGGER and record.msg.startswith("Arrived in qBittorrent")
    ]


def logged(torrent: MadeTorrent) -> tuple[str, str]:
    """Return the line of a late arrival, as it must be."""
    level = logging.getLevelName(logging.WARNING)
    return level, f"Arrived in qBittorrent after its add had given up: {torrent.name}"
