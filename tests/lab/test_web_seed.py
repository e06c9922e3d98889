"""The web seed of the stand-in at a pace."""

import time

from aiohttp import ClientSession

from scripts.lab.jackett import JackettStandIn


async def test_a_pace_holds_for_ranges_and_keeps_the_content(socket_enabled: None) -> None:
    """Every byte arrives, and not before its time."""
    content = bytes(range(256)) * 256
    async with JackettStandIn() as jackett, ClientSession() as session:
        jackett.seed.add({"book.m4b": content})
        jackett.seed.bytes_per_second = 200_000
        began = time.monotonic()
        whole = {"Range": f"bytes=1000-{len(content) - 1}"}
        async with session.get(f"{jackett.seed_url}book.m4b", headers=whole) as response:
            arrived = await response.read()
        assert (response.status, arrived) == (206, content[1000:])
        assert time.monotonic() - began >= (len(content) - 1000) / 200_000 * 0.9
        assert jackett.seed.served == len(arrived)
