"""Reading the JSON of thousands of torrents without keeping everybody else waiting."""

import asyncio
import json
import re
from typing import Any

# What takes a few milliseconds to read; shorter answers are read at once.
_PIECE_BYTES = 256 * 1024
# Where the list of torrents begins, and where one torrent ends and the next begins. Neither can
# stand inside a string: there, the quotation mark would have a backslash before it, or be the
# string's end, which nothing of what follows it here may come after.
_LIST = re.compile(rb'"torrents":\{(?="[0-9a-f]{40}":\{)')
_NEXT = re.compile(rb'\},(?="[0-9a-f]{40}":\{)')
_PLACE = "auralarchive: the torrents"


async def read_json(body: bytes) -> object:
    """Read JSON as `json.loads` does; others have their turn every few milliseconds.

    Only where the body is long because of its torrents, as an answer of `sync/maindata` is.
    """
    if len(body) > _PIECE_BYTES:
        try:
            return await _read_in_pieces(body)
        except ValueError:
            # It is not what was expected, or no JSON at all.
            pass
    return json.loads(body)


async def _read_in_pieces(body: bytes) -> object:
    """Read some torrents at a time, then the answer without them; `ValueError` if it is another.

    A piece is an object by itself only if it was cut between members of one object, and the answer
    without the torrents is JSON only if they were all members of the object that it has under that
    name. So what is read is right, wherever the cuts have been made.
    """
    start = _LIST.search(body)
    if start is None:
        raise ValueError("no torrents")
    torrents: dict[str, Any] = {}
    at = start.end()
    while end := _NEXT.search(body, at + _PIECE_BYTES):
        torrents |= json.loads(b"{%b}}" % body[at : end.start()])
        at = end.end()
        await asyncio.sleep(0)
    last = "{" + body[at:].decode()
    rest, length = json.JSONDecoder().raw_decode(last)
    answer = json.loads(
        b'%b"%b":0%b' % (body[: start.end()], _PLACE.encode(), last[length - 1 :].encode())
    )
    if not isinstance(answer, dict) or answer.get("torrents") != {_PLACE: 0}:
        raise ValueError("other torrents")
    answer["torrents"] = torrents | rest
    return answer
