"""The session with a qBittorrent server: logins, cookies, and what refusals mean."""

import asyncio

from aiohttp import ClientSession, ClientTimeout, web
import pytest

from custom_components.auralarchive.engine.errors import (
    NotQbittorrentError,
    QbittorrentAuthError,
    QbittorrentBannedError,
    QbittorrentError,
    QbittorrentFailedError,
    QbittorrentHostRefusedError,
    QbittorrentRedirectError,
    QbittorrentUnreachableError,
    QbittorrentWrongPathError,
)
from custom_components.auralarchive.engine.qbittorrent import QbittorrentClient
from custom_components.auralarchive.engine.session import Credentials, QbittorrentSession
from scripts.lab.qbittorrent import QBittorrentServer, free_port
from tests.conftest import GENERATIONS

from .conftest import Serve, StartServer
from .proxy import Proxy

_LOGIN = Credentials(username="admin", password="correct horse")
_WRONG = Credentials(username="admin", password="wrong")
_VERSION = "app/webapiVersion"

every_generation = pytest.mark.parametrize("generation", GENERATIONS)


@every_generation
async def test_one_login_for_all_calls(
    http: ClientSession, serve: Serve, proxy: Proxy, credentials: Credentials
) -> None:
    """However many are made at once, and whatever the cookie's name is."""
    session = QbittorrentSession(http, await serve(proxy), credentials)
    answers = await asyncio.gather(*(session.call(_VERSION) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert proxy.count("auth/login") == 1
    (cookie,) = {cookie for cookie in proxy.cookies if cookie}
    assert cookie.partition("=")[0].startswith(("SID", "QBT_SID_"))


@every_generation
async def test_one_new_login_when_the_session_ends(
    http: ClientSession, serve: Serve, proxy: Proxy, credentials: Credentials
) -> None:
    """The calls that were refused are made again."""
    session = QbittorrentSession(http, await serve(proxy), credentials)
    await session.call("auth/logout", data={})
    await session.call("auth/logout", data={})
    before = proxy.count("auth/login")
    answers = await asyncio.gather(*(session.call(_VERSION) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert proxy.count("auth/login") == before + 1


@every_generation
async def test_one_session_where_no_login_is_wanted(
    http: ClientSession, start_server: StartServer
) -> None:
    """Else every poll would begin a new one, and be answered with everything."""
    server = start_server(local_auth=False)
    client = QbittorrentClient(http, server.url, Credentials())
    first = await client.maindata(0)
    later = await client.maindata(first["rid"])
    assert (first["full_update"], later.get("full_update", False)) == (True, False)


@every_generation
async def test_a_restart_of_the_server_goes_unnoticed(
    http: ClientSession, start_server: StartServer
) -> None:
    """Its session ids are new, the password is not."""
    server = start_server()
    session = QbittorrentSession(http, server.url, _LOGIN)
    await session.call(_VERSION)
    server.restart()
    assert (await session.call(_VERSION)).status == 200


@every_generation
async def test_one_attempt_with_a_wrong_password(
    http: ClientSession, serve: Serve, proxy: Proxy
) -> None:
    """Each further one would count towards a ban."""
    session = QbittorrentSession(http, await serve(proxy), _WRONG)
    failures = await asyncio.gather(
        *(session.call(_VERSION) for _ in range(20)), return_exceptions=True
    )
    for _ in range(5):
        with pytest.raises(QbittorrentAuthError) as caught:
            await session.call(_VERSION)
        assert caught.value.reason == "login_refused"
    assert {type(failure) for failure in failures} == {QbittorrentAuthError}
    assert proxy.count("auth/login") == 1


@every_generation
async def test_a_ban_is_a_ban(http: ClientSession, serve: Serve, start_server: StartServer) -> None:
    """It is not taken for a wrong password, and not asked about with every call."""
    server = start_server(failures=1)
    with pytest.raises(QbittorrentAuthError):
        await QbittorrentSession(http, server.url, _WRONG).call(_VERSION)
    proxy = Proxy(http, server.url)
    session = QbittorrentSession(http, await serve(proxy), _LOGIN)
    for _ in range(5):
        with pytest.raises(QbittorrentBannedError):
            await session.call(_VERSION)
    assert proxy.count("auth/login") == 1


@every_generation
async def test_no_login_where_none_is_needed(
    http: ClientSession, serve: Serve, start_server: StartServer
) -> None:
    """Some servers trust their own network."""
    proxy = Proxy(http, start_server(local_auth=False).url)
    address = await serve(proxy)
    for credentials in (Credentials(), _LOGIN, _WRONG):
        assert (await QbittorrentSession(http, address, credentials).call(_VERSION)).status == 200
    assert proxy.count("auth/login") == 0


@every_generation
async def test_no_credentials_where_some_are_needed(
    http: ClientSession, serve: Serve, proxy: Proxy
) -> None:
    """Nothing is tried."""
    session = QbittorrentSession(http, await serve(proxy), Credentials())
    with pytest.raises(QbittorrentAuthError) as caught:
        await session.call(_VERSION)
    assert caught.value.reason == "login_needed"
    assert proxy.calls == [_VERSION]


async def test_api_keys(http: ClientSession, start_server: StartServer) -> None:
    """The right one works; the wrong one is told as such, and never leads to a ban."""
    server = start_server(failures=1)
    key = server.make_api_key()
    right = QbittorrentSession(http, server.url, Credentials(api_key=key))
    wrong = QbittorrentSession(http, server.url, Credentials(api_key=key[:-1] + "_", username="x"))
    for _ in range(3):
        with pytest.raises(QbittorrentAuthError) as caught:
            await wrong.call(_VERSION)
        assert caught.value.reason == "api_key_refused"
    assert (await right.call(_VERSION)).status == 200


@every_generation
async def test_a_host_header_that_is_refused(
    http: ClientSession, serve: Serve, proxy: Proxy, credentials: Credentials
) -> None:
    """A proxy that keeps it makes the server suspicious."""
    proxy.keeps_host = True
    address = await serve(proxy)
    with pytest.raises(QbittorrentHostRefusedError) as caught:
        await QbittorrentSession(http, address, credentials).call(_VERSION)
    assert caught.value.values == {"address": address}


@every_generation
async def test_a_wrong_path(
    http: ClientSession, qbittorrent: QBittorrentServer, credentials: Credentials
) -> None:
    """A server answers, but not there."""
    session = QbittorrentSession(http, f"{qbittorrent.url}/qbt/", credentials)
    with pytest.raises(QbittorrentWrongPathError) as caught:
        await session.call(_VERSION)
    assert caught.value.values == {"address": f"{qbittorrent.url}/qbt"}


async def test_nobody_listens(http: ClientSession) -> None:
    """The reason says what happened; the password stays out of it."""
    port = free_port()
    session = QbittorrentSession(http, f"http://u:secret@127.0.0.1:{port}", _LOGIN)
    with pytest.raises(QbittorrentUnreachableError) as caught:
        await session.call(_VERSION)
    assert caught.value.reason == "refused"
    assert caught.value.values == {"address": f"http://127.0.0.1:{port}"}


async def test_a_server_that_hangs(http: ClientSession, start_server: StartServer) -> None:
    """It is waited for no longer than allowed, and works again as soon as it does."""
    server = start_server()
    session = QbittorrentSession(http, server.url, _LOGIN)
    await session.call(_VERSION)
    server.pause()
    with pytest.raises(QbittorrentUnreachableError) as caught:
        await session.call(_VERSION, limits=ClientTimeout(total=0.1))
    server.resume()
    assert caught.value.reason == "timed_out"
    assert (await session.call(_VERSION)).status == 200


@pytest.mark.parametrize(
    ("status", "options", "error", "values"),
    [
        (500, {}, QbittorrentFailedError, {"detail": "HTTP 500 (app/webapiVersion)"}),
        (400, {}, QbittorrentFailedError, {"detail": "HTTP 400 (app/webapiVersion)"}),
        (202, {}, QbittorrentFailedError, {"detail": "HTTP 202 (app/webapiVersion)"}),
        (404, {}, QbittorrentWrongPathError, {"address": "{}"}),
        (401, {}, QbittorrentHostRefusedError, {"address": "{}"}),
        (302, {"Location": "https://user:pw@host/login?next=x"}, QbittorrentRedirectError,
         {"location": "https://host/login"}),
        (302, {"Location": "/login"}, NotQbittorrentError, {"address": "{}"}),
        (302, {"Location": "http://[bad"}, NotQbittorrentError, {"address": "{}"}),
        (301, {}, NotQbittorrentError, {"address": "{}"}),
    ],
)  # fmt: skip
async def test_odd_servers(
    http: ClientSession,
    serve: Serve,
    status: int,
    options: dict[str, str],
    error: type[QbittorrentError],
    values: dict[str, str],
) -> None:
    """Each has its own name."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers=options)

    address = await serve(answer)
    with pytest.raises(error) as caught:
        await QbittorrentSession(http, address, _LOGIN).call(_VERSION)
    assert caught.value.values == {name: text.format(address) for name, text in values.items()}


async def test_a_path_that_only_one_endpoint_lacks(http: ClientSession, serve: Serve) -> None:
    """An old server has no such function; its address is right all the same."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=404)

    with pytest.raises(QbittorrentFailedError) as caught:
        await QbittorrentSession(http, await serve(answer), _LOGIN).call("torrents/new")
    assert caught.value.values == {"detail": "HTTP 404 (torrents/new)"}


@pytest.mark.parametrize(
    ("status", "text", "error", "reason"),
    [
        (200, "Fails.", QbittorrentAuthError, "login_refused"),
        (401, "Unauthorized", QbittorrentAuthError, "login_refused"),
        (403, "Your IP address has been banned", QbittorrentBannedError, None),
        (200, "<html>", QbittorrentFailedError, None),
        (404, "", QbittorrentFailedError, None),
        (500, "", QbittorrentFailedError, None),
        (200, "Ok.", QbittorrentAuthError, "session_refused"),
        (204, "", QbittorrentAuthError, "session_refused"),
    ],
    ids=["fails", "401", "banned", "html", "404", "500", "no-cookie", "no-cookie-204"],
)
async def test_answers_to_a_login(
    http: ClientSession,
    serve: Serve,
    status: int,
    text: str,
    error: type[QbittorrentError],
    reason: str | None,
) -> None:
    """Of any version, and of what is none."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        login = web.Response(status=status, text=text)
        refusal = web.Response(status=403)
        return {True: login, False: refusal}[request.path.endswith("/auth/login")]

    with pytest.raises(error) as caught:
        await QbittorrentSession(http, await serve(answer), _LOGIN).call(_VERSION)
    assert caught.value.reason == reason


async def test_cookies_go_back_as_they_came(http: ClientSession, serve: Serve) -> None:
    """By whatever name, with whatever is in them."""
    seen: list[str] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.headers.get("Cookie", ""))
        login = web.Response(text="Ok.")
        login.headers.add("Set-Cookie", "QBT_SID_8080=a+b/c==; HttpOnly; SameSite=Lax; path=/")
        login.headers.add("Set-Cookie", "other=1")
        refused = web.Response(status=403)
        accepted = web.Response(text="2.16.2")
        kinds = {"": refused, "QBT_SID_8080=a+b/c==; other=1": accepted}
        return {True: login}.get(request.path.endswith("/auth/login"), kinds[seen[-1]])

    session = QbittorrentSession(http, await serve(answer), _LOGIN)
    assert (await session.call(_VERSION)).text == "2.16.2"
    assert seen == ["", "", "QBT_SID_8080=a+b/c==; other=1"]


def test_credentials_stay_out_of_logs() -> None:
    """Only the name is shown."""
    credentials = Credentials(username="admin", password="correct horse", api_key="qbt_secret")
    assert repr(credentials) == "Credentials(username='admin')"


async def test_a_proxy_that_refuses_the_login(http: ClientSession, serve: Serve) -> None:
    """It has a page for that; a ban is a sentence."""

    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=403, text="<html><h1>403 Forbidden</h1></html>")

    session = QbittorrentSession(http, await serve(refuse), _LOGIN)
    with pytest.raises(QbittorrentFailedError) as caught:
        await session.call(_VERSION)
    assert "403" in caught.value.values["detail"]
