"""Jackett's links: what they lead to, and who cannot reach Jackett."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from scripts.lab.jackett_model import Download, failed, page, redirect, torrent_file
from scripts.lab.torrents import MadeTorrent
from tests.e2e.verdicts import Truth

from .bench import Case, Column, Plan, Right, ids, link_of, offer

GROUP = "link"

type Answer = Callable[[MadeTorrent], Download]

_MIB = 1024 * 1024
_OLD_KEY = "0123456789abcdefghijklmnopqrstuv"


@dataclass(frozen=True, kw_only=True, slots=True)
class JackettLink:
    """A link of Jackett: by a search, or pasted in the form for somebody at the address `base`.

    `entry` names the Jackett and how it was set up. `known` torrents are there before, and `told`
    ones have their infohash in the search's results.
    """

    right: Right
    answer: Answer = torrent_file
    entry: str = "plain"
    base: str = ""
    api_key: str = ""
    about: str = ""
    known: bool = False
    told: bool = False
    padding: int = 0

    async def __call__(self, column: Column) -> Plan:
        """Prepare a column."""
        place = column.place
        stand_in = place.jacketts[self.entry]
        made = column.made(extra={"padding": "y" * self.padding} if self.padding else None)
        told = made.infohash_v1 if self.told else None
        download = self.answer(made)
        release = offer(stand_in, column.word, download, about=self.about, hash_text=told)
        if self.known:
            await place.has(made)
        fields: dict[str, object] = {"config_entry_id": place.entries[self.entry]}
        if self.base:
            base = self.base.format(url=stand_in.url, port=stand_in.port)
            link = link_of(stand_in, release, base)
            fields["link"] = link.replace(stand_in.api_key, self.api_key or stand_in.api_key)
        else:
            fields["result_id"] = await column.search(self.entry)
        return Plan(fields=fields, truth=Truth(verdicts=column.right(self.right), ids=ids(made)))


def to_magnet(made: MadeTorrent) -> Download:
    """Redirect to the torrent's magnet."""
    return redirect(made.magnet())


def truncated(made: MadeTorrent) -> Download:
    """Answer with the front of the file as if it were all."""
    return torrent_file(made.data[:-40])


def stalled(made: MadeTorrent) -> Download:
    """Fall silent within the file."""
    return Download(body=made.data, stall_after=40)


def cut(made: MadeTorrent) -> Download:
    """Close the connection within the file."""
    return Download(body=made.data, cut_after=40)


def always(download: Download) -> Answer:
    """Answer so, whatever the torrent is."""
    return lambda _: download


PASTED = "{url}"
ADDED = "added"
# Home Assistant opens the link, qBittorrent cannot.
NOT_BY_QBITTORRENT = {"": ADDED, "link": "link_unreachable"}

CASES = [
    Case(name=name, plan=plan)
    for name, plan in {
        # What works.
        "good": JackettLink(right=ADDED),
        "good, pasted": JackettLink(right=ADDED, base=PASTED),
        "leads to a magnet": JackettLink(right=ADDED, answer=to_magnet),
        "leads to a magnet, pasted": JackettLink(right=ADDED, answer=to_magnet, base=PASTED),
        "to a magnet by two hops": JackettLink(
            right=ADDED, answer=lambda made: replace(to_magnet(made), hops=1)
        ),
        "to a magnet by a relative hop": JackettLink(
            right=ADDED, answer=lambda made: replace(to_magnet(made), hops=1, hop_relative=True)
        ),
        "to a magnet by 307": JackettLink(
            right=ADDED,
            answer=lambda made: replace(to_magnet(made), status=307, hops=1, hop_status=307),
        ),
        "to a MAGNET: in capitals": JackettLink(
            right=ADDED, answer=lambda made: redirect(made.magnet().replace("magnet", "MAGNET"))
        ),
        "to a file by ten hops": JackettLink(
            right=ADDED, answer=lambda made: replace(torrent_file(made), hops=10)
        ),
        "the title says localhost": JackettLink(
            right=ADDED, about="http://localhost:9117/ 127.0.0.1"
        ),
        "takes 20 s": JackettLink(
            right=ADDED, answer=lambda made: replace(torrent_file(made), delay=20)
        ),
        "base path": JackettLink(right=ADDED, entry="base path"),
        "base path, pasted": JackettLink(right=ADDED, entry="base path", base=PASTED),
        "base path, none for qBittorrent": JackettLink(right=ADDED, entry="half a base path"),
        # 4.5 takes any certificate.
        "https, self-signed": JackettLink(
            right={
                "": ADDED,
                "link": "link_unreachable",
                "4.5 link": ADDED,
            },
            entry="https",
        ),
        "more than 10 MiB": JackettLink(
            right={"": ADDED, "file": "link_too_large"}, padding=11 * _MIB
        ),
        "known already": JackettLink(right="already_present", known=True),
        "known already, infohash told": JackettLink(right="already_present", known=True, told=True),
        # What Jackett does not give; what takes longest is begun first.
        # 4.5 does not say that it gave up, and Home Assistant sees no end of it either.
        "stalls half-way": JackettLink(
            right={"": "link_gone", "4.5 link": "not_seen"}, answer=stalled
        ),
        "401": JackettLink(right="jackett_auth", answer=always(failed(401))),
        "old API key, pasted": JackettLink(right="jackett_auth", base=PASTED, api_key=_OLD_KEY),
        "404": JackettLink(right="link_gone", answer=always(failed(404))),
        "500": JackettLink(right="jackett_failed", answer=always(failed(500))),
        "a web page": JackettLink(right="link_not_torrent", answer=always(page())),
        "nothing": JackettLink(right="link_not_torrent", answer=always(Download())),
        "a truncated file": JackettLink(right="link_not_torrent", answer=truncated),
        "to a magnet without infohash": JackettLink(
            right="link_not_torrent", answer=always(redirect("magnet:?dn=nothing"))
        ),
        "to ftp": JackettLink(
            right="link_not_torrent", answer=always(redirect("ftp://127.0.0.1/a.torrent"))
        ),
        "redirects on and on": JackettLink(
            right="link_redirect_loop", answer=always(Download(hops=None))
        ),
        # 4.5 does not say that it was too much; Home Assistant stops at a tenth of it.
        "more than 100 MiB": JackettLink(
            right={"": "link_too_large", "4.5 auto": "not_seen", "4.5 link": "not_seen"},
            answer=always(Download(total=101 * _MIB)),
        ),
        "closed half-way": JackettLink(right="link_gone", answer=cut),
        # Who does not reach Jackett.
        "refused for qBittorrent": JackettLink(right=NOT_BY_QBITTORRENT, entry="refused there"),
        "unknown host for qBittorrent": JackettLink(
            right=NOT_BY_QBITTORRENT, entry="unknown there"
        ),
        "refused for Home Assistant, pasted": JackettLink(
            right={"": ADDED, "file": "jackett_unreachable"}, entry="refused here", base=PASTED
        ),
        "refused for both, pasted": JackettLink(
            right={"": "jackett_unreachable", "link": "link_unreachable"},
            entry="refused everywhere",
            base=PASTED,
        ),
    }.items()
]
