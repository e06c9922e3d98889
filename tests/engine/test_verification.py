"""Proof that a torrent is in qBittorrent, and what the server's log says of a link."""

import asyncio

from aiohttp import ClientSession
import pytest

from custom_components.auralarchive.engine.errors import (
    NotSeenError,
    QbittorrentAuthError,
    QbittorrentError,
    QbittorrentFailedError,
    QbittorrentUnreachableError,
)
from custom_components.auralarchive.engine.mirror import Mirror
from custom_components.auralarchive.engine.qbittorrent import QbittorrentClient
from custom_components.auralarchive.engine.session import Credentials
from custom_components.auralarchive.engine.torrent import Infohashes
from custom_components.auralarchive.engine.verification import (
    Expected,
    LinkIsDuplicate,
    LinkRefused,
    Verifier,
)
from scripts.lab.qbittorrent import free_port
from tests.conftest import GENERATIONS

from .conftest import Serve
from .journey import Journey
from .scripted import Record, Scripted

V1, OTHER = "a1" * 20, "b2" * 20
V2 = "c3" * 32
LINK = "http://jackett:9117/dl/x/?jackett_apikey=k&path=Q2Z+%2B"
_NORMAL, _WARNING = 1, 4
_DUNE = {"hash": V1, "name": "Dune"}
_MESSIAH = {"hash": OTHER, "name": "Dune Messiah"}


def _verifier(http: ClientSession, address: str) -> Verifier:
    return Verifier(QbittorrentClient(http, address, Credentials()), Mirror())


async def _watched(verifier: Verifier, expected: Expected, seconds: float) -> str:
    """Return in a word what a watch comes to."""
    try:
        return (await verifier.watch(expected, seconds)).infohash
    except LinkRefused as refused:
        return refused.sentence
    except LinkIsDuplicate as duplicate:
        return f"duplicate of {duplicate.torrent.name}"
    except NotSeenError as err:
        return err.code


@pytest.mark.parametrize(
    "message",
    [
        'Failed to add torrent. Source: "{}". Reason: "The remote server refused"',
        "Torrent konnte nicht hinzugefügt werden. Quelle: „{}“. Grund: abgelehnt",
        "Échec de l'ajout du torrent. Source : « {} ». Raison : refusé",
        "トレントの追加に失敗しました。 ソース:「{}」. 理由: 拒否",
        "Source: {}. Reason: x",
        "Source: {}",
        "<{}>",
        'Failed to add torrent. Source: "{}". Reason: "SSL/TLS handshake failed"',
    ],
    ids=["english", "german", "french", "japanese", "bare", "end", "angles", "tls"],
)
async def test_a_warning_about_our_link(http: ClientSession, serve: Serve, message: str) -> None:
    """In any language, it is the reason."""
    sentence = message.format(LINK)
    server = Scripted(log=[{"id": 7, "message": sentence, "type": _WARNING}])
    verifier = _verifier(http, await serve(server))
    assert await _watched(verifier, Expected(tags=("t",), link=LINK), 5) == sentence


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ('Failed to add torrent. Source: "http://other/". Reason: "x"', _WARNING),
        (f'Failed to add torrent. Source: "{LINK}1". Reason: "x"', _WARNING),
        (f'Failed to add torrent. Source: "x{LINK}". Reason: "x"', _WARNING),
        (f'Failed to add torrent. Source: "{LINK}.torrent". Reason: "x"', _WARNING),
        (f'Failed to add torrent. Source: "{LINK[:-1]}". Reason: "x"', _WARNING),
        (f'Ignoring SSL error, URL: "{LINK}", errors: "self-signed"', _WARNING),
        (f'SSL error, URL: "{LINK}", errors: "self-signed"', _WARNING),
        (f'Downloading torrent, please wait... Source: "{LINK}"', _NORMAL),
        (f'Duplicate. Source: {LINK}. Existing torrent: "Something else"', _NORMAL),
        (f"Duplicate. Source: {LINK}. Infohash: {'0' * 40}", _NORMAL),
        (f"Dune. Source: {LINK}", _NORMAL),
    ],
    ids=["other-link", "longer-link", "embedded-link", "longer-path", "shorter-link",
         "ignored-certificate", "certificate", "downloading", "unknown-name", "unknown-hash",
         "name-in-front"],
)  # fmt: skip
async def test_lines_that_say_nothing_of_it(
    http: ClientSession, serve: Serve, message: str, kind: int
) -> None:
    """They are not taken for what they are not."""
    server = Scripted(torrents=[_DUNE], log=[{"id": 7, "message": message, "type": kind}])
    verifier = _verifier(http, await serve(server))
    assert await _watched(verifier, Expected(tags=("t",), link=LINK), 0.1) == "not_seen"


