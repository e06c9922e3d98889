# What scripts/benchmarks uses of feedparser, which has no types and is not installed everywhere.

from collections.abc import Sequence

class FeedParserDict:
    entries: Sequence[object]

def parse(url_file_stream_or_string: bytes) -> FeedParserDict: ...
