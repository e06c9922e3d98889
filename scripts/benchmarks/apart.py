"""Processes of their own beside the one that is measured: a Jackett, and an observer."""

from collections.abc import Iterator
from contextlib import contextmanager
import subprocess
import sys
from types import TracebackType
from typing import IO, Self

from scripts.lab.qbittorrent import QBittorrentServer
from scripts.provision.layout import REPOSITORY

_END_SECONDS = 5.0


class ApartError(Exception):
    """A process beside us has come to an end."""


class Apart:
    """A module that runs as a process of its own and is talked to in lines."""

    def __init__(self, module: str, *arguments: str) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"scripts.benchmarks.{module}", *arguments],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, line: str) -> None:
        """Send a line."""
        pipe = _pipe(self._process.stdin)
        pipe.write(f"{line}\n")
        pipe.flush()

    def hear(self) -> str:
        """Wait for a line."""
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise ApartError(f"{self._process.args!r} has ended")
        return line.strip()

    def __enter__(self) -> Self:
        """Let it run."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _pipe(pipe).close()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise ApartError("there is no pipe")
    return pipe


@contextmanager
def jackett(*scenario: str) -> Iterator[str]:
    """Run the stand-in of Jackett with a scenario, and give its address."""
    with Apart("jackett", *scenario) as process:
        yield process.hear()


class Observer(Apart):
    """Looks every 2 ms whether something has come about, and says when, on the monotonic clock."""

    def __init__(self, server: QBittorrentServer) -> None:
        """Log in to a server."""
        super().__init__(
            "observer", server.host, str(server.port), server.username, server.password
        )
        self.hear()

    def watch_for(self, infohash: str) -> None:
        """Look for a torrent from now on."""
        self.say(f"torrent {infohash}")
        self.hear()

    def watch_log_for(self, text: str) -> None:
        """Look for a line of the log, beginning with the next one."""
        self.say(f"log {text}")
        self.hear()

    def seen(self) -> float:
        """Wait until it is there, and return since when."""
        return float(self.hear())
