"""Looks at a server every 2 ms, in a process of its own: when is it there for others to see?

Takes `torrent INFOHASH` and `log TEXT`, answers `ready`, then the moment on the monotonic clock.
"""

import json
import sys
import time

from scripts.lab.qbittorrent import ApiSession

_PAUSE_SECONDS = 0.002
_PATIENCE_SECONDS = 60.0


def main() -> None:
    """Look for one thing after the other."""
    host, port, username, password = sys.argv[1:]
    api = ApiSession(host, int(port))
    api.login(username, password)
    print("ready", flush=True)
    for line in sys.stdin:
        kind, _, what = line.strip().partition(" ")
        after = json.loads(api.call("log/main"))[-1]["id"] if kind == "log" else 0
        print("ready", flush=True)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _is_there(api, kind, what, after) and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
        print(time.monotonic(), flush=True)


def _is_there(api: ApiSession, kind: str, what: str, after: int) -> bool:
    if kind == "torrent":
        return bool(json.loads(api.call(f"torrents/info?hashes={what}")))
    records = json.loads(api.call(f"log/main?last_known_id={after}&info=false&normal=false"))
    return any(what in record["message"] for record in records)


if __name__ == "__main__":
    main()
