"""What must hold of everything that reads texts and bytes of others; each raises what it does not.

The fuzzer tries them with bytes, the tests in `tests/engine/test_hostile_*.py` with examples that
are made to fit.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
import json
import re
from typing import Any
from unittest.mock import patch

from yarl import URL

from custom_components.auralarchive.engine import large_json
from custom_components.auralarchive.engine.errors import (
    AuralArchiveError,
    InvalidLinkError,
    InvalidMagnetError,
    InvalidTorrentFileError,
    QbittorrentFailedError,
)
from custom_components.auralarchive.engine.jackett import read_jackett_address
from custom_components.auralarchive.engine.links import (
    JackettAddresses,
    Link,
    normalise_address,
    suggest_address_for_qbittorrent,
)
from custom_components.auralarchive.engine.mirror import Mirror, Torrent
from custom_components.auralarchive.engine.ranking import rank
from custom_components.auralarchive.engine.redact import Redactor
from custom_components.auralarchive.engine.titles import (
    AUDIO_FORMATS,
    EBOOK_FORMATS,
    read_title,
    significant_words,
    words,
)
from custom_components.auralarchive.engine.torrent import (
    Infohashes,
    is_magnet,
    normalise_infohash,
    parse_magnet,
    read_torrent,
)
from custom_components.auralarchive.engine.torznab import (
    Indexer,
    NotTorznabError,
    Release,
    TorznabError,
    parse_feed,
    parse_indexers,
)
from custom_components.auralarchive.engine.transport import origin_text
from scripts.fuzzing import reference

INDEXER = Indexer(id="lab", name="Lab")
_LARGEST = 2**63
# The smallest item with a title has more bytes than that.
_ITEM_BYTES = 20
_MAX_TITLE = 1000
# Bytes of JSON that are read at a stretch: few, so that small inputs are cut as well.
_PIECE = 24


def feed(data: bytes) -> None:
    """A feed is releases with fields in order, or it is refused for a reason of ours."""
    try:
        releases = parse_feed(data, INDEXER)
    except NotTorznabError, TorznabError:
        releases = []
    assert len(releases) <= len(data) // _ITEM_BYTES
    for release in releases:
        _release(release)
    ranking = rank(releases, "the hollow tide", max_results=3)
    assert len(ranking.results) + sum(ranking.filtered.values()) == len(releases)
    try:
        listed = parse_indexers(data)
    except NotTorznabError:
        return
    except TorznabError as err:
        _complaint(err)
    else:
        assert all(indexer.id and indexer.name for indexer in listed)


def _complaint(err: TorznabError) -> None:
    assert err.code >= 0
    assert len(err.description.splitlines()) <= 1
    assert len(err.description) <= 300


def _refusal(err: AuralArchiveError) -> None:
    assert err.code
    assert err.reason
    # Who knows what the rest of it holds.
    assert all(len(value) <= 20 for value in err.values.values())


def _release(release: Release) -> None:
    assert release.title == " ".join(release.title.split()) != ""
    assert release.link is None or re.match(r"(?i)https?://", release.link)
    assert release.magnet is None or is_magnet(release.magnet)
    assert release.infohash == normalise_infohash(release.infohash)
    numbers = (
        release.size, release.files, release.grabs, release.seeders, release.leechers,
        *release.categories,
    )  # fmt: skip
    assert all(number is None or 0 <= number < _LARGEST for number in numbers)
    assert len(set(release.categories)) == len(release.categories)
    assert release.published is None or release.published.utcoffset() == timedelta(0)
    for secret in (release.link, release.guid, release.magnet):
        assert not secret or len(secret) < _ITEM_BYTES or secret not in repr(release)


def torrent(data: bytes) -> None:
    """The walk over a torrent file finds what an independent reading finds, or nothing either."""
    expected = reference.read(data)
    try:
        found = read_torrent(data)
    except InvalidTorrentFileError as err:
        _refusal(err)
        found = None
    if found is None or expected is None:
        assert (found, expected) == (None, None)
        return
    assert found.infohashes == Infohashes(v1=expected.v1, v2=expected.v2)
    assert found.name == expected.name
    assert found.data is data


def magnet(text: str) -> None:
    """A magnet names a torrent and can be handed over in one line, or it is refused."""
    try:
        found = parse_magnet(text)
    except InvalidMagnetError as err:
        _refusal(err)
        return
    assert found.uri.startswith("magnet:?")
    assert found.uri[7:] == text.strip()[7:]
    assert found.uri.isprintable()
    assert found.infohashes.ids
    assert all(re.fullmatch("[0-9a-f]{40}", identity) for identity in found.infohashes.ids)
    assert parse_magnet(found.uri) == found


def link(text: str) -> Link | None:
    """A link is put together as it was taken apart, and leads others where we think it does."""
    try:
        found = Link.parse(text)
    except InvalidLinkError as err:
        _refusal(err)
        return None
    assert str(found) == text.strip()
    assert Link.parse(str(found)) == found
    assert "?" not in found.shown
    assert "#" not in found.shown
    assert Link.parse(found.shown).shown == found.shown
    # What opens it is yarl: it has to see the same host there.
    opened = URL(str(found), encoded=True)
    assert (opened.raw_host or "").lower() == found.host.strip("[]").lower()
    assert opened.port == found.port
    assert opened.scheme == found.scheme.lower()
    origin_text(found.front)
    return found


def address(text: str) -> str | None:
    """An address that a person enters gets one spelling, or is refused."""
    try:
        read_jackett_address(text)
        found = normalise_address(text)
    except InvalidLinkError:
        return None
    assert normalise_address(found) == found
    parsed = link(found)
    assert parsed is not None
    assert not parsed.query
    assert not parsed.fragment
    assert not parsed.path.endswith("/")
    return found


def suggestion(jackett: str, qbittorrent: str) -> None:
    """The address that is proposed is one, and no loopback one where qBittorrent's is none."""
    proposed = Link.parse(suggest_address_for_qbittorrent(jackett, qbittorrent))
    before = Link.parse(jackett)
    assert proposed.path == before.path
    assert proposed.port == before.port
    assert Link.parse(qbittorrent).is_loopback or not proposed.is_loopback
    assert before.is_loopback or str(proposed) == jackett


