"""Secrets out of texts and links."""

from hypothesis import given, strategies as st
import pytest

from custom_components.auralarchive.engine.redact import Redactor

KEY = "m4q8zt1xw7c0y5k2n9b3v6h8j1d4f7gs"
PASSWORD = 'cor/rect h&r"se+'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"key {KEY}.", "key ***."),
        (f"key {KEY.upper()}.", "key ***."),
        (f"http://h/?jackett_apikey={KEY}&path=x", "http://h/?jackett_apikey=***&path=x"),
        (f"http%3A%2F%2Fh%3Fapikey%3D{KEY}%26path%3Dx", "http%3A%2F%2Fh%3Fapikey%3D***%26path%3Dx"),
        (f"password is {PASSWORD}!", "password is ***!"),
        ("pw cor%2Frect%20h%26r%22se%2B!", "pw ***!"),
        ("pw cor%2frect%20h%26r%22se%2b!", "pw ***!"),
        ("pw cor%2Frect+h%26r%22se%2B!", "pw ***!"),
        ("pw cor/rect h&amp;r&quot;se+!", "pw ***!"),
        ('{"pw": "cor/rect h&r\\"se+"}', '{"pw": "***"}'),
        ("Y29yL3JlY3QgaCZyInNlKw==", "***"),
        ("nothing to hide", "nothing to hide"),
    ],
    ids=[
        "bare", "upper", "query", "encoded-query", "password", "percent", "percent-lower", "form",
        "html", "json", "base64", "none",
    ],
)  # fmt: skip
def test_known_secrets(text: str, expected: str) -> None:
    """They are masked in every spelling in which they travel."""
    redact = Redactor([KEY, PASSWORD, None, "", "abc"])
    assert redact(text) == expected
    assert redact(redact(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /x?apikey=abc&b=c", "GET /x?apikey=***&b=c"),
        ("GET /x?api_key=abc", "GET /x?api_key=***"),
        ("GET /x?passkey=abc;d", "GET /x?passkey=***;d"),
        ("rss?torrent_pass=abc&authkey=def", "rss?torrent_pass=***&authkey=***"),
        ("a&amp;jackett_apikey=abc&amp;path=d", "a&amp;jackett_apikey=***&amp;path=d"),
        ("x?url=a%3Fpasskey%3dabc", "x?url=a%3Fpasskey%3d***"),
        ("Cookie: SID=a+b/c; path=/", "Cookie: SID=***; path=/"),
        ("QBT_SID_8080=a+b/c", "QBT_SID_8080=***"),
        ('{"apiKey":"qbt_0123456789abcdef"}', '{"apiKey":"***"}'),
        ("X-Api-Key: abc", "X-Api-Key: ***"),
        ("key qbt_0123456789abcdef", "key ***"),
        ("Authorization: Bearer abc", "Authorization: Bearer ***"),
        ("authorization: Basic dTpw", "authorization: Basic ***"),
        ("http://user:pass@host/x", "http://***@host/x"),
        ("http://user:p@ss@host/x", "http://***@host/x"),
        ("http://host/x?mail=a@b", "http://host/x?mail=a@b"),
        (
            "magnet:?xt=urn:btih:ab&tr=https%3A%2F%2Ft%2Fsecret%2Fannounce&tr.1=udp://t&dn=x",
            "magnet:?xt=urn:btih:ab&tr=***&tr.1=***&dn=x",
        ),
        ("https://t.example:443/secret/announce.php?a", "https://t.example:443/***"),
        ("udp://t.example/announce here", "udp://t.example/*** here"),
        ("Invalid password supplied", "Invalid password supplied"),
        ("The token has expired", "The token has expired"),
        ("The torrent inside", "The torrent inside"),
    ],
)
def test_known_shapes(text: str, expected: str) -> None:
    """The secrets of others are known by their names, ordinary sentences stay."""
    redact = Redactor()
    assert redact(text) == expected
    assert redact(redact(text)) == expected


@given(
    st.text(min_size=4, alphabet=st.characters(exclude_categories=["Cs"])),
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.text(),
)
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    """Whatever it is made of and wherever it stands."""
    redacted = Redactor([secret])(f"{before}{secret}{after}")
    assert secret not in redacted.replace("***", "") or secret in before + after
