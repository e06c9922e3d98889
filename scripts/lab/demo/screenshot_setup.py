"""The set-up, as the dialog of Home Assistant's frontend shows it."""

import asyncio

from .house import DemoError
from .screenshot_walk import Walk

PICTURES = ("setup_jackett", "setup_qbittorrent", "setup_looking", "setup_delivery")
_INTEGRATION = "AuralArchive"


async def set_up(walk: Walk) -> None:
    """Add the integration by the dialog's forms."""
    visitor, texts = walk.visitor, walk.texts
    await visitor.page.resize(1280, 1000)
    await visitor.visit("/config/integrations/dashboard")
    await visitor.click(texts.ui("panel.config.integrations.add_integration"))
    await visitor.click_on("input", within="dialog")
    await visitor.page.type(_INTEGRATION)
    await visitor.click(_INTEGRATION, within="dialog >> ha-integration-list-item")
    await _enter_jackett(walk)
    await _enter_qbittorrent(walk)
    await _choose_delivery(walk)
    # What comes next is Home Assistant's own question for the device's name and area.
    await visitor.click(texts.ui("panel.config.integrations.config_flow.finish_skip"))
    await visitor.sees_gone()
    if (entry := await walk.entry())["state"] != "loaded":
        raise DemoError(f"the entry is not loaded but {entry['state']}: {entry['reason']}")


async def _enter_jackett(walk: Walk) -> None:
    visitor, step = walk.visitor, "config.step.user"
    await visitor.reads(walk.texts(f"{step}.description"))
    await visitor.fill_in(walk.texts(f"{step}.data.jackett_url"), walk.house.jackett_url)
    await visitor.fill_in(walk.texts(f"{step}.data.jackett_api_key"), walk.house.jackett.api_key)
    await visitor.click(walk.texts(f"{step}.title"), within="dialog")
    walk.keep("setup_jackett", await visitor.picture())
    await walk.submit()


async def _enter_qbittorrent(walk: Walk) -> None:
    visitor, step = walk.visitor, "config.step.qbittorrent"
    server = walk.house.qbittorrent
    await visitor.reads(walk.texts(f"{step}.description"))
    for name, value in (
        ("url", server.url),
        ("username", server.username),
        ("password", server.password),
    ):
        await visitor.fill_in(walk.texts(f"{step}.data.qbittorrent_{name}"), value)
    await visitor.click(walk.texts(f"{step}.title"), within="dialog")
    walk.keep("setup_qbittorrent", await visitor.picture())

    jackett = walk.house.jackett
    seen = len(jackett.requested())
    await walk.submit()
    # Frozen as soon as it looks for Jackett, it gives the time for a picture.
    await asyncio.wait_for(jackett.wait_for("/", seen + 1), 30)
    server.pause()
    try:
        await visitor.reads(walk.texts("config.progress.looking"))
        walk.keep("setup_looking", await visitor.glimpse())
    finally:
        server.resume()


async def _choose_delivery(walk: Walk) -> None:
    visitor, step = walk.visitor, "config.step.delivery"
    await visitor.reads(walk.texts(f"{step}.data_description.delivery"))
    walk.keep("setup_delivery", await visitor.picture())
    await walk.submit()
