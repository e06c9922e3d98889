"""The config flow: three forms, each of which talks to its server before it lets anybody on."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cache
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components import auralarchive
from custom_components.auralarchive.const import DOMAIN
from custom_components.auralarchive.preferences import DEFAULT_OPTIONS
from scripts.lab.jackett import JackettStandIn
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import QBittorrentServer, free_port
from tests.conftest import SetUp, past_progress, until

from .conftest import Fields, Lab, Load, Poll
from .odd_servers import always

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "names")

type Trouble = Callable[[Lab], Awaitable[Fields]]
type Cases = dict[str, tuple[Trouble, str, str]]

WEB_PAGE = "<!DOCTYPE html><html><body>Welcome</body></html>"
LOGIN = ("qbittorrent_username", "qbittorrent_password", "qbittorrent_api_key")
ELSEWHERE = "https://elsewhere.example/login?secret=1"


class Walk:
    """A walk through the forms."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Stand before the first form."""
        self.hass = hass
        self._flows = hass.config_entries.flow
        self.form: ConfigFlowResult

    async def begin(self) -> ConfigFlowResult:
        """Show the first form."""
        self.form = await self._flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        return self.form

    async def enter(self, fields: Fields) -> ConfigFlowResult:
        """Fill in the form that is shown."""
        step = await self._flows.async_configure(self.form["flow_id"], fields)
        self.form = await past_progress(self.hass, step)
        return self.form

    async def finish(self, *rest: Fields) -> ConfigFlowResult:
        """Fill in all that remains, and end with an entry."""
        for fields in rest:
            await self.enter(fields)
        assert self.form["type"] is FlowResultType.CREATE_ENTRY, self.form
        return self.form

    @property
    def offered(self) -> dict[str, Any]:
        """Return what the fields of the form are filled with."""
        schema = self.form["data_schema"]
        assert schema is not None
        return {
            str(field): field.description["suggested_value"]
            for field in schema.schema
            if field.description
        }

    def assert_refused(self, step: str, typed: Fields, field: str, error: str) -> None:
        """See the same form again: what is wrong has a text, and what was typed stays typed."""
        assert self.form["type"] is FlowResultType.FORM
        assert (self.form["step_id"], self.form["errors"]) == (step, {field: error})
        assert self.offered == typed
        text = texts()["error"][error].format(**(self.form["description_placeholders"] or {}))
        assert "secret" not in text


@cache
def texts() -> Any:
    """Return the texts of the config flow."""
    path = Path(auralarchive.__file__).parent / "translations/en.json"
    return json.loads(path.read_text())["config"]


@pytest.fixture
async def walk(hass: HomeAssistant) -> Walk:
    """Return a walk that stands before the first form."""
    walk = Walk(hass)
    assert (await walk.begin())["step_id"] == "user"
    return walk


def jackett_fields(jackett: JackettStandIn) -> Fields:
    """Return the first form, filled in rightly."""
    return {
        "jackett_url": jackett.url,
        "jackett_api_key": jackett.api_key,
        "jackett_verify_ssl": True,
    }


def qbittorrent_fields(server: QBittorrentServer) -> Fields:
    """Return the second form, filled in rightly."""
    return {
        "qbittorrent_url": server.url,
        "qbittorrent_username": server.username,
        "qbittorrent_password": server.password,
        "qbittorrent_verify_ssl": True,
    }


def delivery_fields(jackett: JackettStandIn) -> Fields:
    """Return the third form, filled in rightly."""
    return {
        "jackett_url_for_qbittorrent": jackett.url,
        "delivery": "auto",
        "category": "auralarchive",
    }


