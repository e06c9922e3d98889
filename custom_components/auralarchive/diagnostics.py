"""Diagnostics: what support needs to know, without secrets, titles, folders and hosts."""

from collections import Counter
from collections.abc import Iterable, Mapping
import ipaddress
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant

from .const import (
    CONF_CATEGORY,
    CONF_JACKETT_API_KEY,
    CONF_JACKETT_URL,
    CONF_JACKETT_URL_FOR_QBITTORRENT,
    CONF_QBITTORRENT_API_KEY,
    CONF_QBITTORRENT_PASSWORD,
    CONF_QBITTORRENT_URL,
    CONF_QBITTORRENT_USERNAME,
    CONF_SAVE_PATH,
    DEFAULT_CATEGORY,
)
from .coordinator import (
    AuralArchiveConfigEntry,
    AuralArchiveData,
    JackettCoordinator,
    QbittorrentCoordinator,
)
from .engine.errors import AuralArchiveError, InvalidLinkError, QbittorrentTooOldError
from .engine.links import Link, is_loopback_host
from .engine.mirror import Mirror, Torrent
from .journal import NotedAdd

_ADDRESSES = (CONF_JACKETT_URL, CONF_QBITTORRENT_URL, CONF_JACKETT_URL_FOR_QBITTORRENT)
# The addresses are described instead; an empty value stays, and shows that nothing was entered.
TO_REDACT = frozenset(
    {
        *_ADDRESSES,
        CONF_JACKETT_API_KEY,
        CONF_QBITTORRENT_API_KEY,
        CONF_QBITTORRENT_PASSWORD,
        CONF_QBITTORRENT_USERNAME,
        CONF_CATEGORY,
        CONF_SAVE_PATH,
    }
)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: AuralArchiveConfigEntry
) -> dict[str, Any]:
    """Return what is known of an entry, however far its set-up has got."""
    # There is none before the first set-up and after an unload.
    data: AuralArchiveData | None = getattr(entry, "runtime_data", None)
    return {
        "entry": {
            "version": f"{entry.version}.{entry.minor_version}",
            "state": entry.state.value,
            "data": async_redact_data(entry.data, TO_REDACT),
            "options": async_redact_data(entry.options, TO_REDACT),
            "category_is_default": entry.options.get(CONF_CATEGORY) == DEFAULT_CATEGORY,
        },
        "addresses": _addresses(entry.data),
        **(_running(data) if data is not None else {}),
    }


def _running(data: AuralArchiveData) -> dict[str, Any]:
    """Return what an entry has seen since it was set up."""
    servers = data.servers
    version = servers.qbittorrent.known_version
    return {
        "qbittorrent": {
            "version": data.downloads.version,
            "api": ".".join(map(str, version.api)) if version else None,
            **_polling(data.downloads),
        },
        "jackett": {
            "indexers": [indexer.id for indexer in data.jackett.data or ()],
            **_polling(data.jackett),
        },
        "torrents": _torrents(servers.mirror, data.preferences.category),
        "watched_for": servers.delivery.late.watched,
        "kept_results": len(servers.results),
        "last_search": [
            {
                "indexer": outcome.id,
                "status": outcome.status.value,
                "results": outcome.results,
                "elapsed_ms": outcome.elapsed_ms,
            }
            for outcome in servers.jackett.last_outcomes
        ],
        "last_adds": [_add(noted) for noted in data.journal],
        "issues": [issue.value for issue in data.issues.present],
    }


def _addresses(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the addresses, and tell which of their hosts are the same."""
    links = {key: _parsed(settings.get(key)) for key in _ADDRESSES}
    hosts = {key: link.host.lower() for key, link in links.items() if link is not None}
    jackett = hosts.get(CONF_JACKETT_URL)
    return {
        **{key: _described(link) for key, link in links.items()},
        "jackett_and_qbittorrent_share_host": jackett == hosts.get(CONF_QBITTORRENT_URL),
        "both_use_one_address_of_jackett": settings.get(CONF_JACKETT_URL)
        == settings.get(CONF_JACKETT_URL_FOR_QBITTORRENT),
    }


def _parsed(address: str | None) -> Link | None:
    try:
        return Link.parse(address or "")
    except InvalidLinkError:
        return None


def _described(link: Link | None) -> dict[str, Any] | None:
    """Describe an address without its host; None for one that cannot be read."""
    if link is None:
        return None
    return {
        "scheme": link.scheme.lower(),
        "host": _kind_of_host(link.host),
        "port": link.port,
        "has_path": bool(link.path.strip("/")),
        "has_login": link.user is not None,
    }


def _kind_of_host(host: str) -> str:
    if is_loopback_host(host):
        return "loopback"
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        # Without a dot it is a container's, or known in the house only.
        return "name" if "." in host.rstrip(".") else "short_name"
    return "public_address" if address.is_global else "private_address"


def _polling(coordinator: QbittorrentCoordinator | JackettCoordinator) -> dict[str, Any]:
    """Return how it went to ask a server."""
    every, seen = coordinator.update_interval, coordinator.last_update_success_time
    failure = coordinator.last_exception
    return {
        "answers": coordinator.answered,
        "interval_seconds": every.total_seconds() if every else None,
        "last_success": seen.isoformat() if seen else None,
        # It stays when all is well again.
        "last_error": _error(failure.__cause__ or failure) if failure else None,
    }


def _error(cause: BaseException) -> dict[str, Any]:
    """Return an error in codes: its text may name anything."""
    if not isinstance(cause, AuralArchiveError):
        return {"code": type(cause).__name__}
    too_old = isinstance(cause, QbittorrentTooOldError)
    version = {"version": cause.values["version"]} if too_old else {}
    return {"code": cause.code, "reason": cause.reason, **version}


def _torrents(mirror: Mirror, category: str) -> dict[str, Any]:
    """Return figures of what the server has."""
    return {
        "all": _states(mirror.torrents.values()),
        "in_category": _states(mirror.of_category(category)),
        "categories": len(mirror.categories),
        "category_exists": category in mirror.categories,
        "free_space": mirror.free_space,
    }


def _states(torrents: Iterable[Torrent]) -> dict[str, int]:
    """Count torrents by what they do."""
    return dict(sorted(Counter(torrent.state.value for torrent in torrents).items()))


def _add(noted: NotedAdd) -> dict[str, Any]:
    return {
        "at": noted.at.isoformat(),
        "source": noted.source.value,
        "delivery": noted.delivery.value,
        "outcome": noted.outcome,
        "route": noted.route,
        "reason": noted.reason,
        "leg": noted.leg,
        "cause": noted.cause,
        "elapsed_ms": noted.elapsed_ms,
        "attempts": [
            {"route": trial.route, "outcome": trial.outcome, "reason": trial.reason}
            for trial in noted.trials
        ],
        "warnings": list(noted.warnings),
    }
