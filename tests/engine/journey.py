"""A whole way from a search to a torrent in qBittorrent, with real servers at both ends."""

from dataclasses import dataclass, field
from json import loads

from aiohttp import ClientSession

from custom_components.auralarchive.engine.delivery import Delivered, Delivery
from custom_components.auralarchive.engine.jackett import JackettClient, SearchQuery
from custom_components.auralarchive.engine.links import JackettAddresses
from custom_components.auralarchive.engine.mirror import Mirror
from custom_components.auralarchive.engine.opener import LinkOpener
from custom_components.auralarchive.engine.qbittorrent import AddOptions, QbittorrentClient
from custom_components.auralarchive.engine.redact import Redactor
from custom_components.auralarchive.engine.session import Credentials
from custom_components.auralarchive.engine.source import DeliveryMode, Source
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Download, Release
from scripts.lab.qbittorrent import QBittorrentServer

# Long enough for anything that works, and all that a test waits for what does not.
PATIENCE = 10.0


@dataclass(kw_only=True)
class Journey:
    """Jackett as Home Assistant and as qBittorrent reach it, and qBittorrent, perhaps proxied."""

    http: ClientSession
    jackett: JackettStandIn
    server: QBittorrentServer
    address: str = ""
    jackett_here: str = ""
    jackett_there: str = ""
    link_seconds: float = 31.0
    mirror: Mirror = field(default_factory=Mirror)
    client: QbittorrentClient = field(init=False)
    delivery: Delivery = field(init=False)
    addresses: JackettAddresses = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        """Put the engine together as the integration does."""
        credentials = Credentials(username=self.server.username, password=self.server.password)
        self.client = QbittorrentClient(self.http, self.address or self.server.url, credentials)
        self.addresses = JackettAddresses.of(
            self.jackett_here or self.jackett.url,
            self.jackett_there or self.jackett.url,
            self.jackett.api_key,
        )
        self.delivery = Delivery(
            self.client,
            self.mirror,
            LinkOpener(self.http, self.http, self.addresses),
            self.addresses,
            Redactor([self.jackett.api_key, self.server.password]),
            link_seconds=self.link_seconds,
        )

    async def source(
        self,
        download: Download | None = None,
        *,
        magnet: str | None = None,
        hash_text: str | None = None,
        indexer: str = "lab",
    ) -> Source:
        """Have the stand-in offer a release and find it."""
        self.made += 1
        title = f"Release number{self.made}"
        release = Release(title=title, download=download, magnet=magnet, hash_text=hash_text)
        self.jackett.add_release(release, indexer=indexer)
        client = JackettClient(self.http, self.jackett.url, self.jackett.api_key)
        (found,) = (await client.search(SearchQuery(text=title))).releases
        return Source.of_release(found, self.addresses)

    async def add(
        self,
        source: Source,
        mode: DeliveryMode = DeliveryMode.AUTO,
        *,
        options: AddOptions | None = None,
        seconds: float = PATIENCE,
    ) -> Delivered:
        """Add it."""
        wished = options or AddOptions(category="audiobooks")
        return await self.delivery.add(source, wished, mode=mode, seconds=seconds)

    async def look(self) -> Mirror:
        """Bring the mirror up to date, as a poll does."""
        self.mirror.apply(await self.client.maindata(self.mirror.rid))
        return self.mirror

    async def tags(self) -> list[str]:
        """Ask the server for all its tags."""
        tags: list[str] = loads((await self.client._session.call("torrents/tags")).body)
        return sorted(tags)

    async def torrents(self) -> list[str]:
        """Ask the server for the infohashes of all its torrents."""
        return [torrent.infohash for torrent in await self.client.torrents()]
