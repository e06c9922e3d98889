"""Identity of torrents: magnets, files, and what is neither."""

from base64 import b32encode
from hashlib import sha1, sha256
import time
from urllib.parse import quote

from hypothesis import example, given, strategies as st
import pytest

from custom_components.auralarchive.engine.errors import InvalidMagnetError, InvalidTorrentFileError
from custom_components.auralarchive.engine.torrent import (
    MAX_TORRENT_BYTES,
    Infohashes,
    Magnet,
    TorrentFile,
    normalise_infohash,
    parse_magnet,
    read_torrent,
)
from scripts.lab.torrents import (
    Bencodable,
    MadeTorrent,
    MagnetKind,
    TorrentKind,
    bencode,
    make_torrent,
)

V1 = "ab" * 20
OTHER_V1 = "0123456789abcdef0123456789abcdef01234567"
V2 = "cd" * 32
BASE32 = b32encode(bytes.fromhex(V1)).decode()
CONTENT = {"one.mp3": b"a" * 40_000, "two.mp3": b"b" * 20_000}


def _made(kind: TorrentKind, *, sort_keys: bool = True) -> MadeTorrent:
    return make_torrent(CONTENT, name="Bücher", kind=kind, sort_keys=sort_keys)


def _info(*, head: bytes = b"", tail: bytes = b"") -> bytes:
    return b"d" + head + b"6:lengthi1e4:name1:a6:pieces0:" + tail + b"e"


def _v1_of(info: bytes) -> str:
    return sha1(info, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("sort_keys", [True, False], ids=["sorted", "unsorted"])
@pytest.mark.parametrize("kind", TorrentKind)
def test_files(kind: TorrentKind, sort_keys: bool) -> None:
    """Hashes are of the bytes as they stand, whatever order their keys have."""
    made = _made(kind, sort_keys=sort_keys)
    torrent = read_torrent(made.data)
    assert torrent.infohashes == Infohashes(v1=made.infohash_v1, v2=made.infohash_v2)
    assert made.infohash in torrent.infohashes.ids
    assert (torrent.name, torrent.data) == ("Bücher", made.data)


@pytest.mark.parametrize(
    ("data", "info"),
    [
        (b"d4:info" + _info() + b"e", _info()),
        (b"d4:info" + _info() + b"8:url-listl1:aee", _info()),
        # Trailing bytes are no part of it.
        (b"d4:info" + _info() + b"e\r\n", _info()),
        # An `info` inside something else is not the one.
        (b"d7:comment8:4:infode1:xd4:info" + _info() + b"e4:info" + _info() + b"e", _info()),
        (b"d1:xd4:infod6:pieces0:ee4:info" + _info() + b"e", _info()),
        (b"d1:xld4:infod6:pieces0:eee4:info" + _info() + b"e", _info()),
        (
            b"d4:info" + _info(head=b"4:infod6:pieces1:xe") + b"e",
            _info(head=b"4:infod6:pieces1:xe"),
        ),
        # Of two the first one counts.
        (b"d4:info" + _info() + b"4:info" + _info(tail=b"1:xi1e") + b"e", _info()),
        # Keys out of order.
        (b"d4:info" + _info(tail=b"1:ai1e") + b"1:a0:e", _info(tail=b"1:ai1e")),
        # Keys that are no text, and one that stands twice.
        (b"d4:info" + _info(tail=b"2:\xff\x00i-1e4:name1:b") + b"e",
         _info(tail=b"2:\xff\x00i-1e4:name1:b")),
    ],
    ids=[
        "only-info", "info-first", "trailing", "string-looks-like-info", "nested-before",
        "nested-in-list", "info-in-info", "twice", "unsorted", "odd-keys",
    ],
)  # fmt: skip
def test_the_right_info_is_hashed(data: bytes, info: bytes) -> None:
    """Only the top level's `info` counts, byte for byte."""
    torrent = read_torrent(data)
    assert torrent.infohashes == Infohashes(v1=_v1_of(info))
    assert torrent.name == "a"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"10:name.utf-84:B\xc3\xbcx", "Büx"),
        (b"10:name.utf-82:\xff\xfe", "\ufffd\ufffd"),
        (b"10:name.utf-80:", None),
        (b"10:name.utf-8i5e", None),
        (b"10:name.utf-8l1:xe", None),
    ],
    ids=["utf-8", "broken", "empty", "number", "list"],
)
def test_names(head: bytes, name: str | None) -> None:
    """A name is text, or it is none."""
    assert read_torrent(b"d4:info" + _info(head=head) + b"e").name == name


