"""What a release's title says of the audiobook."""

from hypothesis import given, strategies as st
import pytest

from custom_components.auralarchive.engine.titles import (
    TitleFacts,
    read_title,
    significant_words,
    words,
)


def _says(book: str | None, author: str | None = None, audio: str = "", **more: object) -> str:
    """Write what a title says: format and bitrate in one word, the rest by name."""
    parts = [f"{book} / {author}", audio, *(f"{name}={value}" for name, value in more.items())]
    return " ".join(part for part in parts if part)


def _read(title: str) -> str:
    facts = read_title(title)
    audio = "".join(map(str, filter(None, (facts.format, facts.bitrate))))
    names = ("narrator", "abridged", "language")
    more = {name: getattr(facts, name) for name in names if getattr(facts, name) is not None}
    return _says(facts.book, facts.author, audio, **more)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        # MyAnonamouse
        ("The Hollow Tide by A. Writer [ENG / M4B]",
         _says("The Hollow Tide", "A. Writer", "m4b", language="en")),
        ("Project Hail Mary by Andy Weir [ENG / M4B] [VIP]",
         _says("Project Hail Mary", "Andy Weir", "m4b", language="en")),
        ("Project Hail Mary: A Novel by Andy Weir [ENG / M4B MP3]",
         _says("Project Hail Mary: A Novel", "Andy Weir", "m4b", language="en")),
        ("Good Omens by Terry Pratchett, Neil Gaiman [ENG / MP3]",
         _says("Good Omens", "Terry Pratchett", "mp3", language="en")),
        ("Dune: Dune Chronicles, Book 1 by Frank Herbert [ENG / M4B]",
         _says("Dune: Dune Chronicles, Book 1", "Frank Herbert", "m4b", language="en")),
        ("The Name of the Wind (Kingkiller Chronicle 1) by Patrick Rothfuss [ENG / M4B]",
         _says("The Name of the Wind", "Patrick Rothfuss", "m4b", language="en")),
        ("Stand by Me by Stephen King [ENG / MP3]",
         _says("Stand by Me", "Stephen King", "mp3", language="en")),
        ("Der Schwarm by Frank Schätzing [GER / MP3]",
         _says("Der Schwarm", "Frank Schätzing", "mp3", language="de")),
        ("Les Misérables by Victor Hugo [FRE / M4B]",
         _says("Les Misérables", "Victor Hugo", "m4b", language="fr")),
        ("Dracula by Bram Stoker [ENG / EPUB MOBI]",
         _says("Dracula", "Bram Stoker", "epub", language="en")),
        ("The Odyssey by Homer [ENG / M4B]", _says("The Odyssey", "Homer", "m4b", language="en")),
        ("Guns, Germs, and Steel by Jared Diamond [ENG / M4B]",
         _says("Guns, Germs, and Steel", "Jared Diamond", "m4b", language="en")),
        ("The Spanish Civil War by Antony Beevor [ENG / MP3]",
         _says("The Spanish Civil War", "Antony Beevor", "mp3", language="en")),
        ("2001: A Space Odyssey by Arthur C. Clarke [ENG / M4B]",
         _says("2001: A Space Odyssey", "Arthur C. Clarke", "m4b", language="en")),
        ("Project Hail Mary by Andy Weir, Narrated by: Ray Porter [ENG / M4B]",
         _says("Project Hail Mary", "Andy Weir", "m4b", narrator="Ray Porter", language="en")),
        # AudioBook Bay
        ("Mistborn - Brandon Sanderson [M4B] [64 Kbps]",
         _says("Mistborn", "Brandon Sanderson", "m4b64")),
        ("The Final Empire: Mistborn, Book 1 - Brandon Sanderson [M4B] [125 Kbps]",
         _says("The Final Empire: Mistborn, Book 1", "Brandon Sanderson", "m4b125")),
        ("Mistborn 01 - The Final Empire - Brandon Sanderson [MP3] [64 Kbps]",
         _says("Mistborn 01 - The Final Empire", "Brandon Sanderson", "mp364")),
        ("A Game of Thrones (A Song of Ice and Fire, Book 1) - George R. R. Martin [M4B] [62 Kbps]",
         _says("A Game of Thrones", "George R. R. Martin", "m4b62")),
        ("Dune Messiah - Frank Herbert [M4B] [64 Kbps]",
         _says("Dune Messiah", "Frank Herbert", "m4b64")),
        ("Dune Messiah - Frank Herbert", _says("Dune Messiah", "Frank Herbert")),
        ("Charlotte Brontë - Jane Eyre", _says("Jane Eyre", "Charlotte Brontë")),
        ("1984 - George Orwell [MP3] [64 Kbps]", _says("1984", "George Orwell", "mp364")),
        ("11-22-63 - Stephen King [MP3] [64 Kbps]", _says("11-22-63", "Stephen King", "mp364")),
        ("Fahrenheit 451 - Ray Bradbury [MP3] [192 Kbps]",
         _says("Fahrenheit 451", "Ray Bradbury", "mp3192")),
        ("The Lord of the Rings (Unabridged) - J. R. R. Tolkien [MP3] [320 Kbps]",
         _says("The Lord of the Rings", "J. R. R. Tolkien", "mp3320", abridged=False)),
        ("Pride and Prejudice (dramatized, abridged) - Jane Austen [MP3] [128 Kbps]",
         _says("Pride and Prejudice", "Jane Austen", "mp3128", abridged=True)),
        ("Good Omens - Neil Gaiman & Terry Pratchett [M4B] [64 Kbps]",
         _says("Good Omens", "Neil Gaiman & Terry Pratchett", "m4b64")),
        ("Stand by Me - Stephen King [MP3] [64 Kbps]",
         _says("Stand by Me", "Stephen King", "mp364")),
        ("Ludwig van Beethoven: A Life - Jan Swafford [M4B] [64 Kbps]",
         _says("Ludwig van Beethoven: A Life", "Jan Swafford", "m4b64")),
        ("The German Girl - Armando Lucas Correa [M4B] [64 Kbps]",
         _says("The German Girl", "Armando Lucas Correa", "m4b64")),
        ("The Subtle Art of Not Giving a F*ck - Mark Manson [M4B] [63 Kbps]",
         _says("The Subtle Art of Not Giving a F*ck", "Mark Manson", "m4b63")),
        # Public trackers: author first
        ("Brandon Sanderson - Mistborn 01 - The Final Empire (2006) read by Michael Kramer MP3 64k",
         _says("Mistborn 01 - The Final Empire", "Brandon Sanderson", "mp364",
               narrator="Michael Kramer")),
        ("Terry Pratchett - Discworld 01 - The Colour of Magic (Unabridged) MP3 64 kbps",
         _says("Discworld 01 - The Colour of Magic", "Terry Pratchett", "mp364", abridged=False)),
        ("Frank Herbert - Dune (Unabridged) [64kbps MP3]",
         _says("Dune", "Frank Herbert", "mp364", abridged=False)),
        ("Frank Herbert - [Dune 02] - Dune Messiah", _says("Dune Messiah", "Frank Herbert")),
        ("[Audiobook] Frank Herbert - Dune", _says("Dune", "Frank Herbert")),
        ("Andy Weir - The Martian (2013) [Audiobook] (Unabridged) M4B",
         _says("The Martian", "Andy Weir", "m4b", abridged=False)),
        ("Andy Weir - The Martian (Audiobook) narrated by Wil Wheaton",
         _says("The Martian", "Andy Weir", narrator="Wil Wheaton")),
        ("Stephen King - The Stand (1990) (Abridged) 128kbps",
         _says("The Stand", "Stephen King", "128", abridged=True)),
        ("Stephen Fry - Mythos (2017) FLAC", _says("Mythos", "Stephen Fry", "flac")),
        ("George Orwell - 1984", _says("1984", "George Orwell")),
        ("Homer - The Odyssey (Unabridged) [96 Kbps]",
         _says("The Odyssey", "Homer", "96", abridged=False)),
        ("Sally Berneathy - Death by Chocolate MP3",
         _says("Death by Chocolate", "Sally Berneathy", "mp3")),
        ("Terry Pratchett and Neil Gaiman - Good Omens",
         _says("Good Omens", "Terry Pratchett and Neil Gaiman")),
        ("Leo Tolstoy \N{EN DASH} War and Peace \N{EM DASH} Unabridged (MP3@64kbps)",
         _says("War and Peace", "Leo Tolstoy", "mp364", abridged=False)),
        ("Kazuo Ishiguro - Klara and the Sun 2021 Retail M4B",
         _says("Klara and the Sun", "Kazuo Ishiguro", "m4b")),
        ("C. S. Lewis - The Chronicles of Narnia 1-7 (1950-1956) - 128kbps mp3",
         _says("The Chronicles of Narnia 1-7", "C. S. Lewis", "mp3128")),
        ("Neil Gaiman - American Gods (Full Cast Tenth Anniversary Edition) [EPUB + MP3]",
         _says("American Gods", "Neil Gaiman", "mp3")),
        ("Michelle Obama - Becoming (Read by the Author) [M4B]",
         _says("Becoming", "Michelle Obama", "m4b", narrator="Michelle Obama")),
        ("Ursula K. Le Guin - A Wizard of Earthsea (Earthsea #1) (narr. Rob Inglis) m4b",
         _says("A Wizard of Earthsea", "Ursula K. Le Guin", "m4b", narrator="Rob Inglis")),
        ("Ursula K. Le Guin - The Left Hand of Darkness - Narrated by George Guidall - Unabridged",
         _says("The Left Hand of Darkness", "Ursula K. Le Guin", narrator="George Guidall",
               abridged=False)),
        # Public trackers: author last, or in between
        ("Becoming by Michelle Obama (Audible Audiobook - Unabridged) m4b 128k",
         _says("Becoming", "Michelle Obama", "m4b128", abridged=False)),
        ("The Left Hand of Darkness by Ursula K. Le Guin, read by George Guidall (64k)",
         _says("The Left Hand of Darkness", "Ursula K. Le Guin", "64", narrator="George Guidall")),
        ("Oathbringer by Brandon Sanderson read by Kate Reading & Michael Kramer MP3",
         _says("Oathbringer", "Brandon Sanderson", "mp3",
               narrator="Kate Reading & Michael Kramer")),
        ("Brave New World (Unabridged)  by Aldous Huxley, Narrator: Michael York",
         _says("Brave New World", "Aldous Huxley", narrator="Michael York", abridged=False)),
        ("Pachinko By Min Jin Lee m4b 64kbps", _says("Pachinko", "Min Jin Lee", "m4b64")),
        ("Dracula by Bram Stoker - Penguin Classics", _says("Dracula", "Bram Stoker")),
        ("The Hobbit - J.R.R. Tolkien - Audiobook", _says("The Hobbit", "J.R.R. Tolkien")),
        ("J.R.R. Tolkien - The Hobbit - Audiobook - MP3",
         _says("The Hobbit", "J.R.R. Tolkien", "mp3")),
        ("The Girl with the Dragon Tattoo - Stieg Larsson - Millennium 1 [M4B]",
         _says("The Girl with the Dragon Tattoo - Millennium 1", "Stieg Larsson", "m4b")),
        ("The English Patient - Michael Ondaatje [MP3]",
         _says("The English Patient", "Michael Ondaatje", "mp3")),
        # Other languages
        ("Franz Kafka - Die Verwandlung (1915) German read by Freiwillige Vorleser MP3 96kbps",
         _says("Die Verwandlung", "Franz Kafka", "mp396", narrator="Freiwillige Vorleser",
               language="de")),
        ("Franz Kafka - Die Verwandlung (Ungekürzte Lesung) gelesen von Sven Regener [MP3]",
         _says("Die Verwandlung", "Franz Kafka", "mp3", narrator="Sven Regener", abridged=False)),
        ("Leo Perutz - Der schwedische Reiter, Sprecher: Hans Meier, MP3 128 kbit/s",
         _says("Der schwedische Reiter", "Leo Perutz", "mp3128", narrator="Hans Meier")),
        ("Der Herr der Ringe - J.R.R. Tolkien (German Edition) MP3",
         _says("Der Herr der Ringe", "J.R.R. Tolkien", "mp3", language="de")),
        ("Alexandre Dumas - Le Comte de Monte-Cristo (intégrale) lu par Éric Herson-Macarel MP3",
         _says("Le Comte de Monte-Cristo", "Alexandre Dumas", "mp3",
               narrator="Éric Herson-Macarel", abridged=False)),
        ("Gabriel García Márquez - Cien años de soledad [Spanish] MP3 64 kbps",
         _says("Cien años de soledad", "Gabriel García Márquez", "mp364", language="es")),
        ("Umberto Eco - Il nome della rosa [ITA] MP3",
         _says("Il nome della rosa", "Umberto Eco", "mp3", language="it")),
        ("Lesław Zimowski - Coś tam [POL] czyta: Jan Kowalski MP3",
         _says("Coś tam", "Lesław Zimowski", "mp3", narrator="Jan Kowalski", language="pl")),
        ("Dan Brown - The Da Vinci Code English mp3",
         _says("The Da Vinci Code English", "Dan Brown", "mp3")),
        ("Frank Herbert - Dune (read by 21 voices) MP3", _says("Dune", "Frank Herbert", "mp3")),
        # Scene
        ("Isaac.Asimov-Foundation.1951.Unabridged.Audiobook.MP3-GROUP",
         _says("Foundation", "Isaac Asimov", "mp3", abridged=False)),
        ("Douglas_Adams_-_The_Hitchhikers_Guide_(Unabridged)_[M4B]",
         _says("The Hitchhikers Guide", "Douglas Adams", "m4b", abridged=False)),
        # Little or nothing
        ("Dune", _says("Dune")),
        ("Project Hail Mary", _says("Project Hail Mary")),
        ("[M4B]", _says(None, None, "m4b")),
        ("Audiobook", _says(None)),
        ("-", _says(None)),
        ("", _says(None)),
    ],
)  # fmt: skip
def test_titles(title: str, expected: str) -> None:
    """Each is read as a person would read it."""
    assert _read(title) == expected


