"""Links from somebody who means ill: only the front is ever exchanged, and only of ours."""

from hypothesis import example, given, strategies as st
import pytest
from yarl import URL

from custom_components.auralarchive.engine.errors import InvalidLinkError
from custom_components.auralarchive.engine.links import JackettAddresses, Link, normalise_address
from scripts.fuzzing.properties import address, link, rewriting, suggestion
from scripts.fuzzing.seeds import KEY

from .hostile import FIXED, MANY

_PRINTABLE = st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"])
_HOSTS = st.sampled_from(
    "localhost LocalHost. a.localhost 127.0.0.1 127.9.9.9 0.0.0.0 [::1] [::] [::ffff:127.0.0.1] "
    "jackett JACKETT 192.168.1.5 [fd00::5] tracker.example localhost.example bücher.example "
    "jackett. a..b -".split()
)
_PORTS = st.sampled_from(["", ":", ":80", ":443", ":9117", ":09117", ":0", ":65535"])
_USERS = st.sampled_from(["", "", "", "u@", "u:p@", "@", "u:p%40@"])
_FRONTS = st.builds(
    "{}://{}{}{}".format, st.sampled_from(["http", "https", "HTTP"]), _USERS, _HOSTS, _PORTS
)
_PATHS = st.lists(
    st.sampled_from("jk a dl DL x lantern .. . %2e%2e %2F @ : ; localhost".split())
    | st.text(_PRINTABLE.filter(lambda char: char not in "?#"), max_size=5),
    max_size=6,
).map(lambda parts: "".join(f"/{part}" for part in parts))
_QUERIES = st.sampled_from(
    ["", "?", f"?jackett_apikey={KEY}", f"?a&jackett_apikey={KEY}&path=Q2Z+%2b", "?jackett_apikey="]
) | st.text(_PRINTABLE.filter(lambda char: char != "#"), max_size=12).map("?".__add__)
_FRAGMENTS = st.just("") | st.text(_PRINTABLE, max_size=8).map("#".__add__)
_BELOW = st.builds(
    "{}{}{}{}".format, st.sampled_from(["", "", "", "x"]), _PATHS, _QUERIES, _FRAGMENTS
)
_LINKS = st.builds("{}{}".format, _FRONTS, _BELOW)
_BASES = st.builds("{}{}".format, _FRONTS, st.sampled_from(["", "/jk", "/a/jk", "/dl", "/a", "/"]))


@MANY
@example(
    home="http://localhost",
    client="http://localhost:443/dl",
    front=None,
    below="/jk",
    from_search=False,
)
@given(
    home=_BASES, client=_BASES, front=st.none() | _FRONTS, below=_BELOW, from_search=st.booleans()
)
def test_rewriting(
    home: str, client: str, front: str | None, below: str, from_search: bool
) -> None:
    """Byte for byte, to no third host, and it comes to rest at once; without a front, of ours."""
    bases = address(home), address(client)
    if bases[0] is None or bases[1] is None:
        return
    suggestion(bases[0], bases[1])
    before = link(f"{bases[0] if front is None else front}{below}")
    if before is not None:
        addresses = JackettAddresses.of(bases[0], bases[1], KEY)
        rewriting(addresses, before, from_search=from_search)


@FIXED
@given(
    _LINKS
    | st.text()
    | st.text().map("http://".__add__)
    | st.text(alphabet="htps:/[]@%.#?\\l1x-\N{FULLWIDTH SOLIDUS}", max_size=30).map(
        "http://".__add__
    )
)
def test_any_text(text: str) -> None:
    """Is a link that is opened where we think, or is refused; and so for an address."""
    link(text)
    address(text)


@pytest.mark.parametrize(
    "authority",
    ["[1234]", "[1.2.3.4]", "[::1]x", "xn--", "xn--a.example", "u:]@host", "[u@host",
     "a\N{FULLWIDTH SOLIDUS}b", "\N{ADDRESSED TO THE SUBJECT}"],
)  # fmt: skip
def test_hosts_that_nobody_could_connect_to(authority: str) -> None:
    """They are refused as links, instead of breaking what opens them."""
    with pytest.raises(InvalidLinkError) as caught:
        Link.parse(f"http://{authority}/x")
    assert caught.value.reason == "malformed"
    with pytest.raises(InvalidLinkError):
        normalise_address(f"http://{authority}")


@pytest.mark.parametrize("host", ["[fd00::5]", "[::ffff:1.2.3.4]", "bücher.example", "a_b", "a-"])
def test_odd_hosts_that_are_some(host: str) -> None:
    """They stay possible."""
    assert Link.parse(f"http://{host}/x").host == host
    assert URL(normalise_address(host)).host == host.strip("[]")
