"""The benchmark's own reckoning: medians, spreads, ratios, and candidates in turns."""

from collections.abc import Sequence
import gc

import pytest

from scripts.benchmarks.lag import Late, lags
from scripts.benchmarks.measure import (
    Candidate,
    Spread,
    alternate,
    percentile,
    ratios,
    spread,
)
from tests.conftest import until


@pytest.mark.parametrize(
    ("values", "median", "low", "high"),
    [
        pytest.param([3.0], 3, 3, 3, id="one"),
        pytest.param([5.0, 1.0], 3, 1, 5, id="two"),
        pytest.param([9.0, 1.0, 2.0], 2, 1, 9, id="three: the outermost"),
        pytest.param([1.0, 2.0, 3.0, 4.0, 100.0], 3, 2, 4, id="five: the quartiles"),
    ],
)
def test_spread(values: Sequence[float], median: float, low: float, high: float) -> None:
    """One value far off moves neither the median nor, of many, the spread."""
    assert spread(values) == Spread(median=median, low=low, high=high, number=len(values))


@pytest.mark.parametrize("reckon", [spread, lambda values: percentile(values, 0.5)])
def test_nothing_measured(reckon: object) -> None:
    """No figure is made of nothing."""
    assert callable(reckon)
    with pytest.raises(ValueError, match="nothing was measured"):
        reckon([])


@pytest.mark.parametrize(
    ("share", "value"), [(0, 1), (0.5, 51), (0.99, 100), (1, 100)], ids="0 50 99 100".split()
)
def test_percentile(share: float, value: float) -> None:
    """Of a hundred values, 99 % do not exceed the last but one, at most."""
    assert percentile([float(one) for one in range(100, 0, -1)], share) == value


def test_ratios() -> None:
    """They are of neighbours; what took no time that a clock could see has none."""
    assert ratios([10, 30, 5], [5, 10, 0]) == [2, 3]
    with pytest.raises(ValueError, match="zip"):
        ratios([1], [])


async def test_alternate() -> None:
    """A and B take turns; what is done before and after is done for each of them."""
    told: list[str] = []

    def candidate(name: str, times: int = 1) -> Candidate:
        async def tell(what: str) -> None:
            told.append(f"{what}{name}")

        return Candidate(
            do=lambda: tell("do "),
            before=lambda: tell("before "),
            after=lambda: tell("after "),
            times=times,
        )

    samples = await alternate({"a": candidate("a"), "b": candidate("b", times=2)}, rounds=2)
    a = ["before a", "do a", "after a"]
    b = ["before b", "do b", "after b"]
    warm_up, one_round = [*a, *b], [*a, *b, *b]
    assert told == [*warm_up, *one_round, *one_round]
    assert {name: len(taken) for name, taken in samples.items()} == {"a": 2, "b": 2}


async def test_what_takes_long_is_left_out_of_later_rounds() -> None:
    """The others go on taking turns."""
    told: list[str] = []

    async def tell(what: str) -> None:
        told.append(what)

    samples = await alternate(
        {
            "a": Candidate(do=lambda: tell("a"), rounds=1),
            "b": Candidate(do=lambda: tell("b")),
        },
        rounds=3,
        warm_up=False,
    )
    assert told == ["a", "b", "b", "b"]
    assert {name: len(taken) for name, taken in samples.items()} == {"a": 1, "b": 3}


async def test_full_garbage_collections_are_told_apart() -> None:
    """How late they made a timer is known; nothing is less late for them than it was."""
    late = Late()

    async def looked() -> int:
        return len(late.seconds)

    gc.disable()
    try:
        async with lags(late):
            times = await until(looked, bool)
            gc.collect(0)
            collections = [late.collections]
            gc.collect()
            collections.append(late.collections)
            await until(looked, lambda now: now > times)
    finally:
        gc.enable()
    assert collections == [0, 1]
    assert sum(late.besides) < sum(late.seconds)
    assert all(0 <= without <= raw for raw, without in zip(late.seconds, late.besides, strict=True))
    assert late.note_collection not in gc.callbacks


async def test_only_the_candidate_is_measured() -> None:
    """What another process uses before and after is left out; of several times, it is the mean."""
    used = 0.0

    async def use(seconds: float) -> None:
        nonlocal used
        used += seconds

    candidate = Candidate(
        do=lambda: use(1), before=lambda: use(100), after=lambda: use(1000), times=3
    )
    samples = await alternate({"it": candidate}, rounds=2, other_cpu=lambda: used, warm_up=False)
    assert [sample.other_cpu for sample in samples["it"]] == [1, 1]
    assert used == 2 * 3 * 1101
