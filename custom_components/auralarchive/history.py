"""What has been told of an entry's downloads, kept on disk."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .engine.transitions import Transitions

_VERSION = 1
# A turn is written soon after it was told. Progress, from which stalls are reckoned, may wait.
_TURNS_AFTER = 2
_PROGRESS_AFTER = 900


class History:
    """Keeps the transitions of an entry over restarts."""

    def __init__(self, hass: HomeAssistant, entry_id: str, transitions: Transitions) -> None:
        """Take what is to be kept."""
        self._store = store_of(hass, entry_id)
        self._transitions = transitions
        self._is_scheduled = False

    async def load(self) -> None:
        """Take up what was kept."""
        if saved := await self._store.async_load():
            self._transitions.restore(saved)

    @callback
    def note(self, *, turns: bool) -> None:
        """Have the changes written: soon if there are turns among them, else some time."""
        if turns:
            self._store.async_delay_save(self._saved, _TURNS_AFTER)
        elif not self._is_scheduled:
            self._store.async_delay_save(self._saved, _PROGRESS_AFTER)
        self._is_scheduled = True

    async def write(self) -> None:
        """Write what has not been written yet."""
        if self._is_scheduled:
            await self._store.async_save(self._saved())

    def _saved(self) -> dict[str, Any]:
        self._is_scheduled = False
        return self._transitions.saved()


def store_of(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return where the history of an entry is kept."""
    return Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.downloads")