async def test_what_is_entered_is_stored(hass: HomeAssistant, lab: Lab, walk: Walk) -> None:
    """Connections go into data, preferences into options, and the category onto the server."""
    await walk.enter(jackett_fields(lab.jackett))
    await walk.enter(qbittorrent_fields(lab.qbittorrent))
    assert walk.form["step_id"] == "delivery"
    created = await walk.finish(
        {
            "jackett_url_for_qbittorrent": "HTTP://Jackett:9117/",
            "delivery": "file",
            "category": " books/audio ",
        }
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert created["title"] == "AuralArchive"
    assert created["data"] == {
        **jackett_fields(lab.jackett),
        **qbittorrent_fields(lab.qbittorrent),
        "qbittorrent_api_key": "",
        "jackett_url_for_qbittorrent": "http://jackett:9117",
    }
    chosen = {"delivery": "file", "category": "books/audio"}
    assert created["options"] == {**DEFAULT_OPTIONS, **chosen}
    assert "books/audio" in lab.qbittorrent.login().call("torrents/categories")


@pytest.mark.parametrize(
    ("base_path", "pasted", "key"),
    [
        pytest.param("", "{url}/", "{key}", id="slash-at-the-end"),
        pytest.param("", "127.0.0.1:{port}", " {key} ", id="no-scheme-and-blanks"),
        pytest.param("", "{url}/UI/Dashboard#search", "{key}", id="dashboard"),
        pytest.param("/jk", "{url}", "{key}", id="base-path"),
        pytest.param("/jk", "{url}/UI/Login?ReturnUrl=%2F", "{key}", id="base-path-login"),
        pytest.param("", "{url}/{feed}?apikey={key}&t=search&cat=3030&q=", None, id="feed"),
        pytest.param("/jk", "{url}/{feed}?apikey={key}&t=caps", "", id="feed-with-base-path"),
        pytest.param("", "{url}/{feed}?apikey=old&q=", "{key}", id="entered-key-beats-the-feed's"),
    ],
)
async def test_pasted_addresses(
    lab: Lab, walk: Walk, base_path: str, pasted: str, key: str | None
) -> None:
    """Whatever was copied from the browser becomes Jackett's address and key."""
    lab.jackett.base_path = base_path
    values = {
        "url": lab.jackett.url,
        "port": lab.jackett.port,
        "key": lab.jackett.api_key,
        "feed": "api/v2.0/indexers/all/results/torznab/",
    }
    typed = {"jackett_url": pasted, "jackett_api_key": key}
    await walk.enter({name: text.format(**values) for name, text in typed.items() if text})
    created = await walk.finish(qbittorrent_fields(lab.qbittorrent), delivery_fields(lab.jackett))
    assert created["data"]["jackett_url"] == lab.jackett.url
    assert created["data"]["jackett_api_key"] == lab.jackett.api_key


async def no_such_host(_: Lab) -> Fields:
    """Name a host that nobody knows; names that end so are never looked up in the network."""
    return {"jackett_url": "http://jackett.onion:9117"}


async def nobody_there(_: Lab) -> Fields:
    """Name a port that nobody listens on."""
    return {"jackett_url": f"http://127.0.0.1:{free_port()}"}


async def https_on_a_plain_port(lab: Lab) -> Fields:
    """Say https where it is http."""
    return {"jackett_url": lab.jackett.url.replace("http:", "https:")}


async def unknown_certificate(lab: Lab) -> Fields:
    """Name a server with a certificate of its own."""
    return {"jackett_url": (await lab.secure_jackett()).url}


async def http_on_a_secure_port(lab: Lab) -> Fields:
    """Say http where it is https."""
    return {"jackett_url": (await lab.secure_jackett()).url.replace("https:", "http:")}


async def too_long_a_path(lab: Lab) -> Fields:
    """Name a base path that Jackett does not have."""
    return {"jackett_url": f"{lab.jackett.url}/nothing/here"}


async def qbittorrents_address(lab: Lab) -> Fields:
    """Mix the two up."""
    return {"jackett_url": lab.qbittorrent.url}


async def a_web_page(lab: Lab) -> Fields:
    """Name something else that answers everything."""
    return {"jackett_url": await lab.site(always(body=WEB_PAGE, Content_Type="text/html"))}


async def a_login_page(lab: Lab) -> Fields:
    """Name something that wants a login of its own."""
    return {"jackett_url": await lab.site(always(302, Location="/login"))}


async def moved(lab: Lab) -> Fields:
    """Name something that sends on."""
    return {"jackett_url": await lab.site(always(301, Location=ELSEWHERE))}


async def wrong_key(_: Lab) -> Fields:
    """Mistype the key."""
    return {"jackett_api_key": "0" * 32}


async def no_key(_: Lab) -> Fields:
    """Leave the key out."""
    return {"jackett_api_key": ""}


async def closed_door(lab: Lab) -> Fields:
    """Name a proxy that wants a login."""
    return {"jackett_url": await lab.site(always(401))}


async def broken(lab: Lab) -> Fields:
    """Name a Jackett that fails."""
    return {"jackett_url": await lab.site(always(500, '{"result":"error","error":"Oops"}'))}


async def too_often(lab: Lab) -> Fields:
    """Name a proxy that has had enough."""
    return {"jackett_url": await lab.site(always(429, Retry_After="60"))}


async def no_address(_: Lab) -> Fields:
    """Enter what is no address at all."""
    return {"jackett_url": "ftp://jackett:9117"}


JACKETT_TROUBLES: Cases = {
    "cannot-resolve": (no_such_host, "jackett_url", "jackett_unreachable_cannot_resolve"),
    "refused": (nobody_there, "jackett_url", "jackett_unreachable_refused"),
    "tls": (https_on_a_plain_port, "jackett_url", "jackett_unreachable_tls"),
    "certificate": (unknown_certificate, "jackett_url", "jackett_unreachable_tls"),
    "hung-up": (http_on_a_secure_port, "jackett_url", "jackett_unreachable_connection_lost"),
    "wrong-path": (too_long_a_path, "jackett_url", "jackett_wrong_path"),
    "mixed-up": (qbittorrents_address, "jackett_url", "jackett_wrong_path"),
    "web-page": (a_web_page, "jackett_url", "not_jackett"),
    "login-page": (a_login_page, "jackett_url", "not_jackett"),
    "redirect": (moved, "jackett_url", "jackett_redirect"),
    "wrong-key": (wrong_key, "jackett_api_key", "jackett_auth"),
    "no-key": (no_key, "jackett_api_key", "jackett_auth"),
    "closed-door": (closed_door, "jackett_api_key", "jackett_auth"),
    "error": (broken, "jackett_url", "jackett_failed"),
    "too-often": (too_often, "jackett_url", "jackett_failed"),
    "no-address": (no_address, "jackett_url", "invalid_address"),
}


@pytest.mark.parametrize(
    ("trouble", "field", "error"), JACKETT_TROUBLES.values(), ids=JACKETT_TROUBLES
)
async def test_jackett_troubles(
    lab: Lab, walk: Walk, trouble: Trouble, field: str, error: str
) -> None:
    """Each has its own text, and after it all is well."""
    typed = jackett_fields(lab.jackett) | await trouble(lab)
    await walk.enter(typed)
    walk.assert_refused("user", typed, field, error)
    await walk.finish(
        jackett_fields(lab.jackett),
        qbittorrent_fields(lab.qbittorrent),
        delivery_fields(lab.jackett),
    )


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "http://",
        "//jackett",
        "jackett:port",
        "http://jackett:99999",
        "http://jack ett:9117",
        "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a",
        "file:///etc/passwd",
        "http://[::1",
        "http://127.0.0.1:80\n80",
    ],
)
async def test_what_is_no_address(lab: Lab, walk: Walk, typed: str) -> None:
    """It is told as such, not as a crash."""
    fields = jackett_fields(lab.jackett) | {"jackett_url": typed}
    await walk.enter(fields)
    walk.assert_refused("user", fields, "jackett_url", "invalid_address")


