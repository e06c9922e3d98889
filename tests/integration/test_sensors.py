"""The sensors, over what can happen to real torrents on a real server."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.auralarchive.engine.mirror import TorrentState
from scripts.lab.jackett import JackettStandIn
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import MadeTorrent, make_torrent
from tests.conftest import until

from .conftest import Poll, state_of

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "every_entity")

KILOBYTES = 1024


@dataclass(frozen=True, slots=True)
class Shelf:
    """Puts torrents into a server, each in a state of its own."""

    server: QBittorrentServer
    added: list[str] = field(default_factory=list)

    def add(self, torrent: MadeTorrent, category: str = "auralarchive", **fields: str) -> None:
        """Add a torrent that nobody has."""
        self.server.login().add_file(torrent.data, category=category, **fields)
        self.added.append(torrent.infohash)

    def add_complete(self, torrent: MadeTorrent, category: str = "auralarchive") -> None:
        """Add a torrent whose files are there."""
        self.write(torrent, *torrent.content)
        self.add(torrent, category, skip_checking="true", seedMode="true")

    async def add_partly(self, torrent: MadeTorrent, *paths: str) -> None:
        """Add a torrent, stopped, some of whose files are there."""
        self.write(torrent, *paths)
        self.add(torrent, stopped="true")
        await until(self.states, ["stoppedDL"].__eq__)
        self.server.login().call("torrents/recheck", {"hashes": torrent.infohash})

    async def states(self) -> list[str]:
        """Return the server's words for what its torrents do."""
        return [one["state"] for one in json.loads(self.server.login().call("torrents/info"))]

    def write(self, torrent: MadeTorrent, *paths: str) -> None:
        """Lay some of a torrent's files down where the server looks for them."""
        for path in paths:
            file = self.server.downloads / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(torrent.content[path])


@pytest.fixture
def shelf(qbittorrent: QBittorrentServer) -> Iterator[Shelf]:
    """Return an empty shelf."""
    yield Shelf(qbittorrent)
    prefer(qbittorrent, queueing_enabled=False)


def prefer(server: QBittorrentServer, **preferences: object) -> None:
    """Change a server's settings."""
    server.login().call("app/setPreferences", {"json": json.dumps(preferences)})


def book(name: str, *, size: int = 64 * KILOBYTES, parts: int = 1) -> MadeTorrent:
    """Make a torrent of so many files of that size."""
    letters = name.encode()
    content = {f"part {part}.mp3": (letters * size)[:size] for part in range(parts)}
    return make_torrent(content, name=name)


async def nothing(_: Shelf) -> None:
    """Leave the shelf empty."""


async def seeding(shelf: Shelf) -> None:
    """Have two books: one is seeded, one is stopped."""
    shelf.add_complete(book("Dune"))
    shelf.add_complete(book("Emma"))
    shelf.server.login().call("torrents/stop", {"hashes": book("Emma").infohash})


async def without_seeds(shelf: Shelf) -> None:
    """Want a book that nobody has."""
    shelf.add(book("Dune"))


async def half_done(shelf: Shelf) -> None:
    """Have half of a book, stopped, and all of another."""
    await shelf.add_partly(book("Dune", parts=2), "Dune/part 0.mp3")
    shelf.add_complete(book("Emma"))


async def half_of_all(shelf: Shelf) -> None:
    """Have nothing of a small book, and two thirds of one that is three times as large."""
    await shelf.add_partly(book("Dune", parts=3), "Dune/part 0.mp3", "Dune/part 1.mp3")
    shelf.add(book("Emma"), stopped="true")


async def no_metadata(shelf: Shelf) -> None:
    """Have a magnet that is a few moments old."""
    magnet = book("Dune").magnet()
    shelf.server.login().call("torrents/add", {"urls": magnet, "category": "auralarchive"})
    shelf.added.append(book("Dune").infohash)


async def nowhere_to_write(shelf: Shelf) -> None:
    """Have a book whose folder cannot be made."""
    shelf.add(book("Dune"), savepath="/dev/null/books")


async def files_gone(shelf: Shelf) -> None:
    """Have had a book whose files somebody deleted."""
    dune = book("Dune")
    shelf.add_complete(dune)
    await until(shelf.states, ["stalledUP"].__eq__)
    shelf.server.stop()
    for path in dune.content:
        (shelf.server.downloads / path).unlink()
    shelf.server.start()


async def queued(shelf: Shelf) -> None:
    """Want two books where only one may be downloaded at a time."""
    prefer(shelf.server, queueing_enabled=True, max_active_downloads=1, max_active_torrents=1)
    shelf.add(book("Dune"))
    shelf.add(book("Emma"))


async def below(shelf: Shelf) -> None:
    """Have one book in the category and one in a category below it."""
    shelf.add_complete(book("Dune"))
    shelf.add_complete(book("Emma"), category="auralarchive/classics/novels")


