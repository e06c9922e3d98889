"""Sensors: the downloads of the entry's category in figures."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfDataRate,
    UnitOfInformation,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .coordinator import AuralArchiveConfigEntry, QbittorrentCoordinator
from .downloads import Downloads, Milestone
from .entity import AuralArchiveEntity

PARALLEL_UPDATES = 0

# The longest text that a state can hold.
_MAX_STATE = 255
# Home Assistant records no attributes of more than 16 KB.
_MAX_ATTRIBUTE = 12_000


@dataclass(frozen=True, kw_only=True)
class DownloadSensorEntityDescription(SensorEntityDescription):
    """A sensor: where its value stands in the figures, and what else it tells."""

    value_fn: Callable[[Downloads], StateType]
    attributes_fn: Callable[[Downloads], Mapping[str, Any]] | None = None


def _name(milestone: Milestone | None) -> str | None:
    return milestone.name[:_MAX_STATE] if milestone else None


def _details(milestone: Milestone | None) -> dict[str, Any]:
    if milestone is None:
        return {}
    return {
        "infohash": milestone.infohash,
        "at": datetime.fromtimestamp(milestone.at, UTC).isoformat(),
    }


def _fitting(names: Iterable[str]) -> list[str]:
    """Return as many names as a state's attributes may hold."""
    rest = _MAX_ATTRIBUTE
    fitting = []
    for name in names:
        rest -= len(name.encode()) + len('"",')
        if rest < 0:
            break
        fitting.append(name)
    return fitting


SENSORS = (
    DownloadSensorEntityDescription(
        key="active_downloads",
        translation_key="active_downloads",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda downloads: downloads.active,
    ),
    DownloadSensorEntityDescription(
        key="completed",
        translation_key="completed",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda downloads: downloads.completed,
    ),
    DownloadSensorEntityDescription(
        key="problems",
        translation_key="problems",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda downloads: downloads.problems,
    ),
    DownloadSensorEntityDescription(
        key="download_speed",
        translation_key="download_speed",
        device_class=SensorDeviceClass.DATA_RATE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfDataRate.BYTES_PER_SECOND,
        suggested_unit_of_measurement=UnitOfDataRate.MEGABYTES_PER_SECOND,
        suggested_display_precision=2,
        value_fn=lambda downloads: downloads.speed,
    ),
    DownloadSensorEntityDescription(
        key="progress",
        translation_key="progress",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        value_fn=lambda downloads: downloads.progress,
    ),
    DownloadSensorEntityDescription(
        key="time_remaining",
        translation_key="time_remaining",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        value_fn=lambda downloads: downloads.remaining,
    ),
    DownloadSensorEntityDescription(
        key="free_space",
        translation_key="free_space",
        device_class=SensorDeviceClass.DATA_SIZE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=1,
        value_fn=lambda downloads: downloads.free_space,
    ),
    DownloadSensorEntityDescription(
        key="categories",
        translation_key="categories",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda downloads: len(downloads.categories),
        attributes_fn=lambda downloads: {"categories": _fitting(downloads.categories)},
    ),
    DownloadSensorEntityDescription(
        key="last_added",
        translation_key="last_added",
        value_fn=lambda downloads: _name(downloads.last_added),
        attributes_fn=lambda downloads: _details(downloads.last_added),
    ),
    DownloadSensorEntityDescription(
        key="last_completed",
        translation_key="last_completed",
        value_fn=lambda downloads: _name(downloads.last_completed),
        attributes_fn=lambda downloads: _details(downloads.last_completed),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: AuralArchiveConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entry's sensors."""
    coordinator = entry.runtime_data.downloads
    async_add_entities(DownloadSensor(entry, coordinator, sensor) for sensor in SENSORS)


class DownloadSensor(AuralArchiveEntity[QbittorrentCoordinator], SensorEntity):
    """A figure of the category's downloads."""

    entity_description: DownloadSensorEntityDescription
    _unrecorded_attributes = frozenset({"categories"})

    @property
    @override
    def native_value(self) -> StateType:
        """Return the figure."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what else the sensor tells."""
        attributes = self.entity_description.attributes_fn
        return attributes(self.coordinator.data) if attributes else None
