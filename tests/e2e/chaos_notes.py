"""What is noted on a day of polling: the time, the log, and what became of torrents."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
import logging
from typing import override


class Clock:
    """The time that passes for bans, in place of the module `time`."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the day's time."""
        return self.now


class Lines(logging.Handler):
    """What the integration has logged."""

    def __init__(self) -> None:
        """Take what is information at least."""
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep level and text."""
        self.lines.append(f"{record.levelname} {record.getMessage()}")


@dataclass(slots=True)
class Transitions:
    """What became of torrents: how often each was added, removed and completed."""

    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    completed: Counter[str] = field(default_factory=Counter)

    def note(
        self, before: Mapping[str, object], after: Mapping[str, object], completed: set[str]
    ) -> None:
        """Take what differs between two looks."""
        self.added.update(after.keys() - before.keys())
        self.removed.update(before.keys() - after.keys())
        self.completed.update(completed)

    def without(self, infohashes: set[str]) -> Transitions:
        """Return those of all other torrents."""
        return Transitions(
            *(
                Counter({key: number for key, number in kind.items() if key not in infohashes})
                for kind in (self.added, self.removed, self.completed)
            )
        )

    def beside(self, other: Transitions) -> str:
        """Say what these have more or less often than others."""
        kinds = ("added", "removed", "completed")
        pairs = [(getattr(self, kind), getattr(other, kind)) for kind in kinds]
        return f"{[(mine - others, others - mine) for mine, others in pairs]}"
