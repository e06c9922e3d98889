"""Repairs: each issue is there while something is wrong, and what can be put right by it is."""

from collections.abc import Awaitable, Callable
import json
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.auralarchive.const import DOMAIN
from custom_components.auralarchive.engine.route import GIB
from custom_components.auralarchive.issues import Issue
from scripts.lab.jackett_model import Release, torrent_file
from scripts.lab.qbittorrent import QBittorrentServer, free_port
from scripts.lab.torrents import make_torrent
from tests.conftest import GENERATIONS

from .conftest import Action, Fields, Lab, Load, Poll
from .odd_servers import Proxy, always

NOWHERE = f"http://127.0.0.1:{free_port()}"
BOOK = make_torrent({"dune.m4b": b"sand" * 5000}, name="Dune")
# Machines have it, and nothing of a test's listens there unless told to.
ELSEWHERE = "127.0.0.2"

type Fix = Callable[[str], Awaitable[Fixing]]


class Fixing:
    """A fix flow, by the API that the frontend uses."""

    def __init__(self, client: Any, step: Fields) -> None:
        """Stand at the first step."""
        self._client = client
        self.step = step

    async def go_on(self, **entered: object) -> Fields:
        """Submit a step, and return the next one."""
        url = f"/api/repairs/issues/fix/{self.step['flow_id']}"
        response = await self._client.post(url, json=entered)
        assert response.status == 200, await response.text()
        self.step = await response.json()
        return self.step


@pytest.fixture
def fix(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Fix:
    """Return what begins to put an issue right."""

    async def begin(key: str) -> Fixing:
        assert await async_setup_component(hass, "repairs", {})
        client = await hass_client()
        response = await client.post(
            "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": shown(hass)[key]}
        )
        assert response.status == 200, await response.text()
        return Fixing(client, await response.json())

    return begin


def shown(hass: HomeAssistant) -> dict[str, str]:
    """Return the ids of the issues that are shown, by their keys."""
    issues = [one for (domain, _), one in ir.async_get(hass).issues.items() if domain == DOMAIN]
    assert not [one for one in issues if one.is_persistent]
    return {str(one.translation_key): one.issue_id for one in issues if one.active}


async def told(hass: HomeAssistant, key: str) -> str:
    """Return what the list of repairs and the issue itself say, all values filled in."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, shown(hass)[key])
    assert issue is not None
    texts = await async_get_translations(hass, "en", "issues", [DOMAIN])
    prefix = f"component.{DOMAIN}.issues.{key}."
    parts = ("title", "description", "fix_flow.step.init.description")
    found = [texts[f"{prefix}{part}"] for part in parts if f"{prefix}{part}" in texts]
    return "\n".join(found).format(**issue.translation_placeholders or {})


def state_of(entry: ConfigEntry) -> ConfigEntryState:
    """Return how an entry is."""
    return entry.state


def create_category(server: QBittorrentServer, name: str = "auralarchive") -> None:
    """Create a category by other hands."""
    server.login().call("torrents/createCategory", {"category": name, "savePath": ""})


def categories(server: QBittorrentServer) -> set[str]:
    """Return the names of a server's categories."""
    return set(json.loads(server.login().call("torrents/categories")))


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_category_is_created(
    hass: HomeAssistant, lab: Lab, load: Load, fix: Fix, poll: Poll
) -> None:
    """By a click, and the issue does not come back."""
    await load(category="books/audio")
    assert "books/audio" in await told(hass, "category_missing")
    fixing = await fix("category_missing")
    assert (fixing.step["type"], fixing.step["step_id"]) == ("form", "confirm")
    assert fixing.step["description_placeholders"]["category"] == "books/audio"
    assert (await fixing.go_on())["type"] == "create_entry"
    assert "books/audio" in categories(lab.qbittorrent)
    assert shown(hass) == {}
    await poll()
    assert shown(hass) == {}


async def test_a_category_comes_and_goes(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, act: Action
) -> None:
    """By other hands, or with a download."""
    create_category(lab.qbittorrent)
    await load()
    assert shown(hass) == {}
    lab.qbittorrent.login().call("torrents/removeCategories", {"categories": "auralarchive"})
    await poll()
    assert set(shown(hass)) == {"category_missing"}
    await act("add_torrent", link=BOOK.magnet())
    await poll()
    assert shown(hass) == {}


