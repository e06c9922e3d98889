"""Where cases become cells: servers with their observers, and the running of many adds at once."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
import time
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.auralarchive.const import DOMAIN
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_links import Linker
from scripts.lab.jackett_model import Download, Indexer, IndexerType, Release
from scripts.lab.jackett_search import Hit
from scripts.lab.qbittorrent import ApiSession, QBittorrentServer
from scripts.lab.torrents import MadeTorrent, TorrentKind, make_torrent
from tests.conftest import GENERATIONS, ServerFactory
from tests.e2e.verdicts import (
    ADDED,
    ANY,
    SUCCESSES,
    Cell,
    Table,
    Truth,
    TruthObserver,
    among,
    judge,
)

DELIVERIES = ("auto", "link", "file")
# Somewhat above what qBittorrent takes to give a link up.
TIMEOUT = 34
# Cells that work at a time. A machine has few cores, and elapsed times are to mean something.
_AT_A_TIME = 4
# A cell that takes longer than this waits for something, and leaves its seat to the next.
_WORKING_SECONDS = 0.3

type Right = str | Mapping[str, str]
type Fields = Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One add: the action's fields, and what is to be right."""

    fields: Fields
    truth: Truth


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A server and a delivery; `number` is the cell's own."""

    place: Place
    delivery: str
    number: int
    act: Callable[..., Awaitable[Any]]

    def __str__(self) -> str:
        """Return how it is called in messages."""
        return f"{self.place.server.generation}, {self.delivery}"

    async def search(self, entry: str) -> str:
        """Return the id of the one result that a search for its word has."""
        found = await self.act("search", config_entry_id=self.place.entries[entry], query=self.word)
        (result,) = found["results"]
        return str(result["result_id"])

    @property
    def word(self) -> str:
        """Return a word that no other cell has, to search for."""
        return f"cell{self.number:04}"

    def made(self, kind: TorrentKind = TorrentKind.V1, **options: Any) -> MadeTorrent:
        """Return a torrent that no other cell has."""
        return make_torrent({f"{self.word}.m4b": self.word.encode() * 3000}, kind=kind, **options)

    def right(self, right: Right) -> tuple[str, ...]:
        """Return the right verdicts of this column.

        They are the same for all, or keyed: by generation and delivery, by delivery, by generation,
        and the empty key for all others. Where two are honest, " or " stands between them.
        """
        if isinstance(right, str):
            return tuple(right.split(" or "))
        generation = self.place.server.generation
        for key in (f"{generation} {self.delivery}", self.delivery, generation, ""):
            if key in right:
                return tuple(right[key].split(" or "))
        raise KeyError(self.delivery)


