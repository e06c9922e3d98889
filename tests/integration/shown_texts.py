"""Looks, while a test runs, for the text of everything that the integration shows."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigFlow, OptionsFlow
from homeassistant.data_entry_flow import FlowManager, FlowResultType, section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import SelectSelector
import pytest
import voluptuous as vol

from custom_components.auralarchive.const import DOMAIN

from .package_files import EXCEPTIONS, TEXTS, placeholders, strings

type Texts = Mapping[str, Any]


def watch_texts(patch: pytest.MonkeyPatch, missing: list[str]) -> None:
    """Look at every step of a flow, every error and every issue of ours; collect what is missing.

    Home Assistant does so with its own integrations. Nothing else knows what really is shown.
    """
    show = FlowManager._async_handle_step
    report = ir.IssueRegistry.async_get_or_create
    raised = HomeAssistantError.__init__

    async def shown(manager: Any, flow: Any, *args: Any, **options: Any) -> Any:
        texts = _flow_texts(manager, flow)
        result = await show(manager, flow, *args, **options)
        if texts is not None:
            missing.extend(missing_texts(texts, result))
        return result

    def reported(registry: Any, domain: str, issue_id: str, **options: Any) -> Any:
        if domain == DOMAIN:
            missing.extend(
                missing_issue_texts(
                    options["translation_key"],
                    options.get("translation_placeholders"),
                    is_fixable=options["is_fixable"],
                )
            )
        return report(registry, domain, issue_id, **options)

    def made(error: HomeAssistantError, *args: Any, **options: Any) -> None:
        if options.get("translation_domain") == DOMAIN:
            missing.extend(
                missing_exception_text(
                    options.get("translation_key"), options.get("translation_placeholders")
                )
            )
        raised(error, *args, **options)

    patch.setattr(FlowManager, "_async_handle_step", shown)
    patch.setattr(ir.IssueRegistry, "async_get_or_create", reported)
    patch.setattr(HomeAssistantError, "__init__", made)


def _flow_texts(manager: Any, flow: Any) -> Texts | None:
    """Return the part of the texts that a flow of ours shows; None for others' flows.

    A flow that repairs has its texts with the issue, which is gone when it ends.
    """
    if isinstance(flow, RepairsFlow):
        issue = ir.async_get(manager.hass).async_get_issue(flow.handler, flow.issue_id)
        if issue is None or issue.domain != DOMAIN:
            return None
        return dict(TEXTS["issues"][issue.translation_key]["fix_flow"])
    if not type(flow).__module__.startswith(f"custom_components.{DOMAIN}."):
        return None
    kinds = {ConfigFlow: "config", OptionsFlow: "options"}
    return dict(TEXTS[next(name for kind, name in kinds.items() if isinstance(flow, kind))])


def missing_texts(texts: Texts, result: Mapping[str, Any]) -> list[str]:
    """Return what a step shows without a text, or with a value missing in its text."""
    values = set(result.get("description_placeholders") or {})
    match result["type"]:
        case FlowResultType.FORM:
            found = _form(texts, result)
        case FlowResultType.MENU:
            found = _menu(texts, result)
        case FlowResultType.ABORT:
            found = {f"abort.{result['reason']}": _at(texts, "abort", result["reason"])}
        case FlowResultType.SHOW_PROGRESS:
            action = result["progress_action"]
            found = {f"progress.{action}": _at(texts, "progress", action)}
        case _:
            found = {}
    return [
        f"{place}: {'no text' if text is None else text}"
        for place, text in found.items()
        if not text or placeholders(text) - values
    ]


def missing_exception_text(key: str | None, values: Mapping[str, str] | None) -> list[str]:
    """Return what is wrong with the text of an error that was raised."""
    text = EXCEPTIONS.get(key or "")
    if not text or placeholders(text) - set(values or {}):
        return [f"exceptions.{key}: {text or 'no text'}"]
    return []


def missing_issue_texts(
    key: str | None, values: Mapping[str, str] | None, *, is_fixable: bool
) -> list[str]:
    """Return what is wrong with the texts of an issue that was reported."""
    texts = TEXTS.get("issues", {}).get(key)
    if texts is None:
        return [f"issues.{key}: no text"]
    shown = {name: texts[name] for name in ("title", "description") if name in texts}
    found = [
        f"issues.{key}.{place}: {text}"
        for place, text in strings(shown)
        if placeholders(text) - set(values or {})
    ]
    kind = "fix_flow" if is_fixable else "description"
    return found + [
        f"issues.{key}.{part}: no text" for part in ("title", kind) if part not in texts
    ]


def _at(texts: Texts, *path: str) -> str | None:
    found: Any = texts
    for key in path:
        found = found.get(key, {})
    return found or None


def _form(texts: Texts, result: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the texts of a form and of the errors in it, by their places."""
    step_id = result["step_id"]
    step = texts.get("step", {}).get(step_id, {})
    schema: Mapping[Any, Any] = result["data_schema"].schema if result["data_schema"] else {}
    found = _fields(f"step.{step_id}", step, schema)
    found[f"step.{step_id}.title"] = step.get("title")
    found[f"step.{step_id}.description"] = step.get("description")
    for field, error in (result["errors"] or {}).items():
        found[f"error.{error}"] = _at(texts, "error", error)
        if field != "base" and field not in schema:
            found[f"error.{error} at {field}"] = None
    return found


def _fields(place: str, step: Texts, schema: Mapping[Any, Any]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for marker, kind in schema.items():
        name = str(marker.schema if isinstance(marker, vol.Marker) else marker)
        if isinstance(kind, section):
            inner = step.get("sections", {}).get(name, {})
            found[f"{place}.sections.{name}.name"] = inner.get("name")
            found |= _fields(f"{place}.sections.{name}", inner, kind.schema.schema)
            continue
        found[f"{place}.data.{name}"] = _at(step, "data", name)
        found[f"{place}.data_description.{name}"] = _at(step, "data_description", name)
        if isinstance(kind, SelectSelector) and "translation_key" in kind.config:
            key = kind.config["translation_key"]
            for option in kind.config["options"]:
                found[f"selector.{key}.{option}"] = _at(
                    TEXTS, "selector", key, "options", str(option)
                )
    return found


def _menu(texts: Texts, result: Mapping[str, Any]) -> dict[str, str | None]:
    step_id = result["step_id"]
    found = {f"step.{step_id}.title": _at(texts, "step", step_id, "title")}
    # Where it is no list, the texts come with it.
    for option in result["menu_options"] if isinstance(result["menu_options"], list) else ():
        found[f"step.{step_id}.menu_options.{option}"] = _at(
            texts, "step", step_id, "menu_options", option
        )
    return found
