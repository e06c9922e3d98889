"""The environments: tests at the newest and oldest Home Assistant, the latest one, the fuzzer."""

import hashlib
from pathlib import Path
import re
import shutil

from . import interpreter, tools
from .layout import REPOSITORY, VENVS, point, say, workshop

_REQUIREMENTS = {
    "newest": REPOSITORY / "requirements_test.txt",
    "floor": REPOSITORY / "scripts/requirements/floor.txt",
    "latest": REPOSITORY / "scripts/requirements/latest.txt",
    "fuzz": REPOSITORY / "scripts/requirements/fuzz.txt",
    "bench": REPOSITORY / "scripts/requirements/bench.txt",
}
# Without these Home Assistant cannot load Assist, and tells so in a notification.
_STAND_INS = {
    "latest": [
        REPOSITORY / "scripts/provision/stand_ins/pymicro_vad.py",
        REPOSITORY / "scripts/provision/stand_ins/pyspeex_noise.py",
    ],
}


def provide(name: str) -> None:
    """Make an environment of what its requirements say now, unless it is there."""
    requirements = _REQUIREMENTS[name]
    stand_ins = _STAND_INS.get(name, [])
    python = interpreter.interpreter()
    recipe = [str(python), str(interpreter.version(python))]
    recipe += [path.read_text() for path in (*_with_included(requirements), *stand_ins)]
    key = hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:12]
    venv = VENVS / f"{name}-{key}"
    if not (venv / "bin/python").is_file():
        say(f"installing the {name} environment")
        with workshop(venv) as folder:
            # Relocatable, because it is built in another place than it is used.
            tools.uv("venv", "--relocatable", "--allow-existing", "--python", python, folder)
            home = folder / "bin/python"
            tools.uv("pip", "install", "--python", home, "--requirement", requirements)
            (packages,) = folder.glob("lib/python*/site-packages")
            for module in stand_ins:
                shutil.copy(module, packages)
    point(VENVS / name, venv.name)


def _with_included(requirements: Path) -> list[Path]:
    """Return a requirements file and those it includes."""
    included = re.findall(r"^-r (\S+)$", requirements.read_text(), re.MULTILINE)
    nested = [_with_included(requirements.parent / path) for path in included]
    return [requirements, *(path for paths in nested for path in paths)]