async def test_a_category_cannot_be_created(
    hass: HomeAssistant, lab: Lab, load: Load, fix: Fix
) -> None:
    """The form tells why, and can be submitted again."""
    server = lab.server()
    await load(server)
    fixing = await fix("category_missing")
    server.kill()
    step = await fixing.go_on()
    assert (step["type"], step["errors"]) == ("form", {"base": "cannot_create"})
    assert "nothing answers there" in step["description_placeholders"]["detail"]
    server.start()
    assert (await fixing.go_on())["type"] == "create_entry"
    assert categories(server) == {"auralarchive"}
    assert shown(hass) == {}


async def test_a_category_that_cannot_exist(hass: HomeAssistant, load: Load, fix: Fix) -> None:
    """No click makes it one, so the issue stays."""
    await load(category="books//audio")
    fixing = await fix("category_missing")
    step = await fixing.go_on()
    assert (step["type"], step["reason"]) == ("abort", "invalid_category")
    assert step["description_placeholders"]["category"] == "books//audio"
    assert set(shown(hass)) == {"category_missing"}


async def test_no_category_at_all(hass: HomeAssistant, load: Load) -> None:
    """Nothing is missing then."""
    await load(category="")
    assert shown(hass) == {}


async def test_jackett_without_indexers(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll, act: Action
) -> None:
    """They are looked for with every poll, and when a search has found some."""
    create_category(lab.qbittorrent)
    lab.jackett.indexers["lab"].configured = False
    await load()
    assert "AuralArchive" in await told(hass, "no_indexers")
    lab.jackett.indexers["lab"].configured = True
    await act("search", query="dune")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert shown(hass) == {}
    lab.jackett.indexers["lab"].configured = False
    await poll(seconds=300)
    assert set(shown(hass)) == {"no_indexers"}
    await lab.jackett.stop()
    await poll(seconds=300)
    assert set(shown(hass)) == {"no_indexers"}
    lab.jackett.indexers["lab"].configured = True
    await lab.jackett.restart()
    await poll(seconds=300)
    assert shown(hass) == {}


async def test_a_server_that_does_not_list_its_indexers(
    hass: HomeAssistant, lab: Lab, load: Load
) -> None:
    """It has some all the same."""
    create_category(lab.qbittorrent)
    jackett = await lab.site(unlisted)
    entry = await load(jackett_url=jackett)
    assert entry.runtime_data.jackett.answered is True
    assert shown(hass) == {}


async def unlisted(request: Any) -> Any:
    """Answer searches, and to everything else that there is no such function."""
    search = b'<rss version="2.0"><channel></channel></rss>'
    unknown = b'<error code="202" description="No such function" />'
    searched = request.query.get("t") == "search"
    return await always(body=(search if searched else unknown).decode())(request)


async def test_an_old_qbittorrent(hass: HomeAssistant, lab: Lab, load: Load, poll: Poll) -> None:
    """The set-up fails, the issue tells why; it goes when the server is updated."""
    create_category(lab.qbittorrent)
    proxy = await lab.proxy(lab.qbittorrent.url)
    old = {"/api/v2/app/version": b"v4.0.4", "/api/v2/app/webapiVersion": b"1.25"}
    proxy.edit = old.get
    entry = await load(qbittorrent_url=proxy.url)
    assert state_of(entry) is ConfigEntryState.SETUP_RETRY
    text = await told(hass, "qbittorrent_too_old")
    assert "4.0.4" in text
    assert "4.1 or later" in text
    proxy.edit = None
    await poll(seconds=60)
    assert state_of(entry) is ConfigEntryState.LOADED
    assert shown(hass) == {}


async def test_qbittorrent_is_exchanged_for_an_old_one(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll
) -> None:
    """What is known while it runs is found out by the polls."""
    create_category(lab.qbittorrent)
    proxy = await lab.proxy(lab.qbittorrent.url)
    await load(qbittorrent_url=proxy.url)
    assert shown(hass) == {}
    proxy.edit = lambda path, body: b"down" if "maindata" in path else body
    await poll()
    assert shown(hass) == {}
    old = {"/api/v2/app/version": b"v4.0.4", "/api/v2/app/webapiVersion": b"1.25"}
    proxy.edit = old.get
    await poll()
    assert set(shown(hass)) == {"qbittorrent_too_old"}
    proxy.edit = None
    await poll()
    assert shown(hass) == {}


