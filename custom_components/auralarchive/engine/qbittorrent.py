"""One client for qBittorrent's Web API, 4.1 to 5.3: session, adding, sync, log, categories."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
import json
import re
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession, ClientTimeout, FormData

from .errors import (
    InvalidCategoryError,
    InvalidTorrentFileError,
    NotQbittorrentError,
    QbittorrentFailedError,
    QbittorrentTooOldError,
)
from .large_json import read_json
from .mirror import NOT_EXPECTED, Category, Torrent, read_torrent_record
from .session import Answer, Credentials, QbittorrentSession
from .torrent import TorrentFile

# Web API 2.0 came with qBittorrent 4.1.
OLDEST_API = (2, 0)
# Tags came with Web API 2.3 (4.2), and `torrents/add` takes them since 2.6.2 (4.3.1). `stopped`
# replaced `paused` in 2.11 (5.0), and `torrents/fetchMetadata` came with 2.12 (5.2).
API_TAGS = (2, 3)
API_TAGS_AT_ADD = (2, 6, 2)
API_STOP = (2, 11)
API_FETCH_METADATA = (2, 12)

_APP_VERSION = re.compile(r"v?[0-9][0-9A-Za-z.+~-]{0,40}")
_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}")
# A full answer of `sync/maindata` for tens of thousands of torrents takes the server seconds.
_LONG = ClientTimeout(total=60, connect=10)
# After it the server counts from 1 again.
_LAST_RID = 1_000_000
# The log's types: 1 normal, 2 information, 4 warning, 8 critical.
_LOG_WARNINGS = (4, 8)

_ACCEPTED = HTTPStatus.ACCEPTED
_CONFLICT = HTTPStatus.CONFLICT
_UNSUPPORTED = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerVersion:
    """What the server says it is: its own version, and its Web API's as numbers."""

    app: str
    api: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AddOptions:
    """How a torrent is to be added; an empty `save_path` leaves it to the category."""

    category: str = ""
    save_path: str = ""
    tags: tuple[str, ...] = ()
    paused: bool = False
    sequential: bool = False