async def no_such_qbittorrent(_: Lab) -> Fields:
    """Name a host that nobody knows."""
    return {"qbittorrent_url": "http://qbittorrent.onion:8080"}


async def no_qbittorrent_there(_: Lab) -> Fields:
    """Name a port that nobody listens on."""
    return {"qbittorrent_url": f"http://127.0.0.1:{free_port()}"}


async def https_to_plain_qbittorrent(lab: Lab) -> Fields:
    """Say https where it is http."""
    return {"qbittorrent_url": lab.jackett.url.replace("http:", "https:")}


async def secure_qbittorrent(lab: Lab) -> Fields:
    """Name a server with a certificate of its own."""
    return {"qbittorrent_url": (await lab.proxy(lab.qbittorrent.url, tls=True)).url}


async def http_to_secure_qbittorrent(lab: Lab) -> Fields:
    """Say http where it is https."""
    proxy = await lab.proxy(lab.qbittorrent.url, tls=True)
    return {"qbittorrent_url": proxy.url.replace("https:", "http:")}


async def wrong_path(lab: Lab) -> Fields:
    """Name a path that a reverse proxy would have."""
    return {"qbittorrent_url": f"{lab.qbittorrent.url}/qbittorrent"}


async def jacketts_address(lab: Lab) -> Fields:
    """Mix the two up."""
    return {"qbittorrent_url": lab.jackett.url}


