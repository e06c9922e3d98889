"""The part of Home Assistant's REST and WebSocket API that the lab needs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse

type JsonObject = dict[str, Any]

_POLL_SECONDS = 0.1


class HassRefusal(Exception):
    """Home Assistant answered with an error; the text is its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowStep:
    """Where a config flow stands: `kind` is "form", "create_entry" or "abort"."""

    flow_id: str
    kind: str
    step_id: str
    fields: tuple[str, ...]
    suggested: Mapping[str, Any]
    errors: Mapping[str, str]
    description: Mapping[str, str]
    entry: JsonObject


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """An entity's state as the API tells it."""

    entity_id: str
    state: str
    attributes: JsonObject

    @property
    def name(self) -> str:
        """The entity's friendly name."""
        return str(self.attributes["friendly_name"])

    @property
    def text(self) -> str:
        """The state with its unit, a number to two places."""
        unit = self.attributes.get("unit_of_measurement", "")
        try:
            number = float(self.state)
        except ValueError:
            return self.state
        return f"{number:.2f}".rstrip("0").rstrip(".") + f" {unit}".rstrip()


class HassClient:
    """One user of one Home Assistant."""

    def __init__(self, session: ClientSession, url: str) -> None:
        """Prepare for the server at an address; only `log_in` opens the rest."""
        self._session = session
        self._url = url
        self.tokens: JsonObject = {}

    @property
    def client_id(self) -> str:
        """What tokens are given to, and the frontend's own."""
        return f"{self._url}/"

    async def has_user(self) -> bool:
        """Tell whether somebody owns this Home Assistant yet."""
        async with self._session.get(f"{self._url}/api/onboarding") as response:
            steps = await response.json()
        return any(step["step"] == "user" and step["done"] for step in steps)

    async def create_user(self, username: str, password: str) -> None:
        """Create the owner, as the first visit to a new Home Assistant does."""
        await self._post(
            "/api/onboarding/users",
            {
                "name": username.title(),
                "username": username,
                "password": password,
                "client_id": self.client_id,
                "language": "en",
            },
        )

    async def log_in(self, username: str, password: str) -> None:
        """Go through the login form and keep the tokens it leads to."""
        form = await self._post(
            "/auth/login_flow",
            {
                "client_id": self.client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self.client_id,
            },
        )
        entered = {"client_id": self.client_id, "username": username, "password": password}
        done = await self._post(f"/auth/login_flow/{form['flow_id']}", entered)
        if done["type"] != "create_entry":
            raise HassRefusal(f"the login failed: {done.get('errors')}")
        exchange = {
            "grant_type": "authorization_code",
            "code": done["result"],
            "client_id": self.client_id,
        }
        async with self._session.post(f"{self._url}/auth/token", data=exchange) as response:
            self.tokens = await _checked(response)

    async def is_started(self) -> bool:
        """Tell whether everything is loaded."""
        return bool((await self._get("/api/config"))["state"] == "RUNNING")

    async def version(self) -> str:
        """Return Home Assistant's version."""
        return str((await self._get("/api/config"))["version"])

    async def start_flow(self, domain: str) -> FlowStep:
        """Begin to set up an integration."""
        return _flow_step(await self._post("/api/config/config_entries/flow", {"handler": domain}))

    async def submit(self, step: FlowStep, **entered: object) -> FlowStep:
        """Fill in a step's form, and wait for the next one while it shows its progress."""
        path = f"/api/config/config_entries/flow/{step.flow_id}"
        answer = await self._post(path, entered)
        while answer["type"] == "progress":
            await asyncio.sleep(_POLL_SECONDS)
            async with self._session.get(f"{self._url}{path}", headers=self._headers) as response:
                answer = await _checked(response)
        return _flow_step(answer)

    async def entry(self, entry_id: str) -> JsonObject:
        """Return a config entry."""
        answer = await self.command("config_entries/get_single", entry_id=entry_id)
        return dict(answer["config_entry"])

    async def reload_entry(self, entry_id: str) -> None:
        """Reload a config entry."""
        await self._post(f"/api/config/config_entries/entry/{entry_id}/reload", {})

    async def disable_entry(self, entry_id: str, *, disabled: bool) -> None:
        """Disable a config entry, which unloads it, or enable it again."""
        wanted = "user" if disabled else None
        await self.command("config_entries/disable", entry_id=entry_id, disabled_by=wanted)

    async def call(self, action: str, **data: object) -> JsonObject:
        """Call an action such as `domain.name` and return its response."""
        path = f"/api/services/{action.replace('.', '/')}?return_response"
        return dict((await self._post(path, data))["service_response"])

    async def states(self) -> dict[str, State]:
        """Return all states by entity id."""
        async with self._session.get(f"{self._url}/api/states", headers=self._headers) as response:
            listed = await _checked(response)
        return {
            one["entity_id"]: State(
                entity_id=one["entity_id"], state=one["state"], attributes=one["attributes"]
            )
            for one in listed
        }

    async def entity_ids(self, entry_id: str) -> dict[str, str]:
        """Return the entity ids of an entry by what their unique ids end with."""
        registry = await self.command("config/entity_registry/list")
        return {
            entity["unique_id"].removeprefix(f"{entry_id}_"): entity["entity_id"]
            for entity in registry
            if entity["config_entry_id"] == entry_id
        }

    async def issues(self, domain: str) -> list[JsonObject]:
        """Return what an integration wants repaired."""
        answer = await self.command("repairs/list_issues")
        return [issue for issue in answer["issues"] if issue["domain"] == domain]

    async def save_dashboard(
        self, url_path: str, *, title: str, icon: str, config: JsonObject
    ) -> str:
        """Create a dashboard and return its address."""
        await self.command("lovelace/dashboards/create", url_path=url_path, title=title, icon=icon)
        await self.command("lovelace/config/save", url_path=url_path, config=config)
        return f"{self._url}/{url_path}"

    async def save_automation(self, automation_id: str, config: JsonObject) -> None:
        """Create an automation, or change it, as its editor does."""
        await self._post(f"/api/config/automation/config/{automation_id}", config)

    async def speak(self, language: str) -> None:
        """Have all texts in a language: those of the server and those of this user's frontend."""
        await self.command("config/core/update", language=language)
        formats = dict.fromkeys(("number_format", "time_format", "date_format"), "language")
        chosen = {"language": language, **formats, "first_weekday": "language"}
        value = {**chosen, "time_zone": "local"}
        await self.command("frontend/set_user_data", key="language", value=value)

    async def dashboard(self, url_path: str) -> JsonObject:
        """Return what a dashboard shows."""
        return dict(await self.command("lovelace/config", url_path=url_path))

    async def command(self, kind: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
        """Send a WebSocket command and return its result."""
        async with self._socket() as socket:
            await socket.send_json({"id": 1, "type": kind, **fields})
            answer = await socket.receive_json()
        if not answer["success"]:
            raise HassRefusal(f"{kind}: {answer['error']['message']}")
        return answer["result"]

    @asynccontextmanager
    async def events(self) -> AsyncIterator[list[JsonObject]]:
        """Listen to all events, which gather in the list."""
        heard: list[JsonObject] = []

        async def listen(socket: ClientWebSocketResponse) -> None:
            async for message in socket:
                heard.append(message.json())  # noqa: PERF401 - they are heard as they come

        async with self._socket() as socket:
            await socket.send_json({"id": 1, "type": "subscribe_events"})
            await socket.receive_json()
            listening = asyncio.create_task(listen(socket))
            try:
                yield heard
            finally:
                listening.cancel()

    async def diagnostics(self, entry_id: str) -> JsonObject | None:
        """Return an entry's diagnostics; None if its integration has none."""
        try:
            return await self._get(f"/api/diagnostics/config_entry/{entry_id}")
        except HassRefusal:
            return None

    async def system_health(self, domain: str) -> JsonObject:
        """Return what an integration tells of its health at once."""
        async with self._socket() as socket:
            await socket.send_json({"id": 1, "type": "system_health/info"})
            await socket.receive_json()
            told = await socket.receive_json()
        return dict(told["event"]["data"][domain]["info"])

    @asynccontextmanager
    async def _socket(self) -> AsyncIterator[ClientWebSocketResponse]:
        async with self._session.ws_connect(f"{self._url}/api/websocket") as socket:
            await socket.receive_json()
            token = self.tokens["access_token"]
            await socket.send_json({"type": "auth", "access_token": token})
            if (await socket.receive_json())["type"] != "auth_ok":
                raise HassRefusal("the WebSocket does not accept the token")
            yield socket

    @property
    def _headers(self) -> dict[str, str]:
        token = self.tokens.get("access_token")
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def _get(self, path: str) -> JsonObject:
        async with self._session.get(f"{self._url}{path}", headers=self._headers) as response:
            return dict(await _checked(response))

    async def _post(self, path: str, body: Mapping[str, object]) -> JsonObject:
        async with self._session.post(
            f"{self._url}{path}", json=body, headers=self._headers
        ) as response:
            return dict(await _checked(response))


async def _checked(response: ClientResponse) -> Any:  # noqa: ANN401 - JSON
    """Return the answer's JSON, or raise what Home Assistant says is wrong."""
    if response.ok:
        return await response.json()
    text = await response.text()
    if response.content_type == "application/json":
        said = await response.json()
        text = str(said.get("message", said))
    raise HassRefusal(text or f"{response.status} {response.reason}")


def _flow_step(answer: JsonObject) -> FlowStep:
    fields = answer.get("data_schema") or []
    described = {field["name"]: field.get("description") or {} for field in fields}
    return FlowStep(
        flow_id=answer["flow_id"],
        kind=answer["type"],
        step_id=answer.get("step_id") or "",
        fields=tuple(described),
        suggested={
            name: description["suggested_value"]
            for name, description in described.items()
            if "suggested_value" in description
        },
        errors=answer.get("errors") or {},
        description=answer.get("description_placeholders") or {},
        entry=answer.get("result") or {},
    )
