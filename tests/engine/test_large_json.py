"""Reading long answers in pieces: what comes out is what `json.loads` makes of them."""

import asyncio
import json
from typing import Any
from unittest.mock import patch

from hypothesis import given, strategies as st
import pytest

from custom_components.auralarchive.engine import large_json
from custom_components.auralarchive.engine.large_json import read_json

type Value = Any

# Strings that try to look like the places where answers are cut.
_HASH = "a1" * 20
_TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            "torrents",
            _HASH,
            f'}},"{_HASH}":{{',
            f'"torrents":{{"{_HASH}":{{',
            '\\"},{',
            "\\",
            "\N{SNOWMAN}\N{PILE OF POO}\ud800",
        ]
    ),
)
_HASHES = st.integers(0, 9).map(lambda number: f"{number:040x}")
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _TEXTS)
_VALUES: st.SearchStrategy[Value] = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(_TEXTS, _HASHES), inner, max_size=4),
    ),
    max_leaves=12,
)
_RECORDS = st.dictionaries(st.one_of(_TEXTS, st.sampled_from(["name", "torrents"])), _VALUES)
_TORRENTS = st.dictionaries(_HASHES, _RECORDS, min_size=1)
_ANSWERS = st.one_of(
    st.builds(
        lambda before, torrents, after: {**before, "torrents": torrents, **after},
        st.dictionaries(_TEXTS, st.one_of(_VALUES, _TORRENTS), max_size=3),
        st.one_of(_TORRENTS, _TORRENTS, _VALUES),
        st.dictionaries(_TEXTS, st.one_of(_VALUES, _TORRENTS), max_size=3),
    ),
    st.lists(st.dictionaries(st.just("torrents"), _TORRENTS), max_size=2),
    _VALUES,
)


def _read(body: bytes) -> Value:
    """Read in pieces of a few bytes; an error of `json.loads` is a value like others."""
    reading = read_json(body)
    with patch.object(large_json, "_PIECE_BYTES", 8):
        try:
            while True:
                # All that it waits for are others.
                assert reading.send(None) is None
        except StopIteration as done:
            return done.value
        except ValueError as err:
            return type(err)


def _expected(body: bytes) -> Value:
    try:
        return json.loads(body)
    except ValueError as err:
        return type(err)


def _written(value: Value) -> str:
    """Write a value so that NaN is itself, and the order of keys counts."""
    return repr(value)


def _encoded(value: Value, *, ascii_only: bool, spaced: bool) -> bytes:
    separators = (", ", ": ") if spaced else (",", ":")
    text = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
    return text.encode("utf-8", "surrogatepass")


@given(_ANSWERS, st.booleans(), st.sampled_from([False, False, False, True]))
def test_it_is_what_json_makes_of_it(value: Value, ascii_only: bool, spaced: bool) -> None:
    """Whatever stands in it, and wherever."""
    body = _encoded(value, ascii_only=ascii_only, spaced=spaced)
    assert _written(_read(body)) == _written(_expected(body))


@given(_ANSWERS, st.integers(0), st.integers(0, 3), st.binary(max_size=3))
def test_damaged_answers(value: Value, at: int, lost: int, instead: bytes) -> None:
    """What is no JSON is none in pieces either."""
    body = _encoded(value, ascii_only=False, spaced=False)
    at %= len(body)
    damaged = body[:at] + instead + body[at + lost :]
    assert _written(_read(damaged)) == _written(_expected(damaged))


@pytest.mark.parametrize(
    "body",
    [
        '{"torrents":{"H":{"a":1},"H":{"b":2}},"torrents":{}}',
        '{"torrents":{},"torrents":{"H":{"a":1},"H":{"b":2}}}',
        '{"x":{"torrents":{"H":{"a":1},"H":{"b":2}}},"torrents":{"H":{}}}',
        '{"torrents":{"H":{"a":{},"H":{"b":2}},"H":{"c":3}}}',
        '{"torrents":{"H":{"a":[{},"H"],"b":"},"},"H":{}}}',
        '{"a\\"torrents":{"H":{"a":1},"H":{"b":2}}}',
        '[{"torrents":{"H":{"a":1},"H":{"b":2}}}]',
        '{"torrents":{"H":{"a":1},"H":{"b":2}}} ',
        '{"torrents":{"H":{"a":1},"H":{"b":2}}}}',
        '{"torrents":{"H":{"a":1},"H":{"b":2}},}',
        '{"torrents":{"H":{"a":1},,"H":{"b":2}}}',
        '\ufeff{"torrents":{"H":{"a":1},"H":{"b":2}}}',
        "",
    ],
)
def test_traps(body: str) -> None:
    """Names twice, names deeper down, records within records, and what is left over."""
    data = body.replace("H", _HASH).encode()
    assert _written(_read(data)) == _written(_expected(data))


async def test_others_have_their_turn() -> None:
    """Many times while a long answer is read, and not at all for a short one."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    record = {"name": "x" * 1000}
    await read_json(json.dumps({"torrents": {_HASH: record}}).encode())
    assert turns == 0
    torrents = {f"{number:040x}": record for number in range(3000)}
    body = json.dumps({"rid": 1, "torrents": torrents}, separators=(",", ":")).encode()
    assert await read_json(body) == {"rid": 1, "torrents": torrents}
    assert turns >= 10
    waiting.cancel()
