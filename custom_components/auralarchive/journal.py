"""The last adds, for the diagnostics: what became of them, and nothing that names a torrent."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from .engine.delivery import Delivered
from .engine.errors import Attempt, AuralArchiveError, UnverifiedError
from .engine.source import DeliveryMode, Source

_KEPT = 10


class SourceKind(StrEnum):
    """What was to be added."""

    RESULT = "result"
    LINK = "link"
    MAGNET = "magnet"
    FILE = "file"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """A way that was tried: `outcome` is what it came to, or an error's code."""

    route: str
    outcome: str
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NotedAdd:
    """An add and what became of it, in codes; `cause` is why nobody knows."""

    at: datetime
    source: SourceKind
    delivery: DeliveryMode
    elapsed_ms: int
    outcome: str
    route: str | None
    reason: str | None = None
    leg: str | None = None
    cause: str | None = None
    trials: tuple[Trial, ...] = ()
    warnings: tuple[str, ...] = ()


class Journal:
    """The last adds of an entry, the oldest forgotten first."""

    def __init__(self) -> None:
        """Start with a blank page."""
        self._adds: deque[NotedAdd] = deque(maxlen=_KEPT)

    def __iter__(self) -> Iterator[NotedAdd]:
        return iter(self._adds)

    def note_success(self, source: Source, mode: DeliveryMode, delivered: Delivered) -> None:
        """Note an add whose torrent was seen."""
        self._adds.append(
            NotedAdd(
                at=datetime.now(UTC),
                source=_kind(source),
                delivery=mode,
                elapsed_ms=delivered.elapsed_ms,
                outcome=delivered.status.value,
                route=delivered.route.value,
                trials=_trials(delivered.attempts),
                warnings=tuple(warned.caution.value for warned in delivered.warnings),
            )
        )

    def note_failure(
        self, source: Source, mode: DeliveryMode, err: AuralArchiveError, *, elapsed_ms: int
    ) -> None:
        """Note an add that ended with an error."""
        self._adds.append(
            NotedAdd(
                at=datetime.now(UTC),
                source=_kind(source),
                delivery=mode,
                elapsed_ms=elapsed_ms,
                outcome=err.code,
                route=next((str(one.route) for one in err.attempts if one.error is err), None),
                reason=err.reason,
                leg=err.leg.value,
                cause=err.cause.code if isinstance(err, UnverifiedError) else None,
                trials=_trials(err.attempts),
            )
        )


def _kind(source: Source) -> SourceKind:
    if source.from_search:
        return SourceKind.RESULT
    if source.file is not None:
        return SourceKind.FILE
    return SourceKind.MAGNET if source.link is None else SourceKind.LINK


def _trials(attempts: tuple[Attempt, ...]) -> tuple[Trial, ...]:
    return tuple(
        Trial(
            route=str(attempt.route),
            outcome=str(attempt.outcome),
            reason=attempt.error.reason if attempt.error else None,
        )
        for attempt in attempts
    )
