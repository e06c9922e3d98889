"""What a release's title says of the audiobook.

Indexers agree on no form. The usual ones are `Book by Author [ENG / M4B]`, `Book - Author` and
`Author - Book (Unabridged) read by Narrator MP3 64kbps`; whatever does not stand there stays None.
"""

from dataclasses import dataclass
import re
import unicodedata

from .given_names import GIVEN_NAMES

_MAX_TITLE = 1000

AUDIO_FORMATS = ("m4b", "flac", "mp3", "m4a", "aac", "opus", "ogg", "wma", "wav")
EBOOK_FORMATS = ("epub", "azw3", "azw", "mobi", "pdf", "djvu", "cbz", "cbr", "fb2")
_FORMAT = re.compile(rf"(?i)(?<![a-z0-9])({'|'.join(AUDIO_FORMATS + EBOOK_FORMATS)})(?![a-z0-9])")
_BITRATE = re.compile(r"(?i)(?<![\d.])(\d{2,4})\s?k(?:bps|b/s|bits?(?:/s)?)?(?![a-z0-9])")
_VBR = range(16, 2000)
_UNABRIDGED = re.compile(r"(?i)\b(?:unabridged|ungekürzt\w*|int[ée]grale?|onverkort)\b")
_ABRIDGED = re.compile(r"(?i)\b(?:abridged|gekürzt\w*|abr[ée]g[ée]e?)\b")
_NARRATOR = re.compile(
    r"(?i)\b(?:(?:read|narrated|performed|voiced) by|gelesen von|lu par|letto da"
    r"|(?:le[ií]do|narrado|lido) por|voorgelezen door|uppläst av|narr?\.(?: by)?"
    r"|(?:narrators?|czyta|sprecher|lecteur)\s*(?=[:\-]))(?:\s*[:\-])?\s+"
)
_BY = re.compile(r"(?i)\s+by\s+")
_AND = re.compile(r"(?i)\s+(?:and|und|et|&)\s+")
_BRACKETED = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_EMPTY_BRACKETS = re.compile(r"[(\[{][\s,;/|.-]*[)\]}]")
_DASH = re.compile(r"\s+[-\N{EN DASH}\N{EM DASH}]\s+")
_NAME_END = re.compile(r"[(\[{)\]}|,;/]|\s[-\N{EN DASH}\N{EM DASH}]\s|\s+(?=\d)|\.(?=\s*$)")
_NAME_WORD = re.compile(r"[^\W\d_][\w.'\N{RIGHT SINGLE QUOTATION MARK}-]*")
_WORD = re.compile(r"[^\W_]+")
# A year or a quality at the end of a book's name is not part of it.
_TRAILING = re.compile(r"(?i)(?:[\s,.\-|/]+(?:19\d\d|20[0-3]\d|audio ?book|retail|complete))+\s*$")
_NOISE = re.compile(r"(?i)(?:(?:19\d\d|20[0-3]\d)\s+)?(?:audio ?book|retail|complete)")
_EDGES = " ,.-|/\N{EN DASH}\N{EM DASH}"
# AudioBook Bay's way, on which the author stands last.
_AUTHOR_LAST = re.compile(r"(?i)\[\w+\]\s+\[\d+\s?kbps\]$")

