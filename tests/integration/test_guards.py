"""The guards themselves: what they watch for is seen, and nothing passes unseen."""

import subprocess
import sys
from typing import Any
import warnings

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.deprecation import deprecated_function
from homeassistant.helpers.frame import ReportBehavior, report_usage
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig
import pytest
import voluptuous as vol

from custom_components.auralarchive.const import DOMAIN
from tests.deprecations import is_about_us

from .package_files import FOLDER, REPOSITORY, TEXTS
from .shown_texts import missing_texts as missing_in

_IMPORT = """\
import importlib, logging, sys, warnings

logging.basicConfig(level=logging.WARNING, format="[%(name)s] %(message)s")
warnings.filterwarnings("error", module=r"custom_components\\.auralarchive")
for name in sys.argv[1:]:
    importlib.import_module(f"custom_components.auralarchive.{name}")
"""


def old() -> None:
    """Do what should be done in another way."""


def use_in(path: str, source: str) -> None:
    """Run a line as if it stood in a file that Home Assistant knows by its path."""
    exec(
        compile(source, path, "exec"),
        {"report_usage": report_usage, "old": deprecated_function("new")(old)},
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "report_usage('is outdated', breaks_in_ha_version='2030.1')",
            "Detected that custom integration 'auralarchive' is outdated",
        ),
        ("old()", "The deprecated function old was called from auralarchive"),
    ],
)
def test_deprecated_use_is_seen(
    hass: HomeAssistant, deprecations: list[str], source: str, said: str
) -> None:
    """Whichever of Home Assistant's helpers tells of it."""
    use_in(str(FOLDER / "outdated.py"), source)
    (seen,) = deprecations
    deprecations.clear()
    assert said in seen


def test_use_by_nobody_is_seen(hass: HomeAssistant, deprecations: list[str]) -> None:
    """Where Home Assistant cannot tell who it was, it may have been us, or a test."""
    use_in("/srv/somewhere.py", "old()")
    report_usage("is outdated", core_behavior=ReportBehavior.LOG)
    seen = list(deprecations)
    deprecations.clear()
    assert len(seen) == 2


def test_others_are_let_alone(
    hass: HomeAssistant, deprecations: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """What an integration of Home Assistant's own does is not our business."""
    use_in("/srv/homeassistant/components/demo/outdated.py", "report_usage('is outdated')")
    assert "Detected that integration 'demo' is outdated" in caplog.text
    assert deprecations == []


@pytest.mark.parametrize(
    ("logger", "message"),
    [
        ("homeassistant.const", "The deprecated constant OLD was used from auralarchive"),
        ("custom_components.auralarchive.sensor", "'old' is deprecated. Please rename 'old'"),
        ("homeassistant.util.loop", "Detected blocking call to open by 'auralarchive' at x.py"),
        ("py.warnings", "/custom_components/auralarchive/sensor.py:1: DeprecationWarning: old"),
    ],
)
def test_complaints(logger: str, message: str) -> None:
    """All ways in which Home Assistant and Python complain are known."""
    assert is_about_us(f"[{logger}] {message}")


@pytest.mark.parametrize(
    ("logger", "message"),
    [
        ("homeassistant.const", "The deprecated constant OLD was used from hacs. Use NEW"),
        ("custom_components.auralarchive", "Arrived in qBittorrent after its add had given up"),
    ],
)
def test_no_complaints(logger: str, message: str) -> None:
    """Others' faults, and what we have to say ourselves, are none of them."""
    assert not is_about_us(f"[{logger}] {message}")


@pytest.mark.parametrize(
    "kind", [DeprecationWarning, PendingDeprecationWarning, FutureWarning, ResourceWarning]
)
@pytest.mark.parametrize("module", ["sensor", "engine.jackett"])
def test_warnings_are_errors(module: str, kind: type[Warning]) -> None:
    """Python's own, and those of libraries, wherever in our code they point to."""
    with pytest.raises(kind, match="old"):
        warnings.warn_explicit(
            "old", kind, "any.py", 1, module=f"custom_components.auralarchive.{module}"
        )


def test_nothing_deprecated_is_imported() -> None:
    """In a new interpreter: here, everything was imported before anybody watched."""
    modules = [path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__"]
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, *modules],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if is_about_us(line)] == []