@pytest.mark.parametrize(
    ("rest", "torrents", "expected"),
    [
        ('Existing torrent: "Dune"', [_DUNE], "duplicate of Dune"),
        ("Existing torrent: Dune", [_DUNE, _MESSIAH], "duplicate of Dune"),
        ("Existing torrent: Dune Messiah", [_DUNE, _MESSIAH], "duplicate of Dune Messiah"),
        ("Existing torrent: Dune Messiah", [_MESSIAH, _DUNE], "duplicate of Dune Messiah"),
        ("Existing torrent: Dune", [_DUNE, {"hash": OTHER, "name": "Dune"}], "not_seen"),
        ("Existing torrent: Dune", [_DUNE, {"hash": OTHER, "name": "torrent"}], "not_seen"),
        ("Existing torrent: Dune", [_DUNE, {"hash": OTHER, "name": ""}], "duplicate of Dune"),
        ("Existing torrent: Dune", [_DUNE, {"hash": OTHER, "name": ":"}], "duplicate of Dune"),
        (f"Existing torrent: Dune. Torrent infohash: {V1}", [_DUNE, _MESSIAH],
         "duplicate of Dune"),
        (f"Existing torrent: Dune. Torrent infohash: {OTHER.upper()}", [_DUNE, _MESSIAH],
         "duplicate of Dune Messiah"),
        (f"Torrent infohash: {V2}", [{"hash": V2[:40], "name": "Both", "infohash_v2": V2}],
         "duplicate of Both"),
        (f"Torrent infohash: {V1}", [{"hash": V2[:40], "name": "Both", "infohash_v1": V1}],
         "duplicate of Both"),
        (f"Existing torrent: Dune. Torrent infohash: {'0' * 40}", [_DUNE], "not_seen"),
    ],
    ids=["name", "short-name", "long-name", "long-name-first", "twins", "guess", "nameless",
         "punctuation", "hash", "upper-hash", "v2", "other-hash-of-hybrid", "unknown-hash"],
)  # fmt: skip
async def test_a_line_about_a_duplicate(
    http: ClientSession, serve: Serve, rest: str, torrents: list[Record], expected: str
) -> None:
    """It names the torrent by infohash or by name; a guess is no proof."""
    line = f"Detected an attempt to add a duplicate torrent. Source: {LINK}. {rest}"
    server = Scripted(torrents=torrents, log=[{"id": 7, "message": line, "type": _NORMAL}])
    verifier = _verifier(http, await serve(server))
    assert await _watched(verifier, Expected(tags=("t",), link=LINK), 0.1) == expected


async def test_only_new_lines_are_read(http: ClientSession, serve: Serve) -> None:
    """What the log said of the link before says nothing of it now."""
    old = {"id": 7, "message": f'"{LINK}" failed', "type": _WARNING}
    server = Scripted(log=[old])
    verifier = _verifier(http, await serve(server))
    expected = Expected(tags=("t",), link=LINK, log_position=await verifier.log_position())
    assert await _watched(verifier, expected, 0.1) == "not_seen"


@pytest.mark.parametrize(
    ("lines", "position", "asked"),
    [
        ([], -1, ["-1", "4", "-1"]),
        ([5], 5, ["-1", "4"]),
        ([5, 6, 9], 9, ["-1", "4"]),
        ([0], 0, ["-1", "4", "-1"]),
        ([0, 1, 2], 2, ["-1", "4", "-1"]),
        ([0, 1, 2, 3, 4, 5, 6], 6, ["-1", "4"]),
    ],
    ids=["emptied", "same", "more", "restarted", "restarted-fewer", "restarted-more"],
)
async def test_where_the_log_ends(
    http: ClientSession, serve: Serve, lines: list[int], position: int, asked: list[str]
) -> None:
    """Only its new part is fetched, unless the server has restarted and counts anew."""
    server = Scripted(log=[{"id": number, "message": "x", "type": 1} for number in range(6)])
    verifier = _verifier(http, await serve(server))
    assert await verifier.log_position() == 5
    server.log = [{"id": number, "message": "y", "type": 1} for number in lines]
    assert await verifier.log_position() == position
    assert [fields["last_known_id"] for fields in server.called("log/main")] == asked


