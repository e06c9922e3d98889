"""Real qBittorrent servers: start, stop, restart, wipe."""

import atexit
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
import hashlib
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from json import loads
import os
from pathlib import Path
import signal
import socket
import subprocess
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from scripts.lab.cache import qbittorrent_binary
from scripts.lab.network import NetworkNamespace

type Preferences = Mapping[str, Mapping[str, str]]

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.02


class QBittorrentError(Exception):
    """A server did not do what a test needs."""


class QBittorrentServer:
    """One real server with its own profile; it keeps its port when restarted.

    Synchronous: it is test set-up. It answers on `host`, or in a namespace on that one's address,
    and its BitTorrent side is tied to the same interface with all discovery off.
    """

    def __init__(
        self,
        generation: str,
        profile: Path,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        namespace: NetworkNamespace | None = None,
        username: str = "admin",
        password: str = "correct horse",
        local_auth: bool = True,
        extra_preferences: Preferences | None = None,
    ) -> None:
        """Prepare; `extra_preferences` is {section: {key: value}} of the configuration file."""
        self.generation = generation
        self.profile = profile
        self.namespace = namespace
        self.host = host if namespace is None else namespace.address
        # A namespace has all ports to itself, but the host's free ports are free there too.
        self.port = port or free_port()
        self.username = username
        self.password = password
        self._local_auth = local_auth
        self._extra = extra_preferences or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._wiper: ApiSession | None = None

    @property
    def url(self) -> str:
        """Where the Web API is."""
        return f"http://{self.host}:{self.port}"

    @property
    def downloads(self) -> Path:
        """The default save path."""
        return self.profile / "qBittorrent" / "downloads"

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process."""
        if self._process is None:
            raise QBittorrentError("it is not running")
        return self._process.pid

    def start(self) -> None:
        """Start and wait until the Web API answers."""
        binary = qbittorrent_binary(self.generation)
        if binary is None:
            raise QBittorrentError(f"qBittorrent {self.generation} is not installed here")
        self._wiper = None
        self._write_configuration()
        # How much space is free is known only of a folder that is there, and asked twice a minute.
        self.downloads.mkdir(parents=True, exist_ok=True)
        prefix = [] if self.namespace is None else self.namespace.exec_prefix
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [*prefix, str(binary), f"--profile={self.profile}", f"--webui-port={self.port}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, "HOME": str(self.profile), "LC_ALL": "C.UTF-8"},
            )
        atexit.register(self.kill)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if not self.running or time.monotonic() > deadline:
                self.kill()
                raise QBittorrentError(f"{self.generation} did not start:\n{self.log_tail()}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Ask it to end, and insist if it does not."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        # A frozen process hears nothing else.
        self.resume()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        atexit.unregister(self.kill)
        self._process = None

    def kill(self) -> None:
        """End it at once, as a crash or a power cut would."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._process.wait()
        atexit.unregister(self.kill)
        self._process = None

    def restart(self) -> None:
        """Stop and start again: same port, same torrents, new session ids."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze the process: it accepts connections and never answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `pause`."""
        self._signal(signal.SIGCONT)

    def log_tail(self, lines: int = 30) -> str:
        """The end of what it printed and logged."""
        logs = [self._output, *self.profile.glob("qBittorrent/data/logs/*.log")]
        text = "\n".join(log.read_text(errors="replace") for log in logs if log.exists())
        return "\n".join(text.splitlines()[-lines:])

    def login(self) -> ApiSession:
        """A logged-in session, independent of the product's client."""
        session = ApiSession(self.host, self.port)
        session.login(self.username, self.password)
        return session

    def make_api_key(self) -> str:
        """Create an API key and forget the one before (5.2 and later)."""
        answer: dict[str, str] = loads(self.login().call("app/rotateAPIKey", {}))
        return answer["apiKey"]

    def wipe(self) -> None:
        """Remove all torrents with their files, all categories and all tags."""
        # A login costs the server a tenth of a second.
        session = self._wiper = self._wiper or self.login()
        session.call("torrents/delete", {"hashes": "all", "deleteFiles": "true"})
        deadline = time.monotonic() + _STOP_SECONDS
        while loads(session.call("torrents/info")):
            if time.monotonic() > deadline:
                raise QBittorrentError("torrents remain after deleting all")
            time.sleep(_POLL_SECONDS)
        if categories := list(loads(session.call("torrents/categories"))):
            session.call("torrents/removeCategories", {"categories": "\n".join(categories)})
        if tags := loads(session.call("torrents/tags")):
            session.call("torrents/deleteTags", {"tags": ",".join(tags)})

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    @property
    def _output(self) -> Path:
        return self.profile / "output.log"

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            # The process leads a session of its own, so a wrapper script's child ends with it.
            os.killpg(self._process.pid, number)

    def _answers(self) -> bool:
        connection = HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", "/api/v2/app/webapiVersion")
            connection.getresponse().read()
        except OSError, HTTPException:
            return False
        finally:
            connection.close()
        return True

    def _write_configuration(self) -> None:
        """Write the configuration unless the server has saved its own since."""
        path = self.profile / "qBittorrent" / "config" / "qBittorrent.conf"
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        sections = self._base_preferences()
        for section, values in self._extra.items():
            sections.setdefault(section, {}).update(values)
        lines: list[str] = []
        for section, values in sections.items():
            lines += [f"[{section}]", *(f"{key}={value}" for key, value in values.items()), ""]
        path.write_text("\n".join(lines))

    def _base_preferences(self) -> dict[str, dict[str, str]]:
        interface = "lo" if self.namespace is None else self.namespace.interface
        return {
            "LegalNotice": {"Accepted": "true"},
            "Network": {"PortForwardingEnabled": "false"},
            "Preferences": {
                "WebUI\\Address": self.host,
                "WebUI\\Username": self.username,
                "WebUI\\Password_PBKDF2": f'"@ByteArray({_password_hash(self.password)})"',
                "WebUI\\LocalHostAuth": str(self._local_auth).lower(),
                "WebUI\\MaxAuthenticationFailCount": "5",
                "WebUI\\UseUPnP": "false",
                # Or it downloads a database of countries as soon as it starts.
                "Connection\\ResolvePeerCountries": "false",
            },
            "BitTorrent": {
                "Session\\Interface": interface,
                "Session\\InterfaceName": interface,
                "Session\\Port": str(free_port()),
                "Session\\DHTEnabled": "false",
                "Session\\LSDEnabled": "false",
                "Session\\PeXEnabled": "false",
                "Session\\QueueingSystemEnabled": "false",
                "Session\\DefaultSavePath": str(self.downloads),
                # Progress is only as fresh as this; the default of 1500 ms makes tests wait.
                "Session\\RefreshInterval": "100",
            },
        }


