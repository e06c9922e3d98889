"""Run the benchmark, part after part."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
import json
import logging
from pathlib import Path
import sys
import tempfile

from scripts.benchmarks import machine, report
from scripts.benchmarks.figures import Part
from scripts.benchmarks.progress import tell

_PARTS = ("poll", "parse", "indexers", "add", "start", "load")
# More than this, and others are at work on the machine.
_BUSY = 0.5

type Measure = Callable[..., Awaitable[Part]]


async def _measure(names: list[str], *, short: bool) -> list[Part]:
    """Measure parts, each with a folder that is gone afterwards."""
    parts = []
    for name in names:
        measure: Measure = import_module(f"scripts.benchmarks.{name}").measure
        tell(name)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            parts.append(await measure(Path(folder), short=short))
    return parts


def main() -> int:
    """Measure, print, and return the exit code: a missed target is no failure."""
    options = _options()
    # What Home Assistant logs of entries that come and go is of no interest.
    logging.disable(logging.CRITICAL)
    names = options.only or list(_PARTS)
    if (load := machine.load()) > _BUSY:
        tell(f"the machine is busy already (load {load:.1f}): the figures will be noise")
    parts = asyncio.run(_measure(names, short=options.short))
    tell("done")
    described = machine.described()
    if options.json:
        print(json.dumps(_as_json(parts, described), indent=2, ensure_ascii=False))
    else:
        for part in parts:
            print(report.text(part))
        print("\n" + "\n".join(f"{name}: {what}" for name, what in described.items()))
    if options.plot or options.write:
        from scripts.benchmarks import plots  # noqa: PLC0415 -- it takes a second to import

        for path in plots.draw(parts):
            tell(f"wrote {path}")
    if options.write:
        page = report.into_page(report.PAGE.read_text(), report.markdown(parts, described))
        report.PAGE.write_text(page)
        tell(f"wrote {report.PAGE}")
    if options.short:
        tell("it works; the sizes were too small to tell whether targets are met")
    else:
        for line in report.missed(parts):
            tell(line)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description="Measure polls, searches, adds, start and load."
    )
    parser.add_argument("--short", action="store_true", help="small sizes, only to see it work")
    parser.add_argument(
        "--only", action="append", choices=_PARTS, metavar="NAME", help=", ".join(_PARTS)
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--plot", action="store_true", help="draw docs/images/bench_*.png")
    parser.add_argument(
        "--write", action="store_true", help=f"put figures and plots into {report.PAGE}"
    )
    options = parser.parse_args()
    if options.write and (options.short or options.only):
        parser.error("--write needs a whole run")
    return options


def _as_json(parts: list[Part], described: Mapping[str, str]) -> dict[str, object]:
    return {"machine": described, "parts": [part.as_json() for part in parts]}


if __name__ == "__main__":
    sys.exit(main())
