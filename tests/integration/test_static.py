"""What belongs together in different files: codes and texts, fields and schemas, layers."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
import inspect
import json
from pathlib import Path
import re
import string
import struct
from typing import Any

from awesomeversion import AwesomeVersion
from homeassistant.helpers.selector import selector
import pytest
import voluptuous as vol
import yaml

from custom_components.auralarchive import binary_sensor, config_flow, sensor, services
from custom_components.auralarchive.engine import errors
from custom_components.auralarchive.engine.errors import AuralArchiveError, Reason
from custom_components.auralarchive.engine.ranking import Sort
from custom_components.auralarchive.engine.reachability import Sight
from custom_components.auralarchive.engine.route import Setting
from custom_components.auralarchive.engine.settle import Caution
from custom_components.auralarchive.engine.source import DeliveryMode
from custom_components.auralarchive.engine.titles import AUDIO_FORMATS, LANGUAGES

from .conftest import Fields

FOLDER = Path(services.__file__).parent
ENGINE = FOLDER / "engine"
TEXTS: Any = json.loads((FOLDER / "translations/en.json").read_text())
ICONS: Any = json.loads((FOLDER / "icons.json").read_text())
MANIFEST: Any = json.loads((FOLDER / "manifest.json").read_text())
ACTIONS: Any = yaml.safe_load((FOLDER / "services.yaml").read_text())
EXCEPTIONS: dict[str, str] = {key: one["message"] for key, one in TEXTS["exceptions"].items()}
FLOW_ERRORS: dict[str, str] = TEXTS["config"]["error"]
SOURCES = {path: ast.parse(path.read_text()) for path in FOLDER.rglob("*.py")}
ENTITIES = {
    "sensor": sensor.SENSORS,
    "binary_sensor": (binary_sensor.QBITTORRENT, binary_sensor.JACKETT),
}
SCHEMAS = {
    "search": services.SEARCH_SCHEMA,
    "add_torrent": services.ADD_TORRENT_SCHEMA,
    "get_downloads": services.GET_DOWNLOADS_SCHEMA,
    "check_route": services.CHECK_ROUTE_SCHEMA,
}
FORMS = {
    "user": config_flow.JACKETT_SCHEMA,
    "qbittorrent": config_flow.QBITTORRENT_SCHEMA,
    "delivery": config_flow.delivery_schema([]),
    "reauth_confirm": config_flow.LOGIN_SCHEMA,
}
# Where something is shown that takes a while, and nothing is asked.
PROGRESS = {"looking"}
# What only a search can come upon, never a form.
SEARCH_ONLY = {"jackett_no_indexers", "unknown_indexer"}


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


def calls(*functions: str) -> Iterator[ast.Call]:
    """Yield the calls of functions with these names."""
    for tree in SOURCES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in functions:
                yield node


def constants(node: ast.AST) -> set[str]:
    """Return the texts that stand in an expression."""
    found = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
    return {value for value in found if isinstance(value, str)}


def keywords(name: str) -> Iterator[set[str]]:
    """Yield the texts that are given as a keyword's value, wherever that is."""
    for tree in SOURCES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == name:
                yield constants(node.value)


def engine_errors() -> dict[str, type[AuralArchiveError]]:
    """Return the engine's errors that have a code, under it."""
    found = [one for _, one in inspect.getmembers(errors, inspect.isclass)]
    kinds = [one for one in found if issubclass(one, AuralArchiveError)]
    return {kind.code: kind for kind in kinds if hasattr(kind, "code")}


def provided(kind: type[AuralArchiveError]) -> set[str]:
    """Return the values that an error has wherever it is raised."""
    signature = set(inspect.signature(kind).parameters) - {"values", "reason"}
    if kind is errors.UnverifiedError:
        signature.add("detail")
    given = [{one.arg or "" for one in call.keywords} for call in calls(kind.__name__)]
    return signature | (set.intersection(*given) if given else set())


ERRORS = engine_errors()
AUTH_REASONS = set[str]().union(
    *(constants(one.value) for call in calls("QbittorrentAuthError") for one in call.keywords)
)
REASONS = {*Reason, "no_detail"}.union(
    *keywords("reason"), *(constants(call) for call in calls("_invalid"))
)


