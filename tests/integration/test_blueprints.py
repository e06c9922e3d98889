"""The blueprints: each is loaded, and run with real downloads."""

from collections.abc import Callable
from datetime import timedelta
import json
from pathlib import Path
import shutil
from typing import Any, cast, override

from aiohttp import web
from homeassistant.components.notify import DATA_COMPONENT, NotifyEntity, NotifyEntityFeature
from homeassistant.components.persistent_notification import (
    _async_get_or_create_notifications as shown_notifications,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import selector
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    mock_restore_cache_with_extra_data,
)

from scripts.lab.jackett_model import Release, page
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import MadeTorrent
from tests.conftest import until

from .blueprint_house import (
    BLUEPRINTS,
    PHONE,
    REPOSITORY,
    House,
    blueprint,
    button_of,
    configuration_in,
)
from .conftest import Action, Lab, Load, Poll
from .test_event import EVENTS, add, book, remove, states

NAMES = ("book_in_trouble.yaml", "book_ready.yaml", "library_scan.yaml")
READY, SCAN, TROUBLE = "book_ready.yaml", "library_scan.yaml", "book_in_trouble.yaml"
# A few seconds: no form takes less than a minute.
SOON = 0.02
TO_THE_PHONE = [
    {"action": PHONE, "data": {"title": "{{ title }}", "message": "{{ message }}"}},
]


