"""Torznab XML to releases and indexers.

What Jackett sends: plain elements for size, files and grabs, `torznab:attr` for the rest; optional
things are left out; a failure is an `<error>` element, mostly with status 200.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import re

from .elements import Child, Element, ElementReader, NotXmlError
from .errors import InvalidMagnetError
from .torrent import is_magnet, normalise_infohash, parse_magnet

# Names are written as expat joins them: namespace, brace, name. Newznab's are the same by another.
_ATTRS = (
    "http://torznab.com/schemas/2015/feed}attr",
    "http://www.newznab.com/DTD/2010/feeds/attributes/}attr",
)
# What .NET writes before the cause of an exception, and Jackett in front of an indexer's.
_EXCEPTION = re.compile(r"^(?:[\w.]+Exception: )+(?:Exception \([^)]*\): )?")
_MAX_CAUSE = 300
_MAX_TEXT = 2000
# A magnet may be long.
_MAX_VALUE = 64 * 1024
# Half an address is none; a guid may be a magnet.
_ADDRESSES = ("link", "guid")
# Larger than any size that a database or a person has use for; feeds are not to be trusted.
_MAX_NUMBER = 2**53
_MAX_DIGITS = len(str(_MAX_NUMBER))


class TorznabError(Exception):
    """An `<error>` answer: a number of Torznab's, and the first line of its description."""

    def __init__(self, code: int, description: str) -> None:
        """Keep both."""
        super().__init__(code, description)
        self.code = code
        self.description = description


class NotTorznabError(Exception):
    """The body is no XML, not the XML that was expected, or XML with a document type."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexer:
    """An indexer that is configured in Jackett."""

    id: str
    name: str
    type: str | None = None
    language: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """One item of a feed. Links hold Jackett's key or a passkey and are never shown.

    `size` is in bytes, `infohash` lower-case hex; None is "the indexer did not say".
    """

    title: str
    indexer_id: str
    indexer: str
    guid: str = field(repr=False)
    link: str | None = field(default=None, repr=False)
    magnet: str | None = field(default=None, repr=False)
    infohash: str | None = None
    categories: tuple[int, ...] = ()
    size: int | None = None
    files: int | None = None
    grabs: int | None = None
    seeders: int | None = None
    leechers: int | None = None
    published: datetime | None = None
    freeleech: bool = False
    author: str | None = None
    book: str | None = None


def parse_feed(data: bytes, indexer: Indexer) -> list[Release]:
    """Read a search's answer; items without their own indexer are the given one's.

    Raises `TorznabError` and `NotTorznabError`. Feeds can be large: call it off the event loop,
    which it lets go on meanwhile.
    """
    return [
        release
        for item in _elements(data, "item", root_tag="rss")
        if (release := _release(item, indexer))
    ]


def parse_indexers(data: bytes) -> list[Indexer]:
    """Read the answer to `t=indexers`; raises like `parse_feed`."""
    return [
        Indexer(
            id=identifier,
            name=item.text("title") or identifier,
            type=item.text("type"),
            language=item.text("language"),
        )
        for element in _elements(data, "indexer", root_tag="indexers")
        if (identifier := element.attributes.get("id"))
        and element.attributes.get("configured") != "false"
        and (item := _Item(element))
    ]


def _elements(data: bytes, tag: str, *, root_tag: str) -> Iterator[Element]:
    """Yield the elements of a tag, each with its children; raise at the end at the latest."""
    reader = ElementReader(tag)
    try:
        yield from reader.read(data)
    except NotXmlError:
        raise NotTorznabError from None
    root = reader.root
    if root.tag == "error":
        lines = root.attributes.get("description", "").strip().splitlines() or [""]
        cause = _EXCEPTION.sub("", lines[0])
        raise TorznabError(_number(root.attributes.get("code")) or 0, cause[:_MAX_CAUSE])
    if root.tag != root_tag:
        raise NotTorznabError


_NO_CHILD: Child = ("", {}, "")


class _Item:
    """What an element's children say; where there are several of a kind, the first counts.

    `values` are Torznab's attributes by name, `categories` are elements or attributes.
    """

    __slots__ = ("_children", "categories", "values")

    def __init__(self, element: Element) -> None:
        """Go through the children once."""
        self.values: dict[str, str] = {}
        self.categories: dict[int, None] = {}
        self._children: dict[str, Child] = {}
        for child in element.children:
            tag, attributes, value = child
            if tag in _ATTRS:
                name, value = attributes.get("name", ""), attributes.get("value", "")
                self.values[name.lower()] = value[:_MAX_VALUE]
            else:
                name = tag
                self._children.setdefault(tag, child)
            if name == "category" and (number := _number(value)) is not None:
                self.categories[number] = None

    def text(self, tag: str) -> str | None:
        """Return a child's text without blanks around it, bounded; None if it is missing."""
        _, _, text = self._children.get(tag, _NO_CHILD)
        text = text.strip()
        return (text if tag in _ADDRESSES else text[:_MAX_TEXT]) or None

    def attribute(self, tag: str, name: str) -> str | None:
        """Return an attribute of a child."""
        _, attributes, _ = self._children.get(tag, _NO_CHILD)
        return attributes.get(name)


def _release(element: Element, indexer: Indexer) -> Release | None:
    """Read one item; None for one that has no title."""
    item = _Item(element)
    title = " ".join((item.text("title") or "").split())
    if not title:
        return None
    values = item.values
    guid = item.text("guid") or ""
    link = item.text("link") or item.attribute("enclosure", "url") or ""
    link, magnet_url = link.strip(), values.get("magneturl", "").strip()
    # Where there is no torrent to download, the magnet stands in its place, and as the guid.
    magnet = next(filter(is_magnet, (magnet_url, link, guid)), None)
    size = _number(item.text("size") or values.get("size"))
    if not size:
        size = _number(item.attribute("enclosure", "length"))
    seeders, peers = _number(values.get("seeders")), _number(values.get("peers"))
    return Release(
        title=title,
        indexer_id=item.attribute("jackettindexer", "id") or indexer.id,
        indexer=item.text("jackettindexer") or indexer.name,
        guid=guid,
        link=link if link[:8].lower().startswith(("http://", "https://")) else None,
        magnet=magnet,
        infohash=normalise_infohash(values.get("infohash")) or _infohash_of(magnet),
        categories=tuple(item.categories),
        # Size 0 is what an indexer sends that could not read it.
        size=size or None,
        files=_number(item.text("files")),
        grabs=_number(item.text("grabs")),
        seeders=seeders,
        # Torznab's "peers" counts the seeders too.
        leechers=max(peers - (seeders or 0), 0) if peers is not None else None,
        published=_date(item.text("pubDate")),
        freeleech=_is_zero(values.get("downloadvolumefactor")),
        author=values.get("author") or None,
        book=values.get("booktitle") or None,
    )


def _infohash_of(magnet: str | None) -> str | None:
    if magnet is None:
        return None
    try:
        return parse_magnet(magnet).infohashes.shown
    except InvalidMagnetError:
        return None


def _number(text: str | None) -> int | None:
    """Read a whole number that is not negative; None for anything else."""
    text = (text or "").strip()
    if not text.isdigit() or not text.isascii() or len(text) > _MAX_DIGITS:
        return None
    return min(int(text), _MAX_NUMBER)


def _is_zero(text: str | None) -> bool:
    try:
        return text is not None and float(text) == 0
    except ValueError:
        return False


def _date(text: str | None) -> datetime | None:
    """Read an RFC 822 date; one without a zone is taken for UTC."""
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except ValueError, OverflowError:
        return None
