"""What the doorbell does not tell: logs that went on unheard, access that was taken away, sign-ins that ended.

Twice a second the heads and access stamps of all followed scopes are compared with the database in one statement; while
that fails for more than a second, streams pause, because nobody knows then who may still read what. Where it is heard
that somebody lost a scope, its streams pause until it was compared again, at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from uuid import UUID

import structlog

from app import metrics
from app.db import Database, Reader
from app.events.arrivals import Readable
from app.events.feeds import Feed
from app.events.frames import FrameReason
from app.events.log import Position, clocks
from app.events.models import Scope
from app.events.resuming import head_of
from app.statements import sql
from app.stopping import stop

log = structlog.get_logger(__name__)

PAUSE_AFTER_SECONDS = 1.0
"""The age of the last comparison at which streams pause: what an access lost meanwhile can still be sent."""

COMPARE_SECONDS = 5.0
REST_SECONDS = 0.01  # between two comparisons
LOOK_SECONDS = 0.1  # how often a paused stream looks whether it must end
_ENDED_SIGN_INS = sql("SELECT sign_ins_ended($1) AS id", "seconds")


class Watch:
    """Compares a hub's feeds with the database, which it asks by a connection of its own that is never busy.

    ``retire`` closes a feed whose log is not the one that was followed.
    """

    def __init__(
        self, comparing: Database, readable: Readable, feeds: Mapping[UUID, Feed], retire: Callable[[Feed], None],
        *, compare_seconds: float, token_seconds: int,
    ) -> None:  # fmt: skip
        self._comparing = comparing
        self._readable = readable
        self._feeds = feeds
        self._retire = retire
        self.look_seconds = LOOK_SECONDS
        self._compare_every = compare_seconds
        self._pause_after = max(PAUSE_AFTER_SECONDS, 2 * compare_seconds)
        self._token_seconds = token_seconds
        self._compared_at = time.monotonic()
        self._compared = asyncio.Event()
        self._doubted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ended_here: set[UUID] = set()
        self.ended_sign_ins: frozenset[UUID] = frozenset()

    async def open(self) -> None:
        """Compare once, and then for ever."""
        await self._compare()
        self._task = asyncio.create_task(self._compare_for_ever())

    async def close(self) -> None:
        """Compare no more."""
        if self._task is not None:
            await stop(self._task)

    def doubt(self) -> None:
        """Somebody may have lost a scope: compare at once."""
        self._doubted.set()

    def end_sign_in(self, sign_in_id: UUID) -> None:
        """A sign-in ended in this process: its streams end now rather than at the next comparison."""
        self._ended_here.add(sign_in_id)
        self.ended_sign_ins |= {sign_in_id}
        self._sign_out(frozenset({sign_in_id}))

    def stale(self, feed: Feed) -> bool:
        """Whether a feed's streams must pause: nobody knows just now who may read it."""
        return self._compared_ago() > self._pause_after or self._compared_at <= feed.doubted_at

    async def look(self) -> None:
        """Wait a moment of a pause."""
        metrics.HUB_PAUSED.set(1)
        self._compared.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.look_seconds):
                await self._compared.wait()

    def _compared_ago(self) -> float:
        return time.monotonic() - self._compared_at

    def problem(self) -> str | None:
        """Why this process is not ready, or None: the comparison must have succeeded lately."""
        if self._compared_ago() > self._pause_after + self._compare_every:
            return "the database cannot be read"
        return None

    async def _compare_for_ever(self) -> None:
        while True:
            # Who makes and takes access all the time must not have the database read all the time.
            rest = min(REST_SECONDS, self._compare_every)
            await asyncio.sleep(rest)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._compare_every - rest):
                    await self._doubted.wait()
            self._doubted.clear()
            try:
                async with asyncio.timeout(COMPARE_SECONDS):
                    await self._compare()
            except Exception as fault:  # noqa: BLE001 (goes on for ever: the streams pause until it succeeds again)
                log.warning("comparison_failed", error=repr(fault))
                self._end_expired()  # for these nobody needs to be asked

    async def _compare(self) -> None:
        began = time.monotonic()
        # What was handed out before the snapshot is in it; what is handed out while it is read need not be.
        seen = [
            (feed, feed.position, feed.clock)
            for feed in self._feeds.values()
            if feed.clock is not None and not feed.over
        ]
        async with self._comparing.snapshot() as reader:
            ended = await reader.rows(_ENDED_SIGN_INS, seconds=float(self._token_seconds + 60))
            now = await clocks(reader, [feed.scope_id for feed, _, _ in seen]) if seen else {}
            changed = []
            for feed, position, before in seen:
                clock = now.get(feed.scope_id)
                if clock is None or not _continues(clock, position):
                    feed.replace()
                    self._retire(feed)
                    continue
                feed.hint(clock.seq)
                if clock.access_stamp != before.access_stamp:
                    changed.append(feed)
            await self._recheck(reader, changed)
        for feed in changed:
            feed.clock = now[feed.scope_id]  # only now: a recheck that failed is made again
        found = frozenset(row.id for row in ended)
        self._ended_here -= found
        new = found - self.ended_sign_ins
        self.ended_sign_ins = found | self._ended_here
        if new:  # who began later was not let in
            self._sign_out(new)
        self._end_expired()
        self._compared_at = began
        self._compared.set()
        metrics.HUB_PAUSED.set(0)

    def _sign_out(self, sign_in_ids: frozenset[UUID]) -> None:
        """End the streams that live by these sign-ins."""
        for feed in list(self._feeds.values()):
            for follower in list(feed.followers):
                if follower.session.session_id in sign_in_ids:
                    follower.end(FrameReason.SIGNED_OUT)
            for audience in list(feed.audiences.values()):
                for listener in [one for one in audience.listeners if one.session.session_id in sign_in_ids]:
                    audience.end(listener, FrameReason.SIGNED_OUT)

    def _end_expired(self) -> None:
        for feed in list(self._feeds.values()):
            for follower in list(feed.followers):
                follower.end_if_expired()  # a token may have been renewed by one that ends sooner
            for audience in list(feed.audiences.values()):
                audience.end_expired()

    async def _recheck(self, reader: Reader, feeds: list[Feed]) -> None:
        pairs = {(user_id, feed.scope_id) for feed in feeds for user_id in feed.people()}
        if not pairs:
            return
        allowed = await self._readable(reader, list(pairs))
        for feed in feeds:
            lost = {user_id for user_id, scope_id in pairs - allowed if scope_id == feed.scope_id}
            for follower in list(feed.followers):
                if follower.user_id in lost:
                    follower.end(FrameReason.ACCESS_LOST)
            for audience in list(feed.audiences.values()):
                for listener in [one for one in audience.listeners if one.user_id in lost]:
                    audience.end(listener, FrameReason.ACCESS_LOST)


def _continues(clock: Scope, position: Position) -> bool:
    """Whether a log can be the one that was followed up to a position. If it is longer, reading on will tell."""
    if clock.seq == position.seq:
        return head_of(clock) == position
    return clock.seq > position.seq
