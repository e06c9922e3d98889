"""Real .torrent files for given content: v1, v2 (BEP 52) and hybrid."""

from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha1, sha256
from urllib.parse import quote

type Bencodable = (
    int | str | bytes | Sequence[Bencodable] | Mapping[str, Bencodable] | Mapping[bytes, Bencodable]
)

BLOCK = 16 * 1024
_NO_HASH = bytes(32)


class TorrentKind(StrEnum):
    """Which generations of BitTorrent a torrent speaks."""

    V1 = "v1"
    V2 = "v2"
    HYBRID = "hybrid"


class MagnetKind(StrEnum):
    """Which hash a magnet carries, and how it is written."""

    V1 = "v1"
    V2 = "v2"
    HYBRID = "hybrid"
    BASE32 = "base32"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTorrent:
    """A .torrent with what is known about it; `content` is keyed by path below the save path."""

    name: str
    kind: TorrentKind
    data: bytes
    info: bytes
    infohash_v1: str | None
    infohash_v2: str | None
    content: Mapping[str, bytes]

    @property
    def size(self) -> int:
        """Bytes of content."""
        return sum(map(len, self.content.values()))

    @property
    def infohash(self) -> str:
        """The id that qBittorrent files it under: truncated v2 if there is one, else v1."""
        if self.infohash_v2 is not None:
            return self.infohash_v2[:40]
        return self.infohash_v1 or ""

    def magnet(
        self,
        *,
        kind: MagnetKind | None = None,
        trackers: Sequence[str] = (),
        peers: Sequence[str] = (),
        upper: bool = False,
    ) -> str:
        """Write a magnet; the kind defaults to all hashes there are, peers are `host:port`."""
        topics = [f"xt={topic}" for topic in self._topics(kind or MagnetKind(self.kind), upper)]
        rest = [f"dn={quote(self.name)}"]
        rest += [f"tr={quote(tracker, safe='')}" for tracker in trackers]
        rest += [f"x.pe={peer}" for peer in peers]
        return "magnet:?" + "&".join(topics + rest)

    def _topics(self, kind: MagnetKind, upper: bool) -> list[str]:
        topics = []
        if kind in (MagnetKind.V1, MagnetKind.HYBRID, MagnetKind.BASE32):
            if self.infohash_v1 is None:
                raise ValueError(f"{self.name} has no v1 hash")
            text = self.infohash_v1
            if kind is MagnetKind.BASE32:
                text = b32encode(bytes.fromhex(text)).decode()
            topics.append(f"urn:btih:{text.upper() if upper else text}")
        if kind in (MagnetKind.V2, MagnetKind.HYBRID):
            if self.infohash_v2 is None:
                raise ValueError(f"{self.name} has no v2 hash")
            topics.append(f"urn:btmh:1220{self.infohash_v2}")
        return topics


def bencode(value: Bencodable, *, sort_keys: bool = True) -> bytes:
    """Bencode a value; unsorted keys are illegal but seen in the wild."""
    match value:
        case int():
            return b"i%de" % value
        case str():
            return bencode(value.encode())
        case bytes():
            return b"%d:%b" % (len(value), value)
        case Mapping():
            items = [(_raw_key(key), item) for key, item in value.items()]
            if sort_keys:
                items.sort(key=lambda pair: pair[0])
            body = b"".join(
                bencode(key) + bencode(item, sort_keys=sort_keys) for key, item in items
            )
            return b"d" + body + b"e"
        case _:
            return b"l" + b"".join(bencode(item, sort_keys=sort_keys) for item in value) + b"e"


