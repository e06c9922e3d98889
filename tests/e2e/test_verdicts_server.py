"""The verdict table's group "server": what an add says while qBittorrent itself is in trouble."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
import json
from pathlib import Path
import subprocess

from homeassistant.core import HomeAssistant
import pytest

from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Download, failed, page, torrent_file
from scripts.lab.qbittorrent import ApiSession, QBittorrentServer
from scripts.lab.torrents import MadeTorrent, make_torrent
from tests.conftest import GENERATIONS, until

from .stage import DELIVERIES, RESUME_DATA, Book, Stage, gated, staged
from .verdicts import ADDED, ALREADY_PRESENT, ANY, Table

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")
every_generation = pytest.mark.parametrize("generation", GENERATIONS)

SERVER = "server"
# Of two who add the same.
WHO = {ADDED: "who was first", ALREADY_PRESENT: "who was second"}


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Do without the debug mode, which doubles the time."""


@pytest.fixture
async def stage(
    hass: HomeAssistant, table: Table, jackett: JackettStandIn, qbittorrent: QBittorrentServer
) -> AsyncIterator[Stage]:
    """Return a stage with a server that must not come to lasting harm."""
    async with staged(SERVER, hass, table, jackett, qbittorrent) as stage:
        yield stage


@pytest.fixture
async def own_stage(
    hass: HomeAssistant, table: Table, jackett: JackettStandIn, own_server: QBittorrentServer
) -> AsyncIterator[Stage]:
    """Return a stage with a server that may be harmed."""
    async with staged(SERVER, hass, table, jackett, own_server) as stage:
        yield stage


async def offers(stage: Stage) -> list[tuple[str, Book]]:
    """Return a book for each delivery, and a magnet."""
    return [*await stage.offers(), (ANY, stage.magnet())]


async def add_all(stage: Stage, case: str, *verdicts: str, warning: str | None = None) -> None:
    """Add by each delivery, and a magnet, all at once."""
    await asyncio.gather(
        *(
            stage.add(case, book, *verdicts, delivery=delivery, warning=warning)
            for delivery, book in await offers(stage)
        )
    )


def set_preferences(server: QBittorrentServer, **preferences: object) -> None:
    """Change the server's settings."""
    server.login().call("app/setPreferences", {"json": json.dumps(preferences)})


@every_generation
async def test_a_restart_between_add_and_verify(own_stage: Stage) -> None:
    """What it has kept is seen when it is back; what it has lost is not claimed."""
    stage, server = own_stage, own_stage.server
    books = await offers(stage)

    async def stop() -> None:
        await stage.kept(*(book for _, book in books))
        await asyncio.to_thread(server.stop)

    stage.gateway.after_adds(len(books), stop)
    adds = [
        asyncio.create_task(stage.add("restarted before the look", book, ADDED, delivery=delivery))
        for delivery, book in books
    ]

    async def refused() -> int:
        return stage.gateway.refused

    await until(refused, len(books).__le__)
    await asyncio.to_thread(server.start)
    await asyncio.gather(*adds)

    gate = asyncio.Event()
    opened = len(stage.jackett.requested("/dl/"))
    in_flight = await stage.offer(gated(gate))
    books = await offers(stage)

    async def crash_and_forget() -> None:
        await stage.seen(*(book for _, book in books))
        await stage.jackett.wait_for("/dl/", opened + 4)
        await asyncio.to_thread(server.kill)
        for record in server.profile.glob(f"{RESUME_DATA}/*"):
            record.unlink()
        await asyncio.to_thread(server.start)
        gate.set()

    stage.gateway.after_adds(len(books) + 1, crash_and_forget)
    case = "crashed before the look and forgot it"
    await asyncio.gather(
        *(
            stage.add(case, book, "not_seen", delivery=delivery, timeout=1)
            for delivery, book in books
        ),
        stage.add("restarted while it fetched", in_flight, "not_seen", delivery="link", timeout=1),
    )