def test_errors_without_text_are_seen(missing_texts: list[str]) -> None:
    """Neither an unknown key nor a value that its text lacks passes."""
    HomeAssistantError(translation_domain=DOMAIN, translation_key="no_such_key")
    HomeAssistantError(translation_domain=DOMAIN, translation_key="unknown_result")
    HomeAssistantError(translation_domain="demo", translation_key="no_such_key")
    seen = [one.partition(":")[0] for one in missing_texts]
    missing_texts.clear()
    assert seen == ["exceptions.no_such_key", "exceptions.unknown_result"]


def test_issues_without_text_are_seen(hass: HomeAssistant, missing_texts: list[str]) -> None:
    """Each issue must have its own."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        "odd",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="no_such_key",
    )
    seen = list(missing_texts)
    missing_texts.clear()
    assert seen == ["issues.no_such_key: no text"]


async def test_forms_without_text_are_seen(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    missing_texts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A text is taken away from the form that the config flow begins with."""
    step = TEXTS["config"]["step"]["user"]
    rest = {key: text for key, text in step["data"].items() if key != "jackett_url"}
    monkeypatch.setitem(step, "data", rest)
    await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    seen = list(missing_texts)
    missing_texts.clear()
    assert seen == ["step.user.data.jackett_url: no text"]


_SELECT = SelectSelector(
    SelectSelectorConfig(options=["relevance", "luck"], translation_key="sort")
)
_FORM: dict[str, Any] = {"type": FlowResultType.FORM, "step_id": "user", "errors": {}}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(
            {**_FORM, "step_id": "odd", "data_schema": None},
            ["step.odd.title: no text", "step.odd.description: no text"],
            id="step",
        ),
        pytest.param(
            {**_FORM, "data_schema": vol.Schema({}), "errors": {"base": "odd"}},
            ["error.odd: no text"],
            id="error",
        ),
        pytest.param(
            {**_FORM, "data_schema": vol.Schema({}), "errors": {"gone": "invalid_address"}},
            ["error.invalid_address at gone: no text"],
            id="error-nowhere",
        ),
        pytest.param(
            {**_FORM, "step_id": "delivery", "data_schema": vol.Schema({})},
            ["step.delivery.description: {finding}"],
            id="value",
        ),
        pytest.param(
            {
                **_FORM,
                "data_schema": vol.Schema({vol.Required("more"): section(vol.Schema({"a": str}))}),
            },
            [
                "step.user.sections.more.name: no text",
                "step.user.sections.more.data.a: no text",
                "step.user.sections.more.data_description.a: no text",
            ],
            id="section",
        ),
        pytest.param(
            {**_FORM, "data_schema": vol.Schema({"jackett_url": _SELECT})},
            ["selector.sort.luck: no text"],
            id="option",
        ),
        pytest.param(
            {"type": FlowResultType.ABORT, "reason": "odd"}, ["abort.odd: no text"], id="abort"
        ),
        pytest.param(
            {"type": FlowResultType.SHOW_PROGRESS, "progress_action": "odd"},
            ["progress.odd: no text"],
            id="progress",
        ),
        pytest.param(
            {"type": FlowResultType.MENU, "step_id": "user", "menu_options": ["odd"]},
            ["step.user.menu_options.odd: no text"],
            id="menu",
        ),
        pytest.param({"type": FlowResultType.CREATE_ENTRY}, [], id="end"),
    ],
)
def test_steps_without_text_are_seen(result: dict[str, Any], expected: list[str]) -> None:
    """Every kind of step is looked at, and every part of a form."""
    assert missing_in(TEXTS["config"], result) == expected
