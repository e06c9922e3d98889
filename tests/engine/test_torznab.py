"""Torznab XML to releases and indexers."""

from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from hypothesis import given, strategies as st
import pytest

from custom_components.auralarchive.engine.torznab import (
    Indexer,
    NotTorznabError,
    Release,
    TorznabError,
    parse_feed,
    parse_indexers,
)

LAB = Indexer(id="lab", name="Lab")
V1 = "ab" * 20
V2 = "cd" * 32
BASE32 = "VOV2XK5LVOV2XK5LVOV2XK5LVOV2XK5L"
MAGNET = f"magnet:?xt=urn:btih:{V1}"
LINK = "http://jackett:9117/dl/lab/?jackett_apikey=k&amp;path=Q2ZESjh&amp;file=x"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_NAMESPACE = 'xmlns:torznab="http://torznab.com/schemas/2015/feed"'


def _feed(*items: str, namespace: str = _NAMESPACE) -> bytes:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'{_HEAD}<rss version="2.0" {namespace}><channel>{body}</channel></rss>'.encode()


def _attr(name: str, value: str) -> str:
    return f"<torznab:attr name={quoteattr(name)} value={quoteattr(value)}/>"


def _read(body: str) -> Release:
    return parse_feed(_feed(f"<title>The Hollow Tide</title>{body}"), LAB)[0]


def _error(description: str, code: str = "900") -> bytes:
    value = quoteattr(description, {"\n": "&#xA;"})
    return f"{_HEAD}<error code={quoteattr(code)} description={value} />".encode()


def test_an_item_as_jackett_writes_it() -> None:
    """Everything that is of use is read."""
    data = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" {_NAMESPACE}>
  <channel>
    <atom:link href="http://jackett:9117/" rel="self" type="application/rss+xml" />
    <title>AggregateSearch</title>
    <link>http://127.0.0.1/</link>
    <category>search</category>
    <item>
      <title>The Hollow Tide
        by A. Writer [ENG / M4B]</title>
      <guid>https://tracker.example/t/4711</guid>
      <jackettindexer id="exampletracker">Example Tracker</jackettindexer>
      <type>private</type>
      <comments>https://tracker.example/t/4711</comments>
      <pubDate>Sat, 14 Mar 2026 17:10:42 +0100</pubDate>
      <size>412316860</size>
      <files>12</files>
      <grabs>88</grabs>
      <description>A &lt;b&gt;tale&lt;/b&gt;</description>
      <link>{LINK}</link>
      <category>3030</category>
      <category>100041</category>
      <enclosure url="{LINK}" length="412316860" type="application/x-bittorrent" />
      <torznab:attr name="category" value="3030" />
      <torznab:attr name="category" value="100041" />
      <torznab:attr name="author" value="A. Writer" />
      <torznab:attr name="booktitle" value="The Hollow Tide" />
      <torznab:attr name="seeders" value="31" />
      <torznab:attr name="peers" value="33" />
      <torznab:attr name="infohash" value="{V1.upper()}" />
      <torznab:attr name="magneturl" value="{MAGNET}&amp;dn=x" />
      <torznab:attr name="downloadvolumefactor" value="0" />
    </item>
  </channel>