def with_free_space(proxy: Proxy, gib: float) -> None:
    """Let a server behind a proxy have so much space."""

    def edit(path: str, body: bytes) -> bytes:
        if not path.endswith("sync/maindata"):
            return body
        answer = json.loads(body)
        answer.setdefault("server_state", {})["free_space_on_disk"] = int(gib * GIB)
        return json.dumps(answer).encode()

    proxy.edit = edit


async def test_a_disk_that_fills(hass: HomeAssistant, lab: Lab, load: Load, poll: Poll) -> None:
    """A little more than too little is not enough to call it well again."""
    create_category(lab.qbittorrent)
    proxy = await lab.proxy(lab.qbittorrent.url)
    with_free_space(proxy, 2.2)
    await load(qbittorrent_url=proxy.url)
    seen = []
    for gib in (2.2, 1.9, 2.2, 2.4, 2.6, 2.2, 0.0):
        with_free_space(proxy, gib)
        await poll()
        seen.append((gib, "disk_nearly_full" in shown(hass)))
    assert seen == [
        (2.2, False),
        (1.9, True),
        (2.2, True),
        (2.4, True),
        (2.6, False),
        (2.2, False),
        (0.0, True),
    ]
    text = await told(hass, "disk_nearly_full")
    assert "Only 0.0 GiB" in text
    assert "when 2.5 GiB" in text


async def test_a_disk_of_which_nothing_is_known(
    hass: HomeAssistant, lab: Lab, load: Load, poll: Poll
) -> None:
    """Not known is not full."""
    create_category(lab.qbittorrent)
    proxy = await lab.proxy(lab.qbittorrent.url)
    proxy.edit = lambda _, body: body.replace(b'"free_space_on_disk"', b'"no_longer_told"')
    entry = await load(qbittorrent_url=proxy.url)
    assert entry.runtime_data.downloads.data.free_space is None
    assert shown(hass) == {}


@pytest.mark.parametrize("generation", ["5.1", "5.3"])
async def test_qbittorrent_does_not_reach_jackett(
    hass: HomeAssistant, lab: Lab, load: Load
) -> None:
    """It is looked at once after the set-up, and leads to the issue where it matters."""
    create_category(lab.qbittorrent)
    entry = await load(delivery="link", jackett_url_for_qbittorrent=NOWHERE)
    text = await told(hass, "link_unreachable")
    assert NOWHERE in text
    assert "refused the connection" in text
    hass.config_entries.async_update_entry(entry, options={**entry.options, "delivery": "auto"})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert shown(hass) == {}


NO_LINK_ISSUE: dict[str, Fields] = {
    "reached": {"delivery": "link"},
    "auto": {"delivery": "auto", "jackett_url_for_qbittorrent": NOWHERE},
    "file": {"delivery": "file", "jackett_url_for_qbittorrent": NOWHERE},
    "jackett-is-out": {
        "delivery": "link",
        "jackett_url": NOWHERE,
        "jackett_url_for_qbittorrent": NOWHERE,
    },
}


@pytest.mark.parametrize("fields", NO_LINK_ISSUE.values(), ids=NO_LINK_ISSUE)
async def test_nothing_wrong_with_links(
    hass: HomeAssistant, lab: Lab, load: Load, fields: Fields
) -> None:
    """Where qBittorrent opens Jackett, where it need not, and where nobody can."""
    create_category(lab.qbittorrent)
    await load(**fields)
    assert shown(hass) == {}


@pytest.mark.parametrize("generation", ["4.5"])
async def test_what_nobody_can_know(hass: HomeAssistant, lab: Lab, load: Load, act: Action) -> None:
    """A server that is silent about failures is not asked, and its silence proves nothing."""
    create_category(lab.qbittorrent)
    proxy = await lab.proxy(lab.qbittorrent.url)
    await load(delivery="link", jackett_url_for_qbittorrent=NOWHERE, qbittorrent_url=proxy.url)
    assert not proxy.of("/api/v2/torrents/add")
    await act("check_route")
    assert shown(hass) == {}


