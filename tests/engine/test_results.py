"""Results that are handed out under opaque ids."""

import pytest

from custom_components.auralarchive.engine.results import KEPT_RESULTS, KEPT_SECONDS, ResultStore
from custom_components.auralarchive.engine.torznab import Release

RELEASE = Release(title="The Hollow Tide", indexer_id="lab", indexer="Lab", guid="1")


class _Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_result_comes_back_by_its_id() -> None:
    """Each time it is put it has another one, which says nothing."""
    store = ResultStore()
    ids = {store.put(RELEASE) for _ in range(100)}
    assert len(ids) == 100
    assert all(store.get(result_id) is RELEASE for result_id in ids)
    assert store.get("unknown") is None


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, RELEASE), (KEPT_SECONDS - 1, RELEASE), (KEPT_SECONDS, None)]
)
def test_results_grow_old(seconds: float, expected: Release | None) -> None:
    """They are kept for an hour."""
    clock = _Clock()
    store = ResultStore(clock)
    result_id = store.put(RELEASE)
    clock.now += seconds
    assert store.get(result_id) is expected
    clock.now -= seconds
    assert store.get(result_id) is expected


def test_the_oldest_make_room() -> None:
    """The store does not grow without end."""
    store = ResultStore()
    ids = [store.put(RELEASE) for _ in range(KEPT_RESULTS + 2)]
    assert [store.get(result_id) for result_id in ids[:3]] == [None, None, RELEASE]
    assert store.get(ids[-1]) is RELEASE
