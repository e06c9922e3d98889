"""The mirror of a server's torrents, kept up to date by deltas."""

import asyncio
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.auralarchive.engine.mirror import (
    COMPLETE_STATES,
    Category,
    Changes,
    Mirror,
    Torrent,
    TorrentState,
    is_within,
    read_torrent_record,
)

V1, V2 = "a1" * 20, "b2" * 32
HYBRID = {"infohash_v1": V1, "infohash_v2": V2, "name": "Hybrid", "category": "audiobooks"}

type Record = dict[str, Any]


def _full(rid: int = 1, **parts: object) -> Record:
    return {"rid": rid, "full_update": True, **parts}


def _mirror(**torrents: Record) -> Mirror:
    mirror = Mirror()
    mirror.apply(_full(torrents=torrents))
    return mirror


def _changes(
    added: set[str] | None = None,
    updated: set[str] | None = None,
    removed: set[str] | None = None,
    *,
    completed: set[str] | None = None,
    other: bool = False,
) -> Changes:
    return Changes(
        added=added or set(),
        updated=updated or set(),
        removed=removed or set(),
        completed=completed or set(),
        other=other,
    )


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("error", TorrentState.ERROR),
        ("missingFiles", TorrentState.MISSING_FILES),
        ("allocating", TorrentState.DOWNLOADING),
        ("downloading", TorrentState.DOWNLOADING),
        ("forcedDL", TorrentState.DOWNLOADING),
        ("metaDL", TorrentState.FETCHING_METADATA),
        ("forcedMetaDL", TorrentState.FETCHING_METADATA),
        ("stalledDL", TorrentState.STALLED),
        ("queuedDL", TorrentState.QUEUED),
        ("pausedDL", TorrentState.STOPPED),
        ("stoppedDL", TorrentState.STOPPED),
        ("checkingDL", TorrentState.CHECKING),
        ("checkingUP", TorrentState.CHECKING),
        ("checkingResumeData", TorrentState.CHECKING),
        ("moving", TorrentState.MOVING),
        ("uploading", TorrentState.SEEDING),
        ("forcedUP", TorrentState.SEEDING),
        ("stalledUP", TorrentState.SEEDING),
        ("queuedUP", TorrentState.SEEDING),
        ("pausedUP", TorrentState.COMPLETED),
        ("stoppedUP", TorrentState.COMPLETED),
        ("unknown", TorrentState.UNKNOWN),
        ("inventedNextYear", TorrentState.UNKNOWN),
        (None, TorrentState.UNKNOWN),
    ],
)
def test_states(name: str | None, state: TorrentState) -> None:
    """Every name of every version has a word of ours."""
    torrent = read_torrent_record({"hash": V1, "state": name})
    assert torrent.state is state
    assert torrent.is_complete == (state in COMPLETE_STATES)
    assert torrent.has_problem == (state in {TorrentState.ERROR, TorrentState.MISSING_FILES})


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("eta", 8640000, "eta", None),
        ("eta", 8640001, "eta", None),
        ("eta", 0, "eta", None),
        ("eta", -1, "eta", None),
        ("eta", 2**70, "eta", None),
        ("eta", 59, "eta", 59),
        ("completion_on", -1, "completed_on", None),
        ("completion_on", 0, "completed_on", None),
        ("completion_on", 2**32 - 1, "completed_on", None),
        ("completion_on", 1_770_000_000, "completed_on", 1_770_000_000),
        ("added_on", 1_770_000_000, "added_on", 1_770_000_000),
        ("added_on", None, "added_on", None),
        ("tags", "", "tags", frozenset()),
        ("tags", "a, b,c", "tags", frozenset("abc")),
        ("progress", 0.5, "progress", 0.5),
        ("progress", 1, "progress", 1.0),
        ("progress", None, "progress", 0.0),
        ("ratio", -1, "ratio", 0.0),
        ("size", -1, "size", 0),
        ("size", 12.0, "size", 12),
        ("completed", 7, "downloaded", 7),
        ("dlspeed", "fast", "speed", 0),
        ("num_seeds", 3, "seeders", 3),
        ("infohash_v1", "", "infohash_v1", None),
        ("infohash_v2", V2, "infohash_v2", V2),
        ("category", "a/b", "category", "a/b"),
        ("save_path", "/d", "save_path", "/d"),
        ("name", 5, "name", ""),
    ],
)
def test_fields(key: str, value: object, field: str, expected: object) -> None:
    """Odd values of odd versions are read as what they mean."""
    assert getattr(read_torrent_record({"hash": V1, key: value}), field) == expected
    mirror = _mirror(x={"name": "before"})
    mirror.apply({"rid": 2, "torrents": {"x": {key: value}}})
    assert getattr(mirror.torrents["x"], field) == expected


