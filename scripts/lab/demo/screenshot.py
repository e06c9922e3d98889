"""Play the demo and take a picture of its dashboard."""

import argparse
import asyncio
import json
from pathlib import Path
import sys
import tempfile
import time

from scripts.lab.chromium import ChromiumError, Page, open_page
from scripts.lab.hass_client import HassClient

from . import stock
from .house import EXPECTED, House, open_house
from .story import play
from .terminal import Transcript
from .watching import go_on

_WIDTH, _HEIGHT = 1280, 720
_ENOUGH = 40
_LARGEST = 300_000
# All text of the page, those parts included that are hidden in shadow roots.
_TEXT = """(function text(node) {
  return (node.nodeValue ?? "") +
    [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes].map(text).join(" ");
})(document)"""


async def _take(port: int | None) -> bytes:
    transcript = Transcript()
    with tempfile.TemporaryDirectory(prefix="auralarchive-screenshot-") as folder:
        transcript.chapter("The house")
        async with open_house(Path(folder), transcript, port=port) as house:
            address = await play(house, transcript)
            transcript.chapter("Picture")
            await go_on(house, transcript)
            async with open_page(house.http) as page:
                picture = await _picture(page, house, address)
    if len(picture) > _LARGEST:
        raise ChromiumError(f"the picture has {len(picture):,} bytes, too many for a README")
    return picture


async def _picture(page: Page, house: House, address: str) -> bytes:
    await page.resize(_WIDTH, _HEIGHT)
    await _log_in(page, house.client, house.hass.url)
    await page.open(address)
    for title in stock.SLOW:
        name = json.dumps(title.partition(" [")[0])
        await page.wait_until(f"{_TEXT}.includes({name})")
    await _wait_for_progress(house.client)
    # Gauges move for a moment.
    await asyncio.sleep(3)
    return await page.screenshot()


async def _wait_for_progress(client: HassClient) -> None:
    """Wait until even the slowest download shows something."""
    while True:
        listed = (await client.call("auralarchive.get_downloads"))["downloads"]
        if min(one["progress"] for one in listed) >= _ENOUGH:
            return
        await asyncio.sleep(1)


async def _log_in(page: Page, client: HassClient, url: str) -> None:
    """Give the page the tokens that its login form would leave behind."""
    tokens = {
        **client.tokens,
        "hassUrl": url,
        "clientId": client.client_id,
        "expires": (time.time() + client.tokens["expires_in"]) * 1000,
    }
    await page.open(f"{url}/manifest.json")
    await page.wait_until(f"location.href.startsWith({json.dumps(url)})")
    value = json.dumps(json.dumps(tokens))
    await page.evaluate(f"localStorage.setItem('hassTokens', {value})")


def main() -> int:
    """Take the picture and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/screenshots", description=__doc__)
    parser.add_argument("--port", type=int, help="Home Assistant's port; a free one otherwise")
    parser.add_argument("--to", type=Path, default=Path("docs/dashboard.png"))
    arguments = parser.parse_args()
    try:
        picture = asyncio.run(_take(arguments.port))
        arguments.to.parent.mkdir(parents=True, exist_ok=True)
        arguments.to.write_bytes(picture)
    except (*EXPECTED, ChromiumError) as error:
        print(f"screenshots: {error}", file=sys.stderr)
        return 1
    print(f"screenshots: {arguments.to}, {len(picture):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
