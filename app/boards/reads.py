"""Selects of boards, and of what stands in their columns and lanes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    cast,
    func,
    literal,
    not_,
    select,
    true,
    union_all,
)

from app.boards.models import Board, BoardSwimlanes
from app.db import Reader
from app.paging import Condition, StandIns
from app.projects.models import StatusCategory, TaskType
from app.projects.reads import of_projects
from app.statements import Statement, sql, table
from app.tasks.filters import TASKS, in_statuses, living_label
from app.tasks.models import TaskAssignee, TaskLabel
from app.views.reads import read_instead

BOARDS: Statement[Board] = of_projects(Board, "project_id", "rank", "id")
"""All of some projects, deleted ones too."""

LIVE_BOARDS: Statement[Board] = sql(
    "SELECT * FROM boards WHERE project_id = ANY($1::uuid[]) AND deleted_at IS NULL ORDER BY project_id, rank, id",
    "projects",
    model=Board,
)

COUNTED_UP_TO = 1000
MOST_LANES = 200

_COUNTS: Statement[Any] = sql(
    f"""
    SELECT asked.ordinal, (SELECT count(*) FROM (
        SELECT 1 FROM tasks t WHERE t.project_id = asked.project_id AND t.status_id = asked.status_id
        AND t.deleted_at IS NULL LIMIT {COUNTED_UP_TO + 1}) AS few) AS n
    FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked(project_id, status_id, ordinal)
    """,  # noqa: S608
    "projects", "statuses",
)  # fmt: skip


async def counts_in_statuses(reader: Reader, keys: list[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], int]:
    """How many tasks are in each (project, status): exact up to ``COUNTED_UP_TO``, else one more than that."""
    unique = list(dict.fromkeys(keys))
    if not unique:
        return {}
    projects, statuses = (list(part) for part in zip(*unique, strict=True))
    rows = await reader.rows(_COUNTS, projects=projects, statuses=statuses)
    return {unique[row.ordinal - 1]: row.n for row in rows}


def _lanes(select: str, join: str) -> Statement[Any]:
    return sql(
        f"""
        SELECT asked.ordinal, lane.key FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY
            AS asked(project_id, statuses, ordinal)
        CROSS JOIN LATERAL (
            SELECT DISTINCT {select} AS key FROM tasks t {join}
            WHERE t.project_id = asked.project_id AND t.status_id = ANY(asked.statuses::uuid[]) AND t.deleted_at IS NULL
            ORDER BY 1 LIMIT {MOST_LANES + 1}) AS lane
        """,  # noqa: S608
        "projects", "statuses",
    )  # fmt: skip


LANES: dict[str, Statement[Any]] = {
    "assignee": _lanes(
        "a.user_id",
        "LEFT JOIN task_assignees a ON a.project_id = t.project_id AND a.task_id = t.id",
    ),
    "label": _lanes(
        "l.label_id",
        """LEFT JOIN task_labels l ON l.project_id = t.project_id AND l.task_id = t.id AND NOT EXISTS (
            SELECT FROM labels w WHERE w.project_id = l.project_id AND w.id = l.label_id AND w.deleted_at IS NOT NULL)
        """,
    ),
    "priority": _lanes("t.priority", ""),
    "epic": _lanes(
        "e.id",
        """LEFT JOIN (tasks e JOIN task_types k ON k.project_id = e.project_id AND k.id = e.type_id
            AND lower(k.name) = 'epic') ON e.project_id = t.project_id AND e.id = t.parent_id""",
    ),
}
"""What there is to group by in the statuses of boards, with null for the cards that have none; by swimlanes."""


async def lanes_of_boards(
    reader: Reader, swimlanes: str, boards: list[tuple[UUID, list[UUID]]]
) -> list[list[Any]]:
    """The keys of the lanes of each board (project, statuses), in one statement."""
    if not boards:
        return []
    found: list[list[Any]] = [[] for _ in boards]
    statuses = ["{" + ",".join(map(str, listed)) + "}" for _, listed in boards]
    for row in await reader.rows(LANES[swimlanes], projects=[one for one, _ in boards], statuses=statuses):
        found[row.ordinal - 1].append(row.key)
    return found


async def lanes_among(
    reader: Reader, swimlanes: str, boards: Sequence[tuple[UUID, Sequence[UUID], Sequence[Condition]]],
    stand_ins: StandIns | None = None,
) -> list[list[Any]]:  # fmt: skip
    """The same of boards (project, statuses, conditions) that show some tasks only, in one statement.

    ``stand_ins``: what is read instead of the tables.
    """
    if not boards:
        return []
    source, key = _LANE_SOURCES[swimlanes]
    parts = []
    for place, (project_id, statuses, conditions) in enumerate(boards):
        keys = select(key.label("key")).select_from(source).distinct()
        keys = keys.where(TASKS.c.project_id == project_id, in_statuses(statuses), *conditions).order_by(key)
        few = keys.limit(MOST_LANES + 1).subquery()
        parts.append(select(literal(place).label("place"), few.c.key))
    union = union_all(*parts).subquery()
    found: list[list[Any]] = [[] for _ in boards]
    ordered = select(union).order_by(union.c.place, union.c.key)
    for row in await read_instead(reader, ordered, stand_ins):
        found[row["place"]].append(row["key"])
    return found


def _held(model: Any, column: str) -> tuple[Any, Any]:
    held = table(model).alias("lane")  # else a condition's own would be taken for this one
    place = and_(held.c.project_id == TASKS.c.project_id, held.c.task_id == TASKS.c.id)
    if column == "label_id":
        place = and_(place, living_label(held.c.label_id))
    return TASKS.outerjoin(held, place), held.c[column]


def _of_epics() -> tuple[Any, Any]:
    epic, kind = TASKS.alias("lane"), table(TaskType).alias("kind")
    named = and_(
        kind.c.project_id == epic.c.project_id, kind.c.id == epic.c.type_id, func.lower(kind.c.name) == "epic"
    )
    above = and_(epic.c.project_id == TASKS.c.project_id, epic.c.id == TASKS.c.parent_id)
    return TASKS.outerjoin(epic.join(kind, named), above), epic.c.id


_LANE_SOURCES: dict[str, tuple[Any, Any]] = {
    "assignee": _held(TaskAssignee, "user_id"), "label": _held(TaskLabel, "label_id"),
    "priority": (TASKS, TASKS.c.priority), "epic": _of_epics(),
}  # fmt: skip

BACKLOG = StatusCategory.BACKLOG.value
NO_LANE = "none"
"""The key of the lane of cards that have nothing of what a board groups by."""

_ASSIGNEES, _LABELS, _TYPES = table(TaskAssignee), table(TaskLabel), table(TaskType)
_EPICS = TASKS.alias("epic")


def lane_condition(swimlanes: str, key: Any) -> ColumnElement[bool]:
    """Which tasks stand in a lane; ``key`` None: those that have nothing of what is grouped by."""
    if swimlanes == BoardSwimlanes.PRIORITY:
        return cast(TASKS.c.priority, Integer) == (key or 0)
    if swimlanes == BoardSwimlanes.EPIC:
        epics = select(1).where(
            _EPICS.c.project_id == TASKS.c.project_id, _EPICS.c.id == TASKS.c.parent_id,
            _TYPES.c.project_id == _EPICS.c.project_id, _TYPES.c.id == _EPICS.c.type_id,
            func.lower(_TYPES.c.name) == "epic",
        )  # fmt: skip
        return not_(epics.exists()) if key is None else and_(TASKS.c.parent_id == key, epics.exists())
    if swimlanes == BoardSwimlanes.NONE:
        return true()
    source, column = (
        (_ASSIGNEES, "user_id") if swimlanes == BoardSwimlanes.ASSIGNEE else (_LABELS, "label_id")
    )
    rows = select(1).where(source.c.project_id == TASKS.c.project_id, source.c.task_id == TASKS.c.id)
    if column == "label_id":
        rows = rows.where(living_label(source.c.label_id))
    return not_(rows.exists()) if key is None else rows.where(source.c[column] == key).exists()
