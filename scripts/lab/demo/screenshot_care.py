"""What an entry needs now and then: other preferences, other addresses, a new key, a repair."""

import asyncio
import json
from pathlib import Path
import tempfile
import time

from scripts.lab.hass_client import HassRefusal

from .house import DemoError
from .screenshot_walk import INTEGRATION_PAGE, Walk

_ROW = "ha-config-entry-row"
_ENTRY = "panel.config.integrations.config_entry"
_DOWNLOAD_SECONDS = 30
_NEW_KEY = "thekeythatjackettwasgivenlateron"


async def change_options(walk: Walk) -> None:
    """Prefer a format and a language."""
    visitor, texts = walk.visitor, walk.texts
    await visitor.page.resize(1280, 1600)
    await visitor.visit(INTEGRATION_PAGE)
    await visitor.click(texts.ui(f"{_ENTRY}.configure"), within=_ROW)
    await visitor.reads(texts("options.step.init.description"))
    sections = "options.step.init.sections"
    # One long section is closed, and the one that is closed opened.
    await visitor.click(texts(f"{sections}.downloads.name"), within="dialog")
    await visitor.reads_no_more(texts(f"{sections}.downloads.description"))
    await visitor.click(texts(f"{sections}.watching.name"), within="dialog")
    await visitor.reads(texts(f"{sections}.watching.data_description.timeout"))
    for index, choice in ((2, "formats.options.m4b"), (3, "languages.options.en")):
        await visitor.click(texts.ui("common.add"), within="dialog", index=index)
        await visitor.click(texts(f"selector.{choice}"), within="ha-picker-combo-box")
        await visitor.sees_gone("ha-picker-combo-box")
    await visitor.click(texts("options.step.init.title"), within="dialog")
    walk.keep("options", await visitor.picture(scale=1.5))
    await walk.submit()
    await visitor.reads(texts.ui("dialogs.options_flow.success.description"))
    await walk.dismiss()


async def reconfigure(walk: Walk) -> None:
    """Go through all forms of the reconfiguration without entering anything."""
    visitor, texts = walk.visitor, walk.texts
    await visitor.page.resize(1280, 1000)
    await visitor.visit(INTEGRATION_PAGE)
    await _choose(walk, "reconfigure")
    await visitor.reads(texts("config.step.reconfigure.description"))
    walk.keep("reconfigure", await visitor.picture())
    await walk.submit()
    await visitor.reads(texts("config.step.reconfigure_qbittorrent.description"))
    await walk.submit()
    label = texts("config.step.reconfigure_address.data.jackett_url_for_qbittorrent")
    await visitor.reads(label, within="dialog")
    await walk.submit()
    await visitor.reads(texts("config.abort.reconfigure_successful"))
    await walk.dismiss()


async def reauthenticate(walk: Walk) -> None:
    """Give Jackett another key, and enter it where Home Assistant asks for it."""
    visitor, texts = walk.visitor, walk.texts
    walk.house.jackett.api_key = _NEW_KEY
    try:
        await walk.client.call("auralarchive.search", query="emma", fresh=True)
    except HassRefusal:
        pass
    else:
        raise DemoError("a search with the old key succeeded")
    await visitor.page.resize(1280, 800)
    await visitor.visit(INTEGRATION_PAGE)
    await visitor.click(texts.ui("panel.config.integrations.reconfigure"))
    await visitor.reads(texts("config.step.reauth_jackett.description"))
    await visitor.fill_in(texts("config.step.reauth_jackett.data.jackett_api_key"), _NEW_KEY)
    await visitor.click(texts("config.step.reauth_jackett.title"), within="dialog")
    walk.keep("reauth", await visitor.picture())
    await walk.submit()
    await visitor.reads(texts("config.abort.reauth_successful"))
    await walk.dismiss()


async def repair(walk: Walk) -> None:
    """Remove the category in qBittorrent, and have the repair create it again."""
    visitor, texts = walk.visitor, walk.texts
    session = walk.house.qbittorrent.login()
    session.call("torrents/removeCategories", {"categories": "auralarchive"})
    await walk.client.reload_entry((await walk.entry())["entry_id"])
    await visitor.page.resize(1280, 800)
    await visitor.visit("/config/repairs")
    issue = "issues.category_missing"
    names = {"entry": "AuralArchive", "category": "auralarchive"}
    await visitor.click(texts(f"{issue}.title", **names))
    await visitor.reads(texts(f"{issue}.fix_flow.step.confirm.title", **names))
    walk.keep("repairs", await visitor.picture())
    await walk.submit()
    await visitor.reads(texts.ui("dialogs.repair_flow.success.description"))
    await walk.dismiss()
    if issues := await walk.client.issues("auralarchive"):
        raise DemoError(f"something is still to be repaired: {issues}")
    if "auralarchive" not in json.loads(session.call("torrents/categories")):
        raise DemoError("the repair did not create the category")


async def download_diagnostics(walk: Walk) -> None:
    """Download the diagnostics by the menu, and look for what must not be in them."""
    await walk.visitor.page.resize(1280, 1000)
    await walk.visitor.visit(INTEGRATION_PAGE)
    with tempfile.TemporaryDirectory(prefix="auralarchive-diagnostics-") as folder:
        await walk.visitor.page.download_into(Path(folder))
        await _choose(walk, "download_diagnostics")
        text = (await _file_in(Path(folder))).read_text()
    told = json.loads(text)["data"]
    secrets = (walk.house.jackett.api_key, walk.house.qbittorrent.password)
    if any(secret in text for secret in secrets):
        raise DemoError("the diagnostics tell a secret")
    walk.transcript.good("Diagnostics", f"JSON with {', '.join(sorted(told))}")


async def _file_in(folder: Path) -> Path:
    """Wait until a file has been downloaded; until then it has another name."""
    deadline = time.monotonic() + _DOWNLOAD_SECONDS
    while not (files := list(folder.glob("*.json"))):  # noqa: ASYNC240 - a folder of our own
        if time.monotonic() > deadline:
            raise DemoError("the diagnostics were not downloaded")
        await asyncio.sleep(0.1)
    return files[0]


async def _choose(walk: Walk, action: str) -> None:
    await walk.visitor.click(walk.texts.ui("common.menu"), within=_ROW)
    await walk.visitor.click(walk.texts.ui(f"{_ENTRY}.{action}"), within=_ROW)
