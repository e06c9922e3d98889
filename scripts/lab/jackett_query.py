"""What a client asked the Jackett stand-in for, and which releases that matches."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
import re

from multidict import MultiMapping

from scripts.lab.jackett_model import CUSTOM_CATEGORIES, STANDARD_CATEGORIES, Indexer, Release

MODES = {"search": "search", "tvsearch": "tv", "movie": "movie", "music": "music", "book": "book"}
_INTEGERS = ("year", "tmdbid", "tvdbid", "rid", "traktid", "doubanid", "tvmazeid")
_BOUNDS = ("limit", "offset", "extended")
_DROPPED = re.compile(r"[^\w\s\-.()@/'\[\]+%]")
_EPISODE = re.compile(r"\s*\b(S\d{2,}(E\d{2,})?|E\d{2,})$")
_IMDB_TERM = re.compile(r"tt\d{1,8}")


class InternalError(Exception):
    """Jackett throws: HTTP 500 with this text in JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search, hashable because it is the key of the cache."""

    mode: str = "search"
    term: str = ""
    categories: tuple[int, ...] = ()
    limit: int = 0
    offset: int = 0
    author: str = ""
    book_title: str = ""
    imdb: str = ""
    interactive: bool = False


def parameters(query: MultiMapping[str]) -> dict[str, str]:
    """The parameters with lower-case names, except that the key's name stays as written."""
    found: dict[str, str] = {}
    for name in query:
        key = name if name.lower() in ("apikey", "passkey") else name.lower()
        found[key] = ",".join(query.getall(name))
    return found


def torznab_query(values: dict[str, str]) -> Query:
    """Read a Torznab request; numbers that are none raise `InternalError`."""
    for name in _INTEGERS:
        if text := values.get(name, ""):
            _integer(text)
    return Query(
        mode=values.get("t") or "search",
        term=sanitised(values.get("q", "")),
        categories=integers([values.get("cat", "")]),
        limit=_bound(values, "limit"),
        offset=_bound(values, "offset") + 0 * _bound(values, "extended"),
        # The publisher overwrites the author: Jackett's own mistake.
        author=values.get("publisher") or values.get("author", ""),
        book_title=values.get("title", ""),
        imdb=values.get("imdbid", ""),
    )


def json_query(values: MultiMapping[str]) -> Query:
    """Read a request for JSON results: `Query` is the term, `q` is nothing."""
    lowered = {name.lower(): value for name, value in values.items()}
    raw = values.getall("Category[]", [])
    if "" in raw:
        raise InternalError(_bad_number(""))
    term = _EPISODE.sub("", lowered.get("query", "").strip())
    imdb = lowered.get("imdbid", "")
    if _IMDB_TERM.fullmatch(term):
        term, imdb = "", term
    return Query(term=sanitised(term), categories=integers(raw), imdb=imdb, interactive=True)


def integers(texts: Iterable[str]) -> tuple[int, ...]:
    """The integers of comma lists, blanks ignored."""
    parts = [part.strip() for text in texts for part in text.split(",")]
    return tuple(_integer(part) for part in parts if part)


def sanitised(term: str) -> str:
    """The term as Jackett sends it to trackers."""
    term = re.sub("[\u2010-\u2015\u2212]", "-", term)
    term = re.sub("[\u2018\u2019\u201b`\u00b4]", "'", term)
    return " ".join(_DROPPED.sub("", term).split())


def expanded(categories: Iterable[int]) -> set[int]:
    """The categories with their children, never with their parents."""
    wanted = set(categories)
    for parent in [category for category in wanted if category % 1000 == 0]:
        if parent < CUSTOM_CATEGORIES:
            wanted |= {child for child in STANDARD_CATEGORIES if child // 1000 * 1000 == parent}
    return wanted


def matching(indexer: Indexer, query: Query) -> list[Release]:
    """What the indexer answers: all words of the term, wanted categories, one per guid."""
    if query.offset and not indexer.paging:
        return []
    wanted = expanded(query.categories)
    if wanted and not wanted & expanded(indexer.categories):
        return []
    supported = indexer.modes.get(MODES[query.mode], ())
    terms = [query.term]
    terms += [query.author] if "author" in supported else []
    terms += [query.book_title] if "title" in supported else []
    words = re.findall(r"\w+", " ".join(terms).casefold())
    found: dict[str, Release] = {}
    for release in indexer.releases:
        if query.imdb or (wanted and release.categories and not wanted & set(release.categories)):
            continue
        incomplete = not release.title or release.size is None or not release.categories
        if incomplete and not query.interactive:
            continue
        title = re.findall(r"\w+", release.title.casefold())
        if all(word in title for word in words):
            found.setdefault(release.identity, release)
    releases = list(found.values())[query.offset :]
    return releases[: query.limit] if query.limit else releases


def for_members(query: Query) -> Query | None:
    """The query as a meta indexer hands it on; None if it can have no results there."""
    kept = tuple(category for category in query.categories if category < CUSTOM_CATEGORIES)
    if query.offset or (query.categories and not kept):
        return None
    return replace(query, categories=kept)


def is_filter(text: str) -> bool:
    """Whether an indexer id is a filter expression."""
    return bool(re.search(r"[:!,+]", text))


def filter_function(text: str) -> Callable[[Indexer], bool]:
    """Compile a filter expression; nonsense raises `InternalError`."""
    groups = [[_component(part, text) for part in group.split("+")] for group in text.split(",")]
    return lambda indexer: any(all(test(indexer) for test in group) for group in groups)


def _component(part: str, whole: str) -> Callable[[Indexer], bool]:
    if part.startswith("!"):
        inner = _component(part[1:], whole)
        return lambda indexer: not inner(indexer)
    name, colon, value = part.partition(":")
    allowed: dict[str, Sequence[str] | None] = {
        "type": None,
        "tag": None,
        "lang": None,
        "test": ("passed", "failed"),
        "status": ("healthy", "failing", "unknown"),
    }
    if not colon or name not in allowed:
        raise InternalError(f"Unknown indexer: {whole}")
    if (values := allowed[name]) is not None and value not in values:
        raise InternalError(f"Invalid filter '{part}'. Status should be '{', '.join(values)}'")
    tests: dict[str, Callable[[Indexer], bool]] = {
        "type": lambda indexer: indexer.type == value,
        "tag": lambda indexer: value.lower() in indexer.tags,
        "lang": lambda indexer: indexer.language.lower().startswith(value.lower()),
        "test": lambda indexer: indexer.tested == value,
        "status": lambda indexer: indexer.status == value,
    }
    return tests[name]


def _integer(text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?\d+\s*", text, re.ASCII):
        raise InternalError(_bad_number(text))
    return int(text)


def _bound(values: dict[str, str], name: str) -> int:
    """A limit or an offset: digits anywhere will do."""
    text = values.get(name, "")
    if not text:
        return 0
    digits = "".join(re.findall(r"\d", text))
    if not digits:
        raise InternalError(_bad_number(text))
    return int(digits)


def _bad_number(text: str) -> str:
    return (
        "Exception has been thrown by the target of an invocation.: "
        f"The input string '{text}' was not in a correct format."
    )
