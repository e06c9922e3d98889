"""The whole way of a release, leg by leg, checked without adding anything."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .candidates import candidates, own_address_towards
from .delivery import is_valid_category
from .errors import AuralArchiveError, QbittorrentError
from .jackett import IndexerOutcome, IndexerStatus, JackettClient
from .links import Link
from .mirror import Mirror, TorrentState
from .qbittorrent import API_STOP, QbittorrentClient
from .reachability import LONG_SECONDS, SHORT_SECONDS, Scout, Seen, Sight
from .source import DeliveryMode

GIB = 1024**3
LITTLE_SPACE = 2 * GIB
_SEEDING_LIMITS = ("max_ratio", "max_seeding_time", "max_inactive_seeding_time")
# What counts towards the queueing limits, with and without those that stand still.
_MOVING = (TorrentState.DOWNLOADING, TorrentState.SEEDING)
_ACTIVE = (*_MOVING, TorrentState.STALLED, TorrentState.FETCHING_METADATA)


class RouteLeg(StrEnum):
    """What is checked."""

    HOME_ASSISTANT_TO_JACKETT = "home_assistant_to_jackett"
    HOME_ASSISTANT_TO_QBITTORRENT = "home_assistant_to_qbittorrent"
    QBITTORRENT_TO_JACKETT = "qbittorrent_to_jackett"
    CATEGORY = "category"
    SETTINGS = "settings"
    DISK_SPACE = "disk_space"


class Status(StrEnum):
    """How a leg is; `unknown` where it cannot be known."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Setting(StrEnum):
    """The settings by which qBittorrent takes a torrent and does not start it, or not keep it."""

    ADDS_STOPPED = "adds_stopped"
    STOP_CONDITION = "stop_condition"
    QUEUE_FULL = "queue_full"
    NO_DHT = "no_dht"
    REMOVES = "removes"
    REMOVES_WITH_FILES = "removes_with_files"