class AddAnswer(StrEnum):
    """What the server said to an add. None of it proves anything about links."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRecord:
    """A line of the server's log; `message` is in the server's language and holds whole links."""

    id: int
    message: str
    is_warning: bool


class QbittorrentClient:
    """A qBittorrent server. Every call raises `QbittorrentError` when it cannot be talked to."""

    def __init__(self, session: ClientSession, address: str, credentials: Credentials) -> None:
        """Take the base address; the session's cookie jar is not used."""
        self._session = QbittorrentSession(session, address, credentials)
        self._version: ServerVersion | None = None
        # The session that the last answer of `maindata` belongs to.
        self._synced_session = 0

    @property
    def known_version(self) -> ServerVersion | None:
        """Return the server's version if it is known without asking."""
        return self._version

    async def version(self) -> ServerVersion:
        """Return the server's version, asked for once; raise for one that is too old."""
        if self._version is None:
            app = (await self._session.call("app/version")).text.strip()
            api_text = (await self._session.call("app/webapiVersion")).text.strip()
            if not _APP_VERSION.fullmatch(app) or not _VERSION.fullmatch(api_text):
                raise NotQbittorrentError(address=self._session.shown)
            api = tuple(map(int, api_text.split(".")))
            if api < OLDEST_API:
                raise QbittorrentTooOldError(version=app[:20], needed="4.1")
            self._version = ServerVersion(app=app[:20], api=api)
        return self._version

    async def require(self, api: tuple[int, ...], needed: str) -> ServerVersion:
        """Return the server's version; raise when its Web API is older than is needed."""
        version = await self.version()
        if version.api < api:
            raise QbittorrentTooOldError(version=version.app, needed=needed)
        return version

    def forget_version(self) -> None:
        """Ask for the version again: the server may have been updated."""
        self._version = None

    async def add_link(self, link: str, options: AddOptions) -> AddAnswer:
        """Hand over a link or a magnet; for links, "accepted" says only that it will be tried."""
        return await self._add({"urls": link}, None, options)

    async def add_file(self, torrent: TorrentFile, options: AddOptions) -> AddAnswer:
        """Upload a torrent file; raise `InvalidTorrentFileError` when the server cannot read it."""
        return await self._add({}, torrent, options)

    async def _add(
        self, source: Mapping[str, str], torrent: TorrentFile | None, options: AddOptions
    ) -> AddAnswer:
        stopped = str(options.paused).lower()
        fields = {
            **source,
            "category": options.category,
            "tags": ",".join(options.tags),
            # Without a path of its own, the category's path is used only under automatic
            # management; a path of its own switches that off.
            "autoTMM": str(not options.save_path).lower(),
            "sequentialDownload": str(options.sequential).lower(),
        }
        if options.save_path:
            fields["savepath"] = options.save_path
        if options.paused:
            # The name changed in 5.0, and each version ignores the other's.
            fields |= {"paused": stopped, "stopped": stopped}

        def form() -> FormData:
            # Multipart always: the API documents an add in no other form.
            form = FormData(default_to_multipart=True)
            for name, value in fields.items():
                if value:
                    form.add_field(name, value)
            if torrent is not None:
                form.add_field(
                    "torrents",
                    torrent.data,
                    filename="release.torrent",
                    content_type="application/x-bittorrent",
                )
            return form

        answer = await self._session.call(
            "torrents/add", data=form, allowed=(_ACCEPTED, _CONFLICT, _UNSUPPORTED)
        )
        if answer.status == _UNSUPPORTED:
            raise InvalidTorrentFileError(reason="not_accepted")
        return _read_add_answer(answer)

    async def torrents(
        self,
        *,
        ids: Iterable[str] | None = None,
        tag: str | None = None,
        category: str | None = None,
    ) -> list[Torrent]:
        """List torrents: those with one of the server's ids, with a tag, in a category, or all."""
        query: dict[str, str] = {}
        if ids is not None:
            query["hashes"] = "|".join(ids)
        if tag is not None:
            query["tag"] = tag
        if category is not None:
            query["category"] = category
        answer = await self._session.call("torrents/info", query=query, limits=_LONG)
        records = self._json(answer, list)
        return [read_torrent_record(record) for record in records if isinstance(record, dict)]

    async def maindata(self, rid: int) -> dict[str, Any]:
        """Return what changed since the answer `rid`; everything for 0 or one that is unknown."""
        answer = await self._sync(rid)
        session = self._session.sessions
        # The server counts its answers. Where one got lost, 5.1 leaves out some of what that one
        # told; and after a login it counts anew, and may take our number for one of another.
        is_next = session == self._synced_session and answer["rid"] == rid % _LAST_RID + 1
        if not is_next and not answer.get("full_update"):
            answer = await self._sync(0)
        self._synced_session = session
        return answer

    async def _sync(self, rid: int) -> dict[str, Any]:
        """Ask `sync/maindata` once."""
        answer = await self._session.call("sync/maindata", query={"rid": str(rid)}, limits=_LONG)
        try:
            value = await read_json(answer.body)
        except ValueError, RecursionError:
            value = None
        if not isinstance(value, dict) or not isinstance(value.get("rid"), int):
            raise QbittorrentFailedError(detail=NOT_EXPECTED)
        return value

    async def categories(self) -> dict[str, Category]:
        """List the categories by name."""
        records = self._json(await self._session.call("torrents/categories"), dict)
        return {
            name: Category(name=name, save_path=str(record.get("savePath") or ""))
            for name, record in records.items()
        }

    async def create_category(self, name: str) -> None:
        """Create a category; one that exists already is left as it is.

        Raises `InvalidCategoryError` for a name that the server does not accept.
        """
        answer = await self._session.call(
            "torrents/createCategory",
            data={"category": name, "savePath": ""},
            allowed=(HTTPStatus.BAD_REQUEST, _CONFLICT),
        )
        # 409 is said of an existing name and of an impossible one: only a look tells them apart.
        if answer.status != HTTPStatus.OK and name not in await self.categories():
            raise InvalidCategoryError(category=name)

    async def set_category(self, infohash: str, category: str) -> None:
        """Put a torrent into a category that exists."""
        answer = await self._session.call(
            "torrents/setCategory",
            data={"hashes": infohash, "category": category},
            allowed=(_CONFLICT,),
        )
        if answer.status == _CONFLICT:
            raise InvalidCategoryError(category=category)

    async def add_tags(self, infohash: str, tags: Iterable[str]) -> None:
        """Give a torrent tags, which are created where needed."""
        await self._session.call(
            "torrents/addTags", data={"hashes": infohash, "tags": ",".join(tags)}
        )

    async def delete_tags(self, tags: Iterable[str]) -> None:
        """Delete tags, from all torrents too."""
        await self._session.call("torrents/deleteTags", data={"tags": ",".join(tags)})

    async def delete(self, infohash: str, *, delete_files: bool = False) -> None:
        """Remove a torrent, and its files if asked to."""
        await self._session.call(
            "torrents/delete", data={"hashes": infohash, "deleteFiles": str(delete_files).lower()}
        )

    async def stop(self, infohash: str) -> None:
        """Stop a torrent (before 5.0: pause it)."""
        name = "stop" if (await self.version()).api >= API_STOP else "pause"
        await self._session.call(f"torrents/{name}", data={"hashes": infohash})

    async def start(self, infohash: str) -> None:
        """Start a torrent (before 5.0: resume it)."""
        name = "start" if (await self.version()).api >= API_STOP else "resume"
        await self._session.call(f"torrents/{name}", data={"hashes": infohash})

    async def is_stopped(self, infohash: str) -> bool:
        """Tell whether a torrent is stopped.

        Its state tells it late, and not at all while it is checked or moved or has an error.
        """
        name = "stopped" if (await self.version()).api >= API_STOP else "paused"
        answer = await self._session.call(
            "torrents/info", query={"hashes": infohash, "filter": name}
        )
        return bool(self._json(answer, list))

    async def log(self, after: int = -1) -> list[LogRecord]:
        """Return the log's lines with an id above `after`, oldest first."""
        answer = await self._session.call("log/main", query={"last_known_id": str(after)})
        return [
            LogRecord(
                id=record["id"],
                message=str(record.get("message", "")),
                is_warning=record.get("type") in _LOG_WARNINGS,
            )
            for record in self._json(answer, list)
            if isinstance(record, dict) and isinstance(record.get("id"), int)
        ]

    async def preferences(self) -> dict[str, Any]:
        """Return the server's settings under its own names."""
        return self._json(await self._session.call("app/preferences"), dict)

    async def fetch_metadata(self, source: str) -> dict[str, Any] | None:
        """Let the server (5.2 and later) open a link; None while it has found nothing.

        Each call for a link that failed starts a new attempt. Raises `InvalidTorrentFileError` when
        what the server got there is no torrent, `QbittorrentTooOldError` before 5.2.
        """
        await self.require(API_FETCH_METADATA, "5.2")
        # The server decodes the value once more than the form does.
        answer = await self._session.call(
            "torrents/fetchMetadata",
            data={"source": quote(source, safe="")},
            allowed=(_ACCEPTED, _UNSUPPORTED),
        )
        if answer.status == _UNSUPPORTED:
            raise InvalidTorrentFileError(reason="not_accepted")
        return self._json(answer, dict) or None

    def _json[T](self, answer: Answer, kind: type[T]) -> T:
        """Return an answer's JSON, which has to be of the given kind."""
        try:
            value = json.loads(answer.body)
        except ValueError, RecursionError:
            value = None
        if not isinstance(value, kind):
            raise QbittorrentFailedError(detail=NOT_EXPECTED)
        return value


def _read_add_answer(answer: Answer) -> AddAnswer:
    """Classify the answer of an add: each generation has words of its own.

    4.x and 5.0-5.1 say `Ok.` or `Fails.`; 5.2 and later send counts, 202 while links are pending,
    and 409 when nothing was added. Refused means "nothing of this was added", for whatever cause.
    """
    text = answer.text.strip()
    if answer.status == _CONFLICT or text == "Fails.":
        return AddAnswer.REFUSED
    if answer.status == _ACCEPTED or text == "Ok.":
        return AddAnswer.ACCEPTED
    try:
        counts = json.loads(text)
    except ValueError, RecursionError:
        raise QbittorrentFailedError(detail=f"Unknown answer to an add: {text[:80]}") from None
    if isinstance(counts, dict) and (counts.get("success_count") or counts.get("pending_count")):
        return AddAnswer.ACCEPTED
    return AddAnswer.REFUSED
