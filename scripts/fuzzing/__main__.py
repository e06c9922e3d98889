"""Fuzz the targets one after the other, and tell what was tried."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
import hashlib
from pathlib import Path
import re
import subprocess
import sys

from scripts.fuzzing.alone import without_home_assistant
from scripts.provision.layout import CACHE, REPOSITORY

without_home_assistant()

from scripts.fuzzing.targets import TARGETS, Target  # noqa: E402 -- needs the line above

_PLACE = CACHE / "fuzz"
# For one input, in seconds and for the whole process. Inputs are small: a second would do.
_LIMITS = ("-timeout=20", "-rss_limit_mb=512")
_INPUTS = re.compile(r"^(?:#|stat::number_of_executed_units:\s+)(\d+)", re.MULTILINE)
_EDGES = re.compile(r"^#\d+\s+\w+\s+cov: (\d+) ", re.MULTILINE)
_PEAK = re.compile(r"^stat::peak_rss_mb:\s+(\d+)$", re.MULTILINE)
_INPUT = re.compile(r"Test unit written to (\S+)")
_SHOWN = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What libFuzzer told of a target."""

    target: str
    inputs: int
    edges: int
    peak: int
    failed: bool


def main() -> int:
    """Fuzz, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz",
        description="Try inputs that look for trouble on everything that reads what others wrote.",
        epilog=f"What was found to be of interest stays in {_PLACE} for the next time.",
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    length.add_argument(
        "--short", action="store_true", help="the same few inputs each time, in under a minute"
    )
    length.add_argument("--input", type=Path, help="only this file, once, for one target")
    options = parser.parse_args()
    chosen: Sequence[str] = options.targets or list(TARGETS)
    if unknown := set(chosen) - TARGETS.keys():
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if options.input:
        if len(chosen) != 1 or not options.input.is_file():
            parser.error("--input needs a file, and the one target that it is for")
        return _libfuzzer(chosen[0], str(options.input.absolute())).returncode
    outcomes = [
        _fuzz(name, TARGETS[name], None if options.short else options.seconds) for name in chosen
    ]
    print(f"\n{'target':12}{'inputs':>10}{'edges':>8}{'peak MB':>9}")
    for one in outcomes:
        failed = "  FAILED" if one.failed else ""
        print(f"{one.target:12}{one.inputs:>10,}{one.edges:>8}{one.peak:>9}{failed}")
    return int(any(one.failed for one in outcomes))


def _fuzz(name: str, target: Target, seconds: int | None) -> Outcome:
    """Fuzz one target for so long, or as shortly as it says, from its seeds alone."""
    place = _PLACE / name
    corpus, seeds, words = place / "corpus", place / "seeds", place / "words"
    for folder in (corpus, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for data in target.seeds():
        (seeds / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    # libFuzzer does not take an empty one.
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in (*target.words, b"\0")))
    options = [
        *_LIMITS,
        f"-max_len={target.max_length}",
        f"-dict={words}",
        f"-artifact_prefix={place}/",
        "-print_final_stats=1",
    ]
    if seconds is None:
        options += ["-seed=1", f"-runs={target.runs}", str(seeds)]
    else:
        options += [f"-max_total_time={seconds}", str(corpus), str(seeds)]
    print(f"fuzz: {name}", flush=True)
    done = _libfuzzer(name, *options, quiet=True)
    if done.returncode:
        _tell(name, done)
    return Outcome(
        target=name,
        inputs=_highest(_INPUTS, done.stdout),
        edges=_highest(_EDGES, done.stdout),
        peak=_highest(_PEAK, done.stdout),
        failed=done.returncode != 0,
    )


def _highest(figure: re.Pattern[str], said: str) -> int:
    return max(map(int, figure.findall(said)), default=0)


def _libfuzzer(name: str, *options: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.fuzzing.run", name, *options],
        check=False,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        errors="replace",
    )


def _tell(name: str, done: subprocess.CompletedProcess[str]) -> None:
    """Show what broke, where the input lies, and how to see it again."""
    print(done.stdout[-_SHOWN:])
    print(f"fuzz: {name} FAILED (libFuzzer's exit code {done.returncode})")
    if found := _INPUT.search(done.stdout):
        print(f"fuzz: the input is {found[1]}")
        print(f"fuzz: once more: scripts/fuzz {name} --input {found[1]}", flush=True)


def _escaped(word: bytes) -> str:
    """Write a word as libFuzzer's dictionaries want it."""
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
