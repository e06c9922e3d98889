"""No secret gets out: a real Home Assistant logs all it can, and every trace of it is searched."""

import base64
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, closing
import json
from pathlib import Path
import sqlite3
from typing import Any
from urllib.parse import quote, quote_plus

from aiohttp import ClientSession
import pytest

from scripts.lab.cache import hass_executable, qbittorrent_binary
from scripts.lab.hass import CONFIGURATION, HassServer
from scripts.lab.hass_client import FlowStep, HassClient, HassRefusal
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Indexer, Release, failed, page, redirect, torrent_file
from scripts.lab.qbittorrent import QBittorrentServer, free_port
from scripts.lab.torrents import make_torrent
from tests.conftest import until
from tests.integration.odd_servers import Proxy, proxying

# Of such kinds that each spelling is another one.
PASSWORD = "correct/horse+battery staple="
PASSKEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
MEMBER = "9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d"
_LOG_EVERYTHING = """\
logger:
  default: debug
recorder:
  commit_interval: 1
diagnostics:
system_log:
"""
MODES = ("auto", "file", "link")


def spellings(secret: str) -> set[str]:
    """Return the forms in which a secret travels, base64 at each of its three alignments too."""
    encoded = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    encoded.add(json.dumps(secret)[1:-1])
    for shift in range(3):
        text = base64.b64encode(b"." * shift + secret.encode()).decode()
        # What stands at the ends depends on the neighbours.
        encoded.add(text[4 * bool(shift) : -4])
    return encoded


@pytest.fixture
def houses(
    socket_enabled: None, tmp_path: Path, missing: Callable[[str], None]
) -> Iterator[dict[str, QBittorrentServer]]:
    """Return qBittorrent servers: by name one to be harmed, one for links, and one of 4.5."""
    generations = {"main": "5.3", "links": "5.3", "old": "4.5"}
    with ExitStack() as stack:
        for generation in set(generations.values()):
            if qbittorrent_binary(generation) is None:
                missing(f"no qBittorrent {generation} here: run scripts/setup")
        yield {
            name: stack.enter_context(
                QBittorrentServer(generation, tmp_path / name, password=PASSWORD)
            )
            for name, generation in generations.items()
        }


@pytest.fixture
async def home(
    socket_enabled: None, tmp_path: Path, missing: Callable[[str], None]
) -> AsyncIterator[HassServer]:
    """Return a Home Assistant that logs and records everything."""
    if hass_executable() is None:
        missing("no Home Assistant to run here: run scripts/setup")
    folder = tmp_path / "home-assistant"
    async with HassServer(folder, configuration=CONFIGURATION + _LOG_EVERYTHING) as started:
        yield started


class Ear:
    """Hears what a user is told: responses and the texts of errors."""

    def __init__(self, client: HassClient) -> None:
        """Begin with nothing heard."""
        self.client = client
        self.heard: list[object] = []

    async def call(self, action: str, **data: object) -> Any:
        """Call an action; None if it fails."""
        try:
            answer = await self.client.call(f"auralarchive.{action}", **data)
        except HassRefusal as err:
            self.heard.append(str(err))
            return None
        self.heard.append(answer)
        return answer

    async def submit(self, step: FlowStep, **entered: object) -> FlowStep:
        """Fill in a form."""
        step = await self.client.submit(step, **entered)
        # What was typed into a form that is shown again stays typed there.
        self.heard.append([step.errors, step.description])
        return step

    async def set_up(self, jackett: JackettStandIn, address: str, **login: str) -> str:
        """Walk through the forms, and return the entry's id; each server is first got wrong."""
        step = await self.client.start_flow("auralarchive")
        wrong = jackett.api_key[::-1]
        for key in (wrong, jackett.api_key):
            step = await self.submit(step, jackett_url=jackett.url, jackett_api_key=key)
        for url in (f"http://127.0.0.1:{free_port()}", address):
            step = await self.submit(step, qbittorrent_url=url, **login)
        step = await self.submit(step, **step.suggested, delivery="auto", category="auralarchive")
        assert step.kind == "create_entry", step
        return str(step.entry["entry_id"])


def _releases(key: str) -> dict[str, Release]:
    announce = f"http://tracker.invalid/{PASSKEY}/announce?passkey={PASSKEY}"
    book = make_torrent({"dune.m4b": b"sand" * 5000}, name="Dune", trackers=[announce])
    other = make_torrent({"emma.m4b": b"tea" * 5000}, name="Emma")
    magnet = other.magnet(trackers=[f"http://tracker.invalid/announce?passkey={MEMBER}"])
    downloads = {
        "Dune": torrent_file(book),
        "Emma": redirect(magnet),
        "Gone": failed(404),
        "Broken": failed(500),
        "Page": page(f"<html>{key}</html>"),
    }
    return {title: Release(title=title, download=one) for title, one in downloads.items()}


def _cookies(proxy: Proxy) -> set[str]:
    given = {cookie for exchange in proxy.exchanges for cookie in exchange.cookies}
    return {cookie.partition("=")[2].partition(";")[0] for cookie in given}


