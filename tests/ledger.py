"""The database as only tests see it: everything, as its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import asyncpg

_TABLES = """
SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'
ORDER BY c.relname
"""


@dataclass(frozen=True)
class Log:
    """Reads past all access; `connection` is the superuser's."""

    connection: asyncpg.Connection

    async def tables(self) -> list[str]:
        """The names of all tables."""
        return [row["name"] for row in await self.connection.fetch(_TABLES)]

    async def fingerprint(self) -> dict[str, str]:
        """A digest of every table's rows: equal before and after means that nothing was written.

        But for the audit log, which tells of refusals too (tests/audit).
        """
        names = [name for name in await self.tables() if name != "audit_entries"]
        digests = ", ".join(
            f"(SELECT count(*) || ':' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {name} t)"
            for name in names
        )
        return dict(zip(names, await self.connection.fetchrow(f"SELECT {digests}"), strict=True))

    async def count(self) -> int:
        """How many events there are."""
        found: int = await self.connection.fetchval("SELECT count(*) FROM events")
        return found

    async def events(self, **columns: Any) -> list[asyncpg.Record]:
        """Events whose columns have these values, in order of scope and seq."""
        wanted = " AND ".join(f"{name} = ${place}" for place, name in enumerate(columns, 1)) or "true"
        return list(
            await self.connection.fetch(
                f"SELECT * FROM events WHERE {wanted} ORDER BY scope_id, seq", *columns.values()
            )
        )

    async def check_order(self) -> None:
        """Every scope's seq is 1, 2, 3 … up to its clock, and its times never run back."""
        broken = await self.connection.fetch(
            """
            SELECT s.id, s.seq, count(e.seq) AS events, max(e.seq) AS last,
                   bool_and(e.recorded_at >= coalesce(e.before, e.recorded_at)) AS ordered
            FROM scopes s LEFT JOIN (
                SELECT *, lag(recorded_at) OVER (PARTITION BY scope_id ORDER BY seq) AS before FROM events
            ) e ON e.scope_id = s.id
            GROUP BY s.id, s.seq
            HAVING count(e.seq) <> s.seq OR max(e.seq) IS DISTINCT FROM nullif(s.seq, 0)
                OR NOT coalesce(bool_and(e.recorded_at >= coalesce(e.before, e.recorded_at)), true)
            """
        )
        assert not broken, [dict(row) for row in broken]
