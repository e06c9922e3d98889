import asyncio, json, shutil, time
from typing import Any
import pytest
from aiohttp import ClientSession, DummyCookieJar, web
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from scripts.lab.torrents import make_torrent
from tests.conftest import GENERATIONS, until
from .test_event import told, book, add, remove, states, awaited, turns, EVENTS, CATEGORY
from .conftest import *
from custom_components.auralarchive.const import EVENT_DOWNLOAD

pytestmark = pytest.mark.usefixtures("socket_enabled")

@pytest.fixture
def heard(hass):
    out = []
    hass.bus.async_listen(EVENT_DOWNLOAD, callback(lambda e: out.append(e.data)))
    return out
def T(heard): return [(h["type"], h["name"]) for h in heard]

class Gate:
    def __init__(self): self.hold=set(); self.asked=asyncio.Event(); self.go=asyncio.Event(); self.seen=[]
async def gated(lab, target):
    gate=Gate()
    session=ClientSession(cookie_jar=DummyCookieJar())
    gate.session=session
    async def handler(request):
        path=request.path; gate.seen.append(path)
        if any(path.endswith(h) for h in gate.hold):
            gate.asked.set(); await gate.go.wait()
        headers={k:v for k,v in request.headers.items() if k not in("Content-Length","Host")}
        async with session.request(request.method,f"{target}{request.path_qs}",data=await request.read(),headers=headers,allow_redirects=False) as a:
            body=await a.read()
        h=a.headers.copy()
        for n in("Transfer-Encoding","Content-Encoding","Content-Length"): h.popall(n,None)
        return web.Response(status=a.status,body=body,headers=h)
    gate.url=await lab.site(handler)
    return gate

async def test_reconfigured_to_another(hass, lab, load, poll, heard):
    other=lab.server("5.1")
    entry=await load()
    add(lab.qbittorrent, book(lab,"Emma")); add(lab.qbittorrent, book(lab,"Persuasion", seeded=False))
    add(other, book(lab,"Sanditon")); 
    await until(states(other), lambda s: s.get("Sanditon") in ("uploading","stalledUP"))
    for _ in range(8): await poll(); await asyncio.sleep(.1)
    print("\nBEFORE",T(heard)); heard.clear()
    result=hass.config_entries.async_update_entry(entry, data={**entry.data,"qbittorrent_url":other.url})
    await hass.config_entries.async_reload(entry.entry_id)
    for _ in range(3): await poll(); await asyncio.sleep(.1)
    print("AFTER", T(heard))
    assert not heard, T(heard)

async def _lost(lab, url_server, made, poll, hass):
    lab.qbittorrent.stop(); shutil.rmtree(lab.qbittorrent.downloads, ignore_errors=True); lab.qbittorrent.start()

async def test_unload_while_reason_is_asked(hass, lab, load, poll, heard):
    gate=await gated(lab, lab.qbittorrent.url)
    entry=await load(qbittorrent_url=gate.url)
    add(lab.qbittorrent, book(lab,"Emma"))
    for _ in range(30):
        await poll(); await asyncio.sleep(.1)
        if len(heard)>=2: break
    # something unsaved: progress
    await hass.config_entries.async_reload(entry.entry_id)
    add(lab.qbittorrent, book(lab,"Persuasion", seeded=False))
    gate.hold={"log/main"}
    lab.qbittorrent.stop(); shutil.rmtree(lab.qbittorrent.downloads, ignore_errors=True); lab.qbittorrent.start()
    # told turns schedule a write: Persuasion 'added' is told... make the history dirty
    entry.runtime_data.downloads.history._is_scheduled=True
    t=asyncio.create_task(entry.runtime_data.downloads.async_refresh())
    await asyncio.wait_for(gate.asked.wait(),20)
    t2=asyncio.create_task(hass.config_entries.async_reload(entry.entry_id))
    await asyncio.sleep(.3)
    gate.hold=set(); gate.go.set()
    await t2
    await asyncio.gather(t, return_exceptions=True)
    for _ in range(4): await poll(); await asyncio.sleep(.1)
    print("\nTOLD",T(heard))
    await gate.session.close()
    assert ("failed","Emma") in T(heard)

@pytest.mark.parametrize("what",["log/main"])
async def test_call_cancelled_mid_poll(hass, lab, load, poll, heard, what):
    gate=await gated(lab, lab.qbittorrent.url)
    entry=await load(qbittorrent_url=gate.url)
    add(lab.qbittorrent, book(lab,"Emma"))
    for _ in range(30):
        await poll(); await asyncio.sleep(.1)
        if len(heard)>=2: break
    lab.qbittorrent.stop(); shutil.rmtree(lab.qbittorrent.downloads, ignore_errors=True); lab.qbittorrent.start()
    gate.hold={what}
    t=asyncio.create_task(hass.services.async_call("auralarchive","get_downloads",{},blocking=True,return_response=True))
    await asyncio.wait_for(gate.asked.wait(),20)
    print("\nSEEN", gate.seen[-6:], entry.runtime_data.downloads._transitions._known)
    t.cancel()
    print(await asyncio.gather(t, return_exceptions=True), T(heard))
    gate.hold=set(); gate.go.set()
    for _ in range(4): await poll(); await asyncio.sleep(.1)
    print("\nTOLD",T(heard))
    await gate.session.close()
    assert ("failed","Emma") in T(heard)

async def test_reason_of_another(hass, lab, load, poll, heard):
    gate=await gated(lab, lab.qbittorrent.url)
    entry=await load(qbittorrent_url=gate.url)
    add(lab.qbittorrent, book(lab,"Emma"))
    for i in range(20): add(lab.qbittorrent, book(lab,f"Book {i}"))
    for _ in range(60):
        await poll(); await asyncio.sleep(.1)
        if len(heard)>=42: break
    lab.qbittorrent.stop(); shutil.rmtree(lab.qbittorrent.downloads, ignore_errors=True); lab.qbittorrent.start()
    await until(states(lab.qbittorrent), lambda s: s.get("Emma")=="missingFiles")
    lab.qbittorrent.login().call("torrents/add",{"urls":"http://127.0.0.1:9/download/4711/0123456789abcdef0123456789abcdef/Emma and others.torrent"})
    await asyncio.sleep(1)
    heard.clear(); gate.seen.clear()
    for _ in range(3): await poll(); await asyncio.sleep(.1)
    for h in heard:
        if h["name"] in("Emma","Book 1"): print("\n",h["name"],"REASON", h["reason"])
    print("LOG CALLS", sum(p.endswith("log/main") for p in gate.seen), "failed", len(heard))
    await gate.session.close()

@pytest.mark.parametrize("generation", GENERATIONS)
async def test_readd(hass, lab, load, poll, heard):
    entry=await load()
    emma=book(lab,"Emma")
    add(lab.qbittorrent, emma)
    for _ in range(60):
        await poll(); await asyncio.sleep(.1)
        if len(heard)>=2: break
    heard.clear()
    remove(lab.qbittorrent, emma); 
    await until(states(lab.qbittorrent), lambda s: not s)
    add(lab.qbittorrent, emma)
    await until(states(lab.qbittorrent), lambda s: s.get("Emma") in ("uploading","stalledUP"))
    for _ in range(4): await poll(); await asyncio.sleep(.1)
    print("\nTOLD",T(heard))
    assert T(heard), "nothing told"
