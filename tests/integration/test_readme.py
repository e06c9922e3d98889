"""The README's automations are such as Home Assistant takes."""

from pathlib import Path
import re
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
import yaml

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]
AUTOMATIONS: dict[str, dict[str, Any]] = {
    block["alias"]: block for block in BLOCKS if "alias" in block
}
# Sentences need more of Home Assistant than its tests bring along.
SPOKEN = {
    alias for alias, one in AUTOMATIONS.items() if one["triggers"][0]["trigger"] == "conversation"
}


@pytest.mark.parametrize("alias", sorted(AUTOMATIONS.keys() - SPOKEN))
async def test_automations(hass: HomeAssistant, entry: ConfigEntry, alias: str) -> None:
    """Each is set up, and on."""
    assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: AUTOMATIONS[alias]})
    await hass.async_block_till_done()
    (automation,) = hass.states.async_all(AUTOMATION)
    assert (automation.name, automation.state) == (alias, STATE_ON)
    # It would wait for its hour.
    await hass.services.async_call(AUTOMATION, "turn_off", {"entity_id": "all"}, blocking=True)


def test_every_action_is_described() -> None:
    """In a section of its own, or together with another."""
    actions = yaml.safe_load(
        (Path(__file__).parents[2] / "custom_components/auralarchive/services.yaml").read_text()
    )
    headings = " ".join(re.findall(r"^### (.*)$", README, re.MULTILINE))
    assert {one for one in actions if f"`auralarchive.{one}`" not in headings} == set()


def test_every_picture_is_there() -> None:
    """And every page that the README leads to."""
    links = re.findall(r'\]\(([^):#]+)(?:#[^)]*)?\)|src="([^"]+)"', README)
    root = Path(__file__).parents[2]
    assert {one for pair in links for one in pair if one and not (root / one).exists()} == set()
