"""The verdict table's links: Jackett's and those of others, with qBittorrent near and far."""

import _socket
import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
import json
from pathlib import Path
import socket
import ssl
import subprocess
import sys

import pytest
import pytest_socket

from scripts.lab.cache import qbittorrent_binary
from scripts.lab.jackett import JackettStandIn
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import QBittorrentServer, free_port
from tests.conftest import GENERATIONS
from tests.integration.odd_servers import self_signed

from .cases import foreign, hosts, links
from .cases.bench import Bench, private_jackett
from .cases.foreign import Tracker

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "real_names")

# Addresses for documentation: one that only the first namespace has, one that only this side has.
ONLY_THERE = "203.0.113.7"
ONLY_HERE = "198.51.100.7"
NOWHERE = "http://no-such-host.invalid:9117"


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Do without the debug mode, which doubles the time."""


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Allow for what a secure server waits for when its clients just leave."""
    return True


@pytest.fixture
def real_lookups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo the test plug-in's own way to look up names."""
    monkeypatch.setattr(socket, "getaddrinfo", _socket.getaddrinfo)


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """Return what serves with a certificate that nobody vouches for."""
    return self_signed(tmp_path)


@pytest.fixture
async def plain(socket_enabled: None) -> AsyncIterator[JackettStandIn]:
    """Return a Jackett."""
    async with private_jackett() as stand_in:
        yield stand_in


@pytest.fixture
async def below(socket_enabled: None) -> AsyncIterator[JackettStandIn]:
    """Return a Jackett with a base path."""
    async with private_jackett(base_path="/jackett") as stand_in:
        yield stand_in


@pytest.fixture
async def secure(
    socket_enabled: None, certificate: ssl.SSLContext
) -> AsyncIterator[JackettStandIn]:
    """Return a Jackett behind TLS."""
    stand_in = private_jackett()
    await stand_in.start(ssl_context=certificate)
    async with stand_in:
        yield stand_in


async def test_links_of_jackett(
    bench: Bench, plain: JackettStandIn, below: JackettStandIn, secure: JackettStandIn
) -> None:
    """Every server beside Jackett: links of all kinds, and addresses that are wrong for one."""
    nobody = f"http://127.0.0.1:{free_port()}"
    for place in bench.beside():
        await bench.load(place, "plain", plain)
        await bench.load(place, "base path", below)
        await bench.load(
            place,
            "half a base path",
            below,
            jackett_url=below.url.replace("127.0.0.1", "localhost"),
            jackett_url_for_qbittorrent=below.url.removesuffix("/jackett"),
        )
        await bench.load(place, "https", secure, jackett_verify_ssl=False)
        for name, here, there in (
            ("refused there", plain.url, nobody),
            ("unknown there", plain.url, NOWHERE),
            ("refused here", nobody, plain.url),
            ("refused everywhere", nobody, nobody),
        ):
            await bench.load(
                place, name, plain, jackett_url=here, jackett_url_for_qbittorrent=there
            )
    await bench.run({links.GROUP: links.CASES})


@pytest.fixture
def contained(
    socket_enabled: None, tmp_path: Path, missing: Callable[[str], None]
) -> Iterator[list[QBittorrentServer]]:
    """Return a server of each generation, each in a network of its own, as in a container."""
    available, reason = NetworkNamespace.available()
    if not available:
        missing(reason)
    with ExitStack() as stack:
        servers = []
        allowed = ["127.0.0.1", "::1", "0.0.0.0", ONLY_HERE, ONLY_THERE]
        for generation in GENERATIONS:
            if qbittorrent_binary(generation) is None:
                missing(f"no qBittorrent {generation} here: run scripts/setup")
            namespace = stack.enter_context(NetworkNamespace())
            namespace.run("ip", "address", "add", f"{ONLY_THERE}/32", "dev", "lo")
            allowed += [namespace.address, namespace.host_address]
            pytest_socket.socket_allow_hosts(allowed)
            server = QBittorrentServer(generation, tmp_path / generation, namespace=namespace)
            servers.append(stack.enter_context(server))
        yield servers


