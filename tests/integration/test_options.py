"""The options: all that can be preferred, checked where the servers answer."""

from collections.abc import Awaitable, Callable
from itertools import chain
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest

from custom_components.auralarchive.options_flow import SEARCH_CATEGORIES, SECTIONS, options_schema
from custom_components.auralarchive.preferences import DEFAULT_OPTIONS
from scripts.lab.jackett_model import STANDARD_CATEGORIES, Indexer
from scripts.lab.qbittorrent import QBittorrentServer, free_port

from .conftest import Fields, Lab, Load, Poll
from .package_files import TEXTS

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

CHOSEN: Fields = {
    "delivery": "file",
    "category": "books/audio",
    "save_path": "/downloads/books",
    "timeout": 20,
    "search_categories": ["3030", "100123"],
    "indexers": ["lab"],
    "min_seeders": 2,
    "preferred_formats": ["mp3", "m4b"],
    "preferred_languages": ["sv", "en"],
    "stalled_after": 90,
}


def inner(form: ConfigFlowResult, part: str) -> Any:
    """Return the fields of a section."""
    schema = form["data_schema"]
    assert schema is not None
    return schema.schema[part].schema.schema


def offered(form: ConfigFlowResult) -> dict[str, Fields]:
    """Return what the fields are filled with, by section."""
    return {
        part: {
            str(field): field.description["suggested_value"]
            for field in inner(form, part)
            if field.description
        }
        for part in SECTIONS
    }


def choices(form: ConfigFlowResult, part: str, field: str) -> list[Any]:
    """Return what a field offers."""
    found: list[Any] = inner(form, part)[field].config["options"]
    return found


