"""An HTTP source of torrent content (BEP 19), with ranges."""

from collections.abc import Mapping

from aiohttp import web


class WebSeed:
    """Serves the content of torrents by path below the seed's address."""

    def __init__(self, content: Mapping[str, bytes] | None = None) -> None:
        """Begin with this content, keyed by path as a torrent saves it."""
        self.content = dict(content or {})
        self.served = 0

    def add(self, content: Mapping[str, bytes]) -> None:
        """Serve this too."""
        self.content.update(content)

    def answer(self, request: web.Request, path: str) -> web.Response:
        """Serve one request for a path, whole or the part it asks for."""
        data = self._found(path)
        if data is None:
            return web.Response(status=404)
        headers = {"Accept-Ranges": "bytes"}
        try:
            wanted = request.http_range
        except ValueError:
            return web.Response(status=416)
        if wanted.start is None and wanted.stop is None:
            part, status = data, 200
        else:
            start, stop, _ = wanted.indices(len(data))
            if start >= len(data):
                unsatisfied = {"Content-Range": f"bytes */{len(data)}"}
                return web.Response(status=416, headers=unsatisfied)
            part, status = data[start:stop], 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
        self.served += len(part)
        return web.Response(
            status=status, body=part, headers=headers, content_type="application/octet-stream"
        )

    def _found(self, path: str) -> bytes | None:
        if path in self.content:
            return self.content[path]
        # qBittorrent 4.5 asks for the folder when that holds a single file.
        below = [data for name, data in self.content.items() if name.startswith(f"{path}/")]
        return below[0] if len(below) == 1 else None