def rewriting(addresses: JackettAddresses, before: Link, *, from_search: bool) -> None:
    """Only the front of a link is ever exchanged, and only for one that we know."""
    below = addresses.below_jackett(before, from_search=from_search)
    after = addresses.for_qbittorrent(before, from_search=from_search)
    assert (after.query, after.fragment) == (before.query, before.fragment)
    base = addresses.qbittorrent
    if below is None:
        assert after.path == before.path
        assert (after.scheme, after.user, after.port) == (before.scheme, before.user, before.port)
        moved = before.is_loopback and not base.is_loopback
        assert after.host == (base.host if moved else before.host)
    else:
        assert before.path.endswith(below)
        assert below[:1] in ("", "/")
        assert after.path == base.path + below
        assert after.origin == base.origin
        at_home = addresses.for_home_assistant(before, below)
        assert at_home.origin == addresses.home_assistant.origin
        assert at_home.path == addresses.home_assistant.path + below
        assert (at_home.query, at_home.fragment) == (before.query, before.fragment)
    if not _are_nested(addresses):
        assert addresses.for_qbittorrent(after, from_search=from_search) == after


def _are_nested(addresses: JackettAddresses) -> bool:
    """Tell whether one base may lie below the other: then a path has two meanings."""
    one, other = addresses.home_assistant, addresses.qbittorrent
    if one.port != other.port or one.path == other.path:
        return False
    shorter, longer = sorted((f"{one.path}/", f"{other.path}/"), key=len)
    return longer.startswith(shorter)


