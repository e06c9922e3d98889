"""A Home Assistant object outside of tests, without any integration in it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ThreadedResolver
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)


class _Resolver(ThreadedResolver):
    """A resolver that needs no integration of Home Assistant; addresses are numbers here anyway."""

    real_close = ThreadedResolver.close


@asynccontextmanager
async def bare_home(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant in a folder of its own; it finds custom integrations."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with async_test_home_assistant(config_dir=str(folder)) as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS, None)
        hass.data[str(DATA_RESOLVER)] = _Resolver()
        hass.config.allowlist_external_dirs = {str(folder)}
        yield hass


def entry_of(
    domain: str,
    data: Mapping[str, object],
    options: Mapping[str, object],
    *,
    polls_itself: bool = False,
) -> MockConfigEntry:
    """Return an entry that is the same with every start, not loaded yet."""
    # Ours is of the version that it has now; the other one's minor version is 1, too.
    return MockConfigEntry(
        domain=domain,
        title=domain,
        entry_id=f"measured-{domain}",
        minor_version=2 if domain == "auralarchive" else 1,
        data=dict[str, Any](data),
        options=dict[str, Any](options),
        pref_disable_polling=not polls_itself,
    )
