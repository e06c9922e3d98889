"""The flow: Jackett, then qBittorrent, then how the one's links get to the other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant, callback
import voluptuous as vol
from yarl import URL

from .const import (
    CONF_CATEGORY,
    CONF_DELIVERY,
    CONF_JACKETT_API_KEY,
    CONF_JACKETT_URL,
    CONF_JACKETT_URL_FOR_QBITTORRENT,
    CONF_JACKETT_VERIFY_SSL,
    CONF_QBITTORRENT_PASSWORD,
    CONF_QBITTORRENT_URL,
    CONF_QBITTORRENT_USERNAME,
    CONF_QBITTORRENT_VERIFY_SSL,
    DOMAIN,
    ENTRY_MINOR_VERSION,
    ENTRY_VERSION,
)
from .coordinator import AuralArchiveConfigEntry, AuralArchiveData, is_refusal
from .engine.errors import AuralArchiveError, LinkUnreachableError
from .engine.links import normalise_address
from .engine.reachability import Scout
from .engine.source import DeliveryMode
from .forms import (
    ADDRESS_SCHEMA,
    JACKETT_SCHEMA,
    KEY_SCHEMA,
    LOGIN_SCHEMA,
    QBITTORRENT_SCHEMA,
    delivery_schema,
    form_errors,
)
from .options_flow import AuralArchiveOptionsFlow
from .preferences import DEFAULT_OPTIONS
from .proposal import Proposal, propose, propose_change
from .servers import redactor, trial_qbittorrent
from .trials import login, make_category, try_address, try_jackett, try_qbittorrent

type Probe = Callable[[HomeAssistant, Mapping[str, Any]], Awaitable[object]]


class AuralArchiveConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up a pair of Jackett and qBittorrent; every step talks to the server before it ends."""

    VERSION = ENTRY_VERSION
    MINOR_VERSION = ENTRY_MINOR_VERSION

    def __init__(self) -> None:
        """Start with nothing entered."""
        self._settings: dict[str, Any] = {}
        self._categories: list[str] = []
        self._looking: asyncio.Task[None] | None = None
        self._proposal = Proposal()
        # The secrets that were refused, by their fields.
        self._refused: set[str] = set()
        # What qBittorrent has opened, or what the user has been told that it could not open.
        self._looked_at: set[str] = set()

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> AuralArchiveOptionsFlow:
        """Return the flow for an entry's preferences."""
        return AuralArchiveOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for Jackett."""
        failure = None
        if user_input is not None:
            try:
                self._settings |= await try_jackett(self.hass, user_input)
            except AuralArchiveError as err:
                failure = err
            else:
                return await self.async_step_qbittorrent()
        return self._form("user", JACKETT_SCHEMA, user_input, failure)

    async def async_step_qbittorrent(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for qBittorrent."""
        failure = None
        if user_input is not None:
            try:
                await self._take_qbittorrent(user_input)
            except AuralArchiveError as err:
                failure = err
            else:
                return await self.async_step_looking()
        return self._form("qbittorrent", QBITTORRENT_SCHEMA, user_input, failure)

    async def async_step_looking(self, user_input: None = None) -> ConfigFlowResult:
        """Find out, from inside qBittorrent, at which address it reaches Jackett."""
        self._abort_if_set_up()
        if self._looking is None:
            self._looking = self.hass.async_create_task(self._look_for_jackett())
        if not self._looking.done():
            return self.async_show_progress(
                step_id="looking", progress_action="looking", progress_task=self._looking
            )
        is_change = self.source == SOURCE_RECONFIGURE
        return self.async_show_progress_done(
            next_step_id="reconfigure_address" if is_change else "delivery"
        )

    async def _look_for_jackett(self) -> None:
        if self.source == SOURCE_RECONFIGURE:
            present = self._get_reconfigure_entry().data
            self._proposal = await propose_change(self.hass, self._settings, present)
        else:
            self._proposal = await propose(self.hass, self._settings)
        if self._proposal.works:
            self._looked_at.add(self._proposal.address)

    async def async_step_delivery(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how Jackett's links get to qBittorrent, and for the category."""
        # With the answers too: the same pair may have been set up in another window meanwhile.
        self._abort_if_set_up()
        failure = None
        if user_input is not None:
            try:
                address = await self._take_way(
                    user_input, user_input[CONF_CATEGORY], user_input[CONF_DELIVERY]
                )
            except AuralArchiveError as err:
                failure = err
            else:
                return self.async_create_entry(
                    title=self._title(),
                    data={**self._settings, CONF_JACKETT_URL_FOR_QBITTORRENT: address},
                    options={
                        **DEFAULT_OPTIONS,
                        CONF_DELIVERY: user_input[CONF_DELIVERY],
                        CONF_CATEGORY: user_input[CONF_CATEGORY].strip(),
                    },
                )
        suggested = user_input or {CONF_JACKETT_URL_FOR_QBITTORRENT: self._proposal.address}
        return self._form("delivery", delivery_schema(self._categories), suggested, failure)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin to correct what was refused: Jackett's key, qBittorrent's login, or both."""
        self._note_refusals()
        if not self._refused:
            await self._probe(CONF_JACKETT_API_KEY, try_jackett)
            await self._probe(CONF_QBITTORRENT_PASSWORD, try_qbittorrent)
        if not self._refused:
            return self.async_abort(reason="nothing_refused")
        return await self._ask_again()

    async def async_step_reauth_jackett(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for Jackett's API key again."""
        failure = None
        if user_input is not None:
            entered = {**self._get_reauth_entry().data, **user_input}
            try:
                settings = await try_jackett(self.hass, entered)
            except AuralArchiveError as err:
                failure = err
            else:
                self._settings[CONF_JACKETT_API_KEY] = settings[CONF_JACKETT_API_KEY]
                return await self._ask_again()
        return self._form("reauth_jackett", KEY_SCHEMA, user_input, failure)

    async def async_step_reauth_qbittorrent(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for qBittorrent's login again."""
        entry = self._get_reauth_entry()
        failure = None
        if user_input is not None:
            entered = login(user_input)
            try:
                await try_qbittorrent(self.hass, {**entry.data, **entered})
            except AuralArchiveError as err:
                failure = err
            else:
                self._settings |= entered
                return await self._ask_again()
        known = {CONF_QBITTORRENT_USERNAME: entry.data.get(CONF_QBITTORRENT_USERNAME, "")}
        suggested = known if user_input is None else user_input
        return self._form("reauth_qbittorrent", LOGIN_SCHEMA, suggested, failure)

    async def _ask_again(self) -> ConfigFlowResult:
        """Ask for what has been refused and not been entered yet; else take what has."""
        # The other one may have been refused since the flow began.
        self._note_refusals()
        if CONF_QBITTORRENT_PASSWORD in self._refused - self._settings.keys():
            return await self.async_step_reauth_qbittorrent()
        data = _data_of(self._get_reauth_entry())
        if data is not None and data.jackett.answered is None:
            # The set-up did not get as far as to ask it.
            await self._probe(CONF_JACKETT_API_KEY, try_jackett)
        if self._refused - self._settings.keys():
            return await self.async_step_reauth_jackett()
        return self.async_update_reload_and_abort(
            self._get_reauth_entry(), data_updates=self._settings, reason="reauth_successful"
        )

    def _note_refusals(self) -> None:
        """Note what was refused when the servers were last asked, without asking again."""
        data = _data_of(self._get_reauth_entry())
        if data is not None and data.jackett.refused:
            self._refused.add(CONF_JACKETT_API_KEY)
        if data is not None and data.downloads.refused:
            self._refused.add(CONF_QBITTORRENT_PASSWORD)

    async def _probe(self, secret: str, probe: Probe) -> None:
        """Ask a server once; whether it answers at all is another matter."""
        try:
            await probe(self.hass, self._get_reauth_entry().data)
        except AuralArchiveError as err:
            if is_refusal(err):
                self._refused.add(secret)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for Jackett's new settings."""
        present = self._get_reconfigure_entry().data
        failure = None
        if user_input is not None:
            try:
                self._settings |= await try_jackett(
                    self.hass, user_input, kept_key=present[CONF_JACKETT_API_KEY]
                )
            except AuralArchiveError as err:
                failure = err
            else:
                return await self.async_step_reconfigure_qbittorrent()
        suggested = user_input or _present(present, CONF_JACKETT_URL, CONF_JACKETT_VERIFY_SSL)
        return self._form("reconfigure", JACKETT_SCHEMA, suggested, failure)

    async def async_step_reconfigure_qbittorrent(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for qBittorrent's new settings."""
        present = self._get_reconfigure_entry().data
        failure = None
        if user_input is not None:
            try:
                await self._take_qbittorrent({**user_input, **login(user_input, present)})
            except AuralArchiveError as err:
                failure = err
            else:
                return await self.async_step_looking()
        suggested = user_input or _present(
            present, CONF_QBITTORRENT_URL, CONF_QBITTORRENT_USERNAME, CONF_QBITTORRENT_VERIFY_SSL
        )
        return self._form("reconfigure_qbittorrent", QBITTORRENT_SCHEMA, suggested, failure)

    async def async_step_reconfigure_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for Jackett's address as qBittorrent sees it, and change the entry."""
        self._abort_if_set_up()
        entry = self._get_reconfigure_entry()
        failure = None
        if user_input is not None:
            try:
                address = await self._take_way(
                    user_input, entry.options[CONF_CATEGORY], entry.options[CONF_DELIVERY]
                )
            except AuralArchiveError as err:
                failure = err
            else:
                return self._change(entry, address)
        suggested = user_input or {CONF_JACKETT_URL_FOR_QBITTORRENT: self._proposal.address}
        return self._form("reconfigure_address", ADDRESS_SCHEMA, suggested, failure)

    def _change(self, entry: AuralArchiveConfigEntry, address: str) -> ConfigFlowResult:
        """Change an entry, and end what still asks for the login that has just been proven."""
        for flow in entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])
        data = _data_of(entry)
        is_well = data is not None and data.downloads.last_update_success
        return self.async_update_reload_and_abort(
            entry,
            data_updates={**self._settings, CONF_JACKETT_URL_FOR_QBITTORRENT: address},
            reason="reconfigure_successful",
            # What has failed meanwhile is known to work now.
            reload_even_if_entry_is_unchanged=entry.state is not ConfigEntryState.LOADED
            or not is_well,
        )

    def _abort_if_set_up(self) -> None:
        """End the flow if there is another entry for this pair."""
        self._async_abort_entries_match(
            {key: self._settings[key] for key in (CONF_JACKETT_URL, CONF_QBITTORRENT_URL)}
        )

    def _title(self) -> str:
        """Return the entry's name; that of a further pair tells where it is."""
        taken = {entry.title for entry in self._async_current_entries()}
        there = URL(self._settings[CONF_QBITTORRENT_URL])
        titles = ["AuralArchive", f"AuralArchive ({there.host})"]
        last = f"AuralArchive ({there.host}:{there.port})"
        return next((title for title in titles if title not in taken), last)

    async def _take_qbittorrent(self, entered: dict[str, Any]) -> None:
        """Take qBittorrent's settings, or raise what is wrong with them."""
        settings, self._categories = await try_qbittorrent(self.hass, entered)
        self._settings |= settings

    async def _take_way(self, entered: dict[str, Any], category: str, delivery: str) -> str:
        """Return Jackett's address for qBittorrent, once there is all that a delivery needs.

        What keeps qBittorrent from opening it is raised once: whoever enters it again knows better.
        """
        address = normalise_address(entered[CONF_JACKETT_URL_FOR_QBITTORRENT])
        async with trial_qbittorrent(self.hass, self._settings) as client:
            await make_category(client, category)
            if delivery == DeliveryMode.LINK and address not in self._looked_at:
                try:
                    await try_address(Scout(client, redactor(self._settings)), address)
                except LinkUnreachableError:
                    self._looked_at.add(address)
                    raise
        return address

    def _form(
        self,
        step_id: str,
        schema: vol.Schema,
        entered: Mapping[str, Any] | None,
        failure: AuralArchiveError | None,
    ) -> ConfigFlowResult:
        """Show a step's form; what was typed stays typed."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, entered),
            errors=form_errors(failure, schema),
            description_placeholders={
                "finding": self._proposal.finding,
                **(failure.values if failure else {}),
            },
        )


def _data_of(entry: AuralArchiveConfigEntry) -> AuralArchiveData | None:
    """Return what an entry has; None before it was ever set up, and after it was unloaded."""
    return getattr(entry, "runtime_data", None)


def _present(settings: Mapping[str, Any], *fields: str) -> dict[str, Any]:
    """Return what a form begins with where something is to be changed: no secrets."""
    return {field: settings[field] for field in fields if field in settings}
