"""The findings as text for a terminal, and as Markdown between the markers of their page."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scripts.benchmarks.figures import NOTHING, Part, Target, grid, number

PAGE = Path("docs/performance.md")
_PLACES = ("machine", "targets", "figures")


def text(part: Part) -> str:
    """Return a part for a terminal."""
    lines = [f"\n{part.title}", "=" * len(part.title)]
    for name in part.tables():
        cells = grid([figure for figure in part.figures if figure.table == name])
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines.append(f"\n{name}")
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
    lines += ["", *map(_line, part.targets), "", *part.remarks]
    return "\n".join(lines)


def _line(target: Target) -> str:
    return f"{_verdict(target):8} {target.wording}: {_measured(target)} ({_limit(target)})"


def _verdict(target: Target) -> str:
    return {True: "met", False: "MISSED", None: "open"}[target.is_met]


def _measured(target: Target) -> str:
    return NOTHING if target.value is None else f"{number(target.value)} {target.unit}".strip()


def _limit(target: Target) -> str:
    return f"{target.bound} {number(target.limit)} {target.unit}".strip()


def markdown(parts: Sequence[Part], machine: Mapping[str, str]) -> dict[str, str]:
    """Return what belongs between the markers of the page."""
    return {
        "machine": _table([["", ""], *([name, what] for name, what in machine.items())]),
        "targets": _table(
            [
                ["", "measured", "target", ""],
                *(
                    [
                        f"{part.title}: {target.wording}",
                        _measured(target),
                        _limit(target),
                        {True: "met", False: "**missed**", None: "not measured"}[target.is_met],
                    ]
                    for part in parts
                    for target in part.targets
                ),
            ]
        ),
        "figures": "\n".join(_section(part) for part in parts),
    }


def _section(part: Part) -> str:
    lines = [f"### {part.title}", "", *(f"{remark}\n" for remark in part.remarks)]
    for name in part.tables():
        figures = [figure for figure in part.figures if figure.table == name]
        lines += [f"**{name}**", "", _table(grid(figures)), ""]
    return "\n".join(lines)


def _table(cells: Sequence[Sequence[str]]) -> str:
    head, *rows = cells
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def into_page(page: str, places: Mapping[str, str]) -> str:
    """Return a page with the texts put between its markers, each of which has to be there once."""
    for name in _PLACES:
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"the page needs {begin} and {end}, once each")
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n{places[name]}\n{end}{after}"
    return page


def missed(parts: Iterable[Part]) -> list[str]:
    """Return the targets that were missed, in words."""
    return [
        f"{part.title}: {_line(target)}"
        for part in parts
        for target in part.targets
        if target.is_met is False
    ]
