"""The links that the Jackett stand-in hands out: their host, and their sealed path."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
import hashlib
from ipaddress import ip_address, ip_network
import re
import secrets
from urllib.parse import quote, quote_plus

from aiohttp import web

from scripts.lab.jackett_model import IndexerType
from scripts.lab.jackett_search import Hit

_TRUSTED = [
    ip_network(text)
    for text in (
        "127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
        "fc00::/7", "fe80::/10",
    )
]  # fmt: skip
# What every payload of ASP.NET's data protection begins with.
_MAGIC = bytes.fromhex("09f0c9f0")
# Jackett adds public trackers to generated magnets; nothing here may leave the machine.
_PUBLIC_TRACKERS = ("udp://127.0.0.1:9/announce", "http://127.0.0.1:9/announce")
_NONCE = 16
_MARK = 8


class Protection:
    """Seals texts into tokens: each time another one, all of them valid until the keys change."""

    def __init__(self, key: bytes | None = None) -> None:
        """Use this key; without one, a new one as on a fresh config volume."""
        self._key = key or secrets.token_bytes(32)

    def seal(self, text: str) -> str:
        """A fresh token for a text."""
        nonce = secrets.token_bytes(_NONCE)
        data = text.encode()
        sealed = _MAGIC + nonce + self._mark(nonce, data) + self._mixed(nonce, data)
        # Encoded twice, hence every token begins with Q2ZESjh.
        return urlsafe_b64encode(urlsafe_b64encode(sealed).rstrip(b"=")).rstrip(b"=").decode()

    def unseal(self, token: str) -> str | None:
        """The text of a token, or None if it is not one of ours."""
        try:
            sealed = _decoded(_decoded(token.encode()))
        except ValueError:
            return None
        nonce = sealed[len(_MAGIC) : len(_MAGIC) + _NONCE]
        rest = sealed[len(_MAGIC) + _NONCE :]
        data = self._mixed(nonce, rest[_MARK:])
        if not sealed.startswith(_MAGIC) or rest[:_MARK] != self._mark(nonce, data):
            return None
        return data.decode(errors="replace")

    def _mark(self, nonce: bytes, data: bytes) -> bytes:
        return hashlib.blake2b(nonce + data, key=self._key, digest_size=_MARK).digest()

    def _mixed(self, nonce: bytes, data: bytes) -> bytes:
        stream = hashlib.shake_256(self._key + nonce).digest(len(data))
        return bytes(one ^ other for one, other in zip(data, stream, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Linker:
    """Links for the answer to one request; every sealed link is a new one."""

    base: str
    api_key: str
    protection: Protection

    def link(self, hit: Hit) -> str | None:
        """The link of a release: proxied, a bare magnet, or none."""
        link = hit.release.tracker_link
        if link is None or link.lower().startswith("magnet:"):
            return link
        return self._sealed("dl", hit, link, quote_plus(hit.release.title, safe="!*()"))

    def magnet(self, hit: Hit) -> str | None:
        """The tracker's magnet, or one made of the infohash unless the tracker is private."""
        release = hit.release
        public = hit.indexer.type is not IndexerType.PRIVATE
        if release.magnet is not None or release.hash_text is None or not public:
            return release.magnet
        trackers = "".join(f"&tr={quote(tracker, safe='')}" for tracker in _PUBLIC_TRACKERS)
        return f"magnet:?xt=urn:btih:{release.hash_text}&dn={quote_plus(release.title)}{trackers}"

    def cover(self, hit: Hit) -> str | None:
        """The proxied picture."""
        cover = hit.release.cover
        return None if cover is None else self._sealed("img", hit, cover, "poster")

    def _sealed(self, route: str, hit: Hit, address: str, file: str) -> str:
        token = self.protection.seal(address)
        key = f"jackett_apikey={self.api_key}"
        return f"{self.base}{route}/{hit.indexer.id}/?{key}&path={token}&file={file}"


def server_url(request: web.Request, *, base_path: str, override: str) -> str:
    """The address that links start with, odd empty port included, as .NET's original string."""
    if override:
        return f"{override.rstrip('/')}{base_path}/"
    # Only this spelling of the header counts, and nobody checks who sent it.
    raw = {name: value.decode("latin-1") for name, value in request.raw_headers}
    scheme = raw.get(b"X-Forwarded-Proto", request.scheme)
    if request.headers.get("Front-End-Https", "").lower() == "on":
        scheme = "https"
    host = request.headers.get("Host", "")
    if _trusted(request.remote):
        host = request.headers.get("X-Forwarded-Host", host)
    name, port = _split(host)
    if not port and scheme == "https":
        port = "443"
    return f"{scheme}://{name}:{port}{base_path}/"


def absolute(url: str) -> str:
    """The link as XML shows it: escaped, without the scheme's own port."""
    match = re.match(r"(https?)://([^/]*?):(\d*)(/.*)", url, re.DOTALL)
    if match and match[3] in ("", {"http": "80", "https": "443"}[match[1]]):
        url = f"{match[1]}://{match[2]}{match[4]}"
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~-._")


def _decoded(text: bytes) -> bytes:
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _trusted(remote: str | None) -> bool:
    return remote is not None and any(ip_address(remote) in network for network in _TRUSTED)


def _split(host: str) -> tuple[str, str]:
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", host)
    return (match[1], match[2] or "") if match else (host, "")
