"""Inputs to begin with: what the lab's Jackett and its torrents look like, and a few odd ones."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
import json

from scripts.lab.catalogue import indexers
from scripts.lab.jackett_feed import error_xml, exception_text, feed_xml, indexers_xml
from scripts.lab.jackett_links import Linker, Protection
from scripts.lab.jackett_search import Hit
from scripts.lab.torrents import (
    BLOCK,
    Bencodable,
    MadeTorrent,
    MagnetKind,
    TorrentKind,
    make_torrent,
)

KEY = "m4q8zt1xw7c0y5k2n9b3v6h8j1d4f7gs"
_NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _linker() -> Linker:
    return Linker(base="http://localhost:9117/", api_key=KEY, protection=Protection(bytes(32)))


@cache
def _hits() -> list[Hit]:
    trackers = indexers("http://127.0.0.1:9/", now=_NOW)
    return [Hit(tracker, release) for tracker in trackers for release in tracker.releases]


def feeds() -> Iterator[bytes]:
    """Yield answers of a search, of one item each and one of several, a list and errors."""
    hits = _hits()
    for found in ([], hits[:4], *([hit] for hit in hits)):
        indexer = found[0].indexer if found else None
        yield feed_xml(indexer, found, _linker(), _NOW).encode()
    yield indexers_xml({hit.indexer.id: hit.indexer for hit in hits}.values()).encode()
    yield error_xml(100, "Invalid API Key").encode()
    yield error_xml(900, exception_text("lantern", "Login failed")).encode()
    yield '<?xml version="1.0" encoding="UTF-16"?><rss><channel/></rss>'.encode("utf-16")
    yield b"<!DOCTYPE x [<!ENTITY a 'b'>]><rss><channel>&a;</channel></rss>"


@cache
def _torrents() -> list[MadeTorrent]:
    content = {"a/01.mp3": b"one" * 9, "a/02.mp3": b"", "b.m4b": bytes(2 * BLOCK + 1)}
    made = [make_torrent(content, name="A book", kind=kind) for kind in TorrentKind]
    made.append(make_torrent({"b.m4b": b"x"}, trackers=["udp://t.invalid:1"], private=True))
    extra: dict[str, Bencodable] = {"x": [{"info": {"pieces": ""}}, -5]}
    made.append(make_torrent({"b.m4b": b"x"}, extra=extra, info_extra=extra, sort_keys=False))
    return made


def torrents() -> Iterator[bytes]:
    """Yield torrent files of all kinds, and what is nearly one."""
    for made in _torrents():
        yield made.data
        yield made.data[:-1]
    yield b"d4:infod10:name.utf-81:B4:name1:A6:pieces0:ee"
    yield b"d4:info0:4:infod6:pieces0:ee"
    yield b"d1:a" + b"l" * 99 + b"e" * 99 + b"4:infod6:pieces0:ee"


def magnets() -> Iterator[bytes]:
    """Yield magnets of all kinds."""
    made = _torrents()[list(TorrentKind).index(TorrentKind.HYBRID)]
    for kind in MagnetKind:
        yield made.magnet(kind=kind, trackers=["udp://t.invalid:1/announce"]).encode()
    yield f"magnet:?xt.1=urn:btih:{'ab' * 20}&xt.2=urn:btih:{'cd' * 20}&tr.1=x".encode()


def links() -> Iterator[bytes]:
    """Yield two base addresses and a link, a line each."""
    bases = (
        "http://192.168.1.5:9117\nhttp://jackett:9117",
        "http://localhost:9117/jk\nhttps://u:p@jackett.example/proxy/jk",
        "https://jackett.example/a\nhttp://[fd00::5]:9117",
    )
    for hit in _hits()[:3]:
        for base in bases:
            yield f"{base}\n{_linker().link(hit)}".encode()
    for base in bases:
        yield f"{base}\nhttp://[::1]:9117/UI/Dashboard?a#b".encode()
        yield f"{base}\nhttp://tracker.example:8080/t/1.torrent?jackett_apikey={KEY}".encode()
        yield f"{base}\nHTTPS://a.localhost./dl/x/dl/lantern/?jackett_apikey={KEY}".encode()
    yield b"jackett:9117/\n[::1]/\nhttp://127.0.0.1:8000/x"


def titles() -> Iterator[bytes]:
    """Yield titles as trackers write them."""
    yield from dict.fromkeys(hit.release.title.encode() for hit in _hits())
    yield b"Some.Author-The.Hollow.Tide.2019.UNABRIDGED.MP3.64kbps"
    yield "Die Bücherdiebin (Ungekürzt) gelesen von Jo Doe {GER / MP3} 128 kbit/s".encode()


def answers() -> Iterator[bytes]:
    """Yield bytes of which answers of `sync/maindata` are made."""
    yield bytes(range(64))
    yield bytes(reversed(range(200)))


def listings() -> Iterator[bytes]:
    """Yield answers of `sync/maindata` as qBittorrent writes them."""
    torrents = {made.infohash: {"name": made.name, "tags": '"},"x":{'} for made in _torrents()}
    for parts in (
        {"rid": 1, "full_update": True, "torrents": torrents, "categories": {"a": {}}},
        {"torrents": torrents, "x": {"torrents": torrents}},
        {"x": {"torrents": torrents}, "torrents": {}},
        {"rid": 2, "torrents": {}, "torrents_removed": list(torrents)},
        [torrents],
    ):
        yield json.dumps(parts, separators=(",", ":")).encode()
    twice = ",".join(f'"{"ab" * 20}":{{"name":"{number} of the same"}}' for number in range(4))
    yield f'{{"rid":3,"torrents":{{{twice}}}}}'.encode()


def secrets() -> Iterator[bytes]:
    """Yield texts around a secret."""
    yield b"GET /x?\n&path=x"
    yield b"http://user:\n@host/announce.php?tr=x"
    yield b'{"token": "x", \'SID=\n; path=/\'} Authorization: Bearer '
