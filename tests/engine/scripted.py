"""A qBittorrent that says what a test tells it to say, and remembers what it was asked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

type Record = dict[str, Any]


@dataclass(kw_only=True)
class Scripted:
    """`torrents` and `log` are what it lists; an endpoint in `failing` answers with that status."""

    torrents: list[Record] = field(default_factory=list)
    log: list[Record] = field(default_factory=list)
    failing: dict[str, int] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    after: dict[str, Callable[[], object]] = field(default_factory=dict)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        endpoint = request.path.partition("/api/v2/")[2]
        fields = {name: str(value) for name, value in (await request.post()).items()}
        fields |= request.query
        self.calls.append((endpoint, fields))
        response = self._answer(endpoint, fields)
        self.after.get(endpoint, lambda: None)()
        return response

    def called(self, endpoint: str) -> list[dict[str, str]]:
        """Return what an endpoint was called with."""
        return [fields for name, fields in self.calls if name == endpoint]

    def _answer(self, endpoint: str, fields: dict[str, str]) -> web.Response:
        if status := self.failing.get(endpoint):
            return web.Response(status=status)
        if endpoint == "torrents/info":
            return web.json_response(list(self._listed(fields)))
        if endpoint == "torrents/setCategory":
            for torrent in self.torrents:
                torrent["category"] = fields["category"]
        known = int(fields.get("last_known_id", -1))
        return web.json_response([line for line in self.log if line["id"] > known])

    def _listed(self, fields: dict[str, str]) -> Iterable[Record]:
        """Only the filter by hash is known, as in the oldest versions."""
        wanted = fields.get("hashes")
        for torrent in self.torrents:
            if wanted is None or torrent["hash"] in wanted.split("|"):
                yield torrent
