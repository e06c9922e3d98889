"""Jackett: which indexers it has, and a search of each of them at once."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
import json
import re
import time
from typing import Never
from urllib.parse import parse_qs

from aiohttp import ClientSession, ClientTimeout
from yarl import URL

from .errors import (
    JackettAuthError,
    JackettError,
    JackettFailedError,
    JackettNoIndexersError,
    JackettRedirectError,
    JackettUnreachableError,
    JackettWrongPathError,
    NotJackettError,
    Reason,
    UnknownIndexerError,
)
from .links import Link, normalise_address
from .redact import Redactor
from .torznab import (
    Indexer,
    NotTorznabError,
    Release,
    TorznabError,
    parse_feed,
    parse_indexers,
)
from .transport import (
    BodyTooLargeError,
    origin_text,
    read_bounded,
    redirect_target,
    transport_errors,
)

AUDIOBOOKS = 3030
MAX_FEED_BYTES = 32 * 1024 * 1024
_ALL = Indexer(id="all", name="All indexers")
_SHORT = ClientTimeout(total=20, connect=10)
# How long a list of indexers is used for searches before it is asked for again, in seconds.
_INDEXERS_KEPT = 60.0
# Below this many bytes, parsing takes less time than a thread's start is worth.
_SMALL_FEED = 32 * 1024

_MAX_CAUSE = 300
_ERROR_BAD_KEY = 100
# 201-203: the server does not know this function or this indexer.
_ERRORS_NO_FUNCTION = range(200, 204)
# What follows Jackett's base path in the addresses that people copy from their browser.
_KNOWN_PATHS = re.compile(
    r"(?i)/(?:ui(?:/.*)?|api/v2\.0/.*|(?:torznab|potato|dl)/.*|index\.html|health)$"
)


class IndexerStatus(StrEnum):
    """What became of an indexer's part of a search."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    RATE_LIMITED = "rate_limited"


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexerOutcome:
    """How one indexer answered; `error` is Jackett's one-line cause, `elapsed_ms` milliseconds."""

    id: str
    name: str
    status: IndexerStatus
    results: int = 0
    elapsed_ms: int = 0
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchQuery:
    """What to search for; `deadline` in seconds, no `indexers` means all of them."""

    text: str
    categories: tuple[int, ...] = (AUDIOBOOKS,)
    indexers: tuple[str, ...] = ()
    deadline: float = 20.0
    fresh: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchAnswer:
    """What came within the deadline, and how each indexer answered."""

    releases: tuple[Release, ...]
    outcomes: tuple[IndexerOutcome, ...]


def read_jackett_address(text: str) -> tuple[str, str | None]:
    """Read Jackett's address as pasted: its base address, and the API key if the address holds one.

    Takes the dashboard's address and copied Torznab feeds too. Raises `InvalidLinkError`.
    """
    address, _, query = text.partition("#")[0].partition("?")
    keys = parse_qs(query.strip())
    key = next(
        (keys[name][0] for name in ("apikey", "passkey", "jackett_apikey") if name in keys), None
    )
    link = Link.parse(normalise_address(address))
    return f"{link.front}{_KNOWN_PATHS.sub('', link.path)}", key