async def elsewhere(shelf: Shelf) -> None:
    """Have books in other categories, whatever they are called, and in none."""
    for name, category in (("Dune", "auralarchive2"), ("Emma", "films"), ("Worm", "")):
        shelf.add_complete(book(name), category=category)
    shelf.add(book("Ulysses"), category="auralarchives/x")


type States = dict[str, str]

NONE: States = {
    "active_downloads": "0",
    "completed": "0",
    "problems": "0",
    "download_speed": "0.0",
    "progress": STATE_UNKNOWN,
    "time_remaining": STATE_UNKNOWN,
    "last_added": STATE_UNKNOWN,
    "last_completed": STATE_UNKNOWN,
}
DUNE = {"last_added": "Dune"}
# It is always added after Dune; should that be in the same second, its infohash is higher.
EMMA = {"last_added": "Emma"}
DONE = {"last_completed": "Emma"}
SITUATIONS: dict[str, tuple[Callable[[Shelf], Awaitable[None]], States]] = {
    "nothing": (nothing, {}),
    "seeding": (seeding, {**EMMA, **DONE, "completed": "2"}),
    "without-seeds": (without_seeds, {**DUNE, "active_downloads": "1", "progress": "0.0"}),
    "half-done": (half_done, {**EMMA, **DONE, "completed": "1", "progress": "50.0"}),
    "half-of-all": (half_of_all, {**EMMA, "progress": "50.0"}),
    "no-metadata-yet": (no_metadata, {**DUNE, "active_downloads": "1"}),
    "nowhere-to-write": (nowhere_to_write, {**DUNE, "problems": "1", "progress": "0.0"}),
    "files-gone": (files_gone, {**DUNE, "problems": "1", "progress": "0.0"}),
    "queued": (queued, {**EMMA, "active_downloads": "2", "progress": "0.0"}),
    "below": (below, {**EMMA, **DONE, "completed": "2", "categories": "3"}),
    "elsewhere": (elsewhere, {"categories": "4"}),
}


@pytest.mark.parametrize(("arrange", "expected"), SITUATIONS.values(), ids=SITUATIONS)
async def test_situations(
    hass: HomeAssistant,
    shelf: Shelf,
    entry: ConfigEntry,
    poll: Poll,
    arrange: Callable[[Shelf], Awaitable[None]],
    expected: States,
) -> None:
    """Every figure, in every situation; what is not named is as it is with nothing there."""
    await arrange(shelf)
    mirror = entry.runtime_data.servers.mirror

    async def states() -> States:
        await poll()
        return {key: state_of(hass, f"sensor.auralarchive_{key}") for key in NONE | expected}

    def is_right(seen: States) -> bool:
        torrents = mirror.torrents.values()
        settled = [found for found in torrents if found.state is not TorrentState.CHECKING]
        return len(settled) == len(shelf.added) and seen == NONE | expected

    await until(states, is_right)


async def test_a_book_is_downloaded(
    hass: HomeAssistant,
    shelf: Shelf,
    jackett: JackettStandIn,
    entry: ConfigEntry,
    poll: Poll,
) -> None:
    """While it comes there are a speed and a time; in the end it is the last one completed."""
    plain = book("Dune", size=512 * KILOBYTES)
    dune = make_torrent(
        {"part 0.mp3": plain.content["Dune/part 0.mp3"]}, name="Dune", web_seeds=[jackett.seed_url]
    )
    jackett.seed.add(dune.content)
    jackett.seed.bytes_per_second = 100 * KILOBYTES
    shelf.add(dune)

    async def figures() -> list[float]:
        await poll()
        keys = ("download_speed", "progress", "time_remaining")
        states = [state_of(hass, f"sensor.auralarchive_{key}") for key in keys]
        return [float(state) for state in states if state != STATE_UNKNOWN]

    speed, progress, minutes = await until(figures, lambda seen: len(seen) == 3 and min(seen) > 0)
    assert speed < 1
    assert progress < 100
    assert minutes < 60
    assert state_of(hass, "sensor.auralarchive_active_downloads") == "1"
    jackett.seed.bytes_per_second = None

    async def completed() -> str:
        await poll()
        return state_of(hass, "sensor.auralarchive_last_completed")

    await until(completed, "Dune".__eq__)
    record = json.loads(shelf.server.login().call("torrents/info"))[0]
    for key, time in (("last_added", "added_on"), ("last_completed", "completion_on")):
        state = hass.states.get(f"sensor.auralarchive_{key}")
        assert state is not None
        assert state.attributes["infohash"] == dune.infohash
        assert state.attributes["at"] == datetime.fromtimestamp(record[time], UTC).isoformat()


