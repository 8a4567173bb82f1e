"""The audit log of a workspace, for those who administer it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.access_tokens.models import AccessScope
from app.audit.filters import ENTRIES, ORDERS, EntryFilter, entry_conditions
from app.audit.models import AuditEntry as Row
from app.permissions import Permission
from app.workspaces.access import access_workspaces, may
from schema.accounts.types import User, user_edge
from schema.context import Columns, Context
from schema.edges import column
from schema.events.enums import ActorKind
from schema.ids import global_id, read_global_id, read_id
from schema.inputs import given, optional
from schema.nodes import is_row_of, node_edge
from schema.paging import Paging, connections, paged
from schema.token_scopes import require_scope

if TYPE_CHECKING:
    from schema.projects.types import Project

_WITHIN_PROJECT = frozenset({"status", "label", "task_type"})
_PEOPLE = frozenset({"workspace_member", "project_member", "team_member"})


def target_id(target_type: str, target: UUID, scope_id: UUID | None) -> str:
    """The global id of what an entry is about: a member's is the person's."""
    kind = "User" if target_type in _PEOPLE else "".join(map(str.capitalize, target_type.split("_")))
    within = target_type in _WITHIN_PROJECT and scope_id is not None
    return global_id(kind, scope_id, target) if within and scope_id else global_id(kind, target)


def _id(root: Any) -> strawberry.ID:
    return strawberry.ID(global_id("AuditEntry", root.id))


def _target_id(root: Any) -> strawberry.ID | None:
    if root.target_id is None:
        return None
    return strawberry.ID(target_id(root.target_type, root.target_id, root.scope_id))


@strawberry.type(description="Something that happened in a workspace, or to an account of one of its people.")
class AuditEntry:
    id: strawberry.ID = strawberry.field(resolver=_id, description="Its id.")
    at: datetime = column("When.")
    action: str = column("What was done, as `project.updated`: the names are listed in docs/audit.md.")
    actor_kind: ActorKind = column("What kind of actor did it.")
    actor: User | None = user_edge(
        "actor_id", "Who did it; null for the service itself, and for somebody who was not signed in."
    )
    target_type: str = column("What kind of thing it was done to, as `project`.")
    target_id: strawberry.ID | None = strawberry.field(
        resolver=_target_id, description="What it was done to; for a membership, the person."
    )
    project: Annotated[Project, strawberry.lazy("schema.projects.types")] | None = node_edge(
        "Project", "scope_id", "The project it happened in, if it was in one and you see it."
    )
    address: str | None = column("The IP address that it came from.")
    user_agent: str | None = column("What the client said it is.")
    request_id: str | None = column("The request's id, as it is in the service's log.")
    data: JSON = column(
        "What changed: short values as old and new, roles, names. Never a secret, never a text."
    )

    is_type_of = is_row_of(Row, "AuditEntry")


@strawberry.input(description="All of what is given must hold.")
class AuditFilter:
    action: list[str] | None = optional("One of these: names, or groups of them such as `session.*`.")
    actor: strawberry.ID | None = optional("Done by this person.")
    target: strawberry.ID | None = optional("Done to this: any id that an answer gave you.")
    since: datetime | None = optional("At this moment or later.")
    until: datetime | None = optional("Before this moment.")


def read_filter(filter: AuditFilter | None) -> EntryFilter:
    """A filter as the log understands it; raises ``BadInput`` for ids that are none."""
    if filter is None:
        return EntryFilter()
    actor, target = given(filter.actor), given(filter.target)
    return EntryFilter(
        actions=given(filter.action),
        actor_id=None if actor is None else read_id(actor, "User"),
        target_id=None if target is None else read_global_id(target)[1][-1],
        since=given(filter.since),
        until=given(filter.until),
    )


@paged
async def audit_log(
    context: Context, parents: list[Any], columns: Columns, page: Paging, filter: AuditFilter | None = None
) -> list[Any]:
    """A page of each workspace's entries; None where the viewer does not administer it."""
    conditions = entry_conditions(read_filter(filter))
    require_scope(context.session.viewer, AccessScope.ADMIN)
    mine = await access_workspaces(await context.reader(), context.viewer_id)
    administered = [
        parent.id
        for parent in parents
        if parent.id in mine and may(mine[parent.id], Permission.READ_AUDIT_LOG)
    ]
    keys = [(one,) for one in administered]
    pages = await connections(context, ENTRIES, Row, ("workspace_id",), keys, ORDERS, page, conditions)
    found = dict(zip(administered, pages, strict=True))
    return [found.get(parent.id) for parent in parents]
