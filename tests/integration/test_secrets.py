"""No key, no password and no cookie gets out, whatever happens and however much is logged."""

import base64
from collections.abc import Callable
import json
import traceback
from urllib.parse import quote

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.auralarchive.const import DOMAIN
from custom_components.auralarchive.diagnostics import async_get_config_entry_diagnostics
from custom_components.auralarchive.system_health import system_health_info
from scripts.lab.jackett_model import Download, Release, failed, page, redirect, torrent_file
from scripts.lab.torrents import make_torrent
from tests.conftest import past_progress

from .conftest import Action, Fields, Lab, Load, Poll
from .odd_servers import Proxy

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

BOOK = make_torrent({"Dune/dune.m4b": b"sand" * 5000}, name="Dune")
# Of such a kind that each spelling is another one.
PASSWORD = "correct/horse+battery staple="
PASSKEY = "0123456789abcdef0123456789abcdef"


def spellings(secret: str) -> set[str]:
    """Return the forms in which a secret travels."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, quote(secret), quote(secret, safe=""), quote(encoded, safe=""), encoded}


class Watch:
    """Gathers everything that gets out, and looks for secrets in it."""

    def __init__(self, hass: HomeAssistant, log: pytest.LogCaptureFixture) -> None:
        """Begin with the log."""
        self._hass = hass
        self._log = log
        self._said: list[str] = []

    def hear(self, *said: object) -> None:
        """Take note of what was said."""
        self._said += map(repr, said)

    async def hear_action(self, action: str, **data: object) -> None:
        """Call an action, and take note of its response or of its error with all its causes."""
        try:
            response = await self._hass.services.async_call(
                DOMAIN, action, data, blocking=True, return_response=True
            )
        except HomeAssistantError as err:
            self.hear(str(err), err.translation_placeholders, *traceback.format_exception(err))
            self.hear(
                *traceback.TracebackException.from_exception(err, capture_locals=False).format()
            )
        else:
            self.hear(json.dumps(response))
        await self.hear_support()

    async def hear_support(self) -> None:
        """Take note of what is passed on to whoever is to help."""
        entries = self._hass.config_entries.async_entries(DOMAIN)
        diagnostics = [
            await async_get_config_entry_diagnostics(self._hass, entry) for entry in entries
        ]
        health = await system_health_info(self._hass)
        self.hear(json.dumps(diagnostics), json.dumps(health))

    def assert_kept(self, *secrets: str) -> None:
        """See that none of the secrets got out."""
        states = [(state.state, dict(state.attributes)) for state in self._hass.states.async_all()]
        records = [
            (record.name, record.getMessage(), record.exc_text)
            for record in self._log.records
            # Home Assistant itself repeats what the caller of an action said.
            if "Event call_service" not in record.getMessage()
        ]
        issues = [
            (issue.translation_placeholders, issue.data)
            for issue in ir.async_get(self._hass).issues.values()
        ]
        heard = "\n".join(map(repr, [*self._said, *states, *records, *issues]))
        assert self._said
        assert not [form for one in secrets for form in spellings(one) if form in heard]


@pytest.fixture
def watch(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> Watch:
    """Return a watch, with everything logged that anybody has to say."""
    caplog.set_level("DEBUG")
    return Watch(hass, caplog)


def cookies(proxy: Proxy) -> list[str]:
    """Return the values of the cookies that went through a proxy."""
    given = [cookie for exchange in proxy.exchanges for cookie in exchange.cookies]
    return [cookie.partition("=")[2].partition(";")[0] for cookie in given]


async def test_the_config_flow(hass: HomeAssistant, lab: Lab, watch: Watch) -> None:
    """Neither by what goes wrong nor by what goes well."""
    server = lab.server(password=PASSWORD)
    proxy = await lab.proxy(server.url)
    flows = hass.config_entries.flow
    form = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    jackett = {"jackett_url": lab.jackett.url, "jackett_api_key": lab.jackett.api_key}
    login = {"qbittorrent_username": "admin", "qbittorrent_password": PASSWORD}
    feed = f"http://127.0.0.1:1/torznab/all?apikey={lab.jackett.api_key}"
    entered: list[Fields] = [
        {**jackett, "jackett_url": "http://127.0.0.1:1"},
        {"jackett_url": feed},
        {**jackett, "jackett_url": lab.qbittorrent.url},
        jackett,
        {**login, "qbittorrent_url": "http://127.0.0.1:1"},
        {**login, "qbittorrent_url": lab.qbittorrent.url},
        {**login, "qbittorrent_url": lab.jackett.url},
        {**login, "qbittorrent_url": proxy.url},
        {"jackett_url_for_qbittorrent": "?", "delivery": "auto", "category": "dune"},
        {"jackett_url_for_qbittorrent": lab.jackett.url, "delivery": "auto", "category": "dune"},
    ]
    for fields in entered:
        form = await past_progress(hass, await flows.async_configure(form["flow_id"], fields))
        watch.hear(form.get("errors"), form.get("description_placeholders"))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.config_entries.async_loaded_entries(DOMAIN)
    watch.assert_kept(lab.jackett.api_key, PASSWORD, *cookies(proxy))
    assert cookies(proxy)


DOWNLOADS: dict[str, Callable[[Lab], Download]] = {
    "file": lambda _: torrent_file(BOOK),
    "magnet": lambda _: redirect(BOOK.magnet(trackers=[f"http://t.invalid/{PASSKEY}/announce"])),
    "gone": lambda _: failed(404),
    "error": lambda _: failed(500),
    "page": lambda lab: page(f"<html>{lab.jackett.api_key}</html>"),
    "endless": lambda _: Download(hops=None),
    "elsewhere": lambda _: redirect(f"http://127.0.0.1:1/{PASSKEY}/dune?key={PASSKEY}"),
}


@pytest.mark.parametrize("download", DOWNLOADS.values(), ids=DOWNLOADS)
async def test_search_and_add(
    lab: Lab,
    load: Load,
    act: Action,
    poll: Poll,
    watch: Watch,
    download: Callable[[Lab], Download],
) -> None:
    """By whichever way it is added, and whatever comes of it."""
    server = lab.server(password=PASSWORD)
    proxy = await lab.proxy(server.url)
    lab.jackett.add_release(Release(title="Dune", download=download(lab)))
    key = lab.jackett.api_key
    failure = f"GET {lab.jackett.url}/?apikey={key} failed, {key} is unknown"
    lab.jackett.add_release(Release(title="Emma", download=failed()), indexer="other")
    lab.jackett.indexers["other"].failure = failure
    await load(server, qbittorrent_url=proxy.url)
    await watch.hear_action("search", query="dune")
    (result,) = (await act("search", query="dune"))["results"]
    for delivery in ("auto", "file", "link"):
        await watch.hear_action(
            "add_torrent", result_id=result["result_id"], delivery=delivery, timeout=1
        )
        await watch.hear_action("get_downloads", category="all")
        server.login().call("torrents/delete", {"hashes": "all", "deleteFiles": "true"})
        await poll()
    watch.assert_kept(key, PASSWORD, PASSKEY, *cookies(proxy))
    assert cookies(proxy)


async def test_outages(lab: Lab, load: Load, act: Action, poll: Poll, watch: Watch) -> None:
    """By the one server's end or by the other's."""
    server = lab.server(password=PASSWORD)
    proxy = await lab.proxy(server.url)
    key = lab.jackett.api_key
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(BOOK)))
    await load(server, qbittorrent_url=proxy.url, jackett_url_for_qbittorrent="http://127.0.0.1:1")
    (result,) = (await act("search", query="dune"))["results"]
    result_id = result["result_id"]
    await watch.hear_action("add_torrent", result_id=result_id, delivery="link", timeout=10)
    await lab.jackett.stop()
    await watch.hear_action("search", query="dune", fresh=True)
    await watch.hear_action("add_torrent", result_id=result_id, timeout=1)
    lab.jackett.api_key = "x" * 32
    await lab.jackett.restart()
    await watch.hear_action("search", query="dune", fresh=True)
    await watch.hear_action("add_torrent", result_id=result_id, timeout=1)
    server.kill()
    await poll(seconds=400)
    await watch.hear_action("add_torrent", result_id=result_id, timeout=1)
    await watch.hear_action("get_downloads")
    watch.assert_kept(key, PASSWORD, *cookies(proxy))


async def test_an_api_key_of_qbittorrent(lab: Lab, load: Load, poll: Poll, watch: Watch) -> None:
    """Neither the right one nor a wrong one."""
    key = lab.qbittorrent.make_api_key()
    for entered in (key, f"{key[:-4]}0000"):
        entry = await load(qbittorrent_api_key=entered, qbittorrent_password="")
        await poll()
        await watch.hear_action("get_downloads", config_entry_id=entry.entry_id)
    watch.assert_kept(key, f"{key[:-4]}0000")


@pytest.mark.parametrize("delivery", ["auto", "file", "link"])
async def test_links_with_secrets(lab: Lab, load: Load, watch: Watch, delivery: str) -> None:
    """What a caller's link holds is not told to others."""
    await load()
    port = lab.jackett.port
    for link in (
        f"{lab.jackett.url}/dl/lab/?jackett_apikey={lab.jackett.api_key}&path=dune",
        f"http://localhost:{port}/dl/lab/?jackett_apikey={lab.jackett.api_key}&path=dune",
        f"http://me:{PASSKEY}@127.0.0.1:{port}/{PASSKEY}/dune.torrent?passkey={PASSKEY}",
        f"http://me:{PASSKEY}@127.0.0.1:99999/",
        f"magnet:?xt=urn:btih:dune&tr=http://127.0.0.1:1/{PASSKEY}/announce",
    ):
        await watch.hear_action("add_torrent", link=link, delivery=delivery, timeout=5)
    watch.assert_kept(lab.jackett.api_key, PASSKEY)
