"""Categories, which qBittorrent drops in silence where it does not like their names."""

from dataclasses import dataclass

from scripts.lab.jackett_model import torrent_file
from tests.e2e.verdicts import Truth

from .bench import Case, Column, Plan, ids, offer

GROUP = "category"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A wish for a category, in which `{}` stands for the cell's own word.

    `there` is one that exists before, and `known` the one in which the torrent is already; then the
    search tells its infohash, as 4.5 would be silent about a link of what it has. `ends_in` is
    where the torrent has to be then, if not where it was wished.
    """

    category: str
    right: str = "added"
    there: str = ""
    known: str | None = None
    warning: str = ""
    ends_in: str | None = None

    async def __call__(self, column: Column) -> Plan:
        """Prepare a column."""
        place, word = column.place, column.word
        made = column.made()
        told = made.infohash_v1 if self.known is not None else None
        offer(place.jacketts["plain"], word, torrent_file(made), hash_text=told)
        if self.known is not None:
            await place.has(made, self.known.format(word))
        if self.there:
            await place.has_category(self.there.format(word))
        fields = {
            "config_entry_id": place.entries["plain"],
            "result_id": await column.search("plain"),
            "category": self.category.format(word),
        }
        truth = Truth(
            verdicts=(self.right,),
            ids=ids(made),
            category=(self.ends_in or self.category).format(word).strip(),
            warning=self.warning,
        )
        return Plan(fields=fields, truth=truth)


MOVED = "has been moved"
PRESENT = "already_present"
INVALID = "invalid_category"
CASES = [
    Case(name=name, plan=wish)
    for name, wish in {
        "new": Wish(category="{}"),
        "existing": Wish(category="{}", there="{}"),
        "none": Wish(category=""),
        "a sub-category, new": Wish(category="{}/new/er", there="{}"),
        "a sub-category, with all above it": Wish(category="{}/new/er"),
        "letter case differs from an existing one": Wish(category="books {}", there="Books {}"),
        "blanks around it": Wish(category="  {} "),
        "unusual letters": Wish(category="Hörbücher, «{}» & mehr 🎧"),
        "two slashes": Wish(category="{}//x", right=INVALID),
        "a slash at the end": Wish(category="{}/", right=INVALID),
        "a backslash": Wish(category="{}\\x", right=INVALID),
        "torrent known in another": Wish(
            category="{}", known="old {}", right=PRESENT, warning=MOVED
        ),
        "torrent known in the same": Wish(category="{}", known="{}", right=PRESENT),
        "torrent known in its sub-category": Wish(
            category="{}", known="{}/sub", right=PRESENT, warning=MOVED
        ),
        "torrent known in one of other letter case": Wish(
            category="books {}", known="Books {}", right=PRESENT, warning=MOVED
        ),
        "torrent known in none": Wish(category="{}", known="", right=PRESENT),
        "torrent known, none wished": Wish(
            category="", known="old {}", right=PRESENT, ends_in="old {}"
        ),
    }.items()
]
