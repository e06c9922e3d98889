"""Three generations of qBittorrent to test against, and the one for the demo."""

from pathlib import Path
import re
import shlex
import shutil

from . import debian
from .layout import QBITTORRENT, SetupError, run, say, workshop

PROGRAM = "qbittorrent-nox"
_SUITES = {"4.5": "bookworm", "5.1": "trixie", "5.3": "forky"}
_UNPACKED = """\
#!/bin/sh
# Starts the unpacked qBittorrent with the loader, libraries and plug-ins it was built with.
here=$(dirname "$(readlink -f "$0")")
export QT_PLUGIN_PATH="{plugins}" LC_ALL=C.UTF-8
exec "{loader}" --library-path "{libraries}" "{program}" "$@"
"""
_CHOSEN = """\
#!/bin/sh
# The qBittorrent that the demo runs.
exec {program} "$@"
"""


def provide_generations() -> None:
    """Unpack every generation; one that cannot be had is named and left out."""
    for generation in _SUITES:
        try:
            _provide(generation)
        except SetupError as err:
            say(f"no qBittorrent {generation}: {err}")


def provide_for_demo() -> None:
    """Choose the server of the demo, unless the one chosen before still starts."""
    demo = QBITTORRENT / "demo" / PROGRAM
    if _version(demo):
        return
    program = shlex.quote(str(_choose()))
    with workshop(demo.parent) as folder:
        _write_program(folder / PROGRAM, _CHOSEN.format(program=program))


def _choose() -> Path:
    """Return an installed server, or the newest that can be had."""
    installed = shutil.which(PROGRAM)
    if installed and _version(Path(installed)):
        return Path(installed)
    reasons = []
    for name in (*reversed(_SUITES), "own"):
        try:
            return _provide(name)
        except SetupError as err:
            reasons.append(f"{name}: {err}")
    raise SetupError("\n  ".join([f"no {PROGRAM} could be had; install one", *reasons]))


def _provide(name: str) -> Path:
    """Return the server of a generation, or of the machine's `own` distribution."""
    program = QBITTORRENT / name / PROGRAM
    if not program.is_file():
        suite = _SUITES.get(name)
        origin = f"Debian {suite}" if suite else "this distribution"
        say(f"fetching the qBittorrent of {origin}")
        with workshop(program.parent) as folder:
            (folder / "root").mkdir()
            debian.unpack(PROGRAM, suite, folder / "root")
            _write_starter(folder)
            found = _version(folder / PROGRAM)
            if not found:
                raise SetupError(f"the {PROGRAM} of {origin} does not start here")
            if suite and not found.startswith(f"{name}."):
                say(f"{origin} has qBittorrent {found} by now; it stands in for {name}")
    _name_openssl(program.parent / "root")
    return program


def _name_openssl(root: Path) -> None:
    """Give OpenSSL the names by which Qt 5 asks for it first.

    Without them it would load the machine's, where that has such names, beside the one unpacked
    here, and no secure connection would come about.
    """
    for folder in debian.library_folders(root):
        for library in ("ssl", "crypto"):
            name = folder / f"lib{library}.so"
            versions = sorted(folder.glob(f"lib{library}.so.*"))
            if versions and not name.is_symlink():
                name.symlink_to(versions[-1].name)


def _write_starter(folder: Path) -> None:
    root = folder / "root"

    def here(*paths: Path) -> str:
        return ":".join(f"$here/{path.relative_to(folder)}" for path in paths)

    libraries = debian.library_folders(root)
    plugins = [path for library in libraries for path in library.glob("qt*/plugins")]
    script = _UNPACKED.format(
        plugins=here(*plugins),
        loader=here(debian.loader(root)),
        libraries=here(*libraries),
        program=here(root / "usr/bin" / PROGRAM),
    )
    _write_program(folder / PROGRAM, script)


def _write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def _version(program: Path) -> str | None:
    """Return the version a server says it has, or None when it does not start."""
    try:
        said = run(program, "--version", timeout=60)
    except SetupError:
        return None
    found = re.search(r"v(\d[\d.]*)", said)
    return found[1] if found else None
