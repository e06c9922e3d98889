"""Addresses at which qBittorrent may reach Jackett, the likeliest first."""

import asyncio
from contextlib import suppress
import ipaddress

from .links import Link, suggest_address_for_qbittorrent

# How Docker calls its host from inside, where it does.
_DOCKERS_HOST = "host.docker.internal"
# The host's end of Docker's own bridge.
_DOCKERS_GATEWAY = "172.17.0.1"
_DOCKERS_NETWORKS = ipaddress.ip_network("172.16.0.0/12")
# Jackett's usual name for containers of the same network.
_CONTAINER = "jackett"


def candidates(jackett: str, qbittorrent: str, own_address: str | None = None) -> list[str]:
    """Return base addresses to try for Jackett, without doublets.

    `jackett` and `qbittorrent` are the base addresses as Home Assistant uses them; `own_address` is
    Home Assistant's on the network that leads to qBittorrent.
    """
    there = Link.parse(qbittorrent)
    hosts = [] if there.is_loopback else [there.host]
    if own_address is not None:
        hosts.append(f"[{own_address}]" if ":" in own_address else own_address)
    hosts += [_DOCKERS_HOST, _gateway(there.host), _CONTAINER]
    found = [jackett, suggest_address_for_qbittorrent(jackett, qbittorrent)]
    found += [_at(jackett, host) for host in hosts]
    return list(dict.fromkeys(found))


def _at(address: str, host: str) -> str:
    link = Link.parse(address)
    port = f":{link.port_text}" if link.port_text else ""
    return f"{link.scheme}://{host}{port}{link.path}"


def _gateway(host: str) -> str:
    """Return the gateway of the Docker network that a host is likely to be in."""
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        if address in _DOCKERS_NETWORKS:
            network = ipaddress.ip_network(f"{address}/16", strict=False)
            return str(network[1])
    return _DOCKERS_GATEWAY


async def own_address_towards(address: str) -> str | None:
    """Return this machine's address on the network that leads to a server; None if none leads."""
    link = Link.parse(address)
    with suppress(OSError, UnicodeError):
        # Connecting a datagram socket sends nothing; it only chooses the way.
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(link.host.strip("[]"), link.port)
        )
        try:
            own = str(transport.get_extra_info("sockname")[0])
        finally:
            transport.close()
        own, _, interface = own.partition("%")
        # With an interface in it, it is of use on this machine only.
        return None if interface or ipaddress.ip_address(own).is_loopback else own
    return None
