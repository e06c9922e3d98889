"""Play the demo, and leave its house running until Ctrl-C."""

import argparse
import asyncio
from pathlib import Path
import shutil
import signal
import sys
import tempfile

from .house import EXPECTED, open_house
from .story import play
from .terminal import Transcript
from .watching import go_on, show_servers, watch


async def _run(arguments: argparse.Namespace, folder: Path) -> None:
    transcript = Transcript()
    transcript.title("AuralArchive for Home Assistant: from a search to a finished audiobook")
    transcript.chapter("The house")
    async with open_house(folder, transcript, port=arguments.port) as house:
        address = await play(house, transcript)
        if arguments.once:
            return
        transcript.chapter("Yours")
        await go_on(house, transcript)
        login = f"user {house.hass.username}, password {house.hass.password}"
        transcript.does("Open", f"{address}  ({login})")
        transcript.note("To set it up by hand, delete its entry first if need be, and enter:")
        show_servers(house, transcript)
        transcript.note("Ctrl-C stops everything.")
        arguments.finished = True
        await watch(house)


async def _until_told(arguments: argparse.Namespace, folder: Path) -> None:
    """Run; the first signal ends it in order, and further ones do not disturb that."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    told = False

    def end() -> None:
        nonlocal told
        if task is not None and not told:
            told = True
            print("\nStopping.", flush=True)
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    await _run(arguments, folder)


def main() -> int:
    """Play, tidy up, and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the transcript")
    parser.add_argument("--port", type=int, help="Home Assistant's port; a free one otherwise")
    parser.add_argument("--keep", action="store_true", help="keep the servers' folder")
    arguments = parser.parse_args()
    arguments.finished = False
    folder = Path(tempfile.mkdtemp(prefix="auralarchive-demo-"))
    try:
        asyncio.run(_until_told(arguments, folder))
    except asyncio.CancelledError:
        return 0 if arguments.finished else 130
    except EXPECTED as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    finally:
        if arguments.keep:
            print(f"demo: kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