async def test_qbittorrent_fails_while_it_looks(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """That is no finding about Jackett."""
    create_category(lab.qbittorrent)
    proxy = await lab.proxy(lab.qbittorrent.url)
    proxy.edit = lambda path, body: b"?" if path.endswith("log/main") else body
    await load(delivery="link", jackett_url_for_qbittorrent=NOWHERE, qbittorrent_url=proxy.url)
    assert proxy.of("/api/v2/log/main")
    assert shown(hass) == {}


async def add_by_link(act: Action, lab: Lab) -> Any:
    """Add a release by its link; return the error if there is one."""
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(BOOK)))
    found = (await act("search", query="dune"))["results"]
    try:
        return await act("add_torrent", result_id=found[0]["result_id"], timeout=10)
    except HomeAssistantError as err:
        return err.translation_key


async def test_adds_tell(hass: HomeAssistant, lab: Lab, load: Load, act: Action) -> None:
    """One that fails brings the issue, one that succeeds ends it."""
    create_category(lab.qbittorrent)
    entry = await load(delivery="link", jackett_url_for_qbittorrent=lab.jackett.url_at(ELSEWHERE))
    entry.runtime_data.issues.clear(*entry.runtime_data.issues.present)
    assert shown(hass) == {}
    assert await add_by_link(act, lab) == "link_unreachable"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert lab.jackett.url_at(ELSEWHERE) in await told(hass, "link_unreachable")
    await lab.jackett.listen(ELSEWHERE)
    assert (await add_by_link(act, lab))["status"] == "added"
    assert shown(hass) == {}


async def test_adds_that_tell_nothing(
    hass: HomeAssistant, lab: Lab, load: Load, act: Action
) -> None:
    """Links of others, and Jackett's when Jackett is down."""
    create_category(lab.qbittorrent)
    entry = await load(delivery="link")
    lab.jackett.add_release(Release(title="Dune", download=torrent_file(BOOK)))
    (found,) = (await act("search", query="dune"))["results"]
    await lab.jackett.stop()
    for fields in ({"result_id": found["result_id"]}, {"link": f"{NOWHERE}/dune.torrent"}):
        with pytest.raises(HomeAssistantError) as failed:
            await act("add_torrent", timeout=10, **fields)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert "link_unreachable" in str(failed.value.translation_key)
    assert shown(hass) == {}
    assert [noted.source for noted in entry.runtime_data.journal] == ["result", "link"]


async def test_checks_of_the_route_tell(
    hass: HomeAssistant, lab: Lab, load: Load, act: Action
) -> None:
    """In both ways, unless Jackett is down for everybody."""
    create_category(lab.qbittorrent)
    await load(delivery="link", jackett_url_for_qbittorrent=lab.jackett.url_at(ELSEWHERE))
    await lab.jackett.listen(ELSEWHERE)
    await act("check_route")
    assert shown(hass) == {}
    await lab.jackett.stop()
    await act("check_route")
    assert shown(hass) == {}
    lab.jackett.hosts.remove(ELSEWHERE)
    await lab.jackett.restart()
    await act("check_route")
    assert set(shown(hass)) == {"link_unreachable"}


async def test_links_are_left_to_home_assistant(
    hass: HomeAssistant, lab: Lab, load: Load, fix: Fix
) -> None:
    """The first way out: the entry goes on with the automatic delivery."""
    create_category(lab.qbittorrent)
    entry = await load(delivery="link", jackett_url_for_qbittorrent=NOWHERE)
    fixing = await fix("link_unreachable")
    assert fixing.step["type"] == "menu"
    assert NOWHERE in str(fixing.step["description_placeholders"])
    assert fixing.step["menu_options"] == ["use_auto", "change_address"]
    assert (await fixing.go_on(next_step_id="use_auto"))["type"] == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.options["delivery"] == "auto"
    assert entry.runtime_data.preferences.delivery == "auto"
    assert state_of(entry) is ConfigEntryState.LOADED
    assert shown(hass) == {}