@pytest.mark.parametrize(
    ("meta_version", "tree", "has_v2"),
    [(b"i2e", b"de", True), (b"i3e", b"de", False), (b"1:2", b"de", False), (b"i2e", None, False)],
    ids=["v2", "v3", "text", "no-tree"],
)
def test_what_makes_a_hybrid(meta_version: bytes, tree: bytes | None, has_v2: bool) -> None:
    """A v2 hash needs the version 2 and a file tree."""
    head = b"" if tree is None else b"9:file tree" + tree
    info = _info(head=head + b"12:meta version" + meta_version)
    v2 = {True: sha256(info).hexdigest(), False: None}[has_v2]
    assert read_torrent(b"d4:info" + info + b"e").infohashes == Infohashes(v1=_v1_of(info), v2=v2)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_bencoded"),
        (b"<html>", "not_bencoded"),
        (b"le", "not_bencoded"),
        (b"d", "truncated"),
        (b"de", "no_info"),
        (b"d4:infodee", "no_info"),
        (b"d4:info4:teste", "no_info"),
        (b"d4:info0:4:info" + _info() + b"e", "no_info"),
        (b"d4:infod6:pieces0:e", "truncated"),
        (b"d4:infod6:piecesee", "malformed"),
        (b"di1e1:ae", "malformed"),
        (b"d1:aie1:be", "malformed"),
        (b"d1:ai-e1:be", "malformed"),
        (b"d1:ai1", "malformed"),
        (b"d1:a5:be", "truncated"),
        (b"d1:a-1:be", "malformed"),
        (b"d1:a99999999999999999:be", "truncated"),
        (b"d1:a" + b"9" * 5000 + b":be", "malformed"),
        (b"d1:ai" + b"9" * 5000 + b"ee", "malformed"),
        (b"d1:a" + b"l" * 100_000 + b"e" * 100_000 + b"e", "too_deep"),
        (b"d1:a" * 100_000, "too_deep"),
        (b"d1:al" + b"0:" * 2_000_100 + b"ee", "too_many_values"),
        (b"d" + b"0:" * (MAX_TORRENT_BYTES // 2), "too_large"),
    ],
    ids=[
        "empty", "html", "list", "one-byte", "empty-dictionary", "empty-info", "info-is-text",
        "first-info-is-text", "unclosed", "key-without-value", "key-is-number", "no-digits",
        "only-sign", "endless-number", "string-too-long", "negative-length", "huge-length",
        "endless-length", "huge-number", "deep-lists", "deep-dictionaries", "many-values",
        "too-large",
    ],
)  # fmt: skip
def test_hostile_files(data: bytes, reason: str) -> None:
    """Whatever it is, there is a name for what is wrong with it."""
    with pytest.raises(InvalidTorrentFileError) as caught:
        read_torrent(data)
    assert caught.value.reason == reason


def test_every_truncation_is_noticed() -> None:
    """No part of a torrent file is a torrent file."""
    data = make_torrent({"a.mp3": b"x"}, kind=TorrentKind.HYBRID).data
    for end in range(len(data)):
        with pytest.raises(InvalidTorrentFileError):
            read_torrent(data[:end])


def test_a_hostile_file_of_full_size_takes_no_minute() -> None:
    """The walk is bounded, not only in depth."""
    data = b"d1:al" + b"le" * ((MAX_TORRENT_BYTES - 10) // 2) + b"ee"
    started = time.process_time()
    with pytest.raises(InvalidTorrentFileError):
        read_torrent(data)
    assert time.process_time() - started < 20


_BENCODABLE: st.SearchStrategy[Bencodable] = st.recursive(
    st.integers(min_value=-(2**63), max_value=2**63) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=4), inner),
    max_leaves=20,
)