@every_generation
async def test_a_login_that_expires_between_add_and_verify(stage: Stage) -> None:
    """A new one is made, and the look goes on."""
    logins = stage.gateway.count("auth/login")
    stage.gateway.after_adds(4, stage.gateway.log_out)
    await add_all(stage, "login expired before the look", ADDED)
    assert stage.gateway.count("auth/login") == logins + 1


@every_generation
async def test_no_admittance(own_stage: Stage) -> None:
    """Each refusal is told by its own name, nothing is added, and nobody gets us banned."""
    stage, server = own_stage, own_stage.server
    stage.gateway.keeps_host = True
    await add_all(stage, "401: Host header refused", "qbittorrent_host_refused")
    stage.gateway.keeps_host = False

    set_preferences(server, web_ui_password="staple battery")
    await stage.gateway.log_out()
    logins = stage.gateway.count("auth/login")
    await add_all(stage, "wrong password", "qbittorrent_auth")
    assert stage.gateway.count("auth/login") == logins + 1

    await stage.load(qbittorrent_password="staple battery")
    status = 0
    while status != 403:
        wrong = {"username": "admin", "password": "incorrect horse"}
        status, _ = ApiSession(server.host, server.port).answer("auth/login", wrong)
    await stage.gateway.log_out()
    await add_all(stage, "banned", "qbittorrent_banned")


@every_generation
async def test_an_api_key_that_is_not_taken(own_stage: Stage) -> None:
    """Revoked, or never known to an older server, which let everybody in before."""
    stage, server = own_stage, own_stage.server
    has_keys = server.generation == "5.3"
    set_preferences(server, bypass_local_auth=not has_keys)
    key = server.make_api_key() if has_keys else "qbt_unknown"
    await stage.load(qbittorrent_username="", qbittorrent_password="", qbittorrent_api_key=key)
    assert (await stage.play(stage.magnet(), ADDED)).verdict == ADDED
    if has_keys:
        server.make_api_key()
    else:
        set_preferences(server, bypass_local_auth=False)
        # The session from before would stay good.
        await stage.gateway.log_out()
    await add_all(stage, "API key revoked or unknown", "qbittorrent_auth")


@every_generation
async def test_a_queue(own_stage: Stage) -> None:
    """Whoever has to wait is added, and the user is told; whoever need not is not said to."""
    stage = own_stage
    limits = dict.fromkeys(("max_active_torrents", "max_active_downloads"), 4)
    set_preferences(stage.server, queueing_enabled=True, **limits)
    await add_all(stage, "queue with four places", ADDED)
    await add_all(stage, "queue full", ADDED, warning="waits in qBittorrent's queue")


