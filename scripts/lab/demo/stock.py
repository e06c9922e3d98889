"""What the demo's indexers have beside the catalogue."""

from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

from scripts.lab import catalogue
from scripts.lab.jackett import JackettStandIn
from scripts.lab.jackett_model import Download, Indexer, Release, failed, torrent_file
from scripts.lab.torrents import MadeTorrent, make_torrent

SEARCH = "pride and prejudice"
BEST = catalogue.BOOKS[0]
PRIVATE = next(book for book in catalogue.BOOKS if book.title == "Die Verwandlung")
_OTHER_EDITIONS = {
    "Pride and Prejudice - Jane Austen [MP3] [128 Kbps]": 21,
    "Pride and Prejudice (Abridged) - Jane Austen [MP3] [64 Kbps]": 77,
    "Pride and Prejudice - Jane Austen [EPUB]": 240,
}
GONE = "The Invisible Man by H. G. Wells [ENG / MP3]"
# Large enough to look at for a while.
SLOW = {
    "Middlemarch by George Eliot [ENG / M4B]": 48_000_000,
    "Wuthering Heights by Emily Brontë [ENG / M4B]": 27_000_000,
}


def fill(jackett: JackettStandIn, seed: str) -> None:
    """Give a Jackett its indexers; `seed` is where qBittorrent finds their content."""
    jackett.add(*catalogue.indexers(seed, magnets=False))
    jackett.seed.add(catalogue.everything())
    jackett.add(
        Indexer(id="dustyattic", name="The Dusty Attic", failure="The site is down for maintenance")
    )
    for title, seeders in _OTHER_EDITIONS.items():
        made = _torrent(title, seed)
        jackett.seed.add(made.content)
        release = _release(title, seeders=seeders, download=torrent_file(made))
        jackett.add_release(release, indexer="inkwell")
    jackett.add_release(_release(GONE, seeders=3, download=failed(404)), indexer="lantern")
    for title, size in SLOW.items():
        made = _torrent(title, seed, size)
        jackett.seed.add(made.content)
        release = _release(title, seeders=30, size=size, download=torrent_file(made))
        jackett.add_release(release, indexer="lantern")


@cache
def _torrent(title: str, seed: str, size: int = 200_000) -> MadeTorrent:
    name, _, details = title.partition(" [")
    form = next(form for form in ("M4B", "MP3", "EPUB") if form in details)
    content = {f"{name}.{form.lower()}": Random(title).randbytes(size)}
    return make_torrent(
        content, name=f"{name} [{form}]", web_seeds=[seed], piece_length=16 * 16 * 1024
    )


def _release(title: str, *, seeders: int, download: Download, size: int = 290_000_000) -> Release:
    return Release(
        title=title,
        download=download,
        size=size,
        seeders=seeders,
        leechers=2,
        published=datetime.now(UTC).replace(microsecond=0) - timedelta(days=seeders),
    )
