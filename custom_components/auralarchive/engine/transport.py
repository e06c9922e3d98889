"""What the two clients share: how a request fails, and reading no more than a bound."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import errno
import socket

from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSSLError,
    InvalidURL,
)
from yarl import URL

from .errors import AuralArchiveError, Reason

# Nobody answers for the address: a router says so, or the wait was long enough.
_NOBODY_THERE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ETIMEDOUT})
# From here on Python's own `bytes.join` lets other threads go on.
_LARGE_BODY = 1024 * 1024


class BodyTooLargeError(Exception):
    """A body went over its bound; the rest was not read."""


def reason_of(err: Exception) -> Reason:
    """Tell the cause of a failed request in one of few words."""
    if isinstance(err, TimeoutError):
        return Reason.TIMED_OUT
    if isinstance(err, ClientSSLError):
        return Reason.TLS
    if isinstance(err, ClientConnectorDNSError | InvalidURL | ValueError):
        return Reason.CANNOT_RESOLVE
    if isinstance(err, ClientConnectorError):
        if isinstance(err.os_error, socket.gaierror):
            return Reason.CANNOT_RESOLVE
        return _reason_of_connecting(err.os_error)
    return Reason.CONNECTION_LOST


def _reason_of_connecting(err: OSError) -> Reason:
    """Tell why no connection came about."""
    if err.errno in _NOBODY_THERE:
        return Reason.TIMED_OUT
    # Somebody was there, and hung up on the handshake: that is how servers without TLS take it.
    if isinstance(err, ConnectionResetError | BrokenPipeError):
        return Reason.TLS
    return Reason.REFUSED


@asynccontextmanager
async def transport_errors(
    error: Callable[[Reason], AuralArchiveError],
) -> AsyncIterator[None]:
    """Turn what aiohttp raises into the given error.

    The chain is cut on purpose: aiohttp's exceptions hold the whole address, with Jackett's key.
    """
    try:
        yield
    except (ClientError, TimeoutError, OSError, ValueError) as err:
        raise error(reason_of(err)) from None
    except RuntimeError as err:
        # What aiohttp says when the entry was unloaded meanwhile; anything else is a bug.
        if str(err) != "Session is closed":
            raise
        raise error(Reason.CONNECTION_LOST) from None


async def read_bounded(response: ClientResponse, limit: int) -> bytes:
    """Return the body, decompressed; raise `BodyTooLargeError` at more than `limit` bytes."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise BodyTooLargeError
        chunks.append(chunk)
    # To put 20 MB into one piece takes 15 ms.
    if size > _LARGE_BODY:
        return await asyncio.to_thread(b"".join, chunks)
    return b"".join(chunks)


def redirect_target(location: str) -> str | None:
    """Return where a redirect leads, for people; None when it names no other server."""
    try:
        url = URL(location)
    except ValueError:
        return None
    return origin_text(url) if url.scheme and url.absolute else None


def origin_text(address: str | URL) -> str:
    """Return an address for people: scheme, host, port and path, but no user and no query."""
    url = URL(address) if isinstance(address, str) else address
    host = url.host or ""
    if ":" in host:
        host = f"[{host}]"
    port = f":{url.port}" if url.explicit_port is not None else ""
    return f"{url.scheme}://{host}{port}{url.path.rstrip('/')}"
