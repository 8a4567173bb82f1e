"""The audit log as the database has it."""

from __future__ import annotations

import json
from typing import Any

from tests.client import JSON
from tests.ledger import Log


async def trail(log: Log, **columns: Any) -> list[JSON]:
    """Entries whose columns have these values, oldest first."""
    wanted = " AND ".join(f"{name} = ${place}" for place, name in enumerate(columns, 1)) or "true"
    rows = await log.connection.fetch(
        f"SELECT * FROM audit_entries WHERE {wanted} ORDER BY at, id", *columns.values()
    )
    return [{**dict(row), "data": json.loads(row["data"])} for row in rows]
