"""The actions: search, add a torrent, list the downloads, check the route."""

import asyncio

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .adds import add
from .calls import ENTRY, STRIPPED, TEXT, entry_of, errors_of, look_again
from .const import DOMAIN
from .coordinator import AuralArchiveData, update_failed
from .engine.errors import JackettUnreachableError
from .engine.jackett import SearchAnswer, SearchQuery
from .engine.mirror import is_within
from .engine.qbittorrent import AddOptions
from .engine.ranking import Ranking, Sort, rank
from .engine.route import check_route
from .engine.source import DeliveryMode, Source
from .engine.titles import AUDIO_FORMATS, LANGUAGES
from .findings import learn_from_route
from .order_services import async_setup_order_services
from .responses import add_response, downloads_response, route_response, search_response
from .torrent_files import read_allowed_torrent_file

SERVICE_SEARCH = "search"
SERVICE_ADD_TORRENT = "add_torrent"
SERVICE_GET_DOWNLOADS = "get_downloads"
SERVICE_CHECK_ROUTE = "check_route"

ATTR_QUERY = "query"
ATTR_CATEGORIES = "categories"
ATTR_INDEXERS = "indexers"
ATTR_MIN_SEEDERS = "min_seeders"
ATTR_FORMATS = "formats"
ATTR_LANGUAGES = "languages"
ATTR_MAX_RESULTS = "max_results"
ATTR_SORT = "sort"
ATTR_DEADLINE = "deadline"
ATTR_FRESH = "fresh"
ATTR_RESULT_ID = "result_id"
ATTR_LINK = "link"
ATTR_TORRENT_FILE = "torrent_file"
ATTR_CATEGORY = "category"
ATTR_SAVE_PATH = "save_path"
ATTR_TAGS = "tags"
ATTR_PAUSED = "paused"
ATTR_SEQUENTIAL = "sequential"
ATTR_DELIVERY = "delivery"
ATTR_TIMEOUT = "timeout"

ALL_CATEGORIES = "all"
_SOURCES = (ATTR_RESULT_ID, ATTR_LINK, ATTR_TORRENT_FILE)
# More releases than this are ranked in a thread: reading a title takes tens of microseconds.
_RANKED_HERE = 100

# qBittorrent separates tags by commas.
_TAG = vol.All(TEXT, vol.Match(r"^[^,\n]+$", msg="a tag must not hold a comma"))

SEARCH_SCHEMA = vol.Schema(
    {
        **ENTRY,
        vol.Required(ATTR_QUERY): vol.All(TEXT, vol.Length(max=500)),
        vol.Optional(ATTR_CATEGORIES): vol.All(
            cv.ensure_list, [vol.All(vol.Coerce(int), vol.Range(min=0))]
        ),
        vol.Optional(ATTR_INDEXERS): vol.All(cv.ensure_list, [TEXT]),
        vol.Optional(ATTR_MIN_SEEDERS): vol.All(vol.Coerce(int), vol.Range(min=0)),
        vol.Optional(ATTR_MAX_RESULTS, default=50): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=200)
        ),
        vol.Optional(ATTR_FORMATS): vol.All(cv.ensure_list, [vol.In(AUDIO_FORMATS)]),
        vol.Optional(ATTR_LANGUAGES): vol.All(cv.ensure_list, [vol.In(LANGUAGES)]),
        vol.Optional(ATTR_SORT, default=Sort.RELEVANCE): vol.All(
            vol.In([sort.value for sort in Sort]), vol.Coerce(Sort)
        ),
        vol.Optional(ATTR_DEADLINE, default=20): vol.All(
            vol.Coerce(float), vol.Range(min=1, max=120)
        ),
        vol.Optional(ATTR_FRESH, default=False): cv.boolean,
    }
)
ADD_TORRENT_SCHEMA = vol.Schema(
    {
        **ENTRY,
        vol.Optional(ATTR_RESULT_ID): STRIPPED,
        vol.Optional(ATTR_LINK): STRIPPED,
        vol.Optional(ATTR_TORRENT_FILE): STRIPPED,
        vol.Optional(ATTR_CATEGORY): STRIPPED,
        vol.Optional(ATTR_SAVE_PATH): STRIPPED,
        vol.Optional(ATTR_TAGS, default=[]): vol.All(cv.ensure_list, [_TAG]),
        vol.Optional(ATTR_PAUSED, default=False): cv.boolean,
        vol.Optional(ATTR_SEQUENTIAL, default=False): cv.boolean,
        vol.Optional(ATTR_DELIVERY): vol.All(
            vol.In([mode.value for mode in DeliveryMode]), vol.Coerce(DeliveryMode)
        ),
        vol.Optional(ATTR_TIMEOUT): vol.All(vol.Coerce(float), vol.Range(min=1, max=600)),
    }
)
GET_DOWNLOADS_SCHEMA = vol.Schema({**ENTRY, vol.Optional(ATTR_CATEGORY): STRIPPED})
CHECK_ROUTE_SCHEMA = vol.Schema({**ENTRY, vol.Optional(ATTR_CATEGORY): TEXT})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_SEARCH,
        _search,
        schema=SEARCH_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_ADD_TORRENT,
        _add_torrent,
        schema=ADD_TORRENT_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_GET_DOWNLOADS,
        _get_downloads,
        schema=GET_DOWNLOADS_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN,
        SERVICE_CHECK_ROUTE,
        _check_route,
        schema=CHECK_ROUTE_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
    async_setup_order_services(hass)


