"""What the two clients share."""

import asyncio
import errno
import gzip
import socket
import ssl

from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientPayloadError,
    ClientSession,
    ConnectionTimeoutError,
    InvalidURL,
    ServerDisconnectedError,
    ServerTimeoutError,
    web,
)
from aiohttp.client_reqrep import ConnectionKey
import pytest

from custom_components.auralarchive.engine.errors import QbittorrentUnreachableError, Reason
from custom_components.auralarchive.engine.transport import (
    BodyTooLargeError,
    origin_text,
    read_bounded,
    reason_of,
    redirect_target,
    transport_errors,
)

from .conftest import Serve

_KEY = ConnectionKey("host", 80, False, True, None, None, None)


def _connector(number: int) -> ClientConnectorError:
    return ClientConnectorError(_KEY, OSError(number, "x"))


def _unreachable(reason: Reason) -> QbittorrentUnreachableError:
    return QbittorrentUnreachableError(reason=reason, address="")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (_connector(errno.ECONNREFUSED), Reason.REFUSED),
        (_connector(errno.EHOSTUNREACH), Reason.TIMED_OUT),
        (_connector(errno.ENETUNREACH), Reason.TIMED_OUT),
        (_connector(errno.ETIMEDOUT), Reason.TIMED_OUT),
        (ClientConnectorError(_KEY, OSError("Multiple exceptions: …")), Reason.REFUSED),
        (ClientConnectorError(_KEY, socket.gaierror(-2, "x")), Reason.CANNOT_RESOLVE),
        (ClientConnectorDNSError(_KEY, socket.gaierror(-2, "x")), Reason.CANNOT_RESOLVE),
        (InvalidURL("http://"), Reason.CANNOT_RESOLVE),
        (UnicodeError("label too long"), Reason.CANNOT_RESOLVE),
        (ClientConnectorSSLError(_KEY, ssl.SSLError(1, "x")), Reason.TLS),
        (ConnectionTimeoutError(), Reason.TIMED_OUT),
        (ServerTimeoutError(), Reason.TIMED_OUT),
        (TimeoutError(), Reason.TIMED_OUT),
        (ServerDisconnectedError(), Reason.CONNECTION_LOST),
        (ClientPayloadError(), Reason.CONNECTION_LOST),
        (ConnectionResetError(), Reason.CONNECTION_LOST),
        (_connector(errno.ECONNRESET), Reason.TLS),
    ],
    ids=[
        "refused", "no-host", "no-network", "connect-timeout", "several", "no-name", "dns",
        "bad-address", "bad-name", "tls", "pool-timeout", "server-timeout", "timeout",
        "disconnected", "half-a-body", "reset", "handshake-reset",
    ],
)  # fmt: skip
async def test_reasons(error: Exception, reason: Reason) -> None:
    """Each failure has one word, and its own text goes no further."""
    assert reason_of(error) is reason
    with pytest.raises(QbittorrentUnreachableError) as caught:
        async with transport_errors(_unreachable):
            raise error
    assert caught.value.reason == reason
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_what_is_no_failure_of_the_network_passes() -> None:
    """A mistake of ours stays one."""
    with pytest.raises(KeyError):
        async with transport_errors(_unreachable):
            raise KeyError


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("http://user:pw@host:9117/jk/?apikey=x#y", "http://host:9117/jk"),
        ("https://[::1]/", "https://[::1]"),
        ("http://host:80", "http://host:80"),
        ("http://host:/x/", "http://host/x"),
    ],
)
def test_addresses_for_people(address: str, text: str) -> None:
    """No user, no query."""
    assert origin_text(address) == text


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://u:p@host/login?next=secret", "https://host/login"),
        ("/login", None),
        ("login", None),
        ("", None),
        ("//host/x", None),
        ("http://[bad", None),
        ("http://host:port/", None),
    ],
)
def test_where_a_redirect_leads(location: str, target: str | None) -> None:
    """To another server, or nowhere worth telling."""
    assert redirect_target(location) == target


@pytest.mark.parametrize(
    ("body", "headers"),
    [(bytes(1000), {}), (gzip.compress(bytes(1000)), {"Content-Encoding": "gzip"})],
    ids=["plain", "gzip"],
)
async def test_bodies_are_bounded(
    http: ClientSession, serve: Serve, body: bytes, headers: dict[str, str]
) -> None:
    """Decompressed, that is: few bytes can become many."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body, headers=headers)

    address = await serve(answer)
    async with http.get(address) as response:
        assert await read_bounded(response, 1000) == bytes(1000)
    async with http.get(address) as response:
        with pytest.raises(BodyTooLargeError):
            await read_bounded(response, 999)


async def test_a_bomb_is_never_unpacked(http: ClientSession, serve: Serve) -> None:
    """The server is not even listened to until the end."""
    ended = asyncio.Event()

    async def bomb(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(1024 * 1024))
        finally:
            ended.set()

    address = await serve(bomb)
    async with http.get(address) as response:
        with pytest.raises(BodyTooLargeError):
            await read_bounded(response, 10_000)
    await ended.wait()


async def test_a_closed_session_is_a_lost_connection() -> None:
    """That is how an add looks whose entry is unloaded meanwhile."""
    session = ClientSession()
    await session.close()
    with pytest.raises(QbittorrentUnreachableError) as caught:
        async with transport_errors(_unreachable), session.get("http://127.0.0.1:1"):
            pass
    assert caught.value.reason == Reason.CONNECTION_LOST


async def test_bugs_stay_bugs() -> None:
    """Any other error of the program itself is not made one of the network's."""
    with pytest.raises(RuntimeError, match="bug"):
        async with transport_errors(_unreachable):
            raise RuntimeError("bug")