# Of `max_ratio_act`; 0 only stops, and 2 only seeds in another way.
_REMOVING = {1: Setting.REMOVES, 3: Setting.REMOVES_WITH_FILES}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What was found on a leg: a code, which is the key of its text, with the values in it.

    A failure may be one of the engine's errors instead. `advice` is the code of what to do.
    """

    leg: RouteLeg
    status: Status
    code: str = ""
    advice: str = ""
    values: dict[str, str] = field(default_factory=dict)
    error: AuralArchiveError | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """What is to be checked: the two servers and how they are to work together."""

    jackett: JackettClient
    jackett_address: str
    jackett_for_qbittorrent: str
    qbittorrent: QbittorrentClient
    qbittorrent_address: str
    scout: Scout
    mirror: Mirror
    mode: DeliveryMode
    category: str


async def check_route(ends: Endpoints) -> list[Finding]:
    """Check every leg; a failure is a finding. In qBittorrent, only its log tells of it."""
    jackett, qbittorrent = await asyncio.gather(_jackett(ends), _qbittorrent(ends))
    findings = [jackett, qbittorrent]
    if qbittorrent.status is Status.FAILED:
        behind = [leg for leg in RouteLeg if leg not in (jackett.leg, qbittorrent.leg)]
        return findings + [
            Finding(leg=leg, status=Status.UNKNOWN, code="not_checked") for leg in behind
        ]
    for leg, check in (
        (RouteLeg.QBITTORRENT_TO_JACKETT, _there),
        (RouteLeg.CATEGORY, _category),
        (RouteLeg.SETTINGS, _settings),
    ):
        try:
            findings += [finding async for finding in check(ends)]
        except QbittorrentError as err:
            findings.append(Finding(leg=leg, status=Status.FAILED, error=err))
    return findings


def is_passable(findings: Sequence[Finding], mode: DeliveryMode) -> bool:
    """Tell whether a release gets through.

    Whether qBittorrent reaches Jackett matters only where it is to open Jackett's links.
    """
    return not any(
        finding.status is Status.FAILED
        and (finding.leg is not RouteLeg.QBITTORRENT_TO_JACKETT or mode is DeliveryMode.LINK)
        for finding in findings
    )


async def _jackett(ends: Endpoints) -> Finding:
    """Check address and key of Jackett, and whether its indexers are well."""
    leg = RouteLeg.HOME_ASSISTANT_TO_JACKETT
    try:
        indexers = await ends.jackett.indexers()
    except AuralArchiveError as err:
        return Finding(leg=leg, status=Status.FAILED, error=err)
    values = {"address": _shown(ends.jackett_address)}
    if indexers is None:
        return Finding(leg=leg, status=Status.OK, code="jackett_without_list", values=values)
    if not indexers:
        return _advised(leg, Status.FAILED, "no_indexers", values)
    values["count"] = str(len(indexers))
    known = {indexer.id for indexer in indexers}
    failing = [one for one in ends.jackett.last_outcomes if _is_failing(one) and one.id in known]
    if failing:
        values["failing"] = ", ".join(f"{one.name} ({one.error or one.status})" for one in failing)
        return _advised(leg, Status.WARNING, "indexers_failing", values)
    if not ends.jackett.last_outcomes and await ends.jackett.has_failing():
        return _advised(leg, Status.WARNING, "some_failing", values)
    return Finding(leg=leg, status=Status.OK, code="jackett", values=values)


def _is_failing(outcome: IndexerOutcome) -> bool:
    return outcome.status is not IndexerStatus.OK


def _advised(leg: RouteLeg, status: Status, code: str, values: dict[str, str]) -> Finding:
    """Return a finding whose advice has the same code."""
    return Finding(leg=leg, status=status, code=code, advice=code, values=values)


def _shown(address: str) -> str:
    """Return an address without what logs in to it."""
    return Link.parse(address).shown


async def _qbittorrent(ends: Endpoints) -> Finding:
    """Check address and login of qBittorrent."""
    leg = RouteLeg.HOME_ASSISTANT_TO_QBITTORRENT
    ends.qbittorrent.forget_version()
    try:
        version = await ends.qbittorrent.version()
    except AuralArchiveError as err:
        return Finding(leg=leg, status=Status.FAILED, error=err)
    values = {"address": _shown(ends.qbittorrent_address), "version": version.app.removeprefix("v")}
    return Finding(leg=leg, status=Status.OK, code="qbittorrent", values=values)


async def _there(ends: Endpoints) -> AsyncIterator[Finding]:
    """Check whether qBittorrent reaches Jackett, and if not, where it would."""
    seen = await ends.scout.look(ends.jackett_for_qbittorrent, LONG_SECONDS)
    status = {
        Sight.JACKETT: Status.OK,
        Sight.WRONG_PATH: Status.FAILED,
        Sight.NOTHING: Status.FAILED,
    }.get(seen.sight, Status.UNKNOWN)
    advice = ""
    values = {"address": _shown(seen.address), "detail": seen.sentence}
    if status is not Status.OK:
        better = await _better_address(ends)
        if better:
            values["better"] = _shown(better.address)
        if ends.mode is DeliveryMode.LINK:
            advice = "use_address" if better else "find_address"
        else:
            advice = "home_assistant_opens_better" if better else "home_assistant_opens"
    code = f"sees_{seen.sight}"
    if seen.sight is Sight.UNKNOWN and (await ends.qbittorrent.version()).api < API_STOP:
        code = "sees_unknown_in_4"
    yield Finding(
        leg=RouteLeg.QBITTORRENT_TO_JACKETT, status=status, code=code, advice=advice, values=values
    )


async def _better_address(ends: Endpoints) -> Seen | None:
    return await find_jackett(
        ends.scout,
        ends.jackett_address,
        ends.qbittorrent_address,
        besides=[ends.jackett_for_qbittorrent],
    )


async def find_jackett(
    scout: Scout, jackett: str, qbittorrent: str, *, besides: Sequence[str] = ()
) -> Seen | None:
    """Return the first address at which qBittorrent reaches Jackett; None if none is found.

    Both addresses are as Home Assistant uses them. Raises `QbittorrentError`.
    """
    likely = candidates(jackett, qbittorrent, await own_address_towards(qbittorrent))
    wanted = [address for address in likely if address not in besides]
    # Closed at once, it gives up what nobody waits for any more.
    async with aclosing(scout.find(wanted, SHORT_SECONDS)) as looks:
        async for seen in looks:
            if seen.sight is Sight.JACKETT:
                return seen
    return None


async def _category(ends: Endpoints) -> AsyncIterator[Finding]:
    """Check that the category exists, and say where it saves to."""
    leg, name = RouteLeg.CATEGORY, ends.category
    values = {"category": name}
    if not is_valid_category(name):
        yield _advised(leg, Status.FAILED, "category_invalid", values)
        return
    known = await ends.qbittorrent.categories()
    if name not in known:
        yield _advised(leg, Status.WARNING, "category_missing", values)
        return
    values["save_path"] = known[name].save_path
    code = "category_with_path" if known[name].save_path else "category"
    yield Finding(leg=leg, status=Status.OK, code=code, values=values)


async def _settings(ends: Endpoints) -> AsyncIterator[Finding]:
    """Check the settings that matter to a new torrent, and the space for it."""
    leg = RouteLeg.SETTINGS
    bad = list(_biting(await ends.qbittorrent.preferences(), ends))
    for code, values in bad:
        yield _advised(leg, Status.WARNING, code, values)
    if not bad:
        yield Finding(leg=leg, status=Status.OK, code="settings")
    leg, free = RouteLeg.DISK_SPACE, ends.mirror.free_space
    if free is None:
        yield Finding(leg=leg, status=Status.UNKNOWN, code="space_unknown")
        return
    values = {"free": f"{free / GIB:.1f}"}
    if free < LITTLE_SPACE:
        yield _advised(leg, Status.WARNING, "little_space", values)
    else:
        yield Finding(leg=leg, status=Status.OK, code="space", values=values)


def _biting(settings: dict[str, Any], ends: Endpoints) -> Iterator[tuple[Setting, dict[str, str]]]:
    """Yield the settings that are as they should not be, with their values."""
    if settings.get("add_stopped_enabled") or settings.get("start_paused_enabled"):
        yield Setting.ADDS_STOPPED, {}
    if settings.get("torrent_stop_condition", "None") != "None":
        yield Setting.STOP_CONDITION, {"condition": str(settings["torrent_stop_condition"])}
    if settings.get("queueing_enabled") and (full := _full_queue(settings, ends.mirror)):
        yield Setting.QUEUE_FULL, full
    if settings.get("dht") is False:
        yield Setting.NO_DHT, {}
    removing = _REMOVING.get(settings.get("max_ratio_act", 0))
    if removing and any(settings.get(f"{limit}_enabled") for limit in _SEEDING_LIMITS):
        yield removing, {}


def _full_queue(settings: dict[str, Any], mirror: Mirror) -> dict[str, str] | None:
    """Return how many are active where a limit lets no more downloads start; -1 is no limit."""
    counted = set(_MOVING if settings.get("dont_count_slow_torrents") else _ACTIVE)
    states = [torrent.state for torrent in mirror.torrents.values()]
    downloads = sum(state in counted and state is not TorrentState.SEEDING for state in states)
    everything = sum(state in counted for state in states)
    for key, active in (("max_active_downloads", downloads), ("max_active_torrents", everything)):
        limit = settings.get(key)
        if isinstance(limit, int) and 0 <= limit <= active:
            return {"active": str(active), "limit": str(limit)}
    return None
