"""Growth as pictures: each table that has sizes, against them."""

from collections.abc import Sequence
from pathlib import Path
import re

from matplotlib.figure import Figure as Picture
from matplotlib.ticker import NullFormatter

from scripts.benchmarks.figures import Figure, Part, number, unique

FOLDER = Path("docs/images")
# From this ratio on, small values could not be told from each other on a linear scale.
_FAR_APART = 20
# Readable on white and on black.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def draw(parts: Sequence[Part], folder: Path = FOLDER) -> list[Path]:
    """Draw a picture of each table that grows, and return where they lie."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for part in parts:
        for name in part.tables():
            figures = [one for one in part.figures if one.table == name and one.x is not None]
            if len({one.x for one in figures}) > 1:
                drawn.append(_draw(part, name, figures, folder))
    return drawn


def _draw(part: Part, name: str, figures: Sequence[Figure], folder: Path) -> Path:
    """Draw the columns of a table as lines."""
    picture = Picture(figsize=(7, 4), layout="constrained")
    axes = picture.subplots()
    for place, column in enumerate(unique(one.column for one in figures)):
        points = [one for one in figures if one.column == column]
        sizes = [one.x for one in points]
        medians = [one.value.median for one in points]
        around = [
            [one.value.median - one.value.low for one in points],
            [one.value.high - one.value.median for one in points],
        ]
        colour = _COLOURS[place % len(_COLOURS)]
        axes.errorbar(
            sizes, medians, yerr=around, marker="o", capsize=3, label=column, color=colour
        )
    axes.set_xscale("log")
    lows, highs = zip(*((one.value.low, one.value.high) for one in figures), strict=True)
    if min(lows) > 0 and max(highs) / min(lows) > _FAR_APART:
        axes.set_yscale("log")
    else:
        # From zero, or little growth would look like much.
        axes.set_ylim(min(0, *lows), 1.1 * max(highs))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: number(value))
        axis.set_minor_formatter(NullFormatter())
    axes.set_title(f"{part.title}: {name}")
    axes.set_xlabel(_noun(figures[0].row))
    axes.set_ylabel(figures[0].unit)
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend(fontsize="small")
    path = folder / f"bench_{_slug(part.name)}_{_slug(name)}.png"
    picture.savefig(path, dpi=110, metadata={"Software": None})
    return path


def _noun(row: str) -> str:
    """Return what a row counts: its last word."""
    return row.rpartition(" ")[2]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
