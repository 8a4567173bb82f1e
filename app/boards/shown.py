"""What boards show: the tasks of a saved view, those that match a filter of their own, or all of their project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.boards.models import Board, BoardLimitMode
from app.db import Reader
from app.errors import NotFound, ValidationFailed
from app.statements import Statement, sql
from app.tasks.grammar import TaskFilter
from app.tasks.kept_filters import filter_from_json
from app.views.access import access_views, is_shared
from app.views.actions import read_query
from app.work import Work

_FILTERS: Statement[Any] = sql("SELECT id, filter FROM saved_views WHERE id = ANY($1::uuid[])", "ids")


async def filters_of_boards(
    reader: Reader, boards: Sequence[tuple[UUID | None, dict[str, Any] | None]]
) -> list[TaskFilter | None]:
    """What each board's (``view_id``, ``filter``) lets through; None: every task. One statement, if there are views.

    Equal ones are the same object.
    """
    ids = list(dict.fromkeys(view_id for view_id, _ in boards if view_id is not None))
    rows = await reader.rows(_FILTERS, ids=ids) if ids else []
    views = {row.id: filter_from_json(row.filter) for row in rows}
    own: dict[str, TaskFilter] = {}
    found = []
    for view_id, kept in boards:
        if view_id is not None:
            found.append(views.get(view_id))
        else:
            found.append(None if kept is None else own.setdefault(str(kept), filter_from_json(kept)))
    return found


async def check_shown(work: Work, project_id: UUID, values: dict[str, Any]) -> dict[str, Any]:
    """The columns of what a board is to show, from ``view_id`` or ``query`` (a text); the views' guard is held.

    Either takes the place of the other; null is every task.
    """
    view_id, query = values.get("view_id"), values.get("query")
    if view_id is not None and query:
        raise ValidationFailed("A board is over a view or over a query, not both.", path=("query",))
    if view_id is not None:
        view = (await access_views(work, work.viewer_id, [view_id])).get(view_id)
        if view is None:
            raise NotFound("View", path=("viewId",))
        if not is_shared(view) or view.project_id != project_id:
            raise ValidationFailed(
                "Everybody who sees a board sees the same: its view must be one that its project shares.",
                path=("viewId",),
            )
    kept = None
    if query:
        meaning = await read_query(work, project_id, query)
        if meaning["sort"]:
            raise ValidationFailed("Cards are by rank: leave out sort:.", path=("query",))
        kept = meaning["filter"]
    return {"view_id": view_id, "filter": kept}


def check_refusals(board: Board) -> None:
    """A limit that refuses counts every task, so that it can hold for whatever comes; a filtered column has others."""
    refusing = any(
        one["limit"] is not None and one["limit_mode"] == BoardLimitMode.REFUSE
        for one in board.columns.values()
    )
    if refusing and (board.view_id is not None or board.filter is not None):
        raise ValidationFailed(
            "A limit that refuses needs a board of all tasks: let it warn, or take the view or query away.",
            path=("columns", "limitMode"),
        )