</rss>"""
    assert parse_feed(data.encode(), LAB) == [
        Release(
            title="The Hollow Tide by A. Writer [ENG / M4B]",
            indexer_id="exampletracker",
            indexer="Example Tracker",
            guid="https://tracker.example/t/4711",
            link=LINK.replace("&amp;", "&"),
            magnet=f"{MAGNET}&dn=x",
            infohash=V1,
            categories=(3030, 100041),
            size=412316860,
            files=12,
            grabs=88,
            seeders=31,
            leechers=2,
            published=datetime(2026, 3, 14, 16, 10, 42, tzinfo=UTC),
            freeleech=True,
            author="A. Writer",
            book="The Hollow Tide",
        )
    ]


def test_what_is_missing_is_unknown() -> None:
    """A title is all that an item needs."""
    assert _read("") == Release(title="The Hollow Tide", indexer_id="lab", indexer="Lab", guid="")


@pytest.mark.parametrize("body", ["", "<title/>", "<title>  \n </title>"])
def test_an_item_without_a_title_is_left_out(body: str) -> None:
    """There would be nothing to show."""
    assert [one.title for one in parse_feed(_feed(body, "<title>x</title>"), LAB)] == ["x"]


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ("<size>5</size>", "size", 5),
        ("<size>0</size>", "size", None),
        ("<size>-5</size>", "size", None),
        ("<size>5.0</size>", "size", None),
        ("<size>\u0665</size>", "size", None),
        (f"<size>{10**15}</size>", "size", 10**15),
        (f"<size>{10**16 - 1}</size>", "size", 2**53),
        ("<size>" + "9" * 5000 + "</size>", "size", None),
        ("<size>0</size><enclosure length='7'/>", "size", 7),
        ("<enclosure length='7'/>", "size", 7),
        (_attr("size", "6"), "size", 6),
        (_attr("seeders", "0"), "seeders", 0),
        (_attr("seeders", "many"), "seeders", None),
        (_attr("seeders", "3") + _attr("peers", "5"), "leechers", 2),
        (_attr("seeders", "5") + _attr("peers", "3"), "leechers", 0),
        (_attr("peers", "3"), "leechers", 3),
        (_attr("seeders", "3"), "leechers", None),
        ("<grabs>x</grabs>", "grabs", None),
        ("<files>0</files>", "files", 0),
        ("<category>3030</category>", "categories", (3030,)),
        (_attr("category", "3030") + "<category>100041</category>", "categories", (3030, 100041)),
        ("<category>Audio</category><category/>", "categories", ()),
        (_attr("downloadvolumefactor", "0"), "freeleech", True),
        (_attr("downloadvolumefactor", "0.0"), "freeleech", True),
        (_attr("downloadvolumefactor", "0.5"), "freeleech", False),
        (_attr("downloadvolumefactor", "free"), "freeleech", False),
        (_attr("DownloadVolumeFactor", "0"), "freeleech", True),
        (_attr("infohash", V1.upper()), "infohash", V1),
        (_attr("infohash", BASE32), "infohash", V1),
        (_attr("infohash", V2), "infohash", V2),
        (_attr("infohash", "nonsense"), "infohash", None),
        (_attr("infohash", "nonsense") + _attr("magneturl", MAGNET), "infohash", V1),
        (f"<guid>{MAGNET}</guid>", "infohash", V1),
        ("<guid>magnet:?xt=urn:btih:short</guid>", "infohash", None),
        ("<pubDate>Sat, 14 Mar 2026 17:10:42 GMT</pubDate>", "published",
         datetime(2026, 3, 14, 17, 10, 42, tzinfo=UTC)),
        ("<pubDate>14 Mar 2026 17:10:42</pubDate>", "published",
         datetime(2026, 3, 14, 17, 10, 42, tzinfo=UTC)),
        ("<pubDate>yesterday</pubDate>", "published", None),
        ("<pubDate>Sat, 99 Mar 2026 17:10:42 GMT</pubDate>", "published", None),
        ("<pubDate>Fri, 31 Dec 9999 23:59:59 -0100</pubDate>", "published", None),
        ("<pubDate>Sat, 14 Mar 99999999999 17:10:42 GMT</pubDate>", "published", None),
        ("<jackettindexer id='a'>A</jackettindexer>", "indexer_id", "a"),
        ("<jackettindexer id='a'/>", "indexer", "Lab"),
        ("<jackettindexer>A</jackettindexer>", "indexer_id", "lab"),
        ("<title>" + "x" * 9000 + "</title>", "title", "The Hollow Tide"),
        ("<guid>" + "x" * 9000 + "</guid>", "guid", "x" * 9000),
    ],
)  # fmt: skip
def test_fields(body: str, field: str, expected: Any) -> None:
    """Each is read as it is meant, or is unknown."""
    assert getattr(_read(body), field) == expected


_HTTP = "http://jackett:9117/dl/x/?path=y"
_LONG = MAGNET + "&tr=http%3A%2F%2Ft" * 500


@pytest.mark.parametrize(
    ("body", "link", "magnet"),
    [
        (f"<link>{_HTTP}</link>", _HTTP, None),
        ("<link> HTTPS://x/ </link>", "HTTPS://x/", None),
        (f"<link>{_HTTP}</link>" + _attr("magneturl", MAGNET), _HTTP, MAGNET),
        (f"<link>{MAGNET}</link>", None, MAGNET),
        (f"<link>MAGNET{MAGNET[6:]}</link>", None, f"MAGNET{MAGNET[6:]}"),
        (f"<link>{MAGNET}</link><guid>{MAGNET}&amp;dn=guid</guid>", None, MAGNET),
        (f"<link>{MAGNET}</link>" + _attr("magneturl", f"{MAGNET}&dn=a"), None, f"{MAGNET}&dn=a"),
        (f"<link>{_HTTP}</link><guid>{MAGNET}</guid>", _HTTP, MAGNET),
        (f"<link>{_HTTP}</link>" + _attr("magneturl", "http://x"), _HTTP, None),
        (f"<enclosure url='{_HTTP}'/>", _HTTP, None),
        (f"<enclosure url='{MAGNET}'/>", None, MAGNET),
        (f"<link/><enclosure url='{_HTTP}'/>", _HTTP, None),
        ("<link/><enclosure/>", None, None),
        ("<link>ftp://x</link>", None, None),
        (f"<guid>{_HTTP}</guid>", None, None),
        (f"<guid>{_LONG.replace('&', '&amp;')}</guid>", None, _LONG),
    ],
    ids=[
        "link", "upper-link", "both", "magnet-as-link", "upper-magnet", "magnet-twice",
        "magnet-of-attribute", "magnet-as-guid", "no-magnet", "enclosure", "enclosure-magnet",
        "empty-link", "empty", "other-scheme", "guid-is-no-link", "long-magnet",
    ],
)  # fmt: skip
def test_addresses(body: str, link: str | None, magnet: str | None) -> None:
    """A link and a magnet, wherever they stand."""
    release = _read(body)
    assert (release.link, release.magnet) == (link, magnet)


def test_newznab_attributes_are_understood() -> None:
    """Other servers than Jackett write them so."""
    namespace = 'xmlns:newznab="http://www.newznab.com/DTD/2010/feeds/attributes/"'
    item = "<title>x</title><newznab:attr name='seeders' value='4'/>"
    assert parse_feed(_feed(item, namespace=namespace), LAB)[0].seeders == 4


def test_a_release_keeps_its_links_to_itself() -> None:
    """They hold keys, and a release may get into a log."""
    assert "jackett" not in repr(_read(f"<link>{LINK}</link><guid>jackett</guid>"))


@pytest.mark.parametrize(
    ("data", "code", "description"),
    [
        (_error("Invalid API Key", "100"), 100, "Invalid API Key"),
        (_error("lab does not support the query", "201"), 201, "lab does not support the query"),
        (
            _error(
                "Jackett.Common.IndexerException: Exception (lab): Challenge detected\n"
                " ---> System.Exception: Challenge detected\n   at Jackett.Common"
            ),
            900,
            "Challenge detected",
        ),
        (_error("System.Net.Http.HttpRequestException: Name or service not known"), 900,
         "Name or service not known"),
        (_error("x" * 1000), 900, "x" * 300),
        (_error(""), 900, ""),
        (_error("odd", "odd"), 0, "odd"),
        (b"<error/>", 0, ""),
    ],
    ids=["key", "function", "indexer", "exception", "long", "silent", "odd-code", "bare"],
)  # fmt: skip
def test_errors(data: bytes, code: int, description: str) -> None:
    """An error is one in any answer, and its cause is one line."""
    for parse in (parse_indexers, lambda body: parse_feed(body, LAB)):
        with pytest.raises(TorznabError) as caught:
            parse(data)
        assert (caught.value.code, caught.value.description) == (code, description)


_BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<rss><channel><item><title>&b;</title></item></channel></rss>"
)
_FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><channel>&a;</channel></rss>'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"nonsense",
        b"\x00\x01\x02",
        b'{"Results":[]}',
        b"<html><body>Please log in</body></html>",
        b"<!DOCTYPE html><html><body>Please log in</body></html>",
        b"<!doctype html>",
        b"<rss>",
        b"<rss/><rss/>",
        b"<caps><server/></caps>",
        _BOMB.encode(),
        f"{_HEAD}{_BOMB}".encode(),
        _BOMB.encode("utf-16"),
        f'<?xml version="1.0" encoding="UTF-16"?>{_BOMB}'.encode("utf-16"),
        b" " * 200_000 + _BOMB.encode(),
        b"<!--" + b"x" * 200_000 + b"-->" + _BOMB.encode(),
        _FILE.encode(),
        b'<?xml version="1.0" encoding="nonsense"?><rss/>',
        b'<?xml version="1.0" encoding="shift_jis"?><rss/>',
        "<rss><channel>ü</channel></rss>".encode("latin-1"),
        b"<rss><channel><item><title>&undefined;</title></item></channel></rss>",
        b"<rss>" + b"<a>" * 100_000,
    ],
    ids=[
        "empty", "blank", "text", "binary", "json", "html", "html5", "only-doctype", "unclosed",
        "two-roots", "caps", "bomb", "bomb-declared", "bomb-utf-16", "bomb-utf-16-declared",
        "bomb-after-blanks", "bomb-after-comment", "file-entity", "unknown-encoding",
        "multi-byte-encoding", "wrong-encoding", "undefined-entity", "deep",
    ],
)  # fmt: skip
def test_what_is_no_torznab(data: bytes) -> None:
    """It is refused as a whole, and no entity is ever resolved."""
    for parse in (parse_indexers, lambda body: parse_feed(body, LAB)):
        with pytest.raises(NotTorznabError):
            parse(data)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("latin-1", "ISO-8859-1")],
)
def test_encodings(encoding: str, declared: str) -> None:
    """Text arrives whole, in whatever encoding a server declares."""
    text = f'<?xml version="1.0" encoding="{declared}"?><rss><channel><item><title>Bücher</title>'
    data = f"{text}</item></channel></rss>".encode(encoding)
    assert [release.title for release in parse_feed(data, LAB)] == ["Bücher"]


def test_deep_nesting_is_harmless() -> None:
    """Nothing recurses."""
    nested = "<a>" * 100_000 + "</a>" * 100_000
    assert len(parse_feed(_feed(f"<title>x</title>{nested}"), LAB)) == 1


def test_nothing_found() -> None:
    """A channel without items is an answer."""
    assert parse_feed(_feed(), LAB) == []
    assert parse_feed(b"<rss/>", LAB) == []


def test_indexers() -> None:
    """All that are configured, with what is known of them."""
    data = (
        '<indexers><indexer id="a" configured="true"><title>A tracker</title>'
        "<language>en-US</language><type>private</type><caps/></indexer>"
        '<indexer id="b" configured="false"><title>B</title></indexer>'
        '<indexer id="c"/><indexer configured="true"><title>D</title></indexer></indexers>'
    )
    assert parse_indexers(data.encode()) == [
        Indexer(id="a", name="A tracker", type="private", language="en-US"),
        Indexer(id="c", name="c"),
    ]


def _outcome(data: bytes) -> object:
    try:
        return parse_feed(data, LAB)
    except (NotTorznabError, TorznabError) as err:
        return err


_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=40).map(
    lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
)
_TAGS = ["title", "size", "pubDate", "link", "guid", "category", "jackettindexer", "enclosure"]
_ITEMS = st.lists(
    st.builds("<{0}>{1}</{0}>".format, st.sampled_from(_TAGS), _TEXT)
    | st.builds(_attr, st.sampled_from(["seeders", "peers", "infohash", "magneturl"]), st.text()),
    max_size=8,
).map("".join)


@given(st.binary() | st.binary().map(b"<rss><channel>".__add__) | _ITEMS.map(_feed))
def test_any_bytes_are_torznab_or_refused(data: bytes) -> None:
    """Nothing else can happen."""
    assert isinstance(_outcome(data), list | NotTorznabError | TorznabError)


@given(_TEXT)
def test_any_date_is_one_or_unknown(text: str) -> None:
    """Trackers invent dates of all kinds."""
    assert isinstance(_read(f"<pubDate>{text}</pubDate>").published, datetime | None)
