"""Identity of torrents: the infohashes of magnet links and of .torrent files.

A torrent has a v1 infohash (SHA-1), a v2 infohash (SHA-256), or, as a hybrid, both. qBittorrent
knows it under one id: the v1 infohash, or the first 40 digits of the v2 one where there is one.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
import hashlib
import re
from typing import Never
from urllib.parse import parse_qsl

from .errors import InvalidMagnetError, InvalidTorrentFileError

MAX_TORRENT_BYTES = 10 * 1024 * 1024
_MAX_MAGNET_LENGTH = 64 * 1024
# libtorrent, which has to read the file in the end, gives up at 100 levels.
_MAX_DEPTH = 100
_MAX_TOKENS = 2_000_000
_MAX_DIGITS = 20
# How deep the values lie that matter: `info` itself, and what stands in it.
_PATH_LENGTH = 2

_ID_LENGTH = 40
_HEX_V1 = re.compile(r"[0-9a-fA-F]{40}")
_HEX_V2 = re.compile(r"[0-9a-fA-F]{64}")
_BASE32_V1 = re.compile(r"[a-zA-Z2-7]{32}")
# A multihash says which function it is of: 0x12 is SHA-256, 0x20 its length in bytes (BEP 52).
_MULTIHASH_V2 = re.compile(r"1220([0-9a-fA-F]{64})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Infohashes:
    """The infohashes of one torrent: 40 and 64 lower-case hex digits."""

    v1: str | None = None
    v2: str | None = None
    # Further ones that a magnet names; which of several a client takes is its own choice.
    others: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """Return every id under which qBittorrent may list the torrent."""
        named = {self.v1, self.v2, *self.others} - {None}
        return frozenset(text[:_ID_LENGTH] for text in named if text)

    @property
    def shown(self) -> str | None:
        """Return the infohash to show: v1 where there is one, as most tools do."""
        return self.v1 or self.v2


@dataclass(frozen=True, kw_only=True, slots=True)
class Magnet:
    """A magnet link that can be handed over as it is."""

    uri: str = field(repr=False)
    infohashes: Infohashes
    name: str | None = None
    has_trackers: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TorrentFile:
    """The bytes of a .torrent file, and what they say of themselves."""

    data: bytes = field(repr=False)
    infohashes: Infohashes
    name: str | None = None


def normalise_infohash(text: str | None) -> str | None:
    """Return an infohash as lower-case hex, from hex or base32; None for anything else."""
    text = (text or "").strip()
    if _HEX_V1.fullmatch(text) or _HEX_V2.fullmatch(text):
        return text.lower()
    if match := _MULTIHASH_V2.fullmatch(text):
        return match[1].lower()
    if _BASE32_V1.fullmatch(text):
        return binascii.hexlify(base64.b32decode(text.upper())).decode()
    return None


def is_magnet(text: str) -> bool:
    """Tell whether a link is a magnet link; schemes have no letter case."""
    return text[:7].lower() == "magnet:"


def parse_magnet(uri: str) -> Magnet:
    """Read a magnet link; raise `InvalidMagnetError` when it names no torrent."""
    uri = uri.strip()
    if not is_magnet(uri):
        raise InvalidMagnetError(reason="not_magnet")
    if len(uri) > _MAX_MAGNET_LENGTH or not uri.isprintable():
        raise InvalidMagnetError(reason="malformed")
    # libtorrent does not look for the question mark anywhere else.
    query = uri[8:] if uri[7:8] == "?" else ""
    try:
        parameters = parse_qsl(query, max_num_fields=1000)
    except ValueError:
        raise InvalidMagnetError(reason="malformed") from None
    v1: list[str] = []
    v2: list[str] = []
    name = None
    has_trackers = False
    for key, value in parameters:
        # Several of a kind may be numbered: xt.1, xt.2, tr.1 …
        match key.lower().partition(".")[0]:
            case "xt":
                _read_exact_topic(value, v1, v2)
            case "dn":
                name = name or value
            case "tr":
                has_trackers = True
    if not v1 and not v2:
        raise InvalidMagnetError(reason="no_infohash")
    return Magnet(
        # Servers are not as tolerant of `MAGNET:` as users are.
        uri=f"magnet:{uri[7:]}",
        infohashes=Infohashes(
            v1=v1[0] if v1 else None,
            v2=v2[0] if v2 else None,
            others=frozenset(v1[1:] + v2[1:]),
        ),
        name=name,
        has_trackers=has_trackers,
    )


def _read_exact_topic(value: str, v1: list[str], v2: list[str]) -> None:
    """Sort an `xt` into the lists; raise for a damaged one, pass over another network's."""
    prefix, _, digits = value.rpartition(":")
    infohash = normalise_infohash(digits)
    match prefix.lower():
        case "urn:btih" if infohash and len(infohash) == _ID_LENGTH:
            v1.append(infohash)
        case "urn:btmh" if infohash and _MULTIHASH_V2.fullmatch(digits):
            v2.append(infohash)
        case "urn:btih" | "urn:btmh":
            raise InvalidMagnetError(reason="bad_infohash")


