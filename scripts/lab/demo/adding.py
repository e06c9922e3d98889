"""The demo's chapters on a release's way: found, lost without us, added, downloaded."""

import asyncio
from collections.abc import Mapping
import json
from pathlib import Path
import time

from scripts.lab import catalogue
from scripts.lab.hass_client import HassRefusal, JsonObject
from scripts.lab.qbittorrent import ApiSession

from . import stock
from .bare import bare_link
from .house import DemoError, House
from .terminal import Transcript

_GIVEN_UP_SECONDS = 3.0
_DOWNLOAD_SECONDS = 60.0
# What qBittorrent's log calls a warning, of its types 1, 2, 4 and 8.
_WARNING = 4
_ROUTES = {
    "file": "Home Assistant opened Jackett's link and handed over the torrent file",
    "magnet": "Home Assistant handed over a magnet link",
    "link": "qBittorrent opened Jackett's link itself",
}


async def search(house: House, transcript: Transcript) -> JsonObject:
    """Search, print what came, and return the best result."""
    answer = await _ask(house, transcript, stock.SEARCH)
    results, indexers = answer["results"], answer["indexers"]
    transcript.table(
        ("score", "title", "format", "size", "seeders", "indexer"),
        [
            (
                f"{one['score']:.1f}",
                one["title"],
                one["format"] or "?",
                _megabytes(one["size"]),
                str(one["seeders"]),
                ", ".join([one["indexer"], *one["also_on"]]),
            )
            for one in results
        ],
        right="034",
    )
    for indexer in indexers:
        took = f"{indexer['elapsed_ms']} ms"
        if indexer["status"] == "ok":
            transcript.good(indexer["name"], f"{indexer['results']} found in {took}")
        else:
            transcript.bad(indexer["name"], f"{indexer['status']} in {took}: {indexer['error']}")
    left_out = [
        f"{number} {reason.replace('_', ' ')}" for reason, number in answer["filtered"].items()
    ]
    transcript.note(f"Left out of the results: {', '.join(left_out)}.")
    failing = {one["id"] for one in indexers if one["status"] != "ok"}
    if failing != {"dustyattic"} or len(indexers) != len(house.jackett.indexers):
        raise DemoError(f"indexers have not answered as they should: {indexers}")
    best: JsonObject = results[0]
    if best["infohash"] != catalogue.torrent(stock.BEST, "").infohash:
        raise DemoError(f"the search put {best['title']} first")
    return best


async def lose(house: House, transcript: Transcript, best: JsonObject) -> None:
    """Hand Jackett's link to qBittorrent as it is, and show that nothing comes of it."""
    link = await bare_link(house, best["indexer_id"], best["infohash"])
    session = house.qbittorrent.login()
    entries = json.loads(session.call("log/main"))
    last = max((entry["id"] for entry in entries), default=-1)
    transcript.does("POST /api/v2/torrents/add", f"urls={_short(house, link)}")
    status, said = session.answer("torrents/add", {"urls": link, "category": "auralarchive"})
    if status not in (200, 202):
        raise DemoError(f"qBittorrent refused the link at once: {status} {said}")
    transcript.good("qBittorrent answers", f"{status} {said}")
    complaint = await _complaint(session, link, last)
    if json.loads(session.call("torrents/info")):
        raise DemoError("the link worked by itself: the bug cannot be shown here")
    transcript.bad("qBittorrent's list of torrents", "empty, the add is lost")
    if complaint:
        transcript.bad("qBittorrent's log", complaint.replace(link, _short(house, link)))
    else:
        transcript.bad("qBittorrent's log", "not a word about it")
    transcript.note(
        "Jackett wrote localhost into the link, and to qBittorrent that is its own network. It had"
        " said yes before it tried."
    )


async def add(house: House, transcript: Transcript, best: JsonObject) -> str:
    """Add the best result, check everything the answer says, and return the infohash."""
    answer = await _add(house, transcript, best)
    made = catalogue.torrent(stock.BEST, "")
    if answer["infohash"] != made.infohash:
        raise DemoError(f"added was {answer['infohash']}, not {made.infohash}")
    return made.infohash


async def add_by_link(house: House, transcript: Transcript) -> str:
    """Let qBittorrent open a private indexer's link, and return the infohash."""
    transcript.note(
        "The other way round, for those who want it: qBittorrent opens the link itself. This"
        " indexer does not tell infohashes, so a tag of its own finds the torrent."
    )
    found = await _ask(house, transcript, stock.PRIVATE.title)
    answer = await _add(house, transcript, found["results"][0], delivery="link")
    made = catalogue.torrent(stock.PRIVATE, "")
    if answer["infohash"] != made.infohash or answer["route"] != "link":
        raise DemoError(f"qBittorrent did not get it by the link: {answer}")
    if answer["link_rewritten"] is not (house.apart is not None):
        raise DemoError(f"the link's host is not as expected: {answer}")
    if house.apart is not None:
        transcript.good(
            "", f"in the link, localhost had been replaced by {house.apart.host_address}"
        )
    return made.infohash


