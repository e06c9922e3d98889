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
    """Take the address that the form proposes, which has to be the right one."""
    proposed = str(step.suggested["jackett_url_for_qbittorrent"])
    if proposed != house.jackett_url_for_qbittorrent:
        raise DemoError(f"the form proposes {proposed}, where Jackett is not")
    transcript.does("Jackett's address for qBittorrent", f"{proposed}, as proposed")
    transcript.good("", f"the form says: {step.description['finding']}")
    return proposed


async def check_route(house: House, transcript: Transcript) -> None:
    """Have every leg of the way checked."""
    transcript.does("auralarchive.check_route", "every leg of the way, without adding anything")
    route = await house.client.call("auralarchive.check_route")
    for leg in route["legs"]:
        if leg["status"] == "warning":
            transcript.note(f"{leg['detail']}. {leg['advice']}.")
        else:
            tell = transcript.bad if leg["ok"] is False else transcript.good
            tell("", leg["detail"])
    if not route["ok"]:
        raise DemoError("the route is not passable")


def _expect_form(step: FlowStep, step_id: str) -> None:
    if step.errors or step.step_id != step_id:
        raise DemoError(f"the form '{step_id}' did not come: {dict(step.errors) or step.kind}")
