"""Where one is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from app.accounts import models
from app.accounts.models import SignInMethod
from app.accounts.sessions import LISTED, live_sessions
from schema.context import Columns, Context
from schema.edges import column, edge
from schema.enums import describe
from schema.nodes import FETCHERS, Node, is_row_of

describe(
    SignInMethod,
    "How somebody signed in.",
    PASSWORD="With address and password.",  # noqa: S106 (a description)
    PROVIDER="At a provider of identities (OIDC).",
    COMMAND="By `lockstep token`, on the machine that owns the database.",
)


async def _current(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    viewer = context.session.viewer
    return [viewer is not None and parent.id == viewer.session_id for parent in parents]


@strawberry.type(description="One of your sessions: a sign-in that has not ended. Nobody else sees it.")
class Session(Node):
    method: SignInMethod = column("How it began.")
    created_at: datetime = column("When it began.")
    last_used_at: datetime = column("When it last got new tokens.")
    address: str | None = column("The IP address it was last used from, as far as the service knows.")
    user_agent: str | None = column("The program it was last used with, as that calls itself.")
    current: bool = edge(_current, "Whether it is the one that asks.")

    is_type_of = is_row_of(models.SignIn, "Session")


async def _sessions(context: Context, ids: list[UUID] | None) -> list[Any]:
    seconds = context.application.settings.access_token_seconds
    return await live_sessions(await context.reader(), context.viewer_id, access_seconds=seconds, ids=ids)


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = {row.id: row for row in await _sessions(context, [one for (one,) in ids])}
    return [found.get(one) for (one,) in ids]


FETCHERS["Session"] = _fetch


async def sessions_of_viewer(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    """The viewer's sessions, for the one parent there is."""
    return [await _sessions(context, None) for _ in parents]


SESSIONS = f"Your sessions, those used last first; at most {LISTED}."
