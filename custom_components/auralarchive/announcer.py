"""Brings the turns that downloads take to whoever listens, in order, and none too early."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from .engine.transitions import Transition

type Listener = Callable[[Transition], None]

# Automations begin to listen when Home Assistant has started, each in a task of its own.
_AFTER_START = 5
# How many are told before others have their turn: each writes a state.
_AT_A_STRETCH = 20


class Announcer:
    """Keeps what happens until it is opened, then tells it at once."""

    def __init__(self, hass: HomeAssistant, told_all: Callable[[], None]) -> None:
        """Start closed; `told_all` is called each time when nothing is left to tell."""
        self._hass = hass
        self._told_all = told_all
        self._untold: deque[Transition] = deque()
        self._listeners: list[Listener] = []
        self._is_open = False
        self._is_telling = False
        self._calls_off: list[CALLBACK_TYPE] = []

    @property
    def has_told_all(self) -> bool:
        """Tell whether nothing is left to tell."""
        return not self._untold

    @callback
    def listen(self, listener: Listener) -> CALLBACK_TYPE:
        """Call a listener for each turn from now on; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def keep(self, transitions: Iterable[Transition]) -> None:
        """Note what is to be told."""
        self._untold.extend(transitions)

    @callback
    def exchange(self, better: Callable[[Transition], Transition]) -> None:
        """Exchange what is to be told for something better."""
        self._untold = deque(map(better, self._untold))

    @callback
    def tell(self, *transitions: Transition) -> None:
        """Tell what has been kept, and then this."""
        self.keep(transitions)
        self._begin()

    @callback
    def open(self) -> None:
        """Begin to tell as soon as there are automations to hear it."""
        if self._hass.state is CoreState.running:
            self._opened(None)
        else:
            self._calls_off = [async_at_started(self._hass, self._started)]

    @callback
    def close(self) -> None:
        """Tell nothing any more, and keep what happens from now on."""
        self._is_open = False
        for call_off in self._calls_off:
            call_off()
        self._calls_off = []

    @callback
    def _started(self, hass: HomeAssistant) -> None:
        self._calls_off = [async_call_later(hass, _AFTER_START, self._opened)]

    @callback
    def _opened(self, _: object) -> None:
        self._is_open = True
        self._begin()

    def _begin(self) -> None:
        """Tell a few now; if there are more, others have their turn in between."""
        if not self._is_open or self._is_telling or not self._untold:
            return
        self._tell_some()
        if self._untold:
            self._is_telling = True
            self._hass.async_create_background_task(self._tell_rest(), "tell of downloads")
        else:
            self._told_all()

    def _tell_some(self) -> None:
        for _ in range(min(_AT_A_STRETCH, len(self._untold))):
            transition = self._untold.popleft()
            for listener in tuple(self._listeners):
                listener(transition)

    async def _tell_rest(self) -> None:
        while self._is_open and self._untold:
            await asyncio.sleep(0)
            self._tell_some()
        self._is_telling = False
        if not self._untold:
            self._told_all()
