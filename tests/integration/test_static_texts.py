"""The texts as Home Assistant's own checks want them: their shape, their style, and the icons."""

import ast
from collections.abc import Iterator, Mapping
import re
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import get_system_health_info
import voluptuous as vol

from custom_components.auralarchive.const import DOMAIN

from .package_files import CONSTANTS, ICONS, SOURCES, TEXTS, calls, constants, strings

KEY = vol.All(str, vol.Match(r"^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$"))
SAID = vol.All(str, vol.Length(min=1))
TITLED: dict[Any, Any] = {vol.Required("name"): SAID, vol.Optional("description"): SAID}
FIELDS: dict[Any, Any] = {
    vol.Optional("data"): {KEY: SAID},
    vol.Optional("data_description"): {KEY: SAID},
}
FLOW: dict[Any, Any] = {
    vol.Required("step"): {
        KEY: {
            vol.Required("title"): SAID,
            vol.Optional("description"): SAID,
            vol.Optional("submit"): SAID,
            vol.Optional("menu_options"): {KEY: SAID},
            vol.Optional("menu_option_descriptions"): {KEY: SAID},
            vol.Optional("sections"): {KEY: {**TITLED, **FIELDS}},
            **FIELDS,
        }
    },
    vol.Optional("error"): {KEY: SAID},
    vol.Optional("abort"): {KEY: SAID},
    vol.Optional("progress"): {KEY: SAID},
}
STATES: dict[Any, Any] = {vol.Optional("state"): {KEY: SAID}}
ENTITY: dict[Any, Any] = {
    vol.Required("name"): SAID,
    vol.Optional("unit_of_measurement"): SAID,
    vol.Optional("state_attributes"): {KEY: {vol.Optional("name"): SAID, **STATES}},
    **STATES,
}
ACTION: dict[Any, Any] = {
    vol.Required("name"): SAID,
    vol.Required("description"): SAID,
    vol.Required("fields"): {KEY: {vol.Required("name"): SAID, vol.Required("description"): SAID}},
    vol.Optional("sections"): {KEY: TITLED},
}
ISSUE: dict[Any, Any] = {
    vol.Required("title"): SAID,
    vol.Exclusive("description", "repair"): SAID,
    vol.Exclusive("fix_flow", "repair"): FLOW,
}
SHAPE = vol.Schema(
    {
        vol.Optional("common"): {KEY: SAID},
        vol.Required("config"): FLOW,
        vol.Required("entity"): {vol.In([*Platform]): {KEY: ENTITY}},
        vol.Required("exceptions"): {KEY: {vol.Required("message"): SAID}},
        vol.Optional("issues"): {KEY: ISSUE},
        vol.Optional("options"): FLOW,
        vol.Required("selector"): {KEY: {vol.Required("options"): {KEY: SAID}}},
        vol.Required("services"): {KEY: ACTION},
        vol.Optional("system_health"): {vol.Required("info"): {KEY: SAID}},
    }
)
ICON = vol.All(str, vol.Match(r"^mdi:[a-z0-9-]+$"))
ICONS_SHAPE = vol.Schema(
    {
        vol.Required("entity"): {
            vol.In([*Platform]): {
                KEY: {
                    vol.Required("default"): ICON,
                    vol.Optional("state"): {KEY: ICON},
                    vol.Optional("state_attributes"): {
                        KEY: {vol.Required("default"): ICON, vol.Optional("state"): {KEY: ICON}}
                    },
                }
            }
        },
        vol.Required("services"): {
            KEY: {vol.Required("service"): ICON, vol.Optional("sections"): {KEY: ICON}}
        },
    }
)
# Names, and what is said of something rather than to somebody.
DESCRIBES = re.compile(r"(\.description|\.data_description\.\w+|\.error\.\w+|\.abort\.\w+)$")


def flows() -> Iterator[tuple[str, Any]]:
    """Yield the texts of every flow with its place."""
    yield "config", TEXTS["config"]
    yield from ((part, TEXTS[part]) for part in ("options",) if part in TEXTS)
    for key, issue in TEXTS.get("issues", {}).items():
        yield from ((f"{key}.{part}", issue[part]) for part in ("fix_flow",) if part in issue)


STEPS = {
    f"{place}.{step_id}": (step_id, step)
    for place, flow in flows()
    for step_id, step in flow["step"].items()
}


def test_shape() -> None:
    """There is nothing that Home Assistant would not look for."""
    assert SHAPE(TEXTS) == TEXTS


def test_icons() -> None:
    """They are all from the one set that Home Assistant has, and a state's differs."""
    assert ICONS_SHAPE(ICONS) == ICONS
    entities = [icon for keys in ICONS["entity"].values() for icon in keys.values()]
    assert not [one for one in entities if one["default"] in one.get("state", {}).values()]


@pytest.mark.parametrize(
    "unwanted",
    [
        pytest.param(r"://|www\.", id="address"),
        pytest.param(r"\[%", id="reference"),
        pytest.param(r"<", id="markup"),
        pytest.param(r"'[{}]", id="quoted-placeholder"),
        pytest.param(r"^\s|\s$|\s\s", id="blanks"),
    ],
)
def test_texts(unwanted: str) -> None:
    """They can be shown as they are: nothing in them means anything to the frontend."""
    assert not [place for place, text in strings(TEXTS) if re.search(unwanted, text)]


def test_descriptions() -> None:
    """They are sentences; only what comes from elsewhere may end them."""
    unended = [
        (place, text)
        for place, text in strings(TEXTS)
        if DESCRIBES.search(place) and not text.endswith((".", "?", "}"))
    ]
    assert unended == []


@pytest.mark.parametrize(("step_id", "step"), STEPS.values(), ids=STEPS)
def test_steps(step_id: str, step: Mapping[str, Any]) -> None:
    """Each is a step of a flow, and every field says what belongs into it."""
    methods = {node.name for tree in SOURCES.values() for node in functions(tree)}
    assert f"async_step_{step_id}" in methods
    for part in (step, *step.get("sections", {}).values()):
        assert set(part.get("data", {})) == set(part.get("data_description", {}))
        assert set(part.get("data", {})) <= CONSTANTS
    assert set(step.get("sections", {})) | set(step.get("menu_options", {})) <= CONSTANTS


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_issues() -> None:
    """Those that the code reports are those that there are texts for."""
    texts = TEXTS.get("issues", {})
    for key, issue in texts.items():
        assert {"description", "fix_flow"} & set(issue), key
    assert set(texts) <= CONSTANTS
    named = [
        constants(one.value)
        for call in calls("async_create_issue")
        for one in call.keywords
        if one.arg == "translation_key"
    ]
    assert set[str]().union(*named) <= set(texts)


async def test_system_health(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Everything that is told has a name, and every name is told of."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    told = await get_system_health_info(hass, DOMAIN)
    assert set(told) == set(TEXTS["system_health"]["info"])
