"""How far the tasks of sprints, of milestones and below tasks are: counts and estimates by what their statuses mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.db import Reader
from app.projects.models import StatusCategory
from app.statements import Statement, as_keys, sql

DEEPEST = 20
"""Levels of sub-tasks below a task."""

Key = tuple[UUID, UUID]

# Estimates are added up as decimal numbers: a sum of floats depends on the order in which they are added.
_TOLD = """s.category, count(*) AS n, count(*) - count(t.estimate) AS without,
        sum(t.estimate::numeric)::float AS estimate"""


def _within(column: str) -> Statement[Any]:
    return sql(
        f"""
        SELECT asked.id, {_TOLD}
        FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
        JOIN tasks t ON t.project_id = asked.project_id AND t.{column} = asked.id AND t.deleted_at IS NULL
        JOIN statuses s ON s.project_id = t.project_id AND s.id = t.status_id
        GROUP BY asked.id, s.category
        """,  # noqa: S608
        "project_ids", "ids",
    )  # fmt: skip


OF_SPRINTS, OF_MILESTONES = _within("sprint_id"), _within("milestone_id")
_BELOW: Statement[Any] = sql(
    f"""
    WITH RECURSIVE below AS (
        SELECT asked.id AS root, t.project_id, t.id, t.status_id, t.estimate, 1 AS depth
        FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
        JOIN tasks t ON t.project_id = asked.project_id AND t.parent_id = asked.id AND t.deleted_at IS NULL
      UNION ALL
        SELECT below.root, t.project_id, t.id, t.status_id, t.estimate, below.depth + 1
        FROM below JOIN tasks t ON t.project_id = below.project_id AND t.parent_id = below.id AND t.deleted_at IS NULL
        WHERE below.depth < $3
    )
    SELECT t.root AS id, {_TOLD}
    FROM below t JOIN statuses s ON s.project_id = t.project_id AND s.id = t.status_id
    GROUP BY t.root, s.category
    """,  # noqa: S608
    "project_ids", "ids", "depth",
)  # fmt: skip


@dataclass(frozen=True)
class Share:
    """Tasks of one category: how many, how many of them without an estimate, and the sum of the others'."""

    count: int = 0
    unestimated: int = 0
    estimate: float = 0.0


@dataclass(frozen=True)
class Progress:
    """Shares by category; a category without tasks is left out."""

    shares: dict[StatusCategory, Share] = field(default_factory=dict)

    @property
    def total(self) -> Share:
        """All of them."""
        shares = self.shares.values()
        return Share(
            sum(one.count for one in shares), sum(one.unestimated for one in shares),
            round(sum(one.estimate for one in shares), 9),
        )  # fmt: skip


async def progress_within(reader: Reader, statement: Statement[Any], keys: Sequence[Key]) -> list[Progress]:
    """Of sprints or milestones (project, id): what is in each."""
    project_ids, ids = as_keys(list(dict.fromkeys(keys)))
    return _by_key(await reader.rows(statement, project_ids=project_ids, ids=ids), keys)


async def progress_below(reader: Reader, keys: Sequence[Key], depth: int) -> list[Progress]:
    """Of tasks (project, id): what is below each, so many levels deep."""
    project_ids, ids = as_keys(list(dict.fromkeys(keys)))
    return _by_key(await reader.rows(_BELOW, project_ids=project_ids, ids=ids, depth=depth), keys)


def _by_key(rows: Sequence[Any], keys: Sequence[Key]) -> list[Progress]:
    shares: dict[UUID, dict[StatusCategory, Share]] = {}
    for row in rows:
        share = Share(row.n, row.without, row.estimate or 0.0)
        shares.setdefault(row.id, {})[StatusCategory(row.category)] = share
    return [
        Progress({one: here[one] for one in StatusCategory if one in here})
        for here in (shares.get(key[1], {}) for key in keys)
    ]
