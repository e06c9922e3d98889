"""The flow for an entry's preferences: one form, in sections."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.data_entry_flow import SectionConfig, section
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import voluptuous as vol

from .const import (
    CONF_CATEGORY,
    CONF_DELIVERY,
    CONF_INDEXERS,
    CONF_MIN_SEEDERS,
    CONF_PREFERRED_FORMATS,
    CONF_PREFERRED_LANGUAGES,
    CONF_SAVE_PATH,
    CONF_SEARCH_CATEGORIES,
    CONF_STALLED_AFTER,
    CONF_TIMEOUT,
    DEFAULT_CATEGORY,
)
from .coordinator import AuralArchiveConfigEntry, AuralArchiveData
from .engine.errors import InvalidCategoryError, LinkUnreachableError, QbittorrentError
from .engine.source import DeliveryMode
from .engine.titles import AUDIO_FORMATS, LANGUAGES
from .engine.torznab import Indexer
from .forms import DELIVERY, category_selector
from .problems import explained
from .trials import make_category, try_address, valid_category

# Torznab's categories in which indexers keep audiobooks; numbers of indexers' own can be typed.
SEARCH_CATEGORIES = ("3030", "3000", "3010", "3040", "3050", "3060", "7000", "7020", "7050")
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "downloads": (CONF_DELIVERY, CONF_CATEGORY, CONF_SAVE_PATH),
    "search": (
        CONF_SEARCH_CATEGORIES,
        CONF_INDEXERS,
        CONF_MIN_SEEDERS,
        CONF_PREFERRED_FORMATS,
        CONF_PREFERRED_LANGUAGES,
    ),
    "watching": (CONF_TIMEOUT, CONF_STALLED_AFTER),
}


def options_schema(
    options: Mapping[str, Any], categories: Iterable[str] = (), indexers: Iterable[Indexer] = ()
) -> vol.Schema:
    """Return the form for an entry's options, which offers what the servers have.

    What is chosen already can stay chosen, also where a server does not have it at the moment.
    """
    fields: dict[str, dict[Any, Any]] = {
        "downloads": {
            vol.Required(CONF_DELIVERY): DELIVERY,
            vol.Required(CONF_CATEGORY): category_selector(
                {DEFAULT_CATEGORY, options[CONF_CATEGORY], *categories}
            ),
            vol.Optional(CONF_SAVE_PATH): TextSelector(),
        },
        "search": {
            vol.Optional(CONF_SEARCH_CATEGORIES): SelectSelector(
                SelectSelectorConfig(
                    options=list(SEARCH_CATEGORIES),
                    multiple=True,
                    custom_value=True,
                    mode=SelectSelectorMode.DROPDOWN,
                    translation_key="search_categories",
                )
            ),
            vol.Optional(CONF_INDEXERS): _indexer_selector(indexers, options[CONF_INDEXERS]),
            vol.Required(CONF_MIN_SEEDERS): _number(0, 1000),
            vol.Optional(CONF_PREFERRED_FORMATS): _several(AUDIO_FORMATS, "formats"),
            vol.Optional(CONF_PREFERRED_LANGUAGES): _several(LANGUAGES, "languages"),
        },
        "watching": {
            vol.Required(CONF_TIMEOUT): _number(1, 600, "s"),
            vol.Required(CONF_STALLED_AFTER): _number(1, 10080, "min"),
        },
    }
    return vol.Schema(
        {
            vol.Required(name): section(
                vol.Schema(inner), SectionConfig(collapsed=name == "watching")
            )
            for name, inner in fields.items()
        }
    )


def _indexer_selector(indexers: Iterable[Indexer], chosen: Iterable[str]) -> SelectSelector:
    """Return the field for indexers: shown are names, stored are ids."""
    listed = {one.id: one.name for one in indexers}
    names = {one: one for one in chosen} | listed
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                SelectOptionDict(value=one, label=name)
                for one, name in sorted(names.items(), key=lambda item: item[1].casefold())
            ],
            multiple=True,
            # Not every server tells which it has.
            custom_value=not listed,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def _several(choices: Iterable[str], texts: str) -> SelectSelector:
    """Return a field for several of some choices, in the order in which they are picked."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(choices),
            multiple=True,
            mode=SelectSelectorMode.DROPDOWN,
            translation_key=texts,
        )
    )


