"""Somebody in front of the frontend, who reads, clicks and types."""

import asyncio
from dataclasses import dataclass, replace
import json
from pathlib import Path
import time

from scripts.lab.chromium import Area, ChromiumError, Page
from scripts.lab.hass_client import HassClient

_EYES = Path(__file__).with_name("screenshot_eyes.js")
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.1
_STILL_SECONDS = 0.3
_DIALOG = "dialog"
# What is seen of the page around a dialog.
_MARGIN = 16


@dataclass(frozen=True, slots=True)
class Visitor:
    """One user of a Home Assistant, in one tab."""

    page: Page
    url: str

    async def log_in(self, client: HassClient) -> None:
        """Give the page the tokens that its login form would leave behind."""
        await self.page.run_in_every_document(_EYES.read_text())
        tokens = {
            **client.tokens,
            "hassUrl": self.url,
            "clientId": client.client_id,
            "expires": (time.time() + client.tokens["expires_in"]) * 1000,
        }
        await self.page.open(f"{self.url}/manifest.json")
        await self.page.wait_until(f"location.href.startsWith({json.dumps(self.url)})")
        value = json.dumps(json.dumps(tokens))
        await self.page.evaluate(f"localStorage.setItem('hassTokens', {value})")

    async def visit(self, path: str) -> None:
        """Open a page of Home Assistant's."""
        # Its name stays when a page is opened again.
        await self.page.evaluate("globalThis.left = true")
        await self.page.open(f"{self.url}{path}")
        await self.page.wait_until("!globalThis.left && document.readyState === 'complete'")

    async def reads(self, *texts: str, within: str = "") -> None:
        """Wait until all these texts are shown, be it as parts of longer ones."""
        for text in texts:
            shown = f"eyes.text({json.dumps(within)})"
            try:
                await self.page.wait_until(f"{shown}.includes({json.dumps(text)})")
            except ChromiumError:
                instead = await self.page.evaluate(shown)
                raise ChromiumError(f"'{text}' is not to be read, but: {instead}") from None

    async def reads_no_more(self, text: str) -> None:
        """Wait until a text is not shown any more."""
        await self.page.wait_until(f"!eyes.text('').includes({json.dumps(text)})")

    async def sees(self, selector: str) -> None:
        """Wait until something that matches is shown."""
        await self.page.wait_until(f"eyes.area([{json.dumps(selector)}])")

    async def sees_gone(self, selector: str = _DIALOG) -> None:
        """Wait until nothing shown matches any more."""
        await self.page.wait_until(f"!eyes.area([{json.dumps(selector)}])")

    async def click(self, text: str, *, within: str = "", index: int = 0) -> None:
        """Click on a text or on what is labelled so, once it stands still and free."""
        place = f"eyes.placeOf({json.dumps(text)}, {json.dumps(within)}, {index})"
        await self._click(place, f"'{text}'")

    async def click_on(self, selector: str, *, within: str = "", index: int = 0) -> None:
        """Click on an element, once it stands still and free."""
        place = f"eyes.placeOfElement({json.dumps(selector)}, {json.dumps(within)}, {index})"
        await self._click(place, selector)

    async def fill_in(self, label: str, text: str, *, within: str = _DIALOG) -> None:
        """Click on a field's label, and replace what stands there."""
        await self.click(label, within=within)
        await self.page.select_all()
        await self.page.type(text)

    async def picture(
        self, *selectors: str, scale: float = 2.0, height: float | None = None
    ) -> bytes:
        """Take a picture of what matches, all of it together, once nothing in it moves."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        before = b""
        while (now := await self.glimpse(*selectors, scale=scale, height=height)) != before:
            if time.monotonic() > deadline:
                raise ChromiumError(f"{' and '.join(selectors)} did not come to rest")
            before = now
            await asyncio.sleep(_STILL_SECONDS)
        return now

    async def glimpse(
        self, *selectors: str, scale: float = 2.0, height: float | None = None
    ) -> bytes:
        """Take a picture of what matches at once."""
        chosen = selectors or (_DIALOG,)
        found = await self.page.evaluate(f"eyes.area({json.dumps(list(chosen))})")
        if not isinstance(found, dict):
            raise ChromiumError(f"there is no {' and no '.join(chosen)} to take a picture of")
        area = Area(**found)
        if not selectors:
            area = Area(
                area.x - _MARGIN,
                area.y - _MARGIN,
                area.width + 2 * _MARGIN,
                area.height + 2 * _MARGIN,
            )
        if height is not None:
            area = replace(area, height=height)
        return await self.page.screenshot(area, scale=scale)

    async def _click(self, place: str, name: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not isinstance(found := await self.page.evaluate(place), dict):
            if time.monotonic() > deadline:
                shown = await self.page.evaluate("eyes.text()")
                raise ChromiumError(f"there is no {name} to click on, but: {shown}")
            await asyncio.sleep(_LOOK_SECONDS)
        await self.page.click(found["x"], found["y"])
