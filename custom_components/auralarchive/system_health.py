"""System health: whether the servers answer, as their coordinators know."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .coordinator import (
    AuralArchiveConfigEntry,
    AuralArchiveData,
    JackettCoordinator,
    QbittorrentCoordinator,
)
from .engine.errors import AuralArchiveError, UnreachableError

_OK = "ok"
_NOT_ASKED = "unknown"
_NOT_LOADED = "not loaded"


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register what tells the health."""
    register.async_register_info(system_health_info)


async def system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return the health of all entries in use, several in their order."""
    entries: list[AuralArchiveConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_disabled=False
    )
    if not entries:
        return {"entries": 0}
    # There is none before the first set-up and after an unload.
    found: list[AuralArchiveData | None] = [
        getattr(entry, "runtime_data", None) for entry in entries
    ]
    versions = [data.downloads.version.removeprefix("v") if data else "" for data in found]
    return {
        "entries": len(entries),
        "qbittorrent": _joined([_health(data.downloads if data else None) for data in found]),
        "qbittorrent_version": ", ".join(version or _NOT_ASKED for version in versions),
        "jackett": _joined([_health(data.jackett if data else None) for data in found]),
        "delivery": ", ".join(
            data.preferences.delivery.value if data else _NOT_LOADED for data in found
        ),
    }


def _health(coordinator: QbittorrentCoordinator | JackettCoordinator | None) -> str:
    """Return how a server is, in a word or by an error's code."""
    if coordinator is None:
        return _NOT_LOADED
    if coordinator.answered is None:
        return _NOT_ASKED
    if coordinator.answered:
        return _OK
    cause = coordinator.last_exception and coordinator.last_exception.__cause__
    if isinstance(cause, AuralArchiveError) and not isinstance(cause, UnreachableError):
        return cause.code
    return "unreachable"


def _joined(healths: list[str]) -> str | dict[str, str]:
    """Return one value for all entries, which is a failure as soon as one is."""
    text = ", ".join(healths)
    if set(healths) <= {_OK, _NOT_ASKED, _NOT_LOADED}:
        return text
    return {"type": "failed", "error": text}
