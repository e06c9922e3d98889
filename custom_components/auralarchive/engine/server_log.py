"""What qBittorrent's log says of a link, in whichever language it is written."""

import re

from .errors import QbittorrentError
from .qbittorrent import LogRecord, QbittorrentClient

# What is the same in every language: statuses, words of libtorrent, which speaks English only, and
# qBittorrent's own bounds in numbers: so many redirects, so many MiB. Chinese has wide brackets.
REFUSED_STATUS = re.compile(r"[(\uff08]4\d\d[)\uff09]")
NOT_A_TORRENT = re.compile(r"bencode|bdecode|\[libtorrent:")
TOO_MANY_REDIRECTS = re.compile(r"[(\uff08]20[)\uff09]")
TOO_LARGE = re.compile(r"(?<!\d)100[.,]0(?!\d)")
# What is said of a certificate; that a connection came to nothing is "SSL/TLS" in all languages.
_OF_A_CERTIFICATE = re.compile(r"SSL(?!/TLS)")
# What can stand beside a link in a sentence: a blank, or a quotation mark of any language.
_EDGE = re.compile(r"""[\s"'<>]|[^\x00-\x7f]""")
# What stands beside a name: a quotation mark of any language, or French's narrow blank.
_QUOTE = r"""["'<>]|[^\x00-\x7f]"""
_FULL_STOP = re.compile(r"\.(?:\s|$)")


class ServerLog:
    """Knows where a server's log ends."""

    def __init__(self, client: QbittorrentClient) -> None:
        """Take the server."""
        self._client = client
        self._position = -1

    async def position(self) -> int:
        """Return the id of the log's newest line.

        The line known last is asked for again: if it is not there, the server has restarted and
        counts anew.
        """
        # Another may ask at the same time, and be told of a later line.
        known = self._position
        records = await self._client.log(known - 1 if known > 0 else -1)
        if known > 0 and (not records or records[0].id != known):
            records = await self._client.log()
        self._position = records[-1].id if records else -1
        return self._position


async def warnings_of(client: QbittorrentClient) -> list[LogRecord]:
    """Return the log's warnings, the oldest first; none if there is no answer."""
    try:
        return [record for record in await client.log() if record.is_warning]
    except QbittorrentError:
        return []


def is_about(record: LogRecord, name: str) -> bool:
    """Tell whether a line names a torrent; its words are in the server's language."""
    return bool(name and re.search(f"(?:{_QUOTE}){re.escape(name)}(?:{_QUOTE})", record.message))


def mentions(record: LogRecord, link: str) -> bool:
    """Tell whether a line is about exactly this link, and not about one that it is a part of.

    The log holds links byte for byte, mostly in quotation marks, which differ between languages.
    """
    for match in re.finditer(re.escape(link), record.message):
        before, after = record.message[: match.start()][-1:], record.message[match.end() :]
        if _EDGE.match(before or " ") and (_EDGE.match(after or " ") or _FULL_STOP.match(after)):
            return True
    return False


def is_aside(record: LogRecord, link: str) -> bool:
    """Tell whether a warning about a link leaves open what becomes of it.

    5.x warns of a certificate that nobody vouches for. It goes on if it is told to ignore that, and
    if not, its last word on the link follows.
    """
    return bool(_OF_A_CERTIFICATE.search(record.message.replace(link, "")))
