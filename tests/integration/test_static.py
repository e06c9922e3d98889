"""The texts of what can go wrong: one for every code, and none that nothing leads to."""

import ast
import inspect

import pytest

from custom_components.auralarchive.engine import errors
from custom_components.auralarchive.engine.errors import AuralArchiveError, Reason
from custom_components.auralarchive.engine.reachability import Sight
from custom_components.auralarchive.engine.route import Setting
from custom_components.auralarchive.engine.settle import Caution

from .package_files import (
    CONSTANTS,
    ENGINE,
    EXCEPTIONS,
    SOURCES,
    TEXTS,
    called,
    calls,
    constants,
    keywords,
    nodes,
    placeholders,
)

FLOW_ERRORS: dict[str, str] = TEXTS["config"]["error"]
# What only a search can come upon, never a form.
SEARCH_ONLY = {"jackett_no_indexers", "unknown_indexer"}


def engine_errors() -> dict[str, type[AuralArchiveError]]:
    """Return the engine's errors that have a code, under it."""
    found = [one for _, one in inspect.getmembers(errors, inspect.isclass)]
    kinds = [one for one in found if issubclass(one, AuralArchiveError)]
    return {kind.code: kind for kind in kinds if hasattr(kind, "code")}


def provided(kind: type[AuralArchiveError]) -> set[str]:
    """Return the values that an error has wherever it is raised."""
    signature = set(inspect.signature(kind).parameters) - {"values", "reason"}
    if issubclass(kind, errors.UnverifiedError):
        signature.add("detail")
    given = [{one.arg or "" for one in call.keywords} for call in calls(kind.__name__)]
    return signature | (set.intersection(*given) if given else set())


ERRORS = engine_errors()
AUTH_REASONS = set[str]().union(
    *(constants(one.value) for call in calls("QbittorrentAuthError") for one in call.keywords)
)
REASONS = {*Reason, "no_detail"}.union(
    *(
        constants(one.value)
        for call in nodes(ast.Call)
        for one in call.keywords
        # A flow that aborts has a reason, too.
        if one.arg == "reason" and called(call).endswith("Error")
    ),
    *(constants(call) for call in calls("_invalid")),
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


def composed() -> set[str]:
    """Return the keys that are made of parts, or are an error's code."""
    keys = {f"reason_{reason}" for reason in REASONS}
    keys |= {f"warning_{caution}" for caution in Caution}
    keys |= {f"route_{finding}" for finding in FINDINGS} | {f"advice_{one}" for one in ADVICE}
    return keys.union(ERRORS)


def test_every_exception_text_is_used() -> None:
    """By an error, a reason, a warning, a finding, or by code that names it or its parts."""
    prefixes = {
        str(made.values[0].value)
        for call in calls("sentence")
        for made in ast.walk(call)
        if isinstance(made, ast.JoinedStr) and isinstance(made.values[0], ast.Constant)
    }
    made = {f"{prefix}{rest}" for prefix in prefixes for rest in CONSTANTS}
    assert set(EXCEPTIONS) - composed() - made - CONSTANTS == set()


def test_every_exception_has_a_text() -> None:
    """Also those that are raised, or put into words, under a key in the code."""
    named = set[str]()
    for call in nodes(ast.Call):
        given = {one.arg: one.value for one in call.keywords}
        if {"translation_domain", "translation_key"} <= set(given):
            named |= constants(given["translation_key"])
        elif called(call) == "sentence" and isinstance(call.args[0], ast.Constant):
            named |= constants(call.args[0])
    assert (named | composed()) - set(EXCEPTIONS) == set()


def test_every_form_failure_has_a_text() -> None:
    """Each its own, and none that nothing leads to."""
    assert set(FLOW_FAILURES) - set(FLOW_ERRORS) == set()
    assert set(FLOW_ERRORS) - set(FLOW_FAILURES) - CONSTANTS == set()
    assert len(set(FLOW_ERRORS.values()) - {FLOW_ERRORS["qbittorrent_redirect"]}) == (
        len(FLOW_ERRORS) - 2
    )


@pytest.mark.parametrize(("key", "kind"), FLOW_FAILURES.items(), ids=FLOW_FAILURES)
def test_form_failures_name_what_is_there(key: str, kind: type[AuralArchiveError]) -> None:
    """Everything that a text names is among the error's values."""
    assert placeholders(FLOW_ERRORS[key]) <= provided(kind)
