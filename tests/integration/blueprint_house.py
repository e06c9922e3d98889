"""A house whose automations are made of the blueprints, and what happens in it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
import re
import shutil
from typing import Any

from homeassistant.components.automation import EVENT_AUTOMATION_TRIGGERED
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.components.notify.const import NOTIFY_SERVICE_SCHEMA
from homeassistant.core import Event, HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict, parse_yaml
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.auralarchive.const import DOMAIN, EVENT_DOWNLOAD
from tests.conftest import until

REPOSITORY = Path(__file__).parents[2]
DOMAIN_FOLDER = "automation"
OWN_FOLDER = "auralarchive"
BLUEPRINTS = REPOSITORY / "blueprints" / DOMAIN_FOLDER / OWN_FOLDER
PHONE = "notify.mobile_app_phone"
EVENT_BUTTON = "mobile_app_notification_action"


def blueprint(name: str) -> Blueprint:
    """Load a blueprint as Home Assistant does."""
    return Blueprint(
        load_yaml_dict(BLUEPRINTS / name),
        path=f"{OWN_FOLDER}/{name}",
        expected_domain=DOMAIN_FOLDER,
        schema=BLUEPRINT_SCHEMA,
    )


def configuration_in(description: str) -> dict[str, Any]:
    """Return the configuration that a description tells to copy."""
    (block,) = re.findall(r"```yaml\n(.+?)```", description, re.DOTALL)
    configuration = parse_yaml(block)
    assert isinstance(configuration, dict)
    return configuration


class House:
    """Runs automations, has a phone, and lets time pass."""

    def __init__(self, hass: HomeAssistant, folder: Path) -> None:
        """Move in; the configuration will be in `folder`."""
        self._hass = hass
        hass.config.config_dir = str(folder)
        self.runs: list[Event[Any]] = async_capture_events(hass, EVENT_AUTOMATION_TRIGGERED)
        self.phone: list[ServiceCall] = async_mock_service(
            hass, "notify", "mobile_app_phone", schema=NOTIFY_SERVICE_SCHEMA
        )

    async def automate(self, name: str, **inputs: Any) -> None:
        """Make an automation of a blueprint, and of no other inputs than these."""
        folder = self._hass.config.path("blueprints", DOMAIN_FOLDER, OWN_FOLDER)
        await self._hass.async_add_executor_job(shutil.copytree, BLUEPRINTS, folder)
        use = {"path": f"{OWN_FOLDER}/{name}", "input": inputs}
        automation = {"id": "book", "alias": "Book", "use_blueprint": use}
        assert await async_setup_component(self._hass, DOMAIN_FOLDER, {DOMAIN_FOLDER: [automation]})
        state = self._hass.states.get("automation.book")
        assert state is not None
        assert state.state == "on"

    @property
    def running(self) -> int:
        """How many runs of the automation still have something to do."""
        state = self._hass.states.get("automation.book")
        assert state is not None
        return int(state.attributes["current"])

    def hear(self, turn: str) -> list[Event[Any]]:
        """Return what will be told of downloads that take a turn."""
        heard: list[Event[Any]] = []

        @callback
        def hear(event: Event[Any]) -> None:
            heard.append(event)

        @callback
        def is_turn(data: Mapping[str, Any]) -> bool:
            return bool(data["type"] == turn)

        self._hass.bus.async_listen(EVENT_DOWNLOAD, hear, event_filter=is_turn)
        return heard

    async def until(self, is_so: Callable[[], object]) -> None:
        """Have the downloads looked at again and again until something is so.

        Time stands still meanwhile: only an automation that is to go on waiting goes on waiting.
        """

        async def look() -> object:
            # What cannot be looked at is told as well.
            with suppress(HomeAssistantError):
                await self._hass.services.async_call(
                    DOMAIN, "get_downloads", blocking=True, return_response=True
                )
            return is_so()

        await until(look, bool)

    @callback
    def pass_time(self, time: timedelta) -> None:
        """Let what an automation waits for be over."""
        async_fire_time_changed(self._hass, dt_util.utcnow() + time)

    async def until_told(self, number: int) -> list[str]:
        """Look until the phone has so many messages, and return them."""
        await self.until(lambda: len(self.phone) >= number)
        return [call.data["message"] for call in self.phone]

    async def until_run(self, number: int) -> None:
        """Look until the automation has been started so often."""
        await self.until(lambda: len(self.runs) >= number)

    @callback
    def press(self, action: str) -> None:
        """Press a button of a notification, as the app tells it."""
        self._hass.bus.async_fire(EVENT_BUTTON, {"action": action, "device_id": "phone"})


def button_of(call: ServiceCall) -> str:
    """Return what the one button of a notification fires."""
    (button,) = call.data["data"]["actions"]
    action = button["action"]
    assert isinstance(action, str)
    return action
