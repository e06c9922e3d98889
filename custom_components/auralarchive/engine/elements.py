"""Elements of an XML document, one after the other; of strangers' documents, within bounds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Never
from xml.parsers import expat

_CHUNK = 64 * 1024
# Elements and attributes of a document. A feed of 32 MiB as Jackett writes it has 0.9 million; what
# the parser remembers of each, be it only its name or that it is open, adds up.
_MAX_VALUES = 1_500_000
# Bytes of one tag or comment, which the parser has to have in one piece.
_MAX_TOKEN = 1024 * 1024

# Tag, attributes, and the text before any markup in it.
type Child = tuple[str, dict[str, str], str]


class NotXmlError(Exception):
    """A document that is no XML, is too much, or has a document type."""


@dataclass(slots=True)
class Element:
    """An element and its children. Names are as expat joins them: namespace, brace, name."""

    tag: str
    attributes: dict[str, str]
    children: list[Child] = field(default_factory=list)


class ElementReader:
    """Keeps of a document the elements of one tag with their children, one after the other.

    A tree of the whole could take a hundred times the document's size, and would have the garbage
    collector stop all threads for a tenth of a second; `ElementTree`'s elements take a quarter
    more time than plain tuples. `root` is the document's own, without its children.
    """

    def __init__(self, tag: str) -> None:
        """Take the tag of the elements to keep."""
        self.root = Element("", {})
        self._tag = tag
        self._values = 0
        # The element that is open, and which of its children is.
        self._element: Element | None = None
        self._child: str | None = None
        self._attributes: dict[str, str] = {}
        # Once there is markup in that child, how many are open from it on.
        self._open = 0
        self._text: list[str] = []
        self._finished: list[Element] = []
        # Without an `intern` that would remember every name that ever occurred.
        self._parser = expat.ParserCreate(None, "}", None)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append

    def read(self, data: bytes) -> Iterator[Element]:
        """Yield the elements as they end; raise `NotXmlError` at the end at the latest."""
        try:
            for start in range(0, len(data), _CHUNK):
                self._parser.Parse(data[start : start + _CHUNK])
                if start + _CHUNK - self._parser.CurrentByteIndex > _MAX_TOKEN:
                    raise NotXmlError
                yield from self._take()
            # What has come so far may have been put off until there is more.
            self._parser.Parse(b"", True)
            yield from self._take()
        except expat.ExpatError, ValueError, LookupError:
            raise NotXmlError from None

    def _take(self) -> list[Element]:
        if self._values > _MAX_VALUES:
            raise NotXmlError
        # Between two chunks there is no need of the text that nobody asked for either.
        if self._child is None:
            self._text.clear()
        taken, self._finished = self._finished, []
        return taken

    def _refuse(self, *_: object) -> Never:
        """Refuse a document type: it holds the entities, which make XML dangerous."""
        raise NotXmlError

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._values += 1 + len(attributes)
        if self._child is not None:
            # The text that counts stands before any markup.
            self._parser.CharacterDataHandler = None
            self._open = max(self._open, 1) + 1
        elif self._element is not None:
            self._child, self._attributes = tag, attributes
            self._text.clear()
        else:
            if not self.root.tag:
                self.root = Element(tag, attributes)
            if tag == self._tag:
                self._element = Element(tag, attributes)

    def _end(self, _tag: str) -> None:
        if self._open:
            self._open -= 1
            if self._open:
                return
            self._parser.CharacterDataHandler = self._text.append
        if self._element is None:
            return
        if self._child is not None:
            child = self._child, self._attributes, "".join(self._text)
            self._element.children.append(child)
            self._child = None
        else:
            self._finished.append(self._element)
            self._element = None
