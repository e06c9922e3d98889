"""Changing an entry's servers: prefilled, tried before anything is changed, and never a double."""

from collections.abc import Awaitable, Callable

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.auralarchive.const import DOMAIN
from custom_components.auralarchive.engine.errors import QbittorrentAuthError
from custom_components.auralarchive.trials import login
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import QBittorrentServer, free_port
from tests.conftest import past_progress

from .conftest import Fields, Lab, Load, Poll
from .test_config_flow import Walk, texts

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "names")

type Change = Callable[[Lab], Awaitable[tuple[Fields, Fields]]]

ADDRESS = "jackett_url_for_qbittorrent"
NAME, PASSWORD, KEY = "qbittorrent_username", "qbittorrent_password", "qbittorrent_api_key"


async def begin(hass: HomeAssistant, entry: ConfigEntry) -> Walk:
    """Stand before the first form of a change."""
    walk = Walk(hass)
    walk.form = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    assert walk.form["step_id"] == "reconfigure"
    return walk


async def enter_offered(walk: Walk, **fields: object) -> Walk:
    """Fill in the form as it is offered, but for some fields."""
    await walk.enter({**walk.offered, **fields})
    return walk


def assert_changed(walk: Walk) -> None:
    """See that the flow has ended well."""
    ended = (walk.form["type"], walk.form["reason"])
    assert ended == (FlowResultType.ABORT, "reconfigure_successful")


def finding(walk: Walk) -> str:
    """Return what the last form says of the address that it proposes."""
    assert walk.form["step_id"] == "reconfigure_address", walk.form
    assert texts()["step"]["reconfigure_address"]["description"] == "{finding}"
    assert walk.form["description_placeholders"] is not None
    return walk.form["description_placeholders"]["finding"]


def state(entry: ConfigEntry) -> ConfigEntryState:
    """Return an entry's state; it changes between two looks, which mypy does not expect."""
    return entry.state