async def another_web_page(lab: Lab) -> Fields:
    """Name something else that answers everything."""
    return {"qbittorrent_url": await lab.site(always(body=WEB_PAGE, Content_Type="text/html"))}


async def another_login_page(lab: Lab) -> Fields:
    """Name something that wants a login of its own."""
    return {"qbittorrent_url": await lab.site(always(302, Location="/login"))}


async def qbittorrent_moved(lab: Lab) -> Fields:
    """Name something that sends on."""
    return {"qbittorrent_url": await lab.site(always(308, Location=ELSEWHERE))}


async def wrong_password(lab: Lab) -> Fields:
    """Mistype the password."""
    return {"qbittorrent_url": lab.server().url, "qbittorrent_password": "incorrect horse"}


async def wrong_password_in_4_5(lab: Lab) -> Fields:
    """Mistype the password where the refusal comes with status 200."""
    return await wrong_password(lab) | {"qbittorrent_url": lab.server("4.5").url}


async def one_too_many(lab: Lab) -> Fields:
    """Enter the right password after all the wrong ones that the server puts up with."""
    preferences = {"Preferences": {"WebUI\\MaxAuthenticationFailCount": "1"}}
    server = lab.server(extra_preferences=preferences)
    with pytest.raises(Exception, match="login"):
        QBittorrentServer("5.3", lab.profiles, port=server.port, password="wrong").login()
    return {"qbittorrent_url": server.url}


async def no_login(_: Lab) -> Fields:
    """Leave the credentials out."""
    return {"qbittorrent_username": "", "qbittorrent_password": ""}


async def unknown_api_key(_: Lab) -> Fields:
    """Enter a key of another server."""
    return {"qbittorrent_api_key": "qbt_0123456789abcdefghijklmnopqr"}


async def api_key_for_4_5(lab: Lab) -> Fields:
    """Enter a key where there are none yet."""
    return {"qbittorrent_url": lab.server("4.5").url, "qbittorrent_api_key": "qbt_0123456789ab"}


async def mapped_port(lab: Lab) -> Fields:
    """Come by another port than qBittorrent's own, as with Docker's port mapping."""
    return {"qbittorrent_url": (await lab.proxy(lab.qbittorrent.url, keeps_host=True)).url}


async def too_old(lab: Lab) -> Fields:
    """Name a server from before the Web API that we speak."""
    return {"qbittorrent_url": await lab.site(always(body="1.25"))}


async def qbittorrent_broken(lab: Lab) -> Fields:
    """Name a proxy whose qBittorrent is away."""
    return {"qbittorrent_url": await lab.site(always(502, WEB_PAGE))}


async def no_qbittorrent_address(_: Lab) -> Fields:
    """Enter what is no address at all."""
    return {"qbittorrent_url": "http://qbittorrent:8080:8080"}


