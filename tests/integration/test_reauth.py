"""What was refused is asked for: Jackett's key, qBittorrent's login, or one after the other."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.auralarchive.engine.errors import QbittorrentAuthError, UnverifiedError
from scripts.lab.qbittorrent import QBittorrentServer
from scripts.lab.torrents import make_torrent

from .conftest import Action, Fields, Lab, Load, Poll, state_of, worded
from .test_config_flow import Walk

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "names")

type Arrange = Callable[[Lab], Awaitable[None]]

JACKETT = "binary_sensor.auralarchive_jackett_connected"
LOGIN = "/api/v2/auth/login"
OTHER_KEY = "b" * 32
OTHER_PASSWORD = "staple battery"
MAGNET = make_torrent({"dune.m4b": b"sand"}).magnet()


def steps(hass: HomeAssistant) -> list[str]:
    """Return the forms that wait to be filled in."""
    return [flow["step_id"] for flow in hass.config_entries.flow.async_progress()]


async def open_form(hass: HomeAssistant) -> Walk:
    """Open the one form that waits."""
    (waiting,) = hass.config_entries.flow.async_progress()
    walk = Walk(hass)
    walk.form = await hass.config_entries.flow.async_configure(waiting["flow_id"])
    return walk


def change_password(server: QBittorrentServer) -> None:
    """Give a server another password, and end its sessions."""
    session = server.login()
    session.call("app/setPreferences", {"json": f'{{"web_ui_password":"{OTHER_PASSWORD}"}}'})
    server.restart()


def state(entry: ConfigEntry) -> ConfigEntryState:
    """Return an entry's state; it changes between two looks, which mypy does not expect."""
    return entry.state


