"""Walk through the frontend of the demo, and keep pictures of what is seen."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
import signal
import sys
import tempfile

from scripts.lab.chromium import ChromiumError, open_page

from .house import EXPECTED, House, open_house
from .screenshot_care import (
    change_options,
    download_diagnostics,
    reauthenticate,
    reconfigure,
    repair,
)
from .screenshot_downloads import (
    download,
    download_more,
    show_activity,
    show_dashboard,
    show_device,
)
from .screenshot_setup import PICTURES, set_up
from .screenshot_texts import Texts
from .screenshot_use import perform_action, show_automation
from .screenshot_visitor import Visitor
from .screenshot_walk import Seen, Walk
from .terminal import Transcript


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the walk with its pictures; without any it is there to be checked."""

    title: str
    go: Callable[[Walk], Awaitable[None]]
    pictures: tuple[str, ...] = ()
    prepares: tuple[str, ...] = ()
    # The entities that the dashboard names have other ids in another language.
    is_english: bool = False


# In this order: what disturbs the downloads and their history comes last.
CHAPTERS = (
    Chapter("Downloads", download, prepares=("logbook", "device", "dashboard")),
    Chapter("Activity", show_activity, ("logbook",)),
    Chapter("More downloads", download_more, prepares=("device", "dashboard")),
    Chapter("Action", perform_action, ("action",)),
    Chapter("Automation", show_automation, ("automation",)),
    Chapter("Device", show_device, ("device",)),
    Chapter("Dashboard", show_dashboard, ("dashboard",), is_english=True),
    Chapter("Options", change_options, ("options",)),
    Chapter("Reconfiguration", reconfigure, ("reconfigure",)),
    Chapter("Reauthentication", reauthenticate, ("reauth",)),
    Chapter("Repair", repair, ("repairs",)),
    Chapter("Diagnostics", download_diagnostics),
)
NAMES = (*PICTURES, *(name for chapter in CHAPTERS for name in chapter.pictures))


async def _go(arguments: argparse.Namespace) -> None:
    # Or the servers and the browser would stay behind.
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    transcript = Transcript()
    with tempfile.TemporaryDirectory(prefix="auralarchive-walk-") as folder:
        transcript.chapter("The house")
        async with open_house(
            Path(folder), transcript, port=arguments.port, usual_ports=True
        ) as house:
            await house.client.speak(arguments.language)
            await _walk(house, transcript, arguments)


async def _walk(house: House, transcript: Transcript, arguments: argparse.Namespace) -> None:
    async with open_page(house.http) as page:
        walk = Walk(
            house=house,
            visitor=Visitor(page, house.hass.url),
            texts=Texts(arguments.language),
            transcript=transcript,
            folder=arguments.to,
            only=frozenset(arguments.only),
        )
        await walk.visitor.log_in(house.client)
        try:
            for chapter in (Chapter("Set-up", set_up, NAMES), *CHAPTERS):
                if chapter.is_english and arguments.language != "en":
                    continue
                if walk.wants(*chapter.pictures, *chapter.prepares):
                    transcript.chapter(chapter.title)
                    await chapter.go(walk)
        except Seen:
            return
        except ChromiumError:
            # What was there instead tells most.
            _write(arguments.lost, await page.screenshot())
            raise


def _write(path: Path, picture: bytes) -> None:
    path.write_bytes(picture)


def main() -> int:
    """Go, and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/screenshots", description=__doc__)
    parser.add_argument("--port", type=int, help="Home Assistant's port; a free one otherwise")
    parser.add_argument(
        "--only", action="append", default=[], choices=NAMES, help="renew this picture only"
    )
    parser.add_argument("--language", default="en", help="the frontend's language")
    parser.add_argument("--to", type=Path, default=Path("docs"), help="where the pictures go")
    parser.add_argument(
        "--lost",
        type=Path,
        default=Path(tempfile.gettempdir(), "auralarchive-lost.png"),
        help="where to put a picture of what was there when a step did not come",
    )
    arguments = parser.parse_args()
    try:
        asyncio.run(_go(arguments))
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
    except (*EXPECTED, ChromiumError) as error:
        print(f"screenshots: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
