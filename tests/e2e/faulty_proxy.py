"""A proxy before a real qBittorrent that does to its answers what networks and proxies do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
import re

from scripts.lab.qbittorrent import QBittorrentServer

_HOST = "127.0.0.1"
_LENGTH = re.compile(rb"^content-length: *([0-9]+)", re.IGNORECASE | re.MULTILINE)
_COOKIE = re.compile(rb"^cookie: *([^\r]+)", re.IGNORECASE | re.MULTILINE)
_REQUEST = re.compile(rb"[A-Z]+ /api/v2/([^? ]+)")
_OK = re.compile(rb"HTTP/1\.[01] 200 ")
_LAZY_SECONDS = 0.03

type _Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Fault(StrEnum):
    """What may happen to a request."""

    DROPPED = "hung up on before the server heard of it"
    LOST = "done by the server, which is then cut off"
    RESET = "done by the server, and the connection is reset"
    TRUNCATED = "answered with less than was promised"
    CUT = "answered with a part as if it were all"
    FAILED = "500"
    BAD_GATEWAY = "502"
    FORBIDDEN = "403"
    PAGE = "answered with a web page"
    OTHER_JSON = "answered with JSON that means something else"
    LAZY = "answered, but late"
    SILENT = "never answered"


# What is said in the server's stead.
_ANSWERS = {
    Fault.FAILED: (b"500 Internal Server Error", b"<html><h1>500</h1></html>"),
    Fault.BAD_GATEWAY: (b"502 Bad Gateway", b"<html><h1>502 Bad Gateway</h1></html>"),
    Fault.FORBIDDEN: (b"403 Forbidden", b"<html><h1>403 Forbidden</h1></html>"),
    Fault.PAGE: (b"200 OK", b"<!DOCTYPE html><html><title>Sign in</title></html>"),
    Fault.OTHER_JSON: (b"200 OK", b'{"status":"ok"}'),
}


class FaultyProxy:
    """Hands requests on byte for byte, but for those that a fault hits.

    `outcomes` tells of each request whether a good answer went through whole, `hits` counts faults.
    """

    def __init__(self, server: QBittorrentServer) -> None:
        """Stand before a server, which may be restarted meanwhile."""
        self.server = server
        self.url = ""
        self.outcomes: list[tuple[str, bool]] = []
        self.hits = 0
        self.cookie = ""
        self.silent = asyncio.Event()
        self.fault: Fault | None = None
        self._endpoint: str | None = None
        self._left = 0
        self._own = b""

    def strike(self, fault: Fault, *, endpoint: str | None = None, requests: int = -1) -> None:
        """Let requests (to one endpoint, or any) run into a fault: so many, or until `heal`."""
        self.fault, self._endpoint, self._left = fault, endpoint, requests

    def heal(self) -> None:
        """Let everything through again."""
        self.fault = None
        self.silent.clear()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FaultyProxy]:
        """Listen, and hang up in the end."""
        listener = await asyncio.start_server(self._listen, _HOST, 0)
        self._own = b"%s:%d" % (_HOST.encode(), listener.sockets[0].getsockname()[1])
        self.url = f"http://{self._own.decode()}"
        try:
            yield self
        finally:
            listener.close()
            listener.close_clients()
            await listener.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream: _Connection | None = None
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request = head + await reader.readexactly(_length(head))
                found = _REQUEST.match(head)
                endpoint = found[1].decode() if found else ""
                if cookie := _COOKIE.search(head):
                    self.cookie = cookie[1].decode()
                fault = self._due(endpoint)
                self.outcomes.append((endpoint, False))
                if fault is Fault.DROPPED:
                    return
                if fault is Fault.SILENT:
                    self.silent.set()
                    await reader.read()
                    return
                if fault in _ANSWERS:
                    status, body = _ANSWERS[fault]
                    writer.write(_head(status, len(body)) + body)
                    continue
                upstream, answer = await self._ask(upstream, request)
                if fault is Fault.LAZY:
                    await asyncio.sleep(_LAZY_SECONDS)
                if not self._pass_on(writer, endpoint, answer, fault):
                    return
        except OSError, asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()
            if upstream:
                upstream[1].close()

    def _due(self, endpoint: str) -> Fault | None:
        """Return what happens to this request."""
        if self.fault is None or self._left == 0 or self._endpoint not in (None, endpoint):
            return None
        self._left -= 1
        self.hits += 1
        return self.fault

    async def _ask(
        self, upstream: _Connection | None, request: bytes
    ) -> tuple[_Connection, tuple[bytes, bytes]]:
        """Return the server's answer; it checks the Host header, and may have been restarted."""
        address = b"%s:%d" % (self.server.host.encode(), self.server.port)
        request = request.replace(b"Host: " + self._own, b"Host: " + address, 1)
        if upstream:
            try:
                return upstream, await _exchange(upstream, request)
            except OSError, asyncio.IncompleteReadError:
                upstream[1].close()
        upstream = await asyncio.open_connection(self.server.host, self.server.port)
        return upstream, await _exchange(upstream, request)

    def _pass_on(
        self,
        writer: asyncio.StreamWriter,
        endpoint: str,
        answer: tuple[bytes, bytes],
        fault: Fault | None,
    ) -> bool:
        """Hand an answer to the client; tell whether the connection is still good."""
        head, body = answer
        match fault:
            case Fault.LOST:
                return False
            case Fault.RESET:
                writer.transport.abort()
                return False
            case Fault.TRUNCATED:
                writer.write(head + body[: len(body) // 2])
                return False
            case Fault.CUT:
                half = body[: len(body) // 2]
                writer.write(_head(b"200 OK", len(half)) + half)
                return True
        writer.write(head + body)
        self.outcomes[-1] = (endpoint, bool(_OK.match(head)))
        return True


def _length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0


def _head(status: bytes, length: int) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % (
        status,
        length,
    )


async def _exchange(upstream: _Connection, request: bytes) -> tuple[bytes, bytes]:
    reader, writer = upstream
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    return head, await reader.readexactly(_length(head))
