"""Brings the turns that downloads take to whoever listens, in order, and none too early."""

from collections import deque
from collections.abc import Callable, Iterable

from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from .engine.transitions import Transition

type Listener = Callable[[Transition], None]

# Automations begin to listen when Home Assistant has started, each in a task of its own.
_AFTER_START = 5
# As many as are kept until somebody can listen.
_KEPT = 1000


class Announcer:
    """Keeps what happens until it is opened, then tells it at once."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start closed."""
        self._hass = hass
        self._untold: deque[Transition] = deque(maxlen=_KEPT)
        self._listeners: list[Listener] = []
        self._is_open = False

    @callback
    def listen(self, listener: Listener) -> CALLBACK_TYPE:
        """Call a listener for each turn from now on; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def tell(self, transitions: Iterable[Transition]) -> None:
        """Tell what has happened."""
        self._untold.extend(transitions)
        self._flush()

    @callback
    def open(self) -> CALLBACK_TYPE:
        """Begin to tell when there are automations to hear it; returns what calls that off."""
        calls_off: list[CALLBACK_TYPE] = []

        @callback
        def begin(_: object) -> None:
            self._is_open = True
            self._flush()

        @callback
        def started(hass: HomeAssistant) -> None:
            calls_off.append(async_call_later(hass, _AFTER_START, begin))

        if self._hass.state is CoreState.running:
            begin(None)
        else:
            calls_off.append(async_at_started(self._hass, started))

        @callback
        def close() -> None:
            for call_off in calls_off:
                call_off()

        return close

    def _flush(self) -> None:
        while self._is_open and self._untold:
            transition = self._untold.popleft()
            for listener in tuple(self._listeners):
                listener(transition)
