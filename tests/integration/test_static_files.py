"""The manifest, the brand's images, and the layers of the code."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
import json
from pathlib import Path
import re
import struct

from awesomeversion import AwesomeVersion
from homeassistant.const import Platform
import pytest

from .package_files import ENGINE, FOLDER, MANIFEST, REPOSITORY, SOURCES

# Those that a custom integration for a service may have in every version from the floor on.
REQUIRED = """
    domain name codeowners config_flow documentation integration_type iot_class issue_tracker
    requirements version
"""
OPTIONAL = "after_dependencies dependencies loggers single_config_entry"


def test_manifest() -> None:
    """It has what a custom integration needs, in the order that is asked for."""
    assert set(REQUIRED.split()) <= set(MANIFEST) <= {*REQUIRED.split(), *OPTIONAL.split()}
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


def test_components_are_declared() -> None:
    """What is used of other integrations is a platform, or this file is its, or it is declared."""
    declared = {*MANIFEST.get("dependencies", ()), *MANIFEST.get("after_dependencies", ())}
    undeclared = {
        (path.name, component)
        for path in SOURCES
        for name in imports(path)
        if name.startswith("homeassistant.components.")
        for component in [name.split(".")[2]]
        if component not in {*Platform, *declared, path.stem}
    }
    assert undeclared == set()


def test_floor() -> None:
    """The version that is asked for is the oldest that is tested."""
    floor = json.loads((REPOSITORY / "hacs.json").read_text())["homeassistant"]
    tested = (REPOSITORY / "scripts/requirements/floor.txt").read_text()
    assert re.search(rf"^homeassistant=={re.escape(floor)}$", tested, re.MULTILINE)


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
        for path in SOURCES
        if path.parent == folder
    }
    assert len([*TopologicalSorter(graph).static_order()]) >= len(graph)
