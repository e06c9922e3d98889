"""The verdict table as it is printed: nothing wrong or missing passes in silence."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
import json
from pathlib import Path

import pytest

from scripts.lab import verdict_table
from scripts.lab.verdict_table import DELIVERIES, GENERATIONS
from tests.e2e.verdicts import Cell

type Run = Callable[..., tuple[int, str, str]]

GROUPS = ("link", "localhost", "other site", "magnet", "file", "category", "server", "late")
PAGE = "docs/verification.md"
MARKED = "before\n<!-- verdicts -->\nold\n<!-- /verdicts -->\nafter\n"


def row(group: str, case: str, deliveries: Iterable[str] = DELIVERIES[:3]) -> list[Cell]:
    """Return the cells of a case that is added everywhere."""
    return [
        Cell(
            group=group,
            case=case,
            generation=generation,
            delivery=delivery,
            verdict="added",
            elapsed_ms=100,
        )
        for generation in GENERATIONS
        for delivery in deliveries
    ]


GOOD = [cell for group in GROUPS for cell in row(group, "good")]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what prints the table of some cells: with the exit code, what is said, and where."""
    monkeypatch.chdir(tmp_path)
    page = tmp_path / PAGE
    page.parent.mkdir()
    page.write_text(MARKED)

    def run(cells: Iterable[Cell], *options: str, tests: str = "passed") -> tuple[int, str, str]:
        path = tmp_path / "cells"
        path.write_text("".join(f"{json.dumps(asdict(cell))}\n" for cell in cells))
        monkeypatch.setattr("sys.argv", ["verdicts", str(path), "--tests", tests, *options])
        with pytest.raises(SystemExit) as ended:
            verdict_table.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_a_good_run(run: Run) -> None:
    """Every cell is there in words."""
    code, table, said = run(GOOD)
    assert code == 0
    assert table.count("added 0.1") == len(GOOD)
    assert said == "verdicts: 72 adds in 8 cases, 0 lies\n"


@pytest.mark.parametrize(
    ("cells", "tests", "fault"),
    [
        ([], "passed", "no cells of the group magnet"),
        (GOOD[9:], "passed", "no cells of the group link"),
        (GOOD[1:], "passed", "missing: link, good, 4.5, auto"),
        ([*GOOD, *row("link", "new")[:6]], "passed", "missing: link, new, 5.3, file"),
        ([*GOOD, replace(GOOD[0], case="n", verdict="")], "passed", "missing: link, n, 4.5, auto"),
        ([replace(GOOD[0], lie="not there"), *GOOD[1:]], "passed",
         "a lie: link, good, 4.5, auto: not there"),
        ([replace(GOOD[0], lie="not there"), *GOOD], "passed", "a lie: link"),
        (GOOD, "failed", "tests have failed"),
    ],
    ids=["empty", "group", "cell", "generation", "announced", "lie", "lie-of-two", "tests"],
)  # fmt: skip
@pytest.mark.parametrize("option", ["", "--markdown", "--write"])
def test_a_run_that_is_not(
    run: Run, tmp_path: Path, cells: list[Cell], tests: str, fault: str, option: str
) -> None:
    """It fails, whatever it prints, and the page stays as it is."""
    code, _, said = run(cells, *filter(None, [option]), tests=tests)
    assert code == 1
    assert f"verdicts: {fault}" in said
    assert (tmp_path / PAGE).read_text() == MARKED


def test_no_run_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There need not be a file."""
    monkeypatch.setattr("sys.argv", ["verdicts", str(tmp_path / "none"), "--tests", "passed"])
    with pytest.raises(SystemExit) as ended:
        verdict_table.main()
    assert ended.value.code


def test_the_page(run: Run, tmp_path: Path) -> None:
    """Cases that are alike share a row; where errors differ, each has its number."""
    failing = [
        replace(cell, verdict="not_seen" if cell.generation == "4.5" else "link_gone")
        for cell in row("link", "gone")
    ]
    slow = [replace(cell, elapsed_ms=32_400) for cell in row("link", "slow")]
    known = [replace(cell, verdict="already_present") for cell in row("magnet", "b", ["any"])]
    cells = [cell for cell in GOOD if cell.group != "magnet"]
    cells += [*row("link", "fine"), *failing, *slow, *row("magnet", "a", ["any"]), *known]
    announced = [replace(cell, verdict="") for cell in row("link", "good")]
    code, table, _ = run([*announced, *cells], "--write")
    page = (tmp_path / PAGE).read_text()
    assert (code, table) == (0, "")
    assert page.startswith("before\n<!-- verdicts -->\n✓ added")
    assert page.endswith("<!-- /verdicts -->\nafter\n")
    lines = page.splitlines()
    marks = " | ".join(["✗²"] * 3 + ["✗¹"] * 6)
    assert f"| good · fine | {' | '.join(['✓'] * 9)} |  |" in lines
    assert f"| gone | {marks} | ¹ `link_gone`, ² `not_seen` |" in lines
    assert f"| slow | {' | '.join(['✓ 30 s'] * 9)} |  |" in lines
    assert "| Magnets | 4.5 | 5.1 | 5.3 | ✗ is |" in lines
    assert "| b | = | = | = |  |" in lines
