"""Orders to a download: pause, resume, remove, category. Each counts once its effect was seen.

qBittorrent answers "200" to an order whatever becomes of it. One that comes while a torrent is
being loaded may be lost, a start during a check is forgotten at the check's end, and unknown
infohashes are fine with it. So an order is given, its effect looked for, and given again.
"""

from abc import ABC, abstractmethod
import asyncio
from dataclasses import dataclass
from enum import StrEnum
import time
from typing import override

from .errors import (
    DownloadGoneError,
    InvalidCategoryError,
    NotQbittorrentError,
    OrderIgnoredError,
    OrderUnverifiedError,
    QbittorrentError,
    QbittorrentFailedError,
    QbittorrentUnreachableError,
    Reason,
)
from .mirror import Torrent, TorrentState
from .patience import pauses
from .qbittorrent import QbittorrentClient

_ORDER_SECONDS = 10.0
# An order is given again after this time, then after twice as long, and so on.
_FIRST_REPEAT = 0.5
# How long a state may lag behind: the server renews them every 1.5 s unless configured otherwise.
_LAG_SECONDS = 2.0
# A proxy in front of a server that restarts answers with errors and pages of its own.
_AWAY = (QbittorrentUnreachableError, QbittorrentFailedError, NotQbittorrentError)

_STOPPED = frozenset({TorrentState.STOPPED, TorrentState.COMPLETED})
_FAILED = frozenset({TorrentState.ERROR, TorrentState.MISSING_FILES})
# States that are shown whether or not a torrent is stopped.
_HIDING = _FAILED | {TorrentState.CHECKING, TorrentState.MOVING, TorrentState.UNKNOWN}
# What is checked may have been started for the check alone, and then stops at its end.
_NOT_RUNNING = _STOPPED | _FAILED | {TorrentState.CHECKING}


class OrderStatus(StrEnum):
    """What became of an order; "already" means that nothing had to be done."""

    PAUSED = "paused"
    ALREADY_PAUSED = "already_paused"
    RESUMED = "resumed"
    ALREADY_RUNNING = "already_running"
    REMOVED = "removed"
    CATEGORY_SET = "category_set"
    ALREADY_IN_CATEGORY = "already_in_category"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordered:
    """What became of an order, and the torrent as it was seen last."""

    status: OrderStatus
    torrent: Torrent


class Order(ABC):
    """An order: how to give it, and how to see that it has been followed."""

    done: OrderStatus
    already: OrderStatus
    # Whether there is still something to tell the server.
    is_due = True

    def __init__(self, client: QbittorrentClient) -> None:
        """Take the server."""
        self._client = client

    @abstractmethod
    async def is_followed(self, torrent: Torrent) -> bool:
        """Tell whether a torrent that is listed is as the order wants it."""

    @abstractmethod
    async def give(self, infohash: str) -> None:
        """Tell the server."""

    def gone(self, torrent: Torrent) -> Ordered:
        """Say what it means that the torrent is not listed any more."""
        raise DownloadGoneError(name=torrent.name)


class Pause(Order):
    """Stops a torrent, whatever it does."""

    done = OrderStatus.PAUSED
    already = OrderStatus.ALREADY_PAUSED

    def __init__(self, client: QbittorrentClient) -> None:
        """Begin without having seen it stopped."""
        super().__init__(client)
        self._stopped_at: float | None = None

    @override
    async def is_followed(self, torrent: Torrent) -> bool:
        # One that is stopped and still shows another state needs time, not another order.
        self.is_due = not await self._client.is_stopped(torrent.infohash)
        if self.is_due:
            self._stopped_at = None
            return False
        now = time.monotonic()
        self._stopped_at = self._stopped_at or now
        if torrent.state in _STOPPED | _FAILED:
            return True
        # The state follows, unless what the torrent does hides it.
        return torrent.state in _HIDING and now - self._stopped_at > _LAG_SECONDS

    @override
    async def give(self, infohash: str) -> None:
        await self._client.stop(infohash)


