"""A Python that Home Assistant runs on: an installed one, uv's, or Debian's."""

from pathlib import Path
import shutil
import subprocess

from . import debian, tools
from .layout import PYTHON, SetupError, run, say, workshop

_MINIMUM = (3, 14, 2)
_SERIES = "3.14"
_PROGRAM = f"python{_SERIES}"
_SUITE = "forky"
_CHOICE = PYTHON / "interpreter"
_PROBE = "import sys; print(sys.implementation.name, *sys.version_info[:3])"


def interpreter() -> Path:
    """Return a suitable Python, found once and remembered."""
    if _CHOICE.is_file() and _is_suitable(chosen := Path(_CHOICE.read_text())):
        return chosen
    reasons = []
    for find in (_installed, _from_uv, _from_debian):
        try:
            chosen = find()
        except SetupError as err:
            reasons.append(str(err))
            continue
        PYTHON.mkdir(parents=True, exist_ok=True)
        _CHOICE.write_text(str(chosen))
        return chosen
    wanted = ".".join(map(str, _MINIMUM))
    raise SetupError("\n  ".join([f"install Python {wanted} or a later {_SERIES}", *reasons]))


def version(python: Path) -> tuple[int, int, int] | None:
    """Return the version of a CPython, or None when it is none or does not run."""
    try:
        done = subprocess.run(
            [python, "-I", "-c", _PROBE],
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    name, major, minor, micro = done.stdout.split()
    return (int(major), int(minor), int(micro)) if name == "cpython" else None


def _is_suitable(python: Path) -> bool:
    """Tell whether Home Assistant runs on this Python."""
    found = version(python)
    # What Home Assistant needs has no wheels for later series yet.
    return found is not None and found >= _MINIMUM and found[:2] == _MINIMUM[:2]


def _installed() -> Path:
    for name in (_PROGRAM, "python3", "python"):
        found = shutil.which(name)
        if found and _is_suitable(Path(found)):
            # What is found may be a shim or an environment's; this is what stands behind it.
            program = run(found, "-I", "-c", "import sys; print(sys._base_executable)").strip()
            say(f"using the installed {program}")
            return Path(program)
    raise SetupError(f"no suitable {_PROGRAM} is installed")


def _from_uv() -> Path:
    say("fetching Python 3.14 with uv")
    settings = {
        "UV_PYTHON_INSTALL_DIR": str(PYTHON / "uv"),
        # A short wait and no second try: where its downloads are not reachable, Debian's are.
        "UV_HTTP_RETRIES": "0",
        "UV_HTTP_TIMEOUT": "10",
    }
    tools.uv("python", "install", "--no-bin", _SERIES, settings=settings)
    found = tools.uv("python", "find", "--managed-python", _SERIES, settings=settings)
    python = Path(found.strip())
    if not _is_suitable(python):
        raise SetupError(f"the {_PROGRAM} of uv does not run here or is too old")
    return python


def _from_debian() -> Path:
    say(f"fetching Python 3.14 from Debian {_SUITE}")
    place = PYTHON / _SUITE
    binary = f"usr/bin/{_PROGRAM}"
    with workshop(place) as folder:
        debian.unpack(_PROGRAM, _SUITE, folder)

        def at_home(*paths: Path) -> str:
            return ":".join(str(place / path.relative_to(folder)) for path in paths)

        # Its own loader and libraries, for its extension modules too: this machine's are older.
        libraries = at_home(*debian.library_folders(folder))
        run(
            *(tools.patchelf(), "--set-interpreter", at_home(debian.loader(folder))),
            *("--force-rpath", "--set-rpath", libraries, folder / binary),
        )
    python = place / binary
    if not _is_suitable(python):
        shutil.rmtree(place)
        raise SetupError(f"the {_PROGRAM} of Debian {_SUITE} does not run here")
    return python
