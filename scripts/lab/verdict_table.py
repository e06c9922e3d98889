"""Prints the verdict table from the cells that a run of its tests has recorded."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
import sys
from typing import Any

GENERATIONS = ("4.5", "5.1", "5.3")
DELIVERIES = ("auto", "link", "file", "any")
# The groups in the order of the table; others follow.
_TITLES = {
    "link": "Links of Jackett",
    "localhost": "Links of Jackett, qBittorrent in a container",
    "other site": "Links that are not Jackett's",
    "magnet": "Magnets",
    "file": "Torrent files",
    "category": "Categories",
    "server": "Trouble with qBittorrent",
    "late": "Torrents that come late",
}
_SIGNS = {"added": "✓", "already_present": "="}
_NUMBERS = "¹²³⁴⁵⁶⁷⁸⁹"
_PAGE = Path("docs/verification.md")
_MARKERS = ("<!-- verdicts -->", "<!-- /verdicts -->")
_LEGEND = """\
✓ added, = already there, ✗ an error with the code on the right. The time is given where it was \
more than a few seconds, and rounded: what 4.5 could not open takes until the timeout (34 s here), \
as it says nothing of it. Each row is one case or several, with a dot between them; "any" stands \
for magnets and files, with which the delivery makes no difference.
"""
# Shorter times depend on the machine.
_WORTH_TELLING_SECONDS = 5

type Column = tuple[str, str]


@dataclass(slots=True)
class Box:
    """What was recorded for one place of the table, mostly once."""

    verdicts: list[str] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    elapsed_ms: int = 0


@dataclass(slots=True)
class Row:
    """One case: its boxes by column."""

    group: str
    case: str
    boxes: dict[Column, Box] = field(default_factory=dict)

    def holes(self) -> Iterator[str]:
        """Name what is missing: what was announced, or is there for another generation only."""
        deliveries = {delivery for _, delivery in self.boxes}
        for generation in GENERATIONS:
            for delivery in sorted(deliveries):
                box = self.boxes.get((generation, delivery))
                if box is None or not box.verdicts:
                    yield f"{self.group}, {self.case}, {generation}, {delivery}"

    def lies(self) -> Iterator[str]:
        """Name the lies."""
        for (generation, delivery), box in self.boxes.items():
            for lie in box.lies:
                yield f"{self.group}, {self.case}, {generation}, {delivery}: {lie}"


def read(lines: Iterable[str]) -> dict[str, list[Row]]:
    """Return the rows of each group, in the order in which they were announced.

    The others follow by name: tests record them in an order that is different every time.
    """
    rows: dict[tuple[str, str], Row] = {}
    announced: dict[tuple[str, str], int] = {}
    for line in lines:
        cell: dict[str, Any] = json.loads(line)
        group, case = cell["group"], cell["case"]
        row = rows.setdefault((group, case), Row(group, case))
        box = row.boxes.setdefault((cell["generation"], cell["delivery"]), Box())
        # An announcement has no verdict.
        if not cell["verdict"]:
            announced.setdefault((group, case), len(announced))
            continue
        box.verdicts.append(cell["verdict"])
        box.elapsed_ms = max(box.elapsed_ms, cell["elapsed_ms"])
        if cell["lie"]:
            box.lies.append(cell["lie"])
    places = sorted(rows, key=lambda place: (announced.get(place, len(announced)), place))
    order = [*_TITLES, *sorted({group for group, _ in rows} - _TITLES.keys())]
    groups = {name: [rows[place] for place in places if place[0] == name] for name in order}
    return {name: group for name, group in groups.items() if group}


def columns(group: Iterable[Row]) -> list[Column]:
    """Return the columns that a group has."""
    used = {delivery for row in group for _, delivery in row.boxes}
    return [(version, delivery) for version in GENERATIONS for delivery in DELIVERIES
            if delivery in used]  # fmt: skip


def text(groups: Mapping[str, list[Row]]) -> str:
    """Return the table for a terminal, every cell in words."""
    parts = []
    for name, rows in groups.items():
        places = columns(rows)
        table = [["", *_headings(places)]]
        table += [[row.case, *(_words(row.boxes.get(place)) for place in places)] for row in rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        parts.append(_TITLES.get(name, name))
        parts += [
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
            for line in table
        ]
        parts.append("")
    return "\n".join(parts)


def markdown(groups: Mapping[str, list[Row]]) -> str:
    """Return the table for its page: a sign in every cell, and cases that are alike together."""
    parts = [_LEGEND]
    for name, rows in groups.items():
        places = columns(rows)
        parts.append(f"| {_TITLES.get(name, name)} | {' | '.join(_headings(places))} | ✗ is |")
        parts.append(f"|---|{'---|' * len(places)}---|")
        alike: dict[str, list[str]] = {}
        for row in rows:
            codes = _codes(row, places)
            cells = [_sign(row.boxes.get(place), codes) for place in places]
            alike.setdefault(f"{' | '.join(cells)} | {_named(codes)}", []).append(row.case)
        parts += [f"| {' · '.join(cases)} | {cells} |" for cells, cases in alike.items()]
        parts.append("")
    return "\n".join(parts)


def into_docs(table: str) -> None:
    """Put the table between the markers of its page."""
    begin, end = _MARKERS
    page = _PAGE.read_text()
    if page.count(begin) != 1 or page.count(end) != 1:
        sys.exit(f"verdicts: {_PAGE} needs {begin} and {end}, once each")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    _PAGE.write_text(f"{before}{begin}\n{table}\n{end}{after}")


def _headings(places: list[Column]) -> list[str]:
    """Name the columns; the delivery goes without saying where it makes no difference."""
    if {delivery for _, delivery in places} == {"any"}:
        return [version for version, _ in places]
    return [f"{version} {delivery}" for version, delivery in places]


def _words(box: Box | None) -> str:
    if box is None:
        return "-"
    lie = " LIE" if box.lies else ""
    return f"{_verdict(box) or 'MISSING'}{lie} {box.elapsed_ms / 1000:.1f}"


def _verdict(box: Box) -> str:
    """Return the verdict, or all of them where a cell was made of several adds."""
    return " + ".join(sorted(set(box.verdicts)))


def _codes(row: Row, places: Iterable[Column]) -> list[str]:
    """Return the codes of the errors in a row, the most frequent first."""
    verdicts = [_verdict(row.boxes[place]) for place in places if place in row.boxes]
    errors = [verdict for verdict in verdicts if verdict not in _SIGNS]
    return sorted(set(errors), key=lambda code: (-errors.count(code), code))


def _sign(box: Box | None, codes: list[str]) -> str:
    if box is None:
        return ""
    verdict = _verdict(box)
    sign = _SIGNS.get(verdict, "✗")
    if verdict in codes and len(codes) > 1:
        sign += _NUMBERS[codes.index(verdict)]
    if box.lies:
        sign += " **LIE**"
    return f"{sign} {_coarsely(box.elapsed_ms / 1000)}".strip()


def _coarsely(seconds: float) -> str:
    """Return a time as it is likely to be the next time, too."""
    return "" if seconds < _WORTH_TELLING_SECONDS else f"{10 * round(seconds / 10)} s"


def _named(codes: list[str]) -> str:
    numbers = _NUMBERS if len(codes) > 1 else [""]
    return ", ".join(
        f"{number} `{code}`".strip() for number, code in zip(numbers, codes, strict=False)
    )


def main() -> None:
    """Print the table, and end with an error unless it is whole and true."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cells", type=Path)
    parser.add_argument("--tests", choices=("passed", "failed"), required=True)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true")
    form.add_argument("--write", action="store_true")
    arguments = parser.parse_args()

    cells: Path = arguments.cells
    groups = read(cells.read_text().splitlines() if cells.exists() else [])
    rows = [row for group in groups.values() for row in group]
    faults = [f"a lie: {lie}" for row in rows for lie in row.lies()]
    faults += [f"missing: {hole}" for row in rows for hole in row.holes()]
    faults += [f"no cells of the group {name}" for name in _TITLES if name not in groups]
    if arguments.tests == "failed":
        faults.append("tests have failed, see above")
    number = sum(len(box.verdicts) for row in rows for box in row.boxes.values())
    if arguments.write and not faults:
        into_docs(markdown(groups))
    elif not arguments.write:
        print(markdown(groups) if arguments.markdown else text(groups))
    lies = sum(len(box.lies) for row in rows for box in row.boxes.values())
    print(f"verdicts: {number} adds in {len(rows)} cases, {lies} lies", file=sys.stderr)
    for fault in faults:
        print(f"verdicts: {fault}", file=sys.stderr)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
