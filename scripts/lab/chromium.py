"""A headless Chromium, driven over its DevTools protocol."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import count
import os
from pathlib import Path
import shutil
import signal
import tempfile
import time

from aiohttp import ClientSession, ClientWebSocketResponse

from scripts.lab.hass_client import JsonObject

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-port=0",
)
_START_SECONDS = 30.0


class ChromiumError(Exception):
    """The browser is missing, or a page did not come to what was awaited."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a page, in CSS pixels."""

    x: float
    y: float
    width: float
    height: float


class Page:
    """One tab."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        """Speak over the tab's own socket."""
        self._socket = socket
        self._numbers = count(1)

    async def resize(self, width: int, height: int) -> None:
        """Give the tab a size in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self._command("Emulation.setDeviceMetricsOverride", **size)

    async def run_in_every_document(self, script: str) -> None:
        """Have a script run first in whatever document the tab opens from now on."""
        await self._command("Page.enable")
        await self._command("Page.addScriptToEvaluateOnNewDocument", source=script)

    async def open(self, address: str) -> None:
        """Go to an address, without waiting for what it loads."""
        await self._command("Page.navigate", url=address)

    async def evaluate(self, expression: str) -> object:
        """Return the value of an expression of JavaScript."""
        answer = await self._command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise ChromiumError(str(answer["exceptionDetails"]))
        value: object = answer["result"].get("value")
        return value

    async def wait_until(self, expression: str, *, seconds: float = 30.0) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + seconds
        while not await self.evaluate(expression):
            if time.monotonic() > deadline:
                raise ChromiumError(f"after {seconds:.0f} s this is not so: {expression}")
            await asyncio.sleep(0.2)

    async def download_into(self, folder: Path) -> None:
        """Put what the tab downloads into a folder."""
        await self._command(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder)
        )

    async def move(self, x: float, y: float) -> None:
        """Move the mouse to a place in the viewport."""
        await self._command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    async def click(self, x: float, y: float) -> None:
        """Click with the left button."""
        await self.move(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            await self._command(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    async def type(self, text: str) -> None:
        """Put text where the cursor is, as from a keyboard or the clipboard."""
        await self._command("Input.insertText", text=text)

    async def select_all(self) -> None:
        """Select all that is in the field with the cursor, as Ctrl+A does."""
        for kind, commands in (("rawKeyDown", ["selectAll"]), ("keyUp", [])):
            await self._command("Input.dispatchKeyEvent", type=kind, key="a", commands=commands)

    async def screenshot(self, area: Area | None = None, *, scale: float = 1.0) -> bytes:
        """Return what the tab shows as a PNG, or an area of it, which may be drawn larger."""
        clip = {} if area is None else {"clip": {**asdict(area), "scale": scale}}
        answer = await self._command("Page.captureScreenshot", format="png", **clip)
        return b64decode(answer["data"])

    async def _command(self, method: str, **parameters: object) -> JsonObject:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while (answer := await self._socket.receive_json()).get("id") != number:
            # Events come in between.
            pass
        if "error" in answer:
            raise ChromiumError(f"{method}: {answer['error']['message']}")
        return dict(answer["result"])


@asynccontextmanager
async def open_page(http: ClientSession) -> AsyncIterator[Page]:
    """Start a browser of its own with one tab."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        raise ChromiumError("Chromium is not installed")
    with tempfile.TemporaryDirectory(prefix="auralarchive-chromium-") as profile:
        process = await asyncio.create_subprocess_exec(
            program,
            *(*_FLAGS, f"--user-data-dir={profile}", "about:blank"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            port = await _port(process, Path(profile, "DevToolsActivePort"))
            async with http.put(f"http://127.0.0.1:{port}/json/new?about:blank") as response:
                address = (await response.json(content_type=None))["webSocketDebuggerUrl"]
            # A screenshot is larger than what aiohttp takes without being asked.
            async with http.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _port(process: asyncio.subprocess.Process, file: Path) -> int:
    """Wait for the port that the browser chose."""
    deadline = time.monotonic() + _START_SECONDS
    while (port := _first_line(file)) is None:
        if process.returncode is not None or time.monotonic() > deadline:
            raise ChromiumError("Chromium does not start")
        await asyncio.sleep(0.1)
    return int(port)


def _first_line(file: Path) -> str | None:
    line, ended, _ = file.read_text().partition("\n") if file.exists() else ("", "", "")
    return line if ended else None
