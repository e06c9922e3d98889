"""Repairs: what can be put right by a few clicks."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import voluptuous as vol

from .const import CONF_DELIVERY, CONF_JACKETT_URL_FOR_QBITTORRENT, DOMAIN
from .coordinator import AuralArchiveConfigEntry, AuralArchiveData
from .engine.errors import InvalidCategoryError, InvalidLinkError, QbittorrentError
from .engine.links import Link, normalise_address
from .engine.reachability import LONG_SECONDS, Seen, Sight
from .engine.source import DeliveryMode
from .issues import DATA_ENTRY_ID, DATA_ISSUE, Issue
from .problems import explained
from .proposal import Proposal, propose

_ADDRESS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_JACKETT_URL_FOR_QBITTORRENT): TextSelector(
            TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url")
        )
    }
)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that puts an issue right."""
    known = data or {}
    entry = hass.config_entries.async_get_entry(str(known.get(DATA_ENTRY_ID)))
    if known.get(DATA_ISSUE) == Issue.CATEGORY_MISSING:
        return CategoryFlow(entry)
    return LinkFlow(entry)


class EntryFlow(RepairsFlow):
    """Puts something right for an entry, which has to be loaded all the while."""

    def __init__(self, entry: AuralArchiveConfigEntry | None) -> None:
        """Take the entry; None if it is not there any more."""
        self._entry = entry

    @property
    def _loaded(self) -> AuralArchiveData | None:
        """Return what the entry has, None if it is not loaded."""
        if self._entry is None or self._entry.state is not ConfigEntryState.LOADED:
            return None
        return self._entry.runtime_data

    def _not_loaded(self) -> RepairsFlowResult:
        return self.async_abort(reason="entry_not_loaded")


class CategoryFlow(EntryFlow):
    """Creates the category that the downloads are to be put into."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Create the category once the user has agreed."""
        data = self._loaded
        if data is None or self._entry is None:
            return self._not_loaded()
        category = data.preferences.category
        values = {"entry": self._entry.title, "category": category}
        errors = {}
        if user_input is not None:
            try:
                await data.servers.qbittorrent.create_category(category)
            except InvalidCategoryError:
                return self.async_abort(reason="invalid_category", description_placeholders=values)
            except QbittorrentError as err:
                errors["base"] = "cannot_create"
                values["detail"] = explained(err)
            else:
                # Else the next look would still be at the old state.
                await data.downloads.async_refresh()
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=values,
        )


class LinkFlow(EntryFlow):
    """Gets Jackett's links to qBittorrent in a way that works."""

    def __init__(self, entry: AuralArchiveConfigEntry | None) -> None:
        """Start with nothing tried."""
        super().__init__(entry)
        self._proposal = Proposal()
        # What the user has been told of that nobody can say whether it works.
        self._doubted: set[str] = set()

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Offer the two ways out."""
        if self._loaded is None:
            return self._not_loaded()
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=["use_auto", "change_address"],
            description_placeholders=issue.translation_placeholders if issue else None,
        )

    async def async_step_use_auto(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Have Home Assistant open Jackett's links."""
        if self._loaded is None or self._entry is None:
            return self._not_loaded()
        options = {**self._entry.options, CONF_DELIVERY: DeliveryMode.AUTO.value}
        self.hass.config_entries.async_update_entry(self._entry, options=options)
        return self._reloaded(self._entry)

    async def async_step_change_address(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask for another address, and take one at which qBittorrent opens Jackett."""
        data = self._loaded
        if data is None or self._entry is None:
            return self._not_loaded()
        errors: dict[str, str] = {}
        values: dict[str, str] = {}
        if user_input is None:
            self._proposal = await propose(self.hass, self._entry.data)
        else:
            entered = user_input[CONF_JACKETT_URL_FOR_QBITTORRENT]
            try:
                address = normalise_address(entered)
                seen = await data.servers.scout.look(address, LONG_SECONDS)
            except InvalidLinkError:
                errors[CONF_JACKETT_URL_FOR_QBITTORRENT] = "invalid_address"
            except QbittorrentError as err:
                errors["base"] = "cannot_ask"
                values["detail"] = explained(err)
            else:
                problem = self._problem(seen)
                if problem is None:
                    return self._moved(self._entry, address)
                errors[CONF_JACKETT_URL_FOR_QBITTORRENT] = problem
                values["address"] = Link.parse(address).shown
                values["detail"] = seen.sentence.rstrip(".")
        suggested = user_input or {CONF_JACKETT_URL_FOR_QBITTORRENT: self._proposal.address}
        return self.async_show_form(
            step_id="change_address",
            data_schema=self.add_suggested_values_to_schema(_ADDRESS_SCHEMA, suggested),
            errors=errors,
            description_placeholders={"finding": self._proposal.finding, **values},
        )

    def _problem(self, seen: Seen) -> str | None:
        """Return what speaks against an address; what only leaves a doubt is said once."""
        match seen.sight:
            case Sight.JACKETT:
                return None
            case Sight.NOTHING | Sight.WRONG_PATH:
                return "not_opened"
        if seen.address in self._doubted:
            return None
        self._doubted.add(seen.address)
        return "in_doubt"

    def _moved(self, entry: AuralArchiveConfigEntry, address: str) -> RepairsFlowResult:
        data = {**entry.data, CONF_JACKETT_URL_FOR_QBITTORRENT: address}
        self.hass.config_entries.async_update_entry(entry, data=data)
        return self._reloaded(entry)

    def _reloaded(self, entry: AuralArchiveConfigEntry) -> RepairsFlowResult:
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_create_entry(data={})
