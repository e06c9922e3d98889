"""qBittorrent as versions answer that cannot be had: 4.1, 4.6, 5.0 and 5.2."""

from dataclasses import dataclass, field
from json import dumps

from aiohttp import web

from custom_components.auralarchive.engine.errors import InvalidMagnetError, InvalidTorrentFileError
from custom_components.auralarchive.engine.torrent import parse_magnet, read_torrent

type Fields = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Version:
    """What tells a version from others."""

    app: str
    api: str
    # What later versions answer: 5.2 has counts in JSON, and 204 and 401 at the login.
    speaks_json: bool = False
    stop: str = "pause"
    start: str = "resume"
    stopped: str = "paused"
    # Fields and endpoints that came later.
    tags: bool = True
    tags_at_add: bool = True
    hashes: bool = True


VERSIONS = {
    "4.1": Version(app="v4.1.9", api="2.2.1", tags=False, tags_at_add=False, hashes=False),
    "4.2": Version(app="v4.2.5", api="2.5.1", tags_at_add=False, hashes=False),
    "4.6": Version(app="v4.6.7", api="2.9.3"),
    "5.0": Version(app="v5.0.5", api="2.11.2", stop="stop", start="start", stopped="stopped"),
    "5.2": Version(
        app="v5.2.0",
        api="2.13.1",
        speaks_json=True,
        stop="stop",
        start="start",
        stopped="stopped",
    ),
}


@dataclass(kw_only=True)
class FakeQbittorrent:
    """One server without a single torrent in the beginning; `calls` are endpoint and fields."""

    version: Version
    refuses: bool = False
    torrents: dict[str, Fields] = field(default_factory=dict)
    categories: dict[str, Fields] = field(default_factory=dict)
    calls: list[tuple[str, Fields]] = field(default_factory=list)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        endpoint = request.path.partition("/api/v2/")[2]
        fields = dict(request.query)
        file = b""
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                file = value.file.read()
            else:
                fields[name] = value if isinstance(value, str) else ""
        self.calls.append((endpoint, fields))
        if endpoint == "auth/login":
            return self._login(fields)
        if request.headers.get("Cookie") != self._cookie:
            return web.Response(status=403, text="Forbidden")
        return self._answer(endpoint, fields, file)

    @property
    def _cookie(self) -> str:
        return "QBT_SID_8080=a+b/c" if self.version.speaks_json else "SID=a+b/c"

    def _login(self, fields: Fields) -> web.Response:
        right = fields == {"username": "admin", "password": "correct horse"}
        if self.version.speaks_json:
            response = web.Response(status=204 if right else 401)
        else:
            response = web.Response(text="Ok." if right else "Fails.")
        if right:
            response.headers["Set-Cookie"] = f"{self._cookie}; path=/; HttpOnly"
        return response

    def _answer(self, endpoint: str, fields: Fields, file: bytes) -> web.Response:
        if endpoint == "torrents/add":
            return self._add(fields, file)
        told: dict[str, str | object] = {
            "app/version": self.version.app,
            "app/webapiVersion": self.version.api,
            "app/preferences": {"dht": True},
            "log/main": [],
            "torrents/info": self._listed(fields),
            "torrents/categories": self.categories,
        }
        if endpoint in told:
            answer = told[endpoint]
            return web.Response(text=answer if isinstance(answer, str) else dumps(answer))
        return web.Response(status=200 if self._changes(endpoint, fields) else 404)

    def _changes(self, endpoint: str, fields: Fields) -> bool:
        """Change what is asked for; False where the version cannot."""
        match endpoint.removeprefix("torrents/"):
            case "createCategory":
                self.categories[fields["category"]] = {"savePath": fields.get("savePath", "")}
            case "setCategory":
                self.torrents[fields["hashes"]]["category"] = fields["category"]
            case "addTags" if self.version.tags:
                self.torrents[fields["hashes"]]["tags"] = fields["tags"]
            case name if name not in (self.version.stop, self.version.start):
                return False
        return True

    def _listed(self, fields: Fields) -> list[Fields]:
        wanted = fields.get("hashes", "|".join(self.torrents)).split("|")
        return [self.torrents[infohash] for infohash in wanted if infohash in self.torrents]

    def _add(self, fields: Fields, file: bytes) -> web.Response:
        try:
            hashes = (
                read_torrent(file).infohashes if file else parse_magnet(fields["urls"]).infohashes
            )
        except InvalidTorrentFileError:
            return web.Response(status=415, text="Error: 'a.torrent' is not a valid torrent file.")
        except InvalidMagnetError:
            return self._said(0)
        infohash = (hashes.v2 or hashes.v1 or "")[:40]
        if infohash in self.torrents or self.refuses:
            return self._said(0)
        is_stopped = fields.get(self.version.stopped) == "true"
        known = {"infohash_v1": hashes.v1 or "", "infohash_v2": hashes.v2 or ""}
        self.torrents[infohash] = {
            "hash": infohash,
            "name": "made",
            "state": f"{self.version.stopped}DL" if is_stopped else "stalledDL",
            "category": fields.get("category", ""),
            "tags": fields.get("tags", "") if self.version.tags_at_add else "",
            "save_path": fields.get("savepath", "/downloads"),
            **(known if self.version.hashes else {}),
        }
        return self._said(1)

    def _said(self, added: int) -> web.Response:
        if not self.version.speaks_json:
            return web.Response(text="Ok." if added else "Fails.")
        if not added:
            return web.Response(status=409, text="Conflict")
        counts = {"success_count": 1, "pending_count": 0, "failure_count": 0}
        return web.json_response({**counts, "added_torrent_ids": list(self.torrents)[-1:]})
