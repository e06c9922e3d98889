"""Titles and sentences from somebody who means ill: read and redacted in time, secrets gone."""

import base64
from urllib.parse import quote, quote_plus

from hypothesis import given, strategies as st
import pytest

from custom_components.auralarchive.engine.redact import Redactor
from scripts.fuzzing.properties import redaction, shape, title

from .hostile import FIXED

CANARY = "Zk3vXh2mQ0aBx7"
PASSWORD = 'cor/rect h&r"se+ü'

_TITLES = st.lists(
    st.text(max_size=4)
    | st.sampled_from(
        "by - read 9000kbps 5k ( ) [ENG / M4B] 64 kbps mp3 narrated unabridged {GER} 1999 , . Jane "
        "Austen author audiobook \N{EN DASH} _ \ud800 \N{LATIN CAPITAL LETTER I WITH DOT ABOVE}"
        .split()
    ),
    max_size=30,
)  # fmt: skip
_TEXTS = st.text(max_size=20) | st.lists(
    st.sampled_from(
        "http:// udp:// @ / ? & &amp; tr= announce token : = %3D %26 Bearer SID= *** qbt_ \" ' < ; "
        "apikey= Authorization: Basic".split()
    )
    | st.just(" ")
    | st.text(max_size=3),
    max_size=12,
).map("".join)  # fmt: skip


@FIXED
@given(st.lists(st.sampled_from([" ", "", "."])), _TITLES)
def test_titles(between: list[str], parts: list[str]) -> None:
    """What is read of one is in order."""
    title((between or [" "])[0].join(parts))


@FIXED
@given(_TEXTS, _TEXTS)
def test_known_secrets(before: str, after: str) -> None:
    """None survives, in no spelling and no surroundings."""
    redaction(CANARY, f"{before}{CANARY}{after}{CANARY.upper()}{before}")
    redact = Redactor([PASSWORD, CANARY])
    for spelling in (
        PASSWORD,
        quote(PASSWORD, safe=""),
        quote(PASSWORD, safe="").lower(),
        quote_plus(PASSWORD),
        base64.b64encode(PASSWORD.encode()).decode(),
    ):
        assert spelling not in redact(f"{before}{spelling}{after}")


@FIXED
@given(
    _TEXTS,
    st.sampled_from(
        ["apikey=", 'apikey="', "&passkey=", "Cookie: SID=", "Authorization: Bearer ", '"token": "',
         "http://u:", "?tr=http%3A%2F%2Fh%2F", "https://t.example/", "qbt_"]
    ),
    _TEXTS,
)  # fmt: skip
def test_known_shapes(before: str, name: str, after: str) -> None:
    """What stands where secrets stand is gone, whatever stands around it."""
    ends = {"http://u:": "@host/", "https://t.example/": "/announce"}
    # Whatever an address is that has begun before ends here.
    shape(CANARY, f"{before}\n{name}{CANARY}{ends.get(name, '')} {after}")


@pytest.mark.parametrize(
    "unit",
    ["a+", "a://", "http://a/", "http://", "token: ", "&tr=", "Authorization: x ", "announce"],
)
def test_long_texts_are_redacted_in_time(unit: str) -> None:
    """What takes time with the square of a text's length would not come to an end here."""
    text = unit * (200_000 // len(unit))
    assert CANARY not in Redactor([CANARY, PASSWORD])(f"{text}{CANARY}{text}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("xhttp://t.example/s3cret/announce", "xhttp://t.example/***"),
        ("http://a/http://b/s3cret/announce?x y", "http://a/*** y"),
        ("announce http://a/s3cret", "announce http://a/s3cret"),
        ("1http://u:p@host/", "1http://***@host/"),
        ("a" * 40 + "://u:p@host/", "a" * 40 + "://***@host/"),
    ],
)
def test_addresses_in_the_middle_of_something(text: str, expected: str) -> None:
    """A word before an address does not hide it."""
    assert Redactor()(text) == expected
