"""Who must open a link, and at which address.

Jackett's links carry the host of the search that they came from. Jackett has two addresses: the one
that Home Assistant uses, and the one that qBittorrent uses, which in Docker differ. A link is taken
apart and its front exchanged; path and query below Jackett's base path stay byte for byte.
"""

from dataclasses import dataclass, field
import ipaddress
import re
from typing import Self
from urllib.parse import parse_qs

from yarl import URL

from .errors import InvalidLinkError
from .redact import KEY_IN_PATH, MASK
from .torrent import is_magnet

_MAX_LINK_LENGTH = 16 * 1024
_LINK = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#\\]*)(?P<rest>(?:[/?][^#]*)?)(?P<tail>#.*)?",
    re.IGNORECASE,
)
_AUTHORITY = re.compile(
    r"(?:(?P<user>[^@]*)@)?(?P<host>\[[0-9a-fA-F:.]+\]|[^:@\[\]%\s]+)(?::(?P<port>[0-9]{0,5}))?"
)
# `{base}/dl/{indexer}/` is where Jackett serves torrents.
_DOWNLOAD_PATH = re.compile(r"(?P<base>.*)(?P<download>/dl/[^/]+/?)", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """An http(s) link in parts that put together give the same text again."""

    scheme: str
    user: str | None = field(repr=False)
    host: str
    port_text: str | None
    path: str
    query: str = field(repr=False)
    fragment: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a link apart; raise `InvalidLinkError`."""
        text = text.strip()
        # All of an unreadable link that can be shown: what follows may hold a password.
        scheme = text.partition(":")[0][:20] if ":" in text else ""
        if len(text) > _MAX_LINK_LENGTH or not text.isprintable() or " " in text:
            raise InvalidLinkError(link=scheme, reason="malformed")
        match = _LINK.fullmatch(text)
        authority = _AUTHORITY.fullmatch(match["authority"]) if match else None
        if (
            match is None
            or authority is None
            or int(authority["port"] or 0) > _LAST_PORT
            or not _is_readable(match["authority"])
        ):
            is_other = scheme and scheme.lower() not in _DEFAULT_PORTS
            raise InvalidLinkError(link=scheme, reason="scheme" if is_other else "malformed")
        path, question, query = match["rest"].partition("?")
        return cls(
            scheme=match["scheme"],
            user=authority["user"],
            host=authority["host"],
            port_text=authority["port"],
            path=path,
            query=question + query,
            fragment=match["tail"] or "",
        )

    def __str__(self) -> str:
        """Return the whole link, secrets included."""
        return f"{self.front}{self.path}{self.query}{self.fragment}"

    @property
    def front(self) -> str:
        """Return everything before the path."""
        user = f"{self.user}@" if self.user is not None else ""
        port = f":{self.port_text}" if self.port_text is not None else ""
        return f"{self.scheme}://{user}{self.host}{port}"

    @property
    def shown(self) -> str:
        """Return the link for people: no user, no query, no fragment, no key in the path."""
        port = f":{self.port_text}" if self.port_text else ""
        path = KEY_IN_PATH.sub(MASK, self.path)
        return f"{self.scheme.lower()}://{self.host}{port}{path}"

    @property
    def port(self) -> int:
        """Return the port that a client would connect to."""
        return int(self.port_text) if self.port_text else _DEFAULT_PORTS[self.scheme.lower()]

    @property
    def origin(self) -> tuple[str, str, int]:
        """Return scheme, host and port in a form that can be compared."""
        return self.scheme.lower(), self.host.lower().rstrip("."), self.port

    @property
    def is_loopback(self) -> bool:
        """Tell whether the host means "this machine", whichever machine that is."""
        return is_loopback_host(self.host)


def _is_readable(authority: str) -> bool:
    """Tell whether yarl, by which links are opened, can make anything of an authority."""
    try:
        return bool(URL(f"http://{authority}").host)
    except ValueError:
        return False


def is_loopback_host(host: str) -> bool:
    """Tell whether a host is a loopback name or address, or the unspecified address."""
    host = host.strip("[]").lower().rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


@dataclass(frozen=True, kw_only=True, slots=True)
class JackettAddresses:
    """Jackett's base addresses, without a slash at the end: for Home Assistant, for qBittorrent."""

    home_assistant: Link
    qbittorrent: Link
    api_key: str = field(default="", repr=False)

    @classmethod
    def of(cls, home_assistant: str, qbittorrent: str, api_key: str = "") -> Self:
        """Read two base addresses; raise `InvalidLinkError`."""
        return cls(
            home_assistant=Link.parse(home_assistant.rstrip("/")),
            qbittorrent=Link.parse(qbittorrent.rstrip("/")),
            api_key=api_key,
        )

    def below_jackett(self, link: Link, *, from_search: bool = False) -> str | None:
        """Return what of a link's path lies below Jackett's base path; None if it is not Jackett's.

        It is Jackett's when it points to one of Jackett's two addresses, or to its port by a
        loopback name; or has Jackett's download path and either came from a search (a base URL
        override makes its host a third one), or points to a loopback name, or carries our own API
        key.
        """
        bases = (self.home_assistant, self.qbittorrent)
        # The longer path first: one of the two may lie below the other.
        below = [
            (base, path)
            for base in sorted(bases, key=lambda base: len(base.path), reverse=True)
            if link.origin == base.origin or (link.is_loopback and link.port == base.port)
            if (path := _below(base, link)) is not None
        ]
        # Below a base path all is Jackett's, even if that path looks like the download's.
        if below and below[0][0].path:
            path = below[0][1]
            inner = _DOWNLOAD_PATH.fullmatch(path)
            return inner["download"] if inner else path
        download = _DOWNLOAD_PATH.fullmatch(link.path)
        if download is not None and (
            from_search
            or link.is_loopback
            or link.origin in [base.origin for base in bases]
            or self._has_our_key(link)
        ):
            return download["download"]
        return below[0][1] if below else None

    def for_home_assistant(self, link: Link, below: str) -> Link:
        """Return the link as Home Assistant opens it."""
        return _based_on(self.home_assistant, link, below)

    def for_qbittorrent(self, link: Link, *, from_search: bool = False) -> Link:
        """Return the link as qBittorrent can open it; one that is right already stays as it is.

        Foreign links keep everything but a loopback host: that becomes the host at which
        qBittorrent reaches the machine of Jackett.
        """
        below = self.below_jackett(link, from_search=from_search)
        if below is not None:
            based = _based_on(self.qbittorrent, link, below)
            same = link.origin == based.origin and link.path == based.path
            # What protects the address is missing in Jackett's own links.
            return link if same and based.user in (None, link.user) else based
        if link.is_loopback and not self.qbittorrent.is_loopback:
            return Link(
                scheme=link.scheme,
                user=link.user,
                host=self.qbittorrent.host,
                port_text=link.port_text,
                path=link.path,
                query=link.query,
                fragment=link.fragment,
            )
        return link

    def _has_our_key(self, link: Link) -> bool:
        keys = parse_qs(link.query.removeprefix("?")).get("jackett_apikey", [])
        return bool(self.api_key) and keys == [self.api_key]


def _below(base: Link, link: Link) -> str | None:
    """Return what of a link's path lies below the base's path, whatever their hosts are."""
    below = link.path.removeprefix(base.path)
    is_below = link.path.startswith(base.path) and below[:1] in ("", "/")
    return below if is_below else None


def _based_on(base: Link, link: Link, below: str) -> Link:
    return Link(
        scheme=base.scheme,
        user=base.user,
        host=base.host,
        port_text=base.port_text,
        path=f"{base.path}{below}",
        query=link.query,
        fragment=link.fragment,
    )


def suggest_address_for_qbittorrent(jackett: str, qbittorrent: str) -> str:
    """Propose Jackett's address as qBittorrent sees it.

    Where Jackett is configured by a loopback name and qBittorrent is not, both run on the machine
    that qBittorrent's address names, and its containers reach it by that.
    """
    jackett_link, qbittorrent_link = Link.parse(jackett), Link.parse(qbittorrent)
    if not jackett_link.is_loopback or qbittorrent_link.is_loopback:
        return jackett
    port = f":{jackett_link.port_text}" if jackett_link.port_text else ""
    return f"{jackett_link.scheme}://{qbittorrent_link.host}{port}{jackett_link.path}"


def normalise_address(text: str) -> str:
    """Return the base address that a person meant: with a scheme, without a slash or query.

    Raises `InvalidLinkError`.
    """
    text = text.strip()
    if "://" not in text and not is_magnet(text):
        text = f"http://{text}"
    link = Link.parse(text)
    user = f"{link.user}@" if link.user else ""
    port = f":{link.port}" if link.port != _DEFAULT_PORTS[link.scheme.lower()] else ""
    return f"{link.scheme.lower()}://{user}{link.host.lower()}{port}{link.path.rstrip('/')}"