async def test_a_server_that_does_not_know_the_filter(http: ClientSession, serve: Serve) -> None:
    """It lists everything; only the torrent with the tag is ours."""
    ours = {"hash": OTHER, "name": "ours", "tags": "mine, t"}
    server = Scripted(torrents=[{"hash": V1, "name": "other", "tags": "tt"}])
    verifier = _verifier(http, await serve(server))
    assert await _watched(verifier, Expected(tags=("t",)), 0.1) == "not_seen"
    server.torrents.append(ours)
    assert await _watched(verifier, Expected(tags=("earlier", "t")), 5) == OTHER


@pytest.mark.parametrize("status", [500, 502, 404, 302])
async def test_a_server_that_is_restarting(http: ClientSession, serve: Serve, status: int) -> None:
    """What it accepted is there when it is back, whatever a proxy says meanwhile."""
    server = Scripted(torrents=[_DUNE], failing={"torrents/info": status})
    verifier = _verifier(http, await serve(server))
    expected = Expected(infohashes=Infohashes(v1=V1))
    watching = asyncio.create_task(_watched(verifier, expected, 5))
    seen = asyncio.Event()
    server.after["torrents/info"] = seen.set
    await seen.wait()
    server.failing.clear()
    assert await watching == V1


async def test_a_server_that_stays_away(http: ClientSession, serve: Serve) -> None:
    """That is the error then, and not that nothing was seen."""
    expected = Expected(infohashes=Infohashes(v1=V1))
    with pytest.raises(QbittorrentUnreachableError):
        await _verifier(http, f"http://127.0.0.1:{free_port()}").watch(expected, 0.05)
    server = Scripted(failing={"torrents/info": 503})
    with pytest.raises(QbittorrentFailedError):
        await _verifier(http, await serve(server)).watch(expected, 0.05)


@pytest.mark.parametrize(("status", "error"), [(403, QbittorrentAuthError)])
async def test_what_no_waiting_helps_against(
    http: ClientSession, serve: Serve, status: int, error: type[QbittorrentError]
) -> None:
    """It is told at once."""
    server = Scripted(failing={"torrents/info": status})
    with pytest.raises(error):
        await _verifier(http, await serve(server)).watch(Expected(tags=("t",)), 60)
    assert len(server.called("torrents/info")) == 1


async def test_the_mirror_helps_to_find(http: ClientSession, serve: Serve) -> None:
    """The server's filter knows one id of each torrent, the mirror knows them all."""
    both = {"hash": V2[:40], "name": "Both", "infohash_v1": V1, "infohash_v2": V2}
    server = Scripted(torrents=[both])
    mirror = Mirror()
    verifier = Verifier(QbittorrentClient(http, await serve(server), Credentials()), mirror)
    ids = frozenset({V1})
    assert await verifier.find(ids) is None
    assert (await verifier.find_thoroughly(ids)) is not None
    mirror.apply({"full_update": True, "torrents": {V2[:40]: both}})
    assert (await verifier.find(ids)) is not None
    server.torrents.clear()
    assert await verifier.find(ids) is None


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_looking_costs_little(journey: Journey) -> None:
    """A server without it is asked a few times, not hundreds of times."""
    verifier = Verifier(journey.client, journey.mirror)
    with pytest.raises(NotSeenError) as caught:
        await verifier.watch(Expected(infohashes=Infohashes(v1=V1)), 0.3)
    assert caught.value.values == {"seconds": "0.3"}


async def test_a_torrent_that_is_just_being_loaded(http: ClientSession, serve: Serve) -> None:
    """It is a reason to refuse it once more, though it is not listed yet."""
    server = Scripted()

    def load() -> None:
        if len(server.called("torrents/info")) == 4:
            server.torrents = [_DUNE]

    server.after["torrents/info"] = load
    verifier = _verifier(http, await serve(server))
    found = await verifier.find_refused(frozenset({V1}))
    assert found is not None
    assert found.infohash == V1


async def test_a_torrent_that_is_refused_for_another_reason(
    http: ClientSession, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not come, however long one looks."""
    monkeypatch.setattr("custom_components.auralarchive.engine.verification._LOADING_SECONDS", 0.05)
    verifier = _verifier(http, await serve(Scripted(torrents=[_MESSIAH])))
    assert await verifier.find_refused(frozenset({V1})) is None
