"""The integration in use: an action performed by hand, and an automation."""

from . import stock
from .screenshot_walk import Walk

_AUTOMATION = "audiobook_has_arrived"
_TOOLS = "panel.config.tools.tabs.actions"


async def perform_action(walk: Walk) -> None:
    """Search by the form of the tools' page for actions."""
    visitor, texts = walk.visitor, walk.texts
    await visitor.page.resize(1100, 1750)
    await visitor.visit("/config/tools/action")
    await visitor.reads(texts.ui(f"{_TOOLS}.ui_mode"))
    await visitor.click_on("ha-picker-field", within="tools-action")
    await visitor.click_on("input", within="ha-picker-combo-box")
    await visitor.page.type("auralarchive.search")
    await visitor.click(texts("services.search.name"))
    await visitor.reads(texts("services.search.fields.query.description"))
    await visitor.click_on("input", within="tools-action >> ha-settings-row >> ha-selector-text")
    await visitor.page.type(stock.SEARCH)
    await visitor.click(texts.ui(f"{_TOOLS}.call_service"))
    await visitor.reads(texts.ui(f"{_TOOLS}.response"), "result_id", within="tools-action")
    # For a moment, the button shows that it went well.
    await visitor.sees("ha-progress-button >> ha-svg-icon")
    await visitor.sees_gone("ha-progress-button >> ha-svg-icon")
    picture = await visitor.picture("tools-action", scale=1.25, height=1560)
    walk.keep("action", picture)


async def show_automation(walk: Walk) -> None:
    """Open an automation in its editor, and the trigger in it, which is the event entity's."""
    visitor, texts = walk.visitor, walk.texts
    downloads = (await walk.client.entity_ids((await walk.entry())["entry_id"]))["downloads"]
    await walk.client.save_automation(
        _AUTOMATION,
        {
            "alias": "Tell when an audiobook has arrived",
            "mode": "queued",
            "triggers": [
                {
                    "trigger": "event.received",
                    "target": {"entity_id": downloads},
                    "options": {"event_type": ["completed"]},
                }
            ],
            "conditions": [],
            "actions": [
                {
                    "action": "persistent_notification.create",
                    "data": {
                        "title": "Audiobook complete",
                        "message": f"{{{{ state_attr('{downloads}', 'name') }}}} is complete.",
                    },
                }
            ],
        },
    )
    await visitor.page.resize(1280, 640)
    await visitor.visit(f"/config/automation/edit/{_AUTOMATION}")
    await visitor.click_on("ha-automation-trigger-row")
    turn = texts("entity.event.downloads.state_attributes.event_type.state.completed")
    await visitor.reads(turn, within="ha-automation-sidebar")
    walk.keep("automation", await visitor.picture("ha-automation-editor", scale=1.25))
