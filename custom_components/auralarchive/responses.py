"""The actions' responses: plain values that JSON can hold, and no secret among them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from homeassistant.core import ServiceResponse
from homeassistant.util.json import JsonObjectType, JsonValueType

from .engine.delivery import Delivered
from .engine.errors import Attempt
from .engine.jackett import IndexerOutcome
from .engine.mirror import Category, Torrent
from .engine.orders import Ordered, OrderStatus
from .engine.ranking import RankedRelease, Ranking
from .engine.removal import Removed
from .engine.route import Finding, Status, is_passable
from .engine.source import DeliveryMode
from .problems import explained, sentence
from .servers import Servers


def search_response(
    query: str,
    ranking: Ranking,
    outcomes: Iterable[IndexerOutcome],
    servers: Servers,
    *,
    took_ms: int,
) -> ServiceResponse:
    """Return a search's results; they are kept under the ids given here."""
    torrents = servers.mirror.torrents
    known = torrents.keys() | {found.infohash_v1 for found in torrents.values()}
    return {
        "query": query,
        "total": ranking.total,
        "took_ms": took_ms,
        "results": [
            _result(ranked, servers.results.put(ranked.release), ranked.release.infohash in known)
            for ranked in ranking.results
        ],
        "indexers": [
            {
                "id": outcome.id,
                "name": outcome.name,
                "status": outcome.status.value,
                "results": outcome.results,
                "elapsed_ms": outcome.elapsed_ms,
                "error": outcome.error,
            }
            for outcome in outcomes
        ],
        "filtered": dict[str, JsonValueType](ranking.filtered),
    }


def _result(ranked: RankedRelease, result_id: str, in_qbittorrent: bool) -> JsonObjectType:
    release, facts = ranked.release, ranked.facts
    return {
        "result_id": result_id,
        "title": release.title,
        "author": release.author or facts.author,
        "book": release.book or facts.book,
        "narrator": facts.narrator,
        "format": facts.format,
        "indexer": release.indexer,
        "indexer_id": release.indexer_id,
        "also_on": list(ranked.also_on),
        "categories": list(release.categories),
        "size": release.size,
        "seeders": release.seeders,
        "leechers": release.leechers,
        "grabs": release.grabs,
        "published": release.published.isoformat() if release.published else None,
        "freeleech": release.freeleech,
        "infohash": release.infohash,
        "score": ranked.score,
        "score_parts": dict[str, JsonValueType](ranked.score_parts),
        "in_qbittorrent": in_qbittorrent and release.infohash is not None,
    }


def add_response(delivered: Delivered) -> ServiceResponse:
    """Return what became of an add."""
    torrent = delivered.torrent
    return {
        "status": delivered.status.value,
        "infohash": torrent.infohash_v1 or torrent.infohash_v2 or torrent.infohash,
        "name": torrent.name,
        "category": torrent.category,
        "save_path": torrent.save_path,
        "state": torrent.state.value,
        "route": delivered.route.value,
        "link_rewritten": delivered.link_rewritten,
        "elapsed_ms": delivered.elapsed_ms,
        "attempts": [_attempt(attempt) for attempt in delivered.attempts],
        "warnings": [
            sentence(f"warning_{warned.caution}", warned.values) for warned in delivered.warnings
        ],
    }


def _attempt(attempt: Attempt) -> JsonObjectType:
    return {
        "route": str(attempt.route),
        "outcome": str(attempt.outcome),
        "detail": explained(attempt.error) if attempt.error else None,
    }


def downloads_response(
    torrents: Iterable[Torrent], categories: Iterable[Category]
) -> ServiceResponse:
    """Return torrents, the newest first, and the server's categories."""
    newest_first = sorted(torrents, key=lambda torrent: torrent.added_on or 0, reverse=True)
    return {
        "downloads": [_download(torrent) for torrent in newest_first],
        "categories": [
            {"name": category.name, "save_path": category.save_path or None}
            for category in sorted(categories, key=lambda category: category.name)
        ],
    }


def order_response(ordered: Ordered) -> ServiceResponse:
    """Return what became of an order, with the download as it was seen last."""
    return {"status": ordered.status.value, "download": _download(ordered.torrent)}


def removal_response(removed: Removed) -> ServiceResponse:
    """Return what was removed; `files_deleted` is null if that cannot be known."""
    return {
        "status": OrderStatus.REMOVED.value,
        "download": _download(removed.torrent),
        "files_deleted": removed.files_deleted,
    }


def _download(torrent: Torrent) -> JsonObjectType:
    return {
        "infohash": torrent.infohash_v1 or torrent.infohash_v2 or torrent.infohash,
        "name": torrent.name,
        "state": torrent.state.value,
        "progress": round(torrent.progress * 100, 1),
        "size": torrent.size,
        "downloaded": torrent.downloaded,
        "speed": torrent.speed,
        "eta": torrent.eta,
        "seeders": torrent.seeders,
        "ratio": round(torrent.ratio, 3),
        "category": torrent.category,
        "save_path": torrent.save_path,
        "added_on": _time(torrent.added_on),
        "completed_on": _time(torrent.completed_on),
    }


def route_response(findings: Sequence[Finding], mode: DeliveryMode) -> ServiceResponse:
    """Return how the legs of the way are; `ok` is null for what cannot be known."""
    return {
        "ok": is_passable(findings, mode),
        "delivery": mode.value,
        "legs": [_leg(finding) for finding in findings],
    }


def _leg(finding: Finding) -> JsonObjectType:
    values = finding.values
    if values.get("detail") == "":
        values = {**values, "detail": sentence("reason_no_detail")}
    error = finding.error
    advice = error.code if error else finding.advice
    unknown = finding.status is Status.UNKNOWN
    return {
        "leg": finding.leg.value,
        "ok": None if unknown else finding.status is not Status.FAILED,
        "status": finding.status.value,
        "detail": explained(error) if error else sentence(f"route_{finding.code}", values),
        "advice": sentence(f"advice_{advice}", values) if advice else None,
    }


def _time(seconds: int | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds is not None else None
