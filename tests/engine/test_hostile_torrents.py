"""Torrent files and magnets from somebody who means ill, and a second opinion on each."""

from contextlib import suppress
from hashlib import sha1, sha256

from hypothesis import example, given, strategies as st
import pytest

from custom_components.auralarchive.engine import torrent as torrent_module
from custom_components.auralarchive.engine.errors import InvalidMagnetError, InvalidTorrentFileError
from custom_components.auralarchive.engine.torrent import Infohashes, parse_magnet, read_torrent
from scripts.fuzzing import reference
from scripts.fuzzing.properties import magnet, torrent
from scripts.fuzzing.targets import TARGETS
from scripts.lab.torrents import TorrentKind, bencode, make_torrent

from .hostile import FEW, FIXED, bent

V1 = "ab" * 20


def _string(value: bytes) -> bytes:
    return b"%d:%b" % (len(value), value)


_KEYS = st.binary(max_size=6) | st.sampled_from(
    [b"info", b"pieces", b"name", b"name.utf-8", b"meta version", b"file tree", b"length", b""]
)


def _inside(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return pairs as they stand in a dictionary: in any order, and keys more than once."""
    pairs = st.builds(bytes.__add__, _KEYS.map(_string), inner)
    return st.lists(pairs, max_size=5).map(b"".join)


_VALUES: st.SearchStrategy[bytes] = st.recursive(
    st.integers(-(10**18), 10**18).map(bencode)
    | (st.binary(max_size=12) | st.sampled_from([b"", b"4:info"])).map(_string)
    | st.just(b"i2e"),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda values: b"l%be" % b"".join(values))
        | _inside(inner).map(lambda pairs: b"d%be" % pairs)
    ),
    max_leaves=6,
)
_PAIRS = _inside(_VALUES)


@FIXED
@given(_PAIRS, _PAIRS, _PAIRS, _PAIRS)
@example(b"", b"4:name1:a", b"4:name1:b", b"4:infode")
def test_valid_files(before: bytes, head: bytes, tail: bytes, after: bytes) -> None:
    """Whatever keys there are in whatever order, the walk and the other reading agree."""
    info = b"d%b6:pieces0:%be" % (head, tail)
    data = b"d%b4:info%b%be" % (before, info, after)
    torrent(data)
    # Of several the first one counts.
    if b"4:info" not in before:
        expected = sha1(info, usedforsecurity=False).hexdigest()
        assert read_torrent(data).infohashes.v1 == expected


@FEW
@given(
    sizes=st.lists(st.integers(0, 70_000), min_size=1, max_size=3),
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    kind=st.sampled_from(TorrentKind),
)
def test_real_files(sizes: list[int], name: str, kind: TorrentKind) -> None:
    """Of all kinds, with real pieces and trees."""
    content = {f"{number}.mp3": bytes(size) for number, size in enumerate(sizes)}
    made = make_torrent(content, name=name, kind=kind)
    torrent(made.data)
    found = read_torrent(made.data)
    assert found.infohashes == Infohashes(v1=made.infohash_v1, v2=made.infohash_v2)
    assert found.name == name


@FIXED
@given(_VALUES)
def test_any_value(value: bytes) -> None:
    """What is bencoded is not a torrent for that."""
    torrent(value)
    torrent(b"d4:info%be" % value)


def test_the_second_opinion_is_one() -> None:
    """It finds the right hashes by itself."""
    info = b"d9:file treede12:meta versioni2e4:name1:A6:pieces0:e"
    found = reference.read(b"d4:info" + info + b"e")
    v1, v2 = sha1(info, usedforsecurity=False).hexdigest(), sha256(info).hexdigest()
    assert found == reference.Reading(v1=v1, v2=v2, name="A")


@pytest.mark.parametrize(
    "unit", [b"le", b"de", b"0:", b"i0e", b"1:x", b"l", b"d0:", b"l0:e", b"00000:", b"9" * 30]
)
def test_each_byte_is_looked_at_once(unit: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk takes no more steps than there are bytes."""
    steps = 0
    path = torrent_module._Walk._path

    def counted(walk: torrent_module._Walk) -> tuple[bytes, ...] | None:
        nonlocal steps
        steps += 1
        return path(walk)

    monkeypatch.setattr(torrent_module._Walk, "_path", counted)
    data = b"d4:infod6:pieces0:1:xl" + unit * 2000
    for whole in (data, data + b"eee"):
        steps = 0
        with suppress(InvalidTorrentFileError):
            read_torrent(whole)
        assert 0 < steps <= len(whole) + 1


@FIXED
@given(bent(list(TARGETS["magnet"].seeds()), TARGETS["magnet"].words) | st.binary())
def test_magnets(data: bytes) -> None:
    """With a right one in the middle of whatever it is."""
    text = data.decode("utf-8", "surrogateescape")
    magnet(text)
    magnet(f"magnet:?{text}&xt=urn:btih:{V1}")


@pytest.mark.parametrize("text", [f"magnet:x?xt=urn:btih:{V1}", f"magnet:/?xt=urn:btih:{V1}"])
def test_what_qbittorrent_would_not_take_for_a_magnet(text: str) -> None:
    """The question mark stands right behind the colon."""
    with pytest.raises(InvalidMagnetError) as caught:
        parse_magnet(text)
    assert caught.value.reason == "no_infohash"
