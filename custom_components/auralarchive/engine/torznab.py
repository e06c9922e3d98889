"""Torznab XML to releases and indexers.

What Jackett sends: plain elements for size, files and grabs, `torznab:attr` for the rest; optional
things are left out; a failure is an `<error>` element, mostly with status 200.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import re
from typing import Never
from xml.etree import ElementTree
from xml.parsers import expat

from .errors import InvalidMagnetError
from .torrent import is_magnet, normalise_infohash, parse_magnet

# Names are written as expat joins them: namespace, brace, name. Newznab's are the same by another.
_ATTRS = (
    "http://torznab.com/schemas/2015/feed}attr",
    "http://www.newznab.com/DTD/2010/feeds/attributes/}attr",
)
# What .NET writes before the cause of an exception, and Jackett in front of an indexer's.
_EXCEPTION = re.compile(r"^(?:[\w.]+Exception: )+(?:Exception \([^)]*\): )?")
_CHUNK = 64 * 1024
# Elements and attributes of a document. A feed of 32 MiB as Jackett writes it has 0.9 million; what
# the parser remembers of each, be it only its name or that it is open, adds up.
_MAX_VALUES = 1_500_000
# Bytes of one tag or comment, which the parser has to have in one piece.
_MAX_TOKEN = 1024 * 1024
_MAX_CAUSE = 300
_MAX_TEXT = 2000
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
            name=_text(element, "title") or identifier,
            type=_text(element, "type"),
            language=_text(element, "language"),
        )
        for element in _elements(data, "indexer", root_tag="indexers")
        if (identifier := element.get("id")) and element.get("configured") != "false"
    ]


def _elements(data: bytes, tag: str, *, root_tag: str) -> Iterator[ElementTree.Element]:
    """Yield the elements of a tag, each with its children; raise at the end at the latest."""
    reader = _Reader(tag)
    try:
        yield from reader.read(data)
    except expat.ExpatError, ValueError, LookupError:
        raise NotTorznabError from None
    root = reader.root
    if root.tag == "error":
        lines = (root.get("description") or "").strip().splitlines() or [""]
        cause = _EXCEPTION.sub("", lines[0])
        raise TorznabError(_number(root.get("code")) or 0, cause[:_MAX_CAUSE])
    if root.tag != root_tag:
        raise NotTorznabError


class _Reader:
    """Keeps of an XML document the elements of one tag with their children, one after the other.

    A tree of the whole could take a hundred times the document's size, and would have the garbage
    collector stop all threads for a tenth of a second.
    """

    def __init__(self, tag: str) -> None:
        self.root = ElementTree.Element("")
        self._tag = tag
        self._depth = 0
        self._values = 0
        # The element that is open, at which depth, and its child whose text is being read.
        self._element: ElementTree.Element | None = None
        self._element_depth = 0
        self._child: ElementTree.Element | None = None
        self._text: list[str] = []
        self._finished: list[ElementTree.Element] = []
        # Without an `intern` that would remember every name that ever occurred.
        self._parser = expat.ParserCreate(None, "}", None)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append

    def read(self, data: bytes) -> Iterator[ElementTree.Element]:
        """Yield the elements as they end."""
        for start in range(0, len(data), _CHUNK):
            self._parser.Parse(data[start : start + _CHUNK])
            if start + _CHUNK - self._parser.CurrentByteIndex > _MAX_TOKEN:
                raise NotTorznabError
            yield from self._take()
        # What has come so far may have been put off until there is more.
        self._parser.Parse(b"", True)
        yield from self._take()

    def _take(self) -> list[ElementTree.Element]:
        # Between two chunks there is no need of the text that nobody asked for either.
        if self._child is None:
            self._text.clear()
        taken, self._finished = self._finished, []
        return taken

    def _refuse(self, *_: object) -> Never:
        """Refuse a document type: it holds the entities, which make XML dangerous."""
        raise NotTorznabError

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._values += 1 + len(attributes)
        if self._values > _MAX_VALUES:
            raise NotTorznabError
        self._depth += 1
        if self._depth == 1:
            self.root = ElementTree.Element(tag, attributes)
        if self._element is None:
            if tag == self._tag:
                self._element = ElementTree.Element(tag, attributes)
                self._element_depth = self._depth
            return
        if self._child is not None:
            # The text that counts stands before any markup in it.
            self._end_text(self._child)
        if self._depth == self._element_depth + 1:
            self._child = ElementTree.SubElement(self._element, tag, attributes)
            self._text.clear()

    def _end(self, _tag: str) -> None:
        if self._child is not None:
            self._end_text(self._child)
        elif self._element is not None and self._depth == self._element_depth:
            self._finished.append(self._element)
            self._element = None
        self._depth -= 1

    def _end_text(self, child: ElementTree.Element) -> None:
        child.text = "".join(self._text)
        self._child = None


def _release(item: ElementTree.Element, indexer: Indexer) -> Release | None:
    """Read one item; None for one that has no title."""
    title = " ".join((_text(item, "title") or "").split())
    if not title:
        return None
    attributes, categories = _attributes(item)
    enclosure = item.find("enclosure")
    guid = _text(item, "guid") or ""
    link = _text(item, "link") or (enclosure.get("url") if enclosure is not None else None) or ""
    link, magnet_url = link.strip(), attributes.get("magneturl", "").strip()
    # Where there is no torrent to download, the magnet stands in its place, and as the guid.
    magnet = next((text for text in (magnet_url, link, guid) if is_magnet(text)), None)
    size = _number(_text(item, "size") or attributes.get("size"))
    if not size and enclosure is not None:
        size = _number(enclosure.get("length"))
    seeders, peers = _number(attributes.get("seeders")), _number(attributes.get("peers"))
    source = item.find("jackettindexer")
    return Release(
        title=title,
        indexer_id=(source.get("id") if source is not None else None) or indexer.id,
        indexer=((source.text or "").strip() if source is not None else "") or indexer.name,
        guid=guid,
        link=link if link.lower().startswith(("http://", "https://")) else None,
        magnet=magnet,
        infohash=normalise_infohash(attributes.get("infohash")) or _infohash_of(magnet),
        categories=categories,
        # Size 0 is what an indexer sends that could not read it.
        size=size or None,
        files=_number(_text(item, "files")),
        grabs=_number(_text(item, "grabs")),
        seeders=seeders,
        # Torznab's "peers" counts the seeders too.
        leechers=max(peers - (seeders or 0), 0) if peers is not None else None,
        published=_date(_text(item, "pubDate")),
        freeleech=_is_zero(attributes.get("downloadvolumefactor")),
        author=attributes.get("author") or None,
        book=attributes.get("booktitle") or None,
    )


def _infohash_of(magnet: str | None) -> str | None:
    if magnet is None:
        return None
    try:
        return parse_magnet(magnet).infohashes.shown
    except InvalidMagnetError:
        return None


def _attributes(item: ElementTree.Element) -> tuple[dict[str, str], tuple[int, ...]]:
    """Return the attributes by name, and the category numbers in order, each once.

    Categories are elements or attributes.
    """
    attributes: dict[str, str] = {}
    categories: dict[int, None] = {}
    for element in item:
        if element.tag in _ATTRS:
            name, text = element.get("name") or "", (element.get("value") or "")[: 64 * 1024]
            attributes[name.lower()] = text
        else:
            name, text = element.tag, element.text or ""
        if name == "category" and (number := _number(text)) is not None:
            categories[number] = None
    return attributes, tuple(categories)


def _text(element: ElementTree.Element, tag: str) -> str | None:
    """Return a child's text without blanks around it, bounded; None if it is missing or empty."""
    text = (element.findtext(tag) or "").strip()
    return (text if tag in _ADDRESSES else text[:_MAX_TEXT]) or None


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
