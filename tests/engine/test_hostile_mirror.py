"""Deltas in any order, and answers from a server that is none: a full answer heals everything."""

from collections.abc import Callable
import json
from typing import Any

from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
import pytest

from custom_components.auralarchive.engine.errors import QbittorrentFailedError
from custom_components.auralarchive.engine.mirror import (
    Category,
    Mirror,
    Torrent,
    read_torrent_record,
)
from scripts.fuzzing.properties import at_once, deltas
from scripts.fuzzing.targets import TARGETS

from .hostile import FEW, FIXED

type Record = dict[str, Any]

_FIELDS: Record = {
    "name": st.sampled_from(["A", "B", ""]),
    "state": st.sampled_from(["downloading", "stalledUP", "metaDL", "odd"]),
    "progress": st.sampled_from([0, 0.5, 1]),
    "size": st.integers(-1, 3),
    "eta": st.sampled_from([5, 8640000]),
    "category": st.sampled_from(["", "a", "a/b"]),
    "tags": st.sampled_from(["", "x", "x, y"]),
    "infohash_v2": st.sampled_from(["", "cd" * 32]),
    "added_on": st.sampled_from([-1, 1_770_000_000]),
}
_COMPLETE = st.fixed_dictionaries(_FIELDS)
_CHANGED = st.fixed_dictionaries({}, optional=_FIELDS)
_HASHES = st.sampled_from([letter * 40 for letter in "abcd"])
_CATEGORIES = st.sampled_from(["a", "a/b", "c"])

_ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
    | st.sampled_from([10**400, -(10**400), 2**63, 8640000, "downloading", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(_HASHES | st.sampled_from([*_FIELDS, "savePath", "hash"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_PARTS = {
    "torrents": st.dictionaries(_HASHES, _CHANGED | _ODD, max_size=3),
    "torrents_removed": st.lists(_HASHES | _ODD, max_size=3),
    "categories": st.dictionaries(_CATEGORIES, st.fixed_dictionaries({"savePath": _ODD}) | _ODD),
    "categories_removed": st.lists(_CATEGORIES | _ODD, max_size=2),
    "server_state": st.fixed_dictionaries({}, optional={"free_space_on_disk": _ODD}),
    "full_update": st.booleans(),
    "rid": st.integers(0, 5),
}
_ANSWERS = st.fixed_dictionaries({}, optional={name: good | _ODD for name, good in _PARTS.items()})


class _Server(RuleBasedStateMachine):
    """A server that keeps account of what it has told, and a mirror that polls it.

    What it sends goes through JSON, as it does in life. A hostile answer may make the mirror wrong
    until the next full one, and no longer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mirror = Mirror()
        self.torrents: dict[str, Record] = {}
        self.categories: dict[str, Record] = {}
        self.space = 5
        self.told: Record | None = None
        self.rid = 0
        self.is_right = False

    @rule(infohash=_HASHES, record=_COMPLETE)
    def add(self, infohash: str, record: Record) -> None:
        """A torrent comes, or is another one from now on."""
        self.torrents[infohash] = record

    @rule(infohash=_HASHES, fields=_CHANGED)
    def change(self, infohash: str, fields: Record) -> None:
        """A torrent goes on."""
        if infohash in self.torrents:
            self.torrents[infohash] = {**self.torrents[infohash], **fields}

    @rule(infohash=_HASHES)
    def remove(self, infohash: str) -> None:
        """A torrent goes."""
        self.torrents.pop(infohash, None)

    @rule(name=_CATEGORIES, path=st.sampled_from(["", "/a", "/b"]))
    def set_category(self, name: str, path: str) -> None:
        """A category comes or moves."""
        self.categories[name] = {"name": name, "savePath": path}

    @rule(name=_CATEGORIES)
    def remove_category(self, name: str) -> None:
        """A category goes."""
        self.categories.pop(name, None)

    @rule(space=st.integers(0, 9))
    def fill(self, space: int) -> None:
        """The disk is filled."""
        self.space = space

    @rule()
    def restart(self) -> None:
        """The server forgets what it has told."""
        self.told = None

    @rule()
    def poll(self) -> None:
        """The mirror asks for what is new."""
        whole = {
            "torrents": self.torrents,
            "categories": self.categories,
            "server_state": {"free_space_on_disk": self.space},
        }
        now: Record = json.loads(json.dumps(whole))
        knows = self.told is not None and 0 < self.mirror.rid == self.rid
        self.rid += 1
        answer = {"rid": self.rid}
        if knows and self.told is not None:
            for part in ("torrents", "categories"):
                answer |= _difference(part, self.told[part], now[part])
            answer |= _changed("server_state", self.told, now)
        else:
            answer |= {**now, "full_update": True}
            self.is_right = True
        self.mirror.apply(answer)
        self.told = now
        if self.is_right:
            assert self.mirror.torrents == self._expected()
            assert self.mirror.categories == {
                name: Category(name=name, save_path=record["savePath"])
                for name, record in self.categories.items()
            }
            assert (self.mirror.free_space, self.mirror.rid) == (self.space, self.rid)

    @rule(answer=_ANSWERS)
    def answer_as_another_would(self, answer: Record) -> None:
        """Something else answers in the server's place."""
        self.is_right = False
        before = self.mirror.torrents.copy(), self.mirror.categories.copy(), self.mirror.free_space
        try:
            self.mirror.apply(answer)
        except QbittorrentFailedError:
            now = self.mirror.torrents, self.mirror.categories, self.mirror.free_space
            assert (before, self.mirror.rid) == (now, 0)

    @invariant()
    def is_in_order(self) -> None:
        """Whatever has come, each torrent is listed as what it is."""
        assert all(key == torrent.infohash for key, torrent in self.mirror.torrents.items())

    def _expected(self) -> dict[str, Torrent]:
        return {
            infohash: read_torrent_record({**record, "hash": infohash})
            for infohash, record in self.torrents.items()
        }


def _difference(part: str, before: dict[str, Record], now: dict[str, Record]) -> Record:
    """Return what a delta says of a part: whole records of new ones, else the fields that changed.

    What has not changed is not named at all.
    """
    changed = {
        name: {
            field: value
            for field, value in record.items()
            if name not in before or before[name][field] != value
        }
        for name, record in now.items()
        if before.get(name) != record
    }
    gone = sorted(before.keys() - now)
    return {part: changed} | ({f"{part}_removed": gone} if gone else {})


def _changed(part: str, before: Record, now: Record) -> Record:
    return {part: now[part]} if before[part] != now[part] else {}


_Server.TestCase.settings = settings(FEW, stateful_step_count=25)
TestAnyCourseOfThings = _Server.TestCase


@FIXED
@given(st.lists(_ANSWERS, max_size=4), st.dictionaries(_HASHES, _COMPLETE))
def test_a_full_answer_heals(answers: list[Record], torrents: Record) -> None:
    """Whatever came before, taken over or refused."""
    space = {"free_space_on_disk": 5}
    deltas(
        answers,
        {"rid": 9, "full_update": True, "torrents": torrents, "server_state": space},
    )


@FIXED
@given(st.binary(max_size=300))
def test_any_values_anywhere(data: bytes) -> None:
    """In the places of those that belong there."""
    TARGETS["deltas"].check(data)


@pytest.mark.parametrize(
    "part",
    [
        {"torrents": [1]},
        {"torrents": "abc"},
        {"torrents": {"x": 5}},
        {"torrents": {"y": {"name": "Y"}, "x": ["name"]}},
        {"torrents_removed": "x"},
        {"torrents_removed": {"x": 1}},
        {"torrents_removed": [["x"]]},
        {"categories": ["c"]},
        {"categories": {"c": "/path"}},
        {"categories_removed": [{}]},
        {"server_state": [1]},
        {"full_update": True, "torrents": "none"},
    ],
    ids=str,
)
@pytest.mark.parametrize("in_turns", [False, True])
def test_what_is_no_answer_of_a_server(part: Record, in_turns: bool) -> None:
    """Nothing of it is taken over, and the next answer has to be a full one."""
    mirror = Mirror()
    mirror.apply({"rid": 4, "torrents": {"x": {"name": "X"}}, "categories": {"c": {}}})
    before = mirror.torrents.copy(), mirror.categories.copy()
    answer = {"rid": 5, "torrents": {"z": {}}, **part}
    with pytest.raises(QbittorrentFailedError):
        at_once(mirror.apply_in_turns(answer)) if in_turns else mirror.apply(answer)
    assert (mirror.torrents, mirror.categories) == before
    assert mirror.rid == 0


@pytest.mark.parametrize(
    ("field", "text", "read", "expected"),
    [
        ("size", "1e999", lambda torrent: torrent.size, 2**63 - 1),
        ("size", "NaN", lambda torrent: torrent.size, 0),
        ("size", "-Infinity", lambda torrent: torrent.size, 0),
        ("size", "9" * 400, lambda torrent: torrent.size, 2**63 - 1),
        ("progress", "NaN", lambda torrent: torrent.progress, 0.0),
        ("progress", "9" * 400, lambda torrent: torrent.progress, float(2**63)),
        ("ratio", "Infinity", lambda torrent: torrent.ratio, float(2**63)),
        ("added_on", "Infinity", lambda torrent: torrent.added_on, None),
        ("completion_on", "NaN", lambda torrent: torrent.completed_on, None),
        ("eta", "Infinity", lambda torrent: torrent.eta, None),
        ("hash", '"y"', lambda torrent: torrent.infohash, "x"),
    ],
)
def test_numbers_that_json_can_hold(
    field: str, text: str, read: Callable[[Torrent], object], expected: object
) -> None:
    """Each becomes one that can be added up and shown."""
    mirror = Mirror()
    for rid in (1, 2):
        mirror.apply(json.loads(f'{{"rid": {rid}, "torrents": {{"x": {{"{field}": {text}}}}}}}'))
        assert read(mirror.torrents["x"]) == expected


@pytest.mark.parametrize(
    ("rid", "expected"),
    [("7", 7), ("NaN", 0), ("1e999", 2**63 - 1), ('"7"', 0), ("[]", 0), ("null", 0), ("-7", 0)],
)
def test_numbers_of_answers(rid: str, expected: int) -> None:
    """What is none makes the next answer a full one."""
    mirror = Mirror()
    mirror.apply(json.loads(f'{{"rid": {rid}}}'))
    assert mirror.rid == expected


def test_a_full_answer_leaves_nothing_of_what_was_before() -> None:
    """A field that it does not name has not been what another answer said."""
    mirror = Mirror()
    mirror.apply({"rid": 1, "torrents": {"x": {"infohash_v2": "cd" * 32, "size": 5}}})
    changes = mirror.apply({"rid": 1, "full_update": True, "torrents": {"x": {"size": 5}}})
    assert mirror.torrents["x"] == read_torrent_record({"hash": "x", "size": 5})
    assert changes.updated == {"x"}


@pytest.mark.parametrize("path", [5, ["/a"], {"x": {}}, True])
def test_a_path_that_is_none(path: object) -> None:
    """Is no path."""
    mirror = Mirror()
    mirror.apply({"rid": 1, "categories": {"c": {"savePath": path}}})
    assert mirror.categories == {"c": Category(name="c")}