def network(server: QBittorrentServer) -> NetworkNamespace:
    """Return the network of a server that has one."""
    assert server.namespace is not None
    return server.namespace


@contextmanager
def site_within(namespace: NetworkNamespace, folder: Path) -> Iterator[str]:
    """Serve a folder within a namespace, at an address that is only there."""
    folder.mkdir()
    command = [
        *namespace.exec_prefix,
        *(sys.executable, "-u", "-m", "http.server", "0"),
        *("--bind", ONLY_THERE, "--directory", str(folder)),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as site:
        assert site.stdout is not None
        # Serving HTTP on 203.0.113.7 port 12345 (http://203.0.113.7:12345/) ...
        address = site.stdout.readline().partition("(")[2].partition("/)")[0]
        yield address
        site.terminate()


@pytest.fixture
async def tracker(contained: list[QBittorrentServer]) -> AsyncIterator[Tracker]:
    """Return a site of others, on loopback and where each server reaches it."""
    tracker = Tracker()
    # It goes with the namespace.
    interface = network(contained[0]).host_interface
    await asyncio.to_thread(
        subprocess.run, ["ip", "address", "add", f"{ONLY_HERE}/32", "dev", interface], check=True
    )
    for host in ("127.0.0.1", ONLY_HERE, *(network(server).host_address for server in contained)):
        await tracker.listen(host)
    yield tracker
    await tracker.stop()


@pytest.fixture
async def far_bench(
    bench: Bench,
    contained: list[QBittorrentServer],
    plain: JackettStandIn,
    secure: JackettStandIn,
    tracker: Tracker,
    tmp_path: Path,
) -> AsyncIterator[Bench]:
    """Return a bench with servers that are as if in containers, and Jackett on the host."""
    await plain.listen("::1")
    override = f"http://host.docker.internal:{free_port()}"
    async with private_jackett(base_url_override=override) as docker:
        with ExitStack() as sites:
            for server in contained:
                host = network(server).host_address
                for stand_in in (plain, docker, secure):
                    await stand_in.listen(host)
                place = bench.add_place(server)
                place.folder = tmp_path / f"site-{server.generation}"
                place.sites = {
                    "both": f"http://{host}:{tracker.port}",
                    "localhost": f"http://localhost:{tracker.port}",
                    "Home Assistant": f"http://{ONLY_HERE}:{tracker.port}",
                    "nobody": f"http://{host}:{free_port()}",
                    "nowhere": NOWHERE,
                    "qBittorrent": sites.enter_context(site_within(network(server), place.folder)),
                }
                there = {"jackett_url_for_qbittorrent": plain.url_at(host)}
                for name in hosts.HOSTS[:-1]:
                    await bench.load(place, name, plain, jackett_url=plain.url_at(name), **there)
                await bench.load(
                    place, hosts.HOSTS[-1], docker, jackett_url_for_qbittorrent=docker.url_at(host)
                )
                await bench.load(
                    place,
                    "told localhost",
                    plain,
                    jackett_url_for_qbittorrent=plain.url_at("localhost"),
                )
                await bench.load(
                    place,
                    "https",
                    secure,
                    jackett_verify_ssl=False,
                    jackett_url_for_qbittorrent=secure.url_at(host),
                )
                # 4.5 does not know this, and always ignores them.
                wish = {"json": json.dumps({"ignore_ssl_errors": True})}
                await asyncio.to_thread(server.login().call, "app/setPreferences", wish)
            yield bench


@pytest.mark.usefixtures("real_lookups")
async def test_links_for_containers(far_bench: Bench, tracker: Tracker) -> None:
    """Every server in a network of its own: whose localhost, and whose site it is."""
    groups = {hosts.GROUP: hosts.CASES, foreign.GROUP: foreign.cases(tracker)}
    await far_bench.run(groups)
