"""What the tests of hostile input share: how much they try, and how good input is bent."""

from collections.abc import Sequence
from functools import reduce

from hypothesis import settings, strategies as st

# The same examples each time: who finds new ones is scripts/fuzz, which has the time for it.
FIXED = settings(derandomize=True, deadline=None, max_examples=200)
FEW = settings(FIXED, max_examples=60)
MANY = settings(FIXED, max_examples=600)

type _Edit = tuple[int, int, bytes]


def bent(
    seeds: Sequence[bytes], words: Sequence[bytes] = (), *, most: int = 6
) -> st.SearchStrategy[bytes]:
    """Make of good input what a fuzzer would: parts cut out, and others put in."""
    parts = st.binary(max_size=6)
    if words:
        parts |= st.sampled_from(words)
    edits = st.lists(st.tuples(st.integers(0, 1 << 14), st.integers(0, 12), parts), max_size=most)
    return st.builds(_bend, st.sampled_from(seeds), edits)


def _bend(data: bytes, edits: Sequence[_Edit]) -> bytes:
    return reduce(_edited, edits, data)


def _edited(data: bytes, edit: _Edit) -> bytes:
    place, length, part = edit
    at = place % (len(data) + 1)
    return data[:at] + part + data[at + length :]
