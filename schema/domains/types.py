"""Joining domains."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from app.domains import models
from app.domains.access import access_domains, domains_of_workspaces
from app.workspaces.access import access_workspaces
from app.workspaces.models import WorkspaceRole as Role
from schema.context import Columns, Context
from schema.edges import column
from schema.nodes import FETCHERS, Node, is_row_of
from schema.workspaces.enums import WorkspaceRole


@strawberry.type(
    description="A domain of addresses. Whoever signs in by a provider that vouches for an address there joins."
)
class JoiningDomain(Node):
    domain: str = column("The part behind the @.")
    role: WorkspaceRole = column("As what people join.")
    created_at: datetime = column("Since when.")

    is_type_of = is_row_of(models.JoiningDomain, "JoiningDomain")


async def joining_domains_of_workspaces(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    """By name; None for guests."""
    reader = await context.reader()
    found = await access_workspaces(reader, context.viewer_id)
    rows = await domains_of_workspaces(reader, context.viewer_id, [parent.id for parent in parents])
    answers: list[Any] = []
    for parent in parents:
        guest = found[parent.id].role == Role.GUEST.value  # type: ignore[attr-defined]
        if not guest:
            context.reflect(parent.id)
        answers.append(None if guest else [row for row in rows if row.workspace_id == parent.id])
    return answers


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await access_domains(await context.reader(), context.viewer_id, [one[0] for one in ids])
    return [found.get(one[0]) for one in ids]


FETCHERS["JoiningDomain"] = _fetch
