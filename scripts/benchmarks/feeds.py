"""Indexers with releases for the stand-in of Jackett: few and many, quick and slow."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

from scripts.benchmarks.magnets import magnet
from scripts.lab.jackett_model import Indexer, Release, torrent_file
from scripts.lab.torrents import MadeTorrent, make_torrent

# In every title, so that a search for it finds everything.
WORD = "Title"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_FORMATS = ("M4B", "MP3", "M4B 64kbps", "MP3 128kbps", "FLAC")
_LANGUAGES = ("ENG", "ENG", "GER", "FRE")
_NAMES = "Ada Bram Clara Dora Emil Fritz Greta Hugo Ida Jules Klara Luis Mary Nora Otto".split()


def releases(number: int, seed: int = 0) -> list[Release]:
    """Return so many releases with everything that Jackett tells of one; some have no torrent."""
    random = Random(seed)
    made = []
    for one in range(number):
        author = f"{random.choice(_NAMES)} {random.choice(_NAMES)}son"
        reader = f"{random.choice(_NAMES)} {random.choice(_NAMES)}er"
        form, language = random.choice(_FORMATS), random.choice(_LANGUAGES)
        link = f"https://tracker.invalid/download/{seed}/{one}"
        made.append(
            Release(
                title=f"{author} - The {WORD} of Book {one} (Unabridged) read by {reader} "
                f"[{language} / {form}]",
                link=magnet(one) if one % 5 == 0 else link,
                magnet=magnet(one) if one % 5 == 0 else None,
                details=f"https://tracker.invalid/details/{seed}/{one}",
                guid=f"https://tracker.invalid/details/{seed}/{one}",
                size=random.randrange(50_000_000, 2_000_000_000),
                files=random.randrange(1, 40),
                grabs=random.randrange(5000),
                seeders=random.randrange(400),
                leechers=random.randrange(40),
                published=_NOW - timedelta(minutes=random.randrange(2_000_000)),
                description="An audiobook in many chapters & with a picture",
                author=author,
                book_title=f"The {WORD} of Book {one}",
                cover=f"https://tracker.invalid/covers/{one}.jpg",
            )
        )
    return made


def large() -> list[Indexer]:
    """Return an indexer for each size of a feed, called as many items as it has."""
    return [
        Indexer(id=str(number), releases=releases(number, number)) for number in (100, 1000, 10_000)
    ]


def many(number: int, scale: float, *, hangs: bool) -> list[Indexer]:
    """Return so many indexers with delays as they are in real life, times a scale.

    Most answer within a second or two. One fails, one is slow, and one hangs if it is to.
    """
    random = Random(number)
    indexers = [
        Indexer(
            id=f"indexer-{one}",
            releases=releases(20, one),
            delay=scale * min(random.lognormvariate(-0.3, 0.6), SLOW / 2),
        )
        for one in range(number)
    ]
    indexers[1].failure = "Exception (indexer-1): the tracker is down"
    indexers[2].delay = scale * SLOW
    if hangs:
        indexers[3].gate = asyncio.Event().wait
    return indexers


# Seconds of the slow one.
SLOW = 12.0


def torrent(number: int) -> MadeTorrent:
    """Return a small torrent unlike all others."""
    name = f"Tale number{number}.m4b"
    return make_torrent({name: name.encode() * 1000})


def linked(first: int, number: int) -> list[Release]:
    """Return releases whose links lead to the torrents from a number on."""
    return [
        Release(title=f"Tale number{one}", download=torrent_file(torrent(one)))
        for one in range(first, first + number)
    ]
