"""Links of a task that goes to another project: told anew in every scope that they have an end in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.links.events import LINK_ADDED, LINK_REMOVED, VERSION, link_states
from app.links.models import Link
from app.statements import Statement, sql
from app.work import RaceLost, Work


async def move_links(
    work: Work, links: Sequence[Link], task_id: UUID, target_id: UUID, *, causes: Mapping[UUID, UUID]
) -> None:
    """Set the project of the task's ends. ``causes``: the task's own event, by scope.

    Third scopes hear of it too, though their state is as it was: what they show of the far end may be stale.
    """
    after = {link.id: _moved(link, task_id, target_id) for link in links}
    await _write(work, links, after)
    for link in links:
        states = link_states(after[link.id])
        for scope_id in link_states(link).keys() - states.keys():
            work.record(scope_id, LINK_REMOVED, link.id, {}, version=VERSION, caused_by=causes.get(scope_id))
        for scope_id, state in states.items():
            work.record(
                scope_id,
                LINK_ADDED,
                link.id,
                {"state": state},
                version=VERSION,
                caused_by=causes.get(scope_id),
                reflect=scope_id in causes,
            )


def _moved(link: Link, task_id: UUID, project_id: UUID) -> Link:
    values = {name: getattr(link, name) for name in Link.model_fields}
    for end in ("source", "target"):
        if values[f"{end}_task_id"] == task_id:
            values[f"{end}_project_id"] = project_id
    return Link(**values)


async def _write(work: Work, before: Sequence[Link], after: Mapping[UUID, Link]) -> None:
    """Both ends are compared: the other one may be on its way too."""
    if not before:
        return
    moved = await work.rows(
        _MOVE,
        ids=[link.id for link in before],
        sources=[link.source_project_id for link in before],
        targets=[link.target_project_id for link in before],
        new_sources=[after[link.id].source_project_id for link in before],
        new_targets=[after[link.id].target_project_id for link in before],
    )
    if len(moved) < len(before):
        raise RaceLost


_MOVE: Statement[Any] = sql(
    """
    UPDATE links SET source_project_id = given.new_source, target_project_id = given.new_target
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[])
        AS given(id, source, target, new_source, new_target)
    WHERE links.id = given.id
      AND links.source_project_id = given.source AND links.target_project_id = given.target
    RETURNING links.id
    """,
    "ids",
    "sources",
    "targets",
    "new_sources",
    "new_targets",
)
