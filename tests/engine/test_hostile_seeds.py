"""What scripts/fuzz tries for hours, for a moment: its targets, and what it begins with."""

from hypothesis import given, strategies as st
import pytest

from scripts.fuzzing.targets import TARGETS

from .hostile import FIXED, bent


@pytest.mark.parametrize("name", TARGETS)
def test_the_fuzzer_begins_with_what_is_right(name: str) -> None:
    """No seed breaks anything, and none is cut short by the target's bound."""
    target = TARGETS[name]
    seeds = list(target.seeds())
    assert seeds
    for seed in seeds:
        target.check(seed)
        assert len(seed) <= target.max_length


@pytest.mark.parametrize("name", TARGETS)
@FIXED
@given(data=st.data())
def test_bent_seeds(name: str, data: st.DataObject) -> None:
    """Nor does what is nearly a seed."""
    target = TARGETS[name]
    target.check(data.draw(bent(list(target.seeds()), target.words)))
