"""A proxy before a real qBittorrent: it records what is asked, and loses answers when told to."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import ClientSession, web
from yarl import URL

_API = "/api/v2/"
# What belongs to one connection only.
_HOP_BY_HOP = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})


class Proxy:
    """Hands requests on byte for byte; `requests` holds method, endpoint and Cookie header."""

    def __init__(self, session: ClientSession, server: str) -> None:
        """Take the server's address; with `keeps_host` it sees the proxy's own in the header."""
        self._session = session
        self._server = server
        self.keeps_host = False
        self.calls: list[str] = []
        self.cookies: list[str] = []
        self.bodies: dict[str, bytes] = {}
        self._lost: set[str] = set()
        self._before: dict[str, Callable[[], Awaitable[object]]] = {}

    def count(self, endpoint: str) -> int:
        """Return how often an endpoint was called."""
        return Counter(self.calls)[endpoint]

    @contextmanager
    def losing(self, endpoint: str) -> Iterator[None]:
        """Let requests to an endpoint through, but not their answers."""
        self._lost.add(endpoint)
        yield
        self._lost.discard(endpoint)

    def before(self, endpoint: str, action: Callable[[], Awaitable[object]]) -> None:
        """Have something done before requests to an endpoint are handed on."""
        self._before[endpoint] = action

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request with the server's answer."""
        endpoint = request.path.partition(_API)[2]
        body = await request.read()
        self.calls.append(endpoint)
        self.cookies.append(request.headers.get("Cookie", ""))
        self.bodies[endpoint] = body
        if action := self._before.get(endpoint):
            await action()
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _HOP_BY_HOP
        }
        if self.keeps_host:
            headers["Host"] = request.headers["Host"]
        url = URL(self._server + request.raw_path, encoded=True)
        async with self._session.request(
            request.method, url, data=body or None, headers=headers, allow_redirects=False
        ) as answer:
            response = web.Response(status=answer.status, body=await answer.read())
            for name in ("Set-Cookie", "Content-Type"):
                for value in answer.headers.getall(name, ()):
                    response.headers.add(name, value)
        if endpoint in self._lost and request.transport is not None:
            request.transport.close()
        return response
