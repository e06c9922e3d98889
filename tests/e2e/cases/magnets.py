"""Magnets: every spelling, and those of torrents that are known by another of their hashes."""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.lab.torrents import MadeTorrent, MagnetKind, TorrentKind, make_torrent
from tests.e2e.verdicts import Truth

from .bench import Case, Column, Plan, ids

GROUP = "magnet"
_TRACKER = "udp://127.0.0.1:9/announce"


@dataclass(frozen=True, kw_only=True, slots=True)
class MagnetLink:
    """A magnet, written of a torrent of some kind; `twice` names another one, too.

    A `known` torrent has been added as a file before.
    """

    right: str = "added"
    kind: TorrentKind = TorrentKind.V1
    write: Callable[[MadeTorrent], str] = lambda made: made.magnet(trackers=[_TRACKER])
    known: bool = False
    warning: str = ""
    twice: bool = False

    async def __call__(self, column: Column) -> Plan:
        """Prepare a column."""
        made = column.made(self.kind)
        if self.known:
            await column.place.has(made)
        link, infohashes = self.write(made), ids(made)
        if self.twice:
            # Which of the two is taken is qBittorrent's choice.
            other = make_torrent({f"not {made.name}": b"x"})
            link += f"&xt=urn:btih:{other.infohash_v1}"
            infohashes += ids(other)
        fields = {"config_entry_id": column.place.entries["plain"], "link": link}
        truth = Truth(verdicts=(self.right,), ids=infohashes, warning=self.warning)
        return Plan(fields=fields, truth=truth)


def written(kind: MagnetKind) -> Callable[[MadeTorrent], str]:
    """Return what writes magnets of a kind."""
    return lambda made: made.magnet(kind=kind, trackers=[_TRACKER])


HYBRID = TorrentKind.HYBRID
CASES = [
    Case(name=name, plan=plan)
    for name, plan in {
        "hex": MagnetLink(),
        "hex, in capitals": MagnetLink(
            write=lambda made: made.magnet(upper=True, trackers=[_TRACKER])
        ),
        "MAGNET: in capitals": MagnetLink(
            write=lambda made: made.magnet(trackers=[_TRACKER]).replace("magnet:", "MAGNET:")
        ),
        "base32": MagnetLink(write=written(MagnetKind.BASE32)),
        "v2 (btmh)": MagnetLink(kind=TorrentKind.V2, write=written(MagnetKind.V2)),
        "hybrid": MagnetLink(kind=HYBRID),
        "hybrid, v1 alone": MagnetLink(kind=HYBRID, write=written(MagnetKind.V1)),
        "hybrid, v2 alone": MagnetLink(kind=HYBRID, write=written(MagnetKind.V2)),
        "two infohashes": MagnetLink(twice=True),
        "no tracker, DHT off": MagnetLink(
            write=lambda made: made.magnet(), warning="names no tracker"
        ),
        "known already": MagnetLink(right="already_present", known=True),
        "known already, base32": MagnetLink(
            right="already_present", known=True, write=written(MagnetKind.BASE32)
        ),
        "known already as a hybrid, v1 alone": MagnetLink(
            right="already_present", kind=HYBRID, known=True, write=written(MagnetKind.V1)
        ),
        "known already as a hybrid, v2 alone": MagnetLink(
            right="already_present", kind=HYBRID, known=True, write=written(MagnetKind.V2)
        ),
        "no infohash": MagnetLink(
            right="invalid_magnet", write=lambda made: f"magnet:?dn={made.name}"
        ),
        "a damaged infohash": MagnetLink(
            right="invalid_magnet",
            write=lambda made: made.magnet().replace("btih:", "btih:z"),
        ),
        "an infohash of another kind": MagnetLink(
            right="invalid_magnet",
            write=lambda made: made.magnet().replace("urn:btih:", "urn:sha1:"),
        ),
    }.items()
]
