"""How the Jackett stand-in answers a download link: well, badly, slowly, or by half."""

import asyncio
from collections.abc import Callable
import re
from urllib.parse import quote

from aiohttp import web

from scripts.lab.jackett_model import Download

_CHUNK = bytes(64 * 1024)


async def serve(
    request: web.Request,
    download: Download,
    *,
    title: str,
    hop: int,
    hop_url: Callable[[int], str],
) -> web.StreamResponse:
    """Answer as the download says, after the given number of hops so far."""
    await asyncio.sleep(download.delay)
    if download.hops is None or hop < download.hops:
        location = hop_url(hop + 1)
        if download.hop_relative:
            location = re.sub("^https?://[^/]*", "", location)
        return web.Response(status=download.hop_status, headers={"Location": location})
    partial = download.stall_after is not None or download.cut_after is not None
    if download.gate is not None and not partial:
        await download.gate()
    headers = {"Server": "Kestrel"}
    if download.content_type is not None:
        headers["Content-Type"] = download.content_type
    if download.location is not None:
        headers["Location"] = download.location
    if download.filename:
        headers["Content-Disposition"] = _disposition(title)
    if download.total is None and not partial:
        return web.Response(status=download.status, body=download.body, headers=headers)
    return await _stream(request, download, headers)


async def _stream(
    request: web.Request, download: Download, headers: dict[str, str]
) -> web.StreamResponse:
    response = web.StreamResponse(status=download.status, headers=headers)
    if download.total is None:
        response.content_length = len(download.body)
    elif download.declared:
        response.content_length = download.total
    await response.prepare(request)
    try:
        if download.total is not None:
            await _fill(response, download.body, download.total)
        elif download.stall_after is not None:
            await response.write(download.body[: download.stall_after])
            # Without a gate, silence lasts until the server stops.
            await (download.gate or asyncio.Event().wait)()
            await response.write(download.body[download.stall_after :])
        else:
            await response.write(download.body[: download.cut_after])
            _close(request)
    except ConnectionError:
        # The client has had enough, as it should.
        _close(request)
    return response


async def _fill(response: web.StreamResponse, body: bytes, total: int) -> None:
    await response.write(body[:total])
    left = total - len(body)
    while left > 0:
        await response.write(_CHUNK[:left])
        left -= len(_CHUNK)


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _disposition(title: str) -> str:
    plain = re.sub(r'[^\x20-\x7e]|["\\/]', "_", title)
    return f"attachment; filename=\"{plain}.torrent\"; filename*=UTF-8''{quote(title)}.torrent"
