"""What quality_scale.yaml claims: every rule is there, and what can be checked is true."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re
import tomllib

from homeassistant.const import Platform
import pytest
import yaml

import custom_components.auralarchive as integration

from .conftest import Fields
from .package_files import (
    ACTIONS,
    FOLDER,
    MANIFEST,
    REPOSITORY,
    SCHEMAS,
    SOURCES,
    TEXTS,
    called,
    calls,
    nodes,
    strings,
)

TIERS = {
    "Bronze": """
        action-setup appropriate-polling brands common-modules config-flow-test-coverage
        config-flow dependency-transparency docs-actions docs-conditions
        docs-high-level-description docs-installation-instructions docs-removal-instructions
        docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data
        test-before-configure test-before-setup unique-config-entry
    """,
    "Silver": """
        action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
        parallel-updates reauthentication-flow test-coverage
    """,
    "Gold": """
        devices diagnostics discovery discovery-update-info docs-data-update docs-examples
        docs-known-limitations docs-supported-devices docs-supported-functions
        docs-troubleshooting docs-use-cases dynamic-devices entity-category entity-device-class
        entity-disabled-by-default entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices
    """,
    "Platinum": "async-dependency inject-websession strict-typing",
}
TEXT = (FOLDER / "quality_scale.yaml").read_text()
RULES: Fields = yaml.safe_load(TEXT)["rules"]
DETAILED = {rule: said for rule, said in RULES.items() if isinstance(said, dict)}
EXEMPT = {rule for rule, said in DETAILED.items() if said["status"] == "exempt"}
PLATFORMS = {FOLDER / f"{platform}.py" for platform in integration.PLATFORMS}
DISCOVERY = {"bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf"}
# What listens until it is told to stop.
SUBSCRIPTIONS = (
    "async_add_listener",
    "async_dispatcher_connect",
    "async_listen",
    "async_track_time_interval",
    "subscribe",
)
# Each rule of the documentation, and the heading that shows where it is kept.
DOCUMENTED = {
    "docs-actions": r"Actions",
    "docs-configuration-parameters": r"Options|Preferences|Configuration",
    "docs-data-update": r"(How|When) .*\b(data|polled|up to date|updated)\b|Data updates?",
    "docs-examples": r"Examples?\b|Automations?\b",
    "docs-high-level-description": r"AuralArchive",
    "docs-installation-instructions": r"Install(ation|ing)?",
    "docs-installation-parameters": r"Set(ting)?[ -]up|Configuration|Installation parameters",
    "docs-known-limitations": r"(Known )?Limitations|What it does not do",
    "docs-removal-instructions": r"Remov(e|al|ing)|Uninstall",
    "docs-supported-devices": r"Supported (versions|servers)|What it works with",
    "docs-supported-functions": r"Entities|Supported functions",
    "docs-troubleshooting": r"Troubleshooting|When it fails|When something fails",
    "docs-use-cases": r"Use cases|What (it is|you can use it) for",
}


def headings() -> set[str]:
    """Return the documentation's headings, of the README and of what lies beside it."""
    pages = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
    return {
        heading
        for page in pages
        for heading in re.findall(r"^#{1,4} +(.+?) *$", page.read_text(), re.MULTILINE)
    }


