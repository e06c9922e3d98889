"""The translations: each says what the English texts say, of the same things."""

import json
from pathlib import Path
import re
from typing import Any

import pytest

from .package_files import FOLDER, TEXTS, placeholders, strings

FILES = FOLDER / "translations"
ENGLISH = dict(strings(TEXTS))
LANGUAGES = sorted(
    {"de", "es", "fr", "it", "nl"} | {path.stem for path in FILES.iterdir()} - {"en"}
)
# What is called so everywhere. Letters and figures alone are a format's name.
NAMES = re.compile(
    r"Jackett|qBittorrent|AuralArchive|Home Assistant|Torznab|Infohash|Magnet|Opus|Ogg|[A-Z0-9]+"
)
# Words that another language has, too, reviewed one by one: the English text in these languages.
SAME_WORD = {
    "Download": {"de", "it", "nl"},
    "Downloads": {"de", "nl"},
    "E-books (7020)": {"nl"},
    "Indexers": {"nl"},
    "Link": {"de", "es", "it", "nl"},
    "Name": {"de"},
    "Password": {"it"},
    "Seeders": {"es", "fr", "it", "nl"},
    "Tags": {"fr", "nl"},
    "Timeout": {"it"},
    "downloads": {"nl"},
}
ENDS = ".?!:…"


def translation(language: str) -> dict[str, str]:
    """Return a language's texts by their places."""
    texts: Any = json.loads((FILES / f"{language}.json").read_text())
    return dict(strings(texts))


def said_alike(text: str, language: str) -> bool:
    """Tell whether a text may be the same in a language as in English."""
    words = re.sub(r"\{\w+\}", "", NAMES.sub("", text))
    return not re.search(r"[^\W\d_]", words) or language in SAME_WORD.get(text, ())


def ending(text: str) -> str:
    """Return what ends a text as a sentence; nothing for a name."""
    return text[-1] if text[-1] in ENDS else ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_places(language: str) -> None:
    """There is a text for each of the English ones, and no other."""
    there = translation(language)
    assert (sorted(set(ENGLISH) - set(there)), sorted(set(there) - set(ENGLISH))) == ([], [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_values(language: str) -> None:
    """Each text names the same values, however often and in whichever order."""
    differing = {
        place: text
        for place, text in translation(language).items()
        if placeholders(text) != placeholders(ENGLISH.get(place, ""))
    }
    assert differing == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_translated(language: str) -> None:
    """Every text says something, and is not the English one left as it was."""
    left = {
        place: text
        for place, text in translation(language).items()
        if not text.strip() or (text == ENGLISH.get(place) and not said_alike(text, language))
    }
    assert left == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_endings(language: str) -> None:
    """A sentence remains one; a name, and what is put into a sentence, has no full stop."""
    differing = {
        place: text
        for place, text in translation(language).items()
        if text and ending(text) != ending(ENGLISH.get(place, text))
    }
    assert differing == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "unwanted",
    [
        pytest.param(r"://|www\.", id="address"),
        pytest.param(r"\[%", id="reference"),
        pytest.param(r"<", id="markup"),
        # To the frontend an apostrophe before a brace quotes it; a typographic one does not.
        pytest.param(r"'[{}]", id="quoted-placeholder"),
        pytest.param(r"^\s|\s$|[ \n]{2}|\t", id="blanks"),
    ],
)
def test_texts(unwanted: str, language: str) -> None:
    """They can be shown as they are."""
    found = translation(language).items()
    assert {place: text for place, text in found if re.search(unwanted, text)} == {}


@pytest.mark.parametrize(
    "path", [FILES / f"{one}.json" for one in ("en", *LANGUAGES)], ids=lambda path: path.stem
)
def test_layout(path: Path) -> None:
    """The files are laid out alike, letters as they are, so that changes are easy to read."""
    text = path.read_text()
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_same_words_are_english_texts() -> None:
    """No word is allowed that is not there any more."""
    assert set(SAME_WORD) - set(ENGLISH.values()) == set()
