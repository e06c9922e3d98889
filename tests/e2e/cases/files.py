"""Torrent files: good ones, hostile ones, and paths that lead to none."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.lab.torrents import Bencodable, MadeTorrent, MagnetKind, TorrentKind, bencode
from tests.e2e.verdicts import Truth

from .bench import Case, Column, Plan, ids

GROUP = "file"
DEEP = 100_000
_MIB = 1024 * 1024
_INVALID = "invalid_torrent_file"

type Content = Callable[[MadeTorrent], bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenFile:
    """A file in a folder that is allowed.

    `known` is as what the torrent is known already. `sideways` has an `info` of its own in front of
    the torrent's, for parsers that take the first that they find.
    """

    folder: Path
    right: str = "added"
    kind: TorrentKind = TorrentKind.V1
    content: Content = lambda made: made.data
    known: Callable[[MadeTorrent], str] | None = None
    sideways: bool = False

    async def __call__(self, column: Column) -> Plan:
        """Prepare a column."""
        nested = {"comments": {"info": {"name": "trap"}}, "created": [{"info": "trap"}]}
        made = column.made(
            self.kind, extra=nested if self.sideways else None, sort_keys=not self.sideways
        )
        path = self.folder / f"{column.word}.torrent"
        path.write_bytes(self.content(made))
        if self.known is not None:
            await column.place.has_magnet(self.known(made))
        return _plan(column, path, self.right, ids(made))


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenPath:
    """A path at which there is no file that may be read."""

    path: Path
    right: str

    async def __call__(self, column: Column) -> Plan:
        """Prepare a column."""
        return _plan(column, self.path, self.right, ())


def _plan(column: Column, path: Path, right: str, known_by: tuple[str, ...]) -> Plan:
    fields = {"config_entry_id": column.place.entries["plain"], "torrent_file": str(path)}
    return Plan(fields=fields, truth=Truth(verdicts=(right,), ids=known_by))


def _always(data: bytes) -> Content:
    return lambda _: data


def _without_name(made: MadeTorrent) -> bytes:
    return made.data.replace(b"4:name", b"4:nome")


def cases(allowed: Path, forbidden: Path) -> list[Case]:
    """Return the cases; `forbidden` is a torrent file that must not be read."""
    v1, v2, hybrid = TorrentKind.V1, TorrentKind.V2, TorrentKind.HYBRID
    whole: dict[str, Bencodable] = {
        "info": {"name": "trap", "piece length": 16384, "length": 1, "pieces": bytes(20)}
    }
    files = {
        "v1": GivenFile(folder=allowed, kind=v1),
        "v2": GivenFile(folder=allowed, kind=v2),
        "hybrid": GivenFile(folder=allowed, kind=hybrid),
        "another info before the real one": GivenFile(folder=allowed, sideways=True),
        "known already": GivenFile(
            folder=allowed, right="already_present", known=lambda made: made.magnet()
        ),
        "hybrid, known already by its v1 magnet": GivenFile(
            folder=allowed,
            right="already_present",
            kind=hybrid,
            known=lambda made: made.magnet(kind=MagnetKind.V1),
        ),
        "hybrid, known already by its v2 magnet": GivenFile(
            folder=allowed,
            right="already_present",
            kind=hybrid,
            known=lambda made: made.magnet(kind=MagnetKind.V2),
        ),
        "garbage": GivenFile(folder=allowed, right=_INVALID, content=_always(b"\x00garbage" * 99)),
        "nothing": GivenFile(folder=allowed, right=_INVALID, content=_always(b"")),
        "a web page": GivenFile(folder=allowed, right=_INVALID, content=_always(b"<html></html>")),
        "truncated": GivenFile(
            folder=allowed, right=_INVALID, content=lambda made: made.data[:-40]
        ),
        "info only inside something else": GivenFile(
            folder=allowed, right=_INVALID, content=_always(bencode({"comments": whole}))
        ),
        "readable, and yet no torrent": GivenFile(
            folder=allowed, right=_INVALID, content=_without_name
        ),
        "100 000 lists in each other": GivenFile(
            folder=allowed, right=_INVALID, content=_always(b"d4:info" + b"l" * DEEP + b"e" * DEEP)
        ),
        "a string of 10^19 bytes": GivenFile(
            folder=allowed, right=_INVALID, content=_always(b"d4:info10000000000000000000:xe")
        ),
        "more than 10 MiB": GivenFile(
            folder=allowed, right=_INVALID, content=_always(b"d1:a" + b"x" * 11 * _MIB)
        ),
    }
    paths = {
        "not allowed": GivenPath(path=forbidden, right="torrent_file_not_allowed"),
        "missing": GivenPath(path=allowed / "missing.torrent", right=_INVALID),
        "a folder": GivenPath(path=allowed, right=_INVALID),
    }
    return [
        *(Case(name=name, plan=file) for name, file in files.items()),
        *(Case(name=name, plan=path) for name, path in paths.items()),
    ]
