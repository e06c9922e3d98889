"""Secrets out of texts and links.

Two nets: known values (the configured keys and passwords, in every spelling in which they travel),
and known shapes (query parameters, cookies, tokens), which catch the secrets of others, such as a
tracker's passkey.
"""

import base64
from collections.abc import Iterable
import html
import json
import re
from urllib.parse import quote, quote_plus

MASK = "***"
_SHORTEST_SECRET = 4

# Values of these parameters, fields and headers are secrets wherever they stand.
_NAMED = re.compile(
    r"(?i)((?:\b|_|%[0-9a-f]{2})(?:api[_-]?key|pass_?key|auth_?key|torrent_?pass|rss_?key|token"
    r"|password|SID|QBT_SID_\d+)(?:=[\"']?|[\"']?:\s*[\"']?|%3D)"
    r"|\b(?:Bearer|Authorization:\s*\w+)\s+)(?:(?!%26)[^\s&\"'<>;,])+"
)
# A tracker's announce address carries the member's passkey in its path or query.
_TRACKER = re.compile(r"(?i)([?&](?:amp;)?tr(?:\.\d+)?=)[^&\s\"'<>]+")
# All of an address at once, and only then a look for "announce" in it: the time that it takes must
# not grow with the square of the text's length. The same goes for the length of a scheme.
_ADDRESS = re.compile(r"(?i)((?:https?|udp|wss?)://[^\s/\"'<>]+)/([^\s\"'<>]*)")
# Trackers write a member's key into the path, too: a long word that is none.
KEY_IN_PATH = re.compile(r"(?<=/)[0-9A-Za-z]{20,}(?=[/?#]|$)")
_API_KEY = re.compile(r"\bqbt_[A-Za-z0-9]{8,}")
_USER_INFO = re.compile(r"(?i)([a-z][a-z0-9+.-]{0,30}://)[^\s/?#\"'<>]+@")


def _spellings(secret: str) -> Iterable[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    yield base64.b64encode(secret.encode()).decode()


def _mask_path(address: re.Match[str]) -> str:
    if "announce" in address[2].lower():
        return f"{address[1]}/{MASK}"
    return f"{address[1]}{KEY_IN_PATH.sub(MASK, f'/{address[2]}')}"


class Redactor:
    """Replaces secrets in texts; made once with the secrets of a configuration."""

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        """Take the secret values; very short ones cannot be told from ordinary words."""
        spellings = {
            text
            for secret in secrets
            if secret and len(secret) >= _SHORTEST_SECRET
            for text in _spellings(secret)
        }
        # The longest first, so that no tail of a longer spelling stays behind; in any letter case,
        # since escapes such as %2F are written in both.
        ordered = sorted(spellings, key=len, reverse=True)
        known = "|".join(map(re.escape, ordered))
        self._known = re.compile(f"(?i){known}") if known else None

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced by a mask."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        text = _TRACKER.sub(rf"\1{MASK}", text)
        text = _ADDRESS.sub(_mask_path, text)
        text = _NAMED.sub(rf"\1{MASK}", text)
        text = _API_KEY.sub(MASK, text)
        return _USER_INFO.sub(rf"\1{MASK}@", text)
