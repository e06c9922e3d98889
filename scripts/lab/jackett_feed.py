"""Answers of the Jackett stand-in: Torznab XML and JSON."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
import re
from xml.sax.saxutils import escape

from scripts.lab.jackett_links import Linker, absolute
from scripts.lab.jackett_model import CUSTOM_CATEGORIES, STANDARD_CATEGORIES, Indexer
from scripts.lab.jackett_search import Hit, Outcome

type Json = str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_INVALID = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ATTRIBUTE_ENTITIES = {'"': "&quot;", "\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;"}
_ATOM = "http://www.w3.org/2005/Atom"
_TORZNAB = "http://torznab.com/schemas/2015/feed"
_MODES = ("search", "tv", "movie", "music", "audio", "book")


def error_xml(code: int, description: str) -> str:
    """A Torznab error; line breaks of the description survive as character references."""
    return f"{_HEAD}\n<error code={_attr(str(code))} description={_attr(description)} />"


def caps_xml(indexers: Sequence[Indexer], *, meta: bool) -> str:
    """The capabilities of one indexer, or of a union without custom categories."""
    return "\n".join([_HEAD, *_caps(indexers, meta=meta)])


def indexers_xml(indexers: Iterable[Indexer]) -> str:
    """The list of indexers."""
    lines = [_HEAD, "<indexers>"]
    for indexer in indexers:
        configured = str(indexer.configured).lower()
        lines += [
            f'  <indexer id={_attr(indexer.id)} configured="{configured}">',
            f"    <title>{_text(indexer.name)}</title>",
            f"    <description>{_text(indexer.description)}</description>",
            f"    <link>{_text(indexer.site_link)}</link>",
            f"    <language>{_text(indexer.language)}</language>",
            f"    <type>{indexer.type}</type>",
            *("    " + line for line in _caps([indexer], meta=False)),
            "  </indexer>",
        ]
    return "\n".join([*lines, "</indexers>"])


def feed_xml(indexer: Indexer | None, hits: Iterable[Hit], linker: Linker, now: datetime) -> str:
    """A search answer; without an indexer it is the aggregate's."""
    title = "AggregateSearch" if indexer is None else indexer.name
    description = "This feed includes all configured trackers"
    if indexer is not None:
        description = indexer.description
    link = "http://127.0.0.1/" if indexer is None else indexer.site_link
    base = _attr(absolute(linker.base))
    lines = [
        _HEAD,
        f'<rss version="2.0" xmlns:atom="{_ATOM}" xmlns:torznab="{_TORZNAB}">',
        "  <channel>",
        f'    <atom:link href={base} rel="self" type="application/rss+xml" />',
        f"    <title>{_text(title)}</title>",
        f"    <description>{_text(description)}</description>",
        f"    <link>{_text(link)}</link>",
        f"    <language>{'en-US' if indexer is None else indexer.language}</language>",
        "    <category>search</category>",
    ]
    for hit in hits:
        lines += _item(hit, linker, now)
    return "\n".join([*lines, "  </channel>", "</rss>"])


def results_json(outcomes: Sequence[Outcome], linker: Linker) -> dict[str, Json]:
    """JSON results, newest first, with what became of each indexer."""
    hits = [Hit(outcome.indexer, release) for outcome in outcomes for release in outcome.releases]
    hits.sort(key=lambda hit: _sortable(hit.release.published), reverse=True)
    indexers: list[Json] = [
        {
            "ID": outcome.indexer.id,
            "Name": outcome.indexer.name,
            "Status": 2 if outcome.failure is None else 1,
            "Results": len(outcome.releases),
            "Error": None
            if outcome.failure is None
            else exception_text(outcome.indexer.id, outcome.failure),
            "ElapsedTime": outcome.milliseconds,
        }
        for outcome in outcomes
    ]
    return {"Results": [_result(hit, linker) for hit in hits], "Indexers": indexers}


def exception_text(indexer: str, cause: str) -> str:
    """An exception as Jackett prints it, with its stack."""
    return (
        f"Jackett.Common.IndexerException: Exception ({indexer}): {cause}\n"
        f" ---> System.Exception: {cause}\n"
        "   at Jackett.Common.Indexers.BaseWebIndexer.PerformQuery(TorznabQuery query)\n"
        "   --- End of inner exception stack trace ---\n"
        "   at Jackett.Common.Indexers.BaseIndexer.ResultsForQuery(TorznabQuery query)"
    )


