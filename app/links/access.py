"""The only way to fetch links for a viewer: a link is there for whoever may see the projects of both its ends."""

from __future__ import annotations

from uuid import UUID

from app.db import Reader
from app.links.models import Link
from app.projects.access import visible_among
from app.statements import Statement, sql

_SEEN = visible_among("$1", "SELECT source_project_id FROM asked UNION SELECT target_project_id FROM asked")
_VISIBLE: Statement[Link] = sql(
    f"""
    WITH asked AS (SELECT l.* FROM links l WHERE l.id = ANY($2::uuid[])), seen AS {_SEEN}
    SELECT asked.* FROM asked
    WHERE asked.source_project_id IN (SELECT project_id FROM seen)
      AND asked.target_project_id IN (SELECT project_id FROM seen)
    """,  # noqa: S608
    "viewer",
    "ids",
    model=Link,
)


async def access_links(reader: Reader, viewer_id: UUID, link_ids: list[UUID]) -> dict[UUID, Link]:
    """Those of the links of which the viewer may see both ends, in one statement."""
    if not link_ids:
        return {}
    return {row.id: row for row in await reader.rows(_VISIBLE, viewer=viewer_id, ids=link_ids)}
