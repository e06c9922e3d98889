"""Which download is meant: by infohash, by name, and where it may be."""

import pytest

from custom_components.auralarchive.engine.choosing import choose
from custom_components.auralarchive.engine.errors import (
    AmbiguousDownloadError,
    AuralArchiveError,
    NoCategoryError,
    OtherCategoryError,
    UnknownDownloadError,
)
from custom_components.auralarchive.engine.mirror import Torrent, read_torrent_record
from custom_components.auralarchive.engine.redact import Redactor

V1 = "a1" * 20
V2 = "b2" * 32
SECRET = "0123456789secret"


def _torrent(infohash: str, name: str, category: str = "books", **fields: str) -> Torrent:
    return read_torrent_record({"hash": infohash, "name": name, "category": category, **fields})


HYBRID = _torrent(V2[:40], "Dune", infohash_v1=V1, infohash_v2=V2)
SHELF = [
    HYBRID,
    _torrent("c1" * 20, "Dune Messiah", "books/sequels"),
    _torrent("c2" * 20, "Emma"),
    _torrent("c3" * 20, " emma "),
    _torrent("c4" * 20, "Ivanhoe"),
    _torrent("c5" * 20, "Ivanhoe", "films"),
    _torrent("c6" * 20, "Kim", "films"),
    _torrent("c7" * 20, "Worm", ""),
    _torrent("c8" * 20, "Les Misérables"),
    _torrent("c9" * 20, "mfrggzdfmztwq2lkmfrggzdfmztwq2lk"),
    _torrent("d0" * 20, "c6" * 20),
    _torrent("d1" * 20, "Ulysses", "booksellers"),
    _torrent("d2" * 20, "Faust", "films"),
    _torrent("d3" * 20, "Faust", "talks"),
    _torrent("d4" * 20, "Faust", ""),
]


@pytest.mark.parametrize(
    ("download", "infohash"),
    [
        pytest.param(V1, V2[:40], id="v1"),
        pytest.param(V1.upper(), V2[:40], id="v1-upper-case"),
        pytest.param(V2, V2[:40], id="v2"),
        pytest.param(f" {V2.title()}\n", V2[:40], id="v2-mixed-case"),
        pytest.param(V2[:40], V2[:40], id="the-server's-own"),
        pytest.param("Dune", V2[:40], id="name-that-begins-another"),
        pytest.param("\n dUNE messiah ", "c1" * 20, id="name-in-any-case-below-the-category"),
        pytest.param("ivanhoe", "c4" * 20, id="a-stranger-has-that-name"),
        pytest.param("LES MISE\u0301RABLES", "c8" * 20, id="accents-written-otherwise"),
        pytest.param("MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK", "c9" * 20, id="name-like-an-infohash"),
    ],
)
def test_found(download: str, infohash: str) -> None:
    """Whatever means one download of the category, and only one, is understood."""
    assert choose(SHELF, download, "books", Redactor()).infohash == infohash


@pytest.mark.parametrize(
    ("download", "infohash"),
    [
        pytest.param("kim", "c6" * 20, id="another-category"),
        pytest.param("Worm", "c7" * 20, id="no-category"),
        pytest.param("c6" * 20, "c6" * 20, id="infohash-before-name"),
    ],
)
def test_found_anywhere(download: str, infohash: str) -> None:
    """Without a category everything is looked through."""
    assert choose(SHELF, download, None, Redactor()).infohash == infohash


@pytest.mark.parametrize(
    ("download", "category", "kind", "values"),
    [
        pytest.param("Dun", "books", UnknownDownloadError, {"download": "Dun"}, id="part"),
        pytest.param(
            "e" * 40, None, UnknownDownloadError, {"download": "e" * 40}, id="unknown-infohash"
        ),
        pytest.param(
            "EMMA", "books", AmbiguousDownloadError, {"download": "EMMA", "count": "2"}, id="two"
        ),
        pytest.param(
            "Ivanhoe",
            None,
            AmbiguousDownloadError,
            {"download": "Ivanhoe", "count": "2"},
            id="two-anywhere",
        ),
        pytest.param(
            "kim", "books", OtherCategoryError, {"name": "Kim", "category": "films"}, id="elsewhere"
        ),
        pytest.param(
            "c5" * 20,
            "books",
            OtherCategoryError,
            {"name": "Ivanhoe", "category": "films"},
            id="infohash-elsewhere",
        ),
        pytest.param(
            "Ulysses",
            "books",
            OtherCategoryError,
            {"name": "Ulysses", "category": "booksellers"},
            id="category-that-begins-so",
        ),
        pytest.param(
            "Faust",
            "books",
            OtherCategoryError,
            {"name": "Faust", "category": "films, talks"},
            id="several-elsewhere",
        ),
        pytest.param("Worm", "books", NoCategoryError, {"name": "Worm"}, id="in-none"),
    ],
)
def test_not_found(
    download: str, category: str | None, kind: type[AuralArchiveError], values: dict[str, str]
) -> None:
    """Nothing is guessed, and the error names what would help."""
    with pytest.raises(kind) as refused:
        choose(SHELF, download, category, Redactor())
    assert refused.value.values == values


def test_no_secrets() -> None:
    """A link that is taken for a name is told without its key, and no text without end is."""
    link = f"http://jackett:9117/dl/lab/?jackett_apikey={SECRET}&path=x{'x' * 1000}"
    with pytest.raises(UnknownDownloadError) as refused:
        choose(SHELF, link, None, Redactor([SECRET]))
    assert SECRET not in str(refused.value)
    assert len(refused.value.values["download"]) == 255