async def fail(house: House, transcript: Transcript) -> None:
    """Add what cannot be had, and show that it ends with an error that says where and why."""
    session = house.qbittorrent.login()
    before = len(json.loads(session.call("torrents/info")))
    found = await _ask(house, transcript, "the invisible man")
    release = found["results"][0]
    if release["title"] != stock.GONE:
        raise DemoError(f"the search found {release['title']}")
    transcript.does("auralarchive.add_torrent", release["title"])
    try:
        answer = await house.client.call("auralarchive.add_torrent", result_id=release["result_id"])
    except HassRefusal as refusal:
        said = str(refusal)
    else:
        raise DemoError(f"an add of what is gone succeeded: {answer}")
    transcript.bad("Error", said)
    after = len(json.loads(session.call("torrents/info")))
    if "/dl/lantern/" not in said or house.jackett.api_key in said or before != after:
        raise DemoError(f"the error is not the one for a lost torrent: {said}")
    transcript.good("", "it names Jackett's link, and qBittorrent has no torrent more than before")


async def download(
    house: House, transcript: Transcript, infohash: str, book: catalogue.Book
) -> None:
    """Wait until a book is complete, and compare it with what the indexer has."""
    deadline = time.monotonic() + _DOWNLOAD_SECONDS
    while True:
        listed = (await house.client.call("auralarchive.get_downloads"))["downloads"]
        one = next(entry for entry in listed if entry["infohash"] == infohash)
        speed = f"{one['speed'] / 1000:4.0f} kB/s" if one["progress"] < 100 else one["state"]
        transcript.bar(one["progress"], speed)
        if one["progress"] >= 100:
            break
        if time.monotonic() > deadline:
            raise DemoError(f"{one['name']} is not complete after {_DOWNLOAD_SECONDS:.0f} s")
        await asyncio.sleep(0.2)
    _compare(Path(one["save_path"]), catalogue.torrent(book, "").content)
    size = sum(map(len, catalogue.content(book).values()))
    files = len(catalogue.content(book))
    transcript.good(
        "On disk", f"{files} file{'s'[: files > 1]}, {size:,} bytes, every one as it was sent"
    )


def _compare(folder: Path, content: Mapping[str, bytes]) -> None:
    for path, data in content.items():
        file = folder / path
        if not file.is_file() or file.read_bytes() != data:
            raise DemoError(f"{file} is not what the indexer has")


async def _ask(house: House, transcript: Transcript, query: str) -> JsonObject:
    transcript.does("auralarchive.search", query)
    answer = await house.client.call("auralarchive.search", query=query)
    if not answer["results"]:
        raise DemoError(f"the search for {query} found nothing: {answer['indexers']}")
    return answer


async def _add(
    house: House, transcript: Transcript, release: JsonObject, **options: str
) -> JsonObject:
    given = "".join(f", {name}: {value}" for name, value in options.items())
    transcript.does("auralarchive.add_torrent", f"{release['title']}{given}")
    answer = await house.client.call(
        "auralarchive.add_torrent", result_id=release["result_id"], **options
    )
    if answer["status"] != "added" or answer["warnings"]:
        raise DemoError(f"the add came to {answer}")
    transcript.good("Status", f"{answer['status']}, after {answer['elapsed_ms']} ms")
    transcript.good("Infohash", answer["infohash"])
    transcript.good("Route", f"{answer['route']} ({_ROUTES[answer['route']]})")
    seen = json.loads(house.qbittorrent.login().call("torrents/info?category=auralarchive"))
    if answer["infohash"] not in {torrent["hash"] for torrent in seen}:
        raise DemoError("qBittorrent does not list what was reported as added")
    transcript.good("", "qBittorrent's own list has it, in the category auralarchive")
    return answer


async def _complaint(session: ApiSession, link: str, last: int) -> str:
    """Wait for the warning that qBittorrent logs of a link; version 4 has none."""
    deadline = time.monotonic() + _GIVEN_UP_SECONDS
    while time.monotonic() < deadline:
        for entry in json.loads(session.call(f"log/main?last_known_id={last}")):
            if link in entry["message"] and entry["type"] >= _WARNING:
                return str(entry["message"])
        await asyncio.sleep(0.1)
    return ""


def _short(house: House, link: str) -> str:
    """Cut a link off where its key begins."""
    return link.partition(house.jackett.api_key)[0] + "…"


def _megabytes(size: int | None) -> str:
    return "?" if size is None else f"{size / 1_000_000:.0f} MB"
