"""Magnets by number, named as audiobooks are."""

from hashlib import sha1
from urllib.parse import quote

_TRACKER = quote("udp://127.0.0.1:9/announce", safe="")


def infohash(number: int) -> str:
    """Return the infohash of the torrent that has a number."""
    return sha1(b"torrent %d" % number, usedforsecurity=False).hexdigest()


def magnet(number: int) -> str:
    """Return the magnet of the torrent that has a number."""
    name = quote(f"Author {number} - The Title of Book {number} (Unabridged) [ENG / M4B]")
    return f"magnet:?xt=urn:btih:{infohash(number)}&dn={name}&tr={_TRACKER}"
