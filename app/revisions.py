"""Which migration the database stands at, and which one this code was written for.

Migrations only go up, and code may run on a newer schema than its own: that is how servers are replaced one by one,
after `lockstep migrate`. On an older one it would fail where the difference matters, so it does not begin.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from app.connections import give_up

if TYPE_CHECKING:
    from app.db import Database

log = structlog.get_logger(__name__)

VERSIONS = Path(__file__).resolve().parent.parent / "alembic" / "versions"
ASKED_SECONDS = 1.0
"""For the database to answer. That it does not is for others to notice."""

_NONE = "none"


@cache
def newest() -> str:
    """The migration that this code was written for: the last of those beside it, by the numbers they begin with."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


async def revision_at(connection: Any) -> str:
    """The migration that a connection's database stands at; ``none`` where there is no way to ask yet."""
    try:
        return str(await connection.fetchval("SELECT schema_revision()"))
    except asyncpg.UndefinedFunctionError:
        return _NONE


def lacking(revision: str) -> str | None:
    """What to say to whoever can do something about it, if this code needs a newer schema."""
    if revision != _NONE and revision >= newest():
        return None
    at = "from before 0037" if revision == _NONE else revision
    return f"the database's schema ({at}) is older than this code ({newest()}): run `lockstep migrate`"


async def check_schema(url: str) -> str | None:
    """The same of a database that may not be there, which is None here: who connects next tells it better."""
    try:
        connection = await asyncpg.connect(url, timeout=ASKED_SECONDS, statement_cache_size=0)
        try:
            return lacking(await revision_at(connection))
        finally:
            await connection.close(timeout=ASKED_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None


class SchemaWatch:
    """Looks, when it is asked, whether the schema is another than before.

    Then connections learn types and functions anew: each is replaced when it is next taken.
    """

    def __init__(self, revision: str, *databases: Database) -> None:
        self._known = revision
        self._databases = databases

    @classmethod
    async def open(cls, *databases: Database) -> SchemaWatch:
        """Raises ``RuntimeError`` where the schema is too old to begin with."""
        async with databases[0].connection() as connection:
            revision = await revision_at(connection)
        if problem := lacking(revision):
            raise RuntimeError(problem)
        return cls(revision, *databases)

    async def problem(self) -> str | None:
        """Why this code cannot serve that schema, or None; of a database that does not answer none is known."""
        try:
            revision = await asyncio.wait_for(self._look(), ASKED_SECONDS)
        except Exception:  # noqa: BLE001 -- whether it can be read at all is judged by the hub's comparison
            return None
        if revision != self._known:
            log.warning("schema_changed", before=self._known, now=revision, code=newest())
            self._known = revision
            for database in self._databases:
                await database.renew()
        return lacking(revision)

    async def _look(self) -> str:
        async with self._databases[0].connection() as connection:
            try:
                return await revision_at(connection)
            except BaseException:
                give_up(connection)  # it may be busy with that still
                raise
