"""Password hashing (argon2id by pwdlib), in threads of its own, so many at once and no more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.accounts.reads import account_id
from app.accounts.rows import PASSWORD_OF
from app.config import Settings
from app.db import Database
from app.errors import Unavailable, ValidationFailed
from app.ids import new_id

SHORTEST = 8
LONGEST = 1024

WAITING = 64
"""Hashes that may wait for their turn; whoever comes then is told to come again, at once."""

T = TypeVar("T")


def check_password(password: str, *path: str) -> str:
    """A new password: at least 8 characters, at most 1,024."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValidationFailed(
            f"A password has {SHORTEST} to {LONGEST} characters.", path=path or ("password",)
        )
    return password


class Passwords:
    """Makes and checks hashes. ``memory_kib`` is for each hash; ``at_once`` bounds how many are made at a time."""

    def __init__(
        self,
        *,
        time_cost: int,
        memory_kib: int,
        parallelism: int,
        at_once: int,
        waiting: int = WAITING,
    ) -> None:
        self._hasher = PasswordHash((Argon2Hasher(time_cost, memory_kib, parallelism),))
        # What a sign-in to no account is compared with, so that it takes as long as a real one.
        self._nobody = self._hasher.hash("no account has this password")
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="passwords")
        self._room = threading.BoundedSemaphore(at_once + waiting)

    @classmethod
    def of(cls, settings: Settings) -> Passwords:
        """As the settings say."""
        return cls(
            time_cost=settings.argon2_time_cost,
            memory_kib=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
            at_once=settings.password_hashes,
        )

    async def hash(self, password: str) -> str:
        """The hash to keep. Raises ``Unavailable`` when too many wait."""
        return await self._run(self._hasher.hash, password)

    async def verify(self, password: str, kept: str | None) -> tuple[bool, str | None]:
        """Whether it is right, and a new hash to keep if the settings changed. None: do the same work in vain."""
        if len(password) > LONGEST:
            password = ""
        right, renewed = await self._run(self._hasher.verify_and_update, password, kept or self._nobody)
        return (right and kept is not None), renewed

    def close(self) -> None:
        """Begin no more; what is under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., T], *args: Any) -> T:
        if not self._room.acquire(blocking=False):
            raise Unavailable("Too many people are signing in at this moment. Try again in a few seconds.")

        def leave(done: Future[T]) -> None:
            self._room.release()

        try:
            running = self._threads.submit(work, *args)
        except RuntimeError:
            self._room.release()
            raise Unavailable("The service is stopping. Try again shortly.") from None
        # A place is free when the work is over, not when whoever asked for it has left.
        running.add_done_callback(leave)
        return await asyncio.wrap_future(running)


async def password_at(database: Database, address: str) -> tuple[UUID, str | None, bool]:
    """(whose, their hash, whether there is such an account): of an address of nobody, by the same statements."""
    async with database.snapshot() as reader:
        known = await account_id(reader, address)
        user_id = known or new_id()
        await reader.declare([user_id])
        return user_id, await reader.value(PASSWORD_OF, user=user_id), known is not None


async def password_of(database: Database, user_id: UUID) -> str | None:
    """Someone's hash; None for who signs in otherwise."""
    async with database.snapshot(scopes=[user_id]) as reader:
        hashed: str | None = await reader.value(PASSWORD_OF, user=user_id)
        return hashed
