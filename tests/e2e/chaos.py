"""A day in the life of an entry: polls, faults, and what is to be true after each."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from types import TracebackType
from typing import Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.auralarchive.const import LOGGER
from custom_components.auralarchive.engine.mirror import Torrent, TorrentState, read_torrent_record

from .chaos_notes import Clock, Lines, Transitions
from .faulty_proxy import Fault, FaultyProxy
from .library import COMPLETE, Library, Listing, Record

_CATEGORY = "auralarchive"
_INTERVAL = 10
_JACKETT_INTERVAL = 301
_POLLS_BETWEEN_JACKETT = 30
# Longer than any request may take.
_ENDURANCE = 61
_ENDPOINTS = (None, "sync/maindata", "auth/login", "app/version", "app/webapiVersion")
_FAULTS = tuple(fault for fault in Fault if fault is not Fault.SILENT)
_OUTAGES = tuple(product(_FAULTS, (None, "sync/maindata")))

type Milestone = tuple[str, Mapping[str, str]]


class Day:
    """Lets time pass for an entry, and compares what it claims with what is true."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        proxy: FaultyProxy,
        library: Library,
        random: Random,
        clock: Clock,
    ) -> None:
        """Take everything that has a part in it; `polls` and `outages` are counted."""
        self.proxy = proxy
        self.polls = 0
        self.outages = 0
        self._hass = hass
        self._entry = entry
        self._library = library
        self._random = random
        self._clock = clock
        self._log = Lines()
        self._is_away = False
        self._has_restarted = False
        self._truth: Listing = {}
        self._seen: dict[str, Torrent] = {}
        self._is_complete: dict[str, bool] = {}
        self._claimed = Transitions()
        self._happened = Transitions()
        self._events: dict[str, list[str]] = defaultdict(list)
        self._last_event = ""
        self._milestones: dict[str, list[Milestone]] = {"last_added": [], "last_completed": []}
        self._expected: dict[str, list[Milestone]] = {"last_added": [], "last_completed": []}
        self._unsubscribe: Callable[[], None] = lambda: None
        self.story: list[str] = []

    def __enter__(self) -> Self:
        """Watch."""
        LOGGER.addHandler(self._log)
        self._unsubscribe = self._hass.bus.async_listen(EVENT_STATE_CHANGED, self._note_state)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Watch no longer."""
        LOGGER.removeHandler(self._log)
        self._unsubscribe()

    async def begin(self) -> None:
        """Take what is there for granted, and compare it."""
        self._truth = await asyncio.to_thread(self._library.settle)
        await self.poll()
        self._claimed = Transitions()
        for key in self._milestones:
            self._note_milestone(key, self._hass.states.get(f"sensor.auralarchive_{key}"))
        await self.compare()

    async def pass_by(self, polls: int, quiet: int) -> None:
        """Poll so often; `quiet` is the usual number of polls between two episodes."""
        try:
            await self._pass_by(polls, quiet)
        except AssertionError as err:
            err.add_note("\n".join(self.story[-12:]))
            raise

    async def _pass_by(self, polls: int, quiet: int) -> None:
        episodes = (
            *[self._change] * 4,
            *[self._complete] * 2,
            *[self._any_outage] * 5,
            *[self._hiccup] * 8,
            *[self._rest] * 1,
            self._silence,
            self._restart,
            self._crash,
            *[self._new_session] * 4,
        )
        # Every fault once, and then whatever comes.
        for fault, endpoint in self._random.sample(_OUTAGES, len(_OUTAGES)):
            await self._outage(fault, endpoint)
            self.proxy.heal()
            await self.compare()
        while self.polls < polls:
            for _ in range(self._random.randint(quiet // 2, 2 * quiet)):
                await self.poll()
                assert not self._is_away, "nothing was wrong with this poll"
            episode = self._random.choice(episodes)
            self.tell(f"poll {self.polls}: {episode.__name__.strip('_')}")
            await episode()
            self.proxy.heal()
            await self.compare()
        assert not self._hass.config_entries.flow.async_progress(), "somebody is asked for a login"

    def tell(self, line: str) -> None:
        """Add to the story, which a failure is told with."""
        self.story.append(line)

    async def poll(self) -> None:
        """Let ten seconds pass; what is said of the server has to fit what came through."""
        self.polls += 1
        self._clock.now += _INTERVAL
        self.proxy.outcomes.clear()
        seconds = _INTERVAL
        # Not while time is to pass for qBittorrent alone.
        if self.polls % _POLLS_BETWEEN_JACKETT == 0 and self.proxy.fault is not Fault.SILENT:
            seconds = _JACKETT_INTERVAL
        async_fire_time_changed(self._hass, dt_util.utcnow() + timedelta(seconds=seconds))
        await self._hass.async_block_till_done(wait_background_tasks=True)
        answers = [good for endpoint, good in self.proxy.outcomes if endpoint == "sync/maindata"]
        is_away = not (answers and answers[-1])
        self.outages += is_away and not self._is_away
        self._is_away = is_away
        self._note_torrents()
        connected = self._state("binary_sensor", "qbittorrent_connected")
        assert connected == ("off" if is_away else "on"), self.proxy.outcomes
        assert (self._state("sensor", "completed") == STATE_UNAVAILABLE) == is_away
        told = [line.partition(" ")[0] for line in self._log.lines]
        assert told == (["ERROR", "INFO"] * self.outages)[: 2 * self.outages - is_away], (
            self._log.lines[-4:]
        )

    async def compare(self) -> None:
        """Compare everything with the truth, by the first poll since it has come to rest."""
        listing = await asyncio.to_thread(self._library.settle)
        await self._poll_until_back()
        mirror = self._entry.runtime_data.servers.mirror
        truth = {key: read_torrent_record(record) for key, record in listing.items()}
        pairs = [
            (mirror.torrents.get(key), truth.get(key))
            for key in mirror.torrents.keys() | truth.keys()
        ]
        odd = [pair for pair in pairs if pair[0] != pair[1]]
        assert not odd, odd
        categories = await asyncio.to_thread(self._library.categories)
        assert {one.name: one.save_path for one in mirror.categories.values()} == categories
        self._compare_sensors(listing)
        self._compare_transitions(listing)
        self._compare_events(listing)
        self._truth = listing
        self._has_restarted = False

    async def _poll_until_back(self) -> None:
        """Poll until the server is asked again: after a ban that takes a minute."""
        for _ in range(8):
            await self.poll()
            if not self._is_away:
                return
        raise AssertionError(f"it does not come back: {self._log.lines[-2:]}")

    def _compare_sensors(self, listing: Listing) -> None:
        ours = _ours(listing)
        complete = [record for record in ours if record["state"] in COMPLETE]
        active = [record for record in ours if record["state"] in ("stalledDL", "downloading")]
        assert self._state("sensor", "completed") == str(len(complete))
        assert self._state("sensor", "active_downloads") == str(len(active))
        assert self._state("sensor", "problems") == "0"
        for key, newest in (
            ("last_added", _newest(ours, "added_on")),
            ("last_completed", _newest(complete, "completion_on")),
        ):
            expected, claimed = self._expected[key], self._milestones[key]
            if self._has_restarted:
                expected += self._seen_in_passing(key, ours)
            if expected[-1:] != [newest]:
                expected.append(newest)
            assert claimed == expected, f"{key}: claimed {claimed[-4:]}, true {expected[-4:]}"

    def _seen_in_passing(self, key: str, ours: list[Record]) -> list[Milestone]:
        """Return what polls made of a server that had just started, once it is found plausible.

        It lists what it checks as unfinished, and 5.x dates completions anew, one by one.
        """
        field = {"last_added": "added_on", "last_completed": "completion_on"}[key]
        plausible = [_newest([record], field) for record in (*_ours(self._truth), *ours)]
        plausible.append(_newest([], field))
        passing = self._milestones[key][len(self._expected[key]) : -1]
        assert all(one in plausible for one in passing), f"{key}: claimed in passing {passing}"
        return passing

    def _compare_transitions(self, listing: Listing) -> None:
        completed = {
            key
            for key in listing.keys() & self._truth.keys()
            if listing[key]["state"] in COMPLETE and self._truth[key]["state"] not in COMPLETE
        }
        self._happened.note(self._truth, listing, completed)
        # What is removed and added again between two polls may be seen as that, or not at all.
        again = self._library.added_again
        claimed, happened = self._claimed.without(again), self._happened.without(again)
        assert claimed == happened, claimed.beside(happened)

    def _compare_events(self, listing: Listing) -> None:
        """Compare what the event entity has told since the last time with what has changed."""
        before, ours = ({one["hash"]: one for one in _ours(of)} for of in (self._truth, listing))
        skipped = self._library.added_again | self._library.recategorised
        self._library.recategorised.clear()
        for infohash in (before.keys() | ours.keys()) - skipped:
            was, is_now = (of.get(infohash, {}).get("state") for of in (before, ours))
            expected = {
                "added": infohash not in before,
                "completed": is_now in COMPLETE and was not in COMPLETE,
                "removed": infohash not in ours,
            }
            told = sorted(self._events[infohash])
            happened = sorted(turn for turn, has_happened in expected.items() if has_happened)
            assert told == happened, f"{infohash}: told {told}, true {happened}"
        self._events.clear()

    def _note_torrents(self) -> None:
        torrents = self._entry.runtime_data.servers.mirror.torrents
        if torrents == self._seen:
            return
        before, self._seen = self._seen, dict(torrents)
        # After a restart the server checks what is complete: that neither undoes nor completes it.
        sure = {
            key: torrent.is_complete
            for key, torrent in torrents.items()
            if torrent.state is not TorrentState.CHECKING
        }
        completed = {key for key in sure if sure[key] and self._is_complete.get(key) is False}
        self._is_complete = {
            key: sure.get(key, self._is_complete.get(key, False)) for key in torrents
        }
        self._claimed.note(before, torrents, completed)

    @callback
    def _note_state(self, event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        # A time is less than any word, such as "unavailable".
        if state and state.domain == "event" and self._last_event < state.state < "a":
            self._last_event = state.state
            self._events[state.attributes["infohash"]].append(state.attributes["event_type"])
        self._note_milestone(
            event.data["entity_id"].removeprefix("sensor.auralarchive_"), event.data["new_state"]
        )

    def _note_milestone(self, key: str, state: State | None) -> None:
        if key not in self._milestones or state is None or state.state == STATE_UNAVAILABLE:
            return
        details = {name: state.attributes.get(name, "") for name in ("infohash", "at")}
        milestone = (state.state, details)
        if self._milestones[key][-1:] != [milestone]:
            self._milestones[key].append(milestone)

    def _state(self, domain: str, key: str) -> str:
        state = self._hass.states.get(f"{domain}.auralarchive_{key}")
        assert state is not None, key
        return state.state

    async def _rest(self) -> None:
        """Nothing happens."""

    async def _change(self) -> None:
        """Somebody else changes torrents and categories."""
        done = len(self._library.done)
        await asyncio.to_thread(self._library.change)
        self.tell(f"  {self._library.done[done:]}")
        await asyncio.to_thread(self._library.settle)

    async def _complete(self) -> None:
        """A download becomes complete; polls see it being checked."""
        await asyncio.to_thread(self._library.complete)
        settling = asyncio.create_task(asyncio.to_thread(self._library.settle))
        while not settling.done():
            await self.poll()

    async def _any_outage(self) -> None:
        await self._outage(*self._random.choice(_OUTAGES))

    async def _outage(self, fault: Fault, endpoint: str | None) -> None:
        """Nothing gets through for a while, and things change meanwhile."""
        self.tell(f"  {fault.name} {endpoint}")
        self.proxy.strike(fault, endpoint=endpoint)
        await self._poll_some()
        if self._random.random() < 0.5:
            await self._change()
        await self._poll_some()

    async def _hiccup(self) -> None:
        """One request goes wrong, or a few."""
        fault, endpoint = self._random.choice(_FAULTS), self._random.choice(_ENDPOINTS)
        requests = self._random.randint(1, 3)
        self.tell(f"  {fault.name} {endpoint} {requests} times")
        if self._random.random() < 0.5:
            await self._change()
        self.proxy.strike(fault, endpoint=endpoint, requests=requests)
        await self._poll_some()

    async def _silence(self) -> None:
        """The server says nothing until nobody listens any more."""
        self.proxy.strike(Fault.SILENT)
        for _ in range(self._random.randint(1, 2)):
            polling = asyncio.create_task(self.poll())
            await self.proxy.silent.wait()
            self.proxy.silent.clear()
            async_fire_time_changed(self._hass, dt_util.utcnow() + timedelta(seconds=_ENDURANCE))
            await polling

    async def _restart(self) -> None:
        """The server is away for some polls, or for none."""
        server = self.proxy.server
        await asyncio.to_thread(self._library.settle_on_disk)
        self._has_restarted = True
        await asyncio.to_thread(server.stop)
        for _ in range(self._random.randint(0, 2)):
            await self.poll()
        await asyncio.to_thread(server.start)
        self._library.forget_session()
        # What it says of its torrents while it starts may not be the last word.
        await self._hiccup()

    async def _crash(self) -> None:
        """The server is killed, and may have forgotten what happened last."""
        server = self.proxy.server
        await asyncio.to_thread(server.kill)
        await self._poll_some()
        await asyncio.to_thread(server.start)
        self._library.forget_session()
        await asyncio.to_thread(self._library.settle_after_crash)

    async def _new_session(self) -> None:
        """The server forgets the session, so its numbering begins anew, and answers get lost."""
        for _ in range(self._random.randint(1, 3)):
            await asyncio.to_thread(self._library.end_session, self.proxy.cookie)
            await self._hiccup()
            self.proxy.heal()
            await self.compare()

    async def _poll_some(self) -> None:
        for _ in range(self._random.randint(1, 4)):
            await self.poll()


def _ours(listing: Listing) -> list[Record]:
    """Return the records of the category and those below."""
    return [
        record
        for record in listing.values()
        if record["category"] == _CATEGORY or record["category"].startswith(f"{_CATEGORY}/")
    ]


def _newest(records: list[Record], key: str) -> Milestone:
    """Return the newest by a time, by infohash within a second, as a sensor tells it."""
    if not records:
        return "unknown", {"infohash": "", "at": ""}
    record = max(records, key=lambda one: (one[key], one["hash"]))
    at = datetime.fromtimestamp(record[key], UTC).isoformat()
    return record["name"], {"infohash": record["hash"], "at": at}
