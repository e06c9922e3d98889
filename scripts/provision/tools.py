"""uv and patchelf, which build the rest."""

import importlib.util
import os
from pathlib import Path
import sys

from .debian import unpack
from .layout import CACHE, TOOLS, SetupError, run, say, scratch, workshop

_VERSIONS = {"patchelf": "0.19.3.0", "uv": "0.13.9"}


def uv(*arguments: str | Path, settings: dict[str, str] | None = None) -> str:
    """Run our own uv, as an installed one may be too old, and return its output."""
    environment = {"UV_CACHE_DIR": str(CACHE / "uv"), **(settings or {})}
    if index := _index():
        environment["UV_DEFAULT_INDEX"] = index
    return run(_tool("uv"), *arguments, env=environment)


def patchelf() -> Path:
    """Return patchelf."""
    return _tool("patchelf")


def _index() -> str | None:
    """Return the package index that this machine's pip is set up to use, which uv does not ask."""
    if {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & os.environ.keys():
        return None
    if chosen := os.environ.get("PIP_INDEX_URL"):
        return chosen
    try:
        return run(sys.executable, "-m", "pip", "config", "get", "global.index-url").strip()
    except SetupError:
        return None


def _tool(name: str) -> Path:
    release = f"{name}-{_VERSIONS[name]}"
    tool = TOOLS / release / "bin" / name
    if not tool.is_file():
        say(f"fetching {name}")
        with workshop(TOOLS / release) as folder:
            _pip_install(f"{name}=={_VERSIONS[name]}", folder)
    return tool


def _pip_install(package: str, folder: Path) -> None:
    """Install a package's wheel with pip, which a plain Debian or Ubuntu does not have."""
    options = ("--quiet", "--only-binary", ":all:", "--target", folder)
    if importlib.util.find_spec("pip"):
        run(sys.executable, "-m", "pip", "install", *options, package)
        return
    with scratch() as place:
        unpack("python3-pip-whl", None, place)
        wheel = next(place.glob("usr/share/python-wheels/pip-*.whl"))
        run(sys.executable, wheel / "pip", "install", *options, package)
