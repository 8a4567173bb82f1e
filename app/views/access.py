"""The only way to fetch saved views for a viewer: one's own, and the shared ones of projects that one sees."""

from __future__ import annotations

from uuid import UUID

from app.db import Reader
from app.projects.access import visible_among
from app.statements import Statement, sql
from app.views.models import SavedView

_ASKED = visible_among("$1", "SELECT asked.scope_id FROM saved_views asked WHERE asked.id = ANY($2::uuid[])")
_SEEN: Statement[SavedView] = sql(
    f"""
    SELECT v.* FROM saved_views v WHERE v.id = ANY($2::uuid[]) AND (v.scope_id = $1 OR v.scope_id IN {_ASKED})
    """,  # noqa: S608
    "viewer", "ids",
    model=SavedView,
)  # fmt: skip


async def access_views(reader: Reader, viewer_id: UUID, ids: list[UUID]) -> dict[UUID, SavedView]:
    """Those of the views that the viewer may see."""
    return {row.id: row for row in await reader.rows(_SEEN, viewer=viewer_id, ids=ids)} if ids else {}


def is_shared(view: SavedView) -> bool:
    """Whether everybody who sees its project sees it."""
    return view.scope_id == view.project_id
