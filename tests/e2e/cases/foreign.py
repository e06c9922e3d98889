"""Links that are not Jackett's: qBittorrent opens them, and Home Assistant only when told to."""

from dataclasses import dataclass

from aiohttp import web

from scripts.lab import jackett_downloads
from scripts.lab.jackett_model import Download, failed, page, redirect, torrent_file
from tests.e2e.verdicts import Truth

from .bench import Case, Column, Plan, Right, ids, offer
from .links import ADDED, Answer, always, to_magnet

GROUP = "other site"
_MIB = 1024 * 1024
# The word, where a search for it would find it.
_LOCALHOST = "?u=http%3A%2F%2Flocalhost%3A9117/dl/x/&h=127.0.0.1:9117&passkey=localhost"


class Tracker:
    """A site that is particular about its links: path and query have to be as they were given."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._downloads: dict[str, Download] = {}
        self._runner: web.AppRunner | None = None
        self.port = 0

    def publish(self, target: str, download: Download) -> None:
        """Serve this at a path with query."""
        self._downloads[target] = download

    async def listen(self, host: str) -> None:
        """Listen at a host; at one port for all."""
        if self._runner is None:
            app = web.Application()
            app.router.add_route("*", "/{tail:.*}", self._answer)
            self._runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None)
            await self._runner.setup()
        await web.TCPSite(self._runner, host, self.port).start()
        self.port = self.port or self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        download = self._downloads.get(request.raw_path, Download(status=404))
        return await jackett_downloads.serve(
            request, download, title="", hop=0, hop_url=lambda _: request.path
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignLink:
    """A pasted link to a site; `at` names it by who reaches it. `known` torrents are there."""

    tracker: Tracker
    right: Right
    answer: Answer = torrent_file
    at: str = "both"
    query: str = ""
    known: bool = False
    padding: int = 0
    by_jackett: bool = False

    async def __call__(self, column: Column) -> Plan:
        """Prepare a column."""
        place = column.place
        made = column.made(extra={"padding": "y" * self.padding} if self.padding else None)
        target = f"/{column.word}.torrent{self.query}"
        self.tracker.publish(target, self.answer(made))
        if self.at == "qBittorrent" and place.folder is not None:
            (place.folder / f"{column.word}.torrent").write_bytes(made.data)
        link = f"{place.sites[self.at]}{target}"
        fields: dict[str, object] = {"config_entry_id": place.entries["localhost"], "link": link}
        if self.by_jackett:
            offer(place.jacketts["localhost"], column.word, redirect(link))
            fields["result_id"] = await column.search("localhost")
            del fields["link"]
        if self.known:
            await place.has(made)
        return Plan(fields=fields, truth=Truth(verdicts=column.right(self.right), ids=ids(made)))


def cases(tracker: Tracker) -> list[Case]:
    """Return the cases.

    What became of a link that 4.5 could not use, nobody can tell: it says nothing of it, and Home
    Assistant does not open links of others by itself.
    """
    unreachable = {"": "foreign_link_unreachable", "4.5": "not_seen", "file": "link_not_opened"}
    links = {
        "good": ForeignLink(tracker=tracker, right=ADDED),
        "the query says localhost": ForeignLink(tracker=tracker, right=ADDED, query=_LOCALHOST),
        "leads to a magnet": ForeignLink(tracker=tracker, right=ADDED, answer=to_magnet),
        "Jackett sends on to it": ForeignLink(tracker=tracker, right=ADDED, by_jackett=True),
        "beside Jackett, by localhost": ForeignLink(
            tracker=tracker, right={"": ADDED, "file": "link_not_allowed"}, at="localhost"
        ),
        "only qBittorrent reaches it": ForeignLink(
            tracker=tracker, right={"": ADDED, "file": "link_not_opened"}, at="qBittorrent"
        ),
        "only Home Assistant reaches it": ForeignLink(
            tracker=tracker, right=unreachable | {"file": ADDED}, at="Home Assistant"
        ),
        "more than 10 MiB": ForeignLink(
            tracker=tracker, right={"": ADDED, "file": "link_too_large"}, padding=11 * _MIB
        ),
        "known already": ForeignLink(
            tracker=tracker,
            right={"": "already_present", "4.5 auto": "not_seen", "4.5 link": "not_seen"},
            known=True,
        ),
        "404": ForeignLink(
            tracker=tracker,
            right={"": "link_gone", "4.5": "not_seen", "file": "link_gone"},
            answer=always(failed(404)),
        ),
        # 5.x calls it an unknown error, and no more can be known.
        "500": ForeignLink(
            tracker=tracker,
            right=unreachable | {"file": "link_gone"},
            answer=always(Download(status=500)),
        ),
        "a web page": ForeignLink(
            tracker=tracker,
            right={"": "link_not_torrent", "4.5": "not_seen", "file": "link_not_torrent"},
            answer=always(page()),
        ),
        "redirects on and on": ForeignLink(
            tracker=tracker,
            right={"": "link_redirect_loop", "4.5": "not_seen", "file": "link_redirect_loop"},
            answer=always(Download(hops=None)),
        ),
        "refused": ForeignLink(tracker=tracker, right=unreachable, at="nobody"),
        "unknown host": ForeignLink(tracker=tracker, right=unreachable, at="nowhere"),
    }
    return [Case(name=name, plan=plan) for name, plan in links.items()]
