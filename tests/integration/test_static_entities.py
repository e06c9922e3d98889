"""The entities: what Home Assistant's quality scale asks of them, by those of a real entry."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.auralarchive.const import DOMAIN

from .package_files import ICONS, TEXTS


@pytest.fixture
async def entities(hass: HomeAssistant, entry: ConfigEntry) -> list[er.RegistryEntry]:
    """Return all entities of an entry, those too that begin switched off."""
    return er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)


def texts_by_platform(texts: Any) -> set[tuple[str, str]]:
    """Return the pairs of platform and key that there are texts or icons for."""
    return {(platform, key) for platform, keys in texts.items() for key in keys}


async def test_entities_have_names_and_icons(entities: list[er.RegistryEntry]) -> None:
    """Rules `has-entity-name`, `entity-translations`, `icon-translations`.

    An icon is needed where no class of device brings one.
    """
    assert all(one.has_entity_name for one in entities)
    named = {(one.domain, str(one.translation_key)) for one in entities}
    assert named == texts_by_platform(TEXTS["entity"])
    plain = {
        (one.domain, str(one.translation_key))
        for one in entities
        if one.original_device_class is None
    }
    assert plain == texts_by_platform(ICONS["entity"])
    assert {one.original_icon for one in entities} <= {None, *icons()}


def icons() -> set[str]:
    """Return the icons of the entities."""
    return {icon["default"] for keys in ICONS["entity"].values() for icon in keys.values()}


async def test_entity_states_have_texts(entities: list[er.RegistryEntry]) -> None:
    """What an entity can say, and which events it can tell of, is worded."""
    offered = {
        (one.domain, str(one.translation_key)): set((one.capabilities or {}).get("event_types", ()))
        | set((one.capabilities or {}).get("options", ()))
        for one in entities
    }
    worded = {
        (platform, key): set(
            text.get("state", {})
            or text.get("state_attributes", {}).get("event_type", {}).get("state", {})
        )
        for platform, keys in TEXTS["entity"].items()
        for key, text in keys.items()
    }
    assert offered == worded


async def test_entity_ids(entities: list[er.RegistryEntry], entry: ConfigEntry) -> None:
    """Rule `entity-unique-id`: each has one, made of the entry's id, which never changes."""
    keys = [one.unique_id.removeprefix(f"{entry.entry_id}_") for one in entities]
    assert keys == [one.translation_key for one in entities]


async def test_devices(
    hass: HomeAssistant, entities: list[er.RegistryEntry], entry: ConfigEntry
) -> None:
    """Rules `devices`, `dynamic-devices`, `stale-devices`: an entry has one device, ever."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert {one.device_id for one in entities} == {device.id}
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.identifiers == {(DOMAIN, entry.entry_id)}


async def test_entity_classes(entities: list[er.RegistryEntry]) -> None:
    """Rules `entity-device-class`, `entity-category`: a quantity has a class, health is apart."""
    quantities = [
        one
        for one in entities
        if one.unit_of_measurement not in {None, "%", "downloads", "categories"}
    ]
    assert all(one.original_device_class for one in quantities)
    categories = {one.translation_key: one.entity_category for one in entities}
    assert {key for key, category in categories.items() if category} == {
        "categories",
        "free_space",
        "jackett_connected",
        "qbittorrent_connected",
    }


async def test_entities_that_begin_switched_off(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Rule `entity-disabled-by-default`: what few want to see."""
    found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert [one.translation_key for one in found if one.disabled] == ["categories"]