type Planner = Callable[[Column], Awaitable[Plan]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A row of the table; `plan` prepares the add of a column."""

    name: str
    plan: Planner


@dataclass(kw_only=True)
class Place:
    """A server, who observes it, the entries by which it is used, and sites of others."""

    server: QBittorrentServer
    jacketts: dict[str, JackettStandIn] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)
    # What the site serves that only this server reaches.
    folder: Path | None = None
    observer: TruthObserver = field(init=False)
    _somebody: ApiSession = field(init=False)

    def __post_init__(self) -> None:
        """Observe it, and have somebody else use it."""
        self.observer = TruthObserver(self.server)
        self._somebody = self.server.login()

    async def has(self, made: MadeTorrent, category: str = "elsewhere") -> None:
        """Have somebody else add a torrent."""
        if category:
            await self.has_category(category)
        await asyncio.to_thread(self._somebody.add_file, made.data, category=category)

    async def has_magnet(self, magnet: str) -> None:
        """Have somebody else add a magnet."""
        await asyncio.to_thread(self._somebody.call, "torrents/add", {"urls": magnet})

    async def has_category(self, name: str) -> None:
        """Have somebody else create a category, unless it is there."""
        wish = {"category": name}
        await asyncio.to_thread(self._somebody.answer, "torrents/createCategory", wish)


def ids(made: MadeTorrent) -> tuple[str, ...]:
    """Return a torrent's infohashes."""
    return tuple(text for text in (made.infohash_v1, made.infohash_v2) if text)


def private_jackett(**settings: Any) -> JackettStandIn:
    """Return a Jackett, not started, of a tracker without magnets."""
    return JackettStandIn([Indexer(id="lab", type=IndexerType.PRIVATE)], **settings)


def offer(stand_in: JackettStandIn, word: str, download: Download, **facts: Any) -> Release:
    """Have a Jackett offer something."""
    release = Release(title=f"{word} {facts.pop('about', '')}".strip(), download=download, **facts)
    stand_in.add_release(release)
    return release


def link_of(stand_in: JackettStandIn, release: Release, base: str) -> str:
    """Return a release's link as it is written for somebody who knows Jackett by this address."""
    linker = Linker(base=f"{base}/", api_key=stand_in.api_key, protection=stand_in.protection)
    link = linker.link(Hit(stand_in.indexers["lab"], release))
    assert link is not None
    return link


class Bench:
    """Runs the cases of one group with all servers at once."""

    def __init__(self, hass: HomeAssistant, table: Table, servers: ServerFactory) -> None:
        """Begin without servers."""
        self._hass = hass
        self._table = table
        self._servers = servers
        self._numbers = count()
        self._seats = asyncio.Semaphore(_AT_A_TIME)
        self.places: list[Place] = []

    def add_place(self, server: QBittorrentServer) -> Place:
        """Take a server."""
        place = Place(server=server)
        self.places.append(place)
        return place

    def beside(self) -> Iterator[Place]:
        """Yield a place for each generation's server on this machine, emptied."""
        for generation in GENERATIONS:
            server = self._servers(generation)
            server.wipe()
            yield self.add_place(server)

    async def load(self, place: Place, name: str, stand_in: JackettStandIn, **data: object) -> None:
        """Load an entry for a Jackett and a server."""
        entry = MockConfigEntry(
            domain=DOMAIN,
            title=f"{name} {place.server.generation}",
            data={
                "jackett_url": stand_in.url,
                "jackett_api_key": stand_in.api_key,
                "jackett_verify_ssl": True,
                "qbittorrent_url": place.server.url,
                "qbittorrent_username": place.server.username,
                "qbittorrent_password": place.server.password,
                "qbittorrent_verify_ssl": True,
                "jackett_url_for_qbittorrent": stand_in.url,
                **data,
            },
            options={"delivery": "auto", "category": "auralarchive"},
        )
        entry.add_to_hass(self._hass)
        assert await self._hass.config_entries.async_setup(entry.entry_id)
        place.jacketts[name] = stand_in
        place.entries[name] = entry.entry_id

    async def run(
        self, groups: Mapping[str, Iterable[Case]], deliveries: Collection[str] = DELIVERIES
    ) -> None:
        """Add everything, record the cells, and fail with every lie."""
        adds = [
            _Add(
                group=group,
                case=case.name,
                plan=case.plan,
                column=Column(
                    place=place,
                    delivery=delivery,
                    number=next(self._numbers),
                    act=self._act,
                ),
            )
            for group, cases in groups.items()
            for case in cases
            for place in self.places
            for delivery in deliveries
        ]
        self._table.announce(add.cell() for add in adds)
        await self._gently(map(_Add.prepare, adds))
        for place in self.places:
            listed = await place.observer.torrents()
            for add in adds:
                if add.column.place is place:
                    add.before = among(listed, add.planned.truth.ids)
        # What is to fail takes longest.
        adds.sort(key=lambda add: add.planned.truth.verdicts == (ADDED,))
        await self._gently(map(self._take, adds))
        # What was true then has to be true at the end, too.
        for place in self.places:
            listed = await place.observer.torrents()
            for add in adds:
                if add.column.place is place:
                    add.check_again(among(listed, add.planned.truth.ids))
        for add in adds:
            self._table.record(add.cell())
        lies = [f"{add.case}, {add.column}: {add.lie}" for add in adds if add.lie]
        assert not lies, "\n".join(["lies:", *lies])

    async def _take(self, add: _Add) -> None:
        """Add, and judge what the action says of it."""
        fields: dict[str, object] = {"timeout": TIMEOUT, **add.planned.fields}
        if add.column.delivery != ANY:
            fields["delivery"] = add.column.delivery
        warnings: list[str] = []
        started = time.monotonic()
        try:
            answer = await self._act("add_torrent", **fields)
            add.verdict, warnings = str(answer["status"]), answer["warnings"]
        except HomeAssistantError as err:
            add.verdict = str(err.translation_key)
        add.elapsed_ms = round((time.monotonic() - started) * 1000)
        truth = add.planned.truth
        after = await add.column.place.observer.find(truth.ids)
        add.lie = judge(add.verdict, truth, before=add.before, after=after, warnings=warnings)

    async def _gently(self, works: Iterable[Coroutine[Any, Any, None]]) -> None:
        """Do many things at once, but only few of those that do more than wait."""

        async def begin(work: Coroutine[Any, Any, None]) -> None:
            async with self._seats:
                task = asyncio.create_task(work)
                await asyncio.wait({task}, timeout=_WORKING_SECONDS)
            await task

        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(begin(work))

    async def _act(self, action: str, **data: object) -> Any:
        return await self._hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=True
        )


@dataclass(kw_only=True)
class _Add:
    """A cell on its way."""

    group: str
    case: str
    plan: Planner
    column: Column
    planned: Plan = field(init=False)
    before: Mapping[str, Any] | None = None
    verdict: str = ""
    elapsed_ms: int = 0
    lie: str = ""

    async def prepare(self) -> None:
        """Make the add ready."""
        self.planned = await self.plan(self.column)

    def check_again(self, now: Mapping[str, Any] | None) -> None:
        """Look whether what was said still holds; what is in doubt may come later."""
        if self.lie or self.verdict == "not_seen":
            return
        if self.verdict in SUCCESSES and now is None:
            self.lie = f"said {self.verdict}, but it did not stay"
        elif self.verdict not in SUCCESSES and self.before is None and now is not None:
            self.lie = f"said {self.verdict}, but it has come since"

    def cell(self) -> Cell:
        """Return the cell as it is by now."""
        return Cell(
            group=self.group,
            case=self.case,
            generation=self.column.place.server.generation,
            delivery=self.column.delivery,
            verdict=self.verdict,
            elapsed_ms=self.elapsed_ms,
            lie=self.lie,
        )
