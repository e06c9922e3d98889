"""A dozen public-domain audiobooks on three invented trackers, with small content."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

from scripts.lab.jackett_model import (
    Download,
    Indexer,
    IndexerType,
    Release,
    redirect,
    torrent_file,
)
from scripts.lab.torrents import MadeTorrent, TorrentKind, make_torrent

_KIB = 1024
_LANGUAGES = {"ENG": "English", "GER": "German", "FRE": "French"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A work as one release, and which trackers carry it.

    `hours` and `bitrate` give the size that the trackers claim; the content is a small sample of
    `kibibytes`, so that a test downloads it in a moment.
    """

    title: str
    author: str
    reader: str
    year: int
    format: str = "M4B"
    bitrate: int = 64
    language: str = "ENG"
    hours: float = 10.0
    chapters: int = 1
    kibibytes: int = 512
    seeders: int | None = 10
    leechers: int | None = 1
    grabs: int | None = 100
    age_days: int = 100
    freeleech: bool = False
    abridged: bool = False
    indexers: tuple[str, ...] = ("inkwell",)
    magnet_only: bool = False
    kind: TorrentKind = TorrentKind.V1

    @property
    def folder(self) -> str:
        """The name of the torrent."""
        return f"{self.author} - {self.title} [{self.format}]"

    @property
    def size(self) -> int:
        """The size that trackers claim."""
        if self.format == "EPUB":
            return 800 * _KIB
        return int(self.hours * 3600 * self.bitrate * 125)


BOOKS = (
    Book(title="Pride and Prejudice", author="Jane Austen", reader="Volunteer Readers", year=1813,
         hours=11.5, kibibytes=900, seeders=48, leechers=3, grabs=912, age_days=640,
         indexers=("inkwell", "openshelf")),
    Book(title="Frankenstein", author="Mary Shelley", reader="Edith Marlowe", year=1818,
         format="MP3", bitrate=128, hours=8.6, chapters=8, kibibytes=1200, seeders=22, leechers=2,
         grabs=340, age_days=210, indexers=("lantern",), freeleech=True),
    Book(title="Dracula", author="Bram Stoker", reader="A Full Cast of Volunteers", year=1897,
         bitrate=96, hours=15.8, chapters=3, kibibytes=1600, seeders=35, leechers=6, grabs=701,
         age_days=31, indexers=("lantern",)),
    Book(title="Dracula", author="Bram Stoker", reader="Project Typesetters", year=1897,
         format="EPUB", kibibytes=300, seeders=90, leechers=4, grabs=2210, age_days=900,
         indexers=("openshelf",)),
    Book(title="The Adventures of Sherlock Holmes", author="Arthur Conan Doyle",
         reader="Harold Finch", year=1892, hours=11.8, chapters=12, kibibytes=2048, seeders=61,
         leechers=5, grabs=1288, age_days=77, indexers=("lantern",)),
    Book(title="The War of the Worlds", author="H. G. Wells", reader="Thomas Arden", year=1898,
         format="FLAC", bitrate=520, hours=6.9, chapters=2, kibibytes=3072, seeders=9, leechers=1,
         grabs=64, age_days=12, indexers=("openshelf",)),
    Book(title="The Time Machine", author="H. G. Wells", reader="Thomas Arden", year=1895,
         format="MP3", hours=3.6, kibibytes=400, seeders=None, leechers=None, grabs=None,
         age_days=1500, indexers=("inkwell",)),
    Book(title="Great Expectations", author="Charles Dickens", reader="Beatrice Holloway",
         year=1861, hours=18.3, kibibytes=1400, seeders=17, leechers=0, grabs=256, age_days=365,
         indexers=("inkwell",)),
    Book(title="Great Expectations", author="Charles Dickens", reader="Beatrice Holloway",
         year=1861, format="MP3", bitrate=48, hours=3.1, kibibytes=350, seeders=40, leechers=2,
         grabs=90, age_days=20, abridged=True, indexers=("inkwell",)),
    Book(title="Moby-Dick; or, The Whale", author="Herman Melville", reader="Silas Crewe",
         year=1851, bitrate=80, hours=24.6, chapters=4, kibibytes=1800, seeders=13, leechers=9,
         grabs=402, age_days=150, indexers=("openshelf",), kind=TorrentKind.HYBRID),
    Book(title="Alice's Adventures in Wonderland", author="Lewis Carroll", reader="Nora Pell",
         year=1865, hours=2.7, kibibytes=300, seeders=4, leechers=1, grabs=55, age_days=5,
         indexers=("inkwell",), magnet_only=True),
    Book(title="Die Verwandlung", author="Franz Kafka", reader="Freiwillige Vorleser", year=1915,
         language="GER", format="MP3", bitrate=96, hours=2.3, chapters=3, kibibytes=450, seeders=8,
         leechers=0, grabs=71, age_days=48, indexers=("lantern",)),
    Book(title="Le Tour du monde en quatre-vingts jours", author="Jules Verne",
         reader="Lecteurs bénévoles", year=1872, language="FRE", hours=7.4, kibibytes=700,
         seeders=6, leechers=2, grabs=39, age_days=400, indexers=("openshelf",)),
)  # fmt: skip