def _caps(indexers: Sequence[Indexer], *, meta: bool) -> list[str]:
    limit = 1000 if meta else 100
    lines = ["<caps>", '  <server title="Jackett" />',
             f'  <limits default="{limit}" max="{limit}" />', "  <searching>"]  # fmt: skip
    for mode in _MODES:
        # The audio mode repeats the music mode under its older name.
        found = [indexer.modes.get("music" if mode == "audio" else mode) for indexer in indexers]
        known = [supported for supported in found if supported is not None]
        names = ["q", *(name for supported in known for name in supported)]
        tag = "search" if mode == "search" else f"{mode}-search"
        available = "yes" if known else "no"
        params = ",".join(dict.fromkeys(names))
        lines.append(f'    <{tag} available="{available}" supportedParams="{params}" />')
    lines += ["  </searching>", "  <categories>"]
    categories = {key: name for indexer in indexers for key, name in indexer.categories.items()}
    parents = {key // 1000 * 1000 for key in categories if key < CUSTOM_CATEGORIES}
    for parent in sorted(parents):
        name = _attr(STANDARD_CATEGORIES.get(parent, str(parent)))
        children = "".join(
            f"<subcat id={_attr(str(key))} name={_attr(categories[key])} />"
            for key in sorted(categories)
            if key // 1000 * 1000 == parent != key
        )
        lines.append(f'    <category id="{parent}" name={name}>{children}</category>')
    if not meta:
        lines += [
            f'    <category id="{key}" name={_attr(categories[key])} />'
            for key in sorted(categories)
            if key >= CUSTOM_CATEGORIES
        ]
    return [*lines, "  </categories>", "</caps>"]


def _item(hit: Hit, linker: Linker, now: datetime) -> list[str]:
    release, indexer = hit.release, hit.indexer
    link = absolute(linker.link(hit) or linker.magnet(hit) or "")
    guid = release.identity or linker.magnet(hit) or ""
    elements: list[tuple[str, object]] = [
        ("title", release.title),
        ("guid", guid),
    ]
    lines = [_element(name, value) for name, value in elements]
    lines.append(f"<jackettindexer id={_attr(indexer.id)}>{_text(indexer.name)}</jackettindexer>")
    published = min(_aware(release.published or now), now)
    elements = [
        ("type", indexer.type),
        ("comments", release.details),
        ("pubDate", format_datetime(published)),
        ("size", release.size),
        ("files", release.files),
        ("grabs", release.grabs),
        ("description", release.description or ""),
        ("link", link),
        *(("category", category) for category in release.categories),
    ]
    lines += [_element(name, value) for name, value in elements if value is not None]
    length = "" if release.size is None else f' length="{release.size}"'
    lines.append(f'<enclosure url={_attr(link)}{length} type="application/x-bittorrent" />')
    lines += [
        f"<torznab:attr name={_attr(name)} value={_attr(_number(value))} />"
        for name, value in _attributes(hit, linker)
        if value is not None
    ]
    return ["    <item>", *("      " + line for line in lines), "    </item>"]


def _attributes(hit: Hit, linker: Linker) -> list[tuple[str, str | int | float | None]]:
    release = hit.release
    peers = None
    if release.seeders is not None or release.leechers is not None:
        peers = (release.seeders or 0) + (release.leechers or 0)
    cover = linker.cover(hit)
    magnet = linker.magnet(hit)
    return [
        *(("category", category) for category in release.categories),
        ("genre", ", ".join(release.genres) or None),
        *(("language", language) for language in release.languages),
        ("year", release.year),
        ("author", release.author),
        ("booktitle", release.book_title),
        ("publisher", release.publisher),
        ("seeders", release.seeders),
        ("peers", peers),
        ("coverurl", cover and absolute(cover)),
        ("infohash", release.infohash_text),
        ("magneturl", magnet and absolute(magnet)),
        ("minimumratio", release.minimum_ratio),
        ("minimumseedtime", release.minimum_seed_time),
        ("downloadvolumefactor", release.download_volume_factor),
        ("uploadvolumefactor", release.upload_volume_factor),
    ]


def _result(hit: Hit, linker: Linker) -> dict[str, Json]:
    release, indexer = hit.release, hit.indexer
    names = [STANDARD_CATEGORIES[key] for key in release.categories if key in STANDARD_CATEGORIES]
    genres: Json = list(release.genres) or None
    return {
        "FirstSeen": "0001-01-01T00:00:00",
        "Tracker": indexer.name,
        "TrackerId": indexer.id,
        "TrackerType": indexer.type,
        "CategoryDesc": ", ".join(names),
        "BlackholeLink": None,
        "Title": release.title,
        "Guid": release.identity or linker.magnet(hit),
        "Link": linker.link(hit),
        "Details": release.details,
        "PublishDate": _json_date(release.published),
        "Category": release.categories,
        "Size": release.size,
        "Files": release.files,
        "Grabs": release.grabs,
        "Description": release.description,
        **dict.fromkeys(("RageID", "TVDBId", "Imdb", "TMDb", "TVMazeId", "TraktId", "DoubanId")),
        "Genres": genres,
        "Languages": [],
        "Subs": [],
        "Year": release.year,
        "Author": release.author,
        "BookTitle": release.book_title,
        "Publisher": release.publisher,
        **dict.fromkeys(("Artist", "Album", "Label", "Track")),
        "Seeders": release.seeders,
        # Without the seeders, unlike the attribute of the same name in XML.
        "Peers": release.leechers,
        "Poster": linker.cover(hit),
        "InfoHash": release.infohash_text,
        "MagnetUri": linker.magnet(hit),
        "MinimumRatio": release.minimum_ratio,
        "MinimumSeedTime": release.minimum_seed_time,
        "DownloadVolumeFactor": release.download_volume_factor,
        "UploadVolumeFactor": release.upload_volume_factor,
        "Gain": release.gain,
    }


def _json_date(moment: datetime | None) -> str:
    if moment is None:
        return "0001-01-01T00:00:00"
    return moment.isoformat().replace("+00:00", "Z")


def _sortable(moment: datetime | None) -> datetime:
    return _aware(moment or datetime(1, 1, 1, tzinfo=UTC))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _element(name: str, value: object) -> str:
    return f"<{name}>{_text(str(value))}</{name}>"


def _number(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _text(text: str) -> str:
    return escape(_INVALID.sub("", text))


def _attr(text: str) -> str:
    return f'"{escape(_INVALID.sub("", text), _ATTRIBUTE_ENTITIES)}"'
