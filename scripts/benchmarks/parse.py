"""Reading a feed: against feedparser, the package torznab, and expat that does nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.request import urlopen
from xml.parsers import expat

import feedparser
import torznab

from custom_components.auralarchive.engine.ranking import rank
from custom_components.auralarchive.engine.titles import read_title
from custom_components.auralarchive.engine.torznab import Indexer, parse_feed
from scripts.benchmarks.apart import jackett
from scripts.benchmarks.feeds import WORD
from scripts.benchmarks.figures import TIMES, Part
from scripts.benchmarks.home import act, home, load, ours
from scripts.benchmarks.lag import BESIDES, Late, lags
from scripts.benchmarks.measure import Candidate, Deed, alternate, percentile, ratios, spread
from scripts.benchmarks.server import running
from scripts.lab.jackett_api import API_KEY
from scripts.lab.loop_probe import probe

_ROUNDS = {100: 15, 1000: 9, 10_000: 2}
_SHORT = {100: 2}
_FEW = 1000
_SEARCHES = 3
_INDEXER = Indexer(id="lab", name="Lab")
OURS, FEEDPARSER, TORZNAB, EXPAT = "ours", "feedparser", "torznab", "expat alone"
_TITLES, _RANKING = "ours: titles", "ours: titles and ranking"


async def measure(folder: Path, *, short: bool) -> Part:
    """Measure what becomes of a feed."""
    part = Part("parse", "A search: reading feeds")
    with jackett("large") as url:
        for items, rounds in (_SHORT if short else _ROUNDS).items():
            await _measure(part, _feed(url, items), items, rounds)
        await _probe(part, folder, url, _SHORT if short else _ROUNDS)
    part.remarks += [
        (
            "The feeds are as Jackett writes them, about two kilobytes for each item. Ours makes "
            "releases of them, with dates, numbers, magnets and infohashes read and checked."
        ),
        (
            "The event loop is looked at while feeds come through the action `search`, from "
            "Jackett to the ranked answer. The longest callback is in CPU time of the loop's "
            "thread; a timer is late for other processes and threads, too."
        ),
    ]
    return part


def _feed(url: str, items: int) -> bytes:
    address = f"{url}/api/v2.0/indexers/{items}/results/torznab/api?apikey={API_KEY}&t=search&q="
    with urlopen(address) as answer:
        data: bytes = answer.read()
    return data


async def _measure(part: Part, feed: bytes, items: int, rounds: int) -> None:
    """Measure a feed of so many items."""
    text = feed.decode()
    found = parse_feed(feed, _INDEXER)
    counts = {OURS: len(found), TORZNAB: len(torznab.parse_torznab(text))}
    # It takes seconds for many, which are no others than the few are.
    if items <= _FEW:
        counts[FEEDPARSER] = len(feedparser.parse(feed).entries)
    if set(counts.values()) != {items}:
        raise ValueError(f"not all have read {items} items: {counts}")
    deeds: Mapping[str, Callable[[], object]] = {
        EXPAT: lambda: _expat(feed),
        OURS: lambda: parse_feed(feed, _INDEXER),
        TORZNAB: lambda: torznab.parse_torznab(text),
        FEEDPARSER: lambda: feedparser.parse(feed),
        _TITLES: lambda: [read_title(release.title) for release in found],
        _RANKING: lambda: rank(found, f"the {WORD} of book"),
    }
    times = {name: max(1, 1000 // items) for name in deeds} | {FEEDPARSER: 1}
    samples = await alternate(
        {name: Candidate(do=_as_deed(do), times=times[name]) for name, do in deeds.items()},
        rounds,
        warm_up=False,
    )
    cpu = {name: [sample.cpu for sample in taken] for name, taken in samples.items()}
    for name, seconds in cpu.items():
        rates = [items / one for one in seconds]
        part.note("Items a second", "items/s", f"{items} items", name, rates, x=items)
        part.note(
            "CPU for a feed", "ms", f"{items} items", name, [1e3 * one for one in seconds], x=items
        )
    row = f"{items} items"
    for name in (FEEDPARSER, TORZNAB):
        part.note("Times as quick as", TIMES, row, name, ratios(cpu[name], cpu[OURS]), x=items)
    quick = spread(ratios(cpu[FEEDPARSER], cpu[OURS])).median
    slow = spread(ratios(cpu[OURS], cpu[EXPAT])).median
    part.at_least(f"{items} items: quicker than feedparser", quick, 10, TIMES)
    part.at_most(f"{items} items: time of expat alone", slow, 2.5, TIMES)


def _as_deed(do: Callable[[], object]) -> Deed:
    async def deed() -> None:
        do()

    return deed


def _expat(feed: bytes) -> None:
    """Parse with handlers that do nothing."""
    parser = expat.ParserCreate(None, "}")
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: None
    parser.EndElementHandler = lambda tag: None
    parser.CharacterDataHandler = lambda text: None
    parser.Parse(feed, True)


async def _probe(part: Part, folder: Path, url: str, sizes: Mapping[int, int]) -> None:
    """Look how long the event loop is kept during searches."""
    with running("5.3", folder / "server") as server:
        async with home(folder / "home") as hass:
            entry = ours(server, url)
            await load(hass, entry)
            for items in sizes:
                callbacks, took = [], []
                late = Late()
                for _ in range(_SEARCHES):
                    began = hass.loop.time()
                    with probe() as busy:
                        async with lags(late):
                            found = await act(
                                hass, "search", query=WORD, indexers=[str(items)], max_results=200
                            )
                    took.append(hass.loop.time() - began)
                    callbacks.append(busy.longest)
                    if found["indexers"][0]["results"] != items:
                        raise ValueError(f"not all of {items} items were found: {found}")
                row = f"{items} items"
                for name, values in (
                    ("the search", took),
                    ("the longest callback", callbacks),
                    ("a timer, 99 % of times", [percentile(late.seconds, 0.99)]),
                    ("a timer, at most", [max(late.seconds)]),
                    (BESIDES, [max(late.besides)]),
                ):
                    seconds = [1e3 * one for one in values]
                    part.note("The event loop meanwhile", "ms", row, name, seconds, x=items)
                part.at_most(f"{items} items: longest callback", 1e3 * max(callbacks), 20, "ms")
                for wording, worst in (
                    ("the event loop never later than", late.seconds),
                    ("the same, full garbage collections left out", late.besides),
                ):
                    part.at_most(f"{items} items: {wording}", 1e3 * max(worst), 20, "ms")
                if late.collections:
                    part.remarks.append(
                        f"{_SEARCHES} searches of {items} items brought on {late.collections} full "
                        "collections of Python's garbage collector."
                    )
