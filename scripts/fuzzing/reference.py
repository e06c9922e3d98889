"""A second reading of torrent files, which shares nothing with the engine's: simple and recursive.

It is as lenient as libtorrent is towards order, repeated keys and zeros in front of numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import hashlib
import re

_DEEPEST = 100
_INTEGER = re.compile(rb"i(?:-[0-9]{1,19}|[0-9]{1,20})e")
_LENGTH = re.compile(rb"([0-9]{1,19}):")

# An integer is kept as it is written, a dictionary as its pairs in their order.
type Value = bytes | Integer | Sequence[Value] | Dictionary


@dataclass(frozen=True, slots=True)
class Integer:
    """An integer's digits."""

    digits: bytes


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Pairs of keys and values, and what they look like in the file."""

    pairs: tuple[tuple[bytes, Value], ...]
    raw: bytes

    def get(self, key: bytes) -> Value | None:
        """Return the value of a key's first occurrence."""
        return next((value for name, value in self.pairs if name == key), None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a torrent file says of itself."""

    v1: str | None
    v2: str | None
    name: str | None


def read(data: bytes) -> Reading | None:
    """Read a torrent file; None for what is none."""
    try:
        whole, _ = _value(data, 0, 0)
    except ValueError:
        return None
    info = whole.get(b"info") if isinstance(whole, Dictionary) else None
    if not isinstance(info, Dictionary):
        return None
    is_v1 = info.get(b"pieces") is not None
    is_v2 = info.get(b"meta version") == Integer(b"2") and info.get(b"file tree") is not None
    if not is_v1 and not is_v2:
        return None
    name = info.get(b"name.utf-8")
    if name is None:
        name = info.get(b"name")
    return Reading(
        v1=hashlib.sha1(info.raw, usedforsecurity=False).hexdigest() if is_v1 else None,
        v2=hashlib.sha256(info.raw).hexdigest() if is_v2 else None,
        name=name.decode("utf-8", "replace") if isinstance(name, bytes) and name else None,
    )


def _value(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """Return a value and where it ends; raise `ValueError`."""
    if match := _INTEGER.match(data, at):
        return Integer(match[0][1:-1]), match.end()
    kind = data[at : at + 1]
    if kind not in (b"l", b"d"):
        return _string(data, at)
    if depth >= _DEEPEST:
        raise ValueError("too deep")
    end = at + 1
    pairs: list[tuple[bytes, Value]] = []
    while data[end : end + 1] != b"e":
        key = b""
        if kind == b"d":
            key, end = _string(data, end)
        value, end = _value(data, end, depth + 1)
        pairs.append((key, value))
    end += 1
    if kind == b"l":
        return [value for _, value in pairs], end
    return Dictionary(tuple(pairs), data[at:end]), end


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    match = _LENGTH.match(data, at)
    end = match.end() + int(match[1]) if match else 0
    if match is None or end > len(data):
        raise ValueError("no string")
    return data[match.end() : end], end
