"""What blocks a task and what it blocks, directly and further along, as far as a viewer sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.db import Reader
from app.links.rules import BLOCKS
from app.statements import Statement, as_keys, sql

DEEPEST = 20
"""Links from a task to the furthest that is followed."""

MOST_LINKS = 500
"""Of a task's dependencies; the nearest are told."""

Key = tuple[UUID, UUID]


class DependencyDirection(StrEnum):
    """Which way blocks are followed."""

    BLOCKED_BY = "blocked_by"
    BLOCKING = "blocking"


_WALK = """
WITH RECURSIVE seen AS MATERIALIZED (SELECT project_id FROM project_roles($1)), walk AS (
    SELECT asked.id AS root, l.id AS link_id, t.project_id, t.id AS task_id, 1 AS depth
    FROM unnest($2::uuid[], $3::uuid[]) AS asked(project_id, id)
    JOIN links l ON l.{near}_project_id = asked.project_id AND l.{near}_task_id = asked.id AND l.kind = $5
    JOIN tasks t ON t.project_id = l.{far}_project_id AND t.id = l.{far}_task_id AND t.deleted_at IS NULL
    WHERE t.project_id IN (SELECT project_id FROM seen)
  UNION
    SELECT walk.root, l.id, t.project_id, t.id, walk.depth + 1
    FROM walk
    JOIN links l ON l.{near}_project_id = walk.project_id AND l.{near}_task_id = walk.task_id AND l.kind = $5
    JOIN tasks t ON t.project_id = l.{far}_project_id AND t.id = l.{far}_task_id AND t.deleted_at IS NULL
    WHERE walk.depth < $4 AND t.project_id IN (SELECT project_id FROM seen)
)
SELECT root, link_id, project_id, task_id, depth FROM walk LIMIT $6
"""


def _walking(near: str, far: str) -> Statement[Any]:
    return sql(_WALK.format(near=near, far=far), "viewer", "project_ids", "ids", "depth", "kind", "limit")


_BY_DIRECTION = {
    DependencyDirection.BLOCKED_BY: _walking("target", "source"),
    DependencyDirection.BLOCKING: _walking("source", "target"),
}


@dataclass
class Dependencies:
    """Tasks (project, id) with how far they are, nearest first, and the links along which they were found.

    ``complete``: whether nothing was left out for being too much.
    """

    depths: dict[Key, int] = field(default_factory=dict)
    link_ids: dict[UUID, None] = field(default_factory=dict)
    complete: bool = True


async def dependencies_of(
    reader: Reader, viewer_id: UUID, keys: Sequence[Key], direction: DependencyDirection, depth: int
) -> list[Dependencies]:
    """For each task (project, id), in one statement.

    Only tasks that the viewer sees and that are not deleted are passed through: what is behind a hidden one is not
    told. Imported cycles end by the depth.
    """
    asked = list(dict.fromkeys(keys))
    project_ids, ids = as_keys(asked)
    # A link may be walked at several depths; each at most once at each.
    limit = MOST_LINKS * depth * len(asked)
    rows = await reader.rows(
        _BY_DIRECTION[direction],
        viewer=viewer_id,
        project_ids=project_ids,
        ids=ids,
        depth=depth,
        kind=BLOCKS,
        limit=limit,
    )
    found = {key[1]: Dependencies(complete=len(rows) < limit) for key in asked}
    for row in sorted(rows, key=lambda row: (row.depth, row.link_id)):
        here = found[row.root]
        if row.link_id not in here.link_ids and len(here.link_ids) == MOST_LINKS:
            here.complete = False
            continue
        here.link_ids[row.link_id] = None
        if row.task_id != row.root:
            here.depths.setdefault((row.project_id, row.task_id), row.depth)
    return [found[key[1]] for key in keys]
