"""Binary sensors: whether the two servers answer."""

from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import AuralArchiveConfigEntry, JackettCoordinator, QbittorrentCoordinator
from .entity import AuralArchiveEntity

PARALLEL_UPDATES = 0

QBITTORRENT = BinarySensorEntityDescription(
    key="qbittorrent_connected",
    translation_key="qbittorrent_connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)
JACKETT = BinarySensorEntityDescription(
    key="jackett_connected",
    translation_key="jackett_connected",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AuralArchiveConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entry's binary sensors."""
    data = entry.runtime_data
    async_add_entities(
        [
            ConnectionSensor(entry, data.downloads, QBITTORRENT),
            ConnectionSensor(entry, data.jackett, JACKETT),
        ]
    )


class ConnectionSensor(
    AuralArchiveEntity[QbittorrentCoordinator | JackettCoordinator], BinarySensorEntity
):
    """Whether a server answered when it was last asked."""

    @property
    @override
    def available(self) -> bool:
        """Being cut off is what this sensor tells, so it is always there."""
        return True

    @property
    @override
    def is_on(self) -> bool | None:
        """Return None as long as nobody has asked."""
        return self.coordinator.answered