URL = "qbittorrent_url"
QBITTORRENT_TROUBLES: Cases = {
    "cannot-resolve": (no_such_qbittorrent, URL, "qbittorrent_unreachable_cannot_resolve"),
    "refused": (no_qbittorrent_there, URL, "qbittorrent_unreachable_refused"),
    "tls": (https_to_plain_qbittorrent, URL, "qbittorrent_unreachable_tls"),
    "certificate": (secure_qbittorrent, URL, "qbittorrent_unreachable_tls"),
    "hung-up": (http_to_secure_qbittorrent, URL, "qbittorrent_unreachable_connection_lost"),
    "wrong-path": (wrong_path, URL, "qbittorrent_wrong_path"),
    "mixed-up": (jacketts_address, URL, "qbittorrent_wrong_path"),
    "web-page": (another_web_page, URL, "not_qbittorrent"),
    "login-page": (another_login_page, URL, "not_qbittorrent"),
    "redirect": (qbittorrent_moved, URL, "qbittorrent_redirect"),
    "password": (wrong_password, "base", "qbittorrent_auth_login_refused"),
    "password-4.5": (wrong_password_in_4_5, "base", "qbittorrent_auth_login_refused"),
    "banned": (one_too_many, URL, "qbittorrent_banned"),
    "no-login": (no_login, "base", "qbittorrent_auth_login_needed"),
    "api-key": (unknown_api_key, "base", "qbittorrent_auth_api_key_refused"),
    "api-key-4.5": (api_key_for_4_5, "base", "qbittorrent_auth_api_key_refused"),
    "host-refused": (mapped_port, URL, "qbittorrent_host_refused"),
    "too-old": (too_old, URL, "qbittorrent_too_old"),
    "error": (qbittorrent_broken, URL, "qbittorrent_failed"),
    "no-address": (no_qbittorrent_address, URL, "invalid_address"),
}


@pytest.mark.parametrize(
    ("trouble", "field", "error"), QBITTORRENT_TROUBLES.values(), ids=QBITTORRENT_TROUBLES
)
async def test_qbittorrent_troubles(
    lab: Lab, walk: Walk, trouble: Trouble, field: str, error: str
) -> None:
    """Each has its own text, and after it all is well."""
    await walk.enter(jackett_fields(lab.jackett))
    typed = qbittorrent_fields(lab.qbittorrent) | await trouble(lab)
    await walk.enter(typed)
    walk.assert_refused("qbittorrent", typed, field, error)
    await walk.finish(qbittorrent_fields(lab.qbittorrent), delivery_fields(lab.jackett))


async def test_no_answer_in_time(hass: HomeAssistant, lab: Lab, walk: Walk, poll: Poll) -> None:
    """A server that is silent is told as that, at either form."""
    for step, url, right in (
        ("user", "jackett_url", jackett_fields(lab.jackett)),
        ("qbittorrent", "qbittorrent_url", qbittorrent_fields(lab.qbittorrent)),
    ):
        silence = await lab.silence()
        typed = right | {url: silence.url}
        entering = hass.async_create_task(walk.enter(typed))
        await silence.asked.wait()
        await poll(seconds=60)
        await entering
        server = url.removesuffix("_url")
        walk.assert_refused(step, typed, url, f"{server}_unreachable_timed_out")
        await walk.enter(right)
    await walk.finish(delivery_fields(lab.jackett))


async def own_certificates(lab: Lab) -> tuple[Fields, Fields]:
    """Switch the certificate checks off."""
    proxy = await lab.proxy(lab.qbittorrent.url, tls=True)
    jackett = jackett_fields(await lab.secure_jackett())
    return (
        {**jackett, "jackett_verify_ssl": False},
        {"qbittorrent_url": proxy.url, "qbittorrent_verify_ssl": False},
    )


async def no_login_wanted(lab: Lab) -> tuple[Fields, Fields]:
    """Leave the credentials out where the server wants none."""
    open_door = lab.server(local_auth=False)
    nothing = {"qbittorrent_username": "", "qbittorrent_password": ""}
    return {}, {"qbittorrent_url": open_door.url, **nothing}


async def api_key(lab: Lab) -> tuple[Fields, Fields]:
    """Enter an API key, with the blanks that copying leaves."""
    nothing = {"qbittorrent_username": "", "qbittorrent_password": ""}
    return {}, {"qbittorrent_api_key": f" {lab.qbittorrent.make_api_key()}\n", **nothing}


async def generation_4_5(lab: Lab) -> tuple[Fields, Fields]:
    """Log in to an old server."""
    return {}, {"qbittorrent_url": lab.server("4.5").url}


async def generation_5_1(lab: Lab) -> tuple[Fields, Fields]:
    """Log in to a less old server."""
    return {}, {"qbittorrent_url": lab.server("5.1").url}


async def no_indexers(lab: Lab) -> tuple[Fields, Fields]:
    """Enter a Jackett that is still empty."""
    lab.jackett.indexers.clear()
    return {}, {}


