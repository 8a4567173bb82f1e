"""Reading whole projects as they are at one moment, a page at a time.

A moment of a log never changes, so no transaction is held open meanwhile, however slowly somebody reads: each page is a
snapshot of its own, under the access of then, and all of them together are one state.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.accounts.reads import users_by_id
from app.db import Database, Reader
from app.errors import NotFound
from app.events.log import events_after
from app.events.models import Event
from app.exchange.lines import WORK, header, people_in
from app.history.models import CheckpointState
from app.history.moments import Moment, When, moments_of
from app.history.states import State, current_state
from app.permissions import Permission
from app.projects.access import access_projects, check_permission
from app.statements import Statement, sql
from app.values import now_utc, plain

PAGE = 500
_FIRST = UUID(int=0)

_OBJECTS: Statement[CheckpointState] = sql(
    """
    SELECT s.* FROM checkpoint_states s
    WHERE s.scope_id = $1 AND (s.object_id, s.object_type) > ($3, $4) AND s.from_seq <= $2 AND s.until_seq > $2
      AND (s.object_type = ANY($5::text[])) = $6
    ORDER BY s.object_id, s.object_type LIMIT $7
    """,
    "scope", "base", "after", "after_type", "types", "among", "limit",
    model=CheckpointState,
)  # fmt: skip

Line = dict[str, Any]
Check = Callable[[Reader], Awaitable[None]]
"""Raises the refusal of somebody who may not read this any more."""


def may_export(viewer_id: UUID, project_ids: Sequence[UUID]) -> Check:
    """For all of these projects."""

    async def check(reader: Reader) -> None:
        found = await access_projects(reader, viewer_id, list(project_ids))
        for project_id in project_ids:
            if project_id not in found:
                raise NotFound("Project")
            check_permission(found[project_id], Permission.EXPORT)

    return check


async def moments_now(database: Database, viewer_id: UUID, project_ids: Sequence[UUID]) -> list[Moment]:
    """Where these projects stand: in one snapshot, so links between them have both ends."""
    async with database.snapshot(viewer_id) as reader:
        await may_export(viewer_id, project_ids)(reader)
        found = await moments_of(reader, project_ids, When(time=datetime.now(UTC) + timedelta(days=1)))
    return [found[project_id] for project_id in project_ids]


async def export_lines(
    database: Database, viewer_id: UUID, workspace: Line, moments: Sequence[Moment], *, events: bool = False
) -> AsyncIterator[list[Line]]:
    """The lines of projects at these moments, in pages. Raises the refusal of access that ends on the way."""
    check = may_export(viewer_id, [moment.scope_id for moment in moments])
    projects = [{"id": str(moment.scope_id), "seq": moment.seq} for moment in moments]
    yield [header(plain(now_utc()), workspace, projects)]
    people: dict[UUID, None] = {}
    count = 1
    for moment in moments:
        for types, among in (
            (("project",), True),
            (("project", *WORK), False),
            *(((one,), True) for one in WORK),
        ):
            async for page in objects_of(database, viewer_id, check, moment, types, among=among):
                for line in page:
                    people |= dict.fromkeys(people_in(line["state"]))
                count += len(page)
                yield page
        if events:
            async for page in _events(database, viewer_id, check, moment):
                people |= {UUID(line["actor_id"]): None for line in page if line["actor_id"]}
                count += len(page)
                yield page
    named = list(people)
    for start in range(0, len(named), PAGE):
        async with database.snapshot(viewer_id) as reader:
            found = await users_by_id(reader, named[start : start + PAGE])
        page = [
            {"type": "person", "id": str(one.id), "name": one.name, "kind": one.kind}
            for one in found.values()
        ]
        count += len(page)
        yield page
    yield [{"type": "end", "lines": count}]


async def objects_of(
    database: Database, viewer_id: UUID, check: Check, moment: Moment, types: Sequence[str], *, among: bool
) -> AsyncIterator[list[Line]]:
    """The lines of the objects of these types, or (not ``among``) of all others, by id, in pages."""
    (after, after_type), more = (_FIRST, ""), True
    while more:
        async with database.snapshot(viewer_id) as reader:
            await check(reader)
            rows = await reader.rows(
                _OBJECTS, scope=moment.scope_id, base=moment.base, after=after, after_type=after_type,
                types=list(types), among=among, limit=PAGE,
            )  # fmt: skip
        more = len(rows) == PAGE
        if rows:
            after, after_type = rows[-1].object_id, rows[-1].object_type
        yield [
            _line(
                moment,
                row.object_type,
                row.object_id,
                current_state(row.kind, row.payload_version, row.state),
            )
            for row in rows
            if (row.object_type, row.object_id) not in moment.overlay
        ]
    yield [
        _line(moment, name, object_id, state)
        for (name, object_id), state in sorted(moment.overlay.items(), key=lambda one: one[0][1])
        if state is not None and (name in types) is among
    ]


def _line(moment: Moment, name: str, object_id: UUID, state: State) -> Line:
    return {"type": name, "project": str(moment.scope_id), "id": str(object_id), "state": state}


_ENVELOPE = (
    "id", "seq", "kind", "payload_version", "object_type", "object_id", "object_version", "actor_id", "actor_kind",
    "batch_id", "caused_by", "client_mutation_id", "occurred_at", "recorded_at",
)  # fmt: skip


async def _events(
    database: Database, viewer_id: UUID, check: Check, moment: Moment
) -> AsyncIterator[list[Line]]:
    after = 0
    while after < moment.seq:
        async with database.snapshot(viewer_id) as reader:
            await check(reader)
            rows = await events_after(reader, moment.scope_id, after, upto=moment.seq, limit=PAGE)
        after = rows[-1].seq
        yield [_event(row) for row in rows]


def _event(row: Event) -> Line:
    told = {name: plain(getattr(row, name)) for name in _ENVELOPE}
    return {"type": "event", "project": str(row.scope_id), **told, "payload": row.payload}
