"""Who must open a link, and at which address."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.auralarchive.engine.errors import InvalidLinkError
from custom_components.auralarchive.engine.links import (
    JackettAddresses,
    Link,
    is_loopback_host,
    normalise_address,
    suggest_address_for_qbittorrent,
)

KEY = "m4q8zt1xw7c0y5k2n9b3v6h8j1d4f7gs"
DL = f"/dl/lantern/?jackett_apikey={KEY}&path=Q2ZESjh%2b+x&file=A%20B"
# How Home Assistant reaches Jackett, and how qBittorrent does.
HOST, DOCKER = "http://192.168.1.5:9117", "http://jackett:9117"
HOST_BASED, DOCKER_BASED = f"{HOST}/jk", f"{DOCKER}/proxy/jackett"
PROXY = "https://jackett.example"


def _rewritten(addresses: JackettAddresses, link: str, *, from_search: bool = False) -> str:
    return str(addresses.for_qbittorrent(Link.parse(link), from_search=from_search))


@pytest.mark.parametrize(
    ("bases", "link", "expected"),
    [
        ((HOST, DOCKER), HOST + DL, DOCKER + DL),
        ((HOST, DOCKER), DOCKER + DL, DOCKER + DL),
        ((HOST, DOCKER), f"HTTP://JACKETT.:9117{DL}", f"HTTP://JACKETT.:9117{DL}"),
        ((HOST, DOCKER), f"http://192.168.1.5.:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://localhost:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://LocalHost.:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://box.localhost:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://127.0.0.1:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://127.1.2.3:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://0.0.0.0:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://[::1]:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://[::ffff:127.0.0.1]:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://[::]:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://user:pass@localhost:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://localhost{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://localhost:{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"https://localhost:9117{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"https://localhost:1234{DL}", DOCKER + DL),
        ((HOST, DOCKER), f"http://localhost:9117/jk{DL}", DOCKER + DL),
        ((HOST, DOCKER), "http://localhost:9117/UI/Dashboard", f"{DOCKER}/UI/Dashboard"),
        ((HOST, DOCKER), "http://localhost:9117", DOCKER),
        ((HOST, DOCKER), f"{HOST}/UI/Dashboard", f"{DOCKER}/UI/Dashboard"),
        ((HOST, DOCKER), f"http://elsewhere.example{DL}", DOCKER + DL),
        ((HOST_BASED, DOCKER), HOST_BASED + DL, DOCKER + DL),
        ((HOST_BASED, DOCKER), HOST + DL, DOCKER + DL),
        ((HOST_BASED, DOCKER), "http://localhost:9117/jk/UI/x", f"{DOCKER}/UI/x"),
        ((HOST, DOCKER_BASED), HOST + DL, DOCKER_BASED + DL),
        ((HOST, DOCKER_BASED), DOCKER + DL, DOCKER_BASED + DL),
        ((HOST_BASED, DOCKER_BASED), HOST_BASED + DL, DOCKER_BASED + DL),
        ((HOST_BASED, DOCKER_BASED), DOCKER_BASED + DL, DOCKER_BASED + DL),
        ((HOST_BASED, DOCKER_BASED), f"http://localhost:9117/jk{DL}", DOCKER_BASED + DL),
        ((PROXY, DOCKER), PROXY + DL, DOCKER + DL),
        ((PROXY, DOCKER), f"{PROXY}:443{DL}", DOCKER + DL),
        ((DOCKER, PROXY), DOCKER + DL, PROXY + DL),
        ((PROXY, f"{PROXY}/jk"), f"{PROXY}/jk{DL}", f"{PROXY}/jk{DL}"),
        ((f"{PROXY}/jk", PROXY), f"{PROXY}/jk{DL}", PROXY + DL),
        ((HOST, "http://u:p@jackett:9117"), DOCKER + DL, f"http://u:p@jackett:9117{DL}"),
        ((HOST, "http://[fd00::5]:9117"), HOST + DL, f"http://[fd00::5]:9117{DL}"),
        (("http://localhost:9117", DOCKER), f"http://localhost:9117{DL}", DOCKER + DL),
    ],
)
def test_jacketts_links(bases: tuple[str, str], link: str, expected: str) -> None:
    """Whatever host they carry, qBittorrent gets its own, and all below stays byte for byte."""
    addresses = JackettAddresses.of(*bases, KEY)
    assert _rewritten(addresses, link) == expected
    assert _rewritten(addresses, expected) == expected


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://tracker.example/t/1.torrent", None),
        ("https://tracker.example/get?from=http://localhost:9117/dl/x/", None),
        ("https://localhost.example/t/1.torrent", None),
        ("https://tracker.example/dl/x/?id=1", None),
        ("https://tracker.example/dl/x/?jackett_apikey=other", None),
        (f"https://tracker.example/x?jackett_apikey={KEY}", None),
        ("https://tracker.example/dl/x/?" + "a=b&" * 500, None),
        ("http://192.168.1.5:9118/x.torrent", None),
        ("https://192.168.1.5:9117/x.torrent", None),
        ("http://128.0.0.1:9117/x.torrent", None),
        ("http://localhost:8000/x.torrent?a#b", "http://jackett:8000/x.torrent?a#b"),
        ("http://127.0.0.1/localhost?q=127.0.0.1", "http://jackett/localhost?q=127.0.0.1"),
        ("https://u:p@[::1]:8443/x", "https://u:p@jackett:8443/x"),
        ("http://0.0.0.0:/x", "http://jackett:/x"),
    ],
)
def test_links_of_others(link: str, expected: str | None) -> None:
    """They stay as they are but for a loopback host, which would mean another machine there."""
    addresses = JackettAddresses.of(HOST, DOCKER, KEY)
    assert _rewritten(addresses, link) == (expected or link)
    assert addresses.below_jackett(Link.parse(link)) is None


def test_a_foreign_loopback_host_stays_where_all_share_one_machine() -> None:
    """If qBittorrent reaches Jackett by loopback, it reaches everything else there so."""
    addresses = JackettAddresses.of("http://127.0.0.1:9117", "http://localhost:9117", KEY)
    assert _rewritten(addresses, "http://127.0.0.1:8000/x") == "http://127.0.0.1:8000/x"


@pytest.mark.parametrize(
    ("link", "from_search", "below"),
    [
        (f"https://override.example{DL}", True, "/dl/lantern/"),
        (f"https://override.example/jk{DL}", True, "/dl/lantern/"),
        ("https://override.example/DL/Lantern?path=x", True, "/DL/Lantern"),
        ("https://override.example/dl/lantern/?path=x", False, None),
        (f"https://override.example{DL}", False, "/dl/lantern/"),
        ("https://tracker.example/t/1.torrent", True, None),
        ("https://tracker.example/dl/lantern/more", True, None),
    ],
)
def test_a_base_url_override_makes_a_third_host(
    link: str, from_search: bool, below: str | None
) -> None:
    """A search's link with Jackett's download path is Jackett's wherever it points."""
    addresses = JackettAddresses.of(HOST_BASED, DOCKER, KEY)
    assert addresses.below_jackett(Link.parse(link), from_search=from_search) == below


