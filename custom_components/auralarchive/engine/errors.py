"""Everything that can go wrong, each with a stable code.

A code is also the key of the text that a user sees. The engine holds no such text: it raises the
code, the values that belong into the sentence, and, where one code has several causes, a reason.
None of the values may hold a secret: redact before raising, not only before logging.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Leg(StrEnum):
    """The stretches of the way from a release to a torrent in qBittorrent."""

    REQUEST = "request"
    HOME_ASSISTANT_TO_JACKETT = "home_assistant_to_jackett"
    JACKETT_TO_TRACKER = "jackett_to_tracker"
    HOME_ASSISTANT_TO_QBITTORRENT = "home_assistant_to_qbittorrent"
    HOME_ASSISTANT_TO_LINK = "home_assistant_to_link"
    QBITTORRENT_TO_LINK = "qbittorrent_to_link"
    QBITTORRENT = "qbittorrent"


class Reason(StrEnum):
    """Why a server could not be talked to."""

    CANNOT_RESOLVE = "cannot_resolve"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    TLS = "tls"
    CONNECTION_LOST = "connection_lost"


class AuralArchiveError(Exception):
    """Base of all errors of the engine."""

    code: ClassVar[str]
    leg: ClassVar[Leg] = Leg.REQUEST

    def __init__(self, *, reason: str | None = None, **values: str) -> None:
        """Keep the reason's code and the values that the error's text names."""
        super().__init__(self.code, *(f"{key}={value}" for key, value in values.items()))
        self.reason = reason
        self.values = values
        self.attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One way that an add was tried: `outcome` is what it came to, or the error's code."""

    route: str
    outcome: str
    error: AuralArchiveError | None = None


class UnreachableError(AuralArchiveError):
    """A server that could not be talked to; `reason` is a `Reason`, `address` has no secrets."""

    def __init__(self, *, reason: Reason, address: str) -> None:
        """Name the address that was tried and what happened there."""
        super().__init__(reason=reason, address=address)


class JackettError(AuralArchiveError):
    """Home Assistant and Jackett do not get along."""

    leg = Leg.HOME_ASSISTANT_TO_JACKETT


class JackettUnreachableError(UnreachableError, JackettError):
    """No connection to Jackett."""

    code = "jackett_unreachable"


class JackettAuthError(JackettError):
    """Jackett refused the API key."""

    code = "jackett_auth"


class JackettFailedError(JackettError):
    """Jackett answered with an error; values: `detail`, its own words."""

    code = "jackett_failed"


class JackettNoIndexersError(JackettError):
    """Jackett has no indexer configured, so there is nothing to search."""

    code = "jackett_no_indexers"


class JackettWrongPathError(JackettError):
    """A server answers there, but not at this path (404); values: `address`."""

    code = "jackett_wrong_path"


class JackettRedirectError(JackettError):
    """The address sends elsewhere; values: `location`, where to."""

    code = "jackett_redirect"


class NotJackettError(JackettError):
    """Something answers there that does not speak Torznab; values: `address`."""

    code = "not_jackett"


class UnknownIndexerError(JackettError):
    """An indexer was asked for that Jackett does not have; values: `indexer`, `available`."""

    code = "unknown_indexer"


class QbittorrentError(AuralArchiveError):
    """Home Assistant and qBittorrent do not get along."""

    leg = Leg.HOME_ASSISTANT_TO_QBITTORRENT


class QbittorrentUnreachableError(UnreachableError, QbittorrentError):
    """No connection to qBittorrent."""

    code = "qbittorrent_unreachable"


class QbittorrentAuthError(QbittorrentError):
    """qBittorrent refused the credentials, or wants some and has been given none."""

    code = "qbittorrent_auth"


class QbittorrentBannedError(QbittorrentError):
    """qBittorrent has banned this machine's address after too many failed logins."""

    code = "qbittorrent_banned"


class QbittorrentHostRefusedError(QbittorrentError):
    """qBittorrent refuses the Host header (or sees a cross-site request); values: `address`."""

    code = "qbittorrent_host_refused"


class QbittorrentWrongPathError(QbittorrentError):
    """A server answers there, but not at this path (404); values: `address`."""

    code = "qbittorrent_wrong_path"


class QbittorrentRedirectError(QbittorrentError):
    """The address sends elsewhere; values: `location`, where to."""

    code = "qbittorrent_redirect"


class NotQbittorrentError(QbittorrentError):
    """Something answers there that is not qBittorrent's Web API; values: `address`."""

    code = "not_qbittorrent"


class QbittorrentTooOldError(QbittorrentError):
    """This server is too old for what was asked; values: `version`, `needed`."""

    code = "qbittorrent_too_old"


class QbittorrentFailedError(QbittorrentError):
    """qBittorrent answered with an error; values: `detail`."""

    code = "qbittorrent_failed"


