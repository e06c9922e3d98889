"""An HTTP source of torrent content (BEP 19), with ranges and at any pace."""

import asyncio
from collections.abc import Mapping
import time

from aiohttp import web

_CHUNK = 8 * 1024


class WebSeed:
    """Serves the content of torrents by path below the seed's address.

    `bytes_per_second` slows all requests together down; None is as fast as it goes.
    """

    def __init__(self, content: Mapping[str, bytes] | None = None) -> None:
        """Begin with this content, keyed by path as a torrent saves it."""
        self.content = dict(content or {})
        self.served = 0
        self.bytes_per_second: int | None = None
        self._free_at = 0.0

    def add(self, content: Mapping[str, bytes]) -> None:
        """Serve this too."""
        self.content.update(content)

    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
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
        headers["Content-Type"] = "application/octet-stream"
        if self.bytes_per_second is not None:
            return await self._drip(
                request, part, web.StreamResponse(status=status, headers=headers)
            )
        self.served += len(part)
        return web.Response(status=status, body=part, headers=headers)

    async def _drip(
        self, request: web.Request, part: bytes, response: web.StreamResponse
    ) -> web.StreamResponse:
        """Write a part in small pieces, each when the pace allows it."""
        response.content_length = len(part)
        await response.prepare(request)
        for start in range(0, len(part), _CHUNK):
            chunk = part[start : start + _CHUNK]
            if self.bytes_per_second is not None:
                now = time.monotonic()
                self._free_at = max(now, self._free_at) + len(chunk) / self.bytes_per_second
                await asyncio.sleep(self._free_at - now)
            try:
                await response.write(chunk)
            except ConnectionResetError:
                # The client has left.
                break
            self.served += len(chunk)
        return response

    def _found(self, path: str) -> bytes | None:
        if path in self.content:
            return self.content[path]
        # qBittorrent 4.5 asks for the folder when that holds a single file.
        below = [data for name, data in self.content.items() if name.startswith(f"{path}/")]
        return below[0] if len(below) == 1 else None
