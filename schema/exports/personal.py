"""What is held about oneself, as one JSON object: the person, and for each table an array of their rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

import orjson

from app.audit.actions import AuditAction
from app.db import Database
from app.errors import BadInput, ClientError, NotFound
from app.outcomes import Result
from app.privacy.holdings import holdings, person, rows_of
from app.values import now_utc, plain
from app.work import Actor, Work, run_unit
from schema.context import Session


async def open_personal_export(
    session: Session, path: Mapping[str, str], asked: Mapping[str, list[str]]
) -> tuple[str, str, AsyncIterator[bytes]]:
    """Everything about whoever asks; programs' tokens cannot ask."""
    assert session.viewer is not None
    if session.viewer.scopes is not None:
        raise ClientError("FORBIDDEN", "Your data cannot be exported with an access token: sign in.")
    if asked:
        raise BadInput("This export has no parameters.")
    user_id = session.viewer.user_id

    async def action(work: Work) -> Result:
        work.audit(AuditAction.DATA_EXPORTED, "user", user_id, person=user_id)
        return {}

    await run_unit(session.application.store, Actor(user_id, origin=session.origin), action)
    content = personal_data(session.application.database, user_id)
    return "application/json; charset=utf-8", "lockstep-personal-data.json", content


async def personal_data(database: Database, user_id: UUID) -> AsyncIterator[bytes]:
    """The object, in pieces of a page each."""
    found = await person(database, user_id)
    if found is None:
        raise NotFound("User")
    yield b'{"exportedAt":' + _json(plain(now_utc())) + b',"person":' + _json(found)
    for holding in holdings():
        yield b",\n" + _json(holding.table) + b":["
        first = True
        async for rows in rows_of(database, user_id, holding):
            yield (b"\n" if first else b",\n") + b",\n".join(map(_json, rows))
            first = False
        yield b"]"
    yield b"}\n"


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=str)
