"""What the Jackett stand-in is made of: indexers, releases and how their links behave."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from scripts.lab.torrents import MadeTorrent

type Gate = Callable[[], Awaitable[object]]

STANDARD_CATEGORIES: Mapping[int, str] = {
    2000: "Movies",
    3000: "Audio",
    3010: "Audio/MP3",
    3020: "Audio/Video",
    3030: "Audio/Audiobook",
    3040: "Audio/Lossless",
    3050: "Audio/Other",
    3060: "Audio/Foreign",
    5000: "TV",
    7000: "Books",
    7010: "Books/Mags",
    7020: "Books/EBook",
    7030: "Books/Comics",
    7040: "Books/Technical",
    7050: "Books/Other",
    7060: "Books/Foreign",
    8000: "Other",
}
CUSTOM_CATEGORIES = 100_000


class IndexerType(StrEnum):
    """How open a tracker is."""

    PUBLIC = "public"
    SEMI_PRIVATE = "semi-private"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """How `/dl/` answers for one release; the functions below build the usual ones.

    `total` streams that many bytes whatever the body is, and says so before if `declared`.
    `cut_after` promises the whole body and
    closes the connection after so many bytes; `stall_after` falls silent there until the gate opens
    or the client leaves. `hops` http redirects come first; None of them never ends.
    """

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    location: str | None = None
    filename: bool = False
    hops: int | None = 0
    hop_status: int = 302
    hop_relative: bool = False
    total: int | None = None
    declared: bool = True
    cut_after: int | None = None
    stall_after: int | None = None
    delay: float = 0.0
    gate: Gate | None = None


def torrent_file(data: bytes | MadeTorrent) -> Download:
    """The usual answer: the file itself."""
    body = data.data if isinstance(data, MadeTorrent) else data
    return Download(body=body, content_type="application/x-bittorrent", filename=True)


def redirect(location: str, *, status: int = 302) -> Download:
    """A redirect, in real life always to a magnet."""
    return Download(status=status, location=location)


def failed(status: int = 404) -> Download:
    """A failure: 401 and 404 have no body, 500 has a JSON one."""
    if status == 500:
        body = b'{"result":"error","error":"Object reference not set.","stacktrace":"   at Dl"}'
        return Download(status=500, body=body, content_type="application/json")
    return Download(status=status)


def page(html: str = "<!DOCTYPE html><html><body>Please log in</body></html>") -> Download:
    """A web page where a torrent should be."""
    return Download(body=html.encode(), content_type="text/html; charset=utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One upload on one tracker. `link` is the tracker's address, or a magnet, or absent.

    `published` without a time zone makes JSON dates without one. `hash_text` is the infohash as
    the tracker writes it. `peers` do not exist here: Torznab and JSON derive different numbers.
    """

    title: str
    link: str | None = None
    download: Download | None = None
    magnet: str | None = None
    hash_text: str | None = None
    guid: str | None = None
    details: str | None = None
    categories: tuple[int, ...] = (3030,)
    size: int | None = 412_316_860
    files: int | None = None
    grabs: int | None = None
    seeders: int | None = None
    leechers: int | None = None
    published: datetime | None = None
    description: str | None = None
    author: str | None = None
    book_title: str | None = None
    publisher: str | None = None
    year: int | None = None
    genres: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    cover: str | None = None
    minimum_ratio: float | None = None
    minimum_seed_time: int | None = None
    download_volume_factor: float | None = 1.0
    upload_volume_factor: float | None = 1.0

    @property
    def tracker_link(self) -> str | None:
        """The link as the tracker gave it; one is invented for a release with a download."""
        if self.link is None and self.download is not None:
            digest = sha256(f"{self.title}|{self.guid}".encode()).hexdigest()
            return f"https://tracker.invalid/download/{digest[:12]}"
        return self.link

    @property
    def identity(self) -> str:
        """The guid that Jackett settles on."""
        return self.guid or self.tracker_link or self.magnet or self.details or ""

    @property
    def infohash_text(self) -> str | None:
        """The infohash attribute: the tracker's, or the last part of the magnet's topic."""
        if self.hash_text is not None or self.magnet is None:
            return self.hash_text
        return self.magnet.partition("xt=")[2].partition("&")[0].rpartition(":")[2] or None

    @property
    def gain(self) -> float:
        """What `all` sorts by: seeders times GiB."""
        return (self.seeders or 0) * (self.size or 0) / 1024**3


@dataclass(slots=True, kw_only=True)
class Indexer:
    """One tracker of the stand-in; change it at any time, the next query sees it.

    `failure` is the exception's text, `retry_after` makes it a rate limit. `searches` counts the
    queries that got past the cache. `status` and `tested` only serve filter expressions.
    """

    id: str
    name: str = ""
    type: IndexerType = IndexerType.PUBLIC
    language: str = "en-US"
    description: str = ""
    site_link: str = "https://tracker.invalid/"
    tags: tuple[str, ...] = ()
    modes: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"search": ("q",), "book": ("q",)}
    )
    categories: dict[int, str] = field(default_factory=lambda: {3030: "Audio/Audiobook"})
    releases: list[Release] = field(default_factory=list)
    configured: bool = True
    paging: bool = False
    delay: float = 0.0
    gate: Gate | None = None
    failure: str | None = None
    retry_after: int | None = None
    status: str = "unknown"
    tested: str = "passed"
    searches: int = 0

    def __post_init__(self) -> None:
        """Name it after its id if it has no name."""
        self.name = self.name or self.id.replace("-", " ").title()
