"""Jackett's links as they are written for others: qBittorrent's localhost is its own."""

import asyncio
from dataclasses import replace
from itertools import count

from scripts.lab.jackett_model import Download, torrent_file
from scripts.lab.torrents import MadeTorrent

from .bench import Case
from .links import ADDED, NOT_BY_QBITTORRENT, JackettLink

GROUP = "localhost"
HOSTS = ("localhost", "127.0.0.1", "[::1]", "0.0.0.0", "host.docker.internal")


def slow_at_first(made: MadeTorrent) -> Download:
    """Answer the first slowly, and whoever asks after him at once."""
    asked = count()

    async def gate() -> None:
        if next(asked) == 0:
            await asyncio.sleep(1)

    return replace(torrent_file(made), gate=gate)


CASES = [
    *(
        Case(name=f"a result says {host}", plan=JackettLink(right=ADDED, entry=host))
        for host in HOSTS
    ),
    *(
        Case(
            name=f"pasted, says {host}",
            plan=JackettLink(right=ADDED, entry="localhost", base=f"http://{host}:{{port}}"),
        )
        for host in HOSTS
    ),
    Case(
        name="qBittorrent is told localhost",
        plan=JackettLink(right=NOT_BY_QBITTORRENT, entry="told localhost"),
    ),
    # qBittorrent's log has a word on the certificate long before the torrent is there.
    Case(
        name="https, qBittorrent takes any certificate",
        plan=JackettLink(
            right=ADDED,
            entry="https",
            answer=slow_at_first,
        ),
    ),
]
