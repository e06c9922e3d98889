"""Torznab from somebody who means ill: fields in order, and memory for no more than is kept."""

import tracemalloc
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, strategies as st
import pytest

from custom_components.auralarchive.engine import elements
from custom_components.auralarchive.engine.jackett import MAX_FEED_BYTES
from custom_components.auralarchive.engine.torznab import NotTorznabError, parse_feed
from scripts.fuzzing import seeds
from scripts.fuzzing.properties import INDEXER, feed

from .hostile import FIXED

_NAMESPACES = (
    'xmlns:torznab="http://torznab.com/schemas/2015/feed" '
    'xmlns:newznab="http://www.newznab.com/DTD/2010/feeds/attributes/"'
)
_KIB = 1024


def _feed(body: str) -> bytes:
    return f"<rss {_NAMESPACES}><channel>{body}</channel></rss>".encode()


def _titles(body: str) -> list[str]:
    return [release.title for release in parse_feed(_feed(body), INDEXER)]


_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30) | st.sampled_from(
    ["", "0", "-1", "9" * 20, "1e999", "nan", "magnet:?xt=urn:btih:" + "ab" * 20, "http://h/x",
     "Mon, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359", "ab" * 20, "\N{BEL}"[1:]]
)  # fmt: skip
_TAGS = st.sampled_from(
    "title guid link size files grabs pubDate category item rss error enclosure jackettindexer "
    "torznab:attr newznab:attr".split()
)
_NAMES = st.sampled_from("name value id url length code description configured".split())
_FIELDS = "category infohash magneturl seeders peers size downloadvolumefactor author booktitle"
_ATTRIBUTES = st.dictionaries(
    _NAMES, _TEXTS.map(quoteattr) | st.sampled_from(_FIELDS.split()).map(quoteattr), max_size=3
).map(lambda found: "".join(f" {name}={value}" for name, value in found.items()))
_ELEMENTS: st.SearchStrategy[str] = st.recursive(
    _TEXTS.map(escape),
    lambda inner: st.builds(
        "<{0}{1}>{2}</{0}>".format, _TAGS, _ATTRIBUTES, st.lists(inner, max_size=5).map("".join)
    ),
    max_leaves=25,
)


@FIXED
@given(st.lists(_ELEMENTS, max_size=4).map("".join))
def test_anything_anywhere(body: str) -> None:
    """Elements where they do not belong do no harm."""
    feed(_feed(body))
    feed(_feed(f"<item><title>x</title>{body}</item>"))


@pytest.mark.parametrize(
    ("body", "titles"),
    [
        ("<item><title>a<b>c</b>d</title></item>", ["a"]),
        ("<item><title><b>c</b>d</title></item>", []),
        ("<item><x><title>a</title></x></item>", []),
        ("<item><item><title>a</title></item><title>b</title></item>", ["b"]),
        ("<title>a</title>text<item>text<title>b</title>text</item>", ["b"]),
        ("<x><item><title>a</title></item></x>", ["a"]),
        ("<item><title>a</title><title>b</title></item>", ["a"]),
        ("<item><title><![CDATA[a]]> b<!-- c --> d</title></item>", ["a b d"]),
        (f"<item><title>{'a ' * 500}</title></item>" * 200, ["a " * 499 + "a"] * 200),
    ],
    ids=[
        "markup-in-title", "only-markup", "too-deep", "item-in-item", "text-around",
        "elsewhere", "two-titles", "in-pieces", "across-chunks",
    ],
)  # fmt: skip
def test_whose_text_it_is(body: str, titles: list[str]) -> None:
    """An item's own children count, up to the first markup in them."""
    assert _titles(body) == titles


def test_what_is_as_large_as_may_be_is_read() -> None:
    """No feed of Jackett's has so many elements that it would be refused before its size would."""
    feeds = [data for data in seeds.feeds() if b"</item>" in data]
    assert feeds
    for data in feeds:
        reader = elements.ElementReader("item")
        assert list(reader.read(data))
        assert reader._values / len(data) * MAX_FEED_BYTES < elements._MAX_VALUES


def _peak(data: bytes) -> int:
    """Return how many bytes reading takes at most beyond those of the data."""
    tracemalloc.start()
    try:
        for _ in elements.ElementReader("item").read(data):
            pass
        return tracemalloc.get_traced_memory()[1]
    except elements.NotXmlError:
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "unit",
    [
        "<a/>",
        "<a b=''/>",
        "<a><b><c/></b></a>",
        "<item/>",
        "<item><title>x</title></item>",
        "<item><a><b/><b/><b/><b/></a></item>",
        "text",
        "<!-- x -->",
        "\n",
    ],
)
def test_what_nobody_asked_for_is_forgotten(unit: str) -> None:
    """Twice as much of it takes no more memory."""
    once, twice = (_peak(_feed(unit * (size * _KIB // len(unit)))) for size in (256, 512))
    assert twice < once + 64 * _KIB
    assert twice < 3072 * _KIB


@pytest.mark.parametrize(
    ("before", "unit", "after"),
    [
        ("", "<a>", ""),
        ("", "<a{}/>", ""),
        ("<item>", "<a/>", "</item>"),
        ("<a", " b{}=''", "/>"),
    ],
    ids=["deep", "names", "children", "attributes"],
)
def test_what_has_to_be_remembered_is_bounded(
    before: str, unit: str, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is open, and names, of which the parser keeps a list."""
    monkeypatch.setattr(elements, "_MAX_VALUES", 1000)
    body = before + "".join(unit.format(number) for number in range(990)) + after
    if "</" in body or "/>" in body:
        assert _titles(f"{body}<item><title>x</title></item>")[-1] == "x"
    body = before + "".join(unit.format(number) for number in range(1001)) + after
    with pytest.raises(NotTorznabError):
        parse_feed(_feed(body), INDEXER)


@pytest.mark.parametrize(
    ("before", "unit", "after"),
    [("<!--", "x", "-->"), ("<a b='", "x", "'/>"), ("<a", " b=''", "/>"), ("<?x ", "x", "?>")],
    ids=["comment", "value", "attributes", "instruction"],
)
def test_what_the_parser_must_have_in_one_piece_is_bounded(
    before: str, unit: str, after: str
) -> None:
    """It is not waited for until its end."""
    data = _feed(before + unit * (4096 * _KIB // len(unit)) + after)
    with pytest.raises(NotTorznabError):
        parse_feed(data, INDEXER)
    assert _peak(data) < 8192 * _KIB
