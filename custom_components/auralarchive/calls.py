"""What all actions share: the entry that a call is for, and kinds of fields."""

from typing import Any, cast

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv, service
import voluptuous as vol

from .const import DOMAIN
from .coordinator import AuralArchiveConfigEntry

ENTRY: dict[Any, Any] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
# Templates leave blanks and line breaks around what they make.
STRIPPED = vol.All(cv.string, vol.Strip)
TEXT = vol.All(STRIPPED, vol.Length(min=1))


def entry_of(call: ServiceCall) -> AuralArchiveConfigEntry:
    """Return the entry that a call is for, which is loaded; raise `ServiceValidationError` else."""
    return cast(
        "AuralArchiveConfigEntry",
        service.async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)),
    )