class JackettClient:
    """One Jackett, or another server that speaks Torznab the way Jackett does.

    `last_outcomes` tells how the indexers answered the last search.
    """

    def __init__(self, session: ClientSession, address: str, api_key: str) -> None:
        """Take the base address (as `read_jackett_address` returns it) and the API key."""
        self._session = session
        self._address = address
        self._api_key = api_key
        self._redact = Redactor([api_key])
        self._indexers: tuple[Indexer, ...] | None = None
        self._indexers_at = float("-inf")
        self.last_outcomes: tuple[IndexerOutcome, ...] = ()

    async def indexers(self) -> tuple[Indexer, ...] | None:
        """List the configured indexers; None where the server has no such list but takes searches.

        This is also the check of address and key: it asks no tracker anything. Raises
        `JackettError`.
        """
        try:
            body = await self._torznab(_ALL.id, {"t": "indexers", "configured": "true"}, _SHORT)
            listed: tuple[Indexer, ...] | None = tuple(await _off_loop(parse_indexers, body))
        except NotTorznabError:
            raise NotJackettError(address=origin_text(self._address)) from None
        except TorznabError as err:
            if err.code not in _ERRORS_NO_FUNCTION:
                self._raise_torznab_error(err)
            await self._check_by_search()
            listed = None
        self._indexers = listed
        self._indexers_at = time.monotonic()
        return listed

    async def has_failing(self) -> bool:
        """Tell whether Jackett itself counts an indexer as failing; it does not say which.

        A filter that no indexer passes is answered like an indexer that is not configured.
        """
        try:
            body = await self._torznab("status:failing", {"t": "caps"}, _SHORT)
        except JackettError, TorznabError:
            return False
        return b"<caps" in body[:_SMALL_FEED]

    async def search(self, query: SearchQuery) -> SearchAnswer:
        """Ask every wanted indexer by itself, all at once, and return what came by the deadline.

        An indexer that fails is an outcome. Raises `JackettError` only where Jackett itself cannot
        be searched.
        """
        started = time.monotonic()
        wanted = await self._wanted(query)
        remaining = max(query.deadline - (time.monotonic() - started), 0.001)
        searches = [
            asyncio.create_task(self._search_one(indexer, query, remaining)) for indexer in wanted
        ]
        try:
            answers = await asyncio.gather(*searches)
        finally:
            for task in searches:
                task.cancel()
        outcomes = self.last_outcomes = tuple(outcome for outcome, _, _ in answers)
        errors = [error for _, _, error in answers if error]
        # What none of them got past is Jackett's, not the indexers'.
        if len(errors) == len(answers):
            raise errors[0]
        releases = tuple(release for _, found, _ in answers for release in found)
        return SearchAnswer(releases=releases, outcomes=outcomes)

    async def _wanted(self, query: SearchQuery) -> tuple[Indexer, ...]:
        """Return the indexers to ask; raise when one is unknown or there is none."""
        listed = self._indexers
        # One that is not in the list may have been configured a moment ago.
        is_missing = listed is not None and not set(query.indexers) <= {one.id for one in listed}
        if listed == () or is_missing or time.monotonic() - self._indexers_at > _INDEXERS_KEPT:
            try:
                async with asyncio.timeout(query.deadline):
                    listed = await self.indexers()
            except TimeoutError:
                raise JackettUnreachableError(
                    reason=Reason.TIMED_OUT, address=origin_text(self._address)
                ) from None
        if listed is None:
            return tuple(Indexer(id=name, name=name) for name in query.indexers) or (_ALL,)
        if not listed:
            raise JackettNoIndexersError
        if not query.indexers:
            return listed
        known = {indexer.id: indexer for indexer in listed}
        for name in query.indexers:
            if name not in known:
                raise UnknownIndexerError(indexer=name, available=", ".join(known))
        return tuple(known[name] for name in dict.fromkeys(query.indexers))

    async def _search_one(
        self, indexer: Indexer, query: SearchQuery, seconds: float
    ) -> tuple[IndexerOutcome, list[Release], JackettError | None]:
        """Search one indexer; every failure becomes an outcome, returned with its error."""
        parameters = {"t": "search", "q": query.text}
        if query.categories:
            parameters["cat"] = ",".join(map(str, query.categories))
        if query.fresh:
            parameters["cache"] = "false"
        started = time.monotonic()
        releases: list[Release] = []
        status = IndexerStatus.OK
        text: str | None = None
        error: JackettError | None = None
        try:
            async with asyncio.timeout(seconds):
                body = await self._torznab(
                    indexer.id, parameters, ClientTimeout(total=None, connect=10)
                )
                releases = await _off_loop(lambda data: parse_feed(data, indexer), body)
        except TimeoutError:
            status = IndexerStatus.TIMED_OUT
        except _RateLimitedError as err:
            status, text = IndexerStatus.RATE_LIMITED, err.values["detail"]
        except TorznabError as err:
            status, text = IndexerStatus.FAILED, self._redact(err.description)
            if err.code == _ERROR_BAD_KEY:
                error = JackettAuthError()
        except NotTorznabError:
            status, text = IndexerStatus.FAILED, "The answer is not Torznab XML"
        except JackettFailedError as err:
            status, text = IndexerStatus.FAILED, err.values["detail"]
        except JackettError as err:
            status, text, error = IndexerStatus.FAILED, err.reason or err.code, err
        return (
            IndexerOutcome(
                id=indexer.id,
                name=indexer.name,
                status=status,
                results=len(releases),
                elapsed_ms=round((time.monotonic() - started) * 1000),
                error=text,
            ),
            releases,
            error,
        )

    async def _check_by_search(self) -> None:
        """Prove the key on a server that cannot list its indexers."""
        try:
            body = await self._torznab(_ALL.id, {"t": "search", "q": "", "limit": "1"}, _SHORT)
            await _off_loop(lambda data: parse_feed(data, _ALL), body)
        except NotTorznabError:
            raise NotJackettError(address=origin_text(self._address)) from None
        except TorznabError as err:
            self._raise_torznab_error(err)

    async def _torznab(
        self, indexer: str, parameters: dict[str, str], limits: ClientTimeout
    ) -> bytes:
        """Fetch a Torznab answer's body.

        Raises `JackettError` for what cannot be Torznab, `TorznabError` for an error answer with a
        status other than 200.
        """
        url = (
            URL(self._address, encoded=True) / "api/v2.0/indexers" / indexer / "results/torznab/api"
        )
        url = url.with_query({**parameters, "apikey": self._api_key})
        address = origin_text(self._address)
        async with (
            transport_errors(
                lambda reason: JackettUnreachableError(reason=reason, address=address)
            ),
            self._session.get(url, timeout=limits, allow_redirects=False) as response,
        ):
            if response.status in range(300, 400):
                location = redirect_target(response.headers.get("Location", ""))
                if location is None:
                    raise NotJackettError(address=address)
                raise JackettRedirectError(location=location)
            try:
                body = await read_bounded(response, MAX_FEED_BYTES)
            except BodyTooLargeError:
                raise JackettFailedError(detail="The answer is larger than 32 MiB") from None
            status, retry_after = response.status, response.headers.get("Retry-After", "")
        match status:
            case _ if status < 300:
                return body
            case 401 | 403:
                raise JackettAuthError
            case 404:
                raise JackettWrongPathError(address=address)
            case 429:
                seconds = retry_after if retry_after.isdecimal() else "60"
                raise _RateLimitedError(detail=f"Rate limited, try again in {seconds} s")
        with suppress(NotTorznabError):
            await _off_loop(parse_indexers, body)
        raise JackettFailedError(detail=self._redact(_thrown(body)) or f"HTTP {status}")

    def _raise_torznab_error(self, err: TorznabError) -> Never:
        if err.code == _ERROR_BAD_KEY:
            raise JackettAuthError from None
        raise JackettFailedError(detail=self._redact(err.description)) from None


