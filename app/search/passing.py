"""Searching beside a filter: statements in which the index finds, and the table of tasks says what passes.

Each gives documents as `search_candidates` does, and last a row that says of all: ``kind`` "more" or "all", and by
``score`` how many were looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnClause,
    CompoundSelect,
    bindparam,
    case,
    column,
    func,
    literal_column,
    not_,
    null,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import TextualSelect

from app.paging import Condition
from app.statements import key_table
from app.tasks.filters import TASKS

_COLUMNS: list[ColumnClause[Any]] = [
    column(name) for name in ("project_id", "task_id", "id", "kind", "score", "changed_at")
]
_QUERY = "search_query(:terms, :kinds, :excluded, :languages)"
_MATCHING = (
    text(f"SELECT * FROM search_candidates({_QUERY}, :prefixes, :projects, NULL, :ranked, :most, :compared)")  # noqa: S608
    .columns(*_COLUMNS)
    .cte("matching")
    .prefix_with("MATERIALIZED")
)


def passing(conditions: Sequence[Condition]) -> CompoundSelect[Any]:
    """Of the newest documents that match those whose tasks pass."""
    one = _MATCHING.c
    of_it = (TASKS.c.project_id == one.project_id, TASKS.c.id == one.task_id)
    # OFFSET keeps the planner from looking through all tasks that pass.
    passes = select(TASKS.c.id).where(*of_it, *conditions).offset(literal_column("0")).lateral("passes")
    more = one.kind == "more"
    whole = select(
        null(), null(), null(), case((func.bool_or(more), "more"), else_="all"),
        func.count().filter(not_(more)), null(),
    ).select_from(_MATCHING)  # fmt: skip
    return union_all(select(*one).join(passes, true()), whole)


# Of no tasks: without their arrays it would be looked among all.
_AMONG = f"""
SELECT found.* FROM (
    SELECT coalesce(array_agg(project_id), '{{}}') AS projects, coalesce(array_agg(id), '{{}}') AS ids,
           CAST(count(*) AS int) AS n
    FROM (SELECT project_id, id FROM newest UNION
          SELECT * FROM unnest(CAST(:left_projects AS uuid[]), CAST(:left_ids AS uuid[])))
) AS named, search_candidates({_QUERY}, :prefixes, projects, ids, true, n, :compared) AS found
UNION ALL
SELECT NULL, NULL, NULL, CASE WHEN sum(n) >= :among OR max(n) >= :each THEN 'more' ELSE 'all' END, sum(n), NULL
FROM (SELECT count(*) AS n FROM newest GROUP BY project_id) AS counted
"""  # noqa: S608


def among_newest(conditions: Sequence[Condition]) -> TextualSelect:
    """Of the newest tasks that pass (``among`` in all, ``each`` of a project), and of those that are ``left`` already,
    the documents that match. The last row: whether more tasks pass, and how many were looked at.
    """
    asked = key_table("project_id")
    one = select(TASKS.c.project_id, TASKS.c.id, TASKS.c.updated_at)
    one = one.where(TASKS.c.project_id == asked.c.project_id, *conditions)
    one = one.order_by(TASKS.c.updated_at.desc(), TASKS.c.id.desc()).limit(bindparam("each"))
    of_each = one.lateral("of_each")
    newest = select(of_each).select_from(asked.join(of_each, true())).order_by(of_each.c.updated_at.desc())
    cte = newest.limit(bindparam("among")).cte("newest").prefix_with("MATERIALIZED")
    return text(_AMONG).columns(*_COLUMNS).add_cte(cte)