@pytest.fixture
def house(
    hass: HomeAssistant, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> House:
    """Return a house without automations."""
    monkeypatch.setattr(hass.config, "config_dir", hass.config.config_dir)
    return House(hass, tmp_path / "house")


def listed(server: QBittorrentServer) -> set[str]:
    """Return the names of the torrents in qBittorrent."""
    return {one["name"] for one in json.loads(server.login().call("torrents/info"))}


def finish(server: QBittorrentServer, made: MadeTorrent) -> None:
    """Put a torrent's files where it looks for them."""
    session = server.login()
    (found,) = json.loads(session.call(f"torrents/info?hashes={made.infohash}"))
    for name, content in made.content.items():
        file = Path(found["save_path"]) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    session.call("torrents/recheck", {"hashes": made.infohash})


def test_every_blueprint_is_tested() -> None:
    """None is forgotten here."""
    assert tuple(sorted(path.name for path in BLUEPRINTS.iterdir())) == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_a_blueprint_is_complete(hass: HomeAssistant, name: str) -> None:
    """It says where it is from and what it needs, and works as it comes."""
    loaded = blueprint(name)
    assert loaded.validate() is None
    assert loaded.metadata["description"]
    assert loaded.metadata["source_url"] == (
        "https://github.com/auralarchive/home-assistant-auralarchive/blob/main/"
        f"{(BLUEPRINTS / name).relative_to(REPOSITORY)}"
    )
    floor = json.loads((REPOSITORY / "hacs.json").read_text())["homeassistant"]
    assert loaded.metadata["homeassistant"] == {"min_version": floor}
    for given in loaded.inputs.values():
        assert given["name"]
        check = cast("Callable[[Any], Any]", selector(given["selector"]))
        check(given["default"])


async def test_a_book_is_ready(hass: HomeAssistant, lab: Lab, load: Load, house: House) -> None:
    """As it comes, the blueprint shows a notification that names the book."""
    await async_setup_component(hass, "persistent_notification", {})
    await load()
    await house.automate(READY)
    add(lab.qbittorrent, book(lab, "Emma"))
    await house.until(lambda: shown_notifications(hass))
    (shown,) = shown_notifications(hass).values()
    assert (shown["title"], shown["message"]) == ("Book ready", '"Emma" is ready.')


@pytest.mark.parametrize("name", ["1984", "1.50", "{{ 7 * 7 }}", "[1, 2]", "L'Étranger", '"It"'])
async def test_a_book_of_any_name(lab: Lab, load: Load, house: House, name: str) -> None:
    """A name is never taken for something else."""
    await load()
    await house.automate(READY, what_to_do=TO_THE_PHONE)
    add(lab.qbittorrent, book(lab, name))
    assert await house.until_told(1) == [f'"{name}" is ready.']


async def test_own_words(lab: Lab, load: Load, house: House) -> None:
    """Title and message can be worded with all that is known of the book."""
    await load()
    await house.automate(
        READY,
        what_to_do=TO_THE_PHONE,
        title_text="Neu: {{ book.name }}",
        message_text="{{ book.size }} bytes, {{ book.category }}, {{ book.infohash }}",
    )
    emma = book(lab, "Emma")
    add(lab.qbittorrent, emma)
    assert await house.until_told(1) == [f"{emma.size} bytes, auralarchive, {emma.infohash}"]
    assert house.phone[0].data["title"] == "Neu: Emma"


class Speaker(NotifyEntity):
    """A notify entity that keeps what it is sent."""

    _attr_name = "Speaker"
    _attr_supported_features = NotifyEntityFeature.TITLE

    def __init__(self) -> None:
        """Begin in silence."""
        self.said: list[tuple[str | None, str]] = []

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        self.said.append((title, message))


async def test_a_notify_entity(hass: HomeAssistant, lab: Lab, load: Load, house: House) -> None:
    """It can be told, too."""
    await async_setup_component(hass, "notify", {})
    speaker = Speaker()
    await hass.data[DATA_COMPONENT].async_add_entities([speaker])
    await load()
    send = {
        "action": "notify.send_message",
        "target": {"entity_id": "notify.speaker"},
        "data": {"title": "{{ title }}", "message": "{{ message }}"},
    }
    await house.automate(READY, what_to_do=[send])
    add(lab.qbittorrent, book(lab, "Emma"))
    await house.until(lambda: speaker.said)
    assert speaker.said == [("Book ready", '"Emma" is ready.')]


async def test_each_book_is_told_once(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, house: House
) -> None:
    """Neither the entry's nor the server's restart tells it again, and the next book is told."""
    entry = await load()
    await house.automate(READY, what_to_do=TO_THE_PHONE)
    add(lab.qbittorrent, book(lab, "Emma"))
    add(lab.qbittorrent, book(lab, "Kim"))
    await house.until_told(2)
    await hass.config_entries.async_reload(entry.entry_id)
    await poll()
    lab.qbittorrent.restart()
    await poll()
    await until(states(lab.qbittorrent), {"Emma": "stalledUP", "Kim": "stalledUP"}.__eq__)
    await poll()
    add(lab.qbittorrent, book(lab, "Ivanhoe"))
    told = await house.until_told(3)
    assert sorted(told[:2]) == ['"Emma" is ready.', '"Kim" is ready.']
    assert told[2:] == ['"Ivanhoe" is ready.']
    assert len(house.runs) == 3


@pytest.mark.parametrize("forgotten", [[], [EVENTS]], ids=["unavailable", "new"])
@pytest.mark.parametrize(
    ("name", "turn"), [(READY, "completed"), (SCAN, "completed"), (TROUBLE, "stalled")]
)
async def test_home_assistant_restarts(
    hass: HomeAssistant,
    load: Load,
    poll: Poll,
    house: House,
    name: str,
    turn: str,
    forgotten: list[str],
) -> None:
    """What the entity restores is no news, whether or not it was unavailable before that."""
    entry = await load()
    await house.automate(name)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert all(hass.states.async_remove(entity_id) for entity_id in forgotten)
    last = State(EVENTS, (dt_util.utcnow() - timedelta(hours=1)).isoformat("T", "milliseconds"))
    known = {"last_event_type": turn, "last_event_attributes": {"name": "Emma"}}
    mock_restore_cache_with_extra_data(hass, [(last, known)])
    assert await hass.config_entries.async_setup(entry.entry_id)
    state = hass.states.get(EVENTS)
    assert state is not None
    assert (state.state, state.attributes["event_type"]) == (last.state, turn)
    await poll()
    assert house.runs == []


async def test_by_hand(hass: HomeAssistant, lab: Lab, load: Load, house: House) -> None:
    """Whoever tries the automation is told of the last event."""
    await load()
    await house.automate(READY, what_to_do=TO_THE_PHONE)
    run = {"entity_id": "automation.book", "skip_condition": True}
    await hass.services.async_call("automation", "trigger", run, blocking=True)
    assert await house.until_told(1) == ['"A download" is ready.']
    add(lab.qbittorrent, book(lab, "Emma"))
    await house.until_told(2)
    await hass.services.async_call("automation", "trigger", run, blocking=True)
    assert (await house.until_told(3))[1:] == ['"Emma" is ready.'] * 2


async def test_a_button_removes_what_stalls(lab: Lab, load: Load, house: House) -> None:
    """Each notification's button removes its own download, and no other button does."""
    await load(stalled_after=SOON)
    await house.automate(TROUBLE, notify_action=PHONE)
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    add(lab.qbittorrent, book(lab, "Kim", seeded=False))
    told = await house.until_told(2)
    assert sorted(told) == ['"Emma": It makes no progress.', '"Kim": It makes no progress.']
    assert {call.data["title"] for call in house.phone} == {"Download stalled"}
    buttons = {call.data["message"]: button_of(call) for call in house.phone}
    house.press("AURALARCHIVE_REMOVE_of_another_run")
    house.press(buttons['"Kim": It makes no progress.'])
    await house.until(lambda: listed(lab.qbittorrent) == {"Emma"})
    house.press(buttons['"Kim": It makes no progress.'])
    add(lab.qbittorrent, book(lab, "Ivanhoe", seeded=False))
    await house.until_told(3)
    assert listed(lab.qbittorrent) == {"Emma", "Ivanhoe"}
    house.press(buttons['"Emma": It makes no progress.'])
    await house.until(lambda: listed(lab.qbittorrent) == {"Ivanhoe"})
    assert len(house.runs) == len(house.phone) == 3


async def test_a_failure_has_its_reason(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, house: House
) -> None:
    """It is told, and what has lost its files can be removed, too."""
    await load()
    await house.automate(TROUBLE, notify_action=PHONE, delete_files=True)
    add(lab.qbittorrent, book(lab, "Emma"))
    await until(states(lab.qbittorrent), {"Emma": "stalledUP"}.__eq__)
    await poll()
    lab.qbittorrent.stop()
    shutil.rmtree(lab.qbittorrent.downloads)
    lab.qbittorrent.start()
    (told,) = await house.until_told(1)
    assert told.startswith('"Emma": ')
    assert "missing" in told
    assert house.phone[0].data["title"] == "Download failed"
    house.press(button_of(house.phone[0]))
    await house.until(lambda: listed(lab.qbittorrent) == set())


@pytest.mark.parametrize(("delete_files", "left"), [(True, 0), (False, 1)])
async def test_files_are_deleted_if_asked_for(
    lab: Lab, load: Load, house: House, delete_files: bool, left: int
) -> None:
    """What has been downloaded goes with the torrent, or stays."""
    await load(stalled_after=SOON)
    await house.automate(TROUBLE, notify_action=PHONE, delete_files=delete_files)
    villette = book(lab, "Villette", seeded=False)
    folder = lab.qbittorrent.downloads
    folder.mkdir(parents=True, exist_ok=True)
    begun = folder / "Villette" / "Villette.m4b"
    begun.parent.mkdir(exist_ok=True)
    begun.write_bytes(b"begun")
    add(lab.qbittorrent, villette)
    await house.until_told(1)
    house.press(button_of(house.phone[0]))
    await house.until(lambda: listed(lab.qbittorrent) == set())
    await house.until(lambda: len(list(folder.rglob("Villette*.m4b*"))) == left)


async def test_an_add_that_fails_has_no_button(
    lab: Lab, load: Load, act: Action, house: House
) -> None:
    """There is nothing to remove."""
    await load()
    await house.automate(TROUBLE, notify_action=PHONE)
    release = Release(title="Emma [M4B]", download=page())
    lab.jackett.indexers["lab"].releases.append(release)
    (result,) = (await act("search", query="emma"))["results"]
    with pytest.raises(HomeAssistantError) as failed:
        await act("add_torrent", result_id=result["result_id"])
    assert await house.until_told(1) == [f'"Emma [M4B]": {failed.value}']
    assert "actions" not in house.phone[0].data["data"]


async def test_no_button_for_what_is_not_there(
    hass: HomeAssistant, load: Load, house: House
) -> None:
    """It may be known what a download would have been, had the add not failed."""
    await load()
    await house.automate(TROUBLE, notify_action=PHONE)
    failed = {
        "event_type": "failed",
        "name": "Emma",
        "infohash": "a" * 40,
        "reason": "It was refused.",
    }
    hass.states.async_set(EVENTS, dt_util.utcnow().isoformat("T", "milliseconds"), failed)
    assert await house.until_told(1) == ['"Emma": It was refused.']
    assert "actions" not in house.phone[0].data["data"]


async def test_no_button_without_qbittorrent(
    lab: Lab, load: Load, act: Action, house: House
) -> None:
    """An infohash alone is no torrent; the notification comes nevertheless."""
    server = lab.server()
    await load(server)
    await house.automate(TROUBLE, notify_action=PHONE)
    server.stop()
    with pytest.raises(HomeAssistantError) as failed:
        await act("add_torrent", link=book(lab, "Emma").magnet())
    (told,) = await house.until_told(1)
    assert str(failed.value) in told
    assert "actions" not in house.phone[0].data["data"]


async def test_a_button_that_cannot_do_it(lab: Lab, load: Load, house: House) -> None:
    """Whoever presses it hears that the download is still there."""
    server = lab.server()
    await load(server, stalled_after=SOON)
    await house.automate(TROUBLE, notify_action=PHONE)
    add(server, book(lab, "Emma", seeded=False))
    await house.until_told(1)
    server.stop()
    house.press(button_of(house.phone[0]))
    told = await house.until_told(2)
    assert told[1:] == ['"Emma" could not be removed. The log of Home Assistant says why.']
    assert house.phone[0].data["data"]["tag"] == house.phone[1].data["data"]["tag"]


async def test_a_button_works_for_a_time(lab: Lab, load: Load, house: House) -> None:
    """After that it does nothing."""
    await load(stalled_after=SOON)
    await house.automate(TROUBLE, notify_action=PHONE, patience={"minutes": 5})
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    await house.until_told(1)
    house.pass_time(timedelta(minutes=4))
    await house.until(lambda: True)
    assert house.running
    house.pass_time(timedelta(minutes=5, seconds=1))
    await house.until(lambda: not house.running)
    house.press(button_of(house.phone[0]))
    add(lab.qbittorrent, book(lab, "Kim", seeded=False))
    await house.until_told(2)
    assert listed(lab.qbittorrent) == {"Emma", "Kim"}


async def test_a_button_spares_a_book_that_is_ready_after_all(
    lab: Lab, load: Load, house: House
) -> None:
    """Whoever finds the notification late removes nothing by it."""
    await load(stalled_after=SOON)
    await house.automate(TROUBLE, notify_action=PHONE, delete_files=True)
    emma, kim = book(lab, "Emma", seeded=False), book(lab, "Kim", seeded=False)
    add(lab.qbittorrent, emma)
    add(lab.qbittorrent, kim)
    await house.until_told(2)
    buttons = {call.data["message"]: button_of(call) for call in house.phone}
    finish(lab.qbittorrent, emma)
    await house.until(lambda: house.running == 1)
    house.press(buttons['"Emma": It makes no progress.'])
    house.press(buttons['"Kim": It makes no progress.'])
    await house.until(lambda: not house.running)
    assert listed(lab.qbittorrent) == {"Emma"}


async def test_a_download_that_is_gone_is_waited_for_no_longer(
    lab: Lab, load: Load, house: House
) -> None:
    """Somebody may remove it by other means."""
    await load(stalled_after=SOON)
    await house.automate(TROUBLE, notify_action=PHONE)
    emma = book(lab, "Emma", seeded=False)
    add(lab.qbittorrent, emma)
    await house.until_told(1)
    assert house.running
    remove(lab.qbittorrent, emma)
    await house.until(lambda: not house.running)


async def test_only_some_kinds_of_trouble(lab: Lab, load: Load, act: Action, house: House) -> None:
    """Whoever does not mind stalls hears of failures only."""
    await load(stalled_after=SOON)
    await house.automate(TROUBLE, notify_action=PHONE, kinds=["failed"])
    stalls = house.hear("stalled")
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    await house.until(lambda: stalls)
    lab.jackett.indexers["lab"].releases.append(Release(title="Kim", download=page()))
    (result,) = (await act("search", query="kim"))["results"]
    with pytest.raises(HomeAssistantError):
        await act("add_torrent", result_id=result["result_id"])
    (told,) = await house.until_told(1)
    assert told.startswith('"Kim": ')


async def test_trouble_as_it_comes(hass: HomeAssistant, lab: Lab, load: Load, house: House) -> None:
    """Without a phone it is shown in Home Assistant."""
    await async_setup_component(hass, "notify", {})
    await load(stalled_after=SOON)
    await house.automate(TROUBLE)
    add(lab.qbittorrent, book(lab, "Emma", seeded=False))
    await house.until(lambda: shown_notifications(hass))
    (shown,) = shown_notifications(hass).values()
    texts = ("Download stalled", '"Emma": It makes no progress.')
    assert (shown["title"], shown["message"]) == texts


class Audiobookshelf:
    """What Audiobookshelf does with a wish for a scan: says OK, or refuses."""

    def __init__(self, status: int) -> None:
        """Begin with no wish."""
        self.status = status
        self.asked: list[tuple[str, str, str | None]] = []

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Note who asks for what."""
        self.asked.append((request.method, request.path, request.headers.get("Authorization")))
        return web.Response(status=self.status, text="OK")


@pytest.fixture
def status() -> int:
    """Return what Audiobookshelf answers."""
    return 200


@pytest.fixture
async def audiobookshelf(hass: HomeAssistant, lab: Lab, status: int) -> Audiobookshelf:
    """Run a server in the place of the blueprint's example, which is configured as told there."""
    server = Audiobookshelf(status)
    configuration = configuration_in(blueprint(SCAN).metadata["description"])
    command = configuration["rest_command"]["audiobookshelf_scan"]
    url = await lab.site(server.answer)
    command["url"] = command["url"].replace("http://audiobookshelf.local:13378", url)
    assert await async_setup_component(hass, "rest_command", configuration)
    return server


async def test_one_scan_for_many_books(
    hass: HomeAssistant, lab: Lab, load: Load, house: House, audiobookshelf: Audiobookshelf
) -> None:
    """It starts when no other book has become ready for a while, and only then."""
    await load()
    await house.automate(SCAN)
    for name in ("Emma", "Ivanhoe", "Kim"):
        add(lab.qbittorrent, book(lab, name))
    await house.until_run(3)
    assert audiobookshelf.asked == []
    house.pass_time(timedelta(seconds=61))
    await house.until(lambda: audiobookshelf.asked)
    await house.until(lambda: not house.running)
    add(lab.qbittorrent, book(lab, "Persuasion"))
    await house.until_run(4)
    house.pass_time(timedelta(seconds=61))
    await house.until(lambda: len(audiobookshelf.asked) > 1)
    await house.until(lambda: not house.running)
    wish = (
        "POST",
        "/api/libraries/e4bb1afb-4a4f-4dd6-8be0-e615d233185b/scan",
        "Bearer an-invented-api-key",
    )
    assert audiobookshelf.asked == [wish, wish]
    assert len(house.runs) == 4


@pytest.mark.parametrize("status", [401, 404, 500])
async def test_a_scan_that_is_refused(
    lab: Lab,
    load: Load,
    house: House,
    audiobookshelf: Audiobookshelf,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The automation fails, so that somebody sees it."""
    await load()
    await house.automate(SCAN)
    add(lab.qbittorrent, book(lab, "Emma"))
    await house.until_run(1)
    house.pass_time(timedelta(seconds=61))
    await house.until(lambda: audiobookshelf.asked)
    await house.until(lambda: not house.running)
    assert "Audiobookshelf refused the scan" in caplog.text