def test_a_delta_changes_only_what_it_names() -> None:
    """And says what that was."""
    mirror = _mirror(x={"name": "X", "size": 5, "state": "downloading"}, y={"name": "Y"})
    changes = mirror.apply({"rid": 2, "torrents": {"x": {"state": "uploading"}, "z": {"size": 1}}})
    assert changes == _changes(added={"z"}, updated={"x"}, completed={"x"})
    assert (mirror.torrents["x"].name, mirror.torrents["x"].size) == ("X", 5)
    assert mirror.torrents["x"].state is TorrentState.SEEDING
    assert mirror.rid == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"rid": 2}, _changes()),
        ({}, _changes()),
        ({"rid": 2, "torrents": {"x": {}}}, _changes()),
        ({"rid": 2, "torrents": {"x": {"name": "X"}}}, _changes()),
        ({"rid": 2, "torrents": {"x": {"uploaded": 5}}}, _changes()),
        ({"rid": 2, "torrents_removed": ["x", "unknown"]}, _changes(removed={"x"})),
        ({"rid": 2, "categories": {"c": {"name": "c"}}}, _changes()),
        ({"rid": 2, "categories": {"c": {"savePath": "/n"}}}, _changes(other=True)),
        ({"rid": 2, "categories": {"d": {"savePath": ""}}}, _changes(other=True)),
        ({"rid": 2, "categories_removed": ["c"]}, _changes(other=True)),
        ({"rid": 2, "categories_removed": ["d"]}, _changes()),
        ({"rid": 2, "server_state": {"free_space_on_disk": 10}}, _changes()),
        ({"rid": 2, "server_state": {"free_space_on_disk": 11}}, _changes(other=True)),
        ({"rid": 2, "server_state": {"free_space_on_disk": -1}}, _changes()),
        ({"rid": 2, "server_state": {"dl_info_speed": 1}}, _changes()),
        (_full(2, torrents={"x": {"name": "X"}}, categories={"c": {"savePath": "/c"}}), _changes()),
        (_full(2), _changes(removed={"x"}, other=True)),
        (_full(2, torrents={"y": {}}, categories={"c": {}}), _changes({"y"}, removed={"x"})),
    ],
    ids=[
        "nothing", "empty", "no-fields", "same-value", "field-of-no-interest", "removed",
        "same-category", "category-moved", "category-added", "category-removed",
        "unknown-category-removed", "same-space", "other-space", "unknown-space", "no-space",
        "full-same", "full-empty", "full-other",
    ],
)  # fmt: skip
def test_changes(answer: Record, expected: Changes) -> None:
    """Only what changed counts as changed."""
    mirror = Mirror()
    parts: Record = {
        "torrents": {"x": {"name": "X"}},
        "categories": {"c": {"savePath": "/c"}},
        "server_state": {"free_space_on_disk": 10},
    }
    assert mirror.apply(_full(**parts)) == _changes({"x"}, other=True)
    assert (mirror.free_space, mirror.categories) == (10, {"c": Category(name="c", save_path="/c")})
    changes = mirror.apply(answer)
    assert changes == expected
    assert bool(changes) == (expected != _changes())


def test_a_restart_of_the_server() -> None:
    """A full answer makes the mirror right whatever was before, and `rid` starts anew."""
    mirror = _mirror(x={"name": "X"}, y={"name": "Y"})
    mirror.apply({"rid": 900, "torrents": {"x": {"size": 1}}})
    changes = mirror.apply(_full(1, torrents={"y": {"name": "Y"}, "z": {"name": "Z"}}))
    assert changes == _changes(added={"z"}, removed={"x"})
    assert (mirror.rid, set(mirror.torrents)) == (1, {"y", "z"})


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ({V1}, True),
        ({V2[:40]}, True),
        ({"00" * 20, V1}, True),
        ({"00" * 20}, False),
        (set(), False),
    ],
    ids=["v1", "v2", "one-of-two", "unknown", "none"],
)
def test_a_hybrid_is_found_by_either_hash(ids: set[str], found: bool) -> None:
    """It is listed under its v2 hash only."""
    mirror = _mirror(other={"name": "Other"}, **{V2[:40]: HYBRID})
    expected = {True: mirror.torrents[V2[:40]], False: None}[found]
    assert mirror.find(frozenset(ids)) is expected