@given(st.binary() | st.binary().map(lambda data: b"d4:info" + data + b"e"))
@example(b"d4:infod6:pieces0:ee")
def test_any_bytes_are_a_torrent_or_refused(data: bytes) -> None:
    """Nothing else can happen."""
    try:
        found: object = read_torrent(data)
    except InvalidTorrentFileError as err:
        found = err
    assert isinstance(found, TorrentFile | InvalidTorrentFileError)


@given(outer=st.dictionaries(st.binary(max_size=6), _BENCODABLE), info=_BENCODABLE)
def test_any_extra_values_leave_the_hash_alone(
    outer: dict[bytes, Bencodable], info: Bencodable
) -> None:
    """What stands around and inside `info` is only what it is."""
    values: dict[str, Bencodable] = {"pieces": b"", "extra": info}
    raw = bencode(values)
    whole: dict[bytes, Bencodable] = {**outer, b"info": b"\0here\0"}
    body = bencode(whole)
    torrent = read_torrent(body.replace(b"6:\0here\0", raw))
    assert torrent.infohashes.v1 == _v1_of(raw)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (V1, V1),
        (V1.upper(), V1),
        (f" {V1}\n", V1),
        (V2, V2),
        (V2.upper(), V2),
        (BASE32, V1),
        (BASE32.lower(), V1),
        (f"1220{V2}", V2),
        (f"1220{V2.upper()}", V2),
        (f"1120{V2}", None),
        (V1[:-1], None),
        (V1 + "0", None),
        ("g" * 40, None),
        ("1" * 32, None),
        ("٣" * 40, None),
        ("", None),
        (None, None),
    ],
)
def test_infohash_spellings(text: str | None, expected: str | None) -> None:
    """Hex of both lengths, base32 and multihashes become lower-case hex."""
    assert normalise_infohash(text) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"xt=urn:btih:{V1}", Infohashes(v1=V1)),
        (f"xt=urn:btih:{V1.upper()}", Infohashes(v1=V1)),
        (f"xt=URN:BTIH:{V1}", Infohashes(v1=V1)),
        (f"XT=urn:btih:{V1}", Infohashes(v1=V1)),
        (f"xt={quote('urn:btih:', safe='')}{V1}", Infohashes(v1=V1)),
        (f"xt=urn:btih:{BASE32}", Infohashes(v1=V1)),
        (f"xt=urn:btih:{BASE32.lower()}", Infohashes(v1=V1)),
        (f"xt=urn:btmh:1220{V2}", Infohashes(v2=V2)),
        (f"xt=urn:btmh:1220{V2.upper()}", Infohashes(v2=V2)),
        (f"xt=urn:btih:{V1}&xt=urn:btmh:1220{V2}", Infohashes(v1=V1, v2=V2)),
        (f"xt.1=urn:btih:{V1}&xt.2=urn:btmh:1220{V2}", Infohashes(v1=V1, v2=V2)),
        (
            f"xt.1=urn:btih:{V1}&xt.2=urn:btih:{OTHER_V1}",
            Infohashes(v1=V1, others=frozenset({OTHER_V1})),
        ),
        (f"xt=urn:sha1:{BASE32}&xt=urn:btih:{V1}", Infohashes(v1=V1)),
        (f"dn=x&tr=udp://t.invalid:1&xt=urn:btih:{V1}", Infohashes(v1=V1)),
        (f"xt=urn:btih:{V1}&amp;dn=x", Infohashes(v1=V1)),
    ],
    ids=[
        "v1", "upper", "upper-prefix", "upper-key", "encoded", "base32", "base32-lower", "v2",
        "v2-upper", "hybrid", "numbered", "two-of-a-kind", "other-network", "not-first", "escaped",
    ],
)  # fmt: skip
def test_magnets(query: str, expected: Infohashes) -> None:
    """Every way to write a topic is understood."""
    assert parse_magnet(f"magnet:?{query}").infohashes == expected