def flow_errors() -> dict[str, type[AuralArchiveError]]:
    """Return what can be wrong with a form, under the key of its text."""
    found: dict[str, type[AuralArchiveError]] = {}
    kinds = (errors.JackettError, errors.QbittorrentError)
    for code, kind in ERRORS.items():
        if code in SEARCH_ONLY or not issubclass(kind, kinds):
            continue
        reasons: list[str | None] = [None]
        if issubclass(kind, errors.UnreachableError):
            reasons = [*Reason]
        elif kind is errors.QbittorrentAuthError:
            reasons = [*sorted(AUTH_REASONS)]
        for reason in reasons:
            found["_".join(filter(None, (code, reason)))] = kind
    return {
        **found,
        "invalid_address": errors.InvalidLinkError,
        "link_unreachable": errors.LinkUnreachableError,
        "invalid_category": errors.InvalidCategoryError,
    }


FLOW_FAILURES = flow_errors()


def advised() -> set[str]:
    """Return the codes of findings that have advice under the same code."""
    return {*Setting}.union(*(constants(call) for call in calls("_advised")))


def assigned(module: str, name: str) -> set[str]:
    """Return the texts that a variable gets anywhere in a module of the engine."""
    found: set[str] = set()
    for node in ast.walk(SOURCES[ENGINE / module]):
        if isinstance(node, ast.Assign) and [name] == [
            getattr(one, "id", "") for one in node.targets
        ]:
            found |= constants(node.value)
    return found - {"", "sees_"}


FINDINGS = advised().union(
    {f"sees_{sight}" for sight in Sight}, assigned("route.py", "code"), *keywords("code")
)
ADVICE = advised() | assigned("route.py", "advice")
ADVICE |= {
    code
    for code, kind in ERRORS.items()
    if issubclass(kind, errors.JackettError | errors.QbittorrentError) and code not in SEARCH_ONLY
}


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_has_a_text(code: str) -> None:
    """Everything that it names is there whenever the error is raised."""
    assert placeholders(EXCEPTIONS[code]) <= provided(ERRORS[code])


def test_every_reason_has_a_text() -> None:
    """It is part of a sentence, so it begins small, and names nothing."""
    texts = {reason: EXCEPTIONS[f"reason_{reason}"] for reason in REASONS}
    assert {reason for reason, text in texts.items() if placeholders(text)} == set()
    assert {reason for reason, text in texts.items() if text.endswith(".")} == set()


def test_every_caution_has_a_text() -> None:
    """It is a sentence."""
    texts = [EXCEPTIONS[f"warning_{caution}"] for caution in Caution]
    assert all(text.endswith(".") for text in texts)


def test_every_exception_text_is_used() -> None:
    """By an error, a reason, a warning, or by what an action raises itself."""
    literals = set[str]().union(*keywords("translation_key"))
    used = {*ERRORS, *literals}
    used |= {f"reason_{reason}" for reason in REASONS}
    used |= {f"warning_{caution}" for caution in Caution}
    used |= {f"route_{finding}" for finding in FINDINGS} | {f"advice_{one}" for one in ADVICE}
    used |= assigned_keys()
    entities = {one.translation_key for platform in ENTITIES.values() for one in platform}
    selectors = set(TEXTS["selector"])
    assert set(EXCEPTIONS) == used - entities - selectors


def assigned_keys() -> set[str]:
    """Return the keys of what the config flow says of Jackett's address for qBittorrent."""
    tree = SOURCES[FOLDER / "config_flow.py"]
    found = {one.value for one in ast.walk(tree) if isinstance(one, ast.Constant)}
    return {key for key in found if isinstance(key, str) and key.startswith("address_")}


def test_every_form_failure_has_a_text() -> None:
    """Each its own, and none that nothing leads to."""
    assert set(FLOW_ERRORS) == set(FLOW_FAILURES)
    assert len(set(FLOW_ERRORS.values()) - {FLOW_ERRORS["qbittorrent_redirect"]}) == (
        len(FLOW_ERRORS) - 2
    )


@pytest.mark.parametrize(("key", "kind"), FLOW_FAILURES.items(), ids=FLOW_FAILURES)
def test_form_failures_name_what_is_there(key: str, kind: type[AuralArchiveError]) -> None:
    """Everything that a text names is among the error's values."""
    assert placeholders(FLOW_ERRORS[key]) <= provided(kind)