@pytest.mark.freeze_time(real_asyncio=True)
async def test_a_magnet_that_learns_nothing_is_a_problem(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    shelf: Shelf,
    entry: ConfigEntry,
    poll: Poll,
) -> None:
    """Five minutes are enough for anybody who has peers."""
    await no_metadata(shelf)

    async def states() -> tuple[str, str]:
        await poll()
        keys = ("active_downloads", "problems")
        active, problems = (state_of(hass, f"sensor.auralarchive_{key}") for key in keys)
        return active, problems

    await until(states, ("1", "0").__eq__)
    freezer.tick(290)
    assert await states() == ("1", "0")
    freezer.tick(20)
    assert await states() == ("1", "1")


async def test_free_space(hass: HomeAssistant, shelf: Shelf, entry: ConfigEntry) -> None:
    """It is what the server says, in gigabytes, without the noise of its last digits."""
    told = json.loads(shelf.server.login().call("sync/maindata"))
    free = told["server_state"]["free_space_on_disk"]
    shown = float(state_of(hass, "sensor.auralarchive_free_space"))
    assert shown == pytest.approx(free / 1e9, abs=0.5)
    assert shown * 1e9 % 1e7 == pytest.approx(0, abs=1)


async def test_categories(
    hass: HomeAssistant, shelf: Shelf, entry: ConfigEntry, poll: Poll
) -> None:
    """Their names are listed, for people and not for the recorder."""
    session = shelf.server.login()
    for name in ("talks", "books/old"):
        session.call("torrents/createCategory", {"category": name, "savePath": ""})
    await poll()
    state = hass.states.get("sensor.auralarchive_categories")
    assert state is not None
    assert state.state == "3"
    assert state.attributes["categories"] == ["books", "books/old", "talks"]
    assert state.state_info is not None
    assert "categories" in state.state_info["unrecorded_attributes"]
    session.call("torrents/removeCategories", {"categories": "talks"})
    await poll()
    assert state_of(hass, "sensor.auralarchive_categories") == "2"


async def test_a_name_longer_than_a_state(
    hass: HomeAssistant, shelf: Shelf, entry: ConfigEntry, poll: Poll
) -> None:
    """It is cut, not lost."""
    shelf.add(book("Long " * 40), stopped="true")
    await until(shelf.states, ["stoppedDL"].__eq__)
    session = shelf.server.login()
    session.call("torrents/rename", {"hash": book("Long " * 40).infohash, "name": "x" * 300})
    await poll()
    assert state_of(hass, "sensor.auralarchive_last_added") == "x" * 255


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """What an entity says of itself."""

    name: str
    unit: str | None = None
    device_class: str | None = None
    state_class: str | None = "measurement"
    category: str | None = None
    platform: str = "sensor"


DESCRIBED = {
    "active_downloads": Described(name="Active downloads", unit="downloads"),
    "completed": Described(name="Completed", unit="downloads"),
    "problems": Described(name="Problems", unit="downloads"),
    "download_speed": Described(name="Download speed", unit="MB/s", device_class="data_rate"),
    "progress": Described(name="Progress", unit="%"),
    "time_remaining": Described(name="Time remaining", unit="min", device_class="duration"),
    "free_space": Described(
        name="Free space", unit="GB", device_class="data_size", category="diagnostic"
    ),
    "categories": Described(name="Categories", unit="categories", category="diagnostic"),
    "last_added": Described(name="Last added", state_class=None),
    "last_completed": Described(name="Last completed", state_class=None),
    "downloads": Described(name="Downloads", state_class=None, platform="event"),
    "qbittorrent_connected": Described(
        name="qBittorrent connected",
        device_class="connectivity",
        state_class=None,
        category="diagnostic",
        platform="binary_sensor",
    ),
    "jackett_connected": Described(
        name="Jackett connected",
        device_class="connectivity",
        state_class=None,
        category="diagnostic",
        platform="binary_sensor",
    ),
}


async def test_descriptions(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Names are translated, figures have their unit and class, and ids will never change."""
    described = {}
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        state = hass.states.get(entity.entity_id)
        assert state is not None
        described[entity.unique_id] = Described(
            name=state.name.removeprefix("AuralArchive "),
            unit=state.attributes.get("unit_of_measurement"),
            device_class=state.attributes.get("device_class"),
            state_class=state.attributes.get("state_class"),
            category=entity.entity_category,
            platform=entity.domain,
        )
        assert entity.has_entity_name
    assert described == {f"{entry.entry_id}_{key}": one for key, one in DESCRIBED.items()}


async def test_the_device(
    hass: HomeAssistant, qbittorrent: QBittorrentServer, entry: ConfigEntry
) -> None:
    """All entities belong to one service, which tells its version and where it is."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert len(entities) == len(DESCRIBED)
    assert {entity.device_id for entity in entities} == {device.id}
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.name == "AuralArchive"
    assert device.configuration_url == qbittorrent.url
    assert f"v{device.sw_version}" == qbittorrent.login().call("app/version")
