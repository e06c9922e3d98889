"""A search of many indexers, of which some fail, against Jackett's own search of all."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from custom_components.auralarchive.engine.torznab import Indexer, parse_feed
from scripts.benchmarks import feeds
from scripts.benchmarks.apart import jackett
from scripts.benchmarks.figures import TIMES, Part
from scripts.benchmarks.home import act, home, load, ours
from scripts.benchmarks.measure import Candidate, alternate, spread
from scripts.benchmarks.server import running
from scripts.lab.jackett_api import API_KEY

# Everything that takes seconds takes this share of them.
_SCALE, _SHORT_SCALE = 0.125, 0.05
_CUT = 40.0
# Of how many indexers one hangs once more; that takes until Jackett's cut.
_ONE_HANGS = 30
_DEADLINE = 20.0
_ALL = Indexer(id="all", name="All")
OURS, JACKETT = "ours", "Jackett's all"


async def measure(folder: Path, *, short: bool) -> Part:
    """Measure searches of many indexers."""
    part = Part("indexers", "A search: many indexers")
    rounds, scale = (1, _SHORT_SCALE) if short else (2, _SCALE)
    with running("5.3", folder / "server") as server:
        for number in (10,) if short else (10, 30, 60):
            for hangs in (False, True) if short or number == _ONE_HANGS else (False,):
                arguments = [str(number), str(scale), str(_CUT * scale)]
                with jackett("many", *arguments, *(["hangs"] if hangs else [])) as url:
                    async with home(folder / f"home-{number}-{hangs}") as hass:
                        await load(hass, ours(server, url))
                        await _measure(part, hass, url, _Set(number, scale, hangs), rounds)
    part.remarks += [
        (
            f"Times are {scale:g} of real ones: the deadline of {_DEADLINE:g} s is "
            f"{_DEADLINE * scale:g} s here, Jackett's cut of {_CUT:g} s is {_CUT * scale:g} s, and "
            f"the slow indexer's {feeds.SLOW:g} s are {feeds.SLOW * scale:g} s. One indexer fails, "
            "and where it says so one never answers; Jackett is the stand-in."
        ),
        (
            "Whether an indexer hangs or is merely slow nobody can tell before the deadline: with "
            "one that hangs, that is when the answer can be there."
        ),
    ]
    return part


@dataclass(frozen=True, slots=True)
class _Set:
    """How many indexers there are, how quick, and whether one never answers."""

    number: int
    scale: float
    hangs: bool


async def _measure(part: Part, hass: HomeAssistant, url: str, given: _Set, rounds: int) -> None:
    """Measure one set of indexers."""
    number, hangs = given.number, given.hangs
    deadline, slowest = _DEADLINE * given.scale, feeds.SLOW * given.scale
    answers: list[Mapping[str, Any]] = []
    counts: list[int] = []
    session = async_get_clientsession(hass)
    address = f"{url}/api/v2.0/indexers/all/results/torznab/api"
    query = {"apikey": API_KEY, "t": "search", "q": feeds.WORD}

    async def search() -> None:
        answers.append(
            await act(hass, "search", query=feeds.WORD, deadline=deadline, max_results=200)
        )

    async def search_all() -> None:
        async with session.get(address, params=query) as answer:
            counts.append(len(parse_feed(await answer.read(), _ALL)))

    samples = await alternate(
        {OURS: Candidate(do=search), JACKETT: Candidate(do=search_all)}, rounds, warm_up=False
    )
    row = f"{number} indexers{', one hangs' if hangs else ''}"
    x = None if hangs else number
    for name, taken in samples.items():
        part.note("Time to the answer", "s", row, name, [one.wall for one in taken], x=x)
    found = [sum(one["results"] for one in answer["indexers"]) for answer in answers]
    part.note("Releases found", "releases", row, OURS, found)
    part.note("Releases found", "releases", row, JACKETT, counts)
    due = deadline if hangs else slowest
    wording = "the deadline" if hangs else "the slowest indexer"
    took = spread([one.wall for one in samples[OURS]]).median
    part.at_most(f"{row}: time of {wording}", took / due, 1.1, TIMES)
    expected = {f"indexer-{one}": "ok" for one in range(number)} | {"indexer-1": "failed"}
    if hangs:
        expected["indexer-3"] = "timed_out"
    wrong = [
        one["id"]
        for answer in answers
        for one in answer["indexers"]
        if expected[one["id"]] != one["status"]
    ]
    named = min(len(answer["indexers"]) for answer in answers)
    part.at_least(f"{row}: indexers whose outcome is named, rightly", named - len(wrong), number)
