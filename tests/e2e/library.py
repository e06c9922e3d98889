"""The other user of a qBittorrent: changes its torrents at random, and knows what is true."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
import json
from random import Random
import time
from typing import Any

from scripts.lab.qbittorrent import ApiSession, QBittorrentError, QBittorrentServer
from scripts.lab.torrents import MadeTorrent, make_torrent

CATEGORIES = ("auralarchive", "auralarchive/classics", "auralarchives", "films", "")
COMPLETE = ("stoppedUP", "pausedUP", "stalledUP", "uploading")
UNFINISHED = ("stoppedDL", "pausedDL", "stalledDL", "downloading")
STOPPED = ("stoppedUP", "pausedUP", "stoppedDL", "pausedDL")

_PATIENCE_SECONDS = 30.0
# What the sensors and the mirror are made of.
_FIELDS = (
    "name state progress size completed dlspeed eta num_seeds ratio category save_path tags "
    "added_on completion_on infohash_v1 infohash_v2"
).split()

type Record = dict[str, Any]
type Listing = dict[str, Record]


@dataclass(slots=True)
class Book:
    """A torrent, and what it was made to be."""

    torrent: MadeTorrent
    category: str
    is_stopped: bool
    is_complete: bool

    def is_as_made(self, record: Record) -> bool:
        """Tell whether the server has come to list it so."""
        return (
            record["category"] == self.category
            and (record["state"] in STOPPED) == self.is_stopped
            and record["state"] in (COMPLETE if self.is_complete else UNFINISHED)
        )

    def __str__(self) -> str:
        """Say what it was made to be."""
        progress = "complete" if self.is_complete else "unfinished"
        return f"{progress}, {'stopped' if self.is_stopped else 'started'}, in {self.category!r}"


class Library:
    """Talks to the server directly, by sessions of its own; call it in a thread."""

    def __init__(self, server: QBittorrentServer, random: Random) -> None:
        """Take a server that runs; `done` names what has been done to its torrents."""
        self._server = server
        self._random = random
        self._session: ApiSession | None = None
        self._made = 0
        self._books: dict[str, Book] = {}
        # Everything as the server tells its changes, put together in the plainest way.
        self._synced: Listing = {}
        self._rid = 0
        self.done: list[str] = []
        self.added_again: set[str] = set()
        self.recategorised: set[str] = set()

    def fill(self, number: int) -> None:
        """Add so many torrents, a tenth of them complete."""
        for _ in range(number):
            self._add(is_complete=self._random.random() < 0.1)

    def change(self) -> None:
        """Do one to four things to torrents and categories."""
        actions = (
            *[self._add] * 3,
            *[self._remove] * 2,
            *[self._recategorise] * 2,
            self._start_or_stop,
            self._add_again,
            self._drop_category,
        )
        for _ in range(self._random.randint(1, 4)):
            action = self._random.choice(actions)
            action()
            self.done.append(action.__name__.strip("_"))

    def complete(self) -> None:
        """Lay an unfinished book's files where they belong, and have them found."""
        unfinished = [key for key, book in self._books.items() if not book.is_complete]
        infohash = self._random.choice(unfinished)
        self._await_book(infohash)
        book = self._books[infohash]
        self._write(book.torrent)
        book.is_complete = True
        self._call("torrents/recheck", hashes=infohash)

    def settle(self) -> Listing:
        """Return the list once all is as it was made, and the server tells of it when asked."""
        return self._settled(
            lambda listing: [
                f"{key} is to be {self._books.get(key, 'gone')}, not {_seen(listing.get(key))}"
                for key in self._books.keys() | listing.keys()
                if not self._is_as_made(key, listing)
            ]
        )

    def settle_on_disk(self) -> None:
        """Wait until additions and removals are on the disk: one that stops may lose them."""
        folder = self._server.profile / "qBittorrent/data/BT_backup"

        def what_is_odd() -> list[str]:
            kept = {path.stem for path in folder.glob("*.fastresume")}
            return [
                f"{key} is {'left' if key in kept else 'missing'} on the disk"
                for key in kept ^ self._books.keys()
            ]

        self._until(what_is_odd)

    def settle_after_crash(self) -> Listing:
        """Return the list once it stands still: a server that was killed may have lost changes."""

        def what_is_back(listing: Listing) -> list[str]:
            # It would miss the files, which were removed too.
            back = listing.keys() - self._books.keys()
            if back:
                self._call("torrents/delete", hashes="|".join(back), deleteFiles="true")
            return [f"{key} is back: {_seen(listing[key])}" for key in back]

        listing = self._settled(what_is_back)
        self._books = {key: self._books[key] for key in listing}
        for infohash, record in listing.items():
            book = self._books[infohash]
            book.category = record["category"]
            book.is_stopped = record["state"] in STOPPED
            book.is_complete = record["state"] in COMPLETE
        return listing

    def categories(self) -> dict[str, str]:
        """Return the server's categories with their paths."""
        records: Listing = json.loads(self._call("torrents/categories"))
        return {name: record["savePath"] for name, record in records.items()}

    def end_session(self, cookie: str) -> None:
        """Log another user out."""
        connection = HTTPConnection(self._server.host, self._server.port, timeout=30)
        connection.request("POST", "/api/v2/auth/logout", b"", {"Cookie": cookie})
        assert connection.getresponse().status < 300
        connection.close()

    def forget_session(self) -> None:
        """Log in again before the next call: the server has been restarted."""
        self._session = None

    def _call(self, path: str, **form: str) -> str:
        if self._session is None:
            self._session = self._server.login()
            self._rid = 0
        return self._session.call(path, form or None)

    def _settled(self, what_is_odd: Callable[[Listing], list[str]]) -> Listing:
        listing: Listing = {}

        def what_is_unsettled() -> list[str]:
            nonlocal listing
            listing = self._listing()
            self._sync()
            untold = [
                f"{key} is {_essence(listing.get(key, {}))}, told as {_essence(told)}"
                for key in listing.keys() | self._synced.keys()
                if _essence(told := self._synced.get(key, {})) != _essence(listing.get(key, {}))
            ]
            busy = [
                f"{key} is {_seen(record)}"
                for key, record in listing.items()
                if record["state"] not in COMPLETE + UNFINISHED
            ]
            return what_is_odd(listing) + busy + untold

        self._until(what_is_unsettled)
        return listing

    def _until(self, what_is_missing: Callable[[], list[str]]) -> None:
        """Wait until nothing is missing."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while missing := what_is_missing():
            assert time.monotonic() < deadline, "\n".join(
                [f"the server does not settle after {self.done[-6:]}:", *missing[:10]]
            )
            time.sleep(0.02)

    def _await_book(self, infohash: str) -> None:
        """Wait until a book is as it was made, to be changed only then.

        A server answers an addition before it lists the torrent: what it is told of one that it
        does not list yet it ignores without a word. So it does with a start while it checks.
        """

        def what_is_missing() -> list[str]:
            listing = self._listing(infohash)
            if self._is_as_made(infohash, listing):
                return []
            book, seen = self._books[infohash], _seen(listing.get(infohash))
            return [f"{infohash} is to be {book}, not {seen}"]

        self._until(what_is_missing)

    def _is_as_made(self, infohash: str, listing: Listing) -> bool:
        book, record = self._books.get(infohash), listing.get(infohash)
        if book is None:
            return record is None
        return record is not None and book.is_as_made(record)

    def _listing(self, infohash: str = "") -> Listing:
        """Return the server's list, or one torrent's part of it."""
        query = f"?hashes={infohash}" if infohash else ""
        records: list[Record] = json.loads(self._call(f"torrents/info{query}"))
        return {record["hash"]: record for record in records}

    def _sync(self) -> None:
        if self._session is None:
            self._rid = 0
        answer = json.loads(self._call(f"sync/maindata?rid={self._rid}"))
        if answer.get("full_update"):
            self._synced = {}
        for infohash, record in answer.get("torrents", {}).items():
            self._synced.setdefault(infohash, {}).update(record)
        for infohash in answer.get("torrents_removed", ()):
            self._synced.pop(infohash, None)
        self._rid = answer["rid"]

    def _pick(self) -> str:
        infohash = self._random.choice(list(self._books))
        self._await_book(infohash)
        return infohash

    def _add(self, *, is_complete: bool | None = None) -> None:
        self._made += 1
        name = f"book{self._made:04}.m4b"
        torrent = make_torrent({name: name.encode() * 50})
        complete = self._random.random() < 0.3 if is_complete is None else is_complete
        book = Book(
            torrent=torrent,
            category=self._random.choice(CATEGORIES),
            is_stopped=self._random.random() < 0.8,
            is_complete=complete,
        )
        if complete:
            self._write(torrent)
        self._books[torrent.infohash] = book
        self._hand_over(book)

    def _hand_over(self, book: Book) -> None:
        if self._session is None:
            self._session = self._server.login()
            self._rid = 0
        stopped, complete = str(book.is_stopped).lower(), str(book.is_complete).lower()
        self._session.add_file(
            book.torrent.data,
            category=book.category,
            paused=stopped,
            stopped=stopped,
            skip_checking=complete,
            rename=f'{book.torrent.name} "}},{{" \\ \N{SNOWMAN}',
            seedMode=complete,
        )

    def _write(self, torrent: MadeTorrent) -> None:
        for path, content in torrent.content.items():
            file = self._server.downloads / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def _remove(self) -> None:
        infohash = self._pick()
        del self._books[infohash]
        self._call("torrents/delete", hashes=infohash, deleteFiles="true")

    def _add_again(self) -> None:
        """Remove a book and add it at once, as somebody does who wants it elsewhere."""
        infohash = self._pick()
        book = self._books[infohash]
        self._call("torrents/delete", hashes=infohash, deleteFiles="false")
        book.category = self._random.choice(CATEGORIES)
        self._until(lambda: [f"{key} is to go" for key in self._listing(infohash)])
        self.added_again.add(infohash)

        def what_is_missing() -> list[str]:
            # It is refused for as long as the old one is not quite gone.
            with suppress(QBittorrentError):
                self._hand_over(book)
            return [] if self._listing(infohash) else [f"{infohash} is to come back"]

        self._until(what_is_missing)

    def _recategorise(self) -> None:
        infohash = self._pick()
        self.recategorised.add(infohash)
        category = self._random.choice(CATEGORIES)
        if category and category not in self.categories():
            self._call("torrents/createCategory", category=category, savePath="")
        self._call("torrents/setCategory", hashes=infohash, category=category)
        self._books[infohash].category = category

    def _drop_category(self) -> None:
        films = [key for key, book in self._books.items() if book.category == "films"]
        for infohash in films:
            self._await_book(infohash)
        self._call("torrents/removeCategories", categories="films")
        for infohash in films:
            self._books[infohash].category = ""

    def _start_or_stop(self) -> None:
        infohash = self._pick()
        book = self._books[infohash]
        book.is_stopped = not book.is_stopped
        old = self._server.generation < "5"
        words = ("pause", "resume") if old else ("stop", "start")
        self._call(f"torrents/{words[not book.is_stopped]}", hashes=infohash)


def _seen(record: Record | None) -> str:
    return "there" if record is None else f"{record['state']} in {record['category']!r}"


def _essence(record: Record) -> Record:
    return {name: record.get(name) for name in _FIELDS}
