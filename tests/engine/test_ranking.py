"""Order of audiobook releases, and why."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.auralarchive.engine.jackett import merge_duplicates
from custom_components.auralarchive.engine.ranking import Sort, rank
from custom_components.auralarchive.engine.torznab import Release

NOW = datetime(2026, 3, 14, tzinfo=UTC)
V1 = "ab" * 20


def _release(title: str, **fields: Any) -> Release:
    given = {"indexer_id": "lab", "indexer": "Lab", "guid": title, "link": "http://x/", **fields}
    return Release(title=title, **given)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("Dune", ["Dune by Frank Herbert [ENG / M4B]",
                  "Dune Messiah by Frank Herbert [ENG / M4B]"]),
        ("dune messiah", ["Dune Messiah - Frank Herbert [M4B] [64 Kbps]",
                          "Dune - Frank Herbert [M4B] [64 Kbps]"]),
        ("frank herbert dune", ["Frank Herbert - Dune MP3", "Frank Herbert - Dune Messiah MP3",
                                "Frank Herbert - Destination Void MP3"]),
        ("Dune", ["Dune [M4B]", "Dune [FLAC]", "Dune [MP3]", "Dune [OGG]", "Dune"]),
        ("The Stand", ["Stephen King - The Stand (Unabridged) MP3", "Stephen King - The Stand MP3",
                       "Stephen King - The Stand (Abridged) MP3"]),
        ("Les Miserables", ["Victor Hugo - Les Misérables MP3",
                            "Victor Hugo - Les Travailleurs MP3"]),
        ("O'Brien", ["Master OBrien [MP3]", "Master Brian [MP3]"]),
        ("it", ["Stephen King - It MP3", "Stephen King - The Stand MP3"]),
        ("mistborn the final empire",
         ["Brandon Sanderson - Mistborn 01 - The Final Empire MP3",
          "Brandon Sanderson - Mistborn 02 - The Well of Ascension MP3"]),
    ],
    ids=[
        "short-name", "long-name", "with-author", "format", "unabridged", "accents", "apostrophe",
        "small-word", "series",
    ],
)  # fmt: skip
def test_what_comes_first(query: str, titles: list[str]) -> None:
    """All else being equal, the title decides."""
    releases = [_release(title, seeders=5) for title in reversed(titles)]
    assert [item.release.title for item in rank(releases, query).results] == titles


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"seeders": 100}, {"seeders": 10}),
        ({"seeders": 1}, {"seeders": 0}),
        ({"seeders": 1}, {}),
        ({"freeleech": True}, {}),
        ({"seeders": 5_000}, {"seeders": 500}),
        ({"book": "Dune"}, {"book": "Dune and More"}),
        ({"author": "Frank Herbert"}, {"author": "Somebody Else"}),
    ],
    ids=["more-seeders", "any-seeders", "unknown-seeders", "freeleech", "many", "book", "author"],
)
def test_what_else_counts(better: dict[str, Any], worse: dict[str, Any]) -> None:
    """Of the same title, the one that is easier to get."""
    releases = [_release("Dune", guid="2", **worse), _release("Dune", guid="1", **better)]
    ranked = rank(releases, "Dune Frank Herbert").results
    assert [item.release.guid for item in ranked] == ["1", "2"]
    assert ranked[0].score > ranked[1].score


def test_the_sequel_of_many_does_not_beat_the_book_of_few() -> None:
    """What was asked for stands above what is popular and named alike."""
    releases = [_release("Dune Messiah [M4B]", seeders=500), _release("Dune [M4B]", seeders=5)]
    assert rank(releases, "dune").results[0].release.title == "Dune [M4B]"


def test_seeders_do_not_outweigh_the_title() -> None:
    """A well-seeded other book stays another book."""
    releases = [_release("Emma - Jane Austen", seeders=9000), _release("Dune", seeders=1)]
    assert rank(releases, "Dune").results[0].release.title == "Dune"


def test_a_score_explains_itself() -> None:
    """It is the sum of its parts, all of which are there."""
    release = _release("Dune by Frank Herbert (Abridged) [ENG / MP3]", seeders=10, freeleech=True)
    (item,) = rank([release], "dune herbert").results
    assert item.score_parts == {
        "match": 60.0,
        "exactness": 20.0,
        "seeders": 3.47,
        "format": 4.0,
        "language": 0.0,
        "unabridged": -8.0,
        "freeleech": 2.0,
    }
    assert item.score == pytest.approx(sum(item.score_parts.values()))


@pytest.mark.parametrize(
    ("wishes", "titles"),
    [
        ({}, ["Dune [ENG / M4B]", "Dune [MP3]", "Dune [GER / MP3]", "Dune [GER / OGG]"]),
        ({"languages": ["de"]}, ["Dune [GER / MP3]", "Dune [GER / OGG]", "Dune [MP3]"]),
        ({"formats": ["ogg", "mp3"]}, ["Dune [GER / OGG]", "Dune [MP3]", "Dune [GER / MP3]"]),
        ({"languages": ["en", "de"], "formats": ["ogg"]}, ["Dune [GER / OGG]"]),
    ],
    ids=["none", "language", "formats", "both"],
)
def test_what_is_preferred_comes_first(wishes: dict[str, Any], titles: list[str]) -> None:
    """And what is not stays in the list."""
    every = ["Dune [MP3]", "Dune [GER / MP3]", "Dune [ENG / M4B]", "Dune [GER / OGG]"]
    ranked = rank([_release(title, guid=title) for title in every], "Dune", **wishes).results
    assert len(ranked) == len(every)
    assert [item.release.title for item in ranked[: len(titles)]] == titles


def test_an_empty_query_is_no_reason_against_anything() -> None:
    """The latest uploads have nothing to match."""
    (item,) = rank([_release("Dune", seeders=10)], "").results
    assert (item.score_parts["match"], item.score_parts["exactness"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("fields", "categories", "reason"),
    [
        ({"link": None}, (), "no_link"),
        ({"link": None, "magnet": "magnet:?x"}, (), None),
        ({"seeders": 1}, (), "min_seeders"),
        ({"seeders": 2}, (), None),
        ({"seeders": None}, (), None),
        ({"categories": (3030,)}, (), None),
        ({"categories": (3000, 100041)}, (), None),
        ({"categories": ()}, (), None),
        ({"categories": (100041,)}, (), None),
        ({"categories": (8010,)}, (), None),
        ({"categories": (7020,)}, (), "not_audiobook"),
        ({"categories": (7000, 7020, 100041)}, (), "not_audiobook"),
        ({"categories": (7020, 3030)}, (), None),
        ({"categories": (7020,)}, (3030, 7000), None),
        ({"categories": (7020,)}, (3030,), "not_audiobook"),
        ({"categories": (2040,)}, (), "not_audiobook"),
        ({"categories": (5000, 2000)}, (), "not_audiobook"),
        ({"categories": (5000,)}, (5040,), None),
        ({"categories": (4050,)}, (), "not_audiobook"),
        ({"categories": (7020,), "title": "Dune [MP3]"}, (), None),
        ({"categories": (3030,), "title": "Dune [EPUB]"}, (), "not_audiobook"),
        ({"categories": (3030,), "title": "Dune [EPUB]"}, (7020,), None),
        ({"categories": (3030,), "title": "Dune [EPUB + MP3]"}, (), None),
    ],
)
def test_what_is_left_out(
    fields: dict[str, Any], categories: tuple[int, ...], reason: str | None
) -> None:
    """And counted, under its reason."""
    release = _release(**{"title": "Dune", "seeders": 9, **fields})
    ranking = rank([release], "Dune", categories=categories, min_seeders=2)
    assert list(ranking.filtered) == [name for name in (reason,) if name]
    assert len(ranking.results) == ranking.total == 1 - len(ranking.filtered)


def test_the_limit_is_counted_too() -> None:
    """What is cut off was found all the same."""
    ranking = rank([_release(f"Dune {number}") for number in range(5)], "Dune", max_results=2)
    assert (len(ranking.results), ranking.total) == (2, 5)
    assert ranking.filtered == {"max_results": 3}


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (Sort.RELEVANCE, "exact seeded big old"),
        (Sort.SEEDERS, "seeded exact big old"),
        (Sort.SIZE, "big exact seeded old"),
        (Sort.AGE, "seeded exact big old"),
    ],
)
def test_sorting(sort: Sort, order: str) -> None:
    """By what was asked for, then by score; what is unknown comes last."""
    releases = [
        _release("Dune Some Big", guid="big", size=10**9, published=NOW - timedelta(days=3)),
        _release("Dune Some Old", guid="old"),
        _release("Dune Some Well Seeded", guid="seeded", seeders=50, published=NOW),
        _release("Dune", guid="exact", seeders=3, size=10**6, published=NOW - timedelta(days=1)),
    ]
    ranked = rank(releases, "Dune", sort=sort).results
    assert " ".join(item.release.guid for item in ranked) == order


@pytest.mark.parametrize(
    ("fields", "kept", "others"),
    [
        ([{}, {}], "a", ("b",)),
        ([{"seeders": 1}, {"seeders": 2}], "b", ("a",)),
        ([{"seeders": 9}, {"seeders": 2, "freeleech": True}], "b", ("a",)),
        ([{"seeders": 9, "link": None}, {"seeders": 2}], "b", ("a",)),
        ([{"seeders": 9, "link": None, "magnet": "magnet:?"}, {"seeders": 2}], "a", ("b",)),
        ([{"seeders": 1}, {"seeders": 3}, {"seeders": 2}], "b", ("a", "c")),
        ([{"seeders": 1}, {"seeders": 2}, {"seeders": 3}], "c", ("a", "b")),
        ([{"seeders": 2}, {"seeders": 1, "indexer": "a"}], "a", ()),
        ([{"seeders": 2}, {"indexer": "b"}, {"indexer": "b"}], "a", ("b",)),
    ],
    ids=["equal", "seeders", "freeleech", "link", "magnet", "three", "better-twice", "same-indexer",
         "named-once"],
)  # fmt: skip
def test_duplicates(fields: list[dict[str, Any]], kept: str, others: tuple[str, ...]) -> None:
    """The same infohash is the same torrent: the best is kept, the others are named."""
    releases = [
        _release("Dune", **{"infohash": V1, "indexer": name, **own})
        for name, own in zip("abc", fields, strict=False)
    ]
    (release,), also_on = merge_duplicates(releases)
    assert (release.indexer, also_on[V1]) == (kept, others)
    assert rank(releases, "Dune").filtered.get("duplicate") == len(fields) - 1


def test_releases_without_an_infohash_are_never_the_same() -> None:
    """Nothing tells that they are; the order stays."""
    releases = [_release("Dune"), _release("x", infohash=V1), _release("Dune")]
    assert merge_duplicates(releases) == (releases, {})


@given(
    st.lists(
        st.builds(
            _release,
            st.text(alphabet="Dune by-[M4B]x ", max_size=20),
            seeders=st.none() | st.integers(0, 2**53),
            infohash=st.sampled_from([None, V1]),
            categories=st.sampled_from([(), (3030,), (7020,)]),
            link=st.sampled_from([None, "http://x/"]),
        ),
        max_size=8,
    ),
    st.text(max_size=10),
    st.sampled_from(Sort),
)
def test_nothing_gets_lost(releases: list[Release], query: str, sort: Sort) -> None:
    """Every release is a result or counted, and every score is its parts' sum, from -8 to 100."""
    ranking = rank(releases, query, min_seeders=1, max_results=3, sort=sort)
    assert len(ranking.results) + sum(ranking.filtered.values()) == len(releases)
    for item in ranking.results:
        assert item.score == pytest.approx(sum(item.score_parts.values()))
        assert -8 <= item.score <= 100