def make_torrent(
    content: Mapping[str, bytes],
    *,
    name: str | None = None,
    kind: TorrentKind = TorrentKind.V1,
    piece_length: int = 4 * BLOCK,
    trackers: Sequence[str] = (),
    web_seeds: Sequence[str] = (),
    private: bool = False,
    comment: str | None = None,
    extra: Mapping[str, Bencodable] | None = None,
    info_extra: Mapping[str, Bencodable] | None = None,
    sort_keys: bool = True,
) -> MadeTorrent:
    """Build a torrent: one file without `name`, else a folder of that name.

    `extra` and `info_extra` are put in *front* of the other keys, so that with `sort_keys=False`
    they come first: a nested `info` there is a trap for naive parsers.
    """
    if name is None and len(content) != 1:
        raise ValueError("a torrent of several files needs a name")
    if piece_length < BLOCK or piece_length & (piece_length - 1):
        raise ValueError("the piece length must be a power of two from 16 KiB")
    # BEP 52 orders files by the bytes of their path components; v1 lists follow for hybrids.
    ordered = dict(
        sorted(content.items(), key=lambda item: [part.encode() for part in item[0].split("/")])
    )
    title = name if name is not None else next(iter(ordered))
    info: dict[str, Bencodable] = {"name": title, "piece length": piece_length}
    outer: dict[str, Bencodable] = {}
    if kind is not TorrentKind.V2:
        info |= _v1_info(ordered, name, piece_length, padded=kind is TorrentKind.HYBRID)
    if kind is not TorrentKind.V1:
        file_tree, piece_layers = _v2_tree(ordered, piece_length)
        info |= {"meta version": 2, "file tree": file_tree}
        outer["piece layers"] = piece_layers
    if private:
        info["private"] = 1
    if trackers:
        outer |= {"announce": trackers[0], "announce-list": [[tracker] for tracker in trackers]}
    if web_seeds:
        outer["url-list"] = list(web_seeds)
    if comment is not None:
        outer["comment"] = comment

    whole_info: dict[str, Bencodable] = {**(info_extra or {}), **info}
    whole: dict[str, Bencodable] = {**(extra or {}), **outer, "info": whole_info}
    raw_info = bencode(whole_info, sort_keys=sort_keys)
    return MadeTorrent(
        name=title,
        kind=kind,
        data=bencode(whole, sort_keys=sort_keys),
        info=raw_info,
        infohash_v1=None if kind is TorrentKind.V2 else _sha1(raw_info).hex(),
        infohash_v2=None if kind is TorrentKind.V1 else sha256(raw_info).hexdigest(),
        content=ordered if name is None else {f"{name}/{path}": ordered[path] for path in ordered},
    )


def _raw_key(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key


def _v1_info(
    content: Mapping[str, bytes], name: str | None, piece_length: int, *, padded: bool
) -> dict[str, Bencodable]:
    if name is None:
        data = next(iter(content.values()))
        return {"length": len(data), "pieces": _v1_pieces(data, piece_length)}
    files: list[Bencodable] = []
    stream = bytearray()
    for path, data in content.items():
        # In a hybrid every file starts on a piece boundary; padding files fill the gaps.
        if padded and data and (gap := -len(stream) % piece_length):
            files.append({"attr": "p", "length": gap, "path": [".pad", str(gap)]})
            stream += bytes(gap)
        files.append({"length": len(data), "path": path.split("/")})
        stream += data
    return {"files": files, "pieces": _v1_pieces(stream, piece_length)}


def _v1_pieces(data: bytes | bytearray, piece_length: int) -> bytes:
    starts = range(0, len(data), piece_length)
    return b"".join(_sha1(data[start : start + piece_length]) for start in starts)


def _sha1(data: bytes | bytearray) -> bytes:
    return sha1(data, usedforsecurity=False).digest()


def _v2_tree(
    content: Mapping[str, bytes], piece_length: int
) -> tuple[dict[str, Bencodable], dict[bytes, Bencodable]]:
    leaves: dict[str, Bencodable] = {}
    layers: dict[bytes, Bencodable] = {}
    for path, data in content.items():
        leaf: dict[str, Bencodable] = {"length": len(data)}
        if data:
            root, layer = _v2_file(data, piece_length)
            leaf["pieces root"] = root
            if len(data) > piece_length:
                layers[root] = b"".join(layer)
        leaves[path] = {"": leaf}
    return _nested(leaves), layers


def _nested(leaves: Mapping[str, Bencodable]) -> dict[str, Bencodable]:
    """Folders within folders, from paths."""
    tree: dict[str, Bencodable] = {}
    for path, leaf in leaves.items():
        folder, slash, _ = path.partition("/")
        if not slash:
            tree[path] = leaf
        elif folder not in tree:
            prefix = f"{folder}/"
            below = {name: leaves[name] for name in leaves if name.startswith(prefix)}
            tree[folder] = _nested({name.removeprefix(prefix): below[name] for name in below})
    return tree


def _v2_file(data: bytes, piece_length: int) -> tuple[bytes, list[bytes]]:
    """The merkle root of a file, and the hashes of its pieces."""
    leaves = [sha256(data[at : at + BLOCK]).digest() for at in range(0, len(data), BLOCK)]
    if len(data) <= piece_length:
        return _merkle_root(leaves, _power_of_two(len(leaves)), _NO_HASH), []
    per_piece = piece_length // BLOCK
    layer = [
        _merkle_root(leaves[at : at + per_piece], per_piece, _NO_HASH)
        for at in range(0, len(leaves), per_piece)
    ]
    # Missing pieces count as subtrees of missing blocks, not as missing hashes.
    empty_piece = _merkle_root([], per_piece, _NO_HASH)
    return _merkle_root(layer, _power_of_two(len(layer)), empty_piece), layer


def _merkle_root(hashes: list[bytes], width: int, filler: bytes) -> bytes:
    row = hashes + [filler] * (width - len(hashes))
    while len(row) > 1:
        row = [sha256(row[at] + row[at + 1]).digest() for at in range(0, len(row), 2)]
    return row[0]


def _power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()