async def test_an_address_that_works(
    hass: HomeAssistant, lab: Lab, load: Load, fix: Fix, act: Action
) -> None:
    """The second way out: it is proposed, tried, and used from then on."""
    create_category(lab.qbittorrent)
    entry = await load(delivery="link", jackett_url_for_qbittorrent=NOWHERE)
    fixing = await fix("link_unreachable")
    step = await fixing.go_on(next_step_id="change_address")
    (field,) = step["data_schema"]
    assert field["description"] == {"suggested_value": lab.jackett.url}
    assert "opened Jackett" in step["description_placeholders"]["finding"]
    field_name = "jackett_url_for_qbittorrent"
    for wrong, error in (
        ("?", "invalid_address"),
        (NOWHERE, "not_opened"),
        (NOWHERE, "not_opened"),
        (f"{lab.jackett.url}/jackett", "not_opened"),
        (await lab.site(always(200, "<html>Log in</html>")), "in_doubt"),
    ):
        step = await fixing.go_on(**{field_name: wrong})
        assert (step["type"], step["errors"]) == ("form", {field_name: error})
    assert entry.data[field_name] == NOWHERE
    done = await fixing.go_on(**{field_name: lab.jackett.url.removeprefix("http://")})
    assert done["type"] == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data[field_name] == lab.jackett.url
    assert state_of(entry) is ConfigEntryState.LOADED
    assert shown(hass) == {}
    assert (await add_by_link(act, lab))["status"] == "added"


@pytest.mark.parametrize("generation", ["4.5"])
async def test_an_address_of_which_nobody_can_know(
    hass: HomeAssistant, lab: Lab, load: Load, fix: Fix
) -> None:
    """Before 5.0 an address that works is seen; of another, silence is all that there is."""
    create_category(lab.qbittorrent)
    entry = await load(delivery="link", jackett_url_for_qbittorrent=NOWHERE)
    entry.runtime_data.issues.report(Issue.LINK_UNREACHABLE, address=NOWHERE, detail="silence")
    fixing = await fix("link_unreachable")
    step = await fixing.go_on(next_step_id="change_address")
    (field,) = step["data_schema"]
    assert field["description"] == {"suggested_value": lab.jackett.url}
    step = await fixing.go_on(jackett_url_for_qbittorrent=NOWHERE)
    assert step["errors"] == {"jackett_url_for_qbittorrent": "in_doubt"}
    done = await fixing.go_on(jackett_url_for_qbittorrent=lab.jackett.url)
    assert done["type"] == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data["jackett_url_for_qbittorrent"] == lab.jackett.url
    assert shown(hass) == {}


async def test_an_address_in_doubt(hass: HomeAssistant, lab: Lab, load: Load, fix: Fix) -> None:
    """Whoever enters it twice knows better."""
    entry = await load(delivery="link", jackett_url_for_qbittorrent=NOWHERE)
    fixing = await fix("link_unreachable")
    await fixing.go_on(next_step_id="change_address")
    page = await lab.site(always(200, "<html>Log in</html>"))
    await fixing.go_on(jackett_url_for_qbittorrent=page)
    assert (await fixing.go_on(jackett_url_for_qbittorrent=page))["type"] == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.data["jackett_url_for_qbittorrent"] == page


async def test_qbittorrent_goes_down_while_it_is_put_right(
    hass: HomeAssistant, lab: Lab, load: Load, fix: Fix
) -> None:
    """Nothing is proposed, nothing is accepted, and the form stays."""
    server = lab.server()
    await load(server, delivery="link", jackett_url_for_qbittorrent=NOWHERE)
    fixing = await fix("link_unreachable")
    server.kill()
    step = await fixing.go_on(next_step_id="change_address")
    assert step["errors"] == {}
    step = await fixing.go_on(jackett_url_for_qbittorrent=lab.jackett.url)
    assert step["errors"] == {"base": "cannot_ask"}
    assert step["description_placeholders"]["detail"]
    assert set(shown(hass)) == {"category_missing", "link_unreachable"}


PATHS: dict[str, tuple[str, list[Fields]]] = {
    "category": ("category_missing", [{}]),
    "auto": ("link_unreachable", [{"next_step_id": "use_auto"}]),
    "address": ("link_unreachable", [{"next_step_id": "change_address"}]),
}


