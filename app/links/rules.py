"""Pure checks of links: their kinds, and cycles."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from uuid import UUID

from app.errors import ValidationFailed

BLOCKS = "blocks"
RELATES = "relates"
DUPLICATES = "duplicates"
WELL_KNOWN = (BLOCKS, RELATES, DUPLICATES)
"""Kinds that mean something to Lockstep; any other name is a kind too."""

SYMMETRIC = frozenset({RELATES})
"""Kinds that say the same in both directions: the second direction is the same link."""

_KIND = re.compile(r"[a-z][a-z0-9-]{0,39}")


def check_kind(kind: str) -> str:
    """Lower case letters, digits and hyphens. A parent is no link but a field of the task."""
    if not _KIND.fullmatch(kind):
        raise ValidationFailed(
            "A kind of link is 1 to 40 lower case letters, digits and hyphens, such as blocks or caused-by.",
            path=("kind",),
        )
    if kind == "parent":
        raise ValidationFailed("A task's parent is its parentId (taskUpdate), not a link.", path=("kind",))
    return kind


def shortest_path(edges: Iterable[tuple[UUID, UUID]], start: UUID, goal: UUID) -> list[UUID] | None:
    """The shortest way along ``edges`` (from, to), with both ends; None if there is none. Cycles end too."""
    following: dict[UUID, list[UUID]] = {}
    for near, far in edges:
        following.setdefault(near, []).append(far)
    came_from: dict[UUID, UUID | None] = {start: None}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        if here == goal:
            break
        for far in following.get(here, ()):
            if far not in came_from:
                came_from[far] = here
                waiting.append(far)
    if goal not in came_from:
        return None
    path, step = [goal], came_from[goal]
    while step is not None:
        path.append(step)
        step = came_from[step]
    return path[::-1]
