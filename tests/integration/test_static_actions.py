"""The actions: the same fields in the schema, in the form, in the texts and with the icons."""

import json
from typing import Any

from homeassistant.helpers.selector import selector
import pytest
import voluptuous as vol

from .conftest import Fields
from .package_files import ACTIONS, CONSTANTS, ICONS, SCHEMAS, TEXTS


def fields_of(action: str) -> dict[str, Any]:
    """Return an action's fields, those of its sections too."""
    fields: dict[str, Any] = {}
    for name, field in ACTIONS[action]["fields"].items():
        fields |= (field or {}).get("fields", {name: field or {}})
    return fields


@pytest.mark.parametrize("action", SCHEMAS)
def test_actions(action: str) -> None:
    """The same fields in the schema, in the form, and in the texts."""
    markers = {str(marker): marker for marker in SCHEMAS[action].schema}
    fields = fields_of(action)
    texts = TEXTS["services"][action]
    sections = [name for name, field in ACTIONS[action]["fields"].items() if "fields" in field]
    assert set(fields) == set(markers) == set(texts["fields"])
    required = {name for name, marker in markers.items() if isinstance(marker, vol.Required)}
    assert {name for name, field in fields.items() if field.get("required")} == required
    assert list(texts.get("sections", {})) == sections
    assert list(ICONS["services"][action].get("sections", {})) == sections
    for text in (texts, *texts["fields"].values()):
        assert text["name"]
        assert text["description"].endswith(".")


ACTION_FIELDS = [
    pytest.param(action, name, field, id=f"{action}-{name}")
    for action in SCHEMAS
    for name, field in fields_of(action).items()
]


def checked(action: str, **fields: object) -> dict[str, Any]:
    """Return what the schema makes of an action's fields, those that are needed filled in."""
    markers = SCHEMAS[action].schema
    needed = {str(one): "x" for one in markers if isinstance(one, vol.Required)}
    data: dict[str, Any] = SCHEMAS[action](needed | fields)
    return data


@pytest.mark.parametrize(("action", "name", "field"), ACTION_FIELDS)
def test_action_fields(action: str, name: str, field: Fields) -> None:
    """What the form offers and allows, the schema takes; its default is the schema's."""
    ((kind, config),) = field["selector"].items()
    selector({kind: config or {}})
    options = [*(config or {}).get("options", ())]
    offered: list[Any] = [[one] for one in options] if (config or {}).get("multiple") else options
    offered += [config[end] for end in ("min", "max") if kind == "number"]
    assert [checked(action, **{name: value})[name] for value in offered] == offered
    shown = [checked(action, **{name: field[key]})[name] for key in ("default",) if key in field]
    assert shown == [checked(action)[name] for key in ("default",) if key in field]


def test_every_action_is_there() -> None:
    """In the code, in the forms, in the texts and with an icon."""
    assert set(ACTIONS) == set(SCHEMAS) == set(TEXTS["services"]) == set(ICONS["services"])


SELECTS = [
    (field["selector"]["select"], f"{action}-{name}")
    for action in SCHEMAS
    for name, field in fields_of(action).items()
    if "select" in field["selector"]
]


@pytest.mark.parametrize("select", [pytest.param(one, id=name) for one, name in SELECTS])
def test_options_have_names(select: Fields) -> None:
    """Each its own, under the key that the form gives."""
    assert list(TEXTS["selector"][select["translation_key"]]["options"]) == select["options"]


def test_every_list_of_options_is_shown() -> None:
    """In an action's form, or in one that the code makes."""
    assert set(TEXTS["selector"]) - {one["translation_key"] for one, _ in SELECTS} <= CONSTANTS


def test_examples() -> None:
    """They can be entered as they are: the schema takes each of them."""
    for action in SCHEMAS:
        examples = {
            name: field["example"]
            for name, field in fields_of(action).items()
            if "example" in field
        }
        lists = {
            name: json.loads(text)
            for name, text in examples.items()
            if isinstance(text, str) and text.startswith("[")
        }
        assert SCHEMAS[action](examples | lists)
