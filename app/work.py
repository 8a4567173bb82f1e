"""The unit of work: the one place that writes, records, commits and rings.

``run_unit`` runs an action in one READ COMMITTED transaction, appends the events that it recorded (clock rows
locked last, in id order, so that seq order is commit order without gaps), keeps the outcome for a retry, commits,
and then rings the doorbell. The action is a callable because it may run again after a serialization failure.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg
import structlog

from app import metrics
from app.audit.actions import AuditAction, action_of
from app.audit.entries import Entry, Origin, append_entries, told
from app.beginnings import Ahead
from app.connections import LATE, LOST
from app.db import Database, Reader
from app.declarations import declaring
from app.endings import COMMIT
from app.errors import Busy, ClientError, TimedOut, Unauthenticated, Unavailable
from app.events.appending import Appending, append
from app.events.kinds import EventKind, Payload
from app.events.models import ActorKind, Event
from app.events.parts import Batch, Part, Recorded
from app.guards import Guard, locking
from app.ids import new_id
from app.mail.letters import Mail, NoPostbox, Postbox
from app.openings import Opening
from app.outcomes import Outcome, RequestKey, Result, keeping, kept_outcome
from app.staging import RaceLost as RaceLost  # noqa: PLC0414 (what makes a unit run again is its own to tell)
from app.staging import Staged

log = structlog.get_logger(__name__)

GIVEN_UP = "This took too long and was given up; nothing was written. Do less at once, or try again later."

RERUNS = 8
"""How often a unit is run again after a serialization failure, a deadlock or a lost unique-key race."""


class Actor(NamedTuple):
    """Who acts. ``user_id`` is None for the service itself and for signed-out operations."""

    user_id: UUID | None
    kind: ActorKind = ActorKind.USER
    origin: Origin | None = None


class Doorbell(Protocol):
    """Tells other processes that a scope's log grew. It may lose, double or swap messages: the log is the truth."""

    async def ring(self, events: Sequence[Event]) -> None:
        """Announce committed events; raises if it cannot."""


@dataclass(frozen=True)
class Store:
    """Where units run: the database, the doorbell, and a probe that proofs use to stop at a named place."""

    database: Database
    doorbell: Doorbell
    barrier: Callable[[str], None] = lambda name: None
    unit_seconds: float | None = None
    """For a unit of somebody's, up to its commit."""
    postbox: Postbox = field(default_factory=NoPostbox)