@pytest.mark.parametrize("step", FORMS)
def test_forms(step: str) -> None:
    """Every field has a name and says what belongs into it."""
    texts = TEXTS["config"]["step"][step]
    fields = {str(field) for field in FORMS[step].schema}
    assert set(texts["data"]) == fields
    assert set(texts["data_description"]) == fields
    assert texts["title"]
    assert texts["description"]


def test_steps() -> None:
    """There is a text for each form, and a form for each text."""
    assert set(TEXTS["config"]["step"]) == {*FORMS, *PROGRESS}
    assert set(TEXTS["config"]["progress"]) == PROGRESS


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


def test_selectors() -> None:
    """Their options have names."""
    named = {key: list(one["options"]) for key, one in TEXTS["selector"].items()}
    assert named == {
        "delivery": list(DeliveryMode),
        "sort": list(Sort),
        "formats": list(AUDIO_FORMATS),
        "languages": list(LANGUAGES),
    }


@pytest.mark.parametrize("platform", ENTITIES)
def test_entities(platform: str) -> None:
    """Each has a name; those without a class of device, which brings an icon, have an icon."""
    entities = {one.translation_key: one for one in ENTITIES[platform]}
    assert set(entities) == set(TEXTS["entity"][platform])
    icons = ICONS["entity"].get(platform, {})
    assert set(icons) == {key for key, one in entities.items() if one.device_class is None}


@pytest.mark.parametrize(
    "unwanted",
    [
        pytest.param(r"://", id="address"),
        pytest.param(r"\[%", id="reference"),
        pytest.param(r"<", id="markup"),
        pytest.param(r"'[{}]", id="quoted-placeholder"),
        pytest.param(r"^\s|\s$|\s\s", id="blanks"),
    ],
)
def test_texts(unwanted: str) -> None:
    """They can be shown as they are: nothing in them means anything to the frontend."""
    assert not [place for place, text in strings(TEXTS) if re.search(unwanted, text)]


def test_icons() -> None:
    """They are all from the one set that Home Assistant has."""
    assert all(re.fullmatch(r"mdi:[a-z0-9-]+", icon) for _, icon in strings(ICONS))


def test_manifest() -> None:
    """It has what a custom integration needs, in the order that is asked for."""
    first, second, *rest = MANIFEST
    assert (first, second) == ("domain", "name")
    assert rest == sorted(rest)
    assert MANIFEST["domain"] == FOLDER.name
    assert MANIFEST["requirements"] == []
    assert MANIFEST["config_flow"]
    assert (MANIFEST["integration_type"], MANIFEST["iot_class"]) == ("service", "local_polling")
    assert MANIFEST["codeowners"]
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert all(MANIFEST[key].startswith("https://") for key in ("documentation", "issue_tracker"))
    assert AwesomeVersion(MANIFEST["version"]).valid


@pytest.mark.parametrize("theme", ["", "dark_"])
@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("kind", ["icon", "logo"])
def test_brand(kind: str, scale: int, theme: str) -> None:
    """The images have the sizes that Home Assistant shows, and a transparent background."""
    name = f"{theme}{kind}{'@2x' if scale == 2 else ''}.png"
    data = (FOLDER / "brand" / name).read_bytes()
    width, height, _, colours = struct.unpack(">IIBB", data[16:26])
    assert data.startswith(b"\x89PNG")
    assert colours == 6 or b"tRNS" in data
    square = (256 * scale, 256 * scale)
    assert (width, height) == square or kind == "logo"
    assert 128 * scale <= min(width, height) <= 256 * scale


def imports(path: Path) -> Iterator[str]:
    """Yield what a file imports, names of this integration with a dot in front."""
    for node in ast.walk(SOURCES[path]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", sorted(ENGINE.glob("*.py")), ids=lambda path: path.stem)
def test_the_engine_stands_alone(path: Path) -> None:
    """It knows nothing of Home Assistant, nor of what is above it."""
    found = set(imports(path))
    assert not [name for name in found if name.startswith("..")]
    assert not {name.partition(".")[0] for name in found} & {"homeassistant", "voluptuous"}


@pytest.mark.parametrize("folder", [FOLDER, ENGINE], ids=["integration", "engine"])
def test_imports_go_one_way(folder: Path) -> None:
    """No two modules need each other."""
    graph = {
        path.stem: {name[1:] for name in imports(path) if re.fullmatch(r"\.\w+", name)}
        for path in folder.glob("*.py")
    }
    assert len([*TopologicalSorter(graph).static_order()]) >= len(graph)