@pytest.fixture
def full_disk(tmp_path: Path, missing: Callable[[str], None]) -> Iterator[Path]:
    """Return a folder on a disk without any room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "auralarchive", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except OSError, subprocess.CalledProcessError:
        missing("no disk can be mounted here")
    try:
        with suppress(OSError), (folder / "full").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@every_generation
async def test_a_full_disk(stage: Stage, full_disk: Path) -> None:
    """The torrent is there, for all that nothing can be saved; asked again, the error is told."""
    seed = stage.jackett.seed
    books = []
    for delivery in DELIVERIES:
        made = stage.torrent(web_seeds=[stage.jackett.seed_url])
        seed.add(made.content)
        books.append((delivery, await stage.offer(torrent=made)))
    path = str(full_disk / "books")
    await asyncio.gather(
        *(
            stage.add("disk full", book, ADDED, delivery=delivery, save_path=path)
            for delivery, book in books
        )
    )

    async def states() -> set[str]:
        return {str(torrent["state"]) for torrent in await stage.observer.torrents()}

    await until(states, {"error"}.__eq__)
    warning = "reports an error for it, such as a full disk"
    again = "disk full, asked again"
    await asyncio.gather(
        *(
            stage.add(
                again, book, ALREADY_PRESENT, delivery=delivery, warning=warning, save_path=path
            )
            for delivery, book in books
        )
    )


@every_generation
async def test_a_stranger_arrives_in_the_same_second(stage: Stage) -> None:
    """It is not taken for ours, however much it looks like it: neither a good one nor a bad one."""
    session = stage.server.login()
    strangers: set[str] = set()

    def with_a_stranger(answer: Callable[[MadeTorrent], Download]) -> Callable[..., Download]:
        def download(ours: MadeTorrent) -> Download:
            # Of the same name, in the same category, put in while our link is opened.
            strange = make_torrent({ours.name: b"strange" * 1000})

            async def arrive() -> None:
                if strange.infohash not in strangers:
                    strangers.add(strange.infohash)
                    await asyncio.to_thread(session.add_file, strange.data, category="auralarchive")

            return replace(answer(ours), gate=arrive)

        return download

    good = await stage.offers(with_a_stranger(torrent_file))
    bad = await stage.offers(with_a_stranger(lambda _: failed(404)))
    await asyncio.gather(
        *(
            stage.add("a stranger of the same name comes", book, ADDED, delivery=delivery)
            for delivery, book in good
        ),
        *(
            stage.add(
                "a stranger of the same name comes, ours fails",
                book,
                failure(stage, delivery, "link_gone"),
                delivery=delivery,
                timeout=1,
            )
            for delivery, book in bad
        ),
    )


@every_generation
async def test_somebody_else_adds_the_same(stage: Stage) -> None:
    """Whoever comes second in the very same moment is told that it is there already."""
    session = stage.server.login()
    books = await offers(stage)

    @cache
    def arrive() -> asyncio.Task[None]:
        return asyncio.create_task(add_by_hand())

    async def add_by_hand() -> None:
        for _, book in books:
            await asyncio.to_thread(session.add_file, book.torrent.data, category="films")
        await stage.seen(*(book for _, book in books))

    stage.gateway.before("torrents/add", arrive)
    await asyncio.gather(
        *(
            stage.add(
                "somebody else is quicker",
                book,
                ALREADY_PRESENT,
                delivery=delivery,
                warning="was in the category films and has been moved",
                # Before 5.0 a link of what is there is passed over in silence.
                timeout=1,
            )
            for delivery, book in books
        )
    )


@every_generation
async def test_the_same_twice_at_once(stage: Stage) -> None:
    """One adds it, the other finds it there."""
    await asyncio.gather(
        *(add_twice(stage, "twice at once", by, book, by, by) for by, book in await offers(stage)),
        add_twice(stage, "twice at once, auto and link", ANY, await stage.offer(), "auto", "link"),
    )


@every_generation
async def test_fifty_at_once(stage: Stage) -> None:
    """In a crowd of good ones, bad ones and doubles everybody is told the truth."""
    good, gone, pages = [
        await stage.offers(download, number)
        for download, number in ((torrent_file, 9), (failed(404), 3), (page(), 2))
    ]
    crowd = [
        *(("good", ADDED, *one) for one in good),
        *(("gone", failure(stage, one[0], "link_gone"), *one) for one in gone),
        *(("a web page", failure(stage, one[0], "link_not_torrent"), *one) for one in pages),
        *(("good", ADDED, ANY, stage.magnet()) for _ in range(8)),
    ]
    assert len(crowd) == 50
    await asyncio.gather(
        *(
            stage.add(f"50 at once: {kind}", book, verdict, delivery=delivery, timeout=5)
            for kind, verdict, delivery, book in crowd
        )
    )


def failure(stage: Stage, delivery: str, code: str) -> str:
    """Return the verdict of a link that fails.

    Before 5.0 nobody is told of one that qBittorrent opens, until it must have given up.
    """
    return "not_seen" if delivery == "link" and stage.server.generation == "4.5" else code


async def add_twice(stage: Stage, case: str, delivery: str, book: Book, *by: str) -> None:
    """Add a book twice at once; exactly one of the two may say that it has added it."""
    played = await asyncio.gather(
        *(stage.play(book, ADDED, ALREADY_PRESENT, delivery=one, timeout=2) for one in by)
    )
    for one, right in zip(sorted(played, key=lambda one: one.verdict), WHO, strict=True):
        lie = one.lie or ("" if one.verdict == right else "both say the same")
        stage.record(f"{case}, {WHO[right]}", delivery, replace(one, lie=lie))
