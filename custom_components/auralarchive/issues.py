"""What only a user can cure, in Home Assistant's repairs; every entry has its own issues."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.issue_registry import IssueSeverity

from .const import DOMAIN

DATA_ENTRY_ID: Final = "entry_id"
DATA_ISSUE: Final = "issue"


class Issue(StrEnum):
    """The issues, by the keys of their texts."""

    CATEGORY_MISSING = "category_missing"
    NO_INDEXERS = "no_indexers"
    QBITTORRENT_TOO_OLD = "qbittorrent_too_old"
    LINK_UNREACHABLE = "link_unreachable"
    DISK_NEARLY_FULL = "disk_nearly_full"


# An error keeps something from working now, a warning tells what will.
_SEVERITIES: Final[Mapping[Issue, IssueSeverity]] = {
    Issue.CATEGORY_MISSING: IssueSeverity.WARNING,
    Issue.NO_INDEXERS: IssueSeverity.ERROR,
    Issue.QBITTORRENT_TOO_OLD: IssueSeverity.ERROR,
    Issue.LINK_UNREACHABLE: IssueSeverity.ERROR,
    Issue.DISK_NEARLY_FULL: IssueSeverity.WARNING,
}
FIXABLE: Final = frozenset({Issue.CATEGORY_MISSING, Issue.LINK_UNREACHABLE})
_NOT_IN_USE = (ConfigEntryState.NOT_LOADED, ConfigEntryState.FAILED_UNLOAD)


@dataclass(frozen=True, slots=True)
class EntryIssues:
    """The issues of one entry."""

    hass: HomeAssistant
    entry: ConfigEntry

    @callback
    def report(self, issue: Issue, **values: str) -> None:
        """Have an issue shown; its texts name these values and the entry's title."""
        ir.async_create_issue(
            self.hass,
            DOMAIN,
            self._id(issue),
            data={DATA_ENTRY_ID: self.entry.entry_id, DATA_ISSUE: issue.value},
            is_fixable=issue in FIXABLE,
            severity=_SEVERITIES[issue],
            translation_key=issue.value,
            translation_placeholders={"entry": self.entry.title, **values},
        )

    @callback
    def clear(self, *issues: Issue) -> None:
        """Have issues shown no more."""
        for issue in issues:
            ir.async_delete_issue(self.hass, DOMAIN, self._id(issue))

    @property
    def present(self) -> list[Issue]:
        """Return what is shown."""
        registry = ir.async_get(self.hass)
        known = {issue: registry.async_get_issue(DOMAIN, self._id(issue)) for issue in Issue}
        # One that was ignored before a restart is known, too.
        return [issue for issue, one in known.items() if one is not None and one.active]

    def _id(self, issue: Issue) -> str:
        return f"{issue}_{self.entry.entry_id}"


@callback
def async_setup_issues(hass: HomeAssistant) -> None:
    """Have the issues of entries go that are unloaded, disabled or removed.

    An entry whose set-up fails keeps those that tell why.
    """

    @callback
    def clear(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain != DOMAIN:
            return
        if change is ConfigEntryChange.REMOVED or entry.state in _NOT_IN_USE:
            EntryIssues(hass, entry).clear(*Issue)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, clear)
