"""The event entity: what becomes of the downloads."""

from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import EVENT_DOWNLOAD
from .coordinator import AuralArchiveConfigEntry, QbittorrentCoordinator
from .engine.transitions import Transition, Turn
from .entity import AuralArchiveEntity
from .problems import sentence

PARALLEL_UPDATES = 0

# Names and paths are others' words: long ones are cut, as a state must not exceed 16 KB.
_LONGEST_NAME = 255
_LONGEST_PATH = 1024

DOWNLOADS = EventEntityDescription(
    key="downloads", translation_key="downloads", event_types=[turn.value for turn in Turn]
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AuralArchiveConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entry's event entity."""
    async_add_entities([DownloadsEvent(entry, entry.runtime_data.downloads, DOWNLOADS)])


class DownloadsEvent(AuralArchiveEntity[QbittorrentCoordinator], EventEntity):
    """Tells each turn that a download takes, and the adds that failed."""

    entity_description: EventEntityDescription

    @property
    @override
    def available(self) -> bool:
        """Stay when qBittorrent is away: an add that fails for that reason is told, too."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to listen."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.announcer.listen(self._tell))

    @callback
    def _tell(self, transition: Transition) -> None:
        """Tell one turn: as an event of this entity, and on the bus for the logbook."""
        attributes = attributes_of(transition)
        self._trigger_event(transition.turn.value, attributes)
        self.async_write_ha_state()
        told = {"entity_id": self.entity_id, "type": transition.turn.value, **attributes}
        self.hass.bus.async_fire(EVENT_DOWNLOAD, told, context=self._context)


def attributes_of(transition: Transition) -> dict[str, Any]:
    """Return what an event tells; `reason` is a sentence, and null unless it failed."""
    reason = _reason(transition)
    return {
        "name": transition.name[:_LONGEST_NAME],
        "infohash": transition.infohash,
        "category": transition.category,
        "size": transition.size,
        "save_path": transition.save_path[:_LONGEST_PATH],
        "reason": reason[:_LONGEST_PATH] if reason else None,
    }


def _reason(transition: Transition) -> str | None:
    """Return why it failed: what that means, and what the server itself says."""
    if transition.cause is None:
        return transition.reason
    failure = sentence(f"failed_{transition.cause}")
    if transition.reason is None:
        return failure
    return sentence("failed_because", {"failure": failure, "detail": transition.reason})