def read_torrent(data: bytes) -> TorrentFile:
    """Find a torrent file's infohashes; raise `InvalidTorrentFileError`.

    The hash is of the `info` dictionary's bytes exactly as they stand in the file: encoding it anew
    would change it where its keys are not sorted. Takes up to a second for hostile files of
    `MAX_TORRENT_BYTES`, so call it off the event loop for anything large.
    """
    if len(data) > MAX_TORRENT_BYTES:
        _invalid("too_large")
    if data[:1] != b"d":
        _invalid("not_bencoded")
    info: tuple[int, int] | None = None
    facts: dict[bytes, bytes] = {}
    for path, start, end in _Walk(data).values():
        # Should a key stand twice, the first one counts, as it does for libtorrent.
        if info is not None or path[0] != b"info":
            continue
        if len(path) == 1:
            info = (start, end)
        else:
            facts.setdefault(path[1], data[start:end])
    if info is None or data[info[0] : info[0] + 1] != b"d":
        _invalid("no_info")
    raw = memoryview(data)[slice(*info)]
    is_v1 = b"pieces" in facts
    is_v2 = facts.get(b"meta version") == b"i2e" and b"file tree" in facts
    if not is_v1 and not is_v2:
        _invalid("no_info")
    name = facts.get(b"name.utf-8", facts.get(b"name", b""))
    return TorrentFile(
        data=data,
        infohashes=Infohashes(
            # SHA-1 is what BitTorrent v1 identifies torrents by; nothing is protected with it.
            v1=hashlib.sha1(raw, usedforsecurity=False).hexdigest() if is_v1 else None,
            v2=hashlib.sha256(raw).hexdigest() if is_v2 else None,
        ),
        name=_text(name),
    )


def _text(value: bytes) -> str | None:
    """Return a bencoded string's text; None for other values and for an empty one."""
    digits, _, text = value.partition(b":")
    return text.decode("utf-8", "replace") or None if digits.isdigit() else None


def _invalid(reason: str) -> Never:
    raise InvalidTorrentFileError(reason=reason)


class _Walk:
    """A walk over bencoded values: iterative, with bounded depth and number of values.

    Keeps, for each open container, the path of keys that leads to it (None where nobody asks),
    where it starts, and the key whose value comes next. A list has no keys.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._paths: list[tuple[bytes, ...] | None] = []
        self._starts: list[int] = []
        self._keys: list[bytes | None] = []
        self._is_dictionary: list[bool] = []

    def values(self) -> Iterator[tuple[tuple[bytes, ...], int, int]]:
        """Yield (path, start, end) of the values that lie one or two dictionaries deep."""
        for _ in range(_MAX_TOKENS):
            start = self._position
            token = self._data[start : start + 1]
            path = self._path()
            if not token:
                _invalid("truncated")
            if token == b"e":
                path, start = self._close()
            elif self._wants_key():
                begin, self._position = _string(self._data, start)
                self._keys[-1] = self._data[begin : self._position]
                continue
            elif token in (b"d", b"l"):
                self._open(path, is_dictionary=token == b"d")
                continue
            elif token == b"i":
                self._position = _integer(self._data, start)
            else:
                _, self._position = _string(self._data, start)
            if path:
                yield path, start, self._position
            if not self._paths:
                return
            self._keys[-1] = None
        _invalid("too_many_values")

    def _wants_key(self) -> bool:
        return bool(self._paths) and self._is_dictionary[-1] and self._keys[-1] is None

    def _open(self, path: tuple[bytes, ...] | None, *, is_dictionary: bool) -> None:
        if len(self._paths) >= _MAX_DEPTH:
            _invalid("too_deep")
        self._paths.append(path)
        self._starts.append(self._position)
        self._keys.append(None)
        self._is_dictionary.append(is_dictionary)
        self._position += 1

    def _close(self) -> tuple[tuple[bytes, ...] | None, int]:
        if not self._paths or self._keys.pop() is not None:
            _invalid("malformed")
        self._is_dictionary.pop()
        self._position += 1
        return self._paths.pop(), self._starts.pop()

    def _path(self) -> tuple[bytes, ...] | None:
        """Return the path of the value that starts here, None where nobody asks for it."""
        if not self._paths:
            return ()
        parent, key = self._paths[-1], self._keys[-1]
        if parent is None or key is None or len(parent) >= _PATH_LENGTH:
            return None
        return (*parent, key)


def _string(data: bytes, position: int) -> tuple[int, int]:
    """Return where the string's bytes begin and end."""
    colon = data.find(b":", position, position + _MAX_DIGITS)
    digits = data[position:colon]
    if colon < 0 or not digits.isdigit():
        _invalid("malformed")
    end = colon + 1 + int(digits)
    if end > len(data):
        _invalid("truncated")
    return colon + 1, end


def _integer(data: bytes, position: int) -> int:
    """Return where the integer ends."""
    end = data.find(b"e", position, position + _MAX_DIGITS + 2)
    if end < 0 or not data[position + 1 : end].removeprefix(b"-").isdigit():
        _invalid("malformed")
    return end + 1
