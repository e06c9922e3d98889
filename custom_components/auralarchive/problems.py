"""Errors of the engine as Home Assistant's: translated, each under its code."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.core import async_get_hass
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .engine.errors import AuralArchiveError, Leg, UnverifiedError

# What a reason's text is called in the translations.
_REASON = "reason_{}"
_NO_DETAIL = "no_detail"


def placeholders(err: AuralArchiveError) -> dict[str, str]:
    """Return the values for an error's text; a reason is put in words there, too."""
    values = dict(err.values)
    if isinstance(err, UnverifiedError):
        values["detail"] = explained(err.cause)
    if "detail" in values and not values["detail"]:
        values["detail"] = sentence(_REASON.format(err.reason or _NO_DETAIL))
    if err.reason is not None:
        values["reason"] = sentence(_REASON.format(err.reason))
    return values


def sentence(key: str, values: dict[str, str] | None = None) -> str:
    """Return a text of the translations' exceptions in Home Assistant's language.

    Without its full stop, as Home Assistant has the texts of errors: it may be part of another.
    """
    hass = async_get_hass()
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    text = texts[f"component.{DOMAIN}.exceptions.{key}.message"].rstrip(".")
    return text.format(**values) if values else text


def explained(err: AuralArchiveError) -> str:
    """Return an error as a sentence."""
    return sentence(err.code, placeholders(err))


def translated(err: AuralArchiveError) -> HomeAssistantError:
    """Return the error to raise from an action: the caller's fault or the world's."""
    kind = ServiceValidationError if err.leg is Leg.REQUEST else HomeAssistantError
    return kind(
        translation_domain=DOMAIN,
        translation_key=err.code,
        translation_placeholders=placeholders(err),
    )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise the engine's errors as Home Assistant's.

    The chain is kept: the engine's errors hold no secrets, and cut off what could.
    """
    try:
        yield
    except AuralArchiveError as err:
        raise translated(err) from err
