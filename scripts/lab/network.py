"""Network namespaces with a private link to the host: a container's network without one."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
from functools import cache
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import count
import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import tempfile
from types import TracebackType
from typing import Self

_RANGE = IPv4Network("10.219.0.0/16")
_NAME = re.compile(r"auralarchive-(\d+)-(\d+)")
_numbers = count(1)


class NetworkNamespace:
    """A namespace whose own `127.0.0.1` is not the host's, joined to it by one veth pair.

    `host_address` is the host as seen from inside; `address` is the namespace as seen from the
    host. There is no other route: nothing inside can reach beyond the two.
    """

    def __init__(self) -> None:
        """Prepare; nothing is created before `create` or the with block."""
        self._number = next(_numbers)
        self.name = f"auralarchive-{os.getpid()}-{self._number}"
        self.host_interface = _host_interface(os.getpid(), self._number)
        self.interface = "veth0"
        self._network: IPv4Network | None = None

    @staticmethod
    @cache
    def available() -> tuple[bool, str]:
        """Whether namespaces can be made here, and if not, why."""
        if os.geteuid() != 0:
            return False, "network namespaces need root"
        if shutil.which("ip") is None:
            return False, "the ip command of iproute2 is missing"
        try:
            with NetworkNamespace() as namespace:
                namespace.run("true")
        except subprocess.CalledProcessError as error:
            return False, f"{' '.join(error.cmd)}: {error.stderr.strip()}"
        return True, ""

    @property
    def host_address(self) -> str:
        """The host's address on the link."""
        return str(self._made()[1])

    @property
    def address(self) -> str:
        """The namespace's address on the link."""
        return str(self._made()[2])

    @property
    def exec_prefix(self) -> list[str]:
        """What to put before a command to run it inside."""
        return ["ip", "netns", "exec", self.name]

    def run(self, *command: str) -> str:
        """Run a command inside to its end and return what it printed."""
        return _run(*self.exec_prefix, *command)

    def create(self) -> None:
        """Create the namespace and its link, and remove what dead processes left behind."""
        with _lock():
            remove_stale()
            _run("ip", "netns", "add", self.name)
            atexit.register(self.remove)
            try:
                self._network = _free_network(os.getpid() * 64 + self._number)
                self._connect(self._network)
            except BaseException:
                self.remove()
                raise

    def remove(self) -> None:
        """Delete the namespace with all that runs in it; harmless if it is gone."""
        atexit.unregister(self.remove)
        _remove(self.name, self.host_interface)
        self._network = None

    def __enter__(self) -> Self:
        """Create it."""
        self.create()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove it."""
        self.remove()

    def _made(self) -> tuple[IPv4Network, IPv4Address, IPv4Address]:
        if self._network is None:
            raise RuntimeError(f"the namespace {self.name} does not exist")
        return self._network, self._network[1], self._network[2]

    def _connect(self, network: IPv4Network) -> None:
        length = network.prefixlen
        _run("ip", "link", "add", self.host_interface, "type", "veth",
             "peer", "name", self.interface, "netns", self.name)  # fmt: skip
        _run("ip", "address", "add", f"{network[1]}/{length}", "dev", self.host_interface)
        _run("ip", "link", "set", self.host_interface, "up")
        inside = ("ip", "-netns", self.name)
        _run(*inside, "address", "add", f"{network[2]}/{length}", "dev", self.interface)
        _run(*inside, "link", "set", self.interface, "up")
        _run(*inside, "link", "set", "lo", "up")


def remove_stale() -> list[str]:
    """Remove the namespaces of dead processes of this lab and return their names."""
    stale = [
        (match[0], _host_interface(int(match[1]), int(match[2])))
        for line in _run("ip", "netns", "list").splitlines()
        if (match := _NAME.fullmatch(line.split(" ", 1)[0]))
        and not Path(f"/proc/{match[1]}").exists()
    ]
    for name, host_interface in stale:
        _remove(name, host_interface)
    return [name for name, _ in stale]


def _host_interface(process: int, number: int) -> str:
    # Interface names end at 15 characters.
    return f"aa{process:x}-{number:x}"


def _remove(name: str, host_interface: str) -> None:
    if name in {line.split(" ", 1)[0] for line in _run("ip", "netns", "list").splitlines()}:
        for process in _run("ip", "netns", "pids", name).split():
            try:
                os.kill(int(process), signal.SIGKILL)
            except ProcessLookupError:
                continue
        _run("ip", "netns", "delete", name)
    # The kernel drops the pair with the namespace, but later: waiting would be a race.
    if Path("/sys/class/net", host_interface).exists():
        subprocess.run(["ip", "link", "delete", host_interface], capture_output=True, check=False)


def _free_network(seed: int) -> IPv4Network:
    """A /30 that overlaps no address and no route of this machine."""
    fields = " ".join((_run("ip", "-4", "-o", "address"), _run("ip", "-4", "route"))).split()
    taken = [network for field in fields if (network := _as_network(field)) is not None]
    slots = 1 << (30 - _RANGE.prefixlen)
    for step in range(slots):
        start = int(_RANGE.network_address) + 4 * ((seed + step) % slots)
        candidate = IPv4Network((start, 30))
        if not any(candidate.overlaps(other) for other in taken):
            return candidate
    raise RuntimeError(f"no free network in {_RANGE}")


def _as_network(text: str) -> IPv4Network | None:
    try:
        return IPv4Interface(text).network
    except ValueError:
        return None


@contextmanager
def _lock() -> Iterator[None]:
    """Let one process at a time choose addresses."""
    with Path(tempfile.gettempdir(), "auralarchive-network.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
