"""What is to be added, and the ways in which it can get into qBittorrent."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from .errors import InvalidLinkError, InvalidMagnetError
from .links import JackettAddresses, Link
from .torrent import Infohashes, Magnet, TorrentFile, is_magnet, parse_magnet
from .torznab import Release


class DeliveryMode(StrEnum):
    """Who opens a link: who is known to reach it, always qBittorrent, always Home Assistant."""

    AUTO = "auto"
    LINK = "link"
    FILE = "file"


class Route(StrEnum):
    """What is handed to qBittorrent."""

    MAGNET = "magnet"
    FILE = "file"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class OpenLink:
    """Open the link here, and hand over what comes."""

    link: Link


@dataclass(frozen=True, slots=True)
class HandOverLink:
    """Let qBittorrent open the link."""

    link: Link


@dataclass(frozen=True, slots=True)
class HandOver:
    """Hand over what is there already."""

    payload: Magnet | TorrentFile


type Step = OpenLink | HandOverLink | HandOver


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a torrent comes from: a file, or a link, a magnet or both.

    `below_jackett` is what of the link's path lies below Jackett's base path, None for links of
    others.
    """

    file: TorrentFile | None = None
    link: Link | None = None
    magnet: Magnet | None = None
    from_search: bool = False
    below_jackett: str | None = None
    # What a search's result is called.
    title: str = ""
    # What the indexer says the link's infohash is: good for a look, not for proof.
    claimed: Infohashes | None = None

    @classmethod
    def of_link(cls, text: str, addresses: JackettAddresses) -> Self:
        """Read a link or magnet; raise `InvalidLinkError` or `InvalidMagnetError`."""
        text = text.strip()
        if is_magnet(text):
            return cls(magnet=parse_magnet(text))
        link = Link.parse(text)
        return cls(link=link, below_jackett=addresses.below_jackett(link))

    @classmethod
    def of_release(cls, release: Release, addresses: JackettAddresses) -> Self:
        """Take a search's result; raise `InvalidLinkError` or `InvalidMagnetError`.

        Either of its addresses will do, so one that is broken is an error only by itself.
        """
        link, magnet = None, None
        try:
            magnet = parse_magnet(release.magnet) if release.magnet else None
        except InvalidMagnetError:
            if not release.link:
                raise
        try:
            link = Link.parse(release.link or "")
        except InvalidLinkError:
            if magnet is None:
                raise
        return cls(
            link=link,
            magnet=magnet,
            from_search=True,
            title=release.title,
            below_jackett=addresses.below_jackett(link, from_search=True) if link else None,
            claimed=_claimed(release.infohash),
        )

    @property
    def name(self) -> str:
        """Return what it is called, as far as that is known before it is there; else nothing."""
        known = self.file or self.magnet
        return self.title or (known and known.name) or ""

    @property
    def infohashes(self) -> Infohashes | None:
        """Return the infohashes, those that an indexer claims included."""
        known = self.file or self.magnet
        return known.infohashes if known else self.claimed

    def steps(self, mode: DeliveryMode) -> tuple[Step, ...]:
        """Return what to try, in order.

        A file beats the magnet of the same release: it needs no peers to know its content. A link
        of others is fetched by Home Assistant only when told to.
        """
        known = self.file or self.magnet
        direct = (HandOver(known),) if known is not None else ()
        if self.link is None:
            return direct
        if mode is DeliveryMode.LINK:
            return (HandOverLink(self.link),)
        if mode is DeliveryMode.FILE:
            return (OpenLink(self.link), *direct)
        if self.below_jackett is None:
            return (HandOverLink(self.link), *direct)
        return (OpenLink(self.link), *direct, HandOverLink(self.link))


def _claimed(infohash: str | None) -> Infohashes | None:
    return Infohashes(others=frozenset({infohash})) if infohash else None
