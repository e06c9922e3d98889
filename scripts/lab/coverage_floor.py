"""Fails where a module of the integration is tested less than it has to be."""

import json
from pathlib import Path
import sys


def modules_below(report: Path, floor: float) -> list[str]:
    """Return the modules of a report of `coverage json` with less than so many percent."""
    files = json.loads(report.read_text())["files"]
    figures = {name: file["summary"]["percent_covered"] for name, file in files.items()}
    return [f"{name}: {figure:.1f} %" for name, figure in figures.items() if figure < floor]


if __name__ == "__main__":
    below = modules_below(Path(sys.argv[1]), float(sys.argv[2]))
    sys.exit(f"test: less than {sys.argv[2]} % covered: {', '.join(below)}" if below else 0)
