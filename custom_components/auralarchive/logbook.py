"""Lines of the logbook: what became of which download."""

from collections.abc import Callable

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN, EVENT_DOWNLOAD


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Describe the integration's events."""

    @callback
    def describe(event: Event) -> dict[str, str]:
        texts = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)
        told = event.data
        text = texts[f"component.{DOMAIN}.common.logbook_{told['type']}"]
        name = told["name"] or texts[f"component.{DOMAIN}.common.logbook_unnamed"]
        return {
            # Where there is an entity, the frontend shows that one's name instead.
            LOGBOOK_ENTRY_NAME: "AuralArchive",
            LOGBOOK_ENTRY_MESSAGE: text.format(name=name, reason=told["reason"] or ""),
            LOGBOOK_ENTRY_ENTITY_ID: told["entity_id"],
        }

    async_describe_event(DOMAIN, EVENT_DOWNLOAD, describe)
