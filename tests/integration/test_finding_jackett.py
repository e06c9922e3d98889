"""The config flow finds out by itself at which address qBittorrent reaches Jackett."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.auralarchive.engine.candidates import candidates, own_address_towards
from scripts.lab.network import NetworkNamespace
from scripts.lab.qbittorrent import free_port
from tests.conftest import GENERATIONS

from .conftest import Lab
from .test_config_flow import Walk, delivery_fields, jackett_fields, qbittorrent_fields, texts

pytestmark = pytest.mark.usefixtures("enable_custom_integrations", "names")

ADDRESS = "jackett_url_for_qbittorrent"


@pytest.fixture
async def walk(hass: HomeAssistant) -> Walk:
    """Return a walk that stands before the first form."""
    walk = Walk(hass)
    await walk.begin()
    return walk


def finding(walk: Walk) -> str:
    """Return what the form says of the address that it proposes."""
    assert texts()["step"]["delivery"]["description"] == "{finding}"
    assert walk.form["step_id"] == "delivery", walk.form
    placeholders = walk.form["description_placeholders"]
    assert placeholders is not None
    return placeholders["finding"]


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_as_typed(lab: Lab, walk: Walk) -> None:
    """What Home Assistant uses works for qBittorrent too, and that is certain."""
    await walk.enter(jackett_fields(lab.jackett))
    await walk.enter(qbittorrent_fields(lab.qbittorrent))
    assert walk.offered[ADDRESS] == lab.jackett.url
    assert "so it is right" in finding(walk)
    assert not lab.qbittorrent.login().call("torrents/tags").strip("[]")


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_in_a_network_of_its_own(
    namespace: NetworkNamespace, lab: Lab, walk: Walk, generation: str
) -> None:
    """Localhost is not Jackett's host there; Home Assistant's address on that network is."""
    await lab.jackett.listen(namespace.host_address)
    server = lab.server(generation, namespace=namespace)
    await walk.enter(jackett_fields(lab.jackett))
    await walk.enter(qbittorrent_fields(server))
    assert walk.offered[ADDRESS] == lab.jackett.url_at(namespace.host_address)
    assert "so it is right" in finding(walk)
    created = await walk.finish(delivery_fields(lab.jackett) | walk.offered)
    assert created["data"][ADDRESS] == lab.jackett.url_at(namespace.host_address)


@pytest.mark.parametrize(
    ("generation", "words"), [("4.5", "could not be found out"), ("5.3", "could not open Jackett")]
)
async def test_nowhere(
    namespace: NetworkNamespace, lab: Lab, walk: Walk, generation: str, words: str
) -> None:
    """Then the proposal is a guess, and called one; the user may know better."""
    server = lab.server(generation, namespace=namespace)
    await walk.enter(jackett_fields(lab.jackett))
    await walk.enter(qbittorrent_fields(server))
    assert walk.offered[ADDRESS] == f"http://{namespace.address}:{lab.jackett.port}"
    assert words in finding(walk)
    assert "guess" in finding(walk)
    overruled = delivery_fields(lab.jackett) | {ADDRESS: "http://jackett:9117"}
    created = await walk.finish(overruled)
    assert created["data"][ADDRESS] == "http://jackett:9117"


async def test_progress_is_shown(hass: HomeAssistant, lab: Lab, walk: Walk) -> None:
    """And who leaves meanwhile leaves nothing running."""
    server = lab.server()
    flows = hass.config_entries.flow
    await walk.enter(jackett_fields(lab.jackett))
    step = await flows.async_configure(walk.form["flow_id"], qbittorrent_fields(server))
    assert step["type"] is FlowResultType.SHOW_PROGRESS
    assert step["progress_action"] in texts()["progress"]
    flows.async_abort(step["flow_id"])
    await hass.async_block_till_done()
    assert not [task for task in asyncio.all_tasks() if "look" in str(task.get_coro())]
    assert not flows.async_progress()


async def test_qbittorrent_goes_meanwhile(hass: HomeAssistant, lab: Lab, walk: Walk) -> None:
    """The form still comes, and says that nothing is known."""
    server = lab.server()
    await walk.enter(jackett_fields(lab.jackett))
    flows = hass.config_entries.flow
    step = await flows.async_configure(walk.form["flow_id"], qbittorrent_fields(server))
    assert step["type"] is FlowResultType.SHOW_PROGRESS
    server.kill()
    await hass.async_block_till_done()
    walk.form = await flows.async_configure(step["flow_id"])
    assert "could not be found out" in finding(walk)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_overruled_where_it_matters(
    hass: HomeAssistant, lab: Lab, walk: Walk, generation: str
) -> None:
    """An address that does not work is pointed out once where qBittorrent is to open links."""
    wrong = f"http://127.0.0.1:{free_port()}"
    entered = delivery_fields(lab.jackett) | {ADDRESS: wrong, "delivery": "link"}
    await walk.enter(jackett_fields(lab.jackett))
    await walk.enter(qbittorrent_fields(lab.qbittorrent))
    # Before 5.0, what cannot be opened cannot be told from what takes long.
    if generation != "4.5":
        await walk.enter(entered)
        walk.assert_refused("delivery", entered, ADDRESS, "link_unreachable")
        placeholders = walk.form["description_placeholders"]
        assert placeholders is not None
        assert placeholders["link"] == wrong
        assert "refused the connection" in placeholders["detail"]
    created = await walk.finish(entered)
    assert created["data"][ADDRESS] == wrong


CANDIDATES = {
    "loopback": (
        ("http://localhost:9117", "http://172.19.0.1:8080", "192.168.1.2"),
        ["localhost", "172.19.0.1", "192.168.1.2", "host.docker.internal", "jackett"],
    ),
    "same-machine": (
        ("http://localhost:9117", "http://127.0.0.1:8080", None),
        ["localhost", "host.docker.internal", "172.17.0.1", "jackett"],
    ),
    "container": (
        ("http://jackett:9117", "http://172.20.0.3:8080", "fd00::2"),
        ["jackett", "172.20.0.3", "[fd00::2]", "host.docker.internal", "172.20.0.1"],
    ),
    "elsewhere": (
        ("https://media.lan/jackett", "http://nas.lan:8080", "192.168.1.2"),
        ["media.lan", "nas.lan", "192.168.1.2", "host.docker.internal", "172.17.0.1", "jackett"],
    ),
}


@pytest.mark.parametrize(("given", "hosts"), CANDIDATES.values(), ids=CANDIDATES)
def test_candidates(given: tuple[str, str, str | None], hosts: list[str]) -> None:
    """As typed comes first; scheme, port and path stay."""
    jackett = given[0]
    host = jackett.partition("//")[2].partition("/")[0].partition(":")[0]
    assert candidates(*given) == [jackett.replace(f"//{host}", f"//{one}") for one in hosts]


@pytest.mark.parametrize(
    ("name", "address"),
    [("192.0.2.7", "192.0.2.7"), ("fd00::2", "fd00::2"), ("127.0.0.1", None), ("fe80::2%1", None)],
)
async def test_own_address(monkeypatch: pytest.MonkeyPatch, name: str, address: str | None) -> None:
    """Of use to others: not loopback, nor one that needs an interface of this machine."""

    class Transport(asyncio.DatagramTransport):
        def close(self) -> None:
            """Have nothing to close."""

    async def connected(*_: object, **__: object) -> tuple[Transport, None]:
        return Transport({"sockname": (name, 50000)}), None

    monkeypatch.setattr(asyncio.get_running_loop(), "create_datagram_endpoint", connected)
    assert await own_address_towards("http://nas.local:8080") == address