async def opened(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Open the form."""
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "init")
    return form


async def submit(hass: HomeAssistant, form: ConfigFlowResult, **fields: object) -> ConfigFlowResult:
    """Submit the form as it is offered, but for some fields; None clears one."""
    entered = {
        part: {
            name: value
            for name, value in {
                **values,
                **{one: fields[one] for one in SECTIONS[part] if one in fields},
            }.items()
            if value is not None
        }
        for part, values in offered(form).items()
    }
    done = await hass.config_entries.options.async_configure(form["flow_id"], entered)
    await hass.async_block_till_done(wait_background_tasks=True)
    return done


def assert_refused(form: ConfigFlowResult, part: str, error: str) -> str:
    """See the form again with an error at a section, and return its text."""
    assert (form["type"], form["errors"]) == (FlowResultType.FORM, {part: error})
    text: str = TEXTS["options"]["error"][error]
    return text.format(**(form["description_placeholders"] or {}))


def state(entry: ConfigEntry) -> ConfigEntryState:
    """Return an entry's state; it changes between two looks, which mypy does not expect."""
    return entry.state


def test_there_is_a_field_for_every_option() -> None:
    """And a text for every field, with what belongs into it."""
    schema = options_schema(DEFAULT_OPTIONS).schema
    fields = {str(part): [str(one) for one in schema[part].schema.schema] for part in schema}
    assert fields == {part: [*names] for part, names in SECTIONS.items()}
    assert sorted(chain(*fields.values())) == sorted(DEFAULT_OPTIONS)
    texts = TEXTS["options"]["step"]["init"]["sections"]
    assert {part: list(one["data"]) for part, one in texts.items()} == fields
    assert {part: list(one["data_description"]) for part, one in texts.items()} == fields
    assert all(one["name"] and one["description"].endswith(".") for one in texts.values())


def test_the_categories_are_torznabs() -> None:
    """The names are those of the numbers that indexers use."""
    assert {int(one) for one in SEARCH_CATEGORIES} <= set(STANDARD_CATEGORIES)
    named = TEXTS["selector"]["search_categories"]["options"]
    assert list(named) == list(SEARCH_CATEGORIES)
    assert all(f"({number})" in text for number, text in named.items())


async def test_all_that_can_be_preferred(hass: HomeAssistant, lab: Lab, entry: ConfigEntry) -> None:
    """It is stored flat, in the order in which it was picked, and used from then on."""
    before = entry.runtime_data
    form = await opened(hass, entry)
    assert {key: one for part in offered(form).values() for key, one in part.items()} == (
        DEFAULT_OPTIONS
    )
    done = await submit(hass, form, **CHOSEN)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == CHOSEN
    assert state(entry) is ConfigEntryState.LOADED
    preferences = entry.runtime_data.preferences
    assert entry.runtime_data is not before
    assert (preferences.formats, preferences.languages) == (("mp3", "m4b"), ("sv", "en"))
    assert preferences.stalled_after == 90 * 60
    assert "books/audio" in lab.qbittorrent.login().call("torrents/categories")


async def test_nothing_is_changed(hass: HomeAssistant, lab: Lab, entry: ConfigEntry) -> None:
    """Then the entry runs on, and qBittorrent is left alone."""
    before = entry.runtime_data
    done = await submit(hass, await opened(hass, entry))
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == DEFAULT_OPTIONS
    assert entry.runtime_data is before


async def test_what_is_cleared(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """A field that is empty is not sent: no folder, no preference, all indexers, everything."""
    entry = await load()
    hass.config_entries.async_update_entry(entry, options={**CHOSEN, "of_tomorrow": True})
    cleared = ("search_categories", "indexers", "preferred_formats", "preferred_languages")
    form = await opened(hass, entry)
    await submit(hass, form, save_path=None, **dict.fromkeys(cleared))
    expected = {**CHOSEN, "save_path": "", **{one: [] for one in cleared}, "of_tomorrow": True}
    assert entry.options == expected


async def test_what_the_servers_have_is_offered(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """Categories of qBittorrent by name, indexers of Jackett by theirs."""
    lab.jackett.add(Indexer(id="abb", name="AudioBook Bay"))
    lab.qbittorrent.login().call("torrents/createCategory", {"category": "talks", "savePath": ""})
    entry = await load(category="books")
    form = await opened(hass, entry)
    assert choices(form, "downloads", "category") == ["auralarchive", "books", "talks"]
    assert choices(form, "search", "indexers") == [
        {"value": "abb", "label": "AudioBook Bay"},
        {"value": "lab", "label": "Lab"},
    ]
    assert not inner(form, "search")["indexers"].config["custom_value"]


async def test_jackett_is_away(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """What was chosen stays, and ids can be typed."""
    await lab.jackett.stop()
    entry = await load(jackett_url=f"http://127.0.0.1:{free_port()}")
    hass.config_entries.async_update_entry(entry, options={**DEFAULT_OPTIONS, "indexers": ["abb"]})
    form = await opened(hass, entry)
    assert choices(form, "search", "indexers") == [{"value": "abb", "label": "abb"}]
    await submit(hass, form, indexers=["abb", "lab"], min_seeders=3)
    assert entry.options == {**DEFAULT_OPTIONS, "indexers": ["abb", "lab"], "min_seeders": 3}


async def test_an_indexer_that_is_gone(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """It can stay chosen, or be taken out."""
    entry = await load()
    hass.config_entries.async_update_entry(entry, options={**DEFAULT_OPTIONS, "indexers": ["abb"]})
    form = await opened(hass, entry)
    assert [one["value"] for one in choices(form, "search", "indexers")] == ["abb", "lab"]
    await submit(hass, form, indexers=["lab"])
    assert entry.options["indexers"] == ["lab"]


@pytest.mark.parametrize("name", ["", "  ", "/books", "books/", "books//audio", "books\\audio"])
async def test_what_is_no_category(hass: HomeAssistant, entry: ConfigEntry, name: str) -> None:
    """The form says so; what else was entered stays entered."""
    form = await submit(hass, await opened(hass, entry), category=name, save_path="/books")
    assert "category name" in assert_refused(form, "downloads", "invalid_category")
    assert offered(form)["downloads"]["save_path"] == "/books"
    await submit(hass, form, category=" books ")
    assert (entry.options["category"], entry.options["save_path"]) == ("books", "/books")


@pytest.mark.parametrize("typed", ["books", "-1", "30.5", "", "0x10", "²"])
async def test_what_is_no_search_category(
    hass: HomeAssistant, entry: ConfigEntry, typed: str
) -> None:
    """The form says so, and takes whole numbers however they are written."""
    form = await opened(hass, entry)
    form = await submit(hass, form, search_categories=["3030", typed])
    assert "whole number" in assert_refused(form, "search", "no_whole_number")
    assert offered(form)["search"]["search_categories"] == ["3030", typed]
    await submit(hass, form, search_categories=["3030", " 0100123", "3030 ", "0"])
    assert entry.options["search_categories"] == ["3030", "100123", "0"]


async def test_two_things_are_wrong(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Each is shown at its section."""
    form = await opened(hass, entry)
    form = await submit(hass, form, category="/", search_categories=["x"])
    assert form["errors"] == {"downloads": "invalid_category", "search": "no_whole_number"}


async def test_qbittorrent_is_away(hass: HomeAssistant, lab: Lab, load: Load, poll: Poll) -> None:
    """All can be chosen but a category that would have to be created; that one is explained."""
    server = lab.server()
    server.login().call("torrents/createCategory", {"category": "talks", "savePath": ""})
    entry = await load(server)
    server.kill()
    await poll()
    form = await opened(hass, entry)
    form = await submit(hass, form, category="new", delivery="link")
    told = assert_refused(form, "downloads", "category_not_created")
    assert "no category new yet" in told
    assert "nothing answers there" in told
    await submit(hass, form, category="talks")
    assert (entry.options["category"], entry.options["delivery"]) == ("talks", "link")


async def test_the_login_is_refused(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """Then it is asked for, and no further one is tried for the category."""
    server = lab.server()
    proxy = await lab.proxy(server.url)
    entry = await load(qbittorrent_url=proxy.url)
    session = server.login()
    session.call("app/setPreferences", {"json": '{"web_ui_password":"staple battery"}'})
    server.restart()
    form = await opened(hass, entry)
    for _ in range(2):
        form = await submit(hass, form, category="new")
        assert "wrong" in assert_refused(form, "downloads", "category_not_created")
    (asking,) = hass.config_entries.flow.async_progress()
    assert asking["step_id"] == "reauth_qbittorrent"
    assert len(proxy.of("/api/v2/auth/login")) == 2


async def login_refused(server: QBittorrentServer, load: Load) -> ConfigEntry:
    """Load an entry with a wrong password."""
    return await load(server, qbittorrent_password="incorrect horse")


async def server_away(server: QBittorrentServer, load: Load) -> ConfigEntry:
    """Load an entry whose server does not answer."""
    server.kill()
    return await load(server)


@pytest.mark.parametrize("not_loaded", [login_refused, server_away])
async def test_the_entry_is_not_loaded(
    hass: HomeAssistant,
    lab: Lab,
    load: Load,
    not_loaded: Callable[[QBittorrentServer, Load], Awaitable[ConfigEntry]],
) -> None:
    """What needs no server can be chosen."""
    entry = await not_loaded(lab.server(), load)
    assert entry.state is not ConfigEntryState.LOADED
    form = await opened(hass, entry)
    assert choices(form, "downloads", "category") == ["auralarchive"]
    form = await submit(hass, form, category="books", delivery="link")
    assert "while the entry is loaded" in assert_refused(form, "downloads", "category_not_loaded")
    await submit(hass, form, category="auralarchive", timeout=30)
    assert entry.options == {**DEFAULT_OPTIONS, "delivery": "link", "timeout": 30}


async def test_links_that_qbittorrent_cannot_open(
    hass: HomeAssistant, lab: Lab, load: Load
) -> None:
    """It is pointed out once, and only where the delivery is newly chosen."""
    wrong = f"http://127.0.0.1:{free_port()}"
    entry = await load(jackett_url_for_qbittorrent=wrong)
    form = await submit(hass, await opened(hass, entry), delivery="link")
    told = assert_refused(form, "downloads", "link_unreachable")
    assert f"at {wrong}. " in told
    assert "refused the connection" in told
    await submit(hass, form)
    assert entry.options["delivery"] == "link"
    await submit(hass, await opened(hass, entry), min_seeders=1)
    assert entry.options == {**DEFAULT_OPTIONS, "delivery": "link", "min_seeders": 1}


async def test_links_that_qbittorrent_opens(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Then there is nothing to say."""
    await submit(hass, await opened(hass, entry), delivery="link")
    assert entry.options["delivery"] == "link"


async def test_qbittorrent_cannot_be_asked_what_it_opens(
    hass: HomeAssistant, lab: Lab, load: Load
) -> None:
    """Nothing is said, either: it will show."""
    server = lab.server()
    entry = await load(server)
    server.kill()
    await submit(hass, await opened(hass, entry), delivery="link")
    assert entry.options["delivery"] == "link"


async def test_numbers_out_of_range(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """The form's own limits hold for everybody."""
    form = await opened(hass, entry)
    for field, value in (
        ("timeout", 0),
        ("timeout", 601),
        ("stalled_after", 0),
        ("min_seeders", -1),
    ):
        with pytest.raises(InvalidData, match=field):
            await submit(hass, form, **{field: value})
    assert entry.options == DEFAULT_OPTIONS