@pytest.mark.parametrize(
    "entered",
    [own_certificates, no_login_wanted, api_key, generation_4_5, generation_5_1, no_indexers],
)
async def test_other_ways_in(
    hass: HomeAssistant,
    lab: Lab,
    walk: Walk,
    entered: Callable[[Lab], Awaitable[tuple[Fields, Fields]]],
) -> None:
    """The flow ends with an entry that works."""
    jackett, qbittorrent = await entered(lab)
    created = await walk.finish(
        jackett_fields(lab.jackett) | jackett,
        qbittorrent_fields(lab.qbittorrent) | qbittorrent,
        delivery_fields(lab.jackett),
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    states = {state.entity_id: state.state for state in hass.states.async_all("binary_sensor")}
    assert states == {
        "binary_sensor.auralarchive_jackett_connected": "on",
        "binary_sensor.auralarchive_qbittorrent_connected": "on",
    }
    assert await hass.config_entries.async_unload(created["result"].entry_id)


async def test_a_container_is_offered_jacketts_address_by_its_own_host(
    lab: Lab, walk: Walk, namespace: NetworkNamespace
) -> None:
    """Where qBittorrent is not on this machine, a loopback address would be its own."""
    server = lab.server(namespace=namespace)
    await walk.enter(jackett_fields(lab.jackett))
    await walk.enter(qbittorrent_fields(server))
    offered = f"http://{namespace.address}:{lab.jackett.port}"
    assert walk.offered == {"jackett_url_for_qbittorrent": offered}


async def test_beside_each_other_jacketts_address_is_the_same(lab: Lab, walk: Walk) -> None:
    """What Home Assistant uses is offered for qBittorrent, too, with its categories."""
    server = lab.qbittorrent.login()
    for name in ("talks", "auralarchive/new"):
        server.call("torrents/createCategory", {"category": name, "savePath": ""})
    await walk.enter(jackett_fields(lab.jackett))
    await walk.enter(qbittorrent_fields(lab.qbittorrent))
    assert walk.offered == {"jackett_url_for_qbittorrent": lab.jackett.url}
    schema = walk.form["data_schema"]
    assert schema is not None
    assert schema({"jackett_url_for_qbittorrent": "x"}) == {
        "jackett_url_for_qbittorrent": "x",
        "delivery": "auto",
        "category": "auralarchive",
    }
    category = schema.schema["category"].config
    assert category["options"] == ["auralarchive", "auralarchive/new", "talks"]
    assert category["custom_value"]


@pytest.mark.parametrize(
    ("field", "typed", "error"),
    [
        pytest.param("category", "", "invalid_category", id="no-category"),
        pytest.param("category", "  ", "invalid_category", id="blanks"),
        pytest.param("category", "/books", "invalid_category", id="slash-first"),
        pytest.param("category", "books/", "invalid_category", id="slash-last"),
        pytest.param("category", "books//audio", "invalid_category", id="two-slashes"),
        pytest.param("category", "books\\audio", "invalid_category", id="backslash"),
        pytest.param("jackett_url_for_qbittorrent", "a b", "invalid_address", id="no-address"),
    ],
)
async def test_delivery_troubles(lab: Lab, walk: Walk, field: str, typed: str, error: str) -> None:
    """The last form is checked like the others."""
    await walk.enter(jackett_fields(lab.jackett))
    await walk.enter(qbittorrent_fields(lab.qbittorrent))
    fields = delivery_fields(lab.jackett) | {field: typed}
    await walk.enter(fields)
    walk.assert_refused("delivery", fields, field, error)
    await walk.finish(delivery_fields(lab.jackett))


async def test_qbittorrent_goes_before_the_end(hass: HomeAssistant, lab: Lab, walk: Walk) -> None:
    """That is no fault of the address which the last form asks for."""
    server = lab.server()
    await walk.enter(jackett_fields(lab.jackett))
    await walk.enter(qbittorrent_fields(server))
    server.pause()
    entering = asyncio.create_task(walk.enter(delivery_fields(lab.jackett)))

    async def is_over() -> bool:
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=1))
        return entering.done()

    await until(is_over, bool)
    walk.assert_refused(
        "delivery", delivery_fields(lab.jackett), "base", "qbittorrent_unreachable_timed_out"
    )
    server.resume()
    await walk.finish(delivery_fields(lab.jackett))


