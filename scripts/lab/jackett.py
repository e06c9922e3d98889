"""A stand-in for Jackett on real sockets, faithful in what clients can see."""

import argparse
import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import re
import ssl
import time
from types import TracebackType
from typing import Self, Unpack
from urllib.parse import quote

from aiohttp import web

from scripts.lab import catalogue, jackett_replies
from scripts.lab.jackett_api import JackettApi, JackettSettings
from scripts.lab.jackett_model import Indexer
from scripts.lab.jackett_query import InternalError
from scripts.lab.web_seed import WebSeed

_COOKIE_ROUTES = re.compile(
    r"/api/v2\.0/(?:indexers(?:/cache|/[^/]+/(?:config|test))?|server/(?:config|logs))",
    re.IGNORECASE,
)
_API_ROUTES = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "torznab": r"/api/v2\.0/indexers/([^/]+)/results/torznab(?:/.*)?",
        "legacy": r"/torznab/([\w-]*)(?:/.*)?",
        "results": r"/api/v2\.0/indexers/([^/]+)/results/?",
        "download": r"/dl/([^/]+)/?",
        "image": r"/img/([^/]+)/?",
    }.items()
}
_HOP = re.compile(r"/hop/([^/]+)/([^/]+)/(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request as it arrived; `target` is path and query byte for byte."""

    method: str
    target: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    peer: str
    moment: float


class JackettStandIn(JackettApi):
    """A Jackett that listens, records its requests, and serves torrent content as a web seed.

    As a context manager it listens on a free port of loopback.
    """

    def __init__(
        self, indexers: Iterable[Indexer] = (), **settings: Unpack[JackettSettings]
    ) -> None:
        """Prepare; with `admin_password` set, the login page asks for one."""
        super().__init__(indexers, **settings)
        self.admin_password = False
        self.hosts: list[str] = []
        self.port = 0
        self.requests: list[RecordedRequest] = []
        self.seed = WebSeed()
        self._arrived = asyncio.Condition()
        self._answering: set[asyncio.Task[object]] = set()
        self._runner: web.AppRunner | None = None
        self._ssl: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        """Its address as a user would enter it."""
        return self.url_at(self.hosts[0])

    def url_at(self, host: str) -> str:
        """Write its address at one of its hosts."""
        return f"{self._origin(host)}{self.base_path}"

    @property
    def seed_url(self) -> str:
        """Where its web seed is; a torrent's paths go below."""
        return self.seed_url_at(self.hosts[0])

    def seed_url_at(self, host: str) -> str:
        """Write the address of its web seed at one of its hosts."""
        return f"{self._origin(host)}/seed/"

    async def start(
        self,
        host: str | Sequence[str] = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Listen on one port of all hosts; 0 chooses one."""
        self._ssl = ssl_context
        self.hosts = []
        self.port = port
        # Made anew because it belongs to one event loop.
        self._arrived = asyncio.Condition()
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        for name in [host] if isinstance(host, str) else host:
            await self.listen(name)

    async def listen(self, host: str) -> None:
        """Listen on one more host, for example the host's end of a namespace's link."""
        if self._runner is None:
            raise RuntimeError("start it first")
        await web.TCPSite(self._runner, host, self.port, ssl_context=self._ssl).start()
        self.hosts.append(host)
        self.port = self.port or self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening, and drop what is under way."""
        # The web server forgets handlers whose client has left; a stalled one would stay.
        answering = list(self._answering)
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)
        await self.searcher.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def restart(self) -> None:
        """Stop and listen again at the same addresses: the cache is gone, links are intact."""
        await self.stop()
        self.clear_cache()
        await self.start(self.hosts, self.port, self._ssl)

    async def __aenter__(self) -> Self:
        """Start on loopback, unless it runs already."""
        if self._runner is None:
            await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        await self.stop()

    def requested(self, prefix: str = "/") -> list[RecordedRequest]:
        """List the requests so far whose path, without base path, begins so."""
        return [one for one in self.requests if self._inner(one.path).startswith(prefix)]

    async def wait_for(self, prefix: str, number: int = 1) -> RecordedRequest:
        """Wait until that many such requests have arrived, and return the last of them."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requested(prefix)) >= number)
        return self.requested(prefix)[number - 1]

    def _origin(self, host: str) -> str:
        return f"{'https' if self._ssl else 'http'}://{host}:{self.port}"

    def _inner(self, path: str) -> str:
        """Take off the base path; requests without it are fine too."""
        base = self.base_path
        return path[len(base) :] if path.lower().startswith(f"{base.lower()}/") else path

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if task := asyncio.current_task():
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        async with self._arrived:
            self.requests.append(_recorded(request))
            self._arrived.notify_all()
        try:
            response = await self._route(request, self._inner(request.path))
        except InternalError as error:
            body = {"result": "error", "error": str(error), "stacktrace": "   at Jackett.Server"}
            response = jackett_replies.json(body, status=500)
        if isinstance(response, web.Response):
            jackett_replies.finish(request, response)
        return response

    async def _route(self, request: web.Request, path: str) -> web.StreamResponse:
        for name, pattern in _API_ROUTES.items():
            if match := pattern.fullmatch(path):
                if request.method != "GET":
                    return web.Response(status=405, headers={"Allow": "GET"})
                response = await self._answer(request, name, match[1])
                if not response.prepared:
                    response.headers["Cache-Control"] = "no-store,no-cache"
                    response.headers["Pragma"] = "no-cache"
                return response
        if hop := _HOP.fullmatch(path):
            return await self.hop(request, hop[1], hop[2], int(hop[3]))
        if path.startswith("/seed/"):
            return await self.seed.answer(request, path.removeprefix("/seed/"))
        return self._page(request, path)

    async def _answer(self, request: web.Request, route: str, name: str) -> web.StreamResponse:
        match route:
            case "results":
                return await self.results(request, name)
            case "download":
                return await self.download(request, name)
            case "image":
                return self.image(request)
            case _:
                return await self.torznab(request, name)

    def _page(self, request: web.Request, path: str) -> web.Response:
        if path.lower() == "/health" and request.method in ("GET", "HEAD"):
            return jackett_replies.json({"status": "OK"})
        if path.lower() in ("/", "/index.html"):
            return web.Response(status=301, headers={"Location": f"{self.base_path}/UI/Dashboard"})
        if path.lower().startswith("/ui/"):
            return jackett_replies.login(
                request, path[4:].lower(), with_password=self.admin_password
            )
        if _COOKIE_ROUTES.fullmatch(path):
            login = f"{request.scheme}://{request.host}{self.base_path}/UI/Login"
            headers = {"Location": f"{login}?ReturnUrl={quote(path, safe='')}"}
            background = request.headers.get("X-Requested-With") == "XMLHttpRequest"
            return web.Response(status=401 if background else 302, headers=headers)
        return web.Response(status=404)


def _recorded(request: web.Request) -> RecordedRequest:
    return RecordedRequest(
        method=request.method,
        target=request.raw_path,
        path=request.path,
        query=dict(request.query),
        headers=dict(request.headers),
        peer=request.remote or "",
        moment=time.monotonic(),
    )


async def _serve(host: str, port: int) -> None:
    jackett = JackettStandIn()
    await jackett.start(host, port)
    jackett.add(*catalogue.indexers(jackett.seed_url))
    jackett.seed.add(catalogue.everything())
    print(f"{jackett.url} API key {jackett.api_key}", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve the catalogue until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9117)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.host, arguments.port))


if __name__ == "__main__":
    main()