_LANGUAGES = {
    "en": ("eng", "english", "englisch"),
    "de": ("ger", "deu", "german", "deutsch"),
    "fr": ("fre", "fra", "french", "francais", "vf"),
    "es": ("spa", "spanish", "espanol", "castellano"),
    "it": ("ita", "italian", "italiano"),
    "nl": ("dut", "nld", "dutch", "nederlands"),
    "pl": ("pol", "polish", "polski"),
    "pt": ("por", "portuguese", "portugues"),
    "ru": ("rus", "russian"),
    "sv": ("swe", "swedish", "svenska"),
    "da": ("dan", "danish", "dansk"),
    "no": ("nor", "norwegian", "norsk"),
    "fi": ("fin", "finnish", "suomi"),
    "ja": ("jpn", "japanese"),
    "zh": ("chi", "zho", "chinese"),
}
# Those that are recognised, as ISO 639-1 codes.
LANGUAGES = tuple(_LANGUAGES)
_LANGUAGE_OF = {word: code for code, words in _LANGUAGES.items() for word in words}
_SPELLED = "|".join(word for word in _LANGUAGE_OF if len(word) > 3)
_YEAR_AND_LANGUAGE = re.compile(rf"(?i)[(\[]\d{{4}}[)\]]\s+(?:{_SPELLED})\b")
_SMALL_WORDS = frozenset(
    "the a an of and in on to for from with der die das und le la les et".split()
)
_NAME_PARTICLES = frozenset("de du la le van von der den di da del dos bin al ter and & y".split())
_TITLE_WORDS = _SMALL_WORDS - _NAME_PARTICLES
_MAX_NAME_WORDS = 6
# Without a known given name, more words than this are rather a title.
_MAX_PLAIN_NAME = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class TitleFacts:
    """What a title says; `language` is an ISO 639-1 code, `bitrate` in kbit/s."""

    book: str | None = None
    author: str | None = None
    narrator: str | None = None
    format: str | None = None
    bitrate: int | None = None
    abridged: bool | None = None
    language: str | None = None


