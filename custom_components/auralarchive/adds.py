"""An add by an entry, of which is kept what it teaches."""

from homeassistant.core import HomeAssistant

from .coordinator import AuralArchiveConfigEntry
from .engine.delivery import Delivered
from .engine.errors import AuralArchiveError, Leg, UnverifiedError
from .engine.qbittorrent import AddOptions
from .engine.source import DeliveryMode, Source
from .engine.transitions import Transition, Turn
from .findings import learn_from_failure, learn_from_success
from .problems import explained


async def add(
    hass: HomeAssistant,
    entry: AuralArchiveConfigEntry,
    source: Source,
    options: AddOptions,
    *,
    mode: DeliveryMode,
    seconds: float,
) -> Delivered:
    """Get a torrent into qBittorrent, and note in journal and issues how that went.

    Raises `AuralArchiveError`.
    """
    data = entry.runtime_data
    started = hass.loop.time()
    try:
        delivered = await data.servers.delivery.add(source, options, mode=mode, seconds=seconds)
    except AuralArchiveError as err:
        elapsed_ms = round((hass.loop.time() - started) * 1000)
        data.journal.note_failure(source, mode, err, elapsed_ms=elapsed_ms)
        learn_from_failure(hass, entry, err)
        # A request that cannot be meant is the caller's business alone, and of what is in doubt it
        # would be a lie. The entry may have been reloaded meanwhile.
        if err.leg is not Leg.REQUEST and not isinstance(err, UnverifiedError):
            entry.runtime_data.downloads.announcer.tell(_failed(source, options, err))
        raise
    data.journal.note_success(source, mode, delivered)
    learn_from_success(entry, source, delivered)
    return delivered


def _failed(source: Source, options: AddOptions, err: AuralArchiveError) -> Transition:
    """Return the turn of a download that has never begun."""
    infohashes = source.infohashes
    return Transition(
        turn=Turn.FAILED,
        name=source.name,
        infohash=infohashes.shown or min(infohashes.ids) if infohashes else None,
        category=options.category,
        size=None,
        save_path=options.save_path,
        reason=explained(err),
    )