def test_home_assistant_opens_jacketts_links_at_its_own_address() -> None:
    """Even when they carry another one."""
    addresses = JackettAddresses.of(HOST_BASED, DOCKER_BASED, KEY)
    link = Link.parse(f"https://override.example/else{DL}")
    below = addresses.below_jackett(link, from_search=True)
    assert str(addresses.for_home_assistant(link, below or "")) == HOST_BASED + DL


def test_no_key_is_nobodys_key() -> None:
    """Without a key configured, an empty one in a link proves nothing."""
    addresses = JackettAddresses.of(HOST, DOCKER)
    link = Link.parse("https://tracker.example/dl/x/?jackett_apikey=")
    assert addresses.below_jackett(link) is None


@pytest.mark.parametrize(
    "text",
    [
        "http://host",
        "HTTP://Host.:80/a//b/../c?x=%zz&y=localhost#frag?ment",
        "https://u:p%40@host:8443/ü/?q=ä",
        "http://host:/dl/x",
        "http://host?query",
        "http://host#fragment",
        "http://[2001:db8::1]:9117/a;b?#",
        "http://@host/",
    ],
)
def test_parts_put_together_are_the_same_text(text: str) -> None:
    """Taking a link apart loses nothing."""
    assert str(Link.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed"),
        ("nonsense", "malformed"),
        ("//host/x", "malformed"),
        ("/dl/x", "malformed"),
        ("http://", "malformed"),
        ("http:///x", "malformed"),
        ("http://:80/", "malformed"),
        ("http://u:p@/", "malformed"),
        ("http://a@b@host/", "malformed"),
        ("http://host:port/", "malformed"),
        ("http://host:65536/", "malformed"),
        ("http://host:999999/", "malformed"),
        ("http://host:٩١/", "malformed"),
        ("http://[::1/", "malformed"),
        ("http://[fe80::1%25eth0]/", "malformed"),
        ("http://ho%20st/", "malformed"),
        ("http://ho st/", "malformed"),
        ("http://host/a b", "malformed"),
        ("http://host/\nx", "malformed"),
        ("http://host/\x00", "malformed"),
        ("http://host\\@evil.example/", "malformed"),
        ("http://host\\evil/", "malformed"),
        ("http://host/" + "x" * 17_000, "malformed"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://host/x", "scheme"),
        ("magnet:?xt=urn:btih:" + "ab" * 20, "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("httpx://host/", "scheme"),
    ],
)
def test_no_links(text: str, reason: str) -> None:
    """What cannot be opened is refused before anybody tries."""
    with pytest.raises(InvalidLinkError) as caught:
        Link.parse(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"http://user:pw@Host:9117{DL}#x", "http://Host:9117/dl/lantern/"),
        ("HTTP://host:/x?passkey=1", "http://host/x"),
        ("https://t.example/rss/5/0123456789abcdef0123/a.torrent",
         "https://t.example/rss/5/***/a.torrent"),
        ("https://t.example/0123456789abcdef0123456789abcdef", "https://t.example/***"),
    ],
)  # fmt: skip
def test_what_people_see_of_a_link(text: str, shown: str) -> None:
    """No user, no query, no key."""
    link = Link.parse(text)
    assert link.shown == shown
    assert KEY not in repr(link)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("0.0.0.0", True),
        ("[::1]", True),
        ("::", True),
        ("[::ffff:7f00:1]", True),
        ("[::ffff:192.168.1.5]", False),
        ("localhost.example", False),
        ("notlocalhost", False),
        ("192.168.1.5", False),
        ("[fd00::1]", False),
        ("", False),
    ],
)
def test_loopback_hosts(host: str, expected: bool) -> None:
    """All names of "this machine"."""
    assert is_loopback_host(host) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jackett:9117", "http://jackett:9117"),
        ("  http://Jackett:9117/  ", "http://jackett:9117"),
        ("HTTP://host:80/", "http://host"),
        ("https://host:443/jk/", "https://host/jk"),
        ("http://host:443", "http://host:443"),
        ("http://host:/jk//", "http://host/jk"),
        ("[::1]:9117", "http://[::1]:9117"),
        ("user:Pass@host/JK", "http://user:Pass@host/JK"),
        ("http://@host", "http://host"),
        ("http://host/a?b=c#d", "http://host/a"),
    ],
)
def test_addresses_as_people_write_them(text: str, expected: str) -> None:
    """One spelling for each address."""
    assert normalise_address(text) == expected
    assert normalise_address(expected) == expected