class ApiSession:
    """A bare cookie session of the Web API on http.client."""

    def __init__(self, host: str, port: int) -> None:
        """Prepare for the server at host and port."""
        self._host = host
        self._port = port
        self._cookie = ""

    def login(self, username: str, password: str) -> None:
        """Log in and keep the cookie, whatever it is called."""
        status, cookies, body = self._request(
            "auth/login", {"username": username, "password": password}
        )
        if status not in (200, 204) or body == b"Fails.":
            raise QBittorrentError(f"login: {status} {body.decode(errors='replace')}")
        self._cookie = "; ".join(
            f"{name}={morsel.value}" for name, morsel in SimpleCookie(cookies).items()
        )

    def call(self, path: str, form: Mapping[str, str] | None = None) -> str:
        """GET an API path, or POST a form to it; an error status raises."""
        status, text = self.answer(path, form)
        if status >= 400:
            raise QBittorrentError(f"{path}: {status} {text}")
        return text

    def answer(self, path: str, form: Mapping[str, str] | None = None) -> tuple[int, str]:
        """GET an API path, or POST a form to it, and return status and body whatever they are."""
        status, _, body = self._request(path, form)
        return status, body.decode(errors="replace")

    def add_file(self, data: bytes, **fields: str) -> str:
        """Upload a .torrent file with form fields."""
        boundary = "auralarchive-lab-boundary"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="torrents"; filename="a.torrent"'
            "\r\nContent-Type: application/x-bittorrent\r\n\r\n"
        )
        body = "".join(parts).encode() + head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        status, _, answer = self._send(
            "POST", "torrents/add", body, f"multipart/form-data; boundary={boundary}"
        )
        if status >= 400:
            raise QBittorrentError(f"torrents/add: {status} {answer.decode(errors='replace')}")
        return answer.decode()

    def _request(self, path: str, form: Mapping[str, str] | None) -> tuple[int, str, bytes]:
        if form is None:
            return self._send("GET", path, b"", None)
        body = urlencode(form).encode()
        return self._send("POST", path, body, "application/x-www-form-urlencoded")

    def _send(
        self, method: str, path: str, body: bytes, content_type: str | None
    ) -> tuple[int, str, bytes]:
        headers = {"Cookie": self._cookie} if self._cookie else {}
        if content_type is not None:
            headers["Content-Type"] = content_type
        connection = HTTPConnection(self._host, self._port, timeout=30)
        try:
            connection.request(method, f"/api/v2/{path}", body, headers)
            response = connection.getresponse()
            return response.status, response.headers.get("Set-Cookie", ""), response.read()
        finally:
            connection.close()


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


@cache
def _password_hash(password: str) -> str:
    salt = hashlib.sha256(password.encode()).digest()[:16]
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 100_000, 64)
    return f"{b64encode(salt).decode()}:{b64encode(key).decode()}"
