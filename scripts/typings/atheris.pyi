# What scripts/fuzzing uses of atheris, which has no types and is not installed everywhere.

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

enabled_hooks: set[str]

def instrument_imports(include: Iterable[str] = ...) -> AbstractContextManager[None]: ...

# The names are atheris' own.
def Setup(args: list[str], test_one_input: Callable[[bytes], object], /) -> list[str]: ...  # noqa: N802
def Fuzz() -> None: ...  # noqa: N802
