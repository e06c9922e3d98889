"""What is wrong with an entry's servers that only its user can cure."""

from collections.abc import Iterable
from contextlib import suppress

from homeassistant.core import HomeAssistant, callback

from .coordinator import AuralArchiveConfigEntry
from .engine.delivery import Delivered
from .engine.errors import (
    AuralArchiveError,
    JackettError,
    LinkUnreachableError,
    QbittorrentError,
    QbittorrentTooOldError,
)
from .engine.handover import AddStatus
from .engine.qbittorrent import API_STOP
from .engine.reachability import LONG_SECONDS, Sight
from .engine.route import GIB, LITTLE_SPACE, Finding, RouteLeg, Status
from .engine.source import DeliveryMode, Route, Source
from .issues import Issue
from .problems import placeholders, sentence

# Further from the limit than free space goes up and down in everyday use.
_ENOUGH_SPACE = LITTLE_SPACE * 5 // 4


@callback
def watch_for_issues(hass: HomeAssistant, entry: AuralArchiveConfigEntry) -> None:
    """Keep an entry's issues as its coordinators see its servers, until it is unloaded."""
    watch = _Watch(hass, entry)
    data = entry.runtime_data
    entry.async_on_unload(data.downloads.async_add_listener(watch.look_at_qbittorrent))
    entry.async_on_unload(data.jackett.async_add_listener(watch.look_at_jackett))


class _Watch:
    """Looks at what the coordinators have."""

    def __init__(self, hass: HomeAssistant, entry: AuralArchiveConfigEntry) -> None:
        """Start with nothing seen."""
        self._hass = hass
        self._entry = entry
        self._has_looked_there = False

    @callback
    def look_at_qbittorrent(self) -> None:
        """Look at its version, its category and its disk."""
        data = self._entry.runtime_data
        issues, downloads = data.issues, data.downloads
        if not downloads.last_update_success:
            cause = downloads.last_exception and downloads.last_exception.__cause__
            if isinstance(cause, QbittorrentTooOldError):
                version = cause.values["version"].removeprefix("v")
                issues.report(
                    Issue.QBITTORRENT_TOO_OLD, version=version, needed=cause.values["needed"]
                )
            return
        issues.clear(Issue.QBITTORRENT_TOO_OLD)
        category = data.preferences.category
        if category and category not in downloads.data.categories:
            issues.report(Issue.CATEGORY_MISSING, category=category)
        else:
            issues.clear(Issue.CATEGORY_MISSING)
        free = downloads.data.free_space
        if free is None:
            return
        was_full = Issue.DISK_NEARLY_FULL in issues.present
        if free < (_ENOUGH_SPACE if was_full else LITTLE_SPACE):
            issues.report(
                Issue.DISK_NEARLY_FULL,
                free=f"{free / GIB:.1f}",
                enough=f"{_ENOUGH_SPACE / GIB:.1f}",
            )
        else:
            issues.clear(Issue.DISK_NEARLY_FULL)

    @callback
    def look_at_jackett(self) -> None:
        """Look at its indexers and, when it first answers, whether qBittorrent reaches it."""
        data = self._entry.runtime_data
        if not data.jackett.last_update_success:
            return
        if data.jackett.has_no_indexers:
            data.issues.report(Issue.NO_INDEXERS)
        else:
            data.issues.clear(Issue.NO_INDEXERS)
        if data.preferences.delivery is DeliveryMode.LINK and not self._has_looked_there:
            self._has_looked_there = True
            self._entry.async_create_background_task(
                self._hass,
                _look_from_qbittorrent(self._entry),
                "look whether qBittorrent reaches Jackett",
            )


async def _look_from_qbittorrent(entry: AuralArchiveConfigEntry) -> None:
    """Look once, as every look leaves a line in qBittorrent's log.

    Servers before 5.0 do not tell what they could not open, so they are not bothered.
    """
    servers = entry.runtime_data.servers
    # That it cannot be asked, its coordinator tells.
    with suppress(QbittorrentError):
        if (await servers.qbittorrent.version()).api < API_STOP:
            return
        seen = await servers.scout.look(str(servers.addresses.qbittorrent), LONG_SECONDS)
        if seen.sight in (Sight.NOTHING, Sight.WRONG_PATH):
            _report_link(entry, seen.sentence)


def _report_link(entry: AuralArchiveConfigEntry, detail: str) -> None:
    """Report that qBittorrent cannot open Jackett; `detail` are its own words, if it has any."""
    data = entry.runtime_data
    data.issues.report(
        Issue.LINK_UNREACHABLE,
        address=data.servers.addresses.qbittorrent.shown,
        detail=(detail or sentence("reason_no_detail")).rstrip("."),
    )


@callback
def learn_from_route(entry: AuralArchiveConfigEntry, findings: Iterable[Finding]) -> None:
    """Keep the issues as a check of the route has found the servers."""
    data = entry.runtime_data
    found = {finding.leg: finding for finding in findings}
    there = found[RouteLeg.QBITTORRENT_TO_JACKETT]
    if there.status is Status.OK:
        data.issues.clear(Issue.LINK_UNREACHABLE)
    is_out = isinstance(found[RouteLeg.HOME_ASSISTANT_TO_JACKETT].error, JackettError)
    if (
        there.status is Status.FAILED
        and there.error is None
        and not is_out
        and data.preferences.delivery is DeliveryMode.LINK
    ):
        _report_link(entry, there.values["detail"])


@callback
def learn_from_success(
    entry: AuralArchiveConfigEntry, source: Source, delivered: Delivered
) -> None:
    """Keep the issues as an add that went well shows the servers to be."""
    opened = delivered.route is Route.LINK and delivered.status is AddStatus.ADDED
    if opened and source.below_jackett is not None:
        entry.runtime_data.issues.clear(Issue.LINK_UNREACHABLE)


@callback
def learn_from_failure(
    hass: HomeAssistant, entry: AuralArchiveConfigEntry, err: AuralArchiveError
) -> None:
    """Keep the issues as an add that went wrong shows the servers to be."""
    errors = (err, *(attempt.error for attempt in err.attempts))
    unreachable = next((one for one in errors if isinstance(one, LinkUnreachableError)), None)
    if unreachable is not None and entry.runtime_data.preferences.delivery is DeliveryMode.LINK:
        entry.async_create_background_task(
            hass, _blame_the_link(entry, unreachable), "look whether Jackett answers"
        )


async def _blame_the_link(entry: AuralArchiveConfigEntry, err: LinkUnreachableError) -> None:
    """Report a link that qBittorrent could not open, unless nobody can open Jackett now."""
    jackett = entry.runtime_data.jackett
    await jackett.async_refresh()
    if jackett.last_update_success:
        _report_link(entry, placeholders(err)["detail"])
