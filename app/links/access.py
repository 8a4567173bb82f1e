"""The only way to fetch links for a viewer.

A link is visible to whoever may see the project of either end. Its far end is not thereby: resolve it with
``app.tasks.access.access_tasks``, and show nothing where that finds nothing.
"""

from __future__ import annotations

from uuid import UUID

from app.db import Reader, Statement, sql
from app.links.models import Link
from app.projects.access import visible_to

_VISIBLE: Statement[Link] = sql(
    f"""
    SELECT l.* FROM links l JOIN projects s ON s.id = l.source_project_id JOIN projects t ON t.id = l.target_project_id
    WHERE l.id = ANY($2::uuid[])
      AND ({visible_to("$1", "s.id", "s.workspace_id")} OR {visible_to("$1", "t.id", "t.workspace_id")})
    """,  # noqa: S608
    "viewer",
    "ids",
    model=Link,
)


async def access_links(reader: Reader, viewer_id: UUID, link_ids: list[UUID]) -> dict[UUID, Link]:
    """Those of the links that the viewer may see an end of, in one statement."""
    if not link_ids:
        return {}
    return {row.id: row for row in await reader.rows(_VISIBLE, viewer=viewer_id, ids=link_ids)}