def functions(path: Path) -> set[str]:
    """Return the functions and methods of a file."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.walk(SOURCES[path]) if isinstance(node, kinds)}


def bases(path: Path) -> set[str]:
    """Return what the classes of a file are derived from."""
    found = [node.bases for node in ast.walk(SOURCES[path]) if isinstance(node, ast.ClassDef)]
    return {ast.unparse(base).partition("[")[0] for one in found for base in one}


def above_the_engine[NodeT: ast.AST](kind: type[NodeT]) -> Iterator[NodeT]:
    """Yield what the code that knows of Home Assistant has of a kind."""
    for path, tree in SOURCES.items():
        if path.parent == FOLDER:
            yield from (node for node in ast.walk(tree) if isinstance(node, kind))


def test_every_rule_is_there() -> None:
    """Each in its tier, in the order of the alphabet as far as Home Assistant keeps it."""
    parts = re.split(r"^  # (\w+)$", TEXT, flags=re.MULTILINE)
    found = {
        tier: set(re.findall(r"^  ([a-z-]+):", rules, re.MULTILINE))
        for tier, rules in zip(parts[1::2], parts[2::2], strict=True)
    }
    assert found == {tier: set(rules.split()) for tier, rules in TIERS.items()}
    assert len(RULES) == 54


def test_nothing_is_left_to_do() -> None:
    """Who is exempt says why."""
    assert {said for said in RULES.values() if isinstance(said, str)} == {"done"}
    assert {said["status"] for said in DETAILED.values()} == {"done", "exempt"}
    assert all(said["comment"].endswith(".") for said in DETAILED.values())


def test_exemptions() -> None:
    """They hold: there is nothing of what they are about."""
    expected = """
        async-dependency dependency-transparency discovery discovery-update-info docs-conditions
        docs-triggers dynamic-devices stale-devices
    """
    assert set(expected.split()) == EXEMPT
    assert not DISCOVERY & set(MANIFEST)
    names = {path.stem for path in SOURCES}
    assert not names & {"condition", "conditions", "trigger", "triggers", "device_trigger"}


def test_action_setup() -> None:
    """Rule `action-setup`: the actions are there before any entry is."""
    assert set(SCHEMAS) == set(ACTIONS)


def test_appropriate_polling() -> None:
    """Rule `appropriate-polling`: the interval is set, and nobody is asked for one."""
    assert "update_interval" in {node.arg for node in nodes(ast.keyword)}
    asked = [place for place, _ in strings(TEXTS) if re.search(r"\.(scan|update)_interval", place)]
    assert asked == []


def test_common_modules() -> None:
    """Rule `common-modules`: coordinators and the base of the entities are where they belong."""
    coordinators = {"DataUpdateCoordinator", "TimestampDataUpdateCoordinator"}
    assert bases(FOLDER / "coordinator.py") & coordinators
    assert "CoordinatorEntity" in bases(FOLDER / "entity.py")


def test_config_flow() -> None:
    """Rules for the config flow: it tests, knows its entries again, and mends them."""
    steps = functions(FOLDER / "config_flow.py")
    assert {"async_step_user", "async_step_reauth", "async_step_reconfigure"} <= steps
    used = {called(call) for call in above_the_engine(ast.Call)}
    assert used & {"_async_abort_entries_match", "async_set_unique_id"}


def test_dependencies() -> None:
    """Rules `dependency-transparency`, `async-dependency`: there are none."""
    assert MANIFEST["requirements"] == []


def test_entity_event_setup() -> None:
    """Rule `entity-event-setup`: what an entity listens to ends with it."""
    entity_files = {*PLATFORMS, FOLDER / "entity.py"}
    found = [
        (path.name, ast.unparse(call))
        for path in entity_files
        for function in ast.walk(SOURCES[path])
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and called(call) in SUBSCRIPTIONS
        if function.name != "async_added_to_hass"
    ]
    assert found == []
    ended = [call for one in calls("async_on_remove") for call in ast.walk(one)]
    loose = [
        ast.unparse(call)
        for path in entity_files
        for call in ast.walk(SOURCES[path])
        if isinstance(call, ast.Call) and called(call) in SUBSCRIPTIONS and call not in ended
    ]
    assert loose == []


def test_runtime_data() -> None:
    """Rule `runtime-data`: nothing of an entry lies in `hass.data` under the domain."""
    stored = [ast.unparse(node) for node in nodes(ast.Subscript)]
    assert not [one for one in stored if re.match(r"(\w+\.)*hass\.data\[(DOMAIN|.auralarch)", one)]
    kept = [ast.unparse(node) for node in nodes(ast.Assign)]
    assert [one for one in kept if one.startswith("entry.runtime_data = ")]


def test_setup() -> None:
    """Rules `test-before-setup`, `config-entry-unloading`: servers are asked, all is left again."""
    assert [*calls("async_config_entry_first_refresh")]
    assert "async_unload_entry" in functions(FOLDER / "__init__.py")


@pytest.mark.parametrize("path", sorted(PLATFORMS), ids=lambda path: path.stem)
def test_parallel_updates(path: Path) -> None:
    """Rule `parallel-updates`: each platform says how many of its entities may talk at once."""
    targets = [
        ast.unparse(target)
        for node in SOURCES[path].body
        if isinstance(node, ast.Assign)
        for target in node.targets
    ]
    assert "PARALLEL_UPDATES" in targets


def test_every_platform_is_set_up() -> None:
    """Whatever has a file for its entities is forwarded to."""
    files = {path.stem for path in SOURCES if path.parent == FOLDER}
    assert files & {*Platform} == {*integration.PLATFORMS}


def test_exceptions() -> None:
    """Rules `action-exceptions`, `exception-translations`: every error of ours has its text."""
    own = re.compile(r"(HomeAssistantError|ServiceValidationError|UpdateFailed|ConfigEntry\w+)$")
    raised = [call for call in above_the_engine(ast.Call) if own.fullmatch(called(call))]
    untranslated = [
        ast.unparse(call)
        for call in raised
        if not {"translation_domain", "translation_key"} <= {one.arg for one in call.keywords}
    ]
    assert raised
    assert untranslated == []


def test_no_bare_errors_reach_the_user() -> None:
    """Rule `action-exceptions`: what is raised is Home Assistant's, or the engine's for it."""
    raised = {
        called(node.exc) for node in above_the_engine(ast.Raise) if isinstance(node.exc, ast.Call)
    }
    assert not raised & {"Exception", "KeyError", "RuntimeError", "TypeError", "ValueError"}


def test_owner() -> None:
    """Rule `integration-owner`."""
    assert MANIFEST["codeowners"]


def test_coverage() -> None:
    """Rule `test-coverage`: the tests fail where a module is below 95 per cent."""
    assert 'scripts.lab.coverage_floor "$report" 95' in (REPOSITORY / "scripts/test").read_text()


def test_diagnostics() -> None:
    """Rule `diagnostics`."""
    assert "async_get_config_entry_diagnostics" in functions(FOLDER / "diagnostics.py")


def test_repairs() -> None:
    """Rule `repair-issues`: what the user can put right is reported, and some mended by us."""
    assert TEXTS["issues"]
    assert "async_create_fix_flow" in functions(FOLDER / "repairs.py")


def test_inject_websession() -> None:
    """Rule `inject-websession`: sessions are Home Assistant's, and nothing asks in another way."""
    assert [*calls("ClientSession")] == []
    imported = {alias.name for node in nodes(ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes(ast.ImportFrom)}
    blocking = {"requests", "urllib.request", "http.client", "httpx", "urllib3"}
    assert imported & blocking == set()


def test_strict_typing() -> None:
    """Rule `strict-typing`: mypy is strict everywhere, and entries have their own type."""
    mypy = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["mypy"]
    assert mypy["strict"]
    assert "custom_components" in mypy["files"]
    assert not {"disallow_any_generics", "ignore_errors", "disable_error_code"} & set(mypy)
    bare = [
        node.name
        for node in above_the_engine(ast.AsyncFunctionDef)
        for argument in node.args.args
        if argument.annotation and ast.unparse(argument.annotation) == "ConfigEntry"
        if node.name.startswith("async_")
    ]
    assert bare == []
    assert (FOLDER / "engine/py.typed").exists()


@pytest.mark.parametrize(("rule", "pattern"), DOCUMENTED.items(), ids=DOCUMENTED)
def test_documentation(rule: str, pattern: str) -> None:
    """Each rule of the documentation has a heading of its own."""
    assert rule in RULES
    assert [one for one in headings() if re.match(rf"(?:{pattern})(?:\b|$)", one, re.IGNORECASE)]


def test_every_docs_rule_is_checked() -> None:
    """None is left out but those that nothing has to be said for."""
    assert {rule for rule in RULES if rule.startswith("docs-")} - EXEMPT == set(DOCUMENTED)
