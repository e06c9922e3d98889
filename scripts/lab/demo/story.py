"""The demo's story, chapter by chapter; every claim in it is checked as it is printed."""

from . import adding, stock, watching
from .house import House
from .setting_up import check_route, set_up
from .terminal import Transcript


async def play(house: House, transcript: Transcript) -> str:
    """Play all chapters in a house that has just been opened; return the dashboard's address."""
    transcript.chapter("Set-up")
    entry_id = await set_up(house, transcript)
    await check_route(house, transcript)

    transcript.chapter("Search")
    best = await adding.search(house, transcript)

    if house.apart is not None:
        transcript.chapter("What goes wrong without it")
        await adding.lose(house, transcript, best)

    transcript.chapter("The same release, added by AuralArchive")
    infohash = await adding.add(house, transcript, best)
    transcript.note("The demo's torrents hold a small sample of each book.")
    await adding.download(house, transcript, infohash, stock.BEST)

    transcript.chapter("By link")
    infohash = await adding.add_by_link(house, transcript)
    await adding.download(house, transcript, infohash, stock.PRIVATE)

    transcript.chapter("An add that cannot succeed says so")
    await adding.fail(house, transcript)

    transcript.chapter("Sensors and dashboard")
    ids = await watching.show_sensors(house, transcript, entry_id)
    return await watching.make_dashboard(house, transcript, ids)
