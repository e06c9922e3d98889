"""What has been told of an entry's downloads, kept on disk."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .engine.transitions import Transitions

_VERSION = 1
# A turn is written soon after it was told. Progress, from which stalls are reckoned, may wait.
_TURNS_AFTER = 2.0
_PROGRESS_AFTER = 900.0


class History:
    """Keeps the transitions of an entry over restarts.

    Nothing is written while there is something left to tell: the next set-up has to find it anew.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        transitions: Transitions,
        has_told_all: Callable[[], bool],
    ) -> None:
        """Take what is to be kept."""
        self._hass = hass
        self._store = store_of(hass, entry_id)
        self._transitions = transitions
        self._has_told_all = has_told_all
        self._due_at = float("inf")
        self._calls_off: list[CALLBACK_TYPE] = []

    async def load(self) -> None:
        """Take up what was kept."""
        if saved := await self._store.async_load():
            self._transitions.restore(saved)

    @callback
    def note(self, *, turns: bool) -> None:
        """Have the changes written: soon if there are turns among them, else some time."""
        seconds = _TURNS_AFTER if turns else _PROGRESS_AFTER
        due_at = self._hass.loop.time() + seconds
        if due_at < self._due_at:
            self.close()
            self._due_at = due_at
            self._calls_off = [
                async_call_later(self._hass, seconds, self._write),
                self._hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._write),
            ]

    @callback
    def close(self) -> None:
        """Have nothing written any more."""
        self._due_at = float("inf")
        for call_off in self._calls_off:
            call_off()
        self._calls_off = []

    async def write(self) -> None:
        """Write what has not been written yet."""
        self.close()
        if self._has_told_all() and not self._transitions.is_saved:
            await self._store.async_save(self._transitions.saved())

    async def _write(self, _: datetime | Event[Any]) -> None:
        await self.write()


def store_of(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return where the history of an entry is kept."""
    # What is written is made for that alone, so a thread may make a text of it.
    return Store(hass, _VERSION, f"{DOMAIN}.{entry_id}.downloads", serialize_in_event_loop=False)
