"""Opening a link: redirects followed by hand, bounds kept, and what came read as a torrent."""

import asyncio
from contextlib import suppress
import ipaddress
import socket
from urllib.parse import urljoin

from aiohttp import ClientSession, ClientTimeout, hdrs
from yarl import URL

from .errors import (
    AuralArchiveError,
    InvalidLinkError,
    InvalidMagnetError,
    InvalidTorrentFileError,
    JackettAuthError,
    JackettFailedError,
    JackettUnreachableError,
    LinkGoneError,
    LinkNotAllowedError,
    LinkNotOpenedError,
    LinkNotTorrentError,
    LinkRedirectLoopError,
    LinkTooLargeError,
    Reason,
)
from .links import JackettAddresses, Link, is_loopback_host
from .torrent import (
    MAX_TORRENT_BYTES,
    Magnet,
    TorrentFile,
    is_magnet,
    parse_magnet,
    read_torrent,
)
from .transport import BodyTooLargeError, origin_text, read_bounded, transport_errors

# As many as qBittorrent follows: who opens a link must make no difference.
_MAX_REDIRECTS = 20
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_MAGNET_BODY = 4096
_SMALL_TORRENT = 64 * 1024


class LinkOpener:
    """Opens links on the side of Home Assistant."""

    def __init__(
        self, jackett: ClientSession, foreign: ClientSession, addresses: JackettAddresses
    ) -> None:
        """Take the session for Jackett, whose certificate may go unchecked, and one for others."""
        self._jackett = jackett
        self._foreign = foreign
        self._addresses = addresses

    async def open(
        self, link: Link, *, seconds: float, foreign: bool = False
    ) -> Magnet | TorrentFile:
        """Return what the link leads to: a magnet, or a torrent file's bytes.

        The link is opened as it stands, so give Jackett's in the form for Home Assistant. Other
        addresses than Jackett's are opened only with `foreign`, and then none on this machine and
        no link-local ones. Raises `LinkError` or `JackettError`.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(link, foreign=foreign)
        except TimeoutError:
            raise LinkGoneError(link=link.shown, reason=Reason.TIMED_OUT) from None

    async def _follow(self, link: Link, *, foreign: bool) -> Magnet | TorrentFile:
        current = link
        for _ in range(_MAX_REDIRECTS + 1):
            found = await self._get(current, foreign=foreign)
            if not isinstance(found, str):
                return found
            if is_magnet(found):
                return _read_magnet(current, found)
            try:
                current = Link.parse(urljoin(str(current), found))
            except InvalidLinkError, ValueError:
                # To another scheme, or to nowhere.
                raise LinkNotTorrentError(link=current.shown, reason="redirect") from None
        raise LinkRedirectLoopError(link=link.shown)

    async def _get(self, link: Link, *, foreign: bool) -> Magnet | TorrentFile | str:
        """Fetch one address; a redirect comes back as its target."""
        # Only as it stands: what merely looks like Jackett's may lead anywhere.
        if link.origin == self._addresses.home_assistant.origin:
            return await self._get_from(link, None)
        *others, last = await _allowed_addresses(link, foreign=foreign)
        for address in others:
            with suppress(_NoConnectionError):
                return await self._get_from(link, address)
        return await self._get_from(link, last)

    async def _get_from(self, link: Link, address: str | None) -> Magnet | TorrentFile | str:
        """Fetch a link of Jackett's, or one of others from one of its host's addresses.

        What was looked at is what is connected to: looked up again, the name might lead elsewhere.
        """
        url, headers, name = URL(str(link), encoded=True), {}, None
        is_jackett = address is None
        if address is not None:
            name = _ascii(link.host.strip("[]"))
            url = url.with_host(address)
            port = f":{link.port_text}" if link.port_text else ""
            headers[hdrs.HOST] = f"[{name}]{port}" if ":" in name else f"{name}{port}"
        session = self._jackett if is_jackett else self._foreign
        async with (
            transport_errors(lambda reason: _unreachable(link, reason, is_jackett=is_jackett)),
            session.get(
                url,
                headers=headers,
                server_hostname=name,
                allow_redirects=False,
                timeout=ClientTimeout(total=None, connect=10),
            ) as response,
        ):
            if response.status in _REDIRECTS and (target := response.headers.get("Location")):
                return target.strip()
            if response.status != 200:
                raise _status_error(link, response.status, is_jackett=is_jackett)
            try:
                # It was reached, and has answered: what ends now is not for want of a way there.
                async with transport_errors(
                    lambda reason: _broken_off(link, reason, is_jackett=is_jackett)
                ):
                    body = await read_bounded(response, MAX_TORRENT_BYTES)
            except BodyTooLargeError:
                raise LinkTooLargeError(link=link.shown) from None
        return await _read_body(link, body)


class _NoConnectionError(LinkNotOpenedError):
    """Nobody answers at one address of a host, which may have others."""


async def _allowed_addresses(link: Link, *, foreign: bool) -> list[str]:
    """Return the addresses of a link's host, at least one.

    Raises `LinkNotAllowedError` for what Home Assistant must not fetch.
    """
    if not foreign or is_loopback_host(link.host):
        raise LinkNotAllowedError(link=link.shown)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            _ascii(link.host.strip("[]")), link.port, type=socket.SOCK_STREAM
        )
    except OSError, UnicodeError:
        raise LinkNotOpenedError(link=link.shown, reason=Reason.CANNOT_RESOLVE) from None
    addresses = [str(address[0]).partition("%")[0] for *_, address in found]
    for ip in map(ipaddress.ip_address, addresses):
        if ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast:
            raise LinkNotAllowedError(link=link.shown)
    return addresses


def _ascii(host: str) -> str:
    """Return a host's name as it stands in the DNS."""
    return host if host.isascii() else host.encode("idna").decode()