@pytest.mark.parametrize(("key", "entered"), PATHS.values(), ids=PATHS)
async def test_an_entry_goes_while_it_is_put_right(
    hass: HomeAssistant, lab: Lab, load: Load, fix: Fix, key: str, entered: list[Fields]
) -> None:
    """The flow ends, and changes nothing."""
    entry = await load(delivery="link", jackett_url_for_qbittorrent=NOWHERE)
    before = dict(entry.data), dict(entry.options)
    fixing = await fix(key)
    await hass.config_entries.async_unload(entry.entry_id)
    for fields in entered:
        await fixing.go_on(**fields)
    assert (fixing.step["type"], fixing.step["reason"]) == ("abort", "entry_not_loaded")
    assert (dict(entry.data), dict(entry.options)) == before
    assert not categories(lab.qbittorrent)


@pytest.mark.parametrize("key", ["category_missing", "link_unreachable"])
async def test_an_entry_that_is_not_loaded(
    hass: HomeAssistant, load: Load, fix: Fix, key: str
) -> None:
    """An issue of one that cannot be unloaded may still be there, and cannot be put right."""
    entry = await load(delivery="link", jackett_url_for_qbittorrent=NOWHERE)
    entry.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    fixing = await fix(key)
    assert (fixing.step["type"], fixing.step["reason"]) == ("abort", "entry_not_loaded")
    entry.mock_state(hass, ConfigEntryState.LOADED)


async def test_entries_of_others(hass: HomeAssistant, load: Load) -> None:
    """What becomes of them has nothing to do with ours."""
    await load()
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    hass.config_entries.async_update_entry(other, title="Other")
    assert set(shown(hass)) == {"category_missing"}


async def disable(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Disable an entry."""
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)


async def remove(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove an entry."""
    await hass.config_entries.async_remove(entry.entry_id)


async def unload(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Unload an entry."""
    await hass.config_entries.async_unload(entry.entry_id)


type Ending = Callable[[HomeAssistant, ConfigEntry], Awaitable[None]]


@pytest.mark.parametrize("end", [unload, disable, remove])
@pytest.mark.parametrize("version", ["v4.0.4", "v5.0.0"])
async def test_an_entry_ends(
    hass: HomeAssistant, lab: Lab, load: Load, end: Ending, version: str
) -> None:
    """Its issues end with it, whether or not it was ever loaded; those of others do not."""
    await load(category="others")
    (others,) = shown(hass).values()
    proxy = await lab.proxy(lab.qbittorrent.url)
    api = b"1.25" if version == "v4.0.4" else b"2.11"
    known = {"/api/v2/app/version": version.encode(), "/api/v2/app/webapiVersion": api}
    proxy.edit = known.get
    entry = await load(qbittorrent_url=proxy.url)

    def ids() -> list[str]:
        return [issue_id for domain, issue_id in ir.async_get(hass).issues if domain == DOMAIN]

    assert len(ids()) == 2
    await end(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert ids() == [others]


async def test_reloading(hass: HomeAssistant, lab: Lab, load: Load) -> None:
    """What is still wrong is there again, once."""
    entry = await load(delivery="link", jackett_url_for_qbittorrent=NOWHERE)
    before = shown(hass)
    assert set(before) == {"category_missing", "link_unreachable"}
    create_category(lab.qbittorrent)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert shown(hass) == {"link_unreachable": before["link_unreachable"]}


async def test_one_look_is_enough(hass: HomeAssistant, lab: Lab, load: Load, poll: Poll) -> None:
    """A look leaves a line in qBittorrent's log, so polls do none."""
    proxy = await lab.proxy(lab.qbittorrent.url)
    entry = await load(delivery="link", qbittorrent_url=proxy.url)
    looks = len(proxy.of("/api/v2/torrents/add"))
    assert looks
    await lab.jackett.stop()
    await poll(seconds=300)
    await lab.jackett.restart()
    await poll(seconds=300)
    assert entry.runtime_data.jackett.answered is True
    assert len(proxy.of("/api/v2/torrents/add")) == looks
