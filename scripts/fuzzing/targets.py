"""What is fuzzed: how bytes become what a property wants, with seeds, words and bounds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from custom_components.auralarchive.engine.links import JackettAddresses
from scripts.fuzzing import properties, seeds

_CANARY = "Zk3vXh2mQ0aBx7"
# What the inputs are full of, for libFuzzer to put in; separated by bars.
_WORDS = {
    "feed": "<item>|</item>|<title>|<link>|<guid>|<size>|<pubDate>|<enclosure url='|xmlns:|value='|"
    "<torznab:attr name='|infohash|magneturl|seeders|peers|downloadvolumefactor|category|&#xD800;|"
    "<error code='100'|<![CDATA[|]]>|<!--|-->|&amp;|&#0;|<!DOCTYPE|encoding='utf-7'",
    "torrent": "4:info|6:pieces|9:file tree|12:meta version|i2e|4:name|10:name.utf-8|d|l|e|de|le|"
    "0:|00:|i-0e|18446744073709551616:",
    "magnet": "magnet:?|xt=urn:btih:|xt=urn:btmh:1220|&dn=|&tr=|&xt.1=|%00|%3a|+|&amp;",
    "rewriting": "http://|https://|localhost|127.0.0.1|[::1]|[::ffff:127.0.0.1]|/dl/|/jk|@|:|#|%2F|"
    f"?jackett_apikey={seeds.KEY}|\\|.localhost|xn--|\N{CIRCLED LATIN SMALL LETTER L}ocalhost",
    "title": "by |read |narrated|[ENG / M4B]|mp3|64kbps|unabridged|audiobook|(|)| - |1999",
    "json": '"torrents":{|},"|":{|"|\\|{|}|[|]|,|:|null|"rid":1|"' + "ab" * 20 + '":{',
    "redaction": "apikey=|passkey=|token: |Bearer |Authorization: |&tr=|announce|http://|udp://|"
    "%26|qbt_|SID=|@|&|&amp;|%3D",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something to fuzz; `runs` is what a short run does with it."""

    check: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    max_length: int
    runs: int
    words: tuple[bytes, ...] = ()


def _text(data: bytes) -> str:
    # Bytes that are no UTF-8 become lone surrogates, which are hostile in a way of their own.
    return data.decode("utf-8", "surrogateescape")


def _magnet(data: bytes) -> None:
    properties.magnet(_text(data))


def _rewriting(data: bytes) -> None:
    home, client, text, *_ = (*_text(data).split("\n", 2), "", "")
    # As a set-up leaves them: in one spelling.
    ours, theirs, link = properties.address(home), properties.address(client), properties.link(text)
    if ours is None or theirs is None:
        return
    properties.suggestion(ours, theirs)
    addresses = JackettAddresses.of(ours, theirs, seeds.KEY)
    for from_search in (False, True):
        if link is not None:
            properties.rewriting(addresses, link, from_search=from_search)


def _title(data: bytes) -> None:
    properties.title(_text(data))


def _redaction(data: bytes) -> None:
    before, _, after = _text(data).partition("\n")
    properties.redaction(_CANARY, f"{before}{_CANARY}{after}{_CANARY}{before}")
    properties.redaction('cor/rect h&r"se+ü', f"{before}cor%2frect+h%26r%22se%2B%C3%BC{after}")
    for name in ("apikey=", "Set-Cookie: SID=", "Authorization: Bearer ", "?passkey="):
        properties.shape(_CANARY, f"{before} {name}{_CANARY}&{after}")


def _deltas(data: bytes) -> None:
    made = _Answers(data)
    answers = [made.answer() for _ in range(4)]
    space = {"free_space_on_disk": 5}
    properties.deltas(
        answers, {**made.honest(), "rid": 7, "full_update": True, "server_state": space}
    )


class _Answers:
    """Makes answers of `sync/maindata` of bytes: what is right, and what is wrong everywhere."""

    _FIELDS = (
        "name state progress size completed dlspeed eta num_seeds ratio category save_path tags "
        "added_on completion_on infohash_v1 infohash_v2 hash savePath"
    ).split()
    _VALUES: tuple[Any, ...] = (
        "", "x", "a, b", "downloading", "ab" * 20, "\ud800", 0, 1, -1, 0.5, -0.0, 2**31, 2**63,
        10**400, float("nan"), float("inf"), float("-inf"), True, False, None, [], ["x"], [["x"]],
        {}, {"x": 1}, {"x": {"x": {}}}, [None], 8640000, 2**32 - 1, "\0", "9" * 50, {"a": None},
    )  # fmt: skip
    _PARTS = (
        "torrents torrents_removed categories categories_removed server_state full_update rid"
    ).split()

    def __init__(self, data: bytes) -> None:
        self._bytes = iter(data)

    def _pick[T](self, choices: Sequence[T]) -> T:
        """Return what the next byte says; behind the last byte, the first choice."""
        return choices[next(self._bytes, 0) % len(choices)]

    def answer(self) -> dict[str, Any]:
        """Return an answer, each part of which may be what it should or anything at all."""
        made = {**self.honest(), "rid": self._pick([1, 2, 3])}
        for part in self._PARTS:
            match self._pick(range(8)):
                case 0 | 1:
                    made.pop(part, None)
                case 2:
                    made[part] = self._pick(self._VALUES)
        return made

    def honest(self) -> dict[str, Any]:
        """Return the parts of an answer in which all records are complete, if odd."""
        torrents = {self._name(): self._record() for _ in range(self._pick(range(4)))}
        return {
            "torrents": torrents,
            "torrents_removed": [self._name() for _ in range(self._pick(range(3)))],
            "categories": {
                self._name(): {"savePath": self._pick(["", "/a", "/b"])}
                for _ in range(self._pick(range(3)))
            },
            "categories_removed": [self._name() for _ in range(self._pick(range(2)))],
            "server_state": {"free_space_on_disk": self._pick([5, *self._VALUES])},
        }

    def _name(self) -> str:
        return self._pick(["a", "b", "c", "ab" * 20])

    def _record(self) -> dict[str, Any]:
        return {name: self._pick(self._VALUES) for name in self._FIELDS}


def _target(
    name: str,
    check: Callable[[bytes], None],
    beginnings: Callable[[], Iterator[bytes]],
    *,
    max_length: int,
    runs: int,
) -> Target:
    words = tuple(word.encode() for word in _WORDS.get(name, "").split("|") if word)
    return Target(check=check, seeds=beginnings, max_length=max_length, runs=runs, words=words)


TARGETS = {
    "feed": _target("feed", properties.feed, seeds.feeds, max_length=8192, runs=10_000),
    "torrent": _target("torrent", properties.torrent, seeds.torrents, max_length=4096, runs=40_000),
    "magnet": _target("magnet", _magnet, seeds.magnets, max_length=2048, runs=40_000),
    "rewriting": _target("rewriting", _rewriting, seeds.links, max_length=512, runs=10_000),
    "title": _target("title", _title, seeds.titles, max_length=1200, runs=20_000),
    "deltas": _target("deltas", _deltas, seeds.answers, max_length=512, runs=15_000),
    "json": _target("json", properties.long_json, seeds.listings, max_length=2048, runs=20_000),
    "redaction": _target("redaction", _redaction, seeds.secrets, max_length=2048, runs=15_000),
}
