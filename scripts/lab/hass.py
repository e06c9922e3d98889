"""A real Home Assistant, headless, in a folder of its own."""

import asyncio
import atexit
from datetime import UTC, datetime
import json
import os
from pathlib import Path
import shutil
import signal
import socket
import time
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout

from scripts.lab.cache import hass_executable
from scripts.lab.hass_client import HassClient
from scripts.lab.qbittorrent import free_port

INTEGRATION = Path(__file__).resolve().parents[2] / "custom_components" / "auralarchive"
CONFIGURATION = """\
homeassistant:
  name: Home
  time_zone: UTC
  unit_system: metric
  currency: EUR
  country: GB
  language: en
automation: !include automations.yaml
script: !include scripts.yaml
scene: !include scenes.yaml
"""
# What Home Assistant's own editors write to.
_EDITED = {"automations.yaml": "[]\n", "scripts.yaml": "{}\n", "scenes.yaml": "[]\n"}

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.1


class HassError(Exception):
    """Home Assistant does not run as it should."""


class HassServer:
    """The newest Home Assistant with a copy of the integration, for one user.

    It listens on loopback, keeps its port when restarted, and installs nothing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        configuration: str = CONFIGURATION,
        username: str = "demo",
        password: str = "demo",
        integration: Path = INTEGRATION,
        python_warnings: str = "",
    ) -> None:
        """Prepare; `configuration` is the text of configuration.yaml.

        `python_warnings` are filters as the variable PYTHONWARNINGS has them; the log gets what
        they let through.
        """
        self.folder = folder
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self.username = username
        self.password = password
        self._configuration = configuration
        self._integration = integration
        self._python_warnings = python_warnings
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where its pages and its API are."""
        return f"http://{self.host}:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def launch(self) -> None:
        """Start the process, and do not wait for it."""
        program = hass_executable()
        if program is None:
            raise HassError("Home Assistant is not installed here: run scripts/setup")
        if not (self.folder / ".storage").exists():
            self._prepare()
        # Whoever listens there already would answer in its stead.
        with socket.socket() as probe:
            if probe.connect_ex((self.host, self.port)) == 0:
                raise HassError(f"port {self.port} is taken on this machine")
        environment = {**os.environ, "HOME": str(self.folder)}
        # Compiled once and for all, it starts in half the time.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONWARNINGS"] = self._python_warnings
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                program,
                *("--config", self.folder, "--skip-pip", "--log-no-color"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=environment,
            )
        atexit.register(self.kill)

    async def log_in(self, session: ClientSession) -> HassClient:
        """Wait until it is ready, and log in as its user, who is created if need be."""
        deadline = time.monotonic() + _START_SECONDS
        while not await self._answers(session):
            await self._wait(deadline)
        client = HassClient(session, self.url)
        if not await client.has_user():
            await client.create_user(self.username, self.password)
        await client.log_in(self.username, self.password)
        while not await client.is_started():
            await self._wait(deadline)
        return client

    async def stop(self) -> None:
        """Ask it to end, and insist if it does not."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        atexit.unregister(self.kill)
        self._process = None

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def log(self) -> str:
        """Everything it logged or printed since the folder was made."""
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    async def __aenter__(self) -> Self:
        """Start it, without waiting until it is ready."""
        await self.launch()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        await self.stop()

    @property
    def _output(self) -> Path:
        return self.folder / "output.log"

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            # It leads a session of its own, and what it started ends with it.
            os.killpg(self._process.pid, number)

    async def _answers(self, session: ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/api/onboarding", timeout=ClientTimeout(2)) as reply:
                return reply.status == 200
        except ClientError, TimeoutError:
            return False

    async def _wait(self, deadline: float) -> None:
        if not self.running or time.monotonic() > deadline:
            lines = "\n".join(self.log().splitlines()[-30:])
            raise HassError(f"Home Assistant did not start:\n{lines}")
        await asyncio.sleep(_POLL_SECONDS)

    def _prepare(self) -> None:
        """Write what makes it start as set up, but without a user, at its port."""
        storage = self.folder / ".storage"
        storage.mkdir(parents=True)
        (self.folder / "configuration.yaml").write_text(self._configuration)
        for name, empty in _EDITED.items():
            (self.folder / name).write_text(empty)
        shutil.copytree(
            self._integration,
            self.folder / "custom_components" / self._integration.name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        done = {"done": ["core_config", "analytics", "integration"]}
        _store(storage, "onboarding", (4, 1), done)
        # In YAML a port only counts once somebody has confirmed it.
        stable = {
            "server_host": [self.host],
            "server_port": self.port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": False,
            "ssl_profile": "modern",
            "use_x_frame_options": True,
            "created_at": datetime.now(UTC).isoformat(),
            "error": None,
            "error_message": None,
        }
        http = {"stable": stable, "pending": None, "yaml_migration_done": True}
        _store(storage, "http", (2, 2), http)


def _store(storage: Path, key: str, version: tuple[int, int], data: object) -> None:
    major, minor = version
    record = {"version": major, "minor_version": minor, "key": key, "data": data}
    (storage / key).write_text(json.dumps(record))
