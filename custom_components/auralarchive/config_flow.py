"""The forms: Jackett, then qBittorrent, then how the one's links get to the other."""

import asyncio
from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.translation import async_get_translations
import voluptuous as vol
from yarl import URL

from .const import (
    CONF_CATEGORY,
    CONF_DELIVERY,
    CONF_JACKETT_API_KEY,
    CONF_JACKETT_URL,
    CONF_JACKETT_URL_FOR_QBITTORRENT,
    CONF_JACKETT_VERIFY_SSL,
    CONF_QBITTORRENT_API_KEY,
    CONF_QBITTORRENT_PASSWORD,
    CONF_QBITTORRENT_URL,
    CONF_QBITTORRENT_USERNAME,
    CONF_QBITTORRENT_VERIFY_SSL,
    DEFAULT_CATEGORY,
    DOMAIN,
    ENTRY_MINOR_VERSION,
    ENTRY_VERSION,
)
from .engine.delivery import is_valid_category
from .engine.errors import (
    AuralArchiveError,
    InvalidCategoryError,
    InvalidLinkError,
    JackettAuthError,
    JackettError,
    LinkUnreachableError,
    QbittorrentAuthError,
    QbittorrentError,
    UnreachableError,
)
from .engine.jackett import read_jackett_address
from .engine.links import Link, normalise_address, suggest_address_for_qbittorrent
from .engine.qbittorrent import API_STOP
from .engine.reachability import Scout, Sight
from .engine.route import find_jackett
from .engine.source import DeliveryMode
from .preferences import DEFAULT_OPTIONS
from .servers import jackett_client, jackett_session_for, redactor, trial_qbittorrent

_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url"))
_SECRET = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_NAME = TextSelector(TextSelectorConfig(autocomplete="username"))

JACKETT_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_JACKETT_URL): _URL,
        # May stand in a pasted feed's address instead.
        vol.Optional(CONF_JACKETT_API_KEY): _SECRET,
        vol.Required(CONF_JACKETT_VERIFY_SSL, default=True): BooleanSelector(),
    }
)
_LOGIN_FIELDS = (CONF_QBITTORRENT_USERNAME, CONF_QBITTORRENT_PASSWORD, CONF_QBITTORRENT_API_KEY)
LOGIN_SCHEMA = vol.Schema(
    {
        vol.Optional(CONF_QBITTORRENT_USERNAME): _NAME,
        vol.Optional(CONF_QBITTORRENT_PASSWORD): _SECRET,
        vol.Optional(CONF_QBITTORRENT_API_KEY): _SECRET,
    }
)
QBITTORRENT_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_QBITTORRENT_URL): _URL,
        **LOGIN_SCHEMA.schema,
        vol.Required(CONF_QBITTORRENT_VERIFY_SSL, default=True): BooleanSelector(),
    }
)
_DELIVERY = SelectSelector(
    SelectSelectorConfig(options=[mode.value for mode in DeliveryMode], translation_key="delivery")
)


def delivery_schema(categories: list[str]) -> vol.Schema:
    """Return the form of the delivery, which offers qBittorrent's categories."""
    return vol.Schema(
        {
            vol.Required(CONF_JACKETT_URL_FOR_QBITTORRENT): _URL,
            vol.Required(CONF_DELIVERY, default=DeliveryMode.AUTO.value): _DELIVERY,
            vol.Required(CONF_CATEGORY, default=DEFAULT_CATEGORY): SelectSelector(
                SelectSelectorConfig(
                    options=sorted({DEFAULT_CATEGORY, *categories}),
                    custom_value=True,
                    mode=SelectSelectorMode.DROPDOWN,
                )
            ),
        }
    )


class AuralArchiveConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up a pair of Jackett and qBittorrent; every step talks to the server before it ends."""

    VERSION = ENTRY_VERSION
    MINOR_VERSION = ENTRY_MINOR_VERSION

    def __init__(self) -> None:
        """Start with nothing entered."""
        self._settings: dict[str, Any] = {}
        self._categories: list[str] = []
        self._looking: asyncio.Task[None] | None = None
        self._proposed = ""
        # What qBittorrent has opened, or what the user has been told that it could not open.
        self._looked_at: set[str] = set()
        self._finding = ""

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for Jackett."""
        failure = None
        if user_input is not None:
            try:
                self._settings |= await self._check_jackett(user_input)
            except AuralArchiveError as err:
                failure = err
            else:
                return await self.async_step_qbittorrent()
        return self._form("user", JACKETT_SCHEMA, user_input, failure, CONF_JACKETT_URL)

    async def async_step_qbittorrent(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for qBittorrent."""
        failure = None
        if user_input is not None:
            try:
                settings = await self._check_qbittorrent(user_input)
            except AuralArchiveError as err:
                failure = err
            else:
                self._settings |= settings
                return await self.async_step_looking()
        return self._form(
            "qbittorrent", QBITTORRENT_SCHEMA, user_input, failure, CONF_QBITTORRENT_URL
        )

    async def async_step_looking(self, user_input: None = None) -> ConfigFlowResult:
        """Find out, from inside qBittorrent, at which address it reaches Jackett."""
        self._abort_if_set_up()
        if self._looking is None:
            self._looking = self.hass.async_create_task(self._look_for_jackett())
        if not self._looking.done():
            return self.async_show_progress(
                step_id="looking", progress_action="looking", progress_task=self._looking
            )
        return self.async_show_progress_done(next_step_id="delivery")

    async def _look_for_jackett(self) -> None:
        """Take the first address that works, else the likeliest, and say how sure that is."""
        jackett, qbittorrent = (
            self._settings[key] for key in (CONF_JACKETT_URL, CONF_QBITTORRENT_URL)
        )
        self._proposed = suggest_address_for_qbittorrent(jackett, qbittorrent)
        found = None
        try:
            async with trial_qbittorrent(self.hass, self._settings) as client:
                scout = Scout(client, redactor(self._settings))
                found = await find_jackett(scout, jackett, qbittorrent)
                tells = (await client.version()).api >= API_STOP
        except QbittorrentError:
            tells = False
        if found is not None:
            self._proposed = found.address
            self._looked_at.add(found.address)
        key = "address_found" if found else "address_not_found" if tells else "address_unknown"
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "exceptions", [DOMAIN]
        )
        self._finding = texts[f"component.{DOMAIN}.exceptions.{key}.message"]

    async def async_step_delivery(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how Jackett's links get to qBittorrent, and for the category."""
        # With the answers too: the same pair may have been set up in another window meanwhile.
        self._abort_if_set_up()
        failure = None
        if user_input is not None:
            try:
                address = normalise_address(user_input[CONF_JACKETT_URL_FOR_QBITTORRENT])
                category = await self._check_category(user_input[CONF_CATEGORY])
                if user_input[CONF_DELIVERY] == DeliveryMode.LINK:
                    await self._check_reach(address)
            except AuralArchiveError as err:
                failure = err
            else:
                return self.async_create_entry(
                    title=self._title(),
                    data={**self._settings, CONF_JACKETT_URL_FOR_QBITTORRENT: address},
                    options={
                        **DEFAULT_OPTIONS,
                        CONF_DELIVERY: user_input[CONF_DELIVERY],
                        CONF_CATEGORY: category,
                    },
                )
        suggested = user_input or {CONF_JACKETT_URL_FOR_QBITTORRENT: self._proposed}
        schema = delivery_schema(self._categories)
        return self._form("delivery", schema, suggested, failure, CONF_JACKETT_URL_FOR_QBITTORRENT)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin to correct qBittorrent's login, which was refused."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for qBittorrent's login again."""
        entry = self._get_reauth_entry()
        failure = None
        if user_input is not None:
            login = {key: user_input.get(key, "") for key in _LOGIN_FIELDS}
            try:
                settings = await self._check_qbittorrent({**entry.data, **login})
            except AuralArchiveError as err:
                failure = err
            else:
                return self.async_update_reload_and_abort(entry, data_updates=settings)
        known = {CONF_QBITTORRENT_USERNAME: entry.data.get(CONF_QBITTORRENT_USERNAME, "")}
        entered = known if user_input is None else user_input
        return self._form("reauth_confirm", LOGIN_SCHEMA, entered, failure, "base")

    def _abort_if_set_up(self) -> None:
        """End the flow if there is an entry for this pair."""
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

    async def _check_jackett(self, entered: dict[str, Any]) -> dict[str, Any]:
        """Return Jackett's settings in their final form, or raise what is wrong with them."""
        address, key_in_address = read_jackett_address(entered[CONF_JACKETT_URL])
        settings = {
            **entered,
            CONF_JACKETT_URL: address,
            CONF_JACKETT_API_KEY: entered.get(CONF_JACKETT_API_KEY, "").strip()
            or key_in_address
            or "",
        }
        await jackett_client(jackett_session_for(self.hass, settings), settings).indexers()
        return settings

    async def _check_qbittorrent(self, entered: dict[str, Any]) -> dict[str, Any]:
        """Return qBittorrent's settings in their final form, or raise what is wrong with them."""
        settings = {
            **entered,
            CONF_QBITTORRENT_URL: normalise_address(entered[CONF_QBITTORRENT_URL]),
            # What copying leaves around it would be no header.
            CONF_QBITTORRENT_API_KEY: entered.get(CONF_QBITTORRENT_API_KEY, "").strip(),
        }
        async with trial_qbittorrent(self.hass, settings) as client:
            await client.version()
            self._categories = list(await client.categories())
        return settings

    async def _check_category(self, name: str) -> str:
        """Return a category that exists, created if it did not."""
        name = name.strip()
        if not name or not is_valid_category(name):
            raise InvalidCategoryError(category=name)
        async with trial_qbittorrent(self.hass, self._settings) as client:
            await client.create_category(name)
        return name

    async def _check_reach(self, address: str) -> None:
        """Raise, once, what keeps qBittorrent from opening Jackett at an address.

        Whoever enters it again knows better.
        """
        if address in self._looked_at:
            return
        async with trial_qbittorrent(self.hass, self._settings) as client:
            seen = await Scout(client, redactor(self._settings)).look(address)
        self._looked_at.add(address)
        if seen.sight in (Sight.NOTHING, Sight.WRONG_PATH):
            raise LinkUnreachableError(link=Link.parse(address).shown, detail=seen.sentence)

    def _form(
        self,
        step_id: str,
        schema: vol.Schema,
        entered: dict[str, Any] | None,
        failure: AuralArchiveError | None,
        address_field: str,
    ) -> ConfigFlowResult:
        """Show a step's form; what was typed stays typed.

        A failure is shown at its field, or above the form where that is another form's.
        """
        errors = {}
        if failure:
            field = _field(failure, address_field)
            errors[field if field in schema.schema else "base"] = _error_key(failure)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, entered),
            errors=errors,
            description_placeholders={
                "finding": self._finding,
                **(failure.values if failure else {}),
            },
        )


def _field(failure: AuralArchiveError, address_field: str) -> str:
    """Return the field that a failure belongs to; "base" where it belongs to none."""
    match failure:
        case InvalidCategoryError():
            return CONF_CATEGORY
        case InvalidLinkError() | LinkUnreachableError():
            return address_field
        case JackettAuthError():
            return CONF_JACKETT_API_KEY
        case JackettError():
            return CONF_JACKETT_URL
        case QbittorrentError() if not isinstance(failure, QbittorrentAuthError):
            return CONF_QBITTORRENT_URL
    # Which part of a login is wrong is not told.
    return "base"


def _error_key(failure: AuralArchiveError) -> str:
    """Return the key of a failure's text; what has several causes has a text for each."""
    match failure:
        case InvalidLinkError():
            return "invalid_address"
        case UnreachableError() | QbittorrentAuthError():
            return f"{failure.code}_{failure.reason}"
    return failure.code
