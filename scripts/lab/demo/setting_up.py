"""The demo's chapter on the set-up: the three forms, over the API that the forms use."""

import json

from scripts.lab.hass_client import FlowStep

from .house import DemoError, House
from .terminal import Transcript

_HIDDEN = "••••••••"


async def set_up(house: House, transcript: Transcript) -> str:
    """Go through the config flow, and return the id of the entry it makes."""
    transcript.note(
        "Settings → Devices & services → Add integration → AuralArchive: three forms, filled in"
        " here through Home Assistant's REST API."
    )
    step = await house.client.start_flow("auralarchive")
    _expect_form(step, "user")
    transcript.does("Jackett", f"{house.jackett_url}, API key {_HIDDEN}")
    step = await house.client.submit(
        step, jackett_url=house.jackett_url, jackett_api_key=house.jackett.api_key
    )
    _expect_form(step, "qbittorrent")
    transcript.good("", "Jackett answers and takes the key")

    server = house.qbittorrent
    transcript.does("qBittorrent", f"{server.url}, user {server.username}, password {_HIDDEN}")
    step = await house.client.submit(
        step,
        qbittorrent_url=server.url,
        qbittorrent_username=server.username,
        qbittorrent_password=server.password,
    )
    _expect_form(step, "delivery")
    transcript.good("", "qBittorrent answers and lets Home Assistant in")

    address = _address_for_qbittorrent(house, step, transcript)
    step = await house.client.submit(
        step, jackett_url_for_qbittorrent=address, delivery="auto", category="auralarchive"
    )
    if step.kind != "create_entry":
        raise DemoError(f"the last form was not accepted: {dict(step.errors) or step.kind}")
    entry_id = str(step.entry["entry_id"])
    entry = await house.client.entry(entry_id)
    if entry["state"] != "loaded":
        raise DemoError(f"the entry is not loaded but {entry['state']}: {entry['reason']}")
    if "auralarchive" not in json.loads(server.login().call("torrents/categories")):
        raise DemoError("the category was not created in qBittorrent")
    transcript.good("", f"{entry['title']} is set up and loaded; its category is in qBittorrent")
    return entry_id


def _address_for_qbittorrent(house: House, step: FlowStep, transcript: Transcript) -> str:
    """Choose what to enter as Jackett's address for qBittorrent, and tell why."""
    suggested = str(step.suggested["jackett_url_for_qbittorrent"])
    if house.apart is None:
        transcript.does("Jackett's address for qBittorrent", f"{suggested}, as suggested")
        return suggested
    needed = house.jackett_url_for_qbittorrent
    transcript.does("Jackett's address for qBittorrent", f"{needed}; suggested was {suggested}")
    transcript.note(
        "The suggestion is Jackett's port on the machine that qBittorrent's address names: right"
        " for a container whose ports the machine publishes. This network is bare; in it, the"
        " machine that Jackett runs on has an address of its own, which only you can know."
    )
    return needed


def _expect_form(step: FlowStep, step_id: str) -> None:
    if step.errors or step.step_id != step_id:
        raise DemoError(f"the form '{step_id}' did not come: {dict(step.errors) or step.kind}")