class LinkError(AuralArchiveError):
    """A link that led to no torrent; values: `link` (host and path only) and `detail`."""

    def __init__(self, *, link: str, detail: str = "", reason: str | None = None) -> None:
        """Name the link without its query, and whatever the server said of it."""
        super().__init__(reason=reason, link=link, detail=detail)


class LinkUnreachableError(LinkError):
    """qBittorrent could not open Jackett's link at the address that it was given."""

    code = "link_unreachable"
    leg = Leg.QBITTORRENT_TO_LINK


class ForeignLinkUnreachableError(LinkError):
    """qBittorrent could not open a link that is not Jackett's."""

    code = "foreign_link_unreachable"
    leg = Leg.QBITTORRENT_TO_LINK


class LinkNotOpenedError(LinkError):
    """Home Assistant, which was asked to open a link of others, got no answer from there."""

    code = "link_not_opened"
    leg = Leg.HOME_ASSISTANT_TO_LINK


class LinkGoneError(LinkError):
    """Jackett (or the site) could not get the torrent, or does not have it any more."""

    code = "link_gone"
    leg = Leg.JACKETT_TO_TRACKER


class LinkNotTorrentError(LinkError):
    """The link opened, but what came is not a torrent (a login page, mostly)."""

    code = "link_not_torrent"
    leg = Leg.JACKETT_TO_TRACKER


class LinkTooLargeError(LinkError):
    """The link delivers more than any torrent file should hold."""

    code = "link_too_large"
    leg = Leg.JACKETT_TO_TRACKER


class LinkRedirectLoopError(LinkError):
    """The link redirects on and on."""

    code = "link_redirect_loop"
    leg = Leg.JACKETT_TO_TRACKER


class InvalidLinkError(LinkError):
    """A link that nobody can open: no host, or another scheme than http, https or magnet."""

    code = "invalid_link"


class LinkNotAllowedError(LinkError):
    """A link into this machine or its closest network that is not Jackett's."""

    code = "link_not_allowed"


class InvalidMagnetError(AuralArchiveError):
    """A magnet link without a readable infohash; `reason` tells what is wrong."""

    code = "invalid_magnet"


class InvalidTorrentFileError(AuralArchiveError):
    """Bytes that are no torrent file; `reason` tells what is wrong."""

    code = "invalid_torrent_file"


class InvalidCategoryError(AuralArchiveError):
    """A category name that qBittorrent does not accept; values: `category`."""

    code = "invalid_category"


class RejectedError(AuralArchiveError):
    """qBittorrent refused the torrent, and does not have it."""

    code = "rejected"
    leg = Leg.QBITTORRENT


class NotSeenError(AuralArchiveError):
    """Accepted, but not in the list when the time was up; values: `seconds`."""

    code = "not_seen"
    leg = Leg.QBITTORRENT


class RemovedError(AuralArchiveError):
    """The torrent was there, and is gone again before all of it was as asked for."""

    code = "removed"
    leg = Leg.QBITTORRENT


class UnverifiedError(AuralArchiveError):
    """qBittorrent was given it, and then could not be asked whether it is there.

    `cause` says why; its text becomes the value `detail`.
    """

    code = "unverified"
    leg = Leg.HOME_ASSISTANT_TO_QBITTORRENT

    def __init__(self, *, cause: QbittorrentError) -> None:
        """Keep what stood in the way."""
        super().__init__(detail="")
        self.cause = cause


class UnknownDownloadError(AuralArchiveError):
    """No download has this infohash or name; values: `download`, what was asked for."""

    code = "unknown_download"


class AmbiguousDownloadError(AuralArchiveError):
    """Several downloads have this name; values: `download`, `count`."""

    code = "ambiguous_download"


class OtherCategoryError(AuralArchiveError):
    """The download is in a category that was not asked for; values: `name`, `category`."""

    code = "other_category"


class NoCategoryError(AuralArchiveError):
    """The download is in no category, but one was asked for; values: `name`."""

    code = "no_category"


class DownloadGoneError(AuralArchiveError):
    """The download was there, and was gone before the order was carried out; values: `name`."""

    code = "download_gone"
    leg = Leg.QBITTORRENT


class OrderIgnoredError(AuralArchiveError):
    """An order that had no effect; values: `name`, `seconds`, and what is: `state`, `category`."""

    code = "order_ignored"
    leg = Leg.QBITTORRENT


class OrderUnverifiedError(UnverifiedError):
    """An order was given, and then qBittorrent could not be asked whether it had an effect."""

    code = "order_unverified"


class FilesNotDeletedError(AuralArchiveError):
    """The download is removed, its files are not; values: `name`, `detail`, the server's words."""

    code = "files_not_deleted"
    leg = Leg.QBITTORRENT