class Resume(Order):
    """Starts a torrent; also one that stopped with an error."""

    done = OrderStatus.RESUMED
    already = OrderStatus.ALREADY_RUNNING

    @override
    async def is_followed(self, torrent: Torrent) -> bool:
        if torrent.state in _NOT_RUNNING:
            return False
        return not await self._client.is_stopped(torrent.infohash)

    @override
    async def give(self, infohash: str) -> None:
        await self._client.start(infohash)


class Remove(Order):
    """Takes a torrent off the server's list, with its files if asked to."""

    done = already = OrderStatus.REMOVED

    def __init__(self, client: QbittorrentClient, *, delete_files: bool) -> None:
        """Say whether the files go, too."""
        super().__init__(client)
        self._delete_files = delete_files

    @override
    async def is_followed(self, torrent: Torrent) -> bool:
        return False

    @override
    async def give(self, infohash: str) -> None:
        await self._client.delete(infohash, delete_files=self._delete_files)

    @override
    def gone(self, torrent: Torrent) -> Ordered:
        return Ordered(status=self.done, torrent=torrent)


class SetCategory(Order):
    """Puts a torrent into a category, which is created if it does not exist; "" is none."""

    done = OrderStatus.CATEGORY_SET
    already = OrderStatus.ALREADY_IN_CATEGORY

    def __init__(self, client: QbittorrentClient, category: str) -> None:
        """Take the category's name."""
        super().__init__(client)
        self._category = category

    @override
    async def is_followed(self, torrent: Torrent) -> bool:
        return torrent.category == self._category

    @override
    async def give(self, infohash: str) -> None:
        try:
            await self._client.set_category(infohash, self._category)
        except InvalidCategoryError:
            # Said of a category that is not there, too.
            await self._client.create_category(self._category)
            await self._client.set_category(infohash, self._category)


async def carry_out(client: QbittorrentClient, order: Order, torrent: Torrent) -> Ordered:
    """Give an order until its effect is seen; do nothing where all is as it wants.

    Raises `DownloadGoneError`, `InvalidCategoryError`, `OrderIgnoredError` when the time is up,
    `OrderUnverifiedError` if the server could not be asked then, and `QbittorrentError` as long as
    no order was given.
    """
    is_given = False
    away: QbittorrentError | None = None
    refused: QbittorrentFailedError | None = None
    repeat_after, repeat_at = _FIRST_REPEAT, 0.0
    for pause in pauses(_ORDER_SECONDS):
        try:
            seen = await _listed(client, torrent)
            if seen is None:
                return order.gone(torrent)
            torrent = seen
            if await order.is_followed(torrent):
                status = order.done if is_given else order.already
                return Ordered(status=status, torrent=torrent)
            away = None
            if order.is_due and time.monotonic() >= repeat_at:
                repeat_at = time.monotonic() + repeat_after
                repeat_after *= 2
                is_given = True
                refused = await _given(order, torrent.infohash)
        except QbittorrentError as err:
            if not is_given:
                raise
            if not isinstance(err, _AWAY):
                raise OrderUnverifiedError(cause=err) from err
            # It may be restarting: what it was told before may have had its effect.
            away = err
        await asyncio.sleep(pause)
    if away is not None:
        raise OrderUnverifiedError(cause=away) from away
    if refused is not None:
        raise refused
    raise OrderIgnoredError(
        name=torrent.name,
        seconds=f"{_ORDER_SECONDS:g}",
        state=torrent.state.value,
        category=torrent.category,
    )


async def _given(order: Order, infohash: str) -> QbittorrentFailedError | None:
    """Give an order; return the error that the server itself answered with, if it did."""
    try:
        await order.give(infohash)
    except QbittorrentFailedError as err:
        if err.reason == Reason.CONNECTION_LOST:
            raise
        return err
    return None


async def _listed(client: QbittorrentClient, torrent: Torrent) -> Torrent | None:
    """Return a torrent as the server lists it now."""
    found = await client.torrents(ids=[torrent.infohash])
    if not found and not torrent.size:
        # With its metadata, what was known by its v1 infohash may turn out to be a hybrid.
        found = await client.torrents()
    return next((one for one in found if one.ids & torrent.ids), None)