async def test_the_same_pair_twice(
    hass: HomeAssistant, lab: Lab, walk: Walk, set_up: SetUp
) -> None:
    """It is told as soon as both addresses are known."""
    await set_up(lab.jackett.url, lab.jackett.api_key, lab.qbittorrent)
    await walk.enter(jackett_fields(lab.jackett))
    again = await walk.enter(qbittorrent_fields(lab.qbittorrent))
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert again["reason"] in texts()["abort"]
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_the_same_pair_in_two_windows(
    hass: HomeAssistant, lab: Lab, walk: Walk, set_up: SetUp
) -> None:
    """Who comes second finds it set up."""
    await walk.enter(jackett_fields(lab.jackett))
    await walk.enter(qbittorrent_fields(lab.qbittorrent))
    await set_up(lab.jackett.url, lab.jackett.api_key, lab.qbittorrent)
    again = await walk.enter(delivery_fields(lab.jackett))
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_another_qbittorrent_with_the_same_jackett(
    hass: HomeAssistant, lab: Lab, walk: Walk, set_up: SetUp
) -> None:
    """A pair is the same only if both are."""
    await set_up(lab.jackett.url, lab.jackett.api_key, lab.qbittorrent)
    await walk.finish(
        jackett_fields(lab.jackett),
        qbittorrent_fields(lab.server()),
        delivery_fields(lab.jackett),
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2


@pytest.fixture
async def locked_out(hass: HomeAssistant, lab: Lab, load: Load) -> tuple[MockConfigEntry, Walk]:
    """Return an entry whose login is refused, and a walk that stands before the form for it."""
    entry = await load(qbittorrent_password="incorrect horse")
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (shown,) = hass.config_entries.flow.async_progress()
    walk = Walk(hass)
    walk.form = await hass.config_entries.flow.async_configure(shown["flow_id"])
    assert walk.form["step_id"] == "reauth_qbittorrent"
    assert walk.offered == {"qbittorrent_username": lab.qbittorrent.username}
    return entry, walk


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        pytest.param(
            {"qbittorrent_username": "admin", "qbittorrent_password": "wrong again"},
            "qbittorrent_auth_login_refused",
            id="password",
        ),
        pytest.param(
            {"qbittorrent_api_key": "qbt_0123456789abcdef"},
            "qbittorrent_auth_api_key_refused",
            id="api-key",
        ),
        pytest.param({}, "qbittorrent_auth_login_needed", id="nothing"),
    ],
)
async def test_a_refused_login_can_be_corrected(
    hass: HomeAssistant,
    lab: Lab,
    locked_out: tuple[MockConfigEntry, Walk],
    typed: Fields,
    error: str,
) -> None:
    """The form comes by itself; once the login is right, the entry is loaded again."""
    entry, walk = locked_out
    await walk.enter(typed)
    walk.assert_refused("reauth_qbittorrent", typed, "base", error)
    login = {"qbittorrent_api_key": lab.qbittorrent.make_api_key() + "\n"}
    ended = await walk.enter(login)
    assert (ended["type"], ended["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert ended["reason"] in texts()["abort"]
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    stored = [entry.data[name] for name in LOGIN]
    assert stored == ["", "", login["qbittorrent_api_key"].strip()]


async def test_the_login_is_refused_because_the_server_is_away(
    lab: Lab, locked_out: tuple[MockConfigEntry, Walk]
) -> None:
    """What is wrong with the address is shown above the form, which does not ask for it."""
    entry, walk = locked_out
    login = {name: qbittorrent_fields(lab.qbittorrent)[name] for name in LOGIN[:2]}
    proxy = await lab.proxy(lab.qbittorrent.url, keeps_host=True)
    walk.hass.config_entries.async_update_entry(
        entry, data={**entry.data, "qbittorrent_url": proxy.url}
    )
    await walk.enter(login)
    walk.assert_refused("reauth_qbittorrent", login, "base", "qbittorrent_host_refused")
