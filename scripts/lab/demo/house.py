"""The three servers of the demo, started together and stopped together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import socket
import time

from aiohttp import ClientError, ClientSession

from scripts.lab.cache import qbittorrent_binary
from scripts.lab.hass import CONFIGURATION, HassError, HassServer
from scripts.lab.hass_client import HassClient, HassRefusal
from scripts.lab.jackett import JackettStandIn
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import QBittorrentError, QBittorrentServer

from . import dashboard, stock
from .terminal import Transcript

# What keeps the download of the best result going for about four seconds.
PACE = 230_000
_JACKETT_PORT, _QBITTORRENT_PORT = 9117, 8080


class DemoError(Exception):
    """The demo cannot go on, or found that something is not so; the text is one sentence."""


# What ends the demo with a sentence; anything else is a fault of its own.
EXPECTED = (DemoError, HassError, HassRefusal, QBittorrentError, ClientError, OSError)


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """The servers, and who talks to them; `apart` is qBittorrent's own network, if it has one."""

    hass: HassServer
    client: HassClient
    qbittorrent: QBittorrentServer
    jackett: JackettStandIn
    http: ClientSession
    apart: NetworkNamespace | None

    @property
    def jackett_url(self) -> str:
        """Jackett as Home Assistant is told to reach it, and as so many are."""
        return self.jackett.url_at("localhost")

    @property
    def jackett_url_for_qbittorrent(self) -> str:
        """Jackett as qBittorrent reaches it."""
        return self.jackett.url_at(self.apart.host_address) if self.apart else self.jackett_url

    @property
    def running(self) -> bool:
        """Whether both processes live."""
        return self.hass.running and self.qbittorrent.running


@asynccontextmanager
async def open_house(
    folder: Path, transcript: Transcript, *, port: int | None = None, usual_ports: bool = False
) -> AsyncIterator[House]:
    """Start the servers in a folder; Home Assistant at a port of choice.

    With `usual_ports`, the others are at the ports that everybody knows, where these are free.
    """
    if qbittorrent_binary("demo") is None:
        raise DemoError("there is no qBittorrent here: install qbittorrent-nox, then try again")
    async with AsyncExitStack() as stack:
        started = time.monotonic()
        hass = HassServer(
            folder / "home-assistant",
            port=port,
            configuration=CONFIGURATION + dashboard.CONFIGURATION,
        )
        # Takes the longest, so it comes first and the others start meanwhile.
        await stack.enter_async_context(hass)
        apart = _network(stack, transcript)
        wanted = _QBITTORRENT_PORT if usual_ports else 0
        server = QBittorrentServer(
            "demo",
            folder / "qbittorrent",
            # A network of its own has all ports.
            port=wanted if apart else _if_free(wanted),
            namespace=apart,
        )
        stack.enter_context(server)
        where = "in a network of its own, as a container is" if apart else "beside Home Assistant"
        version = server.login().call("app/version").removeprefix("v")
        transcript.good(f"qBittorrent {version}", f"{server.url}, {where}")

        jackett = JackettStandIn()
        await jackett.start(port=_if_free(_JACKETT_PORT if usual_ports else 0))
        stack.push_async_callback(jackett.stop)
        if apart is not None:
            await jackett.listen(apart.host_address)
        stock.fill(jackett, jackett.seed_url_at(apart.host_address if apart else "127.0.0.1"))
        jackett.seed.bytes_per_second = PACE
        releases = sum(len(indexer.releases) for indexer in jackett.indexers.values())
        transcript.good(
            "Demo indexer",
            f"{jackett.url_at('localhost')}, speaks as Jackett does, has {releases} releases of"
            f" public-domain audiobooks on {len(jackett.indexers)} indexers",
        )

        http = await stack.enter_async_context(ClientSession())
        client = await hass.log_in(http)
        transcript.good(
            f"Home Assistant {await client.version()}",
            f"{hass.url}, ready after {time.monotonic() - started:.1f} s",
        )
        yield House(
            hass=hass,
            client=client,
            qbittorrent=server,
            jackett=jackett,
            http=http,
            apart=apart,
        )


def _if_free(port: int) -> int:
    """Return a port that nobody listens on: the given one, or 0 to have one chosen."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", port)) == 0 else port


def _network(stack: AsyncExitStack, transcript: Transcript) -> NetworkNamespace | None:
    """Make qBittorrent's own network where that can be had."""
    available, reason = NetworkNamespace.available()
    if available:
        return stack.enter_context(NetworkNamespace())
    transcript.note(
        f"qBittorrent gets no network of its own here ({reason}). It runs beside Home Assistant,"
        " where localhost is the same for both, so the lost add cannot be shown."
    )
    return None