@pytest.mark.parametrize("upper", [False, True], ids=["lower", "upper"])
@pytest.mark.parametrize("kind", MagnetKind)
def test_magnets_and_files_agree(kind: MagnetKind, upper: bool) -> None:
    """The magnet of a torrent has the ids of its file."""
    made = _made(TorrentKind.HYBRID)
    magnet = parse_magnet(made.magnet(kind=kind, upper=upper))
    assert magnet.infohashes.ids
    assert magnet.infohashes.ids <= read_torrent(made.data).infohashes.ids
    assert magnet.name == made.name


def test_ids_are_what_servers_list() -> None:
    """The v2 hash is cut to 40 digits, and shown is the v1 hash first."""
    both = Infohashes(v1=V1, v2=V2, others=frozenset({"ef" * 32}))
    assert both.ids == {V1, V2[:40], "ef" * 20}
    assert [both.shown, Infohashes(v2=V2).shown, Infohashes().shown] == [V1, V2, None]


@pytest.mark.parametrize(
    ("query", "name", "has_trackers"),
    [
        ("", None, False),
        ("&dn=", None, False),
        ("&dn=A+B%20C", "A B C", False),
        ("&dn=A&dn=B&tr.1=udp%3A%2F%2Ft.invalid%3A80", "A", True),
        ("&tr=", None, False),
    ],
    ids=["bare", "empty-name", "plus", "numbered-tracker", "empty-tracker"],
)
def test_what_else_a_magnet_says(query: str, name: str | None, has_trackers: bool) -> None:
    """Its name, and whether it knows anybody to ask."""
    magnet = parse_magnet(f"magnet:?xt=urn:btih:{V1}{query}")
    assert (magnet.name, magnet.has_trackers) == (name, has_trackers)


def test_the_scheme_is_handed_over_in_lower_case() -> None:
    """The rest stays as it is."""
    magnet = parse_magnet(f"  MAGNET:?xt=urn:btih:{V1.upper()}&dn=A+B ")
    assert magnet.uri == f"magnet:?xt=urn:btih:{V1.upper()}&dn=A+B"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not_magnet"),
        ("http://host/?xt=urn:btih:" + V1, "not_magnet"),
        ("magnet:", "no_infohash"),
        ("magnet:?dn=x", "no_infohash"),
        (f"magnet:xt=urn:btih:{V1}", "no_infohash"),
        (f"magnet:?xt=urn:sha1:{BASE32}", "no_infohash"),
        ("magnet:?xt=urn:btih:", "bad_infohash"),
        (f"magnet:?xt=urn:btih:{V1[:-1]}", "bad_infohash"),
        (f"magnet:?xt=urn:btih:{V2}", "bad_infohash"),
        (f"magnet:?xt=urn:btmh:{V2}", "bad_infohash"),
        (f"magnet:?xt=urn:btmh:1220{V1}", "bad_infohash"),
        (f"magnet:?xt=urn:btih:{V1}\nhttp://evil.invalid/", "malformed"),
        (f"magnet:?xt=urn:btih:{V1}&dn=\ud800", "malformed"),
        (f"magnet:?xt=urn:btih:{V1}" + "&a=b" * 1000, "malformed"),
        (f"magnet:?xt=urn:btih:{V1}&dn=" + "x" * 70_000, "malformed"),
    ],
    ids=[
        "empty", "http", "only-scheme", "no-topic", "no-question-mark", "other-network",
        "empty-hash", "short", "v2-as-v1", "no-multihash", "short-multihash", "two-lines",
        "surrogate", "many-parameters", "too-long",
    ],
)  # fmt: skip
def test_bad_magnets(text: str, reason: str) -> None:
    """Each is refused for its reason."""
    with pytest.raises(InvalidMagnetError) as caught:
        parse_magnet(text)
    assert caught.value.reason == reason


@given(
    st.text() | st.text().map("magnet:?".__add__) | st.text().map("magnet:?xt=urn:btih:".__add__)
)
def test_any_text_is_a_magnet_or_refused(text: str) -> None:
    """Nothing else can happen."""
    try:
        found: object = parse_magnet(text)
    except InvalidMagnetError as err:
        found = err
    assert isinstance(found, Magnet | InvalidMagnetError)
