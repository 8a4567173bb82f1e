"""The only way to fetch links for a viewer.

A link is visible to whoever may see the project of either end. Its far end is not thereby: resolve it with
``app.tasks.access.access_tasks``, and show nothing where that finds nothing.
"""

from __future__ import annotations

from uuid import UUID

from app.db import Reader
from app.links.models import Link
from app.links.reads import links_by_id
from app.projects.access import access_projects


async def access_links(reader: Reader, viewer_id: UUID, link_ids: list[UUID]) -> dict[UUID, Link]:
    """Those of the links that the viewer may see an end of, in two statements."""
    links = await links_by_id(reader, link_ids)
    ends = {end for link in links.values() for end in (link.source_project_id, link.target_project_id)}
    seen = await access_projects(reader, viewer_id, list(ends))
    return {
        link.id: link
        for link in links.values()
        if link.source_project_id in seen or link.target_project_id in seen
    }
