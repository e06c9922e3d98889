"""A walk through the frontend, and what is kept of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.lab.chromium import ChromiumError
from scripts.lab.hass_client import HassClient

from .house import House
from .screenshot_texts import Texts
from .screenshot_visitor import Visitor
from .terminal import Transcript

_DOMAIN = "auralarchive"
INTEGRATION_PAGE = f"/config/integrations/integration/{_DOMAIN}"
# Larger ones would make a README slow.
_LARGEST = 200_000


class Seen(Exception):
    """All that was wanted has been seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """Somebody's way through a house; pictures are kept in a folder, only some if wanted."""

    house: House
    visitor: Visitor
    texts: Texts
    transcript: Transcript
    folder: Path
    only: frozenset[str] = frozenset()
    kept: set[str] = field(default_factory=set)

    @property
    def client(self) -> HassClient:
        """The same user's way to the API."""
        return self.house.client

    def wants(self, *names: str) -> bool:
        """Tell whether one of these pictures is wanted."""
        return not self.only or not self.only.isdisjoint(names)

    def keep(self, name: str, picture: bytes) -> None:
        """Keep a picture under its name; raise `Seen` after the last one that is wanted."""
        if not self.wants(name):
            return
        if len(picture) > _LARGEST:
            raise ChromiumError(f"{name} has {len(picture):,} bytes, too many for a README")
        path = self.folder / ("" if name == "dashboard" else "images") / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
        self.kept.add(name)
        self.transcript.good(str(path), f"{len(picture):,} bytes")
        if self.only and self.only <= self.kept:
            raise Seen

    async def entry(self) -> dict[str, Any]:
        """Return the entry that has been set up."""
        entries = await self.client.command("config_entries/get", domain=_DOMAIN)
        return dict(entries[0])

    async def submit(self) -> None:
        """Send off the form of the dialog."""
        await self.visitor.click(
            self.texts.ui("panel.config.integrations.config_flow.submit"), within="dialog"
        )

    async def dismiss(self) -> None:
        """Close the dialog by the button in its footer."""
        await self.visitor.click_on("ha-button", within="ha-dialog-footer", index=-1)
        await self.visitor.sees_gone()