async def test_nothing_is_changed(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """All but the secrets is filled in, what is left empty stays, and the entry runs on."""
    entry = await load(qbittorrent_api_key="")
    data, running = dict(entry.data), entry.runtime_data
    walk = await begin(hass, entry)
    assert walk.offered == {"jackett_url": lab.jackett.url, "jackett_verify_ssl": True}
    await enter_offered(walk)
    assert walk.form["step_id"] == "reconfigure_qbittorrent"
    assert walk.offered == {
        "qbittorrent_url": lab.qbittorrent.url,
        NAME: "admin",
        "qbittorrent_verify_ssl": True,
    }
    assert lab.qbittorrent.password not in str(walk.form)
    await enter_offered(walk)
    assert "so it is right" in finding(walk)
    assert walk.offered == {ADDRESS: lab.jackett.url}
    await enter_offered(walk)
    assert_changed(walk)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data == data
    assert entry.runtime_data is running


async def test_both_servers_move(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """Preferences and title stay; the category is there on the new server, too."""
    entry = await load(category="books/audio", delivery="link")
    options, running = dict(entry.options), entry.runtime_data
    jackett, server = await lab.secure_jackett(), lab.server("5.1")
    walk = await begin(hass, entry)
    jackett_fields = {
        "jackett_url": f"{jackett.url}/UI/Dashboard",
        "jackett_api_key": jackett.api_key,
        "jackett_verify_ssl": False,
    }
    await walk.enter(jackett_fields)
    await enter_offered(walk, qbittorrent_url=f"{server.url}/")
    # qBittorrent does not know its certificate, and links would have to be opened there.
    await walk.enter({ADDRESS: jackett.url})
    walk.assert_refused("reconfigure_address", {ADDRESS: jackett.url}, ADDRESS, "link_unreachable")
    assert entry.data["jackett_url"] == lab.jackett.url
    await walk.enter({ADDRESS: jackett.url})
    assert_changed(walk)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data == {
        "jackett_url": jackett.url,
        "jackett_api_key": jackett.api_key,
        "jackett_verify_ssl": False,
        "qbittorrent_url": server.url,
        NAME: "admin",
        PASSWORD: server.password,
        KEY: "",
        "qbittorrent_verify_ssl": True,
        ADDRESS: jackett.url,
    }
    assert entry.title == "AuralArchive"
    assert entry.options == options
    assert entry.runtime_data is not running
    assert state(entry) is ConfigEntryState.LOADED
    assert "books/audio" in server.login().call("torrents/categories")


LOGINS = {
    "nothing-entered": ({NAME: "admin"}, ("admin", "old", ""), ("admin", "old", "")),
    "other-name": ({NAME: "eve"}, ("admin", "old", ""), ("eve", "old", "")),
    "other-password": (
        {NAME: "admin", PASSWORD: "new"},
        ("admin", "old", ""),
        ("admin", "new", ""),
    ),
    "name-cleared": ({}, ("admin", "old", ""), ("", "", "")),
    "name-cleared-with-key": ({}, ("", "", "qbt_1"), ("", "", "qbt_1")),
    "key-for-password": ({NAME: "admin", KEY: " qbt_1\n"}, ("admin", "old", ""), ("", "", "qbt_1")),
    "password-for-key": (
        {NAME: "admin", PASSWORD: "new"},
        ("", "", "qbt_1"),
        ("admin", "new", ""),
    ),
    "other-key": ({KEY: "qbt_2"}, ("", "", "qbt_1"), ("", "", "qbt_2")),
    "both-entered": (
        {NAME: "admin", PASSWORD: "new", KEY: "qbt_2"},
        ("admin", "old", ""),
        ("", "", "qbt_2"),
    ),
    "both-kept": ({NAME: "admin"}, ("admin", "old", "qbt_1"), ("admin", "old", "qbt_1")),
    "none-kept": ({}, ("", "", ""), ("", "", "")),
}


@pytest.mark.parametrize(("entered", "kept", "meant"), LOGINS.values(), ids=LOGINS)
def test_logins(entered: Fields, kept: tuple[str, str, str], meant: tuple[str, str, str]) -> None:
    """Empty secrets keep the present ones; a key and a name with password replace each other."""
    fields = (NAME, PASSWORD, KEY)
    before = dict(zip(fields, kept, strict=True))
    assert tuple(login(entered, before).values()) == meant


@pytest.mark.parametrize("before", ["", "admin"])
def test_a_name_alone_does_not_replace_a_key(before: str) -> None:
    """Nothing is tried with it: it could only be refused."""
    with pytest.raises(QbittorrentAuthError) as refused:
        login({NAME: "eve"}, {NAME: before, KEY: "qbt_1"})
    assert refused.value.reason == "login_needed"


async def test_the_kinds_of_login(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """From a password to a key, back again, and to no login at all."""
    server, open_door = lab.server(), lab.server(local_auth=False)
    entry = await load(server)
    key = server.make_api_key()
    for entered, stored in (
        ({KEY: key}, ["", "", key]),
        ({}, ["", "", key]),
        ({NAME: "admin", PASSWORD: server.password}, ["admin", server.password, ""]),
        ({NAME: "", "qbittorrent_url": open_door.url}, ["", "", ""]),
    ):
        walk = await enter_offered(await begin(hass, entry))
        await enter_offered(walk, **entered)
        await enter_offered(walk)
        assert_changed(walk)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert [entry.data[field] for field in (NAME, PASSWORD, KEY)] == stored
        assert state(entry) is ConfigEntryState.LOADED


async def test_troubles(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """Every form says what is wrong, nothing is changed by that, and then all is well."""
    server = lab.server()
    key = server.make_api_key()
    entry = await load(server, qbittorrent_api_key=key, qbittorrent_username="")
    data = dict(entry.data)
    walk = await begin(hass, entry)
    typed = {**walk.offered, "jackett_api_key": "0" * 32}
    await walk.enter(typed)
    walk.assert_refused("reconfigure", typed, "jackett_api_key", "jackett_auth")
    typed = {**walk.offered, "jackett_url": f"http://127.0.0.1:{free_port()}"}
    await walk.enter(typed)
    walk.assert_refused("reconfigure", typed, "jackett_url", "jackett_unreachable_refused")
    await enter_offered(walk, jackett_url=lab.jackett.url, jackett_api_key="")
    typed = {**walk.offered, NAME: "eve"}
    await walk.enter(typed)
    walk.assert_refused("reconfigure_qbittorrent", typed, "base", "qbittorrent_auth_login_needed")
    typed = {**walk.offered, PASSWORD: "wrong"}
    await walk.enter(typed)
    walk.assert_refused("reconfigure_qbittorrent", typed, "base", "qbittorrent_auth_login_refused")
    typed = {**walk.offered, "qbittorrent_url": "a b"}
    await walk.enter(typed)
    walk.assert_refused("reconfigure_qbittorrent", typed, "qbittorrent_url", "invalid_address")
    await enter_offered(walk, **{"qbittorrent_url": server.url, NAME: "", PASSWORD: ""})
    typed = {ADDRESS: "ftp://jackett"}
    await walk.enter(typed)
    walk.assert_refused("reconfigure_address", typed, ADDRESS, "invalid_address")
    assert entry.data == data
    await walk.enter({ADDRESS: f"{lab.jackett.url}/"})
    assert_changed(walk)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data == data


async def test_two_entries_do_not_become_one(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """The pair of another entry is told as soon as both addresses are known."""
    await load()
    entry = await load(lab.server("5.1"))
    data = dict(entry.data)
    walk = await enter_offered(await begin(hass, entry))
    await enter_offered(walk, qbittorrent_url=lab.qbittorrent.url)
    assert (walk.form["type"], walk.form["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert entry.data == data


async def test_two_windows_do_not_make_two_of_one(
    hass: HomeAssistant, lab: Lab, load: Load
) -> None:
    """Who comes second finds the pair set up."""
    entry = await load(lab.server("5.1"))
    walk = await enter_offered(await begin(hass, entry))
    await enter_offered(walk, qbittorrent_url=lab.qbittorrent.url)
    await load()
    await enter_offered(walk)
    assert (walk.form["type"], walk.form["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_the_present_address_still_works(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """Then it stays, even if another would be the first to be proposed."""
    chosen = lab.jackett.url_at("localhost")
    entry = await load(jackett_url_for_qbittorrent=chosen)
    walk = await enter_offered(await begin(hass, entry))
    await enter_offered(walk, qbittorrent_url=lab.server("5.1").url)
    assert walk.offered == {ADDRESS: chosen}
    assert "so it is right" in finding(walk)


async def test_the_servers_are_where_they_were(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """The present address was chosen for them: it stays, and a better one is named."""
    chosen = f"http://127.0.0.1:{free_port()}"
    entry = await load(jackett_url_for_qbittorrent=chosen)
    walk = await enter_offered(await enter_offered(await begin(hass, entry)))
    assert walk.offered == {ADDRESS: chosen}
    assert f"At {lab.jackett.url} it did" in finding(walk)


async def test_jackett_has_moved(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """What was found takes the place of an address that leads nowhere any more."""
    before = f"http://127.0.0.1:{free_port()}"
    entry = await load(jackett_url=before, jackett_url_for_qbittorrent=before)
    walk = await enter_offered(await begin(hass, entry), jackett_url=lab.jackett.url)
    await enter_offered(walk)
    assert walk.offered == {ADDRESS: lab.jackett.url}
    assert f"It replaces {before}," in finding(walk)


async def test_jackett_seems_to_be_in_two_places(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """Where it was is one still, but whether it is the one that was entered is not known."""
    entry = await load()
    jackett = await lab.secure_jackett()
    entered = {"jackett_url": jackett.url, "jackett_api_key": jackett.api_key}
    walk = await begin(hass, entry)
    await enter_offered(walk, **entered, jackett_verify_ssl=False)
    await enter_offered(walk)
    assert walk.offered == {ADDRESS: lab.jackett.url}
    assert "still opens a Jackett there" in finding(walk)


async def test_home_assistant_uses_the_same_address_now(
    hass: HomeAssistant, lab: Lab, load: Load
) -> None:
    """What qBittorrent has used so far is right for both."""
    entry = await load(jackett_url=f"http://127.0.0.1:{free_port()}")
    walk = await enter_offered(await begin(hass, entry), jackett_url=lab.jackett.url)
    await enter_offered(walk)
    assert walk.offered == {ADDRESS: lab.jackett.url}
    assert "so it is right" in finding(walk)
    assert "replaces" not in finding(walk)


async def test_nothing_is_found_from_a_container(
    hass: HomeAssistant, lab: Lab, load: Load, namespace: NetworkNamespace
) -> None:
    """Without a move the present address stays; after one there is a guess, which is called so."""
    server = lab.server(namespace=namespace)
    entry = await load(server, jackett_url_for_qbittorrent="http://192.0.2.1:9117")
    walk = await enter_offered(await enter_offered(await begin(hass, entry)))
    assert walk.offered == {ADDRESS: "http://192.0.2.1:9117"}
    assert "has been used so far" in finding(walk)
    hass.config_entries.flow.async_abort(walk.form["flow_id"])
    other = await load(lab.qbittorrent, jackett_url_for_qbittorrent="http://192.0.2.1:9117")
    await hass.config_entries.async_remove(entry.entry_id)
    walk = await enter_offered(await begin(hass, other))
    await enter_offered(walk, qbittorrent_url=server.url)
    assert walk.offered == {ADDRESS: f"http://{namespace.address}:{lab.jackett.port}"}
    assert "is a guess" in finding(walk)


async def test_qbittorrent_goes_meanwhile(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """The form still comes with the present address; a change has to wait for the server."""
    server = lab.server()
    entry = await load(server)
    walk = await enter_offered(await begin(hass, entry))
    flows = hass.config_entries.flow
    step = await flows.async_configure(walk.form["flow_id"], walk.offered)
    assert step["type"] is FlowResultType.SHOW_PROGRESS
    server.kill()
    walk.form = await past_progress(hass, step)
    assert "could not be seen" in finding(walk)
    typed = walk.offered
    await walk.enter(typed)
    walk.assert_refused("reconfigure_address", typed, "base", "qbittorrent_unreachable_refused")
    server.start()
    await enter_offered(walk)
    assert_changed(walk)


async def test_a_refused_login_is_corrected_here(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """Then nobody asks for it any more."""
    entry = await load(qbittorrent_password="incorrect horse")
    assert len(hass.config_entries.flow.async_progress()) == 1
    walk = await enter_offered(await begin(hass, entry))
    await enter_offered(walk, **{PASSWORD: lab.qbittorrent.password})
    await enter_offered(walk)
    assert_changed(walk)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.config_entries.flow.async_progress() == []
    assert state(entry) is ConfigEntryState.LOADED


async def back_at_set_up(server: QBittorrentServer, load: Load, poll: Poll) -> ConfigEntry:
    """Have a server that was away when the entry was to be loaded."""
    server.kill()
    entry = await load(server, qbittorrent_api_key="")
    assert entry.state is ConfigEntryState.SETUP_RETRY
    return entry


async def back_later(server: QBittorrentServer, load: Load, poll: Poll) -> ConfigEntry:
    """Have a server that has gone since the entry was loaded."""
    entry = await load(server, qbittorrent_api_key="")
    server.kill()
    await poll()
    return entry


@pytest.mark.parametrize("away", [back_at_set_up, back_later])
async def test_what_has_failed_is_tried_again(
    hass: HomeAssistant,
    lab: Lab,
    load: Load,
    poll: Poll,
    away: Callable[[QBittorrentServer, Load, Poll], Awaitable[ConfigEntry]],
) -> None:
    """Without a change, too: the servers have just been seen to answer."""
    server = lab.server()
    entry = await away(server, load, poll)
    before = entry.runtime_data
    server.start()
    walk = await enter_offered(await enter_offered(await begin(hass, entry)))
    await enter_offered(walk)
    assert_changed(walk)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(entry) is ConfigEntryState.LOADED
    assert entry.runtime_data is not before
