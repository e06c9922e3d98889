"""Where set-up keeps what it fetched, and how it gets there in one piece."""

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import shutil
import subprocess
import tempfile

REPOSITORY = Path(__file__).resolve().parents[2]


def _cache_root() -> Path:
    if chosen := os.environ.get("AURALARCHIVE_CACHE"):
        return Path(chosen).absolute()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(caches).expanduser().absolute() / "auralarchive"


CACHE = _cache_root()
PYTHON = CACHE / "python"
QBITTORRENT = CACHE / "qbittorrent"
TOOLS = CACHE / "tools"
VENVS = CACHE / "venvs"
_UNFINISHED = CACHE / ".unfinished"


class SetupError(Exception):
    """Set-up cannot go on; the text says why and what to do."""


def say(line: str) -> None:
    """Tell the user what happens."""
    print(f"setup: {line}", flush=True)


def run(*command: str | Path, env: dict[str, str] | None = None, timeout: float = 900) -> str:
    """Run a command quietly and return its output; the error of a failure holds what it said."""
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
            timeout=timeout,
        )
    except FileNotFoundError as err:
        raise SetupError(f"{command[0]} is not installed") from err
    except subprocess.TimeoutExpired as err:
        raise SetupError(f"{command[0]} took longer than {timeout:.0f} s") from err
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise SetupError(f"{Path(command[0]).name} failed ({done.returncode}): {said}")
    return done.stdout


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep a second set-up waiting, so that two never build the same thing."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is at work; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        # What a set-up left that was ended half-way.
        shutil.rmtree(_UNFINISHED, ignore_errors=True)
        yield


@contextmanager
def scratch() -> Iterator[Path]:
    """Give an empty folder on the cache's file system, gone afterwards."""
    _UNFINISHED.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=_UNFINISHED))
    # Made for the owner alone, but what becomes of it may have to be read by others.
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def workshop(place: Path) -> Iterator[Path]:
    """Give a folder to build in, which takes its place only when the block went well."""
    with scratch() as folder:
        yield folder
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            shutil.rmtree(place)
        folder.rename(place)


def point(link: Path, target: str) -> None:
    """Let a symbolic link point to its target, without a moment in which it is missing."""
    if link.is_symlink() and str(link.readlink()) == target:
        return
    with scratch() as folder:
        fresh = folder / link.name
        fresh.symlink_to(target)
        fresh.replace(link)
