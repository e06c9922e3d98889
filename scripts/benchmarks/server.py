"""A real qBittorrent with many torrents, and what it costs."""

from collections.abc import Iterator
from contextlib import contextmanager
import gzip
from http.cookiejar import CookieJar
import json
from pathlib import Path
import time
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import psutil

from scripts.benchmarks.home import CATEGORY
from scripts.benchmarks.magnets import infohash, magnet
from scripts.lab.qbittorrent import QBittorrentServer

# As many as a request holds, so that its answer does not take seconds.
_BATCH = 1000
_PATIENCE_SECONDS = 60.0
# What tests set is quicker, and costs the server more than in real life: these are its defaults.
_REAL_LIFE = {"BitTorrent": {"Session\\RefreshInterval": "1500"}}
# Quiet is who needs less than this share of a processor.
_QUIET = 0.05
_QUIET_SECONDS = 0.25


@contextmanager
def running(generation: str, folder: Path) -> Iterator[QBittorrentServer]:
    """Run a server without torrents; it is killed in the end, as it saves thousands for long."""
    server = QBittorrentServer(generation, folder, extra_preferences=_REAL_LIFE)
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Crowd:
    """The torrents of a server, stopped and in our category; it grows and changes at will."""

    def __init__(self, server: QBittorrentServer) -> None:
        """Begin without any."""
        self.size = 0
        self._api = server.login()
        self._process = psutil.Process(server.pid)
        # What has been changed an odd number of times, by how much.
        self._changed: set[int] = set()

    @property
    def cpu(self) -> float:
        """Return the CPU seconds that the server has used."""
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def grow(self, size: int) -> None:
        """Add torrents until there are so many, and wait until the server is quiet."""
        for start in range(self.size, size, _BATCH):
            numbers = range(start, min(size, start + _BATCH))
            form = {
                "urls": "\n".join(map(magnet, numbers)),
                "category": CATEGORY,
                "paused": "true",
                "stopped": "true",
            }
            self._api.call("torrents/add", form)
        self.size = size
        deadline = time.monotonic() + _PATIENCE_SECONDS
        # The last one is listed last.
        while not json.loads(self._api.call(f"torrents/info?hashes={infohash(size - 1)}")):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{size} torrents were not taken")
            time.sleep(0.05)
        self.calm_down()

    def change(self, number: int) -> None:
        """Change so many torrents: their tags, and the category of the newest one.

        The figures of our category change by that, too.
        """
        hashes = "all" if number >= self.size else "|".join(map(infohash, range(number)))
        self._changed ^= {number}
        tags = {"hashes": hashes, "tags": f"changed {number}"}
        action = "addTags" if number in self._changed else "removeTags"
        self._api.call(f"torrents/{action}", tags)
        category = "" if len(self._changed) % 2 else CATEGORY
        self._api.call(
            "torrents/setCategory", {"hashes": infohash(self.size - 1), "category": category}
        )

    def calm_down(self, seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until the server has written what has changed, but not for ever."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            before = self.cpu
            time.sleep(_QUIET_SECONDS)
            if self.cpu - before <= _QUIET * _QUIET_SECONDS:
                break


class Scales:
    """Weighs the answers to polls as they go over the wire, with a session of its own."""

    def __init__(self, server: QBittorrentServer) -> None:
        """Log in."""
        self._base = f"{server.url}/api/v2"
        self._rid = 0
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        form = {"username": server.username, "password": server.password}
        with self._opener.open(f"{self._base}/auth/login", urlencode(form).encode()):
            pass
        # As both clients send it.
        self._opener.addheaders = [("Accept-Encoding", "gzip, deflate")]

    def weigh(self, *, full: bool = False) -> int:
        """Return the bytes of what has changed since this was last asked, or of everything."""
        path = f"{self._base}/sync/maindata?rid={0 if full else self._rid}"
        with self._opener.open(path) as answer:
            body = answer.read()
            size = len(body) + len(str(answer.headers))
            is_packed = answer.headers.get("Content-Encoding") == "gzip"
        self._rid = json.loads(gzip.decompress(body) if is_packed else body)["rid"]
        return size
