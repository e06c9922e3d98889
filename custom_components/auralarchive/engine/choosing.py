"""Which download is meant: by infohash or by name, and only where it may be looked for."""

from collections.abc import Iterable
import unicodedata

from .errors import (
    AmbiguousDownloadError,
    NoCategoryError,
    OtherCategoryError,
    UnknownDownloadError,
)
from .mirror import Torrent, is_within
from .redact import Redactor
from .torrent import Infohashes, normalise_infohash

# A name is at most as long as a file's may be.
_SHOWN_LENGTH = 255


def choose(
    torrents: Iterable[Torrent], download: str, category: str | None, redact: Redactor
) -> Torrent:
    """Return the one download that an infohash or a name means.

    It has to be in the category or below it; None is anywhere. Names are compared whole, without
    regard to letter case and the blanks around them. An infohash comes first: a name may look like
    one. Raises `UnknownDownloadError`, `AmbiguousDownloadError`, and for what is only elsewhere
    `OtherCategoryError` or `NoCategoryError`.
    """
    listed = list(torrents)
    found = _by_infohash(listed, download) or _by_name(listed, download)
    inside = [one for one in found if category is None or is_within(one.category, category)]
    if len(inside) == 1:
        return inside[0]
    # Whoever takes a link for a name should not find its key in an error.
    shown = redact(download.strip())[:_SHOWN_LENGTH]
    if inside:
        raise AmbiguousDownloadError(download=shown, count=str(len(inside)))
    if not found:
        raise UnknownDownloadError(download=shown)
    elsewhere = sorted({one.category for one in found if one.category})
    if not elsewhere:
        raise NoCategoryError(name=found[0].name)
    raise OtherCategoryError(name=found[0].name, category=", ".join(elsewhere))


def _by_infohash(torrents: Iterable[Torrent], text: str) -> list[Torrent]:
    """Return the torrent with an infohash: v1, v2, or the server's own id."""
    infohash = normalise_infohash(text)
    if infohash is None:
        return []
    ids = Infohashes(others=frozenset({infohash})).ids
    return [torrent for torrent in torrents if torrent.ids & ids]


def _by_name(torrents: Iterable[Torrent], text: str) -> list[Torrent]:
    name = _folded(text)
    return [torrent for torrent in torrents if _folded(torrent.name) == name]


def _folded(name: str) -> str:
    # File systems write accents in two ways that look the same.
    return unicodedata.normalize("NFC", name.strip().casefold())