class _RateLimitedError(JackettFailedError):
    """An indexer wants to be left alone for a while."""


def _thrown(body: bytes) -> str:
    """Return the cause that Jackett gives for an internal error, empty if this is none."""
    try:
        cause = json.loads(body)["error"]
    except ValueError, LookupError, TypeError, RecursionError:
        return ""
    return cause.partition("\n")[0][:_MAX_CAUSE] if isinstance(cause, str) else ""


async def _off_loop[T](parse: Callable[[bytes], T], body: bytes) -> T:
    """Parse small bodies here and large ones in a thread."""
    if len(body) <= _SMALL_FEED:
        return parse(body)
    return await asyncio.to_thread(parse, body)


def merge_duplicates(
    releases: Iterable[Release],
) -> tuple[list[Release], dict[str, tuple[str, ...]]]:
    """Keep one release of those with the same infohash; the order stays.

    It is the one that costs least (freeleech) and has the most seeders. Returned with the names of
    the other indexers, by infohash.
    """
    kept: dict[str, Release] = {}
    others: dict[str, tuple[str, ...]] = {}
    for number, release in enumerate(releases):
        key = release.infohash or f"#{number}"
        first = kept.setdefault(key, release)
        if first is release:
            continue
        best, other = (release, first) if _value(release) > _value(first) else (first, release)
        kept[key] = best
        names = dict.fromkeys((*others.get(key, ()), other.indexer))
        others[key] = tuple(name for name in names if name != best.indexer)
    return list(kept.values()), others


def _value(release: Release) -> tuple[bool, bool, int]:
    can_be_fetched = bool(release.link or release.magnet)
    return can_be_fetched, release.freeleech, release.seeders or 0
