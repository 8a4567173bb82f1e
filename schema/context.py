"""What resolvers see as ``info.context``: made for one execution, and closed before its answer is encoded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from app.access_tokens.door import AccessTokenDoor
from app.access_tokens.secrets import PREFIX
from app.accounts.passwords import Passwords
from app.accounts.tokens import Tokens, Viewer
from app.audit.entries import Origin
from app.collecting import Collector
from app.config import Settings
from app.db import Database, Reader
from app.denials import run_telling
from app.errors import BadInput, Unauthenticated, Unavailable
from app.events.hub import Hub
from app.events.log import Position, heads
from app.foreseeing import Foresight
from app.kept_rows import KeptRows
from app.lanes.lanes import Lanes
from app.limits.limiter import Limits
from app.mail.mailer import Mailer
from app.oidc.client import ProviderClients
from app.outcomes import Outcome, RequestKey, Written
from app.projects.access import access_projects, head_of
from app.projects.models import Project
from app.projects.stamps import Stamp
from app.revisions import SchemaWatch
from app.search.index import SearchIndex
from app.work import Action, Actor, Store, run_unit
from schema.callers import Caller
from schema.dependence import Dependence
from schema.ids import scope_id

T = TypeVar("T")

Columns = frozenset[str] | None
"""Which columns of a batch's rows are asked for; None: all. (The compiled path prunes; the ordinary does not.)"""

Batch = Callable[..., Awaitable[Sequence[Any]]]
"""``(context, parents, columns, **arguments) -> one value per parent``; a value may be an exception."""


@dataclass
class Application:
    """What lives as long as the process; built in ``app.main``."""

    settings: Settings
    database: Database
    store: Store
    hub: Hub
    tokens: Tokens
    mailer: Mailer
    limits: Limits
    passwords: Passwords
    providers: ProviderClients
    search: SearchIndex
    lanes: Lanes | None = None
    schema_watch: SchemaWatch | None = None

    def __post_init__(self) -> None:
        self.access_tokens = AccessTokenDoor(self.store, session_seconds=self.settings.access_token_seconds)
        self.kept_rows = KeptRows(self.settings.kept_rows)

    async def authenticate(self, token: str) -> Viewer:
        """Who an access token names. Its sign-in may have been ended: that counts within half a second."""
        return self.authenticate_now(token) or self._live(await self.access_tokens.read(token))

    def authenticate_now(self, token: str) -> Viewer | None:
        """The same for a person's, which tells by itself; None for a program's, which is looked up."""
        return None if token.startswith(PREFIX) else self._live(self.tokens.read(token))

    def _live(self, viewer: Viewer) -> Viewer:
        ended = self.hub.ended_sign_ins
        if ended and viewer.session_id in ended:
            raise Unauthenticated("You signed out. Sign in again.")
        return viewer


@dataclass(slots=True)
class Session:
    """An HTTP request, or a whole socket. On a socket ``renew`` prolongs it for all that runs there.

    ``expires_at``: epoch seconds; 0 where nobody is signed in.
    """

    application: Application
    request_id: str
    transport: Literal["http", "websocket"]
    token: str | None = None
    viewer: Viewer | None = None
    expires_at: float = 0.0
    caller: Caller = field(default_factory=Caller)

    @property
    def address(self) -> str | None:
        """The client's IP address, as far as it is known."""
        return self.caller.address

    @property
    def origin(self) -> Origin:
        """Where what is done here comes from, for the audit log."""
        sign_in_id = self.viewer.session_id if self.viewer else None
        return Origin(self.request_id, self.caller.address, self.caller.user_agent, sign_in_id)

    @property
    def session_id(self) -> UUID:
        """The sign-in it lives by; there must be one."""
        assert self.viewer is not None
        return self.viewer.session_id

    async def renew(self, token: str) -> None:
        """Go on with a new access token of the same person."""
        viewer = await self.application.authenticate(token)
        if self.viewer is None or viewer.user_id != self.viewer.user_id:
            raise Unauthenticated("This token is another person's. Open a new socket for them.")
        self.token, self.viewer, self.expires_at = token, viewer, viewer.expires_at
        self.application.hub.expect_end(viewer.expires_at)


