"""What a part of the benchmark found: figures in tables, targets, and remarks."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from scripts.benchmarks.measure import Spread, spread

TIMES = "\N{MULTIPLICATION SIGN}"
NOTHING = "\N{EN DASH}"


class Bound(StrEnum):
    """On which side of its limit a value has to be."""

    AT_MOST = "≤"
    AT_LEAST = "≥"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A cell of a table; `x` is the size that it is plotted against."""

    table: str
    unit: str
    row: str
    column: str
    value: Spread
    x: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something to be reached; a `value` of None was not measured."""

    wording: str
    value: float | None
    bound: Bound
    limit: float
    unit: str = ""

    @property
    def is_met(self) -> bool | None:
        """Tell whether it was reached; None where it was not measured."""
        if self.value is None:
            return None
        return self.value <= self.limit if self.bound is Bound.AT_MOST else self.value >= self.limit


@dataclass(slots=True)
class Part:
    """A part of the benchmark."""

    name: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def note(
        self,
        table: str,
        unit: str,
        row: str,
        column: str,
        values: Sequence[float] | float,
        *,
        x: float | None = None,
    ) -> Spread:
        """Take down values, and return their spread."""
        found = spread([values] if isinstance(values, int | float) else values)
        self.figures.append(
            Figure(table=table, unit=unit, row=row, column=column, value=found, x=x)
        )
        return found

    def at_most(self, wording: str, value: float | None, limit: float, unit: str = "") -> None:
        """Set a target that a value must not exceed."""
        self.targets.append(
            Target(wording=wording, value=value, bound=Bound.AT_MOST, limit=limit, unit=unit)
        )

    def at_least(self, wording: str, value: float | None, limit: float, unit: str = "") -> None:
        """Set a target that a value has to reach."""
        self.targets.append(
            Target(wording=wording, value=value, bound=Bound.AT_LEAST, limit=limit, unit=unit)
        )

    def tables(self) -> list[str]:
        """Return the names of the tables, in order."""
        return unique(figure.table for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "figures": [asdict(figure) for figure in self.figures],
            "targets": [{**asdict(target), "is_met": target.is_met} for target in self.targets],
            "remarks": self.remarks,
        }


def unique(names: Iterable[str]) -> list[str]:
    """Return the names in order, each once."""
    return list(dict.fromkeys(names))


def grid(figures: Sequence[Figure]) -> list[list[str]]:
    """Return the cells of one table with its headings; where nothing was measured there is a dash.

    A cell is the median and, where it differs, what lies around it.
    """
    columns = unique(figure.column for figure in figures)
    cells = {(figure.row, figure.column): in_words(figure.value) for figure in figures}
    return [
        [figures[0].unit, *columns],
        *(
            [row, *(cells.get((row, column), NOTHING) for column in columns)]
            for row in unique(figure.row for figure in figures)
        ),
    ]


def in_words(value: Spread) -> str:
    """Write a median with its spread."""
    low, median, high = map(number, (value.low, value.median, value.high))
    return median if low == high else f"{median} ({low}{NOTHING}{high})"


def number(value: float) -> str:
    """Write a number with three digits that count, thousands apart."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}")
    digits = 2 if abs(value) < 1 else 1 if abs(value) >= 10 else 2
    if abs(value) < 0.1:
        return f"{value:.2g}"
    return f"{value:.{digits}f}"