async def _search(call: ServiceCall) -> ServiceResponse:
    """Search the indexers and rank what they have."""
    data = entry_of(call).runtime_data
    preferences = data.preferences
    query = SearchQuery(
        text=call.data[ATTR_QUERY],
        categories=tuple(call.data.get(ATTR_CATEGORIES, preferences.search_categories)),
        indexers=tuple(call.data.get(ATTR_INDEXERS, preferences.indexers)),
        deadline=call.data[ATTR_DEADLINE],
        fresh=call.data[ATTR_FRESH],
    )
    started = call.hass.loop.time()
    async with errors_of(data):
        answer = await _search_jackett(data, query)

    def ranked() -> Ranking:
        return rank(
            answer.releases,
            query.text,
            categories=query.categories,
            min_seeders=call.data.get(ATTR_MIN_SEEDERS, preferences.min_seeders),
            max_results=call.data[ATTR_MAX_RESULTS],
            sort=call.data[ATTR_SORT],
            formats=call.data.get(ATTR_FORMATS, preferences.formats),
            languages=call.data.get(ATTR_LANGUAGES, preferences.languages),
        )

    few = len(answer.releases) <= _RANKED_HERE
    ranking = ranked() if few else await asyncio.to_thread(ranked)
    took_ms = round((call.hass.loop.time() - started) * 1000)
    return search_response(query.text, ranking, answer.outcomes, data.servers, took_ms=took_ms)


async def _search_jackett(data: AuralArchiveData, query: SearchQuery) -> SearchAnswer:
    """Search, and let Jackett's coordinator know how it went."""
    try:
        answer = await data.servers.jackett.search(query)
    except JackettUnreachableError as err:
        data.jackett.async_set_update_error(update_failed(err))
        raise
    if not data.jackett.last_update_success or data.jackett.has_no_indexers:
        data.jackett.look_soon()
    return answer


async def _add_torrent(call: ServiceCall) -> ServiceResponse:
    """Get a torrent into qBittorrent, and prove that it is there."""
    entry = entry_of(call)
    data = entry.runtime_data
    preferences = data.preferences
    category = call.data.get(ATTR_CATEGORY, preferences.category)
    # The folder that is preferred is that of the category that is preferred.
    save_path = preferences.save_path if category == preferences.category else ""
    options = AddOptions(
        category=category,
        save_path=call.data.get(ATTR_SAVE_PATH, save_path),
        tags=tuple(dict.fromkeys(call.data[ATTR_TAGS])),
        paused=call.data[ATTR_PAUSED],
        sequential=call.data[ATTR_SEQUENTIAL],
    )
    async with errors_of(data):
        delivered = await add(
            call.hass,
            entry,
            await _source(call, data),
            options,
            mode=call.data.get(ATTR_DELIVERY, preferences.delivery),
            seconds=call.data.get(ATTR_TIMEOUT, preferences.timeout),
        )
    data.downloads.look_soon()
    return add_response(delivered) if call.return_response else None


async def _source(call: ServiceCall, data: AuralArchiveData) -> Source:
    """Return what the call wants added; raise unless it names exactly one thing."""
    named = [name for name in _SOURCES if call.data.get(name)]
    if len(named) != 1:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="source_required")
    value = call.data[named[0]]
    addresses = data.servers.addresses
    match named[0]:
        case "result_id":
            release = data.servers.results.get(value)
            if release is None:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="unknown_result",
                    translation_placeholders={"result_id": value[:40]},
                )
            return Source.of_release(release, addresses)
        case "link":
            return Source.of_link(value, addresses)
    return Source(file=await read_allowed_torrent_file(call.hass, value))


async def _get_downloads(call: ServiceCall) -> ServiceResponse:
    """List the downloads as they are now."""
    data = entry_of(call).runtime_data
    await look_again(data)
    category = call.data.get(ATTR_CATEGORY, data.preferences.category)
    mirror = data.servers.mirror
    torrents = [
        torrent
        for torrent in mirror.torrents.values()
        if category == ALL_CATEGORIES or is_within(torrent.category, category)
    ]
    return downloads_response(torrents, mirror.categories.values())


async def _check_route(call: ServiceCall) -> ServiceResponse:
    """Check every leg of the way; what fails is part of the answer."""
    entry = entry_of(call)
    data = entry.runtime_data
    mode = data.preferences.delivery
    category = call.data.get(ATTR_CATEGORY, data.preferences.category)
    findings = await check_route(data.servers.endpoints(mode, category))
    learn_from_route(entry, findings)
    for finding in findings:
        if finding.error is not None:
            await data.look_after(finding.error)
    return route_response(findings, mode)