def _everything(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield all that a Home Assistant has written, but for the entries' own settings."""
    for path in folder.rglob("*"):
        own = path.name.startswith("core.config_entries") or "custom_components" in path.parts
        if path.is_file() and not own:
            yield path.name, path.read_bytes().decode("utf-8", "replace")
    with closing(sqlite3.connect(folder / "home-assistant_v2.db")) as database:
        # Long values are spread over pages: only a dump has them in one piece.
        yield "the recorder's tables", "\n".join(database.iterdump())


async def test_no_canary_is_found(
    home: HassServer, jackett: JackettStandIn, houses: dict[str, QBittorrentServer]
) -> None:
    """Set-up, search, every delivery, every kind of failure, a check, outages and a new login."""
    key = jackett.api_key
    releases = _releases(key)
    for release in releases.values():
        jackett.add_release(release)
    jackett.add(Indexer(id="other", failure=f"GET {jackett.url}/?apikey={key}: {key} is unknown"))
    api_key = houses["links"].make_api_key()
    async with (
        proxying(houses["main"].url) as proxy,
        ClientSession() as session,
    ):
        ear = Ear(await home.log_in(session))
        login = {"qbittorrent_username": "admin", "qbittorrent_password": PASSWORD}
        async with ear.client.events() as events:
            main = await ear.set_up(jackett, proxy.url, **login)
            links = await ear.set_up(jackett, houses["links"].url, qbittorrent_api_key=api_key)
            old = await ear.set_up(jackett, houses["old"].url, **login)
            modes = {main: ("auto", "file"), links: ("link",), old: ("auto", "link")}
            for entry_id in (main, links, old):
                await _do_everything(ear, entry_id, modes[entry_id], list(releases))
                # What a caller gives, Home Assistant itself logs: no secret is put in there.
                await _order(ear, entry_id, "Dune")
            # Home Assistant has opened all of Jackett's links itself.
            assert key not in _log(houses["main"])
            await _harm(ear, jackett, houses["main"], main)
        states = list((await ear.client.states()).values())
        issues = await ear.client.issues("auralarchive")
        diagnostics = [await ear.client.diagnostics(one) for one in (main, links, old)]
        health = await ear.client.system_health("auralarchive")
    await home.stop()

    traces = dict(_everything(home.folder))
    traces["what users were told"] = repr(ear.heard)
    traces["the events"] = json.dumps(events)
    traces["states, repairs, diagnostics"] = repr([states, issues, diagnostics, health])
    assert all(diagnostics)
    assert "custom_components.auralarchive" in traces["output.log"]
    assert "Dune" in traces["the recorder's tables"]
    canaries = {key, PASSWORD, api_key, PASSKEY, MEMBER, *_cookies(proxy)}
    assert len(canaries) >= 6
    found = {
        (name, canary[:6])
        for name, trace in traces.items()
        for canary in canaries
        for spelling in spellings(canary)
        if spelling in trace
    }
    assert found == set()
    # That it would be found: the entries' settings have them, and links are logged whole.
    settings = (home.folder / ".storage/core.config_entries").read_text()
    assert all(secret in settings for secret in (key, PASSWORD, api_key))
    assert key in _log(houses["links"])


async def _do_everything(
    ear: Ear, entry_id: str, modes: tuple[str, ...], titles: list[str]
) -> None:
    """Search, add every release by every way, list, and check the route."""
    for title in titles:
        found = await ear.call("search", query=title, config_entry_id=entry_id)
        assert any(outcome["status"] == "failed" for outcome in found["indexers"])
        result_id = found["results"][0]["result_id"]
        for mode in modes:
            await ear.call(
                "add_torrent",
                result_id=result_id,
                delivery=mode,
                timeout=2,
                config_entry_id=entry_id,
            )
    await ear.call("get_downloads", category="all", config_entry_id=entry_id)
    checked = await ear.call("check_route", config_entry_id=entry_id)
    assert checked["ok"] is True, checked


async def _order(ear: Ear, entry_id: str, download: str) -> None:
    """Give every order to a download."""
    for order in ("pause", "resume", "remove"):
        await ear.call(order, download=download, config_entry_id=entry_id)
    await ear.call(
        "set_category", download=download, category="auralarchive/x", config_entry_id=entry_id
    )


async def _harm(
    ear: Ear, jackett: JackettStandIn, server: QBittorrentServer, entry_id: str
) -> None:
    """Lead a link elsewhere, then take away Jackett, qBittorrent's password, and qBittorrent."""

    async def add_and_check() -> None:
        for mode in MODES:
            await ear.call(
                "add_torrent",
                result_id=result_id,
                delivery=mode,
                timeout=1,
                config_entry_id=entry_id,
            )
        await ear.call("check_route", config_entry_id=entry_id)

    elsewhere = f"http://127.0.0.1:{free_port()}/{PASSKEY}/dune?passkey={PASSKEY}"
    jackett.add_release(Release(title="Elsewhere", download=redirect(elsewhere)))
    found = await ear.call("search", query="Elsewhere", config_entry_id=entry_id)
    result_id = found["results"][0]["result_id"]
    await add_and_check()
    await jackett.stop()
    await ear.call("search", query="Elsewhere", fresh=True, config_entry_id=entry_id)
    await add_and_check()
    server.login().call(
        "app/setPreferences", {"json": json.dumps({"web_ui_password": "another one"})}
    )
    server.restart()
    await add_and_check()

    async def flows() -> object:
        return await ear.client.command("config_entries/flow/progress")

    ear.heard.append(await until(flows, bool))
    server.kill()
    await add_and_check()


def _log(server: QBittorrentServer) -> str:
    """Return all that a server has written into files."""
    logs = [path for path in server.profile.rglob("*.log*") if path.is_file()]
    return "\n".join(path.read_text(errors="replace") for path in logs)
