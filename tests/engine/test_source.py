"""What is to be added, and the ways in which it can get into qBittorrent."""

from typing import Any

import pytest

from custom_components.auralarchive.engine.errors import (
    AuralArchiveError,
    InvalidLinkError,
    InvalidMagnetError,
)
from custom_components.auralarchive.engine.links import JackettAddresses, Link
from custom_components.auralarchive.engine.source import (
    DeliveryMode,
    HandOver,
    HandOverLink,
    OpenLink,
    Source,
    Step,
)
from custom_components.auralarchive.engine.torrent import parse_magnet, read_torrent
from custom_components.auralarchive.engine.torznab import Release
from scripts.lab.torrents import make_torrent

ADDRESSES = JackettAddresses.of("http://192.168.1.5:9117", "http://jackett:9117", "key")
V1 = "ab" * 20
LINK = "http://192.168.1.5:9117/dl/x/?jackett_apikey=key&path=y"
FOREIGN = "https://tracker.example/t/1.torrent"
MAGNET = f"magnet:?xt=urn:btih:{V1}"
FILE = read_torrent(make_torrent({"book.m4b": b"x"}).data)

_OPEN = OpenLink(Link.parse(LINK))
_OPEN_FOREIGN = OpenLink(Link.parse(FOREIGN))
_HAND_OVER = HandOverLink(Link.parse(LINK))
_HAND_OVER_FOREIGN = HandOverLink(Link.parse(FOREIGN))
_MAGNET = HandOver(parse_magnet(MAGNET))


def _release(**fields: Any) -> Release:
    given = {"indexer_id": "lab", "indexer": "Lab", "guid": "1", **fields}
    return Release(title="The Hollow Tide", **given)


@pytest.mark.parametrize(
    ("fields", "auto", "link", "file"),
    [
        ({"link": LINK}, (_OPEN, _HAND_OVER), (_HAND_OVER,), (_OPEN,)),
        ({"magnet": MAGNET}, (_MAGNET,), (_MAGNET,), (_MAGNET,)),
        (
            {"link": LINK, "magnet": MAGNET},
            (_OPEN, _MAGNET, _HAND_OVER),
            (_HAND_OVER,),
            (_OPEN, _MAGNET),
        ),
        ({"link": FOREIGN}, (_HAND_OVER_FOREIGN,), (_HAND_OVER_FOREIGN,), (_OPEN_FOREIGN,)),
        (
            {"link": FOREIGN, "magnet": MAGNET},
            (_HAND_OVER_FOREIGN, _MAGNET),
            (_HAND_OVER_FOREIGN,),
            (_OPEN_FOREIGN, _MAGNET),
        ),
        ({"link": "http://[bad", "magnet": MAGNET}, (_MAGNET,), (_MAGNET,), (_MAGNET,)),
        ({"link": LINK, "magnet": "magnet:?x"}, (_OPEN, _HAND_OVER), (_HAND_OVER,), (_OPEN,)),
    ],
    ids=["link", "magnet", "both", "foreign", "foreign-and-magnet", "bad-link", "bad-magnet"],
)
def test_ways_of_a_result(
    fields: dict[str, str], auto: tuple[Step, ...], link: tuple[Step, ...], file: tuple[Step, ...]
) -> None:
    """Which ways there are, and in which order, depends on the mode."""
    source = Source.of_release(_release(**fields), ADDRESSES)
    assert source.steps(DeliveryMode.AUTO) == auto
    assert source.steps(DeliveryMode.LINK) == link
    assert source.steps(DeliveryMode.FILE) == file


@pytest.mark.parametrize("mode", DeliveryMode)
def test_a_file_is_handed_over_in_any_mode(mode: DeliveryMode) -> None:
    """There is nothing to open."""
    assert Source(file=FILE).steps(mode) == (HandOver(FILE),)


@pytest.mark.parametrize(
    ("text", "steps", "below"),
    [
        (f" {LINK}\n", (_OPEN, _HAND_OVER), "/dl/x/"),
        (FOREIGN, (_HAND_OVER_FOREIGN,), None),
        (f" {MAGNET}\n", (_MAGNET,), None),
        (f"MAGNET{MAGNET[6:]}", (_MAGNET,), None),
    ],
    ids=["jackett", "foreign", "magnet", "upper-magnet"],
)
def test_links_that_are_given(text: str, steps: tuple[Step, ...], below: str | None) -> None:
    """Jackett's are opened here, those of others are not."""
    source = Source.of_link(text, ADDRESSES)
    assert (source.steps(DeliveryMode.AUTO), source.below_jackett) == (steps, below)
    assert not source.from_search


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, InvalidLinkError),
        ({"link": "ftp://host/x"}, InvalidLinkError),
        ({"magnet": "magnet:?x"}, InvalidMagnetError),
        ({"link": "http://[bad", "magnet": "magnet:?x"}, InvalidLinkError),
    ],
    ids=["nothing", "bad-link", "bad-magnet", "both-bad"],
)
def test_results_that_cannot_be_added(
    fields: dict[str, str], error: type[AuralArchiveError]
) -> None:
    """Neither of their addresses is one."""
    with pytest.raises(error):
        Source.of_release(_release(**fields), ADDRESSES)


@pytest.mark.parametrize(("infohash", "ids"), [(None, None), (V1, {V1}), ("cd" * 32, {"cd" * 20})])
def test_what_the_indexer_claims(infohash: str | None, ids: set[str] | None) -> None:
    """It is kept apart from what is known."""
    source = Source.of_release(_release(link=LINK, infohash=infohash), ADDRESSES)
    assert (source.claimed.ids if source.claimed else None) == ids


def test_a_results_link_is_jacketts_whatever_its_host() -> None:
    """A base URL override names a third one."""
    link = LINK.replace("192.168.1.5", "override.example")
    source = Source.of_release(_release(link=link), ADDRESSES)
    assert source.below_jackett == "/dl/x/"
    assert source.steps(DeliveryMode.AUTO)[0] == OpenLink(Link.parse(link))
