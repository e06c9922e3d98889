"""What the benchmark prints and writes: nothing missed or unmeasured passes for met."""

from pathlib import Path

import pytest

from scripts.benchmarks import report
from scripts.benchmarks.figures import Part, grid, in_words, number
from scripts.benchmarks.measure import Spread

PLACES = {"machine": "M", "targets": "T", "figures": "F"}
PAGE = "\n".join(f"words\n<!-- {name} -->\nold\n<!-- /{name} -->" for name in PLACES)


@pytest.fixture
def part() -> Part:
    """Return a part with a table that has a hole, and a target of each kind."""
    part = Part("poll", "A poll")
    part.note("CPU", "ms", "10 torrents", "ours", [1, 2, 3], x=10)
    part.note("CPU", "ms", "100 torrents", "ours", 2, x=100)
    part.note("CPU", "ms", "100 torrents", "theirs", 2000, x=100)
    part.at_most("quick", 1, 2, "ms")
    part.at_least("much quicker", 1, 2)
    part.at_most("not measured", None, 2)
    part.remarks.append("A remark.")
    return part


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.00456, "0.0046"),
        (0.456, "0.46"),
        (4.56, "4.56"),
        (45.67, "45.7"),
        (456.7, "457"),
        (45678.9, "45\N{NO-BREAK SPACE}679"),
        (-4.56, "-4.56"),
    ],
)
def test_number(value: float, text: str) -> None:
    """Three digits count."""
    assert number(value) == text


def test_in_words() -> None:
    """A spread is shown where there is one."""
    assert in_words(Spread(median=2, low=2, high=2, number=1)) == "2.00"
    spread = Spread(median=2, low=1, high=3, number=9)
    assert in_words(spread) == "2.00 (1.00\N{EN DASH}3.00)"


def test_grid(part: Part) -> None:
    """What was not measured is a dash."""
    assert grid(part.figures) == [
        ["ms", "ours", "theirs"],
        ["10 torrents", "2.00 (1.00\N{EN DASH}3.00)", "\N{EN DASH}"],
        ["100 torrents", "2.00", "2\N{NO-BREAK SPACE}000"],
    ]


def test_targets(part: Part) -> None:
    """Each says on which side of its limit it is, if it was measured."""
    assert [target.is_met for target in part.targets] == [True, False, None]
    (missed,) = report.missed([part])
    assert "much quicker" in missed
    text = report.text(part)
    assert "met      quick: 1.00 ms (≤ 2.00 ms)" in text
    assert "MISSED   much quicker" in text
    assert "open     not measured" in text


def test_markdown(part: Part) -> None:
    """Figures, targets and the machine have places of their own."""
    places = report.markdown([part], {"Processor": "fast"})
    assert "| Processor | fast |" in places["machine"]
    assert "| A poll: much quicker | 1.00 | ≥ 2.00 | **missed** |" in places["targets"]
    assert "| A poll: not measured | \N{EN DASH} | ≤ 2.00 | not measured |" in places["targets"]
    assert "A remark." in places["figures"]


def test_into_page() -> None:
    """Only what is between the markers changes."""
    page = report.into_page(PAGE, PLACES)
    assert "old" not in page
    assert page.count("words") == len(PLACES)
    assert report.into_page(page, PLACES) == page


@pytest.mark.parametrize("page", ["", PAGE * 2, PAGE.replace("<!-- /targets -->", "")])
def test_a_page_without_markers(page: str) -> None:
    """Where a marker is missing or there twice, nothing is written."""
    with pytest.raises(ValueError, match="once each"):
        report.into_page(page, PLACES)


def test_the_real_page() -> None:
    """It has the places, and every picture that it shows."""
    page = report.PAGE.read_text()
    assert report.into_page(page, PLACES)
    shown = [line.partition("(")[2].rstrip(")") for line in page.splitlines() if "![" in line]
    assert shown
    assert [path for path in shown if not (report.PAGE.parent / Path(path)).is_file()] == []