@dataclass
class Context:
    """One execution. Loaders share one snapshot; after a write both are made anew."""

    application: Application
    session: Session
    alone: bool = False
    """Whether nobody gives up a field that reads while others go on: true of compiled operations."""
    _reader: Reader | None = None
    _opening: asyncio.Lock | None = None
    _loaders: dict[tuple[Any, ...], DataLoader[Any, Any]] = field(default_factory=dict)
    _projects: dict[UUID, Project | None] = field(default_factory=dict)
    _reflected: dict[UUID, None] = field(default_factory=dict)
    dependence: Dependence | None = None
    """What the answer depends on, once it is there; None: nobody knows, and it is not kept."""
    objects: int | None = None
    """How many objects the answer holds, if that was counted while it was made."""
    missed: bool = False
    """Something asked for was not there, or is of no project: nothing tells when that changes."""
    stamp: Stamp | None = None
    _collector: Collector | None = None
    _signed_in: UUID | None = None
    _outcome: Outcome | None = None
    _told: dict[UUID, Position] = field(default_factory=dict)
    """Positions that are known without reading: of what was written."""
    _closed: bool = False

    @property
    def viewer_id(self) -> UUID:
        """The signed-in person; raises ``Unauthenticated`` without one, or with one whose token has run out."""
        if self.session.viewer is None:
            raise Unauthenticated()
        if self.session.expires_at <= time.time():
            raise Unauthenticated("Your access token has expired. On a socket, renew it with socketRenew.")
        if self.session.viewer.session_id in self.application.hub.ended_sign_ins:
            raise Unauthenticated("You signed out. Sign in again.")
        return self.session.viewer.user_id

    def signed_in(self, user_id: UUID) -> None:
        """Someone has just signed in by this operation: what it reads from here on is what they may see."""
        self._signed_in = user_id

    @property
    def _declared(self) -> UUID | None:
        viewer = self.session.viewer
        return self._signed_in or (viewer.user_id if viewer else None)

    async def reader(self) -> Reader:
        """The execution's snapshot, opened at the first read."""
        reader = self._reader
        if reader is None:
            reader = await self._opened()
        reader.collector = self._collector
        return reader

    async def collect(self, coroutine: Coroutine[Any, Any, T], foresight: Foresight | None = None) -> T:
        """Run what reads by this context alone; statements that do not need one another's rows go together."""
        self._collector = Collector(foresight)
        try:
            return await self._collector.run(coroutine)
        finally:
            self._collector = None
            if self._reader is not None:
                self._reader.collector = None

    async def _opened(self) -> Reader:
        if self._closed:
            raise RuntimeError("this execution is over: nothing can be read in its context any more")
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._reader is None:
                self._reader = await self.application.database.begin(
                    self._declared, shared=not self.alone, at_once=False
                )
            return self._reader

    async def load(self, batch: Batch, parent: Any, place: Any, arguments: dict[str, Any]) -> Any:
        """One value of a batch; values asked for together are loaded together. ``place`` tells uses apart."""
        key = (batch, place)
        loader = self._loaders.get(key)
        if loader is None:
            run = partial(self._run, batch, arguments)
            loader = self._loaders[key] = DataLoader(load_fn=run, cache=False)
        return await loader.load(parent)

    async def _run(self, batch: Batch, arguments: dict[str, Any], parents: list[Any]) -> Sequence[Any]:
        return await batch(self, parents, None, **arguments)

    async def projects(self, ids: Sequence[UUID]) -> dict[UUID, Project]:
        """Those of the projects that the viewer may see, looked up once per execution."""
        unknown = [project_id for project_id in dict.fromkeys(ids) if project_id not in self._projects]
        if unknown:
            found = await access_projects(await self.reader(), self.viewer_id, unknown)
            for project_id in unknown:
                self._projects[project_id] = found.get(project_id)
        visible = {}
        for project_id in dict.fromkeys(ids):
            project = self._projects[project_id]
            if project is not None:
                visible[project_id] = project
                self.reflect(project_id)
        return visible

    def remember(self, projects: dict[UUID, Project]) -> None:
        """Projects that an access function has just returned need not be looked up again."""
        self._projects.update(projects)
        for project_id in projects:
            self.reflect(project_id)

    def looked_up(self, project_id: UUID | None) -> Project | None:
        """The project, if this execution has looked it up in its snapshot, and the viewer sees it."""
        return None if project_id is None else self._projects.get(project_id)

    def in_one_workspace(self) -> Project | None:
        """One of the projects that were looked up, if all are of the same workspace."""
        found = [project for project in self._projects.values() if project is not None]
        if len(found) > 1 and len({project.workspace_id for project in found}) > 1:
            return None
        return found[0] if found else None

    def reflect(self, scope_id: UUID) -> None:
        """The answer shows something of this scope: its position is told."""
        self._reflected[scope_id] = None

    @property
    def reflected(self) -> frozenset[UUID]:
        """The scopes that the answer shows something of."""
        return frozenset(self._reflected)

    @property
    def hid(self) -> bool:
        """Whether a project was asked for that this viewer does not see: another one might."""
        return None in self._projects.values()

    async def positions(self, scope_ids: Sequence[UUID]) -> dict[UUID, Position]:
        """Where these scopes' logs stand in this snapshot."""
        return await heads(await self.reader(), list(scope_ids))

    async def write(self, action: Action, operation: str, arguments: Any, key: UUID | None) -> Outcome:
        """Run a mutation's action; what is read after it is of after it."""
        actor = Actor(self.viewer_id, origin=self.session.origin)
        request = None if key is None else RequestKey.of(key, operation, arguments)
        await self._release()
        self._outcome = None
        self._outcome = await run_telling(
            self.application.store, actor, action, operation, key=request, lanes=self.application.lanes
        )
        return self._outcome

    def left(self, object_id: Any, columns: Columns) -> Written | None:
        """The object that this execution has just written, if nothing is asked but columns that are known of it.

        It is as it stands at the position of its own event. Where anything was read already, it is read too: all that
        an answer says is of one moment.
        """
        written = self._outcome.left if self._outcome else None
        if written is None or written.id != object_id or columns is None or not columns <= written.columns:
            return None
        assert self._outcome is not None
        told = {one.scope_id: one for one in self._outcome.positions}
        if (
            self._reader is not None
            or written.project_id not in told
            or not self._reflected.keys() <= self._told.keys()
        ):
            return None
        self._told[written.project_id] = told[written.project_id]
        self.reflect(written.project_id)
        return written

    async def write_signed_out(self, action: Action) -> Outcome:
        """Run an action that needs nobody signed in (and so can promise nothing for a retry)."""
        await self._release()
        actor = Actor(None, origin=self.session.origin)
        return await run_unit(self.application.store, actor, action)

    async def _release(self) -> None:
        self._loaders.clear()
        self._projects.clear()
        await self._end()

    async def close(self) -> None:
        """Release the snapshot's connection; nothing can be read in this context any more."""
        self._closed = True
        await self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _end(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await self.application.database.end(reader)

    def _heads(self) -> dict[UUID, Position]:
        """What the rows of projects tell of where their logs stand."""
        found = {scope: self._projects.get(scope) for scope in self._reflected}
        return {scope: head_of(project) for scope, project in found.items() if project is not None}

    async def extensions(self) -> dict[str, Any]:
        """The positions that the answer reflects, if it read any scope."""
        if not self._reflected:
            return {}
        if self._reader is None:
            found = self._told
        else:
            try:
                found = self.stamp.positions() if self.stamp else self._heads()
                if left := [scope for scope in self._reflected if scope not in found]:
                    found |= await heads(self._reader, left)
            except (BadInput, Unavailable):
                # An answer that is there already, of a mutation that is done, is given all the same.
                return {}
        return {
            "positions": [
                {
                    "scope": scope_id(scope),
                    "seq": found[scope].seq,
                    "cursor": found[scope].cursor.encode(),
                }
                for scope in self._reflected
                if scope in found
            ]
        }


def open_context(application: Application, session: Session) -> Context:
    """The context of one query, mutation or single event; its connection is released at the end."""
    return Context(application, session)


def open_session(
    application: Application, /, *, request_id: str, transport: Literal["http", "websocket"], token: str | None,
    viewer: Any, expires_at: float | None, caller: Caller,
) -> Session:  # fmt: skip
    """The session of a request or a socket."""
    return Session(application, request_id, transport, token, viewer, expires_at or 0.0, caller)
