"""Selects of what imports made, in batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from app.db import Reader
from app.imports.models import ImportPerson, ImportRef
from app.statements import Statement, sql

Key = tuple[str, str]
"""(object type, external id)."""

TASK, COMMENT, LINK, PARENT_OF, PERSON = "task", "comment", "link", "parent", "person"

PEOPLE = "people"
"""The source of refs of people: the same for every format."""

LONGEST_KEY = 1000
"""In bytes, as refs are kept by: a B-tree of PostgreSQL has entries of at most 2,704."""

_REFS: Statement[ImportRef] = sql(
    """
    SELECT r.* FROM unnest($3::text[], $4::text[]) AS asked(object_type, external_id)
    JOIN import_refs r ON r.project_id = $1 AND r.source = $2 AND r.object_type = asked.object_type
                      AND r.external_id = asked.external_id
    """,
    "project", "source", "object_types", "external_ids",
    model=ImportRef,
)  # fmt: skip
_PEOPLE: Statement[ImportPerson] = sql(
    "SELECT name, user_id FROM import_people WHERE workspace_id = $1 AND name = ANY($2::text[])", "workspace", "names",
    model=ImportPerson,
)  # fmt: skip
# A name that is a member's e-mail address is that member.
_COLLEAGUES: Statement[Any] = sql(
    """
    SELECT u.id, u.email FROM workspace_members m JOIN users u ON u.id = m.user_id
    WHERE m.workspace_id = $1 AND u.email = ANY($2::text[])
    """,
    "workspace", "emails",
)  # fmt: skip
_LINKS_BETWEEN: Statement[Any] = sql(
    """
    SELECT l.source_task_id, l.target_task_id, l.kind FROM unnest($1::uuid[], $2::uuid[], $3::text[])
        AS asked(source, target, kind)
    JOIN links l ON l.source_task_id = asked.source AND l.target_task_id = asked.target AND l.kind = asked.kind
    """,
    "sources", "targets", "kinds",
)  # fmt: skip
_BLOCKS: Statement[Any] = sql(
    """
    SELECT source_task_id, target_task_id FROM links
    WHERE kind = 'blocks' AND (source_project_id = $1 OR target_project_id = $1)
    """,
    "project",
)


def kept_id(external_id: str) -> str:
    """An external id as refs are kept by: a long one by its beginning and a hash of the whole."""
    written = external_id.encode()
    if len(written) <= LONGEST_KEY:
        return external_id
    return f"{external_id[:100]}…{hashlib.blake2b(written, digest_size=16).hexdigest()}"


async def refs_by_key(
    reader: Reader, project_id: UUID, source: str, keys: Iterable[Key]
) -> dict[Key, ImportRef]:
    """What an earlier run made of these things, in one statement."""
    asked = {(name, kept_id(external_id)): (name, external_id) for name, external_id in keys}
    if not asked:
        return {}
    types, ids = (list(part) for part in zip(*asked, strict=True))
    rows = await reader.rows(_REFS, project=project_id, source=source, object_types=types, external_ids=ids)
    return {asked[row.object_type, row.external_id]: row for row in rows}


async def people_by_name(reader: Reader, workspace_id: UUID, names: Iterable[str]) -> dict[str, UUID]:
    """The people that these names stand for in a workspace, as far as they are known."""
    asked = list(dict.fromkeys(names))
    if not asked:
        return {}
    by_email = {name.strip().lower(): name for name in asked if "@" in name}
    found = await reader.rows(_COLLEAGUES, workspace=workspace_id, emails=list(by_email)) if by_email else []
    colleagues = {by_email[row.email]: row.id for row in found}
    known = await reader.rows(_PEOPLE, workspace=workspace_id, names=asked)
    return colleagues | {row.name: row.user_id for row in known}


async def links_there(reader: Reader, ends: Iterable[tuple[UUID, UUID, str]]) -> set[tuple[UUID, UUID, str]]:
    """Those of the links (source task, target task, kind) that are there."""
    asked = list(ends)
    if not asked:
        return set()
    sources, targets, kinds = (list(part) for part in zip(*asked, strict=True))
    rows = await reader.rows(_LINKS_BETWEEN, sources=sources, targets=targets, kinds=kinds)
    return {(row.source_task_id, row.target_task_id, row.kind) for row in rows}


async def blocks_of_project(reader: Reader, project_id: UUID) -> list[tuple[UUID, UUID]]:
    """Every ``blocks`` link with an end in a project, as (source task, target task)."""
    return [
        (row.source_task_id, row.target_task_id) for row in await reader.rows(_BLOCKS, project=project_id)
    ]
