"""The integration's files as the static tests read them: code, texts, forms of the actions."""

import ast
import asyncio
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import string
from typing import Any

from homeassistant.core import HomeAssistant
import voluptuous as vol
import yaml

import custom_components.auralarchive as integration
from custom_components.auralarchive.const import DOMAIN

FOLDER = Path(integration.__file__).parent
ENGINE = FOLDER / "engine"
REPOSITORY = FOLDER.parents[1]
TEXTS: Any = json.loads((FOLDER / "translations/en.json").read_text())
ICONS: Any = json.loads((FOLDER / "icons.json").read_text())
MANIFEST: Any = json.loads((FOLDER / "manifest.json").read_text())
ACTIONS: Any = yaml.safe_load((FOLDER / "services.yaml").read_text())
EXCEPTIONS: dict[str, str] = {key: one["message"] for key, one in TEXTS["exceptions"].items()}
SOURCES = {path: ast.parse(path.read_text()) for path in sorted(FOLDER.rglob("*.py"))}


async def _action_schemas() -> dict[str, vol.Schema]:
    """Return the actions' schemas, as Home Assistant has them when no entry is there."""
    hass = HomeAssistant("/nowhere")
    await integration.async_setup(hass, {})
    registered = hass.services.async_services_for_domain(DOMAIN)
    schemas = {name: service.schema for name, service in registered.items()}
    return {name: one for name, one in schemas.items() if isinstance(one, vol.Schema)}


SCHEMAS = asyncio.run(_action_schemas())


def placeholders(text: str) -> set[str]:
    """Return the names in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def strings(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with its place."""
    for key, value in texts.items():
        here = f"{path}.{key}".removeprefix(".")
        if isinstance(value, str):
            yield here, value
        else:
            yield from strings(value, here)


def nodes[NodeT: ast.AST](kind: type[NodeT]) -> Iterator[NodeT]:
    """Yield what the code has of a kind."""
    for tree in SOURCES.values():
        yield from (node for node in ast.walk(tree) if isinstance(node, kind))


def called(call: ast.Call) -> str:
    """Return the name of what is called, without where it comes from."""
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def calls(*functions: str) -> Iterator[ast.Call]:
    """Yield the calls of functions with these names."""
    return (call for call in nodes(ast.Call) if called(call) in functions)


def constants(node: ast.AST) -> set[str]:
    """Return the texts that stand in an expression."""
    found = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
    return {value for value in found if isinstance(value, str)}


def keywords(name: str) -> Iterator[set[str]]:
    """Yield the texts that are given as a keyword's value, wherever that is."""
    return (constants(node.value) for node in nodes(ast.keyword) if node.arg == name)


# Every text in the code: a key that is none of these, nor made of parts, leads nowhere.
CONSTANTS = set[str]().union(*(constants(tree) for tree in SOURCES.values()))