@cache
def content(book: Book) -> Mapping[str, bytes]:
    """The files of a book: noise that is the same on every machine."""
    noise = Random(book.folder)
    extension = book.format.lower()
    size = book.kibibytes * _KIB // book.chapters
    if book.chapters == 1:
        return {f"{book.title}.{extension}": noise.randbytes(size)}
    names = [f"{number:02} - {book.title}.{extension}" for number in range(1, book.chapters + 1)]
    return {name: noise.randbytes(size) for name in names}


@cache
def torrent(book: Book, web_seed: str) -> MadeTorrent:
    """The torrent of a book with a web seed; where that is does not change the infohash."""
    return make_torrent(
        content(book),
        name=book.folder,
        kind=book.kind,
        web_seeds=[web_seed],
        private=book.indexers == ("lantern",),
    )


def everything() -> dict[str, bytes]:
    """The content of all books, by the paths that a web seed is asked for."""
    return {path: data for book in BOOKS for path, data in torrent(book, "").content.items()}


def indexers(web_seed: str, *, now: datetime | None = None, magnets: bool = True) -> list[Indexer]:
    """The three trackers with their releases.

    Inkwell is public: its links lead to magnets or files and it tells hashes. The Lantern Library
    is private and tells none. Open Shelf is in between. Without `magnets` all links lead to files:
    a magnet gets its metadata from peers, and a web seed is none.
    """
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    trackers = [
        Indexer(id="inkwell", name="Inkwell", site_link="https://inkwell.invalid/"),
        Indexer(
            id="lantern",
            name="The Lantern Library",
            type=IndexerType.PRIVATE,
            site_link="https://lantern.invalid/",
            categories={3030: "Audio/Audiobook", 100041: "Audiobooks - Classics"},
            paging=True,
        ),
        Indexer(
            id="openshelf",
            name="Open Shelf",
            type=IndexerType.SEMI_PRIVATE,
            site_link="https://openshelf.invalid/",
            categories={3000: "Audio", 3030: "Audio/Audiobook", 7020: "Books/EBook"},
        ),
    ]
    for tracker in trackers:
        carried = [book for book in BOOKS if tracker.id in book.indexers]
        tracker.releases = [
            _release(book, tracker, web_seed, moment, magnets=magnets) for book in carried
        ]
    return trackers


def _release(
    book: Book, tracker: Indexer, web_seed: str, now: datetime, *, magnets: bool
) -> Release:
    made = torrent(book, web_seed)
    page = f"{tracker.site_link}t/{1000 + BOOKS.index(book)}"
    private = tracker.type is IndexerType.PRIVATE
    public = tracker.type is IndexerType.PUBLIC
    magnet_only = book.magnet_only and magnets
    download: Download | None = None if magnet_only else torrent_file(made)
    if magnets and tracker.id == "inkwell" and book.title == "The Time Machine":
        download = redirect(made.magnet())
    categories = (3030, 100041) if private else (3030,)
    return Release(
        title=_title(book, tracker),
        guid=None if magnet_only else page,
        details=page,
        link=None if download is None else f"{page}/download",
        download=download,
        magnet=made.magnet() if magnet_only else None,
        hash_text=None if private or book.seeders is None else made.infohash_v1,
        categories=(7020,) if book.format == "EPUB" else categories,
        size=book.size,
        files=len(made.content) if private else None,
        grabs=book.grabs,
        seeders=book.seeders,
        leechers=book.leechers,
        published=now - timedelta(days=book.age_days, hours=3),
        description=f"{book.title} by {book.author}, first published in {book.year}.",
        languages=(_LANGUAGES[book.language],),
        minimum_seed_time=259_200 if private else None,
        download_volume_factor=0.0 if book.freeleech or public else 1.0,
    )


def _title(book: Book, tracker: Indexer) -> str:
    """The title in the manner of the tracker."""
    if tracker.type is IndexerType.PRIVATE:
        return f"{book.title} by {book.author} [{book.language} / {book.format}]"
    abridged = " (Abridged)" if book.abridged else ""
    if tracker.id == "inkwell":
        return f"{book.title}{abridged} - {book.author} [{book.format}] [{book.bitrate} Kbps]"
    if book.format == "EPUB":
        return f"{book.author} - {book.title} ({book.year}) EPUB"
    rate = "" if book.format == "FLAC" else f" {book.bitrate}kbps"
    language = "" if book.language == "ENG" else f" {_LANGUAGES[book.language]}"
    reader = f"read by {book.reader}"
    return f"{book.author} - {book.title} ({book.year}){language} {reader} {book.format}{rate}"
