"""The forms of the config flow: their fields, and at which of them a failure is shown."""

from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

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
)
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
from .engine.source import DeliveryMode

_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url"))
_SECRET = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_NAME = TextSelector(TextSelectorConfig(autocomplete="username"))
DELIVERY = SelectSelector(
    SelectSelectorConfig(options=[mode.value for mode in DeliveryMode], translation_key="delivery")
)

JACKETT_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_JACKETT_URL): _URL,
        # May stand in a pasted feed's address instead.
        vol.Optional(CONF_JACKETT_API_KEY): _SECRET,
        vol.Required(CONF_JACKETT_VERIFY_SSL, default=True): BooleanSelector(),
    }
)
KEY_SCHEMA = vol.Schema({vol.Required(CONF_JACKETT_API_KEY): _SECRET})
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
ADDRESS_SCHEMA = vol.Schema({vol.Required(CONF_JACKETT_URL_FOR_QBITTORRENT): _URL})


def category_selector(categories: set[str]) -> SelectSelector:
    """Return the field for a category, which offers some and takes others."""
    return SelectSelector(
        SelectSelectorConfig(
            options=sorted(categories), custom_value=True, mode=SelectSelectorMode.DROPDOWN
        )
    )


def delivery_schema(categories: list[str]) -> vol.Schema:
    """Return the form of the delivery, which offers qBittorrent's categories."""
    return vol.Schema(
        {
            **ADDRESS_SCHEMA.schema,
            vol.Required(CONF_DELIVERY, default=DeliveryMode.AUTO.value): DELIVERY,
            vol.Required(CONF_CATEGORY, default=DEFAULT_CATEGORY): category_selector(
                {DEFAULT_CATEGORY, *categories}
            ),
        }
    )


def form_errors(failure: AuralArchiveError | None, schema: vol.Schema) -> dict[str, str]:
    """Return a failure's text at its field, or above the form where that is another form's."""
    if failure is None:
        return {}
    field = _field(failure, schema)
    return {field if field in schema.schema else "base": _error_key(failure)}


def _field(failure: AuralArchiveError, schema: vol.Schema) -> str:
    """Return the field that a failure belongs to; "base" where it belongs to none."""
    match failure:
        case InvalidCategoryError():
            return CONF_CATEGORY
        case InvalidLinkError() | LinkUnreachableError():
            # No form asks for more than one address.
            addresses = (CONF_JACKETT_URL, CONF_QBITTORRENT_URL, CONF_JACKETT_URL_FOR_QBITTORRENT)
            return next((field for field in addresses if field in schema.schema), "base")
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
