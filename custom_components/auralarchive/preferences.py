"""What the user prefers: an entry's options, which the actions' fields overrule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from .const import (
    CONF_CATEGORY,
    CONF_DELIVERY,
    CONF_INDEXERS,
    CONF_MIN_SEEDERS,
    CONF_PREFERRED_FORMATS,
    CONF_PREFERRED_LANGUAGES,
    CONF_SAVE_PATH,
    CONF_SEARCH_CATEGORIES,
    CONF_STALLED_AFTER,
    CONF_TIMEOUT,
    DEFAULT_CATEGORY,
)
from .engine.delivery import DEFAULT_SECONDS
from .engine.jackett import AUDIOBOOKS
from .engine.source import DeliveryMode

# As the forms keep them: plain JSON. `timeout` is in seconds, `stalled_after` in minutes, and no
# indexers are all of them.
DEFAULT_OPTIONS: Final[Mapping[str, Any]] = {
    CONF_DELIVERY: DeliveryMode.AUTO.value,
    CONF_CATEGORY: DEFAULT_CATEGORY,
    CONF_SAVE_PATH: "",
    CONF_TIMEOUT: DEFAULT_SECONDS,
    CONF_SEARCH_CATEGORIES: [str(AUDIOBOOKS)],
    CONF_INDEXERS: [],
    CONF_MIN_SEEDERS: 0,
    CONF_PREFERRED_FORMATS: [],
    CONF_PREFERRED_LANGUAGES: [],
    CONF_STALLED_AFTER: 60,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """An entry's options as the code uses them; all times in seconds."""

    delivery: DeliveryMode
    category: str
    save_path: str
    timeout: float
    search_categories: tuple[int, ...]
    indexers: tuple[str, ...]
    min_seeders: int
    formats: tuple[str, ...]
    languages: tuple[str, ...]
    stalled_after: float

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read the options of an entry, which are complete since version 1.2."""
        return cls(
            delivery=DeliveryMode(options[CONF_DELIVERY]),
            category=options[CONF_CATEGORY],
            save_path=options[CONF_SAVE_PATH],
            timeout=float(options[CONF_TIMEOUT]),
            search_categories=tuple(map(int, options[CONF_SEARCH_CATEGORIES])),
            indexers=tuple(options[CONF_INDEXERS]),
            min_seeders=int(options[CONF_MIN_SEEDERS]),
            formats=tuple(options[CONF_PREFERRED_FORMATS]),
            languages=tuple(options[CONF_PREFERRED_LANGUAGES]),
            stalled_after=60.0 * options[CONF_STALLED_AFTER],
        )
