"""What all actions share: the entry that a call is for, and kinds of fields."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv, service
import voluptuous as vol

from .const import DOMAIN
from .coordinator import AuralArchiveConfigEntry, AuralArchiveData
from .engine.errors import AuralArchiveError
from .problems import translated_errors

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


@asynccontextmanager
async def errors_of(data: AuralArchiveData) -> AsyncIterator[None]:
    """Raise the engine's errors as Home Assistant's, and have a refused key or login corrected."""
    with translated_errors():
        try:
            yield
        except AuralArchiveError as err:
            await data.look_after(err)
            raise


async def look_again(data: AuralArchiveData) -> None:
    """Bring the mirror up to date; raise why that is not possible."""
    await data.downloads.async_refresh()
    failure = data.downloads.last_exception
    # The last exception is kept when all is well again.
    if failure is not None and not data.downloads.last_update_success:
        raise failure