def _unreachable(link: Link, reason: Reason, *, is_jackett: bool) -> AuralArchiveError:
    if is_jackett:
        return JackettUnreachableError(reason=reason, address=origin_text(link.front))
    no_connection = reason in (Reason.REFUSED, Reason.TIMED_OUT)
    kind = _NoConnectionError if no_connection else LinkNotOpenedError
    return kind(link=link.shown, reason=reason)


def _broken_off(link: Link, reason: Reason, *, is_jackett: bool) -> AuralArchiveError:
    if is_jackett:
        return LinkGoneError(link=link.shown, reason=reason)
    return LinkNotOpenedError(link=link.shown, reason=reason)


def _status_error(link: Link, status: int, *, is_jackett: bool) -> AuralArchiveError:
    """Say what a status other than 200 means."""
    if is_jackett and status in (401, 403):
        return JackettAuthError()
    if is_jackett and (status >= 500 or status == 429):
        return JackettFailedError(detail=f"HTTP {status}")
    # Jackett answers 404 to everything that kept it from getting the torrent; its log says what.
    return LinkGoneError(link=link.shown, detail=f"HTTP {status}")


def _read_magnet(link: Link, uri: str) -> Magnet:
    """Read the magnet that a link leads to: a broken one is no fault of who gave the link."""
    try:
        return parse_magnet(uri)
    except InvalidMagnetError as err:
        raise LinkNotTorrentError(link=link.shown, reason=err.reason) from None


async def _read_body(link: Link, body: bytes) -> Magnet | TorrentFile | str:
    if not body.strip():
        raise LinkNotTorrentError(link=link.shown, reason="empty")
    start = body[:64].lstrip().lower()
    if start.startswith(b"<"):
        raise LinkNotTorrentError(link=link.shown, reason="html")
    if start.startswith(b"magnet:") and len(body) <= _MAX_MAGNET_BODY:
        return body.decode("utf-8", "replace").strip()
    try:
        if len(body) <= _SMALL_TORRENT:
            return read_torrent(body)
        return await asyncio.to_thread(read_torrent, body)
    except InvalidTorrentFileError as err:
        raise LinkNotTorrentError(link=link.shown, reason=err.reason) from None