@pytest.mark.parametrize("text", ["", "ftp://host", "magnet:?xt=x", "http://", "a b"])
def test_no_addresses(text: str) -> None:
    """What is none is refused."""
    with pytest.raises(InvalidLinkError):
        normalise_address(text)


@pytest.mark.parametrize(
    ("jackett", "qbittorrent", "expected"),
    [
        ("http://localhost:9117/jk", "http://192.168.1.5:8080", "http://192.168.1.5:9117/jk"),
        ("https://127.0.0.1", "http://qbittorrent:8080", "https://qbittorrent"),
        ("http://localhost:9117", "http://127.0.0.1:8080", "http://localhost:9117"),
        ("http://jackett:9117", "http://192.168.1.5:8080", "http://jackett:9117"),
    ],
)
def test_the_address_to_suggest(jackett: str, qbittorrent: str, expected: str) -> None:
    """Loopback means qBittorrent's machine, seen from a container there."""
    assert suggest_address_for_qbittorrent(jackett, qbittorrent) == expected


_HOSTS = st.sampled_from(
    "localhost LOCALHOST. 127.0.0.1 0.0.0.0 [::1] jackett 192.168.1.5 tracker.example".split()
)
_LINKS = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    _HOSTS,
    st.sampled_from(["", ":", ":80", ":443", ":9117", ":9118"]),
    st.sampled_from(["", "/", "/jk", "/jk/", "/jk/dl/x/", "/dl/x", "/dl/x/", "/a/dl/b/dl/c", "/a"]),
    st.sampled_from(["", "?", f"?jackett_apikey={KEY}", "?h=localhost:9117", "#dl/x"]),
)
_BASES = st.sampled_from(
    [HOST, HOST_BASED, DOCKER, DOCKER_BASED, PROXY, f"{PROXY}/jk", "http://localhost:9117",
     "http://jackett", "http://u:p@jackett/a"]
)  # fmt: skip


@settings(max_examples=1500)
@given(home=_BASES, client=_BASES, link=_LINKS, from_search=st.booleans())
def test_rewriting(home: str, client: str, link: str, from_search: bool) -> None:
    """It comes to rest at once, at a host of ours or the link's own, with path and query kept."""
    addresses = JackettAddresses.of(home, client, KEY)
    before = Link.parse(link)
    once = addresses.for_qbittorrent(before, from_search=from_search)
    assert addresses.for_qbittorrent(once, from_search=from_search) == once
    assert once.host in {before.host, addresses.qbittorrent.host}
    assert (once.query, once.fragment) == (before.query, before.fragment)
    below = addresses.below_jackett(before, from_search=from_search)
    assert once.path.endswith(before.path if below is None else below)


@given(st.text() | st.text().map("http://".__add__))
def test_any_text_is_a_link_or_refused(text: str) -> None:
    """Nothing else can happen."""
    try:
        found: object = Link.parse(text)
    except InvalidLinkError as err:
        found = err
    assert isinstance(found, Link | InvalidLinkError)
