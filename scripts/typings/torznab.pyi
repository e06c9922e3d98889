# What scripts/benchmarks uses of torznab, which is not installed everywhere.

from collections.abc import Sequence

def parse_torznab(xml: str) -> Sequence[object]: ...
