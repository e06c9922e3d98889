"""Servers that are not what was asked for, and a proxy that keeps notes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
import ssl

from aiohttp import ClientSession, DummyCookieJar, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

type Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
# Takes a path and the body of its answer, and returns the body to be passed on.
type Edit = Callable[[str, bytes], bytes]

HOST = "127.0.0.1"


@asynccontextmanager
async def serving(
    handler: Handler, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve every path by one handler, and return the address."""
    server = web.Server(handler, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0, ssl_context=ssl_context).start()
        scheme = "https" if ssl_context else "http"
        yield f"{scheme}://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def always(status: int = 200, body: str = "", **headers: str) -> Handler:
    """Return what gives one answer to everything; `_` in a header's name is `-`."""

    async def answer(_: web.BaseRequest) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, headers=named)

    return answer


@dataclass(frozen=True, slots=True)
class Silence:
    """A server that takes connections and never says a word."""

    url: str
    asked: asyncio.Event


@asynccontextmanager
async def silence() -> AsyncIterator[Silence]:
    """Listen, and set `asked` when something has been asked."""
    asked = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        # Until the client has had enough.
        await reader.read()
        writer.close()

    server = await asyncio.start_server(listen, HOST, 0)
    try:
        yield Silence(f"http://{HOST}:{server.sockets[0].getsockname()[1]}", asked)
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A request and its answer, as they went through a proxy."""

    path: str
    query: dict[str, str]
    cookies: tuple[str, ...]
    body: bytes


@dataclass(slots=True)
class Proxy:
    """A proxy in front of a server; with `keeps_host` it does not adapt the Host header.

    `edit` may change the answers. What is asked of paths that end with `held` is answered when `go`
    is set, and `asked` tells that it was asked.
    """

    target: str
    keeps_host: bool = False
    url: str = ""
    edit: Edit | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    held: str | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def of(self, path: str) -> list[Exchange]:
        """Return the exchanges of a path so far."""
        return [exchange for exchange in self.exchanges if exchange.path == path]


@asynccontextmanager
async def proxying(
    target: str, *, keeps_host: bool = False, ssl_context: ssl.SSLContext | None = None
) -> AsyncIterator[Proxy]:
    """Run a proxy in front of a server."""
    proxy = Proxy(target, keeps_host)
    dropped = {"Content-Length", *(() if keeps_host else ("Host",))}

    async with ClientSession(cookie_jar=DummyCookieJar()) as session:

        async def pass_on(request: web.BaseRequest) -> web.Response:
            headers = {key: value for key, value in request.headers.items() if key not in dropped}
            if proxy.held is not None and request.path.endswith(proxy.held):
                proxy.asked.set()
                await proxy.go.wait()
            async with session.request(
                request.method,
                f"{target}{request.path_qs}",
                data=await request.read(),
                headers=headers,
                allow_redirects=False,
            ) as answer:
                body = await answer.read()
            if proxy.edit is not None:
                body = proxy.edit(request.path, body)
            proxy.exchanges.append(
                Exchange(
                    path=request.path,
                    query=dict(request.query),
                    cookies=tuple(answer.headers.getall("Set-Cookie", ())),
                    body=body,
                )
            )
            passed = answer.headers.copy()
            for name in ("Transfer-Encoding", "Content-Encoding", "Content-Length"):
                passed.popall(name, None)
            return web.Response(status=answer.status, body=body, headers=passed)

        async with serving(pass_on, ssl_context) as proxy.url:
            yield proxy


def self_signed(folder: Path) -> ssl.SSLContext:
    """Make a certificate that nobody vouches for, and return what serves with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HOST))]), False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
