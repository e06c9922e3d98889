"""Measuring candidates in turns, so that whatever the machine does meanwhile strikes them all."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
import gc
import statistics
import time

type Deed = Callable[[], Awaitable[object]]
type Now = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something to be measured; `times` is how often it is done for one sample.

    `before` and `after` are done each time, unmeasured. What takes long is left out after `rounds`.
    """

    do: Deed
    times: int = 1
    rounds: int | None = None
    before: Deed | None = None
    after: Deed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What doing it once took: seconds by the clock, CPU of this process, CPU of another."""

    wall: float
    cpu: float
    other_cpu: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of some values, between which most of them lie, and how many they are."""

    median: float
    low: float
    high: float
    number: int


def spread(values: Sequence[float]) -> Spread:
    """Return the median with the quartiles; of fewer than four values, the outermost ones."""
    if not values:
        raise ValueError("nothing was measured")
    low, high = min(values), max(values)
    if len(values) >= 4:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median=statistics.median(values), low=low, high=high, number=len(values))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that so large a share of the values does not exceed."""
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Return the ratios of values that were measured one after the other."""
    return [a / b for a, b in zip(over, under, strict=True) if b > 0]


async def alternate(
    candidates: Mapping[str, Candidate],
    rounds: int,
    *,
    other_cpu: Now = lambda: 0.0,
    warm_up: bool = True,
) -> dict[str, list[Sample]]:
    """Do the candidates in turns, A B A B, and return the samples of each.

    `other_cpu` tells the CPU seconds of another process, mostly the server's. What the first time
    costs more, it costs before the first round.
    """
    if warm_up:
        for candidate in candidates.values():
            await _measured(candidate, other_cpu)
    samples: dict[str, list[Sample]] = {name: [] for name in candidates}
    for done in range(rounds):
        for name, candidate in candidates.items():
            if candidate.rounds is None or done < candidate.rounds:
                samples[name].append(await _sample(candidate, other_cpu))
    return samples


async def _sample(candidate: Candidate, other_cpu: Now) -> Sample:
    """Do a candidate as often as a sample needs, and return the mean."""
    # What was left for the garbage collector before is not its business.
    gc.collect()
    samples = [await _measured(candidate, other_cpu) for _ in range(candidate.times)]
    return Sample(
        wall=statistics.fmean(sample.wall for sample in samples),
        cpu=statistics.fmean(sample.cpu for sample in samples),
        other_cpu=statistics.fmean(sample.other_cpu for sample in samples),
    )


async def _measured(candidate: Candidate, other_cpu: Now) -> Sample:
    """Do a candidate once."""
    if candidate.before is not None:
        await candidate.before()
    other, cpu, wall = other_cpu(), time.process_time(), time.perf_counter()
    await candidate.do()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    other = other_cpu() - other
    if candidate.after is not None:
        await candidate.after()
    return Sample(wall=wall, cpu=cpu, other_cpu=other)