def _number(least: int, most: int, unit: str = "") -> NumberSelector:
    config = NumberSelectorConfig(min=least, max=most, mode=NumberSelectorMode.BOX)
    if unit:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


class AuralArchiveOptionsFlow(OptionsFlowWithReload):
    """Changes an entry's preferences; what the servers do not answer is left as it is."""

    config_entry: AuralArchiveConfigEntry

    def __init__(self) -> None:
        """Start without anything said."""
        self._warned = False
        self._values: dict[str, str] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for all preferences at once."""
        stored = self.config_entry.options
        options = dict(stored)
        errors: dict[str, str] = {}
        if user_input is not None:
            options |= _flat(user_input)
            errors = await self._check(options)
            if not errors:
                return self.async_create_entry(data=options)
        data = self._loaded
        schema = options_schema(
            stored,
            data.servers.mirror.categories if data else (),
            (data.jackett.data or ()) if data else (),
        )
        suggested = {name: {one: options[one] for one in SECTIONS[name]} for name in SECTIONS}
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders=self._values,
        )

    @property
    def _loaded(self) -> AuralArchiveData | None:
        """Return what the entry has while it is loaded."""
        is_loaded = self.config_entry.state is ConfigEntryState.LOADED
        return self.config_entry.runtime_data if is_loaded else None

    async def _check(self, options: dict[str, Any]) -> dict[str, str]:
        """Bring options into their final form; return what is wrong with them, by section.

        Errors are shown above a section, so their texts name what is wrong in it.
        """
        errors: dict[str, str] = {}
        self._values = {}
        try:
            options[CONF_SEARCH_CATEGORIES] = _whole_numbers(options[CONF_SEARCH_CATEGORIES])
        except ValueError:
            errors["search"] = "no_whole_number"
        failure = await self._check_category(options)
        # What takes a look by qBittorrent is looked at when all else is right.
        if failure is None and not errors:
            failure = await self._check_reach(options[CONF_DELIVERY])
        if failure is not None:
            errors["downloads"] = failure
        return errors

    async def _check_category(self, options: dict[str, Any]) -> str | None:
        """Create a category that is new; return the key of what keeps it from being there."""
        try:
            name = options[CONF_CATEGORY] = valid_category(options[CONF_CATEGORY])
            data = self._loaded
            if name == self.config_entry.options[CONF_CATEGORY]:
                return None
            if data is None:
                return "category_not_loaded"
            if name not in data.servers.mirror.categories:
                await make_category(data.servers.qbittorrent, name)
        except InvalidCategoryError:
            return "invalid_category"
        except QbittorrentError as err:
            self._values = {"category": name, "detail": explained(err)}
            await self.config_entry.runtime_data.look_after(err)
            return "category_not_created"
        return None

    async def _check_reach(self, delivery: str) -> str | None:
        """Complain once where qBittorrent is to open links of a Jackett that it cannot open."""
        data = self._loaded
        is_news = delivery != self.config_entry.options[CONF_DELIVERY]
        if data is None or self._warned or not is_news or delivery != DeliveryMode.LINK:
            return None
        try:
            await try_address(data.servers.scout, str(data.servers.addresses.qbittorrent))
        except LinkUnreachableError as err:
            self._warned = True
            self._values = err.values
            return err.code
        except QbittorrentError:
            # Whether it reaches Jackett will show.
            return None
        return None


def _flat(entered: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered without its sections; a field that was cleared is not in them."""
    fields = {key: value for part in entered.values() for key, value in part.items()}
    for several in (
        CONF_SEARCH_CATEGORIES,
        CONF_INDEXERS,
        CONF_PREFERRED_FORMATS,
        CONF_PREFERRED_LANGUAGES,
    ):
        fields[several] = list(dict.fromkeys(fields.get(several, ())))
    fields[CONF_SAVE_PATH] = fields.get(CONF_SAVE_PATH, "").strip()
    # The form's numbers are floats.
    for whole in (CONF_MIN_SEEDERS, CONF_STALLED_AFTER):
        fields[whole] = int(fields[whole])
    return fields


def _whole_numbers(texts: Iterable[str]) -> list[str]:
    """Return whole numbers as they are usually written; raise `ValueError` for anything else."""
    if not all(text.strip().isdecimal() for text in texts):
        raise ValueError
    return list(dict.fromkeys(str(int(text)) for text in texts))
