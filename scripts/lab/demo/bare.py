"""What a client without our care does: search Jackett, and take the link as it is."""

from xml.etree import ElementTree

from . import stock
from .house import DemoError, House

_TORZNAB = "{http://torznab.com/schemas/2015/feed}attr"


async def bare_link(house: House, indexer: str, infohash: str) -> str:
    """Return Jackett's download link for a release of an indexer."""
    feed = f"{house.jackett_url}/api/v2.0/indexers/{indexer}/results/torznab/api"
    query = {"apikey": house.jackett.api_key, "t": "search", "q": stock.SEARCH}
    async with house.http.get(feed, params=query) as response:
        root = ElementTree.fromstring(await response.text())
    for item in root.iter("item"):
        attributes = {one.get("name"): one.get("value") for one in item.iter(_TORZNAB)}
        link = item.findtext("link")
        if attributes.get("infohash") == infohash and link is not None:
            return link
    raise DemoError(f"{indexer} does not list {infohash}")
