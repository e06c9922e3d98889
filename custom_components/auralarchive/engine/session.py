"""The session with a qBittorrent server: login, cookie or API key, and what refusals mean."""

import asyncio
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
import time

from aiohttp import ClientSession, ClientTimeout, FormData, hdrs
from yarl import URL

from .errors import (
    NotQbittorrentError,
    QbittorrentAuthError,
    QbittorrentBannedError,
    QbittorrentError,
    QbittorrentFailedError,
    QbittorrentHostRefusedError,
    QbittorrentRedirectError,
    QbittorrentUnreachableError,
    QbittorrentWrongPathError,
    Reason,
)
from .transport import (
    BodyTooLargeError,
    origin_text,
    read_bounded,
    redirect_target,
    transport_errors,
)

SHORT_LIMITS = ClientTimeout(total=30, connect=10)
_MAX_ANSWER_BYTES = 256 * 1024 * 1024
# What the name of the session's cookie begins with; from 5.2 on the port follows.
_SESSION_COOKIES = ("SID", "QBT_SID")
# What a proxy says when it got no answer: the request may have arrived.
_ANSWER_LOST = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
# How long a ban is taken for granted before the next look.
_BAN_LOOK_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """How to log in: an API key (5.2 and later), a name and password, or nothing at all."""

    username: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)

    @property
    def has_login(self) -> bool:
        """Tell whether a password login is possible."""
        return not self.api_key and bool(self.username or self.password)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back: status, body and the headers that matter."""

    status: int
    body: bytes = field(repr=False)
    location: str = field(default="", repr=False)
    cookies: tuple[str, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode("utf-8", "replace")


class QbittorrentSession:
    """Calls of the Web API with whatever login the server wants.

    One login at a time, however many calls wait for it; after a refused one there is no further
    attempt, since each would count towards a ban. New credentials are a new session. `sessions`
    counts those that the server has begun: each knows nothing of what was asked before.
    """

    def __init__(self, session: ClientSession, address: str, credentials: Credentials) -> None:
        """Take the base address of the Web UI."""
        self._session = session
        self._base = URL(f"{address.rstrip('/')}/api/v2/", encoded=True)
        self._credentials = credentials
        self.shown = origin_text(address)
        self._headers: dict[str, str] = {}
        if credentials.api_key:
            self._headers[hdrs.AUTHORIZATION] = f"Bearer {credentials.api_key}"
        self.sessions = 0
        self._cookies: dict[str, str] = {}
        self._login_lock = asyncio.Lock()
        self._logins = 0
        self._refusal: Callable[[], QbittorrentError] | None = None
        self._refused_until = 0.0

    async def call(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        data: Callable[[], FormData] | Mapping[str, str] | None = None,
        allowed: Container[int] = (),
        limits: ClientTimeout = SHORT_LIMITS,
    ) -> Answer:
        """Call an endpoint: GET without `data`, else POST.

        A form is given as what makes it, since one can be sent only once. Returns answers with
        status 200, 204 or one that is allowed; everything else raises `QbittorrentError`.
        """
        self._raise_refusal()
        logins = self._logins
        answer = await self._send(path, query, data, limits)
        if answer.status == HTTPStatus.FORBIDDEN:
            await self._log_in(logins)
            answer = await self._send(path, query, data, limits)
        if answer.status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT) or answer.status in allowed:
            # A server that wants no login begins a session with any request that has no cookie.
            self._keep(answer.cookies)
            return answer
        raise self._error(path, answer)

    async def _send(
        self,
        path: str,
        query: Mapping[str, str] | None,
        data: Callable[[], FormData] | Mapping[str, str] | None,
        limits: ClientTimeout,
    ) -> Answer:
        """Send one request; raise only where no answer comes."""
        async with (
            transport_errors(
                lambda reason: QbittorrentUnreachableError(reason=reason, address=self.shown)
            ),
            self._session.request(
                hdrs.METH_GET if data is None else hdrs.METH_POST,
                self._base.join(URL(path)),
                params=query,
                data=data() if callable(data) else data,
                headers=self._headers,
                allow_redirects=False,
                timeout=limits,
            ) as response,
        ):
            try:
                body = await read_bounded(response, _MAX_ANSWER_BYTES)
            except BodyTooLargeError:
                raise NotQbittorrentError(address=self.shown) from None
            return Answer(
                status=response.status,
                body=body,
                location=response.headers.get(hdrs.LOCATION, ""),
                # A name of the server's choice, valued as it stands: it may hold + and /.
                cookies=tuple(
                    text.partition(";")[0].strip()
                    for text in response.headers.getall(hdrs.SET_COOKIE, ())
                ),
            )

    async def _log_in(self, seen: int) -> None:
        """Log in, unless another call has done so since `seen` logins."""
        if not self._credentials.has_login:
            raise QbittorrentAuthError(
                reason="api_key_refused" if self._credentials.api_key else "login_needed"
            )
        async with self._login_lock:
            self._raise_refusal()
            if self._logins != seen:
                return
            self._cookies.clear()
            self._headers.pop(hdrs.COOKIE, None)
            answer = await self._send(
                "auth/login",
                None,
                {
                    "username": self._credentials.username,
                    "password": self._credentials.password,
                },
                SHORT_LIMITS,
            )
            self._read_login(answer)
            self._logins += 1

    def _read_login(self, answer: Answer) -> None:
        """Take the cookie; raise and remember a refusal.

        Until 5.1 the answer is `200 Ok.` or `200 Fails.`, from 5.2 on 204 or 401. A Host header
        that is refused would have shown before.
        """
        text = answer.text.strip()
        if answer.status == HTTPStatus.NO_CONTENT or (
            answer.status == HTTPStatus.OK and text == "Ok."
        ):
            self._keep(answer.cookies)
            return
        # A page of HTML is a proxy's.
        if answer.status == HTTPStatus.FORBIDDEN and not text.startswith("<"):
            # The ban ends by itself, after an hour unless configured otherwise.
            self._refuse(QbittorrentBannedError, _BAN_LOOK_SECONDS)
        elif answer.status == HTTPStatus.UNAUTHORIZED or (
            answer.status == HTTPStatus.OK and text == "Fails."
        ):
            self._refuse(lambda: QbittorrentAuthError(reason="login_refused"), float("inf"))
        self._raise_refusal()
        raise self._error("auth/login", answer)

    def _keep(self, cookies: Iterable[str]) -> None:
        """Keep cookies, which are pairs of name and value; a proxy may have some of its own."""
        for name, _, value in (cookie.partition("=") for cookie in cookies):
            if self._cookies.get(name) != value:
                self._cookies[name] = value
                self.sessions += name.startswith(_SESSION_COOKIES)
        if self._cookies:
            kept = (f"{name}={value}" for name, value in self._cookies.items())
            self._headers[hdrs.COOKIE] = "; ".join(kept)

    def _refuse(self, refusal: Callable[[], QbittorrentError], seconds: float) -> None:
        self._refusal = refusal
        self._refused_until = time.monotonic() + seconds

    def _raise_refusal(self) -> None:
        if self._refusal is not None and time.monotonic() < self._refused_until:
            raise self._refusal()

    def _error(self, path: str, answer: Answer) -> QbittorrentError:
        """Say what a status means that nobody expects."""
        match answer.status:
            case HTTPStatus.UNAUTHORIZED:
                return QbittorrentHostRefusedError(address=self.shown)
            case HTTPStatus.FORBIDDEN if path != "auth/login":
                # Only after a login that was accepted a moment ago.
                return QbittorrentAuthError(reason="session_refused")
            case HTTPStatus.NOT_FOUND if path.startswith("app/"):
                return QbittorrentWrongPathError(address=self.shown)
            case status if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
                if location := redirect_target(answer.location):
                    return QbittorrentRedirectError(location=location)
                return NotQbittorrentError(address=self.shown)
        reason = Reason.CONNECTION_LOST if answer.status in _ANSWER_LOST else None
        return QbittorrentFailedError(reason=reason, detail=f"HTTP {answer.status} ({path})")
