"""What the frontend and the integration say, by the keys of their translations."""

from functools import cache
from importlib.resources import files
import json
from typing import Any

from scripts.lab.chromium import ChromiumError
from scripts.lab.hass import INTEGRATION

# The frontend loads the texts of a panel when it is opened.
_PARTS = ("", "config")
_FALLBACK = "en"


class Texts:
    """The texts of one language, English where it has none."""

    def __init__(self, language: str) -> None:
        """Read the texts of a language, such as "de"."""
        self.language = language
        self._frontend = _frontend(_FALLBACK) | _frontend(language)
        self._product = _flat(_product(_FALLBACK)) | _flat(_product(language))

    def ui(self, key: str) -> str:
        """Return a text of the frontend."""
        return _of(self._frontend, f"ui.{key}")

    def __call__(self, key: str, **values: str) -> str:
        """Return a text of the integration, with values put in if there are any."""
        text = _of(self._product, key)
        return text.format(**values) if values else text


def _of(texts: dict[str, str], key: str) -> str:
    if key not in texts:
        raise ChromiumError(f"there is no text {key} any more")
    return texts[key]


@cache
def _frontend(language: str) -> dict[str, str]:
    folder = files("hass_frontend") / "static" / "translations"
    texts: dict[str, str] = {}
    for part in _PARTS:
        for file in (folder / part).iterdir():
            # "de-" and a hash; "de-CH-" and a hash is another language.
            name, _, _ = file.name.rpartition("-")
            if name == language and file.name.endswith(".json"):
                texts |= json.loads(file.read_text(encoding="utf-8"))
    return texts


def _product(language: str) -> dict[str, Any]:
    file = INTEGRATION / "translations" / f"{language}.json"
    return dict(json.loads(file.read_text()))


def _flat(texts: dict[str, Any], above: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in texts.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{above}{key}.")
        else:
            flat[above + key] = value
    return flat
