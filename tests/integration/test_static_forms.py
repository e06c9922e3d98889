"""The forms of the config flow and their texts: same steps, same fields, nothing left over."""

import pytest
import voluptuous as vol

from custom_components.auralarchive import forms

from .package_files import CONSTANTS, TEXTS

FORMS: dict[str, vol.Schema] = {
    "user": forms.JACKETT_SCHEMA,
    "qbittorrent": forms.QBITTORRENT_SCHEMA,
    "delivery": forms.delivery_schema([]),
    "reauth_jackett": forms.KEY_SCHEMA,
    "reauth_qbittorrent": forms.LOGIN_SCHEMA,
    "reconfigure": forms.JACKETT_SCHEMA,
    "reconfigure_qbittorrent": forms.QBITTORRENT_SCHEMA,
    "reconfigure_address": forms.ADDRESS_SCHEMA,
}
# Where something is shown that takes a while, and nothing is asked.
PROGRESS = {"looking"}


@pytest.mark.parametrize("step", FORMS)
def test_forms(step: str) -> None:
    """Every field has a name and says what belongs into it."""
    texts = TEXTS["config"]["step"][step]
    fields = [str(field) for field in FORMS[step].schema]
    assert list(texts["data"]) == fields
    assert list(texts["data_description"]) == fields
    assert all(text.endswith(".") for text in texts["data_description"].values())
    assert texts["title"]
    assert texts["description"]


def test_steps() -> None:
    """There is a text for each form, and a form for each text."""
    assert set(TEXTS["config"]["step"]) == {*FORMS, *PROGRESS}
    assert set(TEXTS["config"]["progress"]) == PROGRESS


def test_ends() -> None:
    """Nothing is said of an end that the flow does not come to; one is Home Assistant's to find."""
    assert set(TEXTS["config"]["abort"]) - CONSTANTS == {"already_configured"}


def test_errors_of_the_options() -> None:
    """None is said that nothing leads to."""
    assert set(TEXTS["options"]["error"]) - CONSTANTS == set()
