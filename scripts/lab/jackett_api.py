"""What the Jackett stand-in answers to a client with an API key."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
import re
import time
from typing import TypedDict

from aiohttp import web

from scripts.lab import (
    jackett_downloads,
    jackett_feed,
    jackett_links,
    jackett_query,
    jackett_replies,
)
from scripts.lab.jackett_links import Linker
from scripts.lab.jackett_model import Download, Indexer, Release
from scripts.lab.jackett_query import MODES, InternalError, Query
from scripts.lab.jackett_search import Hit, Searcher

API_KEY = "m4q8zt1xw7c0y5k2n9b3v6h8j1d4f7gs"
_NO_SUPPORT = (
    "{} does not support the requested query. Please check the capabilities (t=caps)"
    " and make sure the search mode and parameters are supported."
)


class JackettSettings(TypedDict, total=False):
    """What `JackettApi` can be told at the start."""

    api_key: str
    base_path: str
    base_url_override: str
    meta_timeout: float
    cache_seconds: float
    clock: Callable[[], float]
    errors_with_200: bool


class JackettApi:
    """One Jackett's indexers, settings and answers; all may be changed at any time."""

    def __init__(
        self,
        indexers: Iterable[Indexer] = (),
        *,
        api_key: str = API_KEY,
        base_path: str = "",
        base_url_override: str = "",
        meta_timeout: float = 40.0,
        cache_seconds: float = 2100.0,
        clock: Callable[[], float] = time.monotonic,
        errors_with_200: bool = False,
    ) -> None:
        """Prepare; `errors_with_200` is how versions before 2023-02 told of failed indexers.

        `meta_timeout` is the cut of a search over all, and `clock` ages the cache.
        """
        self.indexers = {indexer.id: indexer for indexer in indexers}
        self.api_key = api_key
        self.base_path = base_path
        self.base_url_override = base_url_override
        self.errors_with_200 = errors_with_200
        self.searcher = Searcher(
            meta_timeout=meta_timeout, cache_seconds=cache_seconds, clock=clock
        )
        self.protection = jackett_links.Protection()

    def add(self, *indexers: Indexer) -> None:
        """Add indexers."""
        self.indexers |= {indexer.id: indexer for indexer in indexers}

    def add_release(self, release: Release, *, indexer: str = "lab") -> None:
        """Add a release to an indexer, which is made if need be."""
        self.indexers.setdefault(indexer, Indexer(id=indexer)).releases.append(release)

    def new_volume(self) -> None:
        """Lose the keys of all links given out, as with a fresh config volume."""
        self.protection = jackett_links.Protection()

    def clear_cache(self) -> None:
        """Forget results, as a restart does."""
        self.searcher.clear_cache()

    async def torznab(self, request: web.Request, name: str) -> web.Response:
        """Answer on the Torznab route of an indexer, of `all` or of a filter."""
        if not self._key_matches(request):
            return jackett_replies.error(100, "Invalid API Key")
        indexer, members = self._chosen(name)
        if not self._is_configured(name, members):
            return jackett_replies.error(201, "Indexer is not configured")
        values = jackett_query.parameters(request.query)
        query = jackett_query.torznab_query(values)
        if query.mode == "caps":
            caps = jackett_feed.caps_xml(members, meta=indexer is None)
            return jackett_replies.xml(caps, rss=True)
        if query.mode == "indexers" and indexer is None:
            return self._indexer_list(only_configured=values.get("configured") == "true")
        if refusal := _refusal(name, indexer, query):
            return refusal
        cached = values.get("cache") != "false"
        if indexer is not None:
            return await self._one(request, indexer, query, cached=cached)
        members = [member for member in members if MODES[query.mode] in member.modes]
        return self._feed(request, None, await self.searcher.meta(members, query, cached=cached))

    async def results(self, request: web.Request, name: str) -> web.Response:
        """Answer on the JSON route."""
        if not self._key_matches(request):
            return web.Response(status=401)
        _, members = self._chosen(name)
        if not self._is_configured(name, members):
            return web.Response(status=404, text="Indexer is not configured")
        query = jackett_query.json_query(request.query)
        trackers = request.query.getall("Tracker[]", [])
        wanted = {part for text in trackers for part in text.split(",")}
        members = [one for one in members if one.id in wanted or not trackers]
        outcomes = await self.searcher.every(members, query)
        return jackett_replies.json(jackett_feed.results_json(outcomes, self._linker(request)))

    async def download(self, request: web.Request, name: str) -> web.StreamResponse:
        """Answer on the download route."""
        # Links copied out of HTML or XML keep working.
        query = {key.removeprefix("amp;"): value for key, value in request.query.items()}
        if query.get("jackett_apikey") != self.api_key:
            return web.Response(status=401)
        if "path" not in query:
            raise InternalError("Value cannot be null. (Parameter 'input')")
        indexer = self.indexers.get(name)
        if indexer is not None and not indexer.configured:
            raise InternalError("No authentication handler is registered for the scheme")
        release, download = self._opened(name, query["path"])
        if release is None or (download.filename and "file" not in query):
            return web.Response(status=404)
        return await self.hop(request, name, query["path"], 0)

    async def hop(
        self, request: web.Request, name: str, token: str, number: int
    ) -> web.StreamResponse:
        """Answer after a number of redirects, which Jackett itself never sends."""
        release, download = self._opened(name, token)
        base = self._linker(request).base

        def hop_url(number: int) -> str:
            return jackett_links.absolute(f"{base}hop/{name}/{token}/{number}")

        title = "" if release is None else release.title
        return await jackett_downloads.serve(
            request, download, title=title, hop=number, hop_url=hop_url
        )

    def image(self, request: web.Request) -> web.Response:
        """Answer on the image route: there are no pictures."""
        wrong = request.query.get("jackett_apikey") != self.api_key
        return web.Response(status=401 if wrong else 404)

    def _key_matches(self, request: web.Request) -> bool:
        keys = request.query.getall("apikey", []) or request.query.getall("passkey", [])
        return keys == [self.api_key]

    def _chosen(self, name: str) -> tuple[Indexer | None, list[Indexer]]:
        """Find the concrete indexer, or None, and the members to ask."""
        configured = [indexer for indexer in self.indexers.values() if indexer.configured]
        if name == "all":
            return None, configured
        if jackett_query.is_filter(name):
            chosen = jackett_query.filter_function(name)
            return None, [indexer for indexer in configured if chosen(indexer)]
        if name not in self.indexers:
            raise InternalError(f"Unknown indexer: {name}")
        indexer = self.indexers[name]
        return indexer, [indexer] if indexer.configured else []

    @staticmethod
    def _is_configured(name: str, members: list[Indexer]) -> bool:
        # `all` is, even with nothing in it.
        return bool(members) or name == "all"

    async def _one(
        self, request: web.Request, indexer: Indexer, query: Query, *, cached: bool
    ) -> web.Response:
        outcome = await self.searcher.one(indexer, query, cached=cached)
        if outcome.failure is None:
            hits = [Hit(indexer, release) for release in outcome.releases]
            return self._feed(request, indexer, hits)
        if outcome.retry_after is not None:
            response = jackett_replies.error(900, outcome.failure, status=429)
            response.headers["Retry-After"] = str(outcome.retry_after)
            return response
        text = jackett_feed.exception_text(indexer.id, outcome.failure)
        return jackett_replies.error(900, text, status=200 if self.errors_with_200 else 400)

    def _indexer_list(self, *, only_configured: bool) -> web.Response:
        # Even a filter's list holds them all.
        listed = [one for one in self.indexers.values() if one.configured or not only_configured]
        return jackett_replies.xml(jackett_feed.indexers_xml(listed))

    def _feed(
        self, request: web.Request, indexer: Indexer | None, hits: Iterable[Hit]
    ) -> web.Response:
        feed = jackett_feed.feed_xml(indexer, hits, self._linker(request), datetime.now(UTC))
        return jackett_replies.xml(feed, rss=True)

    def _linker(self, request: web.Request) -> Linker:
        base = jackett_links.server_url(
            request, base_path=self.base_path, override=self.base_url_override
        )
        return Linker(base=base, api_key=self.api_key, protection=self.protection)

    def _opened(self, name: str, token: str) -> tuple[Release | None, Download]:
        link = self.protection.unseal(token)
        indexer = self.indexers.get(name)
        for release in [] if indexer is None else indexer.releases:
            if release.tracker_link == link and release.download is not None:
                return release, release.download
        return None, Download(status=404)


def _refusal(name: str, indexer: Indexer | None, query: Query) -> web.Response | None:
    """Refuse what the indexer cannot do."""
    mode = MODES.get(query.mode)
    if mode is None or (indexer is not None and mode not in indexer.modes):
        return jackett_replies.error(201, _NO_SUPPORT.format(name))
    if query.imdb and not re.fullmatch(r"(tt)?\d+", query.imdb):
        return jackett_replies.error(201, "Incorrect parameter: invalid imdbid", status=400)
    if query.imdb and indexer is not None and "imdbid" not in indexer.modes[mode]:
        unavailable = "Function Not Available: imdbid is not supported by this indexer"
        return jackett_replies.error(203, unavailable, status=400)
    return None
