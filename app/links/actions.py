"""Every write of links.

Who may edit the source and see the target may draw a link; who sees both ends and may edit either may take it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.errors import CycleRefused, NotFound, PermissionDenied, ValidationFailed
from app.guards import Guard
from app.ids import accept_client_id
from app.links.access import access_links
from app.links.events import LINK_ADDED, LINK_REMOVED, VERSION, link_states
from app.links.models import Link
from app.links.reads import edges_along, links_between
from app.links.rules import BLOCKS, SYMMETRIC, check_kind, shortest_path
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import access_projects, check_permission, may
from app.projects.actions.opening import access_guards
from app.statements import Statement, sql
from app.tasks.holding import Held, hold_tasks
from app.tasks.models import Task, TaskLocation
from app.tasks.reads import locate_tasks
from app.values import now_utc
from app.work import Action, RaceLost, Work
from app.writes import ids_in_use, insert_rows


def blocks_guard(workspace_id: UUID) -> Guard:
    """Held by whoever adds a ``blocks`` link: two that each found no cycle would close one together."""
    return Guard.of("blocks", workspace_id)


def add_link(
    source_id: UUID, kind: str, target_id: UUID, *, client_id: UUID | None = None,
    made: tuple[UUID | None, datetime] | None = None,
) -> Action:  # fmt: skip
    """Link two tasks of a workspace. A link that is there already is answered with as it is.

    ``made``: who had made it and when, of one that is there again.

    The result has the ``link_id``, and ``added``: False if it was there.
    """

    async def action(work: Work) -> Result:
        check_kind(kind)
        if source_id == target_id:
            raise ValidationFailed("A task cannot be linked to itself.", path=("targetId",))
        source, target = await _hold_ends(work, source_id, kind, target_id)
        work.reflect(source.project_id)
        work.reflect(target.project_id)
        for known in await links_between(work, kind, source_id, target_id):
            if known.source_task_id == source_id or kind in SYMMETRIC:
                return {"link_id": str(known.id), "added": False}
        if kind == BLOCKS:
            await _check_no_cycle(work, source_id, target_id)
        link = Link(
            id=accept_client_id(client_id),
            kind=kind,
            source_project_id=source.project_id,
            source_task_id=source_id,
            target_project_id=target.project_id,
            target_task_id=target_id,
            creator_id=work.viewer_id if made is None else made[0],
            created_at=now_utc() if made is None else made[1],
        )
        if client_id is not None and await ids_in_use(work, [link.id]):
            raise ValidationFailed(
                "This id is taken. A retry sends the same clientMutationId too.", path=("id",)
            )
        await write_new_links(work, [link])
        return {"link_id": str(link.id), "added": True}

    return action


async def _hold_ends(work: Work, source_id: UUID, kind: str, target_id: UUID) -> tuple[Task, Task]:
    """Both tasks, held, if the viewer may link them."""
    places = await locate_tasks(work, work.viewer_id, [source_id, target_id])
    # The pair is one number whichever way round, so that two directions of one link take turns.
    guards = [Guard.of(f"link {kind}", UUID(int=source_id.int ^ target_id.int))]
    if kind == BLOCKS:
        guards += [blocks_guard(workspace_id) for workspace_id in _workspaces(places)]
    held = await hold_tasks(work, places, *guards)
    source, target = held.task(source_id, "sourceId"), held.task(target_id, "targetId")
    check_permission(held.projects[source.project_id], Permission.LINK_TASKS)
    _check_far_end(held, source, target)
    return source, target


def _workspaces(places: dict[UUID, TaskLocation]) -> set[UUID]:
    return {place.workspace_id for place in places.values()}  # type: ignore[attr-defined]


def _check_far_end(held: Held, source: Task, target: Task) -> None:
    here, there = held.projects[source.project_id], held.projects[target.project_id]
    if here.workspace_id != there.workspace_id:
        raise NotFound("Task", path=("targetId",))
    if there.archived_at is not None:
        raise PermissionDenied(f"Project {there.key} is archived. Restore it before you link to it.")


async def _check_no_cycle(work: Work, source_id: UUID, target_id: UUID) -> None:
    """Through hidden tasks too, of which nothing is told but that there is a way: no part of it, and not its length."""
    edges = await edges_along(work, BLOCKS, target_id)
    if shortest_path(edges, target_id, source_id) is None:
        return
    seen = await locate_tasks(work, work.viewer_id, list({task_id for edge in edges for task_id in edge}))
    shown = [edge for edge in edges if edge[0] in seen and edge[1] in seen]
    path = shortest_path(shown, target_id, source_id) or [target_id, source_id]
    raise CycleRefused(
        "This would close a cycle of blocks: each task would wait for itself.",
        cycle=[source_id, *path],
        path=("targetId",),
    )


async def write_new_links(work: Work, links: Sequence[Link]) -> None:
    """Insert links with an event at each end; checks nothing."""
    await insert_rows(work, Link, [link.model_dump() for link in links])
    for link in links:
        for project_id, state in link_states(link).items():
            work.record(
                project_id,
                LINK_ADDED,
                link.id,
                {"state": state},
                version=VERSION,
                occurred_at=link.created_at,
            )


def remove_link(link_id: UUID) -> Action:
    """Take a link away. The result has both ends' task ids, to be resolved under the viewer's access."""

    async def action(work: Work) -> Result:
        link = (await access_links(work, work.viewer_id, [link_id])).get(link_id)
        if link is None:
            raise NotFound("Link", path=("id",))
        ends = list(dict.fromkeys((link.source_project_id, link.target_project_id)))
        await work.guard(*await access_guards(work, ends))
        projects = await access_projects(work, work.viewer_id, ends)
        if len(projects) < len(ends):
            raise NotFound("Link", path=("id",))
        _check_may_remove(projects)
        gone = await work.rows(
            _DELETE, id=link_id, source=link.source_project_id, target=link.target_project_id
        )
        if not gone:
            raise RaceLost
        now = now_utc()
        for project_id in ends:
            work.record(
                project_id,
                LINK_REMOVED,
                link_id,
                {},
                version=VERSION,
                occurred_at=now,
            )
        return {"link_id": str(link_id), "task_ids": [str(link.source_task_id), str(link.target_task_id)]}

    return action


def _check_may_remove(projects: dict[UUID, Any]) -> None:
    if not any(may(project, Permission.LINK_TASKS) for project in projects.values()):
        for project in projects.values():
            check_permission(project, Permission.LINK_TASKS)


_DELETE: Statement[Any] = sql(
    "DELETE FROM links WHERE id = $1 AND source_project_id = $2 AND target_project_id = $3 RETURNING id",
    "id",
    "source",
    "target",
)