class Work(Reader):
    """One unit under way: reads, guards, writes, and the events it recorded."""

    def __init__(self, connection: Any, actor: Actor, attempt: int = 0, ahead: Ahead | None = None) -> None:
        super().__init__(connection, ahead)
        self.actor = actor
        self.attempt = attempt
        self.recorded: list[Recorded] = []
        self.entries: list[Entry] = []
        self.mails: list[Mail] = []
        self.batch_id: UUID | None = None
        self.staged = Staged()
        """What is written in the statement that appends the events, after everything else."""
        self.last: Appending | None = None
        """What is appended with the commit."""
        self.nothing_done = False
        """Set where there is nothing to commit."""
        self._reflected: dict[UUID, None] = {}

    @property
    def viewer_id(self) -> UUID:
        """The person who acts; only signed-in operations reach an action that asks."""
        if self.actor.user_id is None:
            raise Unauthenticated()
        return self.actor.user_id

    async def guard(self, *guards: Guard) -> None:
        """Lock rules in one round trip, in key order (exclusive wins where both modes are asked for)."""
        if locks := locking(guards):
            # Whoever was waited for may have changed what the actor sees: that is declared anew.
            await self.script(f"{locks}; {declaring(self.actor.user_id)}")

    def mail(self, mail: Mail) -> None:
        """Write a letter; it is sent after the commit, in the background, and not again for a retry."""
        self.mails.append(mail)

    def record(
        self,
        scope_id: UUID,
        kind: EventKind,
        object_id: UUID,
        payload: Payload,
        *,
        version: int | None = None,
        occurred_at: datetime | None = None,
        caused_by: UUID | None = None,
        reflect: bool = True,
    ) -> UUID:
        """Record an event. ``reflect=False`` keeps the scope out of the answer: the actor may not read it."""
        event_id = new_id()
        self.recorded.append(
            Recorded(event_id, scope_id, kind, object_id, version, payload, occurred_at, caused_by)
        )
        if reflect:
            self.reflect(scope_id)
        return event_id

    def audit(
        self,
        action: AuditAction,
        target_type: str,
        target_id: UUID | None,
        *,
        scope: UUID | None = None,
        person: UUID | None = None,
        by: UUID | None = None,
        **data: Any,
    ) -> None:
        """Add an entry to the audit log, in this unit's transaction. Recorded events get theirs without being told.

        Say either where it happened (``scope``: a project's or a workspace's id, declared) or, for what people do with
        their own accounts, who they are (``person``): it goes to each workspace they are in, or to the operators
        alone if they are in none. ``by`` is who did it where the unit has no signed-in actor (a sign-in that
        succeeded); a sign-in that failed has none. ``data`` is JSON of short values: ids, roles, names; never a secret,
        never what people typed.

            work.audit(AuditAction.SIGNED_IN, "user", user_id, person=user_id, by=user_id, method="password")
            work.audit(AuditAction.TOKEN_CREATED, "token", token_id, person=work.viewer_id, scopes=["read"])
            work.audit(AuditAction.SERVICE_ACCOUNT_CREATED, "service_account", account_id, scope=workspace_id)
        """
        if (scope is None) == (person is None):
            raise TypeError("an entry is of a scope or of a person")
        actor = by or self.actor.user_id
        kind = self.actor.kind.value
        self.entries.append(
            Entry(action.value, target_type, target_id, actor, kind, self.actor.origin, scope, person, data)
        )

    def reflect(self, scope_id: UUID) -> None:
        """Name a scope whose position the answer gives, also when nothing in it changed."""
        self._reflected[scope_id] = None

    @property
    def reflected(self) -> list[UUID]:
        return list(self._reflected)

    def beside(self, actor: Actor) -> Work:
        """Another's work in the same transaction; what is staged is written together."""
        other = Work.__new__(Work)
        other.__dict__.update(self.__dict__, actor=actor, recorded=[], entries=[], mails=[], _reflected={})
        return other

    def part(self, key: RequestKey | None, result: Result) -> Part:
        """What this unit did, as the log takes it."""
        batch = Batch(self.actor.user_id, self.actor.kind, self.batch_id, key.key if key else None)
        return Part(batch, self.recorded, self.reflected, keeping(self.actor.user_id, key, result))


Action = Callable[[Work], Awaitable[Result]]

RERUN = (
    RaceLost,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,
)


async def run_unit(store: Store, actor: Actor, action: Action, *, key: RequestKey | None = None) -> Outcome:
    """Run an action and commit what it did, once; the only thing that commits.

    With a ``key`` a second call answers with the first one's outcome (``KeyReused`` if it asks for something
    else). A ``Refusal`` from the action leaves nothing behind. ``OUTCOME_UNKNOWN`` means that the database went away
    during the commit: sending the same key again tells.
    """
    for attempt in range(RERUNS + 1):
        try:
            outcome = await _attempt(store, actor, action, key, attempt)
        except RERUN:
            if attempt == RERUNS:
                metrics.UNITS.labels("failed").inc()
                raise
            metrics.UNIT_RERUNS.inc()
            await asyncio.sleep(random.uniform(0, 0.002 * 2**attempt))
        else:
            store.postbox.post(outcome.mails)
            await ring(store, outcome.events)
            return outcome
    raise AssertionError("unreachable")


async def _attempt(
    store: Store, actor: Actor, action: Action, key: RequestKey | None, attempt: int
) -> Outcome:
    async with transaction(store, actor, f"BEGIN; {declaring(actor.user_id)}", attempt) as work:
        if key is not None and (kept := await kept_outcome(work, key)) is not None:
            work.nothing_done = True
            metrics.REPLAYED.inc()
            return kept
        result = await action(work)
        await audit(work, [work])
        part = work.part(key, result)
        # A clock that the actor may not read is one that this unit has not declared yet.
        await work.declare(sorted({one.scope_id for one in work.recorded} - set(work.reflected)))
        await append(work, [part], work.staged)
    count_committed([part])
    return Outcome(result, part.positions, events=part.events, mails=work.mails)