@pytest.mark.parametrize(
    ("text", "bitrate"),
    [
        ("x 64kbps", 64), ("x 64 KBPS", 64), ("x 64k", 64), ("x 64 kbit/s", 64), ("x 64 kb/s", 64),
        ("x 5k", None), ("x 64km", None), ("x 3.64kbps", None), ("x 9000kbps", None),
        ("x 8 kbps 64 kbps", 64), ("x 10k 64kbps", 64),
    ],
)  # fmt: skip
def test_bitrates(text: str, bitrate: int | None) -> None:
    """A number is a bitrate only with its unit, and in its range."""
    assert read_title(text).bitrate == bitrate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Les Misérables", "les miserables"),
        ("O'Brien and O\N{RIGHT SINGLE QUOTATION MARK}Brien", "obrien and obrien"),
        ("A_B-C (D)", "a b c d"),
        ("STRASSE Straße", "strasse strasse"),
        ("Moby-Dick; or, The Whale", "moby dick or the whale"),
        ("", ""),
    ],
)
def test_words(text: str, expected: str) -> None:
    """They compare whatever a title's spelling is."""
    assert " ".join(words(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("The Lord of the Rings", "lord rings"), ("It", "it"), ("The And", "the and"), ("", "")],
)
def test_significant_words(text: str, expected: str) -> None:
    """Small words tell no books apart, unless there are no others."""
    assert " ".join(significant_words(text)) == expected


@given(st.text() | st.text(alphabet="by-()[]/. Aa1k", max_size=60))
def test_any_title_can_be_read(title: str) -> None:
    """And what it says is never blank."""
    facts = read_title(title)
    assert isinstance(facts, TitleFacts)
    assert all(
        text == text.strip() != "" for text in (facts.book, facts.author, facts.narrator) if text
    )


def test_a_hostile_title_is_read_in_no_time() -> None:
    """Only its beginning counts."""
    assert read_title("(" * 50_000 + " by " * 50_000 + "a - " * 50_000).format is None