async def test_jackett_refuses_the_key(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """Only the key is asked for, nothing is filled in, and the rest of the entry works on."""
    entry = await load(jackett_api_key=OTHER_KEY)
    assert entry.state is ConfigEntryState.LOADED
    walk = await open_form(hass)
    assert walk.form["step_id"] == "reauth_jackett"
    assert walk.form["data_schema"] is not None
    assert list(walk.form["data_schema"].schema) == ["jackett_api_key"]
    assert walk.offered == {}
    ended = await walk.enter({"jackett_api_key": f" {lab.jackett.api_key}\n"})
    assert (ended["type"], ended["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data["jackett_api_key"] == lab.jackett.api_key
    assert (state(entry), state_of(hass, JACKETT)) == (ConfigEntryState.LOADED, STATE_ON)
    assert steps(hass) == []


async def as_it_is(_: Lab) -> None:
    """Leave all as it is."""


async def stop_jackett(lab: Lab) -> None:
    """Take Jackett away."""
    await lab.jackett.stop()


@pytest.mark.parametrize(
    ("arrange", "field", "error"),
    [
        pytest.param(as_it_is, "jackett_api_key", "jackett_auth", id="wrong-again"),
        pytest.param(stop_jackett, "base", "jackett_unreachable_refused", id="away"),
    ],
)
async def test_the_key_is_not_taken(
    hass: HomeAssistant, lab: Lab, load: Load, arrange: Arrange, field: str, error: str
) -> None:
    """The form says why, and ends well when all is right."""
    entry = await load(jackett_api_key=OTHER_KEY)
    walk = await open_form(hass)
    await arrange(lab)
    typed = {"jackett_api_key": "c" * 32}
    await walk.enter(typed)
    walk.assert_refused("reauth_jackett", typed, field, error)
    await lab.jackett.restart()
    ended = await walk.enter({"jackett_api_key": lab.jackett.api_key})
    assert ended["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data["jackett_api_key"] == lab.jackett.api_key


async def test_jackett_is_asked_again(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll
) -> None:
    """It bans nobody: when it takes the key after all, that is noticed."""
    await load()
    ours = lab.jackett.api_key
    lab.jackett.api_key = OTHER_KEY
    for _ in range(2):
        await poll(seconds=300)
        assert state_of(hass, JACKETT) == STATE_OFF
        assert steps(hass) == ["reauth_jackett"]
    lab.jackett.api_key = ours
    await poll(seconds=300)
    assert state_of(hass, JACKETT) == STATE_ON


async def test_both_refuse(hass: HomeAssistant, lab: Lab, load: Load, poll: Poll) -> None:
    """One is asked for after the other, also where one refused later; no login is tried twice."""
    server = lab.server()
    proxy = await lab.proxy(server.url)
    entry = await load(qbittorrent_url=proxy.url)
    change_password(server)
    await poll()
    assert steps(hass) == ["reauth_qbittorrent"]
    lab.jackett.api_key = OTHER_KEY
    await poll(seconds=300)
    walk = await open_form(hass)
    # One that was taken when the entry was loaded, one that was refused.
    assert len(proxy.of(LOGIN)) == 2
    await walk.enter({"qbittorrent_username": "admin", "qbittorrent_password": OTHER_PASSWORD})
    assert walk.form["step_id"] == "reauth_jackett"
    assert entry.data["qbittorrent_password"] == server.password
    ended = await walk.enter({"jackett_api_key": OTHER_KEY})
    assert ended["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data["qbittorrent_password"] == OTHER_PASSWORD
    assert entry.data["jackett_api_key"] == OTHER_KEY
    assert entry.data["qbittorrent_url"] == proxy.url
    assert state(entry) is ConfigEntryState.LOADED
    assert (state_of(hass, JACKETT), steps(hass)) == (STATE_ON, [])


async def test_both_refuse_from_the_start(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """The set-up ends at qBittorrent, but one flow corrects both."""
    entry = await load(jackett_api_key=OTHER_KEY, qbittorrent_password="incorrect horse")
    walk = await open_form(hass)
    assert walk.form["step_id"] == "reauth_qbittorrent"
    login = {"qbittorrent_username": "admin", "qbittorrent_password": lab.qbittorrent.password}
    await walk.enter(login)
    assert walk.form["step_id"] == "reauth_jackett"
    ended = await walk.enter({"jackett_api_key": lab.jackett.api_key})
    assert ended["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (state(entry), steps(hass)) == (ConfigEntryState.LOADED, [])
    assert state_of(hass, JACKETT) == STATE_ON


async def test_no_more_logins_are_tried(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """The form knows who refused from the set-up that failed, and asks qBittorrent nothing."""
    proxy = await lab.proxy(lab.qbittorrent.url)
    entry = await load(qbittorrent_url=proxy.url, qbittorrent_password="incorrect horse")
    assert entry.state is ConfigEntryState.SETUP_ERROR
    walk = await open_form(hass)
    assert walk.form["step_id"] == "reauth_qbittorrent"
    assert walk.offered == {"qbittorrent_username": "admin"}
    assert "incorrect horse" not in str(walk.form)
    assert len(proxy.of(LOGIN)) == 1


KEY = ("reauth_jackett", {"jackett_api_key": "{key}"})
PASSWORD = (
    "reauth_qbittorrent",
    {"qbittorrent_username": "admin", "qbittorrent_password": "correct horse"},
)


@pytest.mark.parametrize(
    ("wrong", "forms"),
    [
        pytest.param({"jackett_api_key": OTHER_KEY}, [KEY], id="key"),
        pytest.param({"qbittorrent_password": "incorrect"}, [PASSWORD], id="password"),
        pytest.param(
            {"jackett_api_key": OTHER_KEY, "qbittorrent_password": "incorrect"},
            [PASSWORD, KEY],
            id="both",
        ),
    ],
)
async def test_started_from_elsewhere(
    hass: HomeAssistant,
    lab: Lab,
    load: Load,
    wrong: Fields,
    forms: list[tuple[str, Fields]],
) -> None:
    """Where nothing is known of an entry, the servers are asked."""
    entry = await load()
    await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_entry(entry, data={**entry.data, **wrong})
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    walk = await open_form(hass)
    for step, fields in forms:
        assert walk.form["step_id"] == step
        await walk.enter({key: one.format(key=lab.jackett.api_key) for key, one in fields.items()})
    assert walk.form["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(entry) is ConfigEntryState.LOADED
    assert steps(hass) == []


@pytest.mark.parametrize("arrange", [as_it_is, stop_jackett])
async def test_nothing_refused(hass: HomeAssistant, lab: Lab, load: Load, arrange: Arrange) -> None:
    """Then there is nothing to ask for; a server that is away does not refuse."""
    entry = await load()
    await arrange(lab)
    result = await entry.start_reauth_flow(hass)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "nothing_refused")


async def test_a_search_meets_it(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action
) -> None:
    """It says so, and the form comes."""
    lab.jackett.api_key = OTHER_KEY
    with pytest.raises(HomeAssistantError) as refused:
        await act("search", query="dune")
    assert refused.value.translation_key == "jackett_auth"
    assert "Home Assistant asks for the right one" in worded(refused.value)
    await hass.async_block_till_done()
    assert (steps(hass), state_of(hass, JACKETT)) == (["reauth_jackett"], STATE_OFF)


@pytest.mark.parametrize(
    ("action", "data"),
    [
        pytest.param("add_torrent", {"link": MAGNET}, id="add"),
        pytest.param("get_downloads", {}, id="list"),
    ],
)
async def test_an_action_meets_it(
    hass: HomeAssistant, lab: Lab, load: Load, act: Action, action: str, data: Fields
) -> None:
    """It says so, the form comes, and the wrong login is not tried again."""
    server = lab.server()
    proxy = await lab.proxy(server.url)
    await load(qbittorrent_url=proxy.url)
    change_password(server)
    for _ in range(2):
        with pytest.raises(HomeAssistantError) as refused:
            await act(action, **data)
        assert refused.value.translation_key == "qbittorrent_auth"
        assert "user name or password are wrong" in worded(refused.value)
    await hass.async_block_till_done()
    assert steps(hass) == ["reauth_qbittorrent"]
    assert len(proxy.of(LOGIN)) == 2


async def test_a_check_meets_it(hass: HomeAssistant, lab: Lab, load: Load, act: Action) -> None:
    """A finding is no error, but the form comes all the same."""
    server = lab.server()
    await load(server)
    change_password(server)
    assert not (await act("check_route"))["ok"]
    await hass.async_block_till_done()
    assert steps(hass) == ["reauth_qbittorrent"]


async def test_refused_after_an_add(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """An add that could not be verified because of it is as good a reason."""
    server = lab.server()
    entry = await load(server)
    change_password(server)
    cause = QbittorrentAuthError(reason="login_refused")
    await entry.runtime_data.look_after(UnverifiedError(cause=cause))
    await hass.async_block_till_done()
    assert steps(hass) == ["reauth_qbittorrent"]


async def test_an_older_link_is_refused(
    hass: HomeAssistant, lab: Lab, entry: ConfigEntry, act: Action
) -> None:
    """That its key is wrong says nothing of ours, which Jackett still takes."""
    link = f"{lab.jackett.url}/dl/lab/?jackett_apikey={OTHER_KEY}&path=x&file=Dune"
    with pytest.raises(HomeAssistantError) as refused:
        await act("add_torrent", link=link, delivery="file")
    assert refused.value.translation_key == "jackett_auth"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (steps(hass), state_of(hass, JACKETT)) == ([], STATE_ON)


async def test_a_session_is_refused(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """A login that is taken is right: no other would help."""

    async def forgetful(request: web.BaseRequest) -> web.Response:
        return web.Response(status=204 if request.path == LOGIN else 403)

    entry = await load(qbittorrent_url=await lab.site(forgetful))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert steps(hass) == []
