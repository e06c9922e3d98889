"""One target under libFuzzer: `python -m scripts.fuzzing.run TARGET OPTION…`.

libFuzzer ends the process when it is done, so each target has one of its own.
"""

import sys

import atheris

from scripts.fuzzing.alone import INTEGRATION, without_home_assistant


def main() -> None:
    """Fuzz for as long as libFuzzer's options say."""
    without_home_assistant()
    atheris.enabled_hooks.add("str")
    with atheris.instrument_imports(include=[f"{INTEGRATION}.engine"]):
        from scripts.fuzzing.targets import TARGETS  # noqa: PLC0415 -- instrumented only in here
    program, name, *options = sys.argv
    atheris.Setup([program, *options], TARGETS[name].check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