def count_committed(parts: Sequence[Part]) -> None:
    """Count what was committed."""
    metrics.UNITS.labels("committed").inc(len(parts))
    for kind, count in Counter([event.kind for part in parts for event in part.events]).items():
        metrics.EVENTS.labels(kind).inc(count)


@asynccontextmanager
async def transaction(
    store: Store,
    actor: Actor,
    begin: str | Opening,
    attempt: int = 0,
    ending: Callable[[], None] | None = None,
) -> AsyncIterator[Work]:
    """A transaction that ``begin`` begins, and that is committed at the end of the block: nothing else commits.

    By an ``Opening`` it begins in the round trip of its first statement. ``ending`` is called when nothing is left to
    be done but that which ends it.

    What fails before the commit leaves nothing behind; if the database went away during it, nobody knows.
    """
    committing = False
    try:
        async with store.database.connection() as connection:
            opened = await store.database.opening(connection, begin) if isinstance(begin, Opening) else None
            work = Work(connection, actor, attempt, opened)
            try:
                if isinstance(begin, str):
                    await work.script(begin)
                async with _in_time(store, actor):
                    yield work
                    commit = await _committing(store, work)
                if work.nothing_done:
                    await connection.execute("ROLLBACK")
                    return
                store.barrier("before-commit")
                committing = True
                if ending is not None:
                    ending()
                await commit()
                store.barrier("after-commit")
            except BaseException:
                if not connection.is_closed() and connection.is_in_transaction():
                    await connection.execute("ROLLBACK")
                raise
    except Busy:
        raise
    except LATE as late:  # of the commit: its triggers took too long, and so it was none
        raise TimedOut(GIVEN_UP) from late
    except (*LOST, Unavailable) as lost:
        if not committing:
            raise Unavailable("The database is away; nothing was written. Try again shortly.") from lost
        raise ClientError(
            "OUTCOME_UNKNOWN",
            "The database went away while this was being committed. Send it again with the same clientMutationId.",
        ) from lost


async def _committing(store: Store, work: Work) -> Callable[[], Awaitable[Any]]:
    """How to commit: with what it still has to append, if that can be sent along."""
    alone = partial(work.connection.execute, COMMIT)
    last = work.last
    if last is None:
        return alone
    written = None if work.nothing_done else last.ending()
    ending = written and await store.database.ending(work.connection, written[0])
    if not (written and ending):
        await last.write(work)
        return alone

    async def together() -> None:
        last.take(await ending.send(written[1]))

    return together


@asynccontextmanager
async def _in_time(store: Store, actor: Actor) -> AsyncIterator[None]:
    """What somebody waits for is given up before its commit if it takes too long; the commit itself never is."""
    limit = asyncio.timeout(store.unit_seconds if actor.kind is ActorKind.USER else None)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise TimedOut(GIVEN_UP) from None


async def audit(reader: Reader, units: Sequence[Work]) -> None:
    """Write what is audited of units: the entries that their actions added, and one for each audited event."""
    entries = [entry for work in units for entry in (*work.entries, *_told(work))]
    if entries:
        scopes = {entry.scope_id for entry in entries if entry.scope_id is not None}
        known = {scope for work in units for scope in work.reflected}
        await reader.declare(sorted(scopes - known))
        await append_entries(reader, entries)


def _told(work: Work) -> Iterator[Entry]:
    actor = work.actor
    for event in work.recorded:
        name = action_of(event.kind.name)
        if name is not None:
            yield Entry(
                name, event.kind.object_type, event.object_id, actor.user_id, actor.kind.value, actor.origin,
                event.scope_id, None, told(event.payload),
            )  # fmt: skip


async def ring(store: Store, events: Sequence[Event]) -> None:
    """Tell of committed events; a failure is logged, and heals."""
    if not events:
        return
    try:
        await store.doorbell.ring(events)
    except Exception as failure:  # noqa: BLE001 (the commit stands; the hubs' comparison of heads heals a lost message)
        metrics.PUBLISH_FAILURES.inc()
        log.warning("publish_failed", error=repr(failure), scope=str(events[0].scope_id))
    store.barrier("after-publish")