def test_a_magnet_changes_its_id_with_its_metadata() -> None:
    """Known by v1 only, it is found by both once it turns out to be a hybrid."""
    mirror = _mirror(**{V1: {"name": "Hybrid", "infohash_v1": V1, "state": "metaDL"}})
    mirror.apply({"rid": 2, "torrents_removed": [V1], "torrents": {V2[:40]: HYBRID}})
    found = mirror.find(frozenset({V1}))
    assert found is mirror.torrents[V2[:40]]
    assert found.ids == {V1, V2[:40]}


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("audiobooks", True),
        ("audiobooks/german", True),
        ("audiobooks2", False),
        ("", False),
        ("Audiobooks", False),
        ("other/audiobooks", False),
    ],
)
def test_sub_categories(category: str, expected: bool) -> None:
    """A category holds what its sub-categories hold."""
    assert is_within(category, "audiobooks") is expected
    mirror = _mirror(x={"category": category})
    assert mirror.of_category("audiobooks") == [*mirror.torrents.values()] * expected


_RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["A", "B", ""]),
        "state": st.sampled_from(["downloading", "stalledUP", "metaDL", "odd"]),
        "progress": st.sampled_from([0, 0.5, 1]),
        "size": st.integers(-1, 3),
        "eta": st.sampled_from([5, 8640000]),
        "category": st.sampled_from(["", "a", "a/b"]),
        "tags": st.sampled_from(["", "x", "x, y"]),
        "uploaded": st.integers(0, 2),
    },
)
_LISTINGS = st.dictionaries(st.sampled_from("abcdef"), _RECORDS)


def _complete(listing: dict[str, Record]) -> dict[str, Record]:
    """A server names every field of a torrent that it lists."""
    blank = dict.fromkeys(("name", "state", "category", "tags"), "")
    return {key: {**blank, "progress": 0, "size": 0, "eta": 0, **listing[key]} for key in listing}


def _delta(rid: int, before: dict[str, Record], after: dict[str, Record]) -> Record:
    changed = {
        key: {
            name: value
            for name, value in after[key].items()
            if before.get(key, {}).get(name) != value
        }
        for key in after
        if before.get(key) != after[key]
    }
    return {"rid": rid, "torrents": changed, "torrents_removed": sorted(before.keys() - after)}


@given(st.lists(_LISTINGS, min_size=1, max_size=6))
def test_deltas_come_to_the_same_as_a_full_answer(listings: list[dict[str, Record]]) -> None:
    """However often and whatever changes in between."""
    states = [_complete(listing) for listing in listings]
    mirror = Mirror()
    mirror.apply(_full(1, torrents=states[0]))
    for number, (before, after) in enumerate(pairwise(states)):
        seen: dict[str, Torrent] = mirror.torrents.copy()
        changes = mirror.apply(_delta(number + 2, before, after))
        now = mirror.torrents
        assert changes.added == now.keys() - seen.keys()
        assert changes.removed == seen.keys() - now.keys()
        assert changes.updated == {key for key in now if key in seen and now[key] != seen[key]}
    fresh = Mirror()
    fresh.apply(_full(1, torrents=states[-1]))
    assert mirror.torrents == fresh.torrents


async def test_a_long_list_is_read_in_turns() -> None:
    """Others see all of it or nothing, and it comes to the same."""
    listing = _complete({f"{number}": {"name": f"{number}"} for number in range(1000)})
    mirror, at_once = _mirror(x={"name": "X"}), _mirror(x={"name": "X"})
    before = mirror.torrents.copy()
    seen: list[bool] = []

    async def watch() -> None:
        while mirror.torrents == before:
            seen.append(True)
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    changes = await mirror.apply_in_turns(_full(2, torrents=listing))
    await watching
    assert len(seen) >= 4
    assert changes == at_once.apply(_full(2, torrents=listing))
    assert (mirror.torrents, mirror.rid) == (at_once.torrents, 2)