def title(text: str) -> None:
    """Whatever a title is, what is read of it is in order."""
    facts = read_title(text)
    for name in (facts.book, facts.author, facts.narrator):
        assert name is None or 0 < len(name) <= _MAX_TITLE
    assert facts.format in {None, *AUDIO_FORMATS, *EBOOK_FORMATS}
    assert facts.bitrate is None or 16 <= facts.bitrate < 2000
    assert facts.language is None or re.fullmatch("[a-z]{2}", facts.language)
    assert {*significant_words(text)} <= {*words(text)}
    assert all(word and not word.isspace() for word in words(text))


def deltas(answers: Sequence[Mapping[str, Any]], final: Mapping[str, Any]) -> None:
    """Whatever answers came before, a full one makes the mirror what the server is."""
    mirror, twin = Mirror(), Mirror()
    for answer in answers:
        before = _copied(mirror)
        try:
            mirror.apply(answer)
        except QbittorrentFailedError:
            assert _copied(mirror) == (*before[:3], 0)
        with suppress(QbittorrentFailedError):
            at_once(twin.apply_in_turns(answer))
        assert _copied(twin) == _copied(mirror)
        for infohash, found in mirror.torrents.items():
            _torrent(infohash, found)
        assert 0 <= mirror.rid < _LARGEST
        assert all(name == category.name for name, category in mirror.categories.items())
        mirror.of_category("a")
        mirror.find(frozenset({"0" * 40}))
    fresh = Mirror()
    seen = mirror.torrents.copy()
    fresh.apply(final)
    changes = mirror.apply(final)
    assert changes.added == fresh.torrents.keys() - seen
    assert changes.removed == seen.keys() - fresh.torrents
    assert _copied(mirror) == _copied(fresh)


def _copied(mirror: Mirror) -> tuple[object, ...]:
    return mirror.torrents.copy(), mirror.categories.copy(), mirror.free_space, mirror.rid


def at_once[T](work: Coroutine[Any, Any, T]) -> T:
    """Run what does nothing but let others have their turn, and return what comes of it."""
    while True:
        try:
            work.send(None)
        except StopIteration as done:
            value: T = done.value
            return value


def _torrent(infohash: str, found: Torrent) -> None:
    assert found.infohash == infohash
    texts = (found.name, found.category, found.save_path, *found.tags)
    assert all(isinstance(text, str) for text in texts)
    counts = (found.size, found.downloaded, found.speed, found.seeders)
    assert all(isinstance(count, int) and 0 <= count < _LARGEST for count in counts)
    fractions = (found.progress, found.ratio)
    assert all(isinstance(part, float) and 0 <= part <= _LARGEST for part in fractions)
    for moment in (found.added_on, found.completed_on, found.eta):
        assert moment is None or 0 < moment < 2**32
    # Neither a NaN nor an infinity, which no client of Home Assistant could read.
    json.dumps([*counts, *fractions], allow_nan=False)
    assert all(len(identity) <= 40 for identity in found.ids)


def long_json(body: bytes) -> None:
    """JSON that is read in pieces says what it says as a whole."""
    with patch.object(large_json, "_PIECE_BYTES", _PIECE):
        assert _read(lambda: at_once(large_json.read_json(body))) == _read(lambda: json.loads(body))


def _read(read: Callable[[], object]) -> str | None:
    """Return what was read in a form that compares, NaN and all; None for what is no JSON."""
    try:
        return json.dumps(read(), sort_keys=True)
    except ValueError, RecursionError:
        return None


def redaction(secret: str, text: str) -> None:
    """A known secret is gone from a text, and the text has not grown beyond all bounds."""
    redacted = Redactor([secret])(text)
    assert secret.lower() not in redacted.lower()
    assert len(redacted) <= 4 * len(text)


def shape(secret: str, text: str) -> None:
    """A secret that stands where secrets stand is gone, though nobody told us of it."""
    assert secret.lower() not in Redactor()(text).lower()
