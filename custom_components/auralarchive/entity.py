"""What the entities of an entry share: a service device and a name."""

from typing import Any

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator

from .const import DOMAIN
from .coordinator import AuralArchiveConfigEntry


class AuralArchiveEntity[CoordinatorT: DataUpdateCoordinator[Any]](CoordinatorEntity[CoordinatorT]):
    """An entity of the entry's device."""

    _attr_has_entity_name = True

    def __init__(
        self,
        entry: AuralArchiveConfigEntry,
        coordinator: CoordinatorT,
        description: EntityDescription,
    ) -> None:
        """Take the entry's device, and the coordinator that brings the news."""
        super().__init__(coordinator)
        data = entry.runtime_data
        self.entity_description = description
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, entry.entry_id)},
            entry_type=DeviceEntryType.SERVICE,
            name=entry.title,
            manufacturer="AuralArchive",
            model="qBittorrent",
            sw_version=data.downloads.version.removeprefix("v") or None,
            configuration_url=data.servers.qbittorrent_address,
        )
