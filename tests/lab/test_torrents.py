"""Made torrents, as real servers read them."""

import asyncio
from collections.abc import Iterator
from json import loads
from pathlib import Path
from random import Random
from typing import Any

import pytest

from scripts.lab import catalogue
from scripts.lab.cache import qbittorrent_binary
from scripts.lab.jackett import JackettStandIn
from scripts.lab.qbittorrent import ApiSession, QBittorrentServer
from scripts.lab.torrents import MadeTorrent, TorrentKind, make_torrent

pytestmark = pytest.mark.usefixtures("socket_enabled")

_NOISE = Random(7).randbytes(700_000)
_SINGLE = {"book.m4b": _NOISE[:300_001]}
_FOLDER = {
    "part/1.mp3": _NOISE[:150_000],
    "part/2.mp3": _NOISE[150_000:281_072],
    "part-0.nfo": _NOISE[:5],
    "empty": b"",
    "big.flac": _NOISE,
}


@pytest.fixture(params=["4.5", "5.1", "5.3"])
def session(
    request: pytest.FixtureRequest, tmp_path: Path, socket_enabled: None
) -> Iterator[ApiSession]:
    """Log in to a fresh server of each generation."""
    generation: str = request.param
    if qbittorrent_binary(generation) is None:
        pytest.skip(f"qBittorrent {generation} is not here")
    with QBittorrentServer(generation, tmp_path) as server:
        yield server.login()


async def _torrents(session: ApiSession, *wanted: MadeTorrent, progress: float) -> dict[str, Any]:
    """Wait until the server has so much of all wanted torrents, and list them by hash."""
    found: dict[str, Any] = {}
    async with asyncio.timeout(30):
        while not all(
            made.infohash in found and found[made.infohash]["progress"] >= progress
            for made in wanted
        ):
            answer = await asyncio.to_thread(session.call, "torrents/info")
            found = {torrent["hash"]: torrent for torrent in loads(answer)}
    return found


@pytest.mark.parametrize("kind", TorrentKind)
@pytest.mark.parametrize(
    ("content", "name"), [(_SINGLE, None), (_FOLDER, "Folder ü")], ids=["file", "folder"]
)
async def test_servers_agree_on_the_hashes(
    session: ApiSession, content: dict[str, bytes], name: str | None, kind: TorrentKind
) -> None:
    """The real thing computes the same infohashes and sees the same files."""
    made = make_torrent(content, name=name, kind=kind)
    await asyncio.to_thread(session.add_file, made.data)
    info = (await _torrents(session, made, progress=0))[made.infohash]
    assert info["infohash_v1"] == (made.infohash_v1 or "")
    assert info["infohash_v2"] == (made.infohash_v2 or "")
    files = loads(session.call(f"torrents/files?hash={made.infohash}"))
    listed = {file["name"]: file["size"] for file in files if ".pad/" not in file["name"]}
    assert listed == {path: len(data) for path, data in made.content.items()}


async def test_the_catalogue_downloads_from_its_web_seed(
    session: ApiSession, tmp_path: Path
) -> None:
    """Every book arrives whole, byte for byte."""
    async with JackettStandIn() as jackett:
        jackett.seed.add(catalogue.everything())
        books = [book for book in catalogue.BOOKS if not book.magnet_only]
        made = [catalogue.torrent(book, jackett.seed_url) for book in books]
        for torrent in made:
            await asyncio.to_thread(session.add_file, torrent.data)
        await _torrents(session, *made, progress=1)
    downloads = tmp_path / "qBittorrent" / "downloads"
    for torrent in made:
        arrived = {path: (downloads / path).read_bytes() for path in torrent.content}
        assert arrived == torrent.content