def words(text: str) -> list[str]:
    """Split a text into words that compare: no accents, no case, no punctuation."""
    plain = text[:_MAX_TITLE]
    # Most titles have no accents, and looking at each letter is what takes the time.
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = plain.casefold()
    # An apostrophe belongs to its word: "o'brien" is searched for as "obrien" too.
    return _WORD.findall(plain.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", ""))


def significant_words(text: str) -> list[str]:
    """Return the words that tell books apart; all of them where only small ones are there."""
    every = words(text)
    return [word for word in every if word not in _SMALL_WORDS] or every


def read_title(title: str) -> TitleFacts:
    """Read what stands in a release's title."""
    text = " ".join(title[:_MAX_TITLE].split())
    if " " not in text:
        # Scene style: dots or underscores instead of blanks, a bare dash behind the author.
        text = text.replace("_", " ").replace(".", " ")
        text = re.sub(r"(?<=[a-z])-(?=[A-Z])", " - ", text, count=1)
    narrator, rest = _take_narrator(text)
    book, author = _book_and_author(rest)
    if narrator and narrator.lower() in ("author", "the author"):
        narrator = author
    return TitleFacts(
        book=book,
        author=author,
        narrator=narrator,
        format=_format(text),
        bitrate=_bitrate(text),
        abridged=_abridged(text),
        language=_language(text, {*words(book or ""), *words(author or "")}),
    )


def _format(text: str) -> str | None:
    """Return the best format named; an audio one before any e-book that comes with it."""
    named = {found.lower() for found in _FORMAT.findall(text)}
    return next((name for name in AUDIO_FORMATS + EBOOK_FORMATS if name in named), None)


def _bitrate(text: str) -> int | None:
    return next((rate for found in _BITRATE.findall(text) if (rate := int(found)) in _VBR), None)


def _abridged(text: str) -> bool | None:
    if _UNABRIDGED.search(text):
        return False
    return True if _ABRIDGED.search(text) else None


def _language(text: str, known: set[str]) -> str | None:
    """Return the language that a bracket begins or ends with, else one spelled out.

    Not from what is `known` to be the book's name or its author's.
    """
    for bracketed in _BRACKETED.findall(text):
        inside = words(bracketed)
        for word in (*inside[:1], *inside[-1:]):
            if word in _LANGUAGE_OF:
                return _LANGUAGE_OF[word]
    spelled = (word for word in words(text) if len(word) > 3 and word not in known)
    return next((_LANGUAGE_OF[word] for word in spelled if word in _LANGUAGE_OF), None)


def _take_narrator(text: str) -> tuple[str | None, str]:
    """Return the narrator, and the title without that part."""
    match = _NARRATOR.search(text)
    if match is None or not match.start():
        return None, text
    name = _NAME_END.split(text[match.end() :], maxsplit=1)[0]
    name = _FORMAT.split(name, maxsplit=1)[0].strip(" .-")
    if not _is_name(name):
        return None, text
    before = text[: match.start()].rstrip(" ([{,-")
    return name, before + " " + text[match.end() + len(name) :].lstrip(" )]}")


def _book_and_author(text: str) -> tuple[str | None, str | None]:
    """Split the rest of a title into book and author."""
    plain = _YEAR_AND_LANGUAGE.sub(" ", text)
    # Brackets can stand in brackets.
    for _ in range(3):
        plain = _BRACKETED.sub(" ", plain)
    plain = _cut_technical(_EMPTY_BRACKETS.sub(" ", plain))
    parts = [part for part in map(_tidy, _DASH.split(plain)) if not _NOISE.fullmatch(part)]
    parts = [part for part in parts if part]
    if not parts:
        return None, None
    likeness = [_name_likeness(part) for part in parts]
    best = max(likeness)
    *book, author = _BY.split(plain)
    if book and book[0]:
        first = _DASH.split(re.split(r"[,;&]", author, maxsplit=1)[0].strip(), maxsplit=1)[0]
        # "Stand by Me - Some Author" has a "by" of its own.
        if _is_name(first) and (len(parts) == 1 or _name_likeness(first) >= best):
            return _tidy(" by ".join(book)) or None, _tidy(first)
    if len(parts) == 1 or not best:
        return " - ".join(parts), None
    # "Author - Series 03 - Book" and "Book - Author": the one that looks most like a person's name;
    # where several do, the author leads on most indexers.
    place = likeness.index(best)
    if _AUTHOR_LAST.search(text):
        place = len(parts) - 1 - likeness[::-1].index(best)
    author = parts.pop(place)
    return " - ".join(parts), author


def _cut_technical(text: str) -> str:
    """Cut a title where its technical tail begins: format, bitrate, abridgement."""
    starts = [
        match.start()
        for pattern in (_FORMAT, _BITRATE, _UNABRIDGED, _ABRIDGED)
        if (match := pattern.search(text)) and match.start() > 0
    ]
    return " ".join(text[: min(starts, default=None)].split()).strip(_EDGES)


def _tidy(text: str) -> str:
    return _TRAILING.sub("", " ".join(text.split())).strip(_EDGES)


def _is_name(text: str) -> bool:
    """Tell whether a text could be a person's name at all."""
    parts = text.split()
    return 0 < len(parts) <= _MAX_NAME_WORDS and all(map(_could_be_in_name, parts))


def _could_be_in_name(word: str) -> bool:
    return word.lower() in _NAME_PARTICLES or _NAME_WORD.fullmatch(word) is not None


def _name_likeness(text: str) -> int:
    """Say how much a text looks like a person's name: 0 (not at all) to 4."""
    # Of "Neil Gaiman and Terry Pratchett" the first is enough.
    parts = _AND.split(text, maxsplit=1)[0].split()
    if not parts or not _is_name(text) or any(part.lower() in _TITLE_WORDS for part in parts):
        return 0
    if parts[0].casefold() in GIVEN_NAMES and len(parts) > 1:
        # "Jane Eyre" begins with one too, but then so does the other side.
        return 3 + any(_is_initial(part) for part in parts)
    if len(parts) == 1:
        return 1
    capitals = all(part[0].isupper() or part.lower() in _NAME_PARTICLES for part in parts)
    initials = any(map(_is_initial, parts))
    return (2 if capitals and len(parts) <= _MAX_PLAIN_NAME else 1) + initials


def _is_initial(word: str) -> bool:
    """Tell whether a word is an initial, or several of them: "H.", "J.R.R."."""
    return len(word.rstrip(".")) == 1 or word.count(".") > 1
