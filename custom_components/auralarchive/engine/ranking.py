"""Order of audiobook releases: a score made of named parts, and what is left out, counted.

The parts and their highest values: `match` 60 (the query's words in the title), `exactness` 20
(nothing but the query's words in the book's name), `seeders` 10 (logarithmic: 30 count half of
1000), `format` 6, `language` 8 or -8 (where one is preferred), `unabridged` 2 or -8, `freeleech` 2.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from heapq import heappush, heappushpop
import math

from .jackett import merge_duplicates
from .titles import AUDIO_FORMATS, EBOOK_FORMATS, TitleFacts, read_title, significant_words, words
from .torznab import Release

_MATCH = 60.0
_EXACTNESS = 20.0
_SEEDERS = 10.0
_FREELEECH = 2.0
_LANGUAGE = 8.0
_UNABRIDGED = 2.0
_ABRIDGED = -8.0
# One file with chapters first, lossless next.
_FORMATS = {"m4b": 6.0, "flac": 5.0, "mp3": 4.0, "m4a": 4.0, "opus": 3.0, "ogg": 3.0, "aac": 3.0}
# As many seeders as count for the full score.
_MANY_SEEDERS = 1000

_BOOKS = range(7000, 8000)
_VIDEO = (range(2000, 3000), range(5000, 6000))
_SOFTWARE = (range(1000, 2000), range(4000, 5000))

type _SortKey = tuple[float, float, float]


class Sort(StrEnum):
    """What the results are sorted by; always the best first."""

    RELEVANCE = "relevance"
    SEEDERS = "seeders"
    SIZE = "size"
    AGE = "age"


class Filtered(StrEnum):
    """Why a release is not among the results."""

    MIN_SEEDERS = "min_seeders"
    NOT_AUDIOBOOK = "not_audiobook"
    NO_LINK = "no_link"
    DUPLICATE = "duplicate"
    MAX_RESULTS = "max_results"


@dataclass(frozen=True, kw_only=True, slots=True)
class RankedRelease:
    """A release, what its title says, where else it is, and its score with the parts."""

    release: Release
    facts: TitleFacts
    also_on: tuple[str, ...]
    score: float
    score_parts: dict[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """The results in order; `total` counts those cut off by the limit too."""

    results: tuple[RankedRelease, ...]
    total: int
    filtered: dict[str, int]


def rank(
    releases: Iterable[Release],
    query: str,
    *,
    categories: tuple[int, ...] = (),
    min_seeders: int = 0,
    max_results: int = 50,
    sort: Sort = Sort.RELEVANCE,
    formats: Sequence[str] = (),
    languages: Collection[str] = (),
) -> Ranking:
    """Score and sort releases; every one that is left out is counted under its reason.

    `formats` are preferred in their order, `languages` (ISO 639-1) all alike; nothing is left out
    for them.
    """
    every = list(releases)
    kept, also_on = merge_duplicates(every)
    filtered: Counter[str] = Counter()
    if len(kept) < len(every):
        filtered[Filtered.DUPLICATE] = len(every) - len(kept)
    wanted, format_scores = significant_words(query), _format_scores(formats)

    # The best so far, the worst of them first; of equal ones, who came first is better. To keep all
    # until the end would bring on Python's garbage collector, which stops all threads.
    best: list[tuple[_SortKey, int, RankedRelease]] = []
    total = 0
    for place, release in enumerate(kept):
        facts = read_title(release.title)
        if reason := _why_not(release, facts, categories, min_seeders):
            filtered[reason] += 1
            continue
        total += 1
        parts = _score_parts(release, facts, wanted, format_scores, languages)
        item = RankedRelease(
            release=release,
            facts=facts,
            also_on=also_on.get(release.infohash or "", ()),
            score=round(sum(parts.values()), 2),
            score_parts=parts,
        )
        add = heappush if len(best) < max_results else heappushpop
        add(best, (_sort_key(item, sort), -place, item))
    if total > max_results:
        filtered[Filtered.MAX_RESULTS] = total - max_results
    results = (item for _, _, item in sorted(best, reverse=True))
    return Ranking(results=tuple(results), total=total, filtered=dict(filtered))


def _why_not(
    release: Release, facts: TitleFacts, categories: tuple[int, ...], min_seeders: int
) -> Filtered | None:
    """Return why a release is left out; an unknown number of seeders is no reason."""
    if release.link is None and release.magnet is None:
        return Filtered.NO_LINK
    if not _is_audiobook(release, facts, categories):
        return Filtered.NOT_AUDIOBOOK
    if release.seeders is not None and release.seeders < min_seeders:
        return Filtered.MIN_SEEDERS
    return None


def _is_audiobook(release: Release, facts: TitleFacts, asked: tuple[int, ...]) -> bool:
    """Tell whether it can be an audiobook; whoever asks for another category gets it."""

    def is_asked(*ranges: range) -> bool:
        return any(number in span for number in asked for span in ranges)

    if facts.format in AUDIO_FORMATS:
        return True
    if facts.format in EBOOK_FORMATS:
        return is_asked(_BOOKS)
    # Numbers from 100000 on are an indexer's own and say nothing.
    standard = [number for number in release.categories if number < 100_000]
    for spans in ((_BOOKS,), _VIDEO, _SOFTWARE):
        if standard and all(any(number in span for span in spans) for number in standard):
            return is_asked(*spans)
    return True


def _format_scores(preferred: Sequence[str]) -> Mapping[str, float]:
    """Return what each format counts; where some are preferred, the others count nothing."""
    best = _FORMATS["m4b"]
    return {name: max(best - place, 1.0) for place, name in enumerate(preferred)} or _FORMATS


def _language_score(language: str | None, preferred: Collection[str]) -> float:
    """Return what a language counts; most titles do not name theirs, which counts nothing."""
    if language is None or not preferred:
        return 0.0
    return _LANGUAGE if language in preferred else -_LANGUAGE


def _score_parts(
    release: Release,
    facts: TitleFacts,
    wanted: list[str],
    format_scores: Mapping[str, float],
    languages: Collection[str],
) -> dict[str, float]:
    """Return the parts of the score; those that are zero too, so that all results compare."""
    named = set(words(" ".join(filter(None, (release.title, release.author, release.book)))))
    coverage = sum(word in named for word in wanted) / len(wanted) if wanted else 0.0
    seeders = math.log10(1 + (release.seeders or 0)) / math.log10(1 + _MANY_SEEDERS)
    abridgement = {None: 0.0, False: _UNABRIDGED, True: _ABRIDGED}[facts.abridged]
    parts = {
        "match": _MATCH * coverage,
        "exactness": _EXACTNESS * _exactness(release, facts, wanted),
        "seeders": _SEEDERS * min(seeders, 1.0),
        "format": format_scores.get(facts.format or "", 0.0),
        "language": _language_score(facts.language, languages),
        "unabridged": abridgement,
        "freeleech": _FREELEECH if release.freeleech else 0.0,
    }
    return {name: round(value, 2) for name, value in parts.items()}


def _exactness(release: Release, facts: TitleFacts, wanted: list[str]) -> float:
    """Return how much of the book's name was asked for: "Dune" is not "Dune Messiah"."""
    book = significant_words(release.book or facts.book or release.title)
    return sum(word in wanted for word in book) / len(book) if book and wanted else 0.0


def _sort_key(item: RankedRelease, sort: Sort) -> _SortKey:
    """Return what to sort by, the best highest; ties fall to score, then seeders."""
    release = item.release
    seeders = float(release.seeders or 0)
    match sort:
        case Sort.SEEDERS:
            first = seeders
        case Sort.SIZE:
            first = float(release.size or 0)
        case Sort.AGE:
            first = (release.published or datetime.fromtimestamp(0, UTC)).timestamp()
        case Sort.RELEVANCE:
            first = item.score
    return first, item.score, seeders
